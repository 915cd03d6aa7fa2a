package scalar_test

import (
	"fmt"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec/codectest"
	"edgeframe/codec/scalar"
)

// compareAll compares what a function returned for all rows with what another one returns for each.
func compareAll[T comparable](t *testing.T, name string, arr arrow.Array, all []T, one func(row int) T) (compared int) {
	t.Helper()
	missing := scalar.Missing(arr)
	for row, value := range all {
		if !missing(row) && value != one(row) {
			t.Errorf("%s: row %d is %v, want %v", name, row, value, one(row))
		}
	}
	if all != nil && len(all) != arr.Len() {
		t.Errorf("%s: %d values for %d rows", name, len(all), arr.Len())
	}
	return len(all)
}

func TestAllValuesOfAnArrayAreThoseOfItsRows(t *testing.T) {
	all := codectest.AllTypes()
	kinds := map[string]int{}
	for _, g := range all.RowGroups {
		for i, field := range all.Schema.Fields() {
			for _, arr := range []arrow.Array{g.Column(i), array.NewSlice(g.Column(i), 1, g.NumRows())} {
				name := fmt.Sprint(field.Name, " of ", arr.Len())
				if compareAll(t, name, arr, scalar.AllTicks(arr), scalar.Ticks(arr)) > 0 {
					kinds["ticks"]++
				}
				if compareAll(t, name, arr, scalar.AllNumbers(arr), scalar.Numbers(arr)) > 0 {
					kinds["numbers"]++
				}
			}
		}
	}
	if kinds["ticks"] < 13 || kinds["numbers"] < 9 {
		t.Errorf("too few types were compared: %v", kinds)
	}
}
