package document

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
)

// pandasShapes are documents of DataFrame.to_json of pandas 1.5 and 2.2 with each orient, and their like.
var pandasShapes = []decodeCase{
	{"columns of labels", `{"item":{"0":"a","1":"b"},"n":{"0":1,"1":2}}`, "", "item utf8, n int64", `[{"item":"a","n":1},{"item":"b","n":2}]`},
	{"columns of labels, if columns are asked for", `{"item":{"0":"a","1":"b"},"n":{"0":1,"1":2}}`, Columns, "item utf8, n int64", `[{"item":"a","n":1},{"item":"b","n":2}]`},
	{"columns of labels that are text", `{"item":{"r1":"a","r2":"b"},"n":{"r1":1.5,"r2":null}}`, "", "index utf8, item utf8, n float64", `[{"index":"r1","item":"a","n":1.5},{"index":"r2","item":"b","n":null}]`},
	{"columns of labels that are numbers", `{"n":{"3":1,"-7":2}}`, "", "index int64, n int64", `[{"index":3,"n":1},{"index":-7,"n":2}]`},
	{"columns of labels that only look like numbers", `{"n":{"3":1,"007":2}}`, "", "index utf8, n int64", `[{"index":"3","n":1},{"index":"007","n":2}]`},
	{"columns that are numbered", `{"0":{"0":1,"1":2},"1":{"0":"x","1":"y"}}`, "", "0 int64, 1 utf8", `[{"0":1,"1":"x"},{"0":2,"1":"y"}]`},
	{"columns of nested values", `{"a":{"0":[1,2],"1":[]},"b":{"0":{"x":1},"1":null}}`, "", "a list<item: int64, nullable>, b struct<x: int64>", `[{"a":[1,2],"b":{"x":1}},{"a":[],"b":null}]`},
	{"columns without labels", `{"a":{},"b":{}}`, "", "a null, b null", `[]`},
	{"rows of labels that count", `{"0":{"item":"a","n":1},"1":{"item":"b","n":2}}`, "", "item utf8, n int64", `[{"item":"a","n":1},{"item":"b","n":2}]`},
	{"rows of labels that count, as columns", `{"0":{"p":1,"q":2},"1":{"p":3,"q":4}}`, Columns, "index utf8, 0 int64, 1 int64", `[{"index":"p","0":1,"1":3},{"index":"q","0":2,"1":4}]`},
	{"rows with different names", `{"0":{"a":1},"1":{"b":"x"}}`, "", "a int64, b utf8", `[{"a":1,"b":null},{"a":null,"b":"x"}]`},
	{"rows, as their kinds of values show", `{"r1":{"item":"a","n":1.5},"r2":{"item":"b","n":null}}`, "", "index utf8, item utf8, n float64", `[{"index":"r1","item":"a","n":1.5},{"index":"r2","item":"b","n":null}]`},
	{"objects that are of several kinds either way", `{"a":{"x":1,"y":"s"},"b":{"x":"t","y":2}}`, "", "index utf8, a utf8, b utf8", `[{"index":"x","a":"1","b":"t"},{"index":"y","a":"s","b":"2"}]`},
	{"split with names that are numbers", `{"columns":[0,1],"index":[0,1],"data":[[1,"x"],[2,"y"]]}`, "", "0 int64, 1 utf8", `[{"0":1,"1":"x"},{"0":2,"1":"y"}]`},
	{"split with names that occur twice", `{"columns":["a","a","","a.1"],"data":[[1,2,3,4]]}`, "", "a int64, a.2 int64, column_3 int64, a.1 int64", `[{"a":1,"a.2":2,"column_3":3,"a.1":4}]`},
	{"split with an index of no rows", `{"columns":["a"],"index":[],"data":[]}`, "", "a null", `[]`},
	{"split with an index beside a column of that name", `{"columns":["index"],"index":[7],"data":[[1]]}`, "", "column_1 int64, index int64", `[{"column_1":7,"index":1}]`},
	{"a table with a schema", `{"schema":{"fields":[{"name":"index","type":"integer"}]},"data":[{"index":0,"n":1},{"index":1,"n":2}]}`, "", "n int64", `[{"n":1},{"n":2}]`},
	{"a table with a schema and labels", `{"schema":{},"data":[{"index":"r1","n":1}]}`, "", "index utf8, n int64", `[{"index":"r1","n":1}]`},
	{"a single record", `{"a":1,"b":"x","c":{"d":[1]}}`, "", "a int64, b utf8, c struct<d: list<item: int64, nullable>>", `[{"a":1,"b":"x","c":{"d":[1]}}]`},
	{"a column without a name", `[{"a":1,"":2}]`, "", "a int64, column_2 int64", `[{"a":1,"column_2":2}]`},
}

