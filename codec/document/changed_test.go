package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

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
				_, err = format.Decode(input, opt)
				if test.at == "" && err != nil || test.at != "" && (!errors.Is(err, codec.ErrMalformed) || !strings.HasPrefix(err.Error(), test.at)) {
					t.Errorf("%s: strict reading says %v, want %q", format.Name, err, test.at)
				}
			}
		})
	}
}
