package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tinylib/msgp/msgp"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
)

// packJSON is a JSON document as MessagePack, the members of objects in the order of their names.
func packJSON(t testing.TB, text []byte) []byte {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return appendPacked(t, nil, v)
}

func appendPacked(t testing.TB, b []byte, v any) []byte {
	switch v := v.(type) {
	case []any:
		b = msgp.AppendArrayHeader(b, uint32(len(v)))
		for _, element := range v {
			b = appendPacked(t, b, element)
		}
		return b
	case map[string]any:
		b = msgp.AppendMapHeader(b, uint32(len(v)))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			b = appendPacked(t, msgp.AppendString(b, name), v[name])
		}
		return b
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return msgp.AppendInt64(b, n)
		}
		f, err := v.Float64()
		if err != nil {
			t.Fatal(err)
		}
		return msgp.AppendFloat64(b, f)
	}
	return append(b, pack(t, v)...)
}

func TestCellsOfDocumentsThatBecomeTextAreCounted(t *testing.T) {
	for _, test := range []struct {
		name, records string
		dtypes        []string
		schema        string
		changed       string
		// at is the place that strict reading names; "" if it refuses nothing.
		at string
	}{
		{"all of one kind", `[{"a":1,"b":"x"},{"a":null,"b":null}]`, nil, "a int64, b utf8", "[0 0]", ""},
		{"integers among floats", `[{"a":1},{"a":2.5}]`, nil, "a float64", "[0]", ""},
		{"numbers among text", `[{"a":"x","b":1},{"a":1,"b":2},{"a":2.5,"b":3},{"b":4}]`, nil, "a utf8, b int64", "[2 0]", `row 2, column "a"`},
		{"bools among numbers", `[{"a":1,"b":"x"},{"a":true,"b":"y"}]`, nil, "a utf8, b utf8", "[2 0]", `row 1, column "a"`},
		{"lists among text", `[{"a":"x"},{"a":[1]},{"a":{"b":1}}]`, nil, "a utf8", "[2]", `row 2, column "a"`},
		{"numbers that shall be text", `[{"a":7,"b":1},{"a":null,"b":2},{"a":8,"b":3}]`, []string{"a=utf8"}, "a utf8, b int64", "[2 0]", `row 1, column "a"`},
		{"numbers that shall be large text", `[{"a":null},{"a":8}]`, []string{"a=large_utf8"}, "a large_utf8", "[1]", `row 2, column "a"`},
		{"text that shall be text", `[{"a":"7"},{"a":null}]`, []string{"a=utf8"}, "a utf8", "[0]", ""},
		{"mixed values that shall be text", `[{"a":"x"},{"a":8}]`, []string{"a=utf8"}, "a utf8", "[1]", `row 2, column "a"`},
		{"mixed values that shall be decimals", `[{"a":"1.25"},{"a":8}]`, []string{"a=decimal(5, 2)"}, "a decimal(5, 2)", "[0]", ""},
		{"numbers of another width", `[{"a":1},{"a":127}]`, []string{"a=int8"}, "a int8", "[0]", ""},
		{"dates", `[{"a":"2026-01-18"}]`, []string{"a=date32"}, "a date32", "[0]", ""},
		{"numbers that shall be text, one with a fraction", `[{"a":7},{"a":8.5}]`, []string{"a=utf8"}, "a utf8", "[2]", `row 1, column "a"`},
		{"numbers that lose digits as float32", `[{"a":0.1},{"a":0.123456789}]`, []string{"a=float32"}, "a float32", "[1]", `row 2, column "a"`},
		{"integers that a float spells with other digits", `[{"a":0.5},{"a":1152921504606846976}]`, nil, "a float64", "[1]", `row 2, column "a"`},
		{"integers that a float spells as they are", `[{"a":0.5},{"a":9007199254740992},{"a":1000000000000000000}]`, nil, "a float64", "[0]", ""},
		{"nothing but null", `[{"a":null}]`, []string{"a=utf8"}, "a utf8", "[0]", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			inputs := map[*codec.Format][]byte{
				JSON:        []byte(test.records),
				NDJSON:      []byte(strings.NewReplacer("},{", "}\n{", "[{", "{", "}]", "}").Replace(test.records)),
				MessagePack: packJSON(t, []byte(test.records)),
			}
			for format, input := range inputs {
				opt := codec.ReadOptions{DTypes: codectest.DTypes(t, test.dtypes...)}
				table, err := format.Decode(input, opt)
				if err != nil {
					t.Fatalf("%s: %v", format.Name, err)
				}
				if got := codectest.SchemaText(table.Schema); got != test.schema {
					t.Errorf("%s: the schema is %s, want %s", format.Name, got, test.schema)
				}
				if got := codectest.Changed(table); got != test.changed {
					t.Errorf("%s: changed are %s, want %s", format.Name, got, test.changed)
				}
				opt.Strict = true
				at := test.at
				if format == NDJSON {
					at = strings.Replace(at, "row", "line", 1)
				}
				_, err = format.Decode(input, opt)
				if at == "" && err != nil || at != "" && (!errors.Is(err, codec.ErrMalformed) || !strings.HasPrefix(err.Error(), at)) {
					t.Errorf("%s: strict reading says %v, want %q", format.Name, err, at)
				}
			}
		})
	}
}

