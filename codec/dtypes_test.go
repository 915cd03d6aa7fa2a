package codec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/tinylib/msgp/msgp"
)

// dtypesOf makes the types of columns of "name=type".
func dtypesOf(t testing.TB, pairs ...string) map[string]arrow.DataType {
	t.Helper()
	out := map[string]arrow.DataType{}
	for _, pair := range pairs {
		name, dtype, _ := strings.Cut(pair, "=")
		dt, err := ParseDType(dtype)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = dt
	}
	return out
}

func TestTextIsReadAsTheTypeThatIsWanted(t *testing.T) {
	for _, test := range []struct {
		dtype, cells, want string
		changed            int64
	}{
		{"int8", "127|-128|007|+5|NA| 3 |1e2|1.0|5.", "127 -128 7 5 null 3 100 1 5", 7},
		{"int16", "32767|-32768", "32767 -32768", 0},
		{"int32", "2147483647|-0", "2147483647 0", 1},
		{"int64", "9223372036854775807|-9223372036854775808|0000000000000000000000000001", "9223372036854775807 -9223372036854775808 1", 1},
		{"uint8", "255|0", "255 0", 0},
		{"uint64", "18446744073709551615", "18446744073709551615", 0},
		{"float64", "1|2.5|.5|5.|1.e3|1.00E-2|007.5|+1.5|-.5|-0", "1.0 2.5 0.5 5.0 1000.0 0.01 7.5 1.5 -0.5 -0.0", 9},
		{"float64", "inf|-Infinity|+INF|1", "Infinity -Infinity Infinity 1.0", 3},
		{"float32", "0.1|inf|16777216", "0.1 Infinity 16777216.0", 2},
		{"float16", "1.5|-inf", "1.5 -Infinity", 1},
		{"bool", "true|FALSE|True| false|NA", "true false true false null", 4},
		{"utf8", "007|1.50| x |NA|true", `"007" "1.50" " x " null "true"`, 1},
		{"large_utf8", "007|NA", "007 null", 1},
		{"date32", "2026-01-18|0001-01-01|9999-12-31", "2026-01-18 0001-01-01 9999-12-31", 0},
		{"date64", "2026-01-18", "2026-01-18", 0},
		{"timestamp[s]", "2026-01-18T10:30:00|2026-01-18 10:30:00|2026-01-18 10:30", "2026-01-18T10:30:00 2026-01-18T10:30:00 2026-01-18T10:30:00", 2},
		{"timestamp[ns]", "2026-01-18T10:30:00.123456789", "2026-01-18T10:30:00.123456789", 0},
		{"timestamp[ms, tz=UTC]", "2026-01-18T10:30:00Z|2026-01-18T12:30+02:00", "2026-01-18T10:30:00Z 2026-01-18T10:30:00Z", 1},
		{"time32[s]", "10:30:00", "10:30:00", 0},
		{"time64[us]", "10:30:00.000001", "10:30:00.000001", 0},
		{"decimal(10, 2)", "1.5|1.50|-12345678.25|7|007|1e2|+3|.5|5.", "1.50 1.50 -12345678.25 7.00 7.00 100.00 3.00 0.50 5.00", 7},
		{"decimal(38, 0)", strings.Repeat("9", 38), strings.Repeat("9", 38), 0},
		{"binary", "AAEC", "AAEC", 0},
		{"null", "NA||", "null null null", 1},
	} {
		t.Run(test.dtype+" "+test.cells, func(t *testing.T) {
			text := "a,b\n" + strings.ReplaceAll(test.cells, "|", ",\n") + ",\n"
			opt := ReadOptions{DTypes: dtypesOf(t, "a="+test.dtype)}
			for _, sizes := range []textSizes{defaultSizes, {groupRows: 2, windowFields: 2, windowRows: 1}} {
				table, err := decodeDelimited([]byte(text), opt, sizes)
				if err != nil {
					t.Fatal(err)
				}
				if got := DType(table.Schema.Field(0).Type); got != test.dtype {
					t.Errorf("the type is %s, want %s", got, test.dtype)
				}
				if got := columnText(table, 0); got != test.want {
					t.Errorf("the values are %s, want %s", got, test.want)
				}
				var changed int64
				if table.Receipt.Changed != nil {
					changed = table.Receipt.Changed[0]
				}
				if changed != test.changed {
					t.Errorf("%d cells are changed, want %d", changed, test.changed)
				}
				checkChanged(t, []byte(text), table, opt)
				checkArrays(t, table)
			}
			opt.Strict = true
			if _, err := csvFormat.Decode([]byte(text), opt); (err != nil) != (test.changed > 0) {
				t.Errorf("strict reading says %v about %d changed cells", err, test.changed)
			}
		})
	}
}

