package scalar_test

import (
	"errors"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/scalar"
)

// TestConversionsAreThoseOfJSON compares conversions with what they mean: the values spelled as JSON,
// and read again.
func TestConversionsAreThoseOfJSON(t *testing.T) {
	values := codectest.AllSpellings(t)
	values = append(values,
		codectest.Spelling{Name: "1.5e1 as text", Arr: codectest.ParseCells(t, "utf8", `["1.5e1"]`)},
		codectest.Spelling{Name: "a timestamp as text", Arr: codectest.ParseCells(t, "utf8", `["2026-01-18T00:00:00"]`)},
		codectest.Spelling{Name: "an instant as text", Arr: codectest.ParseCells(t, "utf8", `["2026-01-18 10:30:00Z"]`)},
		codectest.Spelling{Name: "a whole float32", Arr: codectest.ParseCells(t, "float32", `[123456792]`)},
		codectest.Spelling{Name: "a float64 for float16", Arr: codectest.ParseCells(t, "float64", `[2048.5]`)},
		codectest.Spelling{Name: "an integer for floats", Arr: codectest.ParseCells(t, "int64", `[16777217]`)},
		codectest.Spelling{Name: "a large integer for floats", Arr: codectest.ParseCells(t, "uint64", `[18446744073709549568]`)},
		codectest.Spelling{Name: "a list of integers", Arr: list(t, arrow.ListOf(arrow.PrimitiveTypes.Int64), `[[1,null,70000]]`)},
		codectest.Spelling{Name: "entries of a map", Arr: list(t, arrow.ListOf(arrow.StructOf(
			arrow.Field{Name: "value", Type: arrow.PrimitiveTypes.Float64, Nullable: true}, arrow.Field{Name: "key", Type: arrow.BinaryTypes.LargeString})), `[[{"key":"x","value":1.0}]]`)},
		codectest.Spelling{Name: "a struct of dates", Arr: list(t, arrow.StructOf(arrow.Field{Name: "b", Type: arrow.FixedWidthTypes.Date32, Nullable: true}), `[{"b":"2026-01-18"}]`)},
	)
	targets := map[string]arrow.DataType{
		"list<int8>":     arrow.ListOf(arrow.PrimitiveTypes.Int8),
		"list<int32>":    arrow.ListOfNonNullable(arrow.PrimitiveTypes.Int32),
		"map<utf8,int8>": arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int8),
		"dictionary":     &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int16, ValueType: arrow.PrimitiveTypes.Float64},
		"decimal":        &arrow.Decimal128Type{Precision: 12, Scale: 3},
	}
	for _, s := range values {
		targets[scalar.DType(s.Arr.DataType())] = s.Arr.DataType()
	}
	fits := 0
	for _, s := range values {
		if s.Name == "utf8 that is not UTF-8" {
			continue // JSON cannot hold it
		}
		has := s.Arr.DataType()
		arr := withNull(s.Arr)
		for name, want := range targets {
			if arrow.TypeEqual(has, want) || has.ID() == arrow.FLOAT32 && want.ID() == arrow.FLOAT64 || scalar.IsText(want) && !scalar.IsText(has) {
				continue // these have rules of their own
			}
			got, err := scalar.Convert(arr, want, codec.Limits{})
			text := codectest.JSONArray(arr)
			if s.JSON == "null" && has.ID() != arrow.NULL {
				if !errors.Is(err, codec.ErrMismatch) && !errors.Is(err, codec.ErrUnsupported) {
					t.Errorf("%s as %s: %v, %v; JSON has no such value", s.Name, name, got, err)
				}
				continue
			}
			expected, why := scalar.FromJSON([]byte(text), want, codec.Limits{})
			switch {
			case why == nil && err != nil && arrow.IsFloating(has.ID()) && arrow.IsInteger(want.ID()) && s.Name == "large float64":
				continue // a float beyond 2^53 may have been rounded when it was read, its spelling was not
			case (err == nil) != (why == nil), err != nil && err.Error() != why.Error():
				t.Errorf("%s as %s: the error is %v, that of its JSON %s is %v", s.Name, name, err, text, why)
			case err == nil && !array.Equal(got, expected):
				t.Errorf("%s as %s: %v, its JSON %s is %v", s.Name, name, got, text, expected)
			case err == nil:
				fits++
			}
		}
	}
	if fits < 100 {
		t.Errorf("only %d conversions are possible: the test needs more", fits)
	}
}

func list(t *testing.T, dt arrow.DataType, text string) arrow.Array {
	t.Helper()
	arr, err := scalar.FromJSON([]byte(text), dt, codec.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return arr
}

// withNull returns null and the value of arr, if there is a null of its type.
func withNull(arr arrow.Array) arrow.Array {
	b := array.NewBuilder(memory.DefaultAllocator, arr.DataType())
	b.AppendNull()
	both, err := array.Concatenate([]arrow.Array{b.NewArray(), arr}, memory.DefaultAllocator)
	if err != nil {
		return arr
	}
	return both
}
