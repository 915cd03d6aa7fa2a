package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/google/go-cmp/cmp"
	"github.com/tinylib/msgp/msgp"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/scalar"
)

// decodeCase is an input and the table that it means.
type decodeCase struct {
	name, input string
	orient      Orient
	schema      string
	records     string
}

func (c decodeCase) run(t *testing.T, f *codec.Format) {
	table, err := f.Decode([]byte(c.input), codec.ReadOptions{Options: Options{Orient: c.orient}})
	if err != nil {
		t.Fatal(err)
	}
	if got := codectest.SchemaText(table.Schema); got != c.schema {
		t.Errorf("the schema is %s, want %s", got, c.schema)
	}
	if got := string(appendJSON(nil, table, Records)); got != c.records {
		t.Errorf("the records are\n%s, want\n%s", got, c.records)
	}
}

var jsonShapes = []decodeCase{
	{"records", ` [ {"a":1,"b":"x"} , {"a":2,"b":"y"} ] `, "", "a int64, b utf8", `[{"a":1,"b":"x"},{"a":2,"b":"y"}]`},
	{"records after a byte order mark", "\ufeff[{\"a\":1}]", "", "a int64", `[{"a":1}]`},
	{"keys that come later or not at all", `[{"a":1},{"b":true},{"a":2,"c":"x"}]`, "", "a int64, b bool, c utf8", `[{"a":1,"b":null,"c":null},{"a":null,"b":true,"c":null},{"a":2,"b":null,"c":"x"}]`},
	{"keys in another order", `[{"a":1,"b":2},{"b":3,"a":4}]`, "", "a int64, b int64", `[{"a":1,"b":2},{"a":4,"b":3}]`},
	{"keys with escapes", `[{"\u0061":1},{"a":2}]`, "", "a int64", `[{"a":1},{"a":2}]`},
	{"no records", `[]`, "", "", `[]`},
	{"empty records", `[{},{}]`, "", "", `[{},{}]`},
	{"columns", `{"a":[1,null],"b":["x","y"]}`, "", "a int64, b utf8", `[{"a":1,"b":"x"},{"a":null,"b":"y"}]`},
	{"columns of lists", `{"a":[[1],[2,3]]}`, "", "a list<item: int64, nullable>", `[{"a":[1]},{"a":[2,3]}]`},
	{"columns without rows", `{"a":[]}`, "", "a null", `[]`},
	{"no columns", `{}`, "", "", `[]`},
	{"split", `{"columns":["a","b"],"data":[[1,"x"],[2,null]]}`, "", "a int64, b utf8", `[{"a":1,"b":"x"},{"a":2,"b":null}]`},
	{"split in another order", `{"data":[[1]],"columns":["a"]}`, "", "a int64", `[{"a":1}]`},
	{"split with an index of positions", `{"columns":["a"],"index":[0,1],"data":[[5],[6]]}`, "", "a int64", `[{"a":5},{"a":6}]`},
	{"split with an index that says more", `{"columns":["a"],"index":["x","y"],"data":[[5],[6]]}`, "", "index utf8, a int64", `[{"index":"x","a":5},{"index":"y","a":6}]`},
	{"split without rows", `{"columns":["a"],"data":[]}`, "", "a null", `[]`},
	{"columns named like the members of split", `{"columns":["a"],"data":[1]}`, "", "columns utf8, data int64", `[{"columns":"a","data":1}]`},
	{"forced columns", `{"columns":["a"],"data":[[1]]}`, Columns, "columns utf8, data list<item: int64, nullable>", `[{"columns":"a","data":[1]}]`},
}

func TestJSONShapes(t *testing.T) {
	for _, c := range jsonShapes {
		t.Run(c.name, func(t *testing.T) { c.run(t, JSON) })
	}
}

