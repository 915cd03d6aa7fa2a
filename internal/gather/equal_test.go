package gather_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/internal/gather"
)

var minusZero = math.Copysign(0, -1)

// floats returns a list of the values in one row, as a list of floats.
func floats(values ...float64) arrow.Array {
	b := array.NewListBuilder(memory.DefaultAllocator, arrow.PrimitiveTypes.Float64)
	b.Append(true)
	b.ValueBuilder().(*array.Float64Builder).AppendValues(values, nil)
	return b.NewArray()
}

// numbered returns values of a dictionary of floats, in their order.
func numbered(values ...float64) arrow.Array {
	indices := array.NewInt8Builder(memory.DefaultAllocator)
	for i := range values {
		indices.Append(int8(i))
	}
	dt := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.PrimitiveTypes.Float64}
	return array.NewDictionaryArray(dt, indices.NewArray(), floats(values...).(*array.List).ListValues())
}

func TestZerosOfDifferentSignsAreNotEqual(t *testing.T) {
	for _, of := range []func(values ...float64) arrow.Array{
		floats,
		numbered,
		func(values ...float64) arrow.Array { return floats(values...).(*array.List).ListValues() },
	} {
		a, same, other := of(1, 0), of(1, 0), of(1, minusZero)
		if !gather.Equal(a, same) || gather.Equal(a, other) || gather.Equal(a, of(2, 0)) {
			t.Errorf("%v and %v are equal: %v, %v", a, other, gather.Equal(a, same), gather.Equal(a, other))
		}
	}
}

func TestDictionariesThatDifferInASignAreUnified(t *testing.T) {
	parts := []arrow.Array{numbered(0, 1), numbered(minusZero, 1)}
	whole, err := gather.Rows(parts, []gather.Run{{Source: 0, To: 2}, {Source: 1, To: 2}})
	if err != nil {
		t.Fatal(err)
	}
	mapped, err := unified(t, parts).Map(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint([]string{whole.ValueStr(0), whole.ValueStr(2), mapped.ValueStr(0)}); got != "[0 -0 -0]" {
		t.Errorf("the zeros are %s, want [0 -0 -0]", got)
	}
}
