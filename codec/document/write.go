package document

import (
	"io"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/internal/blocks"
	"edgeframe/codec/scalar"
)

// chunkWriter collects bytes in buf, which are written to w before rows are, and when it is closed. After an error,
// which stays in err, rows are no longer spelled.
type chunkWriter struct {
	w   io.Writer
	buf []byte
	err error
}

// flush writes the collected bytes.
func (out *chunkWriter) flush() {
	if len(out.buf) == 0 || out.err != nil {
		return
	}
	_, out.err = out.w.Write(out.buf)
	out.buf = out.buf[:0]
}

// close writes the rest.
func (out *chunkWriter) close() error {
	out.flush()
	return out.err
}

// rows appends the rows of all row groups as of spells them, with separator in between.
func (out *chunkWriter) rows(groups codec.RowGroups, separator string, of func(arrow.Record) scalar.Appender) {
	out.flush()
	if out.err != nil {
		return
	}
	rows := blocks.NewWriter(out.w)
	first := true
	out.err = codec.EachInPassing(groups, func(group arrow.Record) error {
		for _, column := range group.Columns() {
			scalar.Prepare(column)
		}
		begin := first
		first = first && group.NumRows() == 0
		return rows.Rows(group, func(dst []byte, from, to int) []byte {
			row := of(group)
			for i := from; i < to; i++ {
				if i > 0 || !begin {
					dst = append(dst, separator...)
				}
				dst = row(dst, i)
			}
			return dst
		})
	})
	if out.err == nil {
		out.err = rows.Close()
	}
}

// eachColumn calls use with every column of a table, as a table of one column. Columns that the
// source wants together are in memory as a whole, others are read when they are written.
func (out *chunkWriter) eachColumn(src codec.Source, use func(c int, groups codec.RowGroups)) {
	n := src.Open(nil).Schema().NumFields()
	for first := 0; first < n && out.err == nil; {
		end := first + src.Together(first)
		if end == first+1 {
			use(first, src.Open([]int{first}))
			first = end
			continue
		}
		columns := make([]int, 0, end-first)
		for c := first; c < end; c++ {
			columns = append(columns, c)
		}
		held, err := codec.CollectColumns(src, columns)
		if err != nil {
			out.err = err
			return
		}
		for ; first < end; first++ {
			use(first, held.Open([]int{first - columns[0]}))
		}
	}
}