var jsonTypes = []decodeCase{
	{"nulls only", `[{"a":null}]`, "", "a null", `[{"a":null}]`},
	{"booleans", `[{"a":true},{"a":null},{"a":false}]`, "", "a bool", `[{"a":true},{"a":null},{"a":false}]`},
	{"integers to the limits of int64", `[{"a":9223372036854775807},{"a":-9223372036854775808}]`, "", "a int64", `[{"a":9223372036854775807},{"a":-9223372036854775808}]`},
	{"integers beyond int64", `[{"a":9223372036854775808},{"a":1}]`, "", "a utf8", `[{"a":"9223372036854775808"},{"a":"1"}]`},
	{"integers of 20 digits that float64 would keep", `[{"a":10000000000000000000}]`, "", "a utf8", `[{"a":"10000000000000000000"}]`},
	{"integers with more digits than float64 keeps", `[{"a":123456789012345678901234567890},{"a":0.5}]`, "", "a utf8", `[{"a":"123456789012345678901234567890"},{"a":"0.5"}]`},
	{"floats", `[{"a":0.1},{"a":1e300},{"a":-2.50}]`, "", "a float64", `[{"a":0.1},{"a":1e+300},{"a":-2.5}]`},
	{"whole floats", `[{"a":1.0}]`, "", "a float64", `[{"a":1.0}]`},
	{"negative zero", `[{"a":-0},{"a":0}]`, "", "a float64", `[{"a":-0.0},{"a":0.0}]`},
	{"integers and floats", `[{"a":1},{"a":0.5}]`, "", "a float64", `[{"a":1.0},{"a":0.5}]`},
	{"large exact integers and floats", `[{"a":100000000000000000000},{"a":9007199254740992},{"a":0.5}]`, "", "a float64", `[{"a":1e+20},{"a":9007199254740992.0},{"a":0.5}]`},
	{"integers beyond 2^53 and floats", `[{"a":9007199254740993},{"a":0.5}]`, "", "a utf8", `[{"a":"9007199254740993"},{"a":"0.5"}]`},
	{"floats of 17 digits", `[{"a":0.10000000000000001},{"a":0.30000000000000004}]`, "", "a float64", `[{"a":0.1},{"a":0.30000000000000004}]`},
	{"floats with too many digits", `[{"a":0.1234567890123456789},{"a":1.50}]`, "", "a utf8", `[{"a":"0.1234567890123456789"},{"a":"1.50"}]`},
	{"the shortest spelling next to a power of two", `[{"a":5.684341886080802e-14},{"a":5.6843418860808015e-14}]`, "", "a float64", `[{"a":5.684341886080802e-14},{"a":5.684341886080802e-14}]`},
	{"floats out of range", `[{"a":1e400}]`, "", "a utf8", `[{"a":"1e400"}]`},
	{"floats below range", `[{"a":1e-400}]`, "", "a utf8", `[{"a":"1e-400"}]`},
	{"subnormal floats that keep their digits", `[{"a":5e-324}]`, "", "a float64", `[{"a":5e-324}]`},
	{"subnormal floats that lose digits", `[{"a":1.234e-323}]`, "", "a utf8", `[{"a":"1.234e-323"}]`},
	{"strings that look like something else", `[{"a":"2026-01-22"},{"a":"1"}]`, "", "a utf8", `[{"a":"2026-01-22"},{"a":"1"}]`},
	{"strings with escapes", `[{"a":"\u00f1\n\ud83d\ude00"}]`, "", "a utf8", `[{"a":"ñ\n😀"}]`},
	{"strings and other scalars", `[{"a":"x"},{"a":1.50},{"a":true},{"a":null}]`, "", "a utf8", `[{"a":"x"},{"a":"1.50"},{"a":"true"},{"a":null}]`},
	{"booleans and numbers", `[{"a":true},{"a":1}]`, "", "a utf8", `[{"a":"true"},{"a":"1"}]`},
	{"lists", `[{"a":[1,null]},{"a":null},{"a":[]},{"a":[2.5]}]`, "", "a list<item: float64, nullable>", `[{"a":[1.0,null]},{"a":null},{"a":[]},{"a":[2.5]}]`},
	{"lists of lists", `[{"a":[[1],[]]},{"a":[null,[2]]}]`, "", "a list<item: list<item: int64, nullable>, nullable>", `[{"a":[[1],[]]},{"a":[null,[2]]}]`},
	{"empty lists", `[{"a":[]}]`, "", "a list<item: null, nullable>", `[{"a":[]}]`},
	{"structs", `[{"a":{"x":1}},{"a":null},{"a":{"y":["z"]}}]`, "", "a struct<x: int64, y: list<item: utf8, nullable>>", `[{"a":{"x":1,"y":null}},{"a":null},{"a":{"x":null,"y":["z"]}}]`},
	{"lists of structs", `[{"a":[{"x":1},{"x":2}]},{"a":[{"x":3}]}]`, "", "a list<item: struct<x: int64>, nullable>", `[{"a":[{"x":1},{"x":2}]},{"a":[{"x":3}]}]`},
	{"lists of mixed scalars", `[{"a":[1, "x"]},{"a":"y"},{"a":[ 1.0 ]}]`, "", "a utf8", `[{"a":"[1,\"x\"]"},{"a":"y"},{"a":"[1.0]"}]`},
	{"lists and objects", `[{"a":[1]},{"a":{"x":[1e400]}},{"a":2}]`, "", "a utf8", `[{"a":"[1]"},{"a":"{\"x\":[1e400]}"},{"a":"2"}]`},
}

