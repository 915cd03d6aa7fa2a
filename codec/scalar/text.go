// Package scalar deals with one value of an Arrow array at a time: whether it is missing, its number,
// its key for comparisons, the name of its type, its spelling as text and as JSON, and arrays that are
// made of such values.
//
// It promises that a value that is read from its own spelling is the same value, and that a conversion
// that would change a value is an error. It knows no file format.
package scalar

import (
	"encoding/base64"
	"math"
	"slices"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
)

// Appender appends the spelling of the value in one row of one array to dst.
type Appender = func(dst []byte, row int) []byte

// Text spells the values of arr without quotes, as delimited text and textual
// columns hold them. The function must not be called for rows that are null, see [NullChecker].
//
//	integers             decimal
//	floats               the shortest digits that read back as the same number, always with
//	                     a point or an exponent; NaN, Infinity, -Infinity
//	bool                 true, false
//	utf8                 verbatim
//	binary               standard base64 with padding
//	date32, date64       2006-01-02
//	timestamp            2006-01-02T15:04:05.999999999, with as many fraction digits as
//	                     needed; where the type has a time zone, in UTC with a Z
//	time32, time64       15:04:05.999999999
//	duration             PT1.5S (ISO 8601, in seconds)
//	intervals            P3M, P1DT0.5S, P3M1DT0.5S
//	decimals             digits with a point; with an exponent if the scale is negative
//	dictionary, run-end encoded, union, extension
//	                     the value that they stand for
//	list, struct, map    compact JSON
//
// [FieldText] knows which binary values of a column are UUIDs. In lists, structs, maps and unions, their types
// say it, and such values are spelled as UUIDs here too.
func Text(arr arrow.Array) Appender { return text(arr, false) }

// text is [Text]. uuid says that values of 16 bytes are UUIDs.
func text(arr arrow.Array, uuid bool) Appender {
	switch a := arr.(type) {
	case *array.Boolean:
		return func(dst []byte, row int) []byte { return strconv.AppendBool(dst, a.Value(row)) }
	case *array.Int8:
		return integers(a.Int8Values())
	case *array.Int16:
		return integers(a.Int16Values())
	case *array.Int32:
		return integers(a.Int32Values())
	case *array.Int64:
		return integers(a.Int64Values())
	case *array.Uint8:
		return integers(a.Uint8Values())
	case *array.Uint16:
		return integers(a.Uint16Values())
	case *array.Uint32:
		return integers(a.Uint32Values())
	case *array.Uint64:
		return func(dst []byte, row int) []byte { return strconv.AppendUint(dst, a.Value(row), 10) }
	case *array.Decimal128:
		return decimals(a.DataType().(arrow.DecimalType), func(row int) bigInt { return a.Value(row) })
	case *array.Decimal256:
		return decimals(a.DataType().(arrow.DecimalType), func(row int) bigInt { return a.Value(row) })
	case *array.String:
		return verbatim(a.Value)
	case *array.LargeString:
		return verbatim(a.Value)
	case *array.StringView:
		return verbatim(a.Value)
	case *array.Binary:
		return base64s(a.Value)
	case *array.LargeBinary:
		return base64s(a.Value)
	case *array.BinaryView:
		return base64s(a.Value)
	case *array.FixedSizeBinary:
		if uuid && isSixteenBytes(a.DataType()) {
			return uuids(a.Value)
		}
		return base64s(a.Value)
	}
	if value, bits := FloatValue(arr); value != nil {
		return func(dst []byte, row int) []byte { return AppendFloat(dst, value(row), bits) }
	}
	if spell := temporalAppender(arr); spell != nil {
		return spell
	}
	if inner, at := Indirect(arr); at != nil {
		return textIndirect(inner, at, uuid)
	}
	if a, ok := arr.(array.Union); ok {
		return unionAppender(a, textNotNull)
	}
	return JSONStyle{}.nested(arr)
}

