package scalar

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// FieldNames returns the names of fields.
func FieldNames(fields []arrow.Field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	return names
}

// elementField is the field of the elements of a type of lists.
func elementField(dt arrow.DataType) arrow.Field { return dt.(arrow.NestedType).Fields()[0] }

// StructParts returns the names and arrays of the fields of a.
func StructParts(a *array.Struct) (names []string, fields []arrow.Array) {
	fields = make([]arrow.Array, a.NumField())
	for i := range fields {
		fields[i] = a.Field(i)
	}
	return FieldNames(a.DataType().(*arrow.StructType).Fields()), fields
}

// EntryNames are the names of the parts of an entry of a map, whatever its schema calls them.
var EntryNames = []string{"key", "value"}

// Entries returns the keys and values of all maps of a, one after another.
func Entries(a *array.Map) []arrow.Array {
	_, parts := StructParts(a.ListValues().(*array.Struct))
	return parts
}
