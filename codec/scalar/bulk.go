package scalar

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// AllTicks returns what [Ticks] returns for each row, anything for missing values. It is several times as fast
// as a call for each row. It returns nil for arrays whose values are elsewhere, as those of dictionaries, and
// for those that have no ticks. The result may share the memory of arr.
func AllTicks(arr arrow.Array) []int64 {
	switch a := arr.(type) {
	case *array.Int64:
		return a.Int64Values()
	case *array.Int8:
		return widened[int64](a.Int8Values())
	case *array.Int16:
		return widened[int64](a.Int16Values())
	case *array.Int32:
		return widened[int64](a.Int32Values())
	case *array.Uint8:
		return widened[int64](a.Uint8Values())
	case *array.Uint16:
		return widened[int64](a.Uint16Values())
	case *array.Uint32:
		return widened[int64](a.Uint32Values())
	case *array.Date32:
		return widened[int64](a.Date32Values())
	case *array.Date64:
		return widened[int64](a.Date64Values())
	case *array.Time32:
		return widened[int64](a.Time32Values())
	case *array.Time64:
		return widened[int64](a.Time64Values())
	case *array.Timestamp:
		return widened[int64](a.TimestampValues())
	case *array.Duration:
		return widened[int64](a.DurationValues())
	}
	return nil
}

// AllNumbers is [AllTicks] for [Numbers]: of floats of 32 and 64 bits, and of integers except uint64.
func AllNumbers(arr arrow.Array) []float64 {
	switch a := arr.(type) {
	case *array.Float64:
		return a.Float64Values()
	case *array.Float32:
		return widened[float64](a.Float32Values())
	}
	if !arrow.IsInteger(arr.DataType().ID()) {
		return nil
	}
	return widened[float64](AllTicks(arr))
}

// widened returns values as another type. nil stays nil.
func widened[To int64 | float64, From ~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~float32](values []From) []To {
	if values == nil {
		return nil
	}
	out := make([]To, len(values))
	for i, v := range values {
		out[i] = To(v)
	}
	return out
}