func TestJSONTypesLoseNothing(t *testing.T) {
	for _, c := range jsonTypes {
		t.Run(c.name, func(t *testing.T) { c.run(t, JSON) })
	}
}

func TestObjectsWithTooManyNamesBecomeText(t *testing.T) {
	var doc strings.Builder
	for i := range maxStructFields + 1 {
		fmt.Fprintf(&doc, `,{"a":{"key %d":[{"x":%d}]}}`, i, i)
	}
	table, err := JSON.Decode([]byte("["+doc.String()[1:]+"]"), codec.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got := codectest.SchemaText(table.Schema); got != "a utf8" {
		t.Errorf("the schema is %s", got)
	}
	if got := table.RowGroups[0].Column(0).ValueStr(maxStructFields); got != `{"key 1024":[{"x":1024}]}` {
		t.Errorf("the last value is %s", got)
	}
}

var ndjsonCases = []decodeCase{
	{"lines", "{\"a\":1}\n{\"a\":2}\n", "", "a int64", `[{"a":1},{"a":2}]`},
	{"blank lines, carriage returns and no last newline", "\n{\"a\":1}\r\n \t\n{\"b\":[2]}", "", "a int64, b list<item: int64, nullable>", `[{"a":1,"b":null},{"a":null,"b":[2]}]`},
	{"nothing", "", "", "", `[]`},
}

func TestNDJSON(t *testing.T) {
	for _, c := range ndjsonCases {
		t.Run(c.name, func(t *testing.T) { c.run(t, NDJSON) })
	}
}

// refusal is an input and the error that it must get.
type refusal struct {
	name, input string
	opt         codec.ReadOptions
	kind        error
	says        string
}

func (c refusal) run(t *testing.T, f *codec.Format) {
	codectest.Refuses(t, f, c.input, c.opt, c.kind, c.says)
}

var (
	deepJSON    = strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)
	smallLimits = codec.Limits{Bytes: 1 << 16, Columns: 3, Depth: 3}
)