var lines = []decodeCase{
	{"lines", "{\"a\":1}\n{\"a\":2}\n", "", "a int64", `[{"a":1},{"a":2}]`},
	{"lines, if records are asked for", "{\"a\":1}\n{\"a\":2}\n", Records, "a int64", `[{"a":1},{"a":2}]`},
	{"lines with a mark, carriage returns and no last newline", "\ufeff{\"a\":1}\r\n\r\n{\"a\":2}\r\n{\"b\":3}", "", "a int64, b int64", `[{"a":1,"b":null},{"a":2,"b":null},{"a":null,"b":3}]`},
	{"a line", "{\"a\":1}\n", "", "a int64", `[{"a":1}]`},
	{"lines with NaN in the first", "{\"a\":NaN}\n{\"a\":2}\n", "", "a int64", `[{"a":null},{"a":2}]`},
	{"lines of mongoexport", "{\"_id\":{\"$oid\":\"65a\"},\"n\":{\"$numberLong\":\"9007199254740993\"}}\n{\"_id\":{\"$oid\":\"65b\"},\"n\":{\"$numberLong\":\"1\"}}\n", "", "_id struct<$oid: utf8>, n struct<$numberLong: utf8>", `[{"_id":{"$oid":"65a"},"n":{"$numberLong":"9007199254740993"}},{"_id":{"$oid":"65b"},"n":{"$numberLong":"1"}}]`},
}

var literalCases = []decodeCase{
	{"NaN", `[{"v":1.5},{"v":NaN}]`, "", "v float64", `[{"v":1.5},{"v":null}]`},
	{"NaN among integers and text", `[{"i":1,"s":"NaN"},{"i":NaN,"s":NaN}]`, "", "i int64, s utf8", `[{"i":1,"s":"NaN"},{"i":null,"s":null}]`},
	{"nothing but NaN", `{"a":[NaN]}`, "", "a null", `[{"a":null}]`},
	{"NaN in lists and objects", `[{"a":[NaN, 1.5],"b":{"x":NaN}}]`, "", "a list<item: float64, nullable>, b struct<x: null>", `[{"a":[null,1.5],"b":{"x":null}}]`},
	{"NaN in what becomes text", `[{"a":[ NaN,-Infinity, "NaN"]},{"a":"\"NaN"}]`, "", "a utf8", `[{"a":"[null,null,\"NaN\"]"},{"a":"\"NaN"}]`},
	{"infinities and text", `[{"a":Infinity},{"a":-Infinity},{"a":"x"}]`, "", "a utf8", `[{"a":"Infinity"},{"a":"-Infinity"},{"a":"x"}]`},
	{"the names of literals in text", `[{"NaN":"\\\"NaN,Infinity"}]`, "", "NaN utf8", `[{"NaN":"\\\"NaN,Infinity"}]`},
}

func TestShapesOfPandas(t *testing.T) {
	for _, c := range pandasShapes {
		t.Run(c.name, func(t *testing.T) { c.run(t, JSON) })
	}
}

func TestLinesOfObjectsAreReadAsNDJSON(t *testing.T) {
	for _, c := range lines {
		t.Run(c.name, func(t *testing.T) { c.run(t, JSON) })
	}
}

func TestLiteralsOfPython(t *testing.T) {
	for _, c := range literalCases {
		t.Run(c.name, func(t *testing.T) { c.run(t, JSON) })
	}
}