// NullChecker returns a function that reports whether the value in a row is null. Unlike
// arr.IsNull it also looks at the values that dictionaries, run-end encoded arrays and
// unions refer to, and at arrays of the null type.
func NullChecker(arr arrow.Array) func(row int) bool {
	if arr.DataType().ID() == arrow.NULL {
		return func(int) bool { return true }
	}
	if inner, at := Indirect(arr); at != nil {
		innerNull := NullChecker(inner)
		return func(row int) bool { return arr.IsNull(row) || innerNull(at(row)) }
	}
	if a, ok := arr.(array.Union); ok {
		children := make([]func(int) bool, a.NumFields())
		for i := range children {
			children[i] = NullChecker(a.Field(i))
		}
		at := unionIndex(a)
		return func(row int) bool { return children[a.ChildID(row)](at(row)) }
	}
	bitmap, offset := arr.NullBitmapBytes(), arr.Data().Offset()
	if len(bitmap) == 0 {
		return func(int) bool { return false }
	}
	return func(row int) bool { return bitutil.BitIsNotSet(bitmap, offset+row) }
}

// CountMissing returns how many values of arr are [Missing].
func CountMissing(arr arrow.Array) int {
	if floats, ok := arr.(*array.Float64); ok && !slices.ContainsFunc(floats.Float64Values(), math.IsNaN) {
		return arr.NullN()
	}
	values := valuesOf(arr)
	_, union := arr.(array.Union)
	if floats, _ := FloatValue(values); floats == nil && !union && (values == arr || CountMissing(values) == 0) {
		return arr.NullN()
	}
	n, missing := 0, Missing(arr)
	for row := range arr.Len() {
		if missing(row) {
			n++
		}
	}
	return n
}

func integers[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32](values []T) Appender {
	return func(dst []byte, row int) []byte { return strconv.AppendInt(dst, int64(values[row]), 10) }
}

func verbatim(value func(int) string) Appender {
	return func(dst []byte, row int) []byte { return append(dst, value(row)...) }
}

func base64s(value func(int) []byte) Appender {
	return func(dst []byte, row int) []byte { return base64.StdEncoding.AppendEncode(dst, value(row)) }
}

// FloatValue returns the values of an array of floats, and the number of bits that [AppendFloat] needs to
// spell them. For other arrays value is nil.
func FloatValue(arr arrow.Array) (value func(row int) float64, bits int) {
	switch a := arr.(type) {
	case *array.Float64:
		return a.Value, 64
	case *array.Float32:
		return func(row int) float64 { return float64(a.Value(row)) }, 32
	case *array.Float16:
		return func(row int) float64 { return float64(a.Value(row).Float32()) }, 32
	}
	return nil, 0
}

// Indirect returns, for dictionaries, run-end encoded arrays and extensions, the array that
// holds the values and where in it the value of a row is. For others at is nil.
func Indirect(arr arrow.Array) (inner arrow.Array, at func(row int) int) {
	switch a := arr.(type) {
	case *array.Dictionary:
		return a.Dictionary(), a.GetValueIndex
	case *array.RunEndEncoded:
		return a.Values(), a.GetPhysicalIndex
	case array.ExtensionArray:
		return a.Storage(), func(row int) int { return row }
	}
	return nil, nil
}

// textIndirect appends nothing where a valid index points to a missing value.
func textIndirect(inner arrow.Array, at func(row int) int, uuid bool) Appender {
	value := textNotNull(inner, uuid)
	return func(dst []byte, row int) []byte { return value(dst, at(row)) }
}

func textNotNull(arr arrow.Array, uuid bool) Appender {
	value, isNull := text(arr, uuid), NullChecker(arr)
	return func(dst []byte, row int) []byte {
		if isNull(row) {
			return dst
		}
		return value(dst, row)
	}
}

// UnionAppender spells the values of a union as each of its children spells them.
func UnionAppender(a array.Union, of func(arrow.Array) Appender) Appender {
	return unionAppender(a, func(arr arrow.Array, _ bool) Appender { return of(arr) })
}

// unionAppender is [UnionAppender], which also says which children have UUIDs.
func unionAppender(a array.Union, of func(arr arrow.Array, uuid bool) Appender) Appender {
	children := make([]Appender, a.NumFields())
	for i, f := range a.DataType().(arrow.UnionType).Fields() {
		children[i] = of(a.Field(i), IsUUID(f))
	}
	at := unionIndex(a)
	return func(dst []byte, row int) []byte { return children[a.ChildID(row)](dst, at(row)) }
}

// unionIndex returns where in its child the value of a row is.
func unionIndex(a array.Union) func(row int) int {
	if dense, ok := a.(*array.DenseUnion); ok {
		return func(row int) int { return int(dense.ValueOffset(row)) }
	}
	return func(row int) int { return row }
}
