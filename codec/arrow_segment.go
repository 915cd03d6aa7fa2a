package codec

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/ipc"
)

// appendArrowPayload appends an Arrow IPC stream of the one batch rec.
func appendArrowPayload(dst []byte, rec arrow.Record) (out []byte, err error) {
	defer guard(&err, ErrUnsupported, "the segment")
	rec, err = trimRecord(rec)
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

// payloadReader returns a reader for a payload of at most limit bytes. Its limits are wide,
// as the rows of a payload alias it.
func payloadReader(limit int64) *arrowReader {
	r := newArrowReader(Limits{Bytes: max(limit, DefaultMaxBytes), Columns: 1 << 20, Depth: DefaultMaxDepth})
	r.trusted = true
	return r
}

func readArrowPayload(payload []byte, limit int64) (arrow.Record, error) {
	var out arrow.Record
	r := payloadReader(limit)
	rest, err := r.readStream(payload, func(rec arrow.Record) error {
		if out != nil {
			return Errorf(ErrCorrupt, "more than one record batch")
		}
		out = rec
		return nil
	})
	if err == nil && (out == nil || len(rest) > 0) {
		err = Errorf(ErrCorrupt, "no single record batch")
	}
	return out, err
}
