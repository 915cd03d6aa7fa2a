package arrowipc

import (
	"bytes"
	"errors"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/ipc"

	"edgeframe/codec"
)

// DecodeSchemaMessage reads a schema that [EncodeSchemaMessage] or another writer of Arrow wrote into a
// Parquet file.
func DecodeSchemaMessage(data []byte, limits codec.Limits) (schema *arrow.Schema, err error) {
	defer codec.Guard(&err, codec.ErrMalformed, "the Arrow schema of the Parquet file")
	m, _, err := nextMessage(data)
	if err != nil {
		return nil, err
	}
	r := newReader(limits, codec.NewBudget(limits.Bytes))
	if err := r.readSchema(m); err != nil {
		return nil, err
	}
	if r.schema == nil {
		return nil, errors.New("no schema")
	}
	return r.schema, nil
}

// EncodeSchemaMessage returns a schema as one message for other programs, without the end-of-stream marker.
func EncodeSchemaMessage(schema *arrow.Schema) ([]byte, error) {
	schema, names := forOthers(schema)
	data, err := EncodeSchema(schema)
	if err != nil {
		return nil, err
	}
	return names.applyToMessage(bytes.TrimSuffix(data, endOfStream)), nil
}

// EncodeSchema returns s, as it is stored, as an Arrow IPC stream without record batches.
func EncodeSchema(s *arrow.Schema) ([]byte, error) {
	var b bytes.Buffer
	w := ipc.NewWriter(&b, ipc.WithSchema(s))
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// DecodeSchema reads a schema that [EncodeSchema] wrote. Damage is [codec.ErrCorrupt].
func DecodeSchema(data []byte) (s *arrow.Schema, err error) {
	defer codec.Guard(&err, codec.ErrCorrupt, "the schema")
	r, err := ipc.NewReader(bytes.NewReader(data), ipc.WithAllocator(codec.NewBudget(codec.DefaultMaxBytes)))
	if err != nil {
		return nil, codec.Errorf(codec.ErrCorrupt, "the schema cannot be read: %v", err)
	}
	return r.Schema(), nil
}
