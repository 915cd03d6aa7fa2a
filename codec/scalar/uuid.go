package scalar

import (
	"encoding/hex"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

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

// IsUUID reports whether the values of a field are UUIDs. They may be in a dictionary. The field is one of a
// table, or of a list, a map, a struct or a union.
func IsUUID(f arrow.Field) bool {
	return saysUUID(f.Metadata) && isSixteenBytes(decodedType(f.Type))
}

func isSixteenBytes(dt arrow.DataType) bool {
	t, ok := dt.(*arrow.FixedSizeBinaryType)
	return ok && t.ByteWidth == uuidBytes
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

// WithoutUUID returns a field without what says that its values are UUIDs, unless its type is that of UUIDs. It
// no longer is when the column has been cast, and the extension type does not allow dictionaries.
func WithoutUUID(f arrow.Field) arrow.Field {
	if !saysUUID(f.Metadata) || isSixteenBytes(f.Type) {
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
			columns[i] = textsOf(columns[i], true)
		}
	}
	return array.NewRecord(g.schema, columns, rec.NumRows()), nil
}

// FieldText is [Text] for the values of a column. Those that are UUIDs by its field are spelled as such:
// 550e8400-e29b-41d4-a716-446655440000.
func FieldText(f arrow.Field, arr arrow.Array) Appender { return text(arr, IsUUID(f)) }

// FieldJSON is [JSON] for the values of a column, see [FieldText].
func FieldJSON(f arrow.Field, arr arrow.Array) Appender { return JSONStyle{}.Field(f, arr) }

// Field is [FieldJSON] in that style.
func (s JSONStyle) Field(f arrow.Field, arr arrow.Array) Appender { return s.values(arr, IsUUID(f)) }

func uuids(value func(int) []byte) Appender {
	return func(dst []byte, row int) []byte { return appendUUID(dst, value(row)) }
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
