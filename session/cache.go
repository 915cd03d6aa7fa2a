package session

import (
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec/arrowipc"
	"edgeframe/session/record"
)

// arrayBytes is about what an array takes besides its buffers, as measured. In a segment of many
// columns and few rows that is most of the memory.
const arrayBytes = 400

// memoryOf is about the memory of a decoded segment whose payload has raw bytes, in bytes.
func memoryOf(fields []arrow.Array, raw int) int64 {
	bytes := int64(raw)
	for _, f := range fields {
		bytes += arrayBytes * countArrays(f.Data())
	}
	return bytes
}

// countArrays counts an array with its children and dictionaries.
func countArrays(data arrow.ArrayData) int64 {
	n := int64(1)
	for _, child := range data.Children() {
		n += countArrays(child)
	}
	if data.DataType().ID() == arrow.DICTIONARY {
		n += countArrays(data.Dictionary())
	}
	return n
}

// Decoded schemas are cached by their bytes: sessions have many revisions and few schemas, and
// decoding a wide schema costs more than reading a page of its table. A schema takes about four
// times its encoded bytes, and its key takes them once more.
const (
	schemaCacheBytes = 16 << 20
	schemaGrowth     = 5
)

// schema returns the schema of a version.
func (s *Service) schema(h *head, ver *record.Version) (*arrow.Schema, error) {
	raw := h.Schemas[ver.Schema]
	if schema, ok := s.schemas.Get(string(raw)); ok {
		return schema, nil
	}
	schema, err := arrowipc.DecodeSchema(raw)
	if err == nil && schema.NumFields() != ver.Columns {
		err = fmt.Errorf("it has %d fields for %d columns", schema.NumFields(), ver.Columns)
	}
	if err != nil {
		return nil, &Error{Kind: ErrCorrupt, Detail: "the schema of session " + h.ID + " cannot be read", Err: err}
	}
	s.schemas.Add(string(raw), schema, schemaGrowth*int64(len(raw)))
	return schema, nil
}
