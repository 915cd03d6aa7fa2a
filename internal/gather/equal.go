package gather

import (
	"bytes"
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// Equal reports whether two arrays have the same values, so that one can take the place of the other. [array.Equal]
// takes 0 and -0 for the same value, which are spelled differently.
func Equal(a, b arrow.Array) bool { return array.Equal(a, b) && sameZeros(a, b) }

// sameZeros reports whether the zeros of arrays that are equal otherwise have the same signs. For nested arrays
// it may return false although the signs are the same.
func sameZeros(a, b arrow.Array) bool {
	switch a := a.(type) {
	case *array.Float64:
		return sameSigns(a, a.Float64Values(), b.(*array.Float64).Float64Values())
	case *array.Float32:
		return sameSigns(a, a.Float32Values(), b.(*array.Float32).Float32Values())
	}
	return !hasFloats(a.DataType()) || sameBytes(a, b)
}

// sameSigns reports whether the values of arr, which are a, have the same signs as those of b.
func sameSigns[T float32 | float64](arr arrow.Array, a, b []T) bool {
	for row, v := range a {
		if v == 0 && math.Signbit(float64(v)) != math.Signbit(float64(b[row])) && !arr.IsNull(row) {
			return false
		}
	}
	return true
}

// hasFloats reports whether values of a type are floats or have some.
func hasFloats(dt arrow.DataType) bool {
	switch dt := dt.(type) {
	case *arrow.DictionaryType:
		return hasFloats(dt.ValueType)
	case arrow.ExtensionType:
		return hasFloats(dt.StorageType())
	case arrow.NestedType:
		for _, f := range dt.Fields() {
			if hasFloats(f.Type) {
				return true
			}
		}
	}
	return arrow.IsFloating(dt.ID())
}

// sameBytes reports whether two arrays are the same in memory.
func sameBytes(a, b arrow.Array) bool {
	x, err := Trim(a)
	if err != nil {
		return false
	}
	y, err := Trim(b)
	return err == nil && sameData(x.Data(), y.Data())
}

func sameData(a, b arrow.ArrayData) bool {
	if len(a.Buffers()) != len(b.Buffers()) || len(a.Children()) != len(b.Children()) {
		return false
	}
	for i := range a.Buffers() {
		if !bytes.Equal(piece{data: a}.buffer(i), piece{data: b}.buffer(i)) {
			return false
		}
	}
	for i, child := range a.Children() {
		if !sameData(child, b.Children()[i]) {
			return false
		}
	}
	return a.DataType().ID() != arrow.DICTIONARY || sameData(a.Dictionary(), b.Dictionary())
}
