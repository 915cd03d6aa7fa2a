package scalar_test

import (
	"encoding/json"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec/codectest"
	"edgeframe/codec/scalar"
)

func TestEveryTypeHasItsSpellings(t *testing.T) {
	for _, s := range codectest.AllSpellings(t) {
		t.Run(s.Name, func(t *testing.T) {
			if got := string(scalar.Text(s.Arr)([]byte("before "), 0)); got != "before "+s.Text {
				t.Errorf("text is %q, want %q", got, "before "+s.Text)
			}
			got := string(scalar.JSON(s.Arr)([]byte("["), 0))
			if got != "["+s.JSON {
				t.Errorf("JSON is %s, want %s", got, "["+s.JSON)
			}
			if !json.Valid([]byte(got + "]")) {
				t.Errorf("%s is not JSON", got)
			}
		})
	}
}

func TestSpellingsDoNotDependOnTheOffsetOfASlice(t *testing.T) {
	union := []arrow.Field{{Name: "i", Type: arrow.PrimitiveTypes.Int64, Nullable: true}}
	code := []arrow.UnionTypeCode{3}
	twice := map[string]arrow.Array{ // arrow-go does not concatenate unions
		"sparse_union": codectest.FromJSON(t, arrow.SparseUnionOf(union, code), `[[3, 1], [3, 7]]`),
		"dense_union":  codectest.FromJSON(t, arrow.DenseUnionOf(union, code), `[[3, 1], [3, 7]]`),
	}
	want := map[string]string{"sparse_union": "7", "dense_union": "7"}
	for _, s := range codectest.AllSpellings(t) {
		if twice[s.Name] != nil {
			continue
		}
		arr, err := array.Concatenate([]arrow.Array{s.Arr, s.Arr}, memory.DefaultAllocator)
		if err != nil {
			t.Fatalf("%s: %v", s.Name, err)
		}
		twice[s.Name], want[s.Name] = arr, s.JSON
	}
	for name, arr := range twice {
		if got := string(scalar.JSON(array.NewSlice(arr, 1, 2))(nil, 0)); got != want[name] {
			t.Errorf("%s: JSON of a slice is %s, want %s", name, got, want[name])
		}
	}
}

func TestMissingValuesAreNullWhereverTheyAre(t *testing.T) {
	ints, text := arrow.PrimitiveTypes.Int64, arrow.BinaryTypes.String
	dictionaryType := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: text}
	nullInside := array.NewDictionaryArray(dictionaryType, codectest.FromJSON(t, arrow.PrimitiveTypes.Int8, `[0, 1]`), codectest.FromJSON(t, text, `["x", null]`))
	union := []arrow.Field{{Name: "i", Type: ints, Nullable: true}}
	tests := []struct {
		name string
		arr  arrow.Array
	}{
		{"in the array itself", codectest.FromJSON(t, ints, `[1, null]`)},
		{"in a slice", array.NewSlice(codectest.FromJSON(t, ints, `[1, 1, null]`), 1, 3)},
		{"in the indices of a dictionary", codectest.FromJSON(t, dictionaryType, `["x", null]`)},
		{"in the values of a dictionary", nullInside},
		{"in the values of runs", codectest.FromJSON(t, arrow.RunEndEncodedOf(arrow.PrimitiveTypes.Int32, text), `["x", null]`)},
		{"in the child of a sparse union", codectest.FromJSON(t, arrow.SparseUnionOf(union, []arrow.UnionTypeCode{0}), `[[0, 1], [0, null]]`)},
		{"in the child of a dense union", codectest.FromJSON(t, arrow.DenseUnionOf(union, []arrow.UnionTypeCode{0}), `[[0, 1], [0, null]]`)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			isNull, spell := scalar.NullChecker(test.arr), scalar.JSON(test.arr)
			if isNull(0) || !isNull(1) {
				t.Errorf("missing are %v and %v, want false and true", isNull(0), isNull(1))
			}
			if got := string(spell(nil, 1)); got != "null" {
				t.Errorf("JSON of the missing value is %s", got)
			}
			if got := string(spell(nil, 0)); got == "null" {
				t.Error("JSON of the value that is there is null")
			}
		})
	}
}
