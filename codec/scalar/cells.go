package scalar

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec"
)

// Missing returns a function that reports whether the value in a row is missing: null, also in the
// dictionary or child that the row refers to, or NaN, as in pandas.
func Missing(arr arrow.Array) func(row int) bool {
	isNull := NullChecker(arr)
	value, _ := FloatValue(valuesOf(arr))
	if value == nil {
		return isNull
	}
	_, at := Indirect(arr)
	return func(row int) bool {
		if isNull(row) {
			return true
		}
		if at != nil {
			row = at(row)
		}
		return math.IsNaN(value(row))
	}
}

// valuesOf is the array that has the values of arr: the dictionary of a dictionary array, else arr.
func valuesOf(arr arrow.Array) arrow.Array {
	if inner, at := Indirect(arr); at != nil {
		return inner
	}
	return arr
}

// Numbers returns the values of an array of integers, floats or decimals as floats, or nil
// for other arrays. The function must not be called for rows that are [Missing]. Values beyond 2^53
// are rounded.
func Numbers(arr arrow.Array) func(row int) float64 {
	if inner, at := Indirect(arr); at != nil {
		value := Numbers(inner)
		if value == nil {
			return nil
		}
		return func(row int) float64 { return value(at(row)) }
	}
	if value, _ := FloatValue(arr); value != nil {
		return value
	}
	switch a := arr.(type) {
	case *array.Uint64:
		return func(row int) float64 { return float64(a.Value(row)) }
	case *array.Decimal128:
		scale := a.DataType().(*arrow.Decimal128Type).Scale
		return func(row int) float64 { return a.Value(row).ToFloat64(scale) }
	case *array.Decimal256:
		scale := a.DataType().(*arrow.Decimal256Type).Scale
		return func(row int) float64 { return a.Value(row).ToFloat64(scale) }
	}
	if !arrow.IsInteger(arr.DataType().ID()) {
		return nil
	}
	value := Ticks(arr)
	return func(row int) float64 { return float64(value(row)) }
}

// Ticks returns the values of an array of integers (except uint64), dates, times, timestamps or
// durations as they are stored, in the unit of the type, or nil for other arrays. The function must not
// be called for rows that are [Missing].
func Ticks(arr arrow.Array) func(row int) int64 {
	switch a := arr.(type) {
	case *array.Int8:
		return stored(a.Int8Values())
	case *array.Int16:
		return stored(a.Int16Values())
	case *array.Int32:
		return stored(a.Int32Values())
	case *array.Int64:
		return stored(a.Int64Values())
	case *array.Uint8:
		return stored(a.Uint8Values())
	case *array.Uint16:
		return stored(a.Uint16Values())
	case *array.Uint32:
		return stored(a.Uint32Values())
	case *array.Date32:
		return stored(a.Date32Values())
	case *array.Date64:
		return stored(a.Date64Values())
	case *array.Time32:
		return stored(a.Time32Values())
	case *array.Time64:
		return stored(a.Time64Values())
	case *array.Timestamp:
		return stored(a.TimestampValues())
	case *array.Duration:
		return stored(a.DurationValues())
	}
	inner, at := Indirect(arr)
	if at == nil {
		return nil
	}
	value := Ticks(inner)
	if value == nil {
		return nil
	}
	return func(row int) int64 { return value(at(row)) }
}

func stored[T ~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32](values []T) func(int) int64 {
	return func(row int) int64 { return int64(values[row]) }
}

// Ordered reports whether the values of a type have an order, in which [Keys] puts them.
func Ordered(dt arrow.DataType) bool {
	dt = ValueType(dt)
	switch id := dt.ID(); id {
	case arrow.BOOL, arrow.BINARY, arrow.LARGE_BINARY, arrow.BINARY_VIEW, arrow.FIXED_SIZE_BINARY,
		arrow.DATE32, arrow.DATE64, arrow.TIME32, arrow.TIME64, arrow.TIMESTAMP, arrow.DURATION, arrow.NULL:
		return true
	default:
		return IsText(dt) || arrow.IsInteger(id) || arrow.IsFloating(id) || arrow.IsDecimal(id)
	}
}

// Keys returns a function that appends a key of the value in a row: the keys of two values of
// one type are equal if and only if the values are, and if the type is [Ordered], bytes.Compare
// puts keys in the order of the values. A key does not mark its end. The function must not be called
// for rows that are [Missing].
func Keys(arr arrow.Array) func(dst []byte, row int) []byte {
	if value, _ := FloatValue(arr); value != nil {
		return func(dst []byte, row int) []byte { return appendFloatKey(dst, value(row)) }
	}
	if value := Ticks(arr); value != nil {
		return func(dst []byte, row int) []byte {
			return binary.BigEndian.AppendUint64(dst, uint64(value(row))^1<<63)
		}
	}
	switch a := arr.(type) {
	case *array.Boolean:
		return func(dst []byte, row int) []byte {
			if a.Value(row) {
				return append(dst, 1)
			}
			return append(dst, 0)
		}
	case *array.Uint64:
		return func(dst []byte, row int) []byte { return binary.BigEndian.AppendUint64(dst, a.Value(row)) }
	case *array.Decimal128:
		return func(dst []byte, row int) []byte { return appendBigKey(dst, a.Value(row).BigInt()) }
	case *array.Decimal256:
		return func(dst []byte, row int) []byte { return appendBigKey(dst, a.Value(row).BigInt()) }
	case interface{ Value(row int) []byte }:
		return func(dst []byte, row int) []byte { return append(dst, a.Value(row)...) }
	}
	if inner, at := Indirect(arr); at != nil {
		key := Keys(inner)
		return func(dst []byte, row int) []byte { return key(dst, at(row)) }
	}
	if key := nestedKeys(arr); key != nil {
		return key
	}
	return Text(arr)
}

