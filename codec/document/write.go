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
func (out *chunkWriter) rows(t *codec.Table, separator string, of func(arrow.Record) scalar.Appender) {
	first := true
	for _, group := range t.RowGroups {
		row := of(group)
		for i := range int(group.NumRows()) {
			if !first {
				out.buf = append(out.buf, separator...)
			}
			first = false
			out.buf = row(out.buf, i)
			out.flush(chunkBytes)
			if out.err != nil {
				return
			}
		}
	}
}
