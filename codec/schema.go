package codec

import (
	"bytes"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/ipc"
)

// EncodeSchema returns s as an Arrow IPC stream without batches.
func EncodeSchema(s *arrow.Schema) ([]byte, error) {
	var b bytes.Buffer
	w := ipc.NewWriter(&b, ipc.WithSchema(s))
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// DecodeSchema reads what EncodeSchema wrote.
func DecodeSchema(data []byte) (s *arrow.Schema, err error) {
	defer guard(&err, ErrCorrupt, "the schema")
	r, err := ipc.NewReader(bytes.NewReader(data), ipc.WithAllocator(newBudget(DefaultMaxBytes)))
	if err != nil {
		return nil, Errorf(ErrCorrupt, "the schema cannot be read: %v", err)
	}
	return r.Schema(), nil
}
