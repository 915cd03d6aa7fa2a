package scalar

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec"
)

// Convert returns the values of arr as type want, if every one of them fits it: integers in
// range, whole floats as integers, exact integers as floats, text that spells a date, time
// or decimal, integers and dates as text. Anything that would change a value is refused with
// [codec.ErrMismatch].
func Convert(arr arrow.Array, want arrow.DataType, limits codec.Limits) (arrow.Array, error) {
	has := arr.DataType()
	switch {
	case arrow.TypeEqual(has, want):
		return arr, nil
	case has.ID() == arrow.FLOAT32 && want.ID() == arrow.FLOAT64:
		return widenFloat(arr.(*array.Float32)), nil
	case IsText(want) && !IsText(ValueType(has)) && has.ID() != arrow.NULL:
		return convertToText(arr, want, limits)
	}
	// JSON, through which the values go, has no such numbers.
	if value := notFinite(arr); value != "" {
		return nil, codec.Errorf(codec.ErrMismatch, "the value %s does not fit %s", value, DType(want))
	}
	return FromJSON(AppendJSONArray(nil, arr), want, limits)
}

// AppendJSONArray appends the values of arr as one JSON array.
func AppendJSONArray(dst []byte, arr arrow.Array) []byte {
	spell := JSON(arr)
	dst = append(dst, '[')
	for i := range arr.Len() {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = spell(dst, i)
	}
	return append(dst, ']')
}

func widenFloat(arr *array.Float32) arrow.Array {
	b := array.NewFloat64Builder(memory.DefaultAllocator)
	b.Reserve(arr.Len())
	for i := range arr.Len() {
		if arr.IsNull(i) {
			b.AppendNull()
		} else {
			b.Append(float64(arr.Value(i)))
		}
	}
	return b.NewArray()
}

// convertToText spells values of the types that have one spelling only.
func convertToText(arr arrow.Array, want arrow.DataType, limits codec.Limits) (arrow.Array, error) {
	switch id := arr.DataType().ID(); {
	case arrow.IsInteger(id), id == arrow.DATE32:
	default:
		return nil, codec.Errorf(codec.ErrMismatch, "values of type %s do not fit %s", DType(arr.DataType()), DType(want))
	}
	b := array.NewStringBuilder(memory.DefaultAllocator)
	b.Reserve(arr.Len())
	spell := Text(arr)
	var buf []byte
	for i := range arr.Len() {
		if arr.IsNull(i) {
			b.AppendNull()
			continue
		}
		buf = spell(buf[:0], i)
		b.BinaryBuilder.Append(buf)
	}
	return Convert(b.NewArray(), want, limits)
}

// notFinite spells a NaN or an infinity among the values of arr or in them, "" if there is
// none. What a slice or a list leaves out of its child counts too.
func notFinite(arr arrow.Array) string {
	if extension, ok := arr.(array.ExtensionArray); ok {
		arr = extension.Storage()
	}
	if value, bits := FloatValue(arr); value != nil {
		for row := range arr.Len() {
			if v := value(row); arr.IsValid(row) && (math.IsNaN(v) || math.IsInf(v, 0)) {
				return string(AppendFloat(nil, v, bits))
			}
		}
	}
	inner := arr.Data().Children()
	if d, ok := arr.(*array.Dictionary); ok {
		inner = []arrow.ArrayData{d.Dictionary().Data()}
	}
	for _, data := range inner {
		if value := notFinite(array.MakeFromData(data)); value != "" {
			return value
		}
	}
	return ""
}

// ValueType is the type of the values: a dictionary's, or the type itself.
func ValueType(t arrow.DataType) arrow.DataType {
	if d, ok := t.(*arrow.DictionaryType); ok {
		return d.ValueType
	}
	return t
}

func IsText(t arrow.DataType) bool {
	switch ValueType(t).ID() {
	case arrow.STRING, arrow.LARGE_STRING, arrow.STRING_VIEW:
		return true
	}
	return false
}
