package document

import (
	"io"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// Encode implements [codec.Driver]. NaN and infinities are null; temporal values, decimals and
// binary are strings.
func (jsonDriver) Encode(w io.Writer, src codec.Source, opt codec.WriteOptions) error {
	shape, err := orient(opt.Options)
	if err != nil {
		return err
	}
	out := chunkWriter{w: w}
	writeJSON(&out, scalar.SpellUUIDs(src), shape)
	return out.close()
}

func writeJSON(out *chunkWriter, src codec.Source, orient Orient) {
	switch orient {
	case Columns:
		writeJSONColumns(out, src)
	case Split:
		writeJSONSplit(out, src)
	default:
		out.buf = append(out.buf, '[')
		out.rows(src.Open(nil), ",", recordAppender)
		out.buf = append(out.buf, ']')
	}
}

func recordAppender(r arrow.Record) scalar.Appender {
	return scalar.JSONObjects(scalar.FieldNames(r.Schema().Fields()), r.Columns())
}

func writeJSONColumns(out *chunkWriter, src codec.Source) {
	out.buf = append(out.buf, '{')
	names := scalar.FieldNames(src.Open(nil).Schema().Fields())
	out.eachColumn(src, func(c int, groups codec.RowGroups) {
		if c > 0 {
			out.buf = append(out.buf, ',')
		}
		out.buf = append(scalar.AppendQuoted(out.buf, names[c]), ":["...)
		out.rows(groups, ",", func(r arrow.Record) scalar.Appender { return scalar.JSON(r.Column(0)) })
		out.buf = append(out.buf, ']')
	})
	out.buf = append(out.buf, '}')
}

func writeJSONSplit(out *chunkWriter, src codec.Source) {
	groups := src.Open(nil)
	out.buf = append(out.buf, `{"columns":[`...)
	for c, name := range scalar.FieldNames(groups.Schema().Fields()) {
		if c > 0 {
			out.buf = append(out.buf, ',')
		}
		out.buf = scalar.AppendQuoted(out.buf, name)
	}
	out.buf = append(out.buf, `],"data":[`...)
	out.rows(groups, ",", func(r arrow.Record) scalar.Appender { return scalar.JSONTuples(r.Columns()) })
	out.buf = append(out.buf, "]}"...)
}
