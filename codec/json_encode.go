package codec

import (
	"io"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
)

// encodeJSON writes t as one JSON document. NaN and infinities are null; temporal values,
// decimals and binary are strings.
func encodeJSON(w io.Writer, t *Table, opt WriteOptions) error {
	if err := opt.Orient.check(); err != nil {
		return err
	}
	out := chunkWriter{w: w}
	writeJSON(&out, t, opt.Orient)
	return out.close()
}

// check refuses what is neither empty nor one of [Orients].
func (o Orient) check() error {
	if o == "" || slices.Contains(Orients, o) {
		return nil
	}
	return Errorf(ErrUnsupported, "there is no orient %q; records, columns and split are known", string(o))
}

func writeJSON(out *chunkWriter, t *Table, orient Orient) {
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

func recordAppender(r arrow.Record) appender {
	return jsonObjects(fieldNames(r.Schema().Fields()), r.Columns())
}

func writeJSONColumns(out *chunkWriter, t *Table) {
	out.buf = append(out.buf, '{')
	for c, name := range fieldNames(t.Schema.Fields()) {
		if c > 0 {
			out.buf = append(out.buf, ',')
		}
		out.buf = append(appendQuoted(out.buf, name), ":["...)
		out.rows(t, ",", func(r arrow.Record) appender { return jsonAppender(r.Column(c)) })
		out.buf = append(out.buf, ']')
	}
	out.buf = append(out.buf, '}')
}

func writeJSONSplit(out *chunkWriter, t *Table) {
	out.buf = append(out.buf, `{"columns":[`...)
	for c, name := range fieldNames(t.Schema.Fields()) {
		if c > 0 {
			out.buf = append(out.buf, ',')
		}
		out.buf = appendQuoted(out.buf, name)
	}
	out.buf = append(out.buf, `],"data":[`...)
	out.rows(t, ",", func(r arrow.Record) appender { return jsonTuples(r.Columns()) })
	out.buf = append(out.buf, "]}"...)
}
