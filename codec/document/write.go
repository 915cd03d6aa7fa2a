package document

import (
	"io"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// chunkBytes is the number of bytes that are collected before they are written.
const chunkBytes = 64 << 10

// chunkWriter collects bytes in buf and, if w is not nil, writes them to w in chunks. After an error, which
// stays in err, rows are no longer spelled.
type chunkWriter struct {
	w   io.Writer
	buf []byte
	err error
}

// flush writes the collected bytes if there are at least n.
func (out *chunkWriter) flush(atLeast int) {
	if out.w == nil || len(out.buf) < atLeast || out.err != nil {
		return
	}
	_, out.err = out.w.Write(out.buf)
	out.buf = out.buf[:0]
}

// close writes the rest.
func (out *chunkWriter) close() error {
	out.flush(1)
	return out.err
}

// rows appends the rows of all row groups as of spells them, with separator in between.
func (out *chunkWriter) rows(groups codec.RowGroups, separator string, of func(arrow.Record) scalar.Appender) {
	if out.err != nil {
		return
	}
	first := true
	out.err = codec.EachGroup(groups, func(group arrow.Record) error {
		row := of(group)
		for i := range int(group.NumRows()) {
			if !first {
				out.buf = append(out.buf, separator...)
			}
			first = false
			out.buf = row(out.buf, i)
			out.flush(chunkBytes)
			if out.err != nil {
				return out.err
			}
		}
		return nil
	})
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