func TestChangedValuesOfDocumentsAreShown(t *testing.T) {
	for _, test := range []struct {
		name    string
		format  *codec.Format
		input   string
		dtypes  []string
		schema  string
		changed string
		samples []codec.Sample
		// strict begins the error of strict reading; "" if it refuses nothing.
		strict string
	}{
		{
			"a number of 17 digits", JSON, `[{"a":1.5},{"a":165860940095399.59}]`, nil, "a float64", "[1]",
			[]codec.Sample{{Kind: codec.Coerced, Line: 2, Before: "165860940095399.59", After: "165860940095399.6"}},
			`row 2, column "a": 165860940095399.59 would be given back as 165860940095399.6, which strict=true refuses`,
		},
		{"the shortest spelling of 17 digits", JSON, `[{"a":0.30000000000000004}]`, nil, "a float64", "[0]", nil, ""},
		{"other spellings of the same numbers", JSON, `[{"a":1.50},{"a":15e-1},{"a":0.0},{"a":1E2}]`, nil, "a float64", "[0]", nil, ""},
		{"a decimal that keeps all digits", JSON, `[{"a":165860940095399.59}]`, []string{"a=decimal(20, 2)"}, "a decimal(20, 2)", "[0]", nil, ""},
		{
			"several values in one row of lists", JSON, `[{"a":null},{"a":[0.10000000000000001,1,0.10000000000000001]},{"a":[]},{"a":[0.10000000000000001]}]`, nil,
			"a list<item: float64, nullable>", "[2]",
			[]codec.Sample{
				{Kind: codec.Coerced, Line: 2, Before: "0.10000000000000001", After: "0.1"},
				{Kind: codec.Coerced, Line: 2, Before: "0.10000000000000001", After: "0.1"},
				{Kind: codec.Coerced, Line: 4, Before: "0.10000000000000001", After: "0.1"},
			},
			`row 2, column "a"`,
		},
		{
			"a value inside of objects", JSON, `[{"a":{"x":{"y":1.5}}},{"a":{"x":{"y":NaN}}}]`, nil, "a struct<x: struct<y: float64>>", "[1]",
			[]codec.Sample{{Kind: codec.ToMissing, Line: 2, Before: "NaN"}},
			`row 2, column "a": NaN is not JSON and would become a missing value, which strict=true refuses; null is accepted`,
		},
		{
			"no more than three values", JSON, `[{"a":"x"},{"a":1},{"a":true},{"a":[1, "\u0061"]},{"a":2}]`, nil, "a utf8", "[4]",
			[]codec.Sample{
				{Kind: codec.Respelled, Line: 2, Before: "1", After: `"1"`},
				{Kind: codec.Respelled, Line: 3, Before: "true", After: `"true"`},
				{Kind: codec.Respelled, Line: 4, Before: `[1, "\u0061"]`, After: `"[1,\"a\"]"`},
			},
			`row 2, column "a": the value 1 is not text`,
		},
		{
			"lines, some of which are blank", NDJSON, "\n{\"a\":1.5}\r\n\r\n \n{\"a\":NaN}\n{\"a\":0.10000000000000001}", nil, "a float64", "[2]",
			[]codec.Sample{{Kind: codec.ToMissing, Line: 5, Before: "NaN"}, {Kind: codec.Coerced, Line: 6, Before: "0.10000000000000001", After: "0.1"}},
			`line 5, column "a"`,
		},
		{
			"MessagePack", MessagePack, string(oneColumn(t, "x", nil, uint64(7), []any{[]byte{1}})), nil, "a utf8", "[2]",
			[]codec.Sample{{Kind: codec.Respelled, Line: 3, Before: "7", After: `"7"`}, {Kind: codec.Respelled, Line: 4, Before: `["AQ=="]`, After: `"[\"AQ==\"]"`}},
			`row 3, column "a"`,
		},
		{
			"a float32 of MessagePack", MessagePack, string(oneColumn(t, 0.1, 0.5)),
			[]string{"a=float16"},
			"a float16", "[1]",
			[]codec.Sample{{Kind: codec.Coerced, Line: 1, Before: "0.1", After: "0.099975586"}},
			`row 1, column "a"`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			opt := codec.ReadOptions{DTypes: codectest.DTypes(t, test.dtypes...)}
			table, err := test.format.Decode([]byte(test.input), opt)
			if err != nil {
				t.Fatal(err)
			}
			if got := codectest.SchemaText(table.Schema); got != test.schema {
				t.Errorf("the schema is %s, want %s", got, test.schema)
			}
			if got := codectest.Changed(table); got != test.changed {
				t.Errorf("changed are %s, want %s", got, test.changed)
			}
			var samples []codec.Sample
			if table.Receipt.Samples != nil {
				samples = table.Receipt.Samples[0]
			}
			if diff := cmp.Diff(test.samples, samples); diff != "" {
				t.Errorf("the samples differ (-want +got):\n%s", diff)
			}
			opt.Strict = true
			_, err = test.format.Decode([]byte(test.input), opt)
			if test.strict == "" && err != nil || test.strict != "" && (!errors.Is(err, codec.ErrMalformed) || !strings.HasPrefix(err.Error(), test.strict)) {
				t.Errorf("strict reading says %v, want %q", err, test.strict)
			}
		})
	}
}

func TestDecimalsOfNumbersKeepAllDigits(t *testing.T) {
	for _, format := range []*codec.Format{JSON, NDJSON} {
		table, err := format.Decode([]byte(`{"a":165860940095399.59}`+"\n"+`{"a":0.10}`), codec.ReadOptions{DTypes: codectest.DTypes(t, "a=decimal(20, 2)")})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := string(appendJSON(nil, table, Columns)), `{"a":["165860940095399.59","0.10"]}`; got != want {
			t.Errorf("%s: the values are %s, want %s", format.Name, got, want)
		}
	}
}