func TestTextThatDoesNotFitATypeIsRefusedWithItsPlace(t *testing.T) {
	for _, test := range []struct{ dtype, cell string }{
		{"int8", "128"},
		{"int8", "-129"},
		{"int8", "1.5"},
		{"int8", "x"},
		{"int8", "+-5"},
		{"int8", "--5"},
		{"int8", "+"},
		{"int8", "1 2"},
		{"int8", "0x10"},
		{"int8", "1_000"},
		{"int8", "true"},
		{"int8", "inf"},
		{"int64", "9223372036854775808"},
		{"uint8", "-1"},
		{"uint64", "18446744073709551616"},
		{"int64", "1e400"},
		{"float64", "1e400"},
		{"float64", "1e5.0"},
		{"int64", "1e2."},
		{"float64", "."},
		{"float64", strings.Repeat("0", 2000)},
		{"float64", "1.e"},
		{"float64", ".e5"},
		{"float64", "+-1.5"},
		{"float64", "1.5.5"},
		{"float64", "9007199254740993"},
		{"float32", "16777217"},
		{"float16", "65520"},
		{"float16", "2049"},
		{"float64", "infinit"},
		{"bool", "1"},
		{"bool", "yes"},
		{"date32", "2026-02-30"},
		{"date32", "18.01.2026"},
		{"date32", "2026-01-18T00:00:00"},
		{"timestamp[s]", "2026-01-18"},
		{"timestamp[s]", "2026-01-18T10:30:00.5"},
		{"timestamp[s]", "2026-01-18T10:30.5"},
		{"timestamp[s]", "2026-01-18T10:30:00Z"},
		{"timestamp[s, tz=UTC]", "2026-01-18T10:30:00"},
		{"timestamp[ns]", "9999-01-01T00:00:00"},
		{"time32[s]", "24:00:00"},
		{"decimal(10, 2)", "1.005"},
		{"decimal(4, 2)", "100"},
		{"decimal(4, 2)", "+-1"},
		{"decimal(4, 2)", "inf"},
		{"binary", "AA"},
		{"null", "x"},
	} {
		t.Run(test.dtype+" "+Shorten(test.cell), func(t *testing.T) {
			// The cell is the first of a second row group, behind a quoted line end and a comment.
			text := "a,b\n,\"x\ny\"\n#\nNA,\n" + test.cell + ",z\n,\n"
			opt := ReadOptions{Comment: '#', DTypes: dtypesOf(t, "a="+test.dtype)}
			_, err := decodeDelimited([]byte(text), opt, textSizes{groupRows: 2, windowFields: 2, windowRows: 1})
			want := fmt.Sprintf(`line 6, column "a": %q does not fit %s`, Shorten(test.cell), test.dtype)
			if !errors.Is(err, ErrMismatch) || err.Error() != want {
				t.Errorf("the error is %v, want %s", err, want)
			}
		})
	}
	for _, c := range []refusal{
		{"no such column", "a,b\n1,2\n", ReadOptions{DTypes: dtypesOf(t, "c=int8")}, ErrMismatch, `there is no column "c" to have a dtype: the columns are "a", "b"`},
		{"no such column of many", strings.Repeat("c,", 2) + "d\n", ReadOptions{NoHeader: true, DTypes: dtypesOf(t, "c=int8")}, ErrMismatch, `the columns are "column_1", "column_2", "column_3"`},
		{"the number of another dialect", "a;b\n1,5;2\n", ReadOptions{Delimiter: ';', DTypes: dtypesOf(t, "a=float64")}, ErrMismatch, `line 2, column "a": "1,5" does not fit float64`},
		{"groups of other sizes", "a;b\n1.23;2\n", ReadOptions{Delimiter: ';', Decimal: ',', Thousands: '.', DTypes: dtypesOf(t, "a=int32")}, ErrMismatch, `"1.23" does not fit int32`},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, csvFormat) })
	}
}

// changedOf spells the counts of changed cells, for as many columns as the table has.
func changedOf(table *Table) string {
	counts := table.Receipt.Changed
	if counts == nil {
		counts = make([]int64, table.Schema.NumFields())
	}
	return fmt.Sprint(counts)
}

// packJSON is a JSON document as MessagePack, the members of objects in the order of their names.
func packJSON(t testing.TB, document []byte) []byte {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(document))
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
			inputs := map[*Format][]byte{
				jsonFormat:    []byte(test.records),
				ndjsonFormat:  []byte(strings.NewReplacer("},{", "}\n{", "[{", "{", "}]", "}").Replace(test.records)),
				msgpackFormat: packJSON(t, []byte(test.records)),
			}
			for format, input := range inputs {
				opt := ReadOptions{DTypes: dtypesOf(t, test.dtypes...)}
				table, err := format.Decode(input, opt)
				if err != nil {
					t.Fatalf("%s: %v", format.Name, err)
				}
				if got := schemaText(table.Schema); got != test.schema {
					t.Errorf("%s: the schema is %s, want %s", format.Name, got, test.schema)
				}
				if got := changedOf(table); got != test.changed {
					t.Errorf("%s: changed are %s, want %s", format.Name, got, test.changed)
				}
				opt.Strict = true
				_, err = format.Decode(input, opt)
				if test.at == "" && err != nil || test.at != "" && (!errors.Is(err, ErrMalformed) || !strings.HasPrefix(err.Error(), test.at)) {
					t.Errorf("%s: strict reading says %v, want %q", format.Name, err, test.at)
				}
			}
		})
	}
}
