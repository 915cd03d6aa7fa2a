package arrowipc

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/ipc"

	"edgeframe/codec"
	"edgeframe/codec/internal/layout"
)

// AppendPayload appends rec as an Arrow IPC stream of one record batch. Records with equal rows give
// the same bytes.
func AppendPayload(dst []byte, rec arrow.Record) (out []byte, err error) {
	defer codec.Guard(&err, codec.ErrUnsupported, "the segment")
	rec, err = layout.TrimRecord(rec)
	if err != nil {
		return nil, err
	}
	buf := appendWriter{dst}
	w := ipc.NewWriter(&buf, ipc.WithSchema(rec.Schema()))
	if err := w.Write(rec); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return buf.data, nil
}

type appendWriter struct{ data []byte }

func (w *appendWriter) Write(p []byte) (int, error) {
	w.data = append(w.data, p...)
	return len(p), nil
}

// PayloadBudget is the memory that reading a payload of at most limit bytes may take.
func PayloadBudget(limit int64) int64 { return max(limit, codec.DefaultMaxBytes) }

// payloadReader returns a reader for a payload that charges mem. Its limits are wide, because rows
// alias the payload.
func payloadReader(mem *codec.Budget) *reader {
	r := newReader(codec.Limits{Bytes: mem.Limit(), Columns: 1 << 20, Depth: codec.DefaultMaxDepth}, mem)
	r.trusted = true
	return r
}

// ReadPayloadSchema reads a schema that [EncodeSchema] wrote, and charges mem for it.
func ReadPayloadSchema(message []byte, mem *codec.Budget) (*arrow.Schema, error) {
	r := payloadReader(mem)
	m, _, err := nextMessage(layout.Aligned(message, mem))
	if err == nil {
		err = r.readSchema(m)
	}
	return r.schema, err
}

// ReadPayload reads a payload that [AppendPayload] wrote, of at most limit bytes. Its values are not
// checked again: the rows were checked when they came in. The record may alias payload.
func ReadPayload(payload []byte, limit int64) (arrow.Record, error) {
	var out arrow.Record
	r := payloadReader(codec.NewBudget(PayloadBudget(limit)))
	rest, err := r.readStream(payload, func(rec arrow.Record) error {
		if out != nil {
			return codec.Errorf(codec.ErrCorrupt, "more than one record batch")
		}
		out = rec
		return nil
	})
	if err == nil && (out == nil || len(rest) > 0) {
		err = codec.Errorf(codec.ErrCorrupt, "not exactly one record batch")
	}
	return out, err
}