var jsonRefusals = []refusal{
	{"nothing", "", codec.ReadOptions{}, codec.ErrMalformed, "a table must be an array of objects"},
	{"a scalar", "1", codec.ReadOptions{}, codec.ErrMalformed, "a table must be an array of objects"},
	{"a truncated document", `[{"a":1`, codec.ReadOptions{}, codec.ErrMalformed, "ends too early"},
	{"bad syntax", `[{"a":01}]`, codec.ReadOptions{}, codec.ErrMalformed, "not valid JSON"},
	{"mismatched brackets", `[{"a":1]]`, codec.ReadOptions{}, codec.ErrMalformed, "byte 7: this is not valid JSON"},
	{"invalid UTF-8", "[{\"a\":\"\xff\"}]", codec.ReadOptions{}, codec.ErrMalformed, "invalid UTF-8"},
	{"a lone surrogate", `[{"a":"\ud800"}]`, codec.ReadOptions{}, codec.ErrMalformed, "not valid JSON"},
	{"something after the document", `[{"a":1}] x`, codec.ReadOptions{}, codec.ErrMalformed, "after the end"},
	{"a second document", `{"a":[1]}{"a":[1]}`, codec.ReadOptions{}, codec.ErrMalformed, "after the end"},
	{"records that are not objects", `[{"a":1},2]`, codec.ReadOptions{}, codec.ErrMalformed, "record 1 is not an object"},
	{"a name that occurs twice", `[{"a":1,"a":2}]`, codec.ReadOptions{}, codec.ErrMalformed, `the name "a" occurs twice`},
	{"a name that occurs twice, once null", `[{"a":null,"\u0061":2}]`, codec.ReadOptions{}, codec.ErrMalformed, `the name "a" occurs twice`},
	{"a name that occurs twice inside", `[{"a":[{"x":1,"x":1}]}]`, codec.ReadOptions{}, codec.ErrMalformed, `the name "x" occurs twice`},
	{"a name that is empty, if strict", `[{"a":1,"":1}]`, codec.ReadOptions{Strict: true}, codec.ErrMalformed, `column 2 has no name on the list of columns, which strict=true refuses; without it the name would be "column_2"`},
	{"names that occur twice in split, if strict", `{"columns":["a","a"],"data":[]}`, codec.ReadOptions{Strict: true}, codec.ErrMalformed, `column 2 is named "a"`},
	{"columns of different lengths", `{"a":[1],"b":[]}`, codec.ReadOptions{}, codec.ErrMalformed, `column "b" has 0 values and column "a" has 1`},
	{"a column that is not an array", `{"a":[1],"b":2}`, codec.ReadOptions{}, codec.ErrMalformed, `column "b" is not an array`},
	{"an array among scalars", `{"a":1,"b":[2]}`, codec.ReadOptions{}, codec.ErrMalformed, `column "a" is not an array`},
	{"an array among objects", `{"a":[1],"b":{"0":1}}`, codec.ReadOptions{}, codec.ErrMalformed, `column "b" is not an array`},
	{"objects with different names", `{"a":{"x":1},"b":{"y":1}}`, codec.ReadOptions{}, codec.ErrMalformed, "so they can be columns, rows or a single record"},
	{"objects with names in another order", `{"a":{"x":1,"y":1},"b":{"y":1,"x":1}}`, codec.ReadOptions{Options: Options{Orient: Columns}}, codec.ErrMalformed, "orient=columns expects {column: {label: value, …}, …} with the same labels in the same order"},
	{"a label that occurs twice", `{"a":{"x":1,"x":1}}`, codec.ReadOptions{}, codec.ErrMalformed, `byte 15: the name "x" occurs twice`},
	{"a label that occurs twice later", `{"a":{"0":1},"b":{"0":1,"0":1}}`, codec.ReadOptions{}, codec.ErrMalformed, "different names"},
	{"a row label that occurs twice", `{"0":{"x":1},"0":{"x":1}}`, codec.ReadOptions{}, codec.ErrMalformed, `the name "0" occurs twice`},
	{"a single record where columns are expected", `{"a":1}`, codec.ReadOptions{Options: Options{Orient: Columns}}, codec.ErrMalformed, `column "a" is not an array`},
	{"more rows of objects than memory has room for", manyRows(2000), codec.ReadOptions{Limits: smallLimits}, codec.ErrTooLarge, "more than the 65536 bytes of memory"},
	{"lines for columns", "{\"a\":1}\n{\"a\":2}\n", codec.ReadOptions{Options: Options{Orient: Columns}}, codec.ErrMalformed, "is this NDJSON?"},
	{"objects over several lines", "{\n\"a\":1\n}\n{\n\"a\":2\n}\n", codec.ReadOptions{}, codec.ErrMalformed, "is this NDJSON? It must have each object on one line"},
	{"NaN without a mark before it", `[{"a":xNaN}]`, codec.ReadOptions{}, codec.ErrMalformed, "byte 5: this is not valid JSON: invalid character 'x'"},
	{"NaN without a mark after it", `[{"a":NaN1}]`, codec.ReadOptions{}, codec.ErrMalformed, "byte 5: this is not valid JSON: invalid character 'N'"},
	{"NaN as a name", `[{NaN:1}]`, codec.ReadOptions{}, codec.ErrMalformed, "invalid character 'N'"},
	{"NaN in capitals", `[{"a":NAN}]`, codec.ReadOptions{}, codec.ErrMalformed, "invalid character 'N'"},
	{"NaN, if strict", `[{"a":NaN}]`, codec.ReadOptions{Strict: true}, codec.ErrMalformed, `row 1, column "a": NaN is not JSON`},
	{"a row that is too short", `{"columns":["a","b"],"data":[[1,2],[1]]}`, codec.ReadOptions{}, codec.ErrMalformed, `row 1 of "data" has 1 values`},
	{"a row that is too long", `{"columns":["a"],"data":[[1,2]]}`, codec.ReadOptions{}, codec.ErrMalformed, `row 0 of "data" has more than 1 values`},
	{"names in split that are not strings", `{"columns":[true],"data":[[1]]}`, codec.ReadOptions{Options: Options{Orient: Split}}, codec.ErrMalformed, `"columns" must be an array of strings or numbers`},
	{"rows in split that are not arrays", `{"columns":["a"],"data":[1]}`, codec.ReadOptions{Options: Options{Orient: Split}}, codec.ErrMalformed, `"data" must be an array of arrays`},
	{"one name too much in split", `{"columns":["a","b","c","d"],"data":[]}`, codec.ReadOptions{Limits: smallLimits}, codec.ErrTooLarge, "more than 3 columns"},
	{"an index of another length", `{"columns":["a"],"index":[],"data":[[1]]}`, codec.ReadOptions{}, codec.ErrMalformed, `"index" must be an array of 1 values`},
	{"columns where records are expected", `{"a":[1]}`, codec.ReadOptions{Options: Options{Orient: Records}}, codec.ErrMalformed, "orient=records expects"},
	{"records where columns are expected", `[{"a":1}]`, codec.ReadOptions{Options: Options{Orient: Columns}}, codec.ErrMalformed, "orient=columns expects"},
	{"records where split is expected", `[{"a":1}]`, codec.ReadOptions{Options: Options{Orient: Split}}, codec.ErrMalformed, "orient=split expects"},
	{"an unknown orient", `[]`, codec.ReadOptions{Options: Options{Orient: "table"}}, codec.ErrUnsupported, `no orient "table"`},
	{"100,000 nested arrays", deepJSON, codec.ReadOptions{}, codec.ErrMalformed, "record 0 is not an object"},
	{"100,000 nested arrays in a record", `[{"a":` + deepJSON + `}]`, codec.ReadOptions{}, codec.ErrTooLarge, "nested deeper than 63 levels"},
	{"100,000 nested objects", strings.Repeat(`{"a":`, 100_000), codec.ReadOptions{}, codec.ErrTooLarge, "nested deeper than 63 levels"},
	{"one level too much", `[{"a":[[[[1]]]]}]`, codec.ReadOptions{Limits: smallLimits}, codec.ErrTooLarge, "nested deeper than 3 levels"},
	{"one column too much", `[{"a":1,"b":1},{"c":1,"d":1}]`, codec.ReadOptions{Limits: smallLimits}, codec.ErrTooLarge, "more than 3 columns"},
	{"more values than fit", `[{"a":[` + strings.Repeat("1,", 10_000) + `1]}]`, codec.ReadOptions{Limits: smallLimits}, codec.ErrTooLarge, "more than the 65536 bytes of memory"},
	{"a column of nothing but a last value", `[` + strings.Repeat("{},", 100_000) + `{"a":1}]`, codec.ReadOptions{Limits: smallLimits}, codec.ErrTooLarge, "more than the 65536 bytes of memory"},
}

