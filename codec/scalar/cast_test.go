package scalar_test

import (
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/scalar"
)

func TestCastsKeepTheWholeValue(t *testing.T) {
	for _, tt := range []struct{ from, values, to, want string }{
		{"float32", `[0.1,null,16777216]`, "float64", `[0.10000000149011612,null,16777216.0]`},
		{"float16", `[0.1]`, "float64", `[0.0999755859375]`},
		{"float64", `[0.1]`, "float32", `[0.1]`},
		{"float64", `[1e18,-9.223372036854775808e18,9007199254740994,0]`, "int64", `[1000000000000000000,-9223372036854775808,9007199254740994,0]`},
		{"float64", `[1.8446744073709550e19]`, "uint64", `[18446744073709549568]`},
		{"float32", `[1e18]`, "int64", `[999999984306749440]`},
		{"utf8", `["1e18","9007199254740993.0"," 7. "]`, "int64", `[1000000000000000000,9007199254740993,7]`},
		{"utf8", `["1","0","TRUE"," false ","1.0"]`, "bool", `[true,false,true,false,true]`},
		{"int64", `[1,0]`, "bool", `[true,false]`},
		{"bool", `[true,false]`, "int8", `[1,0]`},
		{"date32", `["2026-01-18"]`, "timestamp[us]", `["2026-01-18T00:00:00"]`},
		{"float64", `[1.5,null]`, "utf8", `["1.5",null]`},
	} {
		arr, to := codectest.ParseCells(t, tt.from, tt.values), codectest.DTypes(t, "a="+tt.to)["a"]
		got, err := scalar.Cast(arr, scalar.CastOf(arrow.Field{Type: arr.DataType()}, to), to, codec.Limits{}, func(row int, fit scalar.Fit) error {
			if fit == scalar.NoFit {
				t.Errorf("%s %s: row %d does not fit %s", tt.from, tt.values, row, tt.to)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if shown := codectest.JSONArray(got); shown != tt.want {
			t.Errorf("%s %s as %s is %s, want %s", tt.from, tt.values, tt.to, shown, tt.want)
		}
	}
}

func TestCastsRefuseWhatTheyCannotKeep(t *testing.T) {
	for _, tt := range []struct{ from, values, to string }{
		{"float64", `[0.5]`, "int64"},
		{"float64", `[9.223372036854775808e18]`, "int64"},
		{"float64", `[-1]`, "uint64"},
		{"float64", `[1.8446744073709551616e19]`, "uint64"},
		{"float64", `[300]`, "int8"},
		{"utf8", `["inf"]`, "float64"},
		{"utf8", `["2"]`, "bool"},
		{"utf8", `["1e19"]`, "int64"},
	} {
		arr, to := codectest.ParseCells(t, tt.from, tt.values), codectest.DTypes(t, "a="+tt.to)["a"]
		refused := false
		_, err := scalar.Cast(arr, scalar.CastOf(arrow.Field{Type: arr.DataType()}, to), to, codec.Limits{}, func(_ int, fit scalar.Fit) error {
			refused = refused || fit == scalar.NoFit
			return nil
		})
		if err != nil || !refused {
			t.Errorf("%s %s becomes %s (%v)", tt.from, tt.values, tt.to, err)
		}
	}
}

func TestInfinitiesStayInFloatsOfAnySize(t *testing.T) {
	text := codectest.ParseCells(t, "utf8", `["inf","-inf"]`)
	for _, to := range []string{"float16", "float32", "float64"} {
		b := newBuilder(t, codectest.DTypes(t, "a=float64")["a"])
		for row := range text.Len() {
			b.AppendText(scalar.Text(text)(nil, row))
		}
		arr, dt := b.Array(), codectest.DTypes(t, "a="+to)["a"]
		got, err := scalar.Cast(arr, scalar.CastOf(arrow.Field{Type: arr.DataType()}, dt), dt, codec.Limits{}, func(row int, fit scalar.Fit) error {
			if fit == scalar.NoFit {
				t.Errorf("row %d does not fit %s", row, to)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if a, b := scalar.Text(got)(nil, 0), scalar.Text(got)(nil, 1); string(a) != "Infinity" || string(b) != "-Infinity" {
			t.Errorf("%s: %s, %s", to, a, b)
		}
	}
}