func TestInfinitiesAreFloats(t *testing.T) {
	const input = `[{"a":Infinity},{"a":-Infinity},{"a":1},{"a":1e999}]`
	table, err := JSON.Decode([]byte(input[:len(input)-len(`,{"a":1e999}]`)]+"]"), codec.ReadOptions{Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(table.RowGroups[0].Column(0)); got != "[+Inf -Inf 1]" {
		t.Errorf("the values are %s", got)
	}
	if table, err = JSON.Decode([]byte(input), codec.ReadOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(table.RowGroups[0].Column(0)); got != `["Infinity" "-Infinity" "1" "1e999"]` {
		t.Errorf("with a number that floats have not, the values are %s", got)
	}
}

func TestTheShapeIsNotedWhereItIsNotCertain(t *testing.T) {
	for input, want := range map[string]string{
		`{"a":{"0":1}}`:         "",
		`{"0":{"a":1}}`:         "",
		`{"a":{"x":1}}`:         "The document was read as {column: {label: value}}.",
		`{"p":{"a":1,"b":"x"}}`: "The document was read as {label: {column: value}}",
		"{\"a\":1}\n{\"a\":2}":  "The file has a JSON object on each line",
		`{"a":[1]}`:             "",
		`{"a":{"x":1,"y":"s"},"b":{"x":"t","y":2}}`: "",
	} {
		table, err := JSON.Decode([]byte(input), codec.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		notes := strings.Join(table.Receipt.Notes, " ")
		if !strings.HasPrefix(notes, want) || want == "" && notes != "" {
			t.Errorf("%s: the notes are %q, want %q", input, notes, want)
		}
	}
}

func TestRenamedColumnsOfDocuments(t *testing.T) {
	table, err := JSON.Decode([]byte(`{"columns":["a","","a"],"data":[[1,2,3.5]]}`), codec.ReadOptions{DTypes: codectest.DTypes(t, "a.1=float32")})
	if err != nil {
		t.Fatal(err)
	}
	want := []codec.Renamed{{Column: 1, Name: "column_2", From: ""}, {Column: 2, Name: "a.1", From: "a"}}
	if diff := cmp.Diff(want, table.Receipt.Renamed); diff != "" {
		t.Errorf("renamed differ (-want +got):\n%s", diff)
	}
	if got := codectest.SchemaText(table.Schema); got != "a int64, column_2 int64, a.1 float32" {
		t.Errorf("the schema is %s", got)
	}
}

// manyRows is {label: {"x": 1}} with n labels.
func manyRows(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"%d":{"x":%d}`, i, i)
	}
	return "{" + b.String()[1:] + "}"
}

// There may be more rows than a table can have columns.
func TestObjectsOfManyRows(t *testing.T) {
	for _, n := range []int{codec.DefaultMaxColumns, codec.DefaultMaxColumns + 1, 3 * codec.RowGroupRows} {
		table, err := JSON.Decode([]byte(manyRows(n)), codec.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if got := codectest.SchemaText(table.Schema); got != "x int64" || table.NumRows() != int64(n) {
			t.Errorf("%d rows became %d rows of %s", n, table.NumRows(), got)
		}
	}
	labelled := strings.NewReplacer(`"1":`, `"one":`).Replace(manyRows(2 * codec.RowGroupRows))
	table, err := JSON.Decode([]byte(labelled), codec.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got := table.RowGroups[1].Column(0).ValueStr(0); got != fmt.Sprint(codec.RowGroupRows) {
		t.Errorf("the first label of the second row group is %s", got)
	}
}

func TestObjectsOfObjectsOfMessagePack(t *testing.T) {
	for _, text := range []string{
		`{"item":{"0":"a","1":"b"},"n":{"0":1,"1":2}}`,
		`{"0":{"item":"a","n":1},"1":{"item":"b","n":2}}`,
	} {
		input := packJSON(t, []byte(text))
		table, err := MessagePack.Decode(input, codec.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := string(appendJSON(nil, table, Records)), `[{"item":"a","n":1},{"item":"b","n":2}]`; got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
}