func TestJSONRefusals(t *testing.T) {
	for _, c := range jsonRefusals {
		t.Run(c.name, func(t *testing.T) { c.run(t, JSON) })
	}
}

var ndjsonRefusals = []refusal{
	{"a line that is not an object", "{\"a\":1}\n\n[1]\n", codec.ReadOptions{}, codec.ErrMalformed, "line 3: this is not an object"},
	{"an object over two lines", "{\"a\":\n1}\n", codec.ReadOptions{}, codec.ErrMalformed, "line 1: the JSON text ends too early"},
	{"two objects in one line", `{"a":1} {"a":2}`, codec.ReadOptions{}, codec.ErrMalformed, "line 1: there is something after the end"},
	{"bad syntax", "{\"a\":1}\n{a:1}\n", codec.ReadOptions{}, codec.ErrMalformed, "line 2: this is not valid JSON"},
	{"a JSON document", "\n[{\"a\":1}]", codec.ReadOptions{}, codec.ErrMalformed, "line 2: this is an array; is this JSON?"},
	{"a name that occurs twice", `{"a":1,"a":2}`, codec.ReadOptions{}, codec.ErrMalformed, `line 1: the name "a" occurs twice`},
	{"nested too deep", `{"a":[[1]]}`, codec.ReadOptions{Limits: codec.Limits{Depth: 1}}, codec.ErrTooLarge, "line 1: arrays and objects are nested deeper than 1 levels"},
}