// FloatWord is the key of a float, as a number: bits that are ordered as floats are. -0 is 0, and all
// NaN are equal.
func FloatWord(f float64) uint64 {
	if math.IsNaN(f) {
		f = math.NaN()
	}
	bits := math.Float64bits(f + 0)
	// Of negative numbers all bits change, of others the sign. There is no branch, because signs are hard to predict.
	return bits ^ (uint64(int64(bits)>>63) | 1<<63)
}

func appendFloatKey(dst []byte, f float64) []byte {
	return binary.BigEndian.AppendUint64(dst, FloatWord(f))
}

// appendBigKey appends n + 2^256, which is positive; n has at most 256 bits.
func appendBigKey(dst []byte, n *big.Int) []byte {
	const size = 33
	biased := new(big.Int).Add(n, new(big.Int).Lsh(big.NewInt(1), 256))
	return append(dst, biased.FillBytes(make([]byte, size))...)
}

// Integers returns a function that sets a number to a value of an array of integers, decimals, dates,
// times, timestamps or durations, in the unit that they are stored in, a decimal without its point. It
// returns nil for other arrays. The function must not be called for rows that are [Missing].
func Integers(arr arrow.Array) func(into *big.Int, row int) {
	if tick := Ticks(arr); tick != nil {
		return func(into *big.Int, row int) { into.SetInt64(tick(row)) }
	}
	switch a := arr.(type) {
	case *array.Uint64:
		return func(into *big.Int, row int) { into.SetUint64(a.Value(row)) }
	case *array.Decimal128:
		return func(into *big.Int, row int) { into.Set(a.Value(row).BigInt()) }
	case *array.Decimal256:
		return func(into *big.Int, row int) { into.Set(a.Value(row).BigInt()) }
	}
	inner, at := Indirect(arr)
	if at == nil {
		return nil
	}
	value := Integers(inner)
	if value == nil {
		return nil
	}
	return func(into *big.Int, row int) { value(into, at(row)) }
}

// FromIntegers returns the array of a type for which [Integers] returns these values. A value that the
// type does not have is refused with [codec.ErrMismatch].
func FromIntegers(values []*big.Int, dt arrow.DataType, limits codec.Limits) (arr arrow.Array, err error) {
	defer codec.Guard(&err, codec.ErrMalformed, "the array of values")
	b, err := NewBuilder(dt, codec.NewBudget(limits.WithDefaults().Bytes))
	if err != nil {
		return nil, err
	}
	b.Reserve(len(values))
	for i, v := range values {
		if b.AppendInteger(v) {
			continue
		}
		text := v.Append(nil, 10)
		if decimal, ok := dt.(arrow.DecimalType); ok {
			text = fmt.Appendf(text, "e%d", -decimal.GetScale())
		}
		return nil, misfit(text, i, dt)
	}
	return b.Array(), nil
}

// FromFloats returns an array of a type of floats with these numbers, which must be finite. An integer
// that the type cannot represent is refused with [codec.ErrMismatch]; other numbers are rounded.
func FromFloats(values []float64, dt arrow.DataType, limits codec.Limits) (arr arrow.Array, err error) {
	defer codec.Guard(&err, codec.ErrMalformed, "the array of values")
	b, err := NewBuilder(dt, codec.NewBudget(limits.WithDefaults().Bytes))
	if err != nil {
		return nil, err
	}
	b.Reserve(len(values))
	for i, v := range values {
		fits, format := b.AppendFloat, byte('e')
		if isWhole(v) && v != 0 { // a zero has a sign
			fits, format = func(v float64) bool { return b.AppendInt(int64(v)) }, 'f'
		}
		if !fits(v) {
			return nil, misfit(strconv.AppendFloat(nil, v, format, -1, 64), i, dt)
		}
	}
	return b.Array(), nil
}

// AppendJSONFloat appends f as JSON, as [JSON] spells float64; NaN and infinities are null.
func AppendJSONFloat(dst []byte, f float64) []byte { return appendJSONFloat(dst, f, 64) }

func appendJSONFloat(dst []byte, f float64, bits int) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(dst, "null"...)
	}
	return AppendFloat(dst, f, bits)
}
