package scalar

import (
	"encoding/hex"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec"
)

// A field that holds UUIDs is of type fixed_size_binary[16], and its metadata names the canonical extension
// type: https://arrow.apache.org/docs/format/CanonicalExtensions.html#uuid
const (
	extensionName     = "ARROW:extension:name"
	extensionMetadata = "ARROW:extension:metadata"
	uuidName          = "arrow.uuid"
	uuidBytes         = 16
)

// IsUUID reports whether the values of a field are UUIDs.
func IsUUID(f arrow.Field) bool {
	dt, ok := f.Type.(*arrow.FixedSizeBinaryType)
	return ok && dt.ByteWidth == uuidBytes && saysUUID(f.Metadata)
}

func saysUUID(m arrow.Metadata) bool {
	name, _ := m.GetValue(extensionName)
	return name == uuidName
}

// WithUUID returns the metadata of a field, with what says that its values are UUIDs. If it names another
// extension type already, it is returned unchanged.
func WithUUID(m arrow.Metadata) arrow.Metadata {
	if m.FindKey(extensionName) >= 0 {
		return m
	}
	keys, values := m.Keys()[:m.Len():m.Len()], m.Values()[:m.Len():m.Len()]
	return arrow.NewMetadata(append(keys, extensionName, extensionMetadata), append(values, uuidName, ""))
}

// WithoutUUID returns a field without what says that its values are UUIDs, unless they are. They no longer are
// when the column has been cast.
func WithoutUUID(f arrow.Field) arrow.Field {
	if !saysUUID(f.Metadata) || IsUUID(f) {
		return f
	}
	var keys, values []string
	for i, key := range f.Metadata.Keys() {
		if key != extensionName && key != extensionMetadata {
			keys, values = append(keys, key), append(values, f.Metadata.Values()[i])
		}
	}
	f.Metadata = arrow.NewMetadata(keys, values)
	return f
}

// SpellUUIDs returns src with text in place of UUIDs, for formats of text.
func SpellUUIDs(src codec.Source) codec.Source { return spelledSource{src} }

type spelledSource struct{ codec.Source }

// Open implements [codec.Source].
func (s spelledSource) Open(columns []int) codec.RowGroups {
	groups := s.Source.Open(columns)
	schema := groups.Schema()
	if !slices.ContainsFunc(schema.Fields(), IsUUID) {
		return groups
	}
	fields := slices.Clone(schema.Fields())
	for i, f := range fields {
		if IsUUID(f) {
			fields[i].Type = arrow.BinaryTypes.String
			fields[i] = WithoutUUID(fields[i])
		}
	}
	metadata := schema.Metadata()
	return spelledGroups{groups, arrow.NewSchema(fields, &metadata)}
}

type spelledGroups struct {
	codec.RowGroups
	schema *arrow.Schema
}

// Schema implements [codec.RowGroups].
func (g spelledGroups) Schema() *arrow.Schema { return g.schema }

// Next implements [codec.RowGroups].
func (g spelledGroups) Next() (arrow.Record, error) {
	rec, err := g.RowGroups.Next()
	if rec == nil || err != nil {
		return nil, err
	}
	columns := make([]arrow.Array, rec.NumCols())
	for i, f := range rec.Schema().Fields() {
		if columns[i] = rec.Column(i); IsUUID(f) {
			columns[i] = UUIDTexts(columns[i].(*array.FixedSizeBinary))
		}
	}
	return array.NewRecord(g.schema, columns, rec.NumRows()), nil
}

// UUIDTexts returns the values of arr, of 16 bytes each, as they are spelled: 550e8400-e29b-41d4-a716-446655440000.
func UUIDTexts(arr *array.FixedSizeBinary) *array.String {
	b := array.NewStringBuilder(memory.DefaultAllocator)
	b.Reserve(arr.Len())
	b.ReserveData(uuidTextBytes * (arr.Len() - arr.NullN()))
	var text [uuidTextBytes]byte
	for i := range arr.Len() {
		if arr.IsNull(i) {
			b.AppendNull()
			continue
		}
		b.BinaryBuilder.Append(appendUUID(text[:0], arr.Value(i)))
	}
	return b.NewStringArray()
}

const uuidTextBytes = 36

// uuidParts are the numbers of bytes between the dashes of a UUID (RFC 9562, section 4).
var uuidParts = [...]int{4, 2, 2, 2, 6}

func appendUUID(dst, value []byte) []byte {
	for i, n := range uuidParts {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst, value = hex.AppendEncode(dst, value[:n]), value[n:]
	}
	return dst
}

// decodeUUID appends the 16 bytes of a UUID as it is spelled, in lower or upper case. It returns false for any
// other text.
func decodeUUID(dst, text []byte) ([]byte, bool) {
	if len(text) != uuidTextBytes {
		return dst, false
	}
	for i, n := range uuidParts {
		if i > 0 {
			if text[0] != '-' {
				return dst, false
			}
			text = text[1:]
		}
		var err error
		if dst, err = hex.AppendDecode(dst, text[:2*n]); err != nil {
			return dst, false
		}
		text = text[2*n:]
	}
	return dst, true
}