func TestNDJSONRefusals(t *testing.T) {
	for _, c := range ndjsonRefusals {
		t.Run(c.name, func(t *testing.T) { c.run(t, NDJSON) })
	}
}

func TestPageBytes(t *testing.T) {
	names := []string{"id", `say "hi"`, "when", "tags"}
	columns := []arrow.Array{
		codectest.FromJSON(t, arrow.PrimitiveTypes.Int64, `[1, null]`),
		codectest.FromJSON(t, arrow.PrimitiveTypes.Float64, `[0.5, 2]`),
		codectest.FromJSON(t, arrow.FixedWidthTypes.Date32, `["2026-01-22", null]`),
		codectest.FromJSON(t, arrow.ListOf(arrow.BinaryTypes.String), `[["a", null], []]`),
	}
	table := codectest.TableOf(names, columns)
	for orient, want := range map[Orient]string{
		Records: `[{"id":1,"say \"hi\"":0.5,"when":"2026-01-22","tags":["a",null]},{"id":null,"say \"hi\"":2.0,"when":null,"tags":[]}]`,
		Columns: `{"id":[1,null],"say \"hi\"":[0.5,2.0],"when":["2026-01-22",null],"tags":[["a",null],[]]}`,
		Split:   `{"columns":["id","say \"hi\"","when","tags"],"data":[[1,0.5,"2026-01-22",["a",null]],[null,2.0,null,[]]]}`,
	} {
		if got := string(appendJSON([]byte("page: "), table, orient)); got != "page: "+want {
			t.Errorf("%s is\n%s, want\n%s", orient, got, want)
		}
	}
	var lines bytes.Buffer
	if err := NDJSON.Encode(&lines, table, codec.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	if want := `{"id":1,"say \"hi\"":0.5,"when":"2026-01-22","tags":["a",null]}` + "\n" + `{"id":null,"say \"hi\"":2.0,"when":null,"tags":[]}` + "\n"; lines.String() != want {
		t.Errorf("NDJSON is\n%s, want\n%s", lines.String(), want)
	}
}

func TestIntegersOf64BitsAsStrings(t *testing.T) {
	dictionary := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.PrimitiveTypes.Int64}
	table := codectest.TableOf([]string{"i", "u", "n", "f", "l", "s", "m", "d"}, []arrow.Array{
		codectest.FromJSON(t, arrow.PrimitiveTypes.Int64, `["9007199254740993", null]`),
		codectest.FromJSON(t, arrow.PrimitiveTypes.Uint64, `["18446744073709551615", 0]`),
		codectest.FromJSON(t, arrow.PrimitiveTypes.Int32, `[1, 2]`),
		codectest.FromJSON(t, arrow.PrimitiveTypes.Float64, `[0.5, 2]`),
		codectest.FromJSON(t, arrow.ListOf(arrow.PrimitiveTypes.Int64), `[[1, null], []]`),
		codectest.FromJSON(t, arrow.StructOf(arrow.Field{Name: "x", Type: arrow.PrimitiveTypes.Uint64, Nullable: true}), `[{"x": 7}, null]`),
		codectest.FromJSON(t, arrow.MapOf(arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Int64), `[[{"key": 1, "value": 2}], []]`),
		codectest.FromJSON(t, dictionary, `[5, null]`),
	})
	records := []string{
		`{"i":"9007199254740993","u":"18446744073709551615","n":1,"f":0.5,"l":["1",null],"s":{"x":"7"},"m":[{"key":"1","value":"2"}],"d":"5"}`,
		`{"i":null,"u":"0","n":2,"f":2.0,"l":[],"s":null,"m":[],"d":null}`,
	}
	for _, test := range []struct {
		format *codec.Format
		orient Orient
		want   string
	}{
		{JSON, Records, "[" + records[0] + "," + records[1] + "]"},
		{JSON, Columns, `{"i":["9007199254740993",null],"u":["18446744073709551615","0"],"n":[1,2],"f":[0.5,2.0],"l":[["1",null],[]],"s":[{"x":"7"},null],"m":[[{"key":"1","value":"2"}],[]],"d":["5",null]}`},
		{JSON, Split, `{"columns":["i","u","n","f","l","s","m","d"],"data":[["9007199254740993","18446744073709551615",1,0.5,["1",null],{"x":"7"},[{"key":"1","value":"2"}],"5"],[null,"0",2,2.0,[],null,[],null]]}`},
		{NDJSON, Records, records[0] + "\n" + records[1] + "\n"},
		{MessagePack, Records, "[" + records[0] + "," + strings.Replace(records[1], `"f":2.0`, `"f":2`, 1) + "]"},
	} {
		var out bytes.Buffer
		if err := test.format.Encode(&out, table, codec.WriteOptions{Options: Options{Orient: test.orient, Int64Strings: true}}); err != nil {
			t.Fatal(err)
		}
		got := out.String()
		if test.format == MessagePack {
			var text bytes.Buffer
			if _, err := msgp.UnmarshalAsJSON(&text, out.Bytes()); err != nil {
				t.Fatal(err)
			}
			got = text.String()
		}
		if got != test.want {
			t.Errorf("%s, %s: the document is\n%s, want\n%s", test.format.Name, test.orient, got, test.want)
		}
	}
}

