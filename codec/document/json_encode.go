package document

import (
	"io"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// Encode implements [codec.Driver]. NaN and infinities are null; temporal values, decimals and
// binary are strings.
func (jsonDriver) Encode(w io.Writer, t *codec.Table, opt codec.WriteOptions) error {
	shape, err := orient(opt.Options)
	if err != nil {
		return err
	}
	out := chunkWriter{w: w}
	writeJSON(&out, t, shape)
	return out.close()
}

func writeJSON(out *chunkWriter, t *codec.Table, orient Orient) {
	switch orient {
	case Columns:
		writeJSONColumns(out, t)
	case Split:
		writeJSONSplit(out, t)
	default:
		out.buf = append(out.buf, '[')
		out.rows(t, ",", recordAppender)
		out.buf = append(out.buf, ']')
	}
}

func recordAppender(r arrow.Record) scalar.Appender {
	return scalar.JSONObjects(scalar.FieldNames(r.Schema().Fields()), r.Columns())
}

func writeJSONColumns(out *chunkWriter, t *codec.Table) {
	out.buf = append(out.buf, '{')
	for c, name := range scalar.FieldNames(t.Schema.Fields()) {
		if c > 0 {
			out.buf = append(out.buf, ',')
		}
		out.buf = append(scalar.AppendQuoted(out.buf, name), ":["...)
		out.rows(t, ",", func(r arrow.Record) scalar.Appender { return scalar.JSON(r.Column(c)) })
		out.buf = append(out.buf, ']')
	}
	out.buf = append(out.buf, '}')
}

func writeJSONSplit(out *chunkWriter, t *codec.Table) {
	out.buf = append(out.buf, `{"columns":[`...)
	for c, name := range scalar.FieldNames(t.Schema.Fields()) {
		if c > 0 {
			out.buf = append(out.buf, ',')
		}
		out.buf = scalar.AppendQuoted(out.buf, name)
	}
	out.buf = append(out.buf, `],"data":[`...)
	out.rows(t, ",", func(r arrow.Record) scalar.Appender { return scalar.JSONTuples(r.Columns()) })
	out.buf = append(out.buf, "]}"...)
}
