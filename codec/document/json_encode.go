package document

import (
	"io"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// Encode implements [codec.Driver]. NaN and infinities are null; temporal values, decimals and
// binary are strings.
func (jsonDriver) Encode(w io.Writer, src codec.Source, options codec.WriteOptions) error {
	opt, err := checked(options.Options)
	if err != nil {
		return err
	}
	out := chunkWriter{w: w}
	writeJSON(&out, scalar.SpellUUIDs(src), opt)
	return out.close()
}

func writeJSON(out *chunkWriter, src codec.Source, opt Options) {
	switch opt.Orient {
	case Columns:
		writeJSONColumns(out, src, opt.style())
	case Split:
		writeJSONSplit(out, src, opt.style())
	default:
		out.buf = append(out.buf, '[')
		out.rows(src.Open(nil), ",", func(r arrow.Record) scalar.Appender { return recordAppender(r, opt.style()) })
		out.buf = append(out.buf, ']')
	}
}

func recordAppender(r arrow.Record, style scalar.JSONStyle) scalar.Appender {
	return style.Objects(scalar.FieldNames(r.Schema().Fields()), r.Columns())
}

func writeJSONColumns(out *chunkWriter, src codec.Source, style scalar.JSONStyle) {
	out.buf = append(out.buf, '{')
	names := scalar.FieldNames(src.Open(nil).Schema().Fields())
	out.eachColumn(src, func(c int, groups codec.RowGroups) {
		if c > 0 {
			out.buf = append(out.buf, ',')
		}
		out.buf = append(scalar.AppendQuoted(out.buf, names[c]), ":["...)
		out.rows(groups, ",", func(r arrow.Record) scalar.Appender { return style.Values(r.Column(0)) })
		out.buf = append(out.buf, ']')
	})
	out.buf = append(out.buf, '}')
}

func writeJSONSplit(out *chunkWriter, src codec.Source, style scalar.JSONStyle) {
	groups := src.Open(nil)
	out.buf = append(out.buf, `{"columns":[`...)
	for c, name := range scalar.FieldNames(groups.Schema().Fields()) {
		if c > 0 {
			out.buf = append(out.buf, ',')
		}
		out.buf = scalar.AppendQuoted(out.buf, name)
	}
	out.buf = append(out.buf, `],"data":[`...)
	out.rows(groups, ",", func(r arrow.Record) scalar.Appender { return style.Tuples(r.Columns()) })
	out.buf = append(out.buf, "]}"...)
}
