package codectest

import (
	"fmt"
	"math"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/decimal256"
	"github.com/apache/arrow/go/v17/arrow/float16"
)

// appendValue appends value number k of the sequence of values for the type of b. One in five is
// missing.
func appendValue(b array.Builder, k int) {
	switch b := b.(type) {
	case *array.SparseUnionBuilder:
		child := k % 2
		b.Append(b.Type().(arrow.UnionType).TypeCodes()[child])
		appendValue(b.Child(child), k)
		b.Child(1 - child).AppendEmptyValue()
		return
	case *array.DenseUnionBuilder:
		child := k % 2
		b.Append(b.Type().(arrow.UnionType).TypeCodes()[child])
		appendValue(b.Child(child), k)
		return
	case *array.RunEndEncodedBuilder:
		if k%3 != 0 && b.Len() > 0 {
			b.ContinueRun(1)
			return
		}
		b.Append(1)
		appendValue(b.ValueBuilder(), k)
		return
	}
	if k%5 == 3 {
		b.AppendNull()
		return
	}
	if !appendNested(b, k) && !appendText(b, k) && !appendNumber(b, k) {
		appendInteger(b, int64(k*37%128))
	}
}

func appendNested(b array.Builder, k int) bool {
	elements := func(b array.Builder, n int) {
		for i := range n {
			appendValue(b, k+i)
		}
	}
	switch b := b.(type) {
	case *array.FixedSizeListBuilder:
		b.Append(true)
		elements(b.ValueBuilder(), int(b.Type().(*arrow.FixedSizeListType).Len()))
	case *array.ListViewBuilder:
		b.AppendWithSize(true, k%4)
		elements(b.ValueBuilder(), k%4)
	case *array.LargeListViewBuilder:
		b.AppendWithSize(true, k%4)
		elements(b.ValueBuilder(), k%4)
	case *array.MapBuilder:
		b.Append(true)
		for i := range k % 3 {
			appendText(b.KeyBuilder(), 10*k+i)
			appendValue(b.ItemBuilder(), k+i)
		}
	case *array.ListBuilder:
		b.Append(true)
		elements(b.ValueBuilder(), k%4)
	case *array.LargeListBuilder:
		b.Append(true)
		elements(b.ValueBuilder(), k%4)
	case *array.StructBuilder:
		b.Append(true)
		for i := range b.NumField() {
			appendValue(b.FieldBuilder(i), k+i)
		}
	default:
		return false
	}
	return true
}

// text is empty, short, long, or not ASCII.
func text(k int) string {
	switch k % 4 {
	case 0:
		return ""
	case 1:
		return fmt.Sprint("v", k)
	case 2:
		return strings.Repeat(fmt.Sprint("long value ", k), 3)
	}
	return fmt.Sprint("año ", k)
}

func appendText(b array.Builder, k int) bool {
	switch b := b.(type) {
	case array.StringLikeBuilder:
		b.Append(text(k))
	case *array.BinaryBuilder:
		b.Append([]byte(text(k) + "\x00\xff"))
	case *array.BinaryViewBuilder:
		b.Append([]byte(text(k) + "\x00\xff"))
	case *array.FixedSizeBinaryBuilder:
		value := make([]byte, b.Type().(*arrow.FixedSizeBinaryType).ByteWidth)
		copy(value, fmt.Sprint(k, "-"))
		b.Append(value)
	default:
		return false
	}
	return true
}

// floats are the first floats of each type.
var floats = []float64{0, math.Copysign(0, -1), math.NaN(), math.Inf(1), math.Inf(-1), 1.5}

func float(k int) float64 {
	if k < len(floats) {
		return floats[k]
	}
	return float64(k) / 8
}

func appendNumber(b array.Builder, k int) bool {
	n := int64(k)*1_000_003 - 5
	switch b := b.(type) {
	case *array.BooleanBuilder:
		b.Append(k%3 == 0)
	case *array.Float16Builder:
		b.Append(float16.New(float32(float(k))))
	case *array.Float32Builder:
		b.Append(float32(float(k)))
	case *array.Float64Builder:
		b.Append(float(k))
	case *array.Decimal128Builder:
		b.Append(decimal128.New(-n, uint64(n)))
	case *array.Decimal256Builder:
		b.Append(decimal256.New(uint64(n), 1, uint64(n), 7))
	case *array.Date32Builder:
		b.Append(arrow.Date32(n % 100_000))
	case *array.Date64Builder:
		b.Append(arrow.Date64(n % 100_000 * 86_400_000))
	case *array.Time32Builder:
		b.Append(arrow.Time32(n % 86_400))
	case *array.Time64Builder:
		b.Append(arrow.Time64(n % 86_400_000_000))
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(n))
	case *array.DurationBuilder:
		b.Append(arrow.Duration(n))
	case *array.MonthIntervalBuilder:
		b.Append(arrow.MonthInterval(n))
	case *array.DayTimeIntervalBuilder:
		b.Append(arrow.DayTimeInterval{Days: int32(k), Milliseconds: int32(-k)})
	case *array.MonthDayNanoIntervalBuilder:
		b.Append(arrow.MonthDayNanoInterval{Months: int32(k), Days: int32(-k), Nanoseconds: n})
	case *array.NullBuilder:
		b.AppendNull()
	default:
		return false
	}
	return true
}

func appendInteger(b array.Builder, v int64) {
	switch b := b.(type) {
	case *array.Int8Builder:
		b.Append(int8(v))
	case *array.Int16Builder:
		b.Append(int16(v))
	case *array.Int32Builder:
		b.Append(int32(v))
	case *array.Int64Builder:
		b.Append(v)
	case *array.Uint8Builder:
		b.Append(uint8(v))
	case *array.Uint16Builder:
		b.Append(uint16(v))
	case *array.Uint32Builder:
		b.Append(uint32(v))
	case *array.Uint64Builder:
		b.Append(uint64(v))
	default:
		panic(fmt.Sprintf("no values for %T", b))
	}
}