func TestEmptyTablesAreDocuments(t *testing.T) {
	table := &codec.Table{Schema: arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int64}}, nil)}
	for orient, want := range map[Orient]string{"": `[]`, Records: `[]`, Columns: `{"a":[]}`, Split: `{"columns":["a"],"data":[]}`} {
		if got := string(appendJSON(nil, table, orient)); got != want {
			t.Errorf("orient %q is %s, want %s", orient, got, want)
		}
	}
}

func TestJSONRoundTripsThroughEveryShape(t *testing.T) {
	const doc = `[{"i":1,"f":0.5,"s":"ñ","b":true,"n":null,"l":[[1],null],"o":{"x":[{"y":1.5}],"z":null}},` +
		`{"i":null,"f":1e-300,"s":"","b":null,"n":null,"l":[],"o":{"x":[],"z":"q"}}]`
	var want any
	if err := json.Unmarshal([]byte(doc), &want); err != nil {
		t.Fatal(err)
	}
	table, err := JSON.Decode([]byte(doc), codec.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []*codec.Format{JSON, NDJSON, MessagePack} {
		for _, orient := range Orients {
			var encoded bytes.Buffer
			if err := f.Encode(&encoded, table, codec.WriteOptions{Options: Options{Orient: orient}}); err != nil {
				t.Fatal(err)
			}
			again, err := f.Decode(encoded.Bytes(), codec.ReadOptions{})
			if err != nil {
				t.Fatalf("%s, %s: %v", f.Name, orient, err)
			}
			codectest.SameTable(t, again, table)
			var got any
			if err := json.Unmarshal(appendJSON(nil, again, Records), &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, %s: values differ (-want +got):\n%s", f.Name, orient, diff)
			}
		}
	}
}

func TestRowsAreCutIntoRowGroups(t *testing.T) {
	const rows = 2*codec.RowGroupRows + 1
	var doc strings.Builder
	for i := range rows {
		fmt.Fprintf(&doc, "{\"a\":%d,\"l\":[%d,%d],\"o\":{\"s\":\"%d\"}}\n", i, i, i+1, i)
		doc.WriteString("{}\n")
	}
	table, err := NDJSON.Decode([]byte(doc.String()), codec.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(table.RowGroups); n != 5 || table.NumRows() != 2*rows {
		t.Fatalf("there are %d row groups and %d rows", n, table.NumRows())
	}
	row := 2 * (rows - 1)
	last := table.RowGroups[row/codec.RowGroupRows]
	got := string(recordAppender(last, scalar.JSONStyle{})(nil, row%codec.RowGroupRows))
	if want := `{"a":32768,"l":[32768,32769],"o":{"s":"32768"}}`; got != want {
		t.Errorf("the last record is %s, want %s", got, want)
	}
}

func TestSniffingJSON(t *testing.T) {
	for _, test := range []struct {
		name, data   string
		json, ndjson bool
	}{
		{"records", ` [ {"a":1}]`, true, false},
		{"no records", `[]`, true, false},
		{"columns", `{"a":[1]}`, true, false},
		{"columns over several lines", "{\n \"a\":[1]\n}\n", true, false},
		{"the beginning of records", `[{"a":`, true, false},
		{"lines", "{\"a\":1}\n{\"a\":2", true, true},
		{"lines with a blank one", "{\"a\":1}\r\n\r\n{\"a\":2}\r\n", true, true},
		{"a list of numbers", `[1,2]`, false, false},
		{"delimited text", "a,b\n1,2\n", false, false},
		{"text in brackets", "[note],x\n", false, false},
		{"nothing", "", false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := JSON.Sniff([]byte(test.data)); got != test.json {
				t.Errorf("JSON: %v, want %v", got, test.json)
			}
			if got := NDJSON.Sniff([]byte(test.data)); got != test.ndjson {
				t.Errorf("NDJSON: %v, want %v", got, test.ndjson)
			}
		})
	}
}

func TestEncodersReportFailedWrites(t *testing.T) {
	table := codectest.BenchTable(2000, 20)
	for _, f := range []*codec.Format{JSON, NDJSON, MessagePack} {
		for _, orient := range Orients {
			if err := f.Encode(&codectest.FailingWriter{Left: 128 << 10}, table, codec.WriteOptions{Options: Options{Orient: orient}}); !errors.Is(err, codectest.ErrFull) {
				t.Errorf("%s, %s: the error is %v", f.Name, orient, err)
			}
		}
	}
	for _, f := range []*codec.Format{JSON, MessagePack} {
		if err := f.Encode(&codectest.FailingWriter{}, table, codec.WriteOptions{Options: Options{Orient: "table"}}); !errors.Is(err, codec.ErrUnsupported) {
			t.Errorf("%s with an unknown orient: the error is %v", f.Name, err)
		}
	}
}

// appendJSON appends t as a JSON document.
func appendJSON(dst []byte, t *codec.Table, orient Orient) []byte {
	out := bytes.NewBuffer(dst)
	if err := JSON.Encode(out, t, codec.WriteOptions{Options: Options{Orient: orient}}); err != nil {
		panic(err)
	}
	return out.Bytes()
}

func TestShortIntegers(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "7": 7, "-1": -1, "-120": -120, "999999999999999999": 999999999999999999, "-999999999999999999": -999999999999999999} {
		if got, ok := shortInteger([]byte(text)); !ok || got != want {
			t.Errorf("%s is %d, %v", text, got, ok)
		}
	}
	for _, text := range []string{"-0", "-0.5", "1.0", "1e3", "1000000000000000000", "-9223372036854775808"} {
		if got, ok := shortInteger([]byte(text)); ok {
			t.Errorf("%s is %d", text, got)
		}
	}
}
