package arrowipc

import (
	"encoding/binary"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec/scalar"
)

// In a schema of arrow-go the entries of maps are always named as in plainMapNames. Other names are kept in
// the metadata of the column, under mapNamesKey, as long as the table is stored, and schemas that are written
// for others get them back.
const mapNamesKey = "edgeframe:map_names"

// plainMapNames are the names of the entries, the key and the value of a map.
var plainMapNames = []string{"entries", "key", "value"}

// hasPlainNames reports whether names, three for each map of a column, are all plain.
func hasPlainNames(names []string) bool {
	for i, name := range names {
		if name != plainMapNames[i%len(plainMapNames)] {
			return false
		}
	}
	return true
}

// appendNames returns names as one text: each after its length and a colon.
func appendNames(names []string) string {
	var out []byte
	for _, name := range names {
		out = append(append(strconv.AppendInt(out, int64(len(name)), 10), ':'), name...)
	}
	return string(out)
}

// splitNames reverses appendNames. What follows something else is lost.
func splitNames(text string) (names []string) {
	for {
		size, rest, ok := strings.Cut(text, ":")
		n, err := strconv.Atoi(size)
		if !ok || err != nil || n < 0 || n > len(rest) {
			return names
		}
		names, text = append(names, rest[:n]), rest[n:]
	}
}

// withoutKey returns metadata without the pairs of a key.
func withoutKey(m arrow.Metadata, key string) arrow.Metadata {
	if m.FindKey(key) < 0 {
		return m
	}
	var keys, values []string
	for i, k := range m.Keys() {
		if k != key {
			keys, values = append(keys, k), append(values, m.Values()[i])
		}
	}
	return arrow.NewMetadata(keys, values)
}

// keepMapNames puts the names of the maps of each column into its metadata, unless they are plain.
func keepMapNames(schema *arrow.Schema, names [][]string) *arrow.Schema {
	fields, changed := schema.Fields(), false
	for i := range fields {
		m := withoutKey(fields[i].Metadata, mapNamesKey)
		if !hasPlainNames(names[i]) {
			m = arrow.NewMetadata(append(slices.Clone(m.Keys()), mapNamesKey), append(slices.Clone(m.Values()), appendNames(names[i])))
		}
		changed = changed || m.Len() != fields[i].Metadata.Len() || !hasPlainNames(names[i])
		fields[i].Metadata = m
	}
	if !changed {
		return schema
	}
	metadata := schema.Metadata()
	return arrow.NewSchema(fields, &metadata)
}

// mapNames are, for each column, the names of its maps that are not plain.
type mapNames [][]string

// forOthers returns a schema as other programs are to read it: without the names of maps in its metadata, which
// it returns beside it, and without the mark of UUIDs on columns that were cast. If no map has names, they
// are nil.
func forOthers(schema *arrow.Schema) (*arrow.Schema, mapNames) {
	var names mapNames
	var fields []arrow.Field
	change := func(i int, f arrow.Field) {
		if fields == nil {
			fields = schema.Fields()
		}
		fields[i] = f
	}
	for i := range schema.NumFields() {
		f := scalar.WithoutUUID(schema.Field(i))
		if f.Metadata.Len() < schema.Field(i).Metadata.Len() {
			change(i, f)
		}
		if text, ok := f.Metadata.GetValue(mapNamesKey); ok {
			if names == nil {
				names = make(mapNames, schema.NumFields())
			}
			names[i] = splitNames(text)
			f.Metadata = withoutKey(f.Metadata, mapNamesKey)
			change(i, f)
		}
	}
	if fields == nil {
		return schema, nil
	}
	metadata := schema.Metadata()
	return arrow.NewSchema(fields, &metadata), names
}

// withSchema returns rec with a schema that differs in metadata only.
func withSchema(rec arrow.Record, schema *arrow.Schema) arrow.Record {
	if rec.Schema() == schema {
		return rec
	}
	return array.NewRecord(schema, rec.Columns(), rec.NumRows())
}

// apply gives the maps of a schema, which arrow-go has written into data, their names: new strings after data,
// to which the fields then refer. It returns data, padded to a multiple of 8 bytes if there are names.
func (names mapNames) apply(data []byte, schema func(b *flatbuf) flatTable) []byte {
	if names == nil {
		return data
	}
	b := &flatbuf{data: data}
	fields := schema(b).vector(schemaFields, 4)
	for i := range min(fields.n, len(names)) {
		maps := mapFields(fields.table(i), nil)
		if len(maps) != len(names[i]) {
			// The column has become another one.
			continue
		}
		for k, f := range maps {
			if slot := f.slot(fieldName); slot != 0 {
				data = appendString(data, slot, names[i][k])
			}
		}
	}
	for len(data)%8 != 0 {
		data = append(data, 0)
	}
	return data
}

// appendString appends a string to a message and makes the offset at position slot refer to it.
func appendString(data []byte, slot int, s string) []byte {
	for len(data)%4 != 0 {
		data = append(data, 0)
	}
	binary.LittleEndian.PutUint32(data[slot:], uint32(len(data)-slot))
	data = binary.LittleEndian.AppendUint32(data, uint32(len(s)))
	return append(append(data, s...), 0)
}

// mapFields appends the fields of the entries, the key and the value of each map in f, outer maps first.
func mapFields(f flatTable, maps []flatTable) []flatTable {
	children := f.vector(fieldChildren, 4)
	if f.u8(fieldTypeKind) == mapKind && children.n == 1 {
		if pair := children.table(0).vector(fieldChildren, 4); pair.n == 2 {
			maps = append(maps, children.table(0), pair.table(0), pair.table(1))
		}
	}
	for i := range children.n {
		maps = mapFields(children.table(i), maps)
	}
	return maps
}

// inMessage and inFooter find the schema in a message and in the footer of a file.
func inMessage(b *flatbuf) flatTable { return b.root().table(messageHeader) }
func inFooter(b *flatbuf) flatTable  { return b.root().table(footerSchema) }

// applyToMessage is apply for a message with its continuation marker and length.
func (names mapNames) applyToMessage(message []byte) []byte {
	grown := names.apply(slices.Clone(message[8:]), inMessage)
	out := binary.LittleEndian.AppendUint32(slices.Clone(message[:4]), uint32(len(grown)))
	return append(out, grown...)
}
