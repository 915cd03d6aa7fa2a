package scalar

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/go-json-experiment/json/jsontext"
)

// JSON spells the values of arr as JSON. Missing values, NaN and infinities are
// null. Integers, floats and booleans are bare, lists are arrays, structs are objects, maps
// are arrays of {"key":…,"value":…}, a union is the value that it holds, and everything
// else is a string with the text that [Text] gives it.
func JSON(arr arrow.Array) Appender { return JSONStyle{}.Values(arr) }

// JSONStyle says how JSON spells values. The zero value is that of [JSON].
type JSONStyle struct {
	// Int64Strings makes strings of integers of type int64 and uint64, also inside of lists and structs.
	// JavaScript rounds such numbers beyond 2^53.
	Int64Strings bool
}

// Values spells the values of arr, see [JSON].
func (s JSONStyle) Values(arr arrow.Array) Appender { return s.values(arr, false) }

// values is Values. uuid says that values of 16 bytes are UUIDs.
func (s JSONStyle) values(arr arrow.Array, uuid bool) Appender {
	if a, ok := arr.(array.Union); ok {
		return unionAppender(a, s.values)
	}
	value := s.valid(arr, uuid)
	bitmap, offset := arr.NullBitmapBytes(), arr.Data().Offset()
	if len(bitmap) == 0 {
		return value
	}
	return func(dst []byte, row int) []byte {
		if i := uint(offset + row); bitmap[i/8]>>(i%8)&1 == 0 {
			return append(dst, "null"...)
		}
		return value(dst, row)
	}
}

// valid is values for rows that are valid in arr's own bitmap.
func (s JSONStyle) valid(arr arrow.Array, uuid bool) Appender {
	switch a := arr.(type) {
	case *array.Int64, *array.Uint64:
		if s.Int64Strings {
			return inQuotes(Text(arr))
		}
		return Text(arr)
	case *array.Boolean, *array.Int8, *array.Int16, *array.Int32, *array.Uint8, *array.Uint16, *array.Uint32:
		return Text(arr)
	case *array.String:
		return jsonStrings(a.Value)
	case *array.LargeString:
		return jsonStrings(a.Value)
	case *array.StringView:
		return jsonStrings(a.Value)
	case *array.Null, array.ListLike, *array.Struct:
		return s.nested(arr)
	}
	if value, bits := FloatValue(arr); value != nil {
		return jsonFloats(value, bits)
	}
	if inner, at := Indirect(arr); at != nil {
		value := s.values(inner, uuid)
		return func(dst []byte, row int) []byte { return value(dst, at(row)) }
	}
	return inQuotes(text(arr, uuid))
}

// inQuotes is for text that needs no escapes.
func inQuotes(text Appender) Appender {
	return func(dst []byte, row int) []byte { return append(text(append(dst, '"'), row), '"') }
}

// nested spells the values of lists, maps and structs, which must be valid.
func (s JSONStyle) nested(arr arrow.Array) Appender {
	switch a := arr.(type) {
	case *array.Map:
		entries := a.DataType().(*arrow.MapType).Elem().(*arrow.StructType)
		return jsonLists(a, objects(EntryNames, s.fields(entries, Entries(a))))
	case array.ListLike:
		return jsonLists(a, s.values(a.ListValues(), IsUUID(elementField(a.DataType()))))
	case *array.Struct:
		names, parts := StructParts(a)
		return objects(names, s.fields(a.DataType().(*arrow.StructType), parts))
	}
	return func(dst []byte, _ int) []byte { return append(dst, "null"...) }
}

func jsonFloats(value func(int) float64, bits int) Appender {
	return func(dst []byte, row int) []byte {
		return appendJSONFloat(dst, value(row), bits)
	}
}

func jsonStrings(value func(int) string) Appender {
	return func(dst []byte, row int) []byte { return AppendQuoted(dst, value(row)) }
}

// AppendQuoted appends s as a JSON string. Bytes that are not UTF-8 become U+FFFD; no decoder lets them
// into a text column.
func AppendQuoted(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x80 {
			// The error says that there was invalid UTF-8; it has been replaced.
			dst, _ = jsontext.AppendQuote(dst, s)
			return dst
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}

func jsonLists(a array.ListLike, value Appender) Appender {
	return func(dst []byte, row int) []byte {
		start, end := a.ValueOffsets(row)
		dst = append(dst, '[')
		for i := start; i < end; i++ {
			if i > start {
				dst = append(dst, ',')
			}
			dst = value(dst, int(i))
		}
		return append(dst, ']')
	}
}

// fields spells the fields of structs.
func (s JSONStyle) fields(dt *arrow.StructType, parts []arrow.Array) []Appender {
	values := make([]Appender, len(parts))
	for i, part := range parts {
		values[i] = s.values(part, IsUUID(dt.Field(i)))
	}
	return values
}

// Objects spells the rows of several columns as objects, their names in order.
func (s JSONStyle) Objects(names []string, columns []arrow.Array) Appender {
	values := make([]Appender, len(columns))
	for i, column := range columns {
		values[i] = s.Values(column)
	}
	return objects(names, values)
}

func objects(names []string, values []Appender) Appender {
	keys := make([][]byte, len(values))
	for i := range values {
		keys[i] = append(AppendQuoted([]byte{','}, names[i]), ':')
	}
	if len(keys) > 0 {
		keys[0][0] = '{'
	}
	return func(dst []byte, row int) []byte {
		if len(keys) == 0 {
			return append(dst, "{}"...)
		}
		for i, key := range keys {
			dst = values[i](append(dst, key...), row)
		}
		return append(dst, '}')
	}
}

// Tuples spells the rows of several columns as arrays.
func (s JSONStyle) Tuples(columns []arrow.Array) Appender {
	values := make([]Appender, len(columns))
	for i, column := range columns {
		values[i] = s.Values(column)
	}
	return func(dst []byte, row int) []byte {
		dst = append(dst, '[')
		for i, value := range values {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = value(dst, row)
		}
		return append(dst, ']')
	}
}
