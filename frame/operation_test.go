package frame

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
)

// The columns of sample where nothing has changed.
const (
	sameA = `a int64 [1,2,3]= [4,null]=`
	sameB = `b utf8 ["x","y","z"]= ["u","v"]=`
	sameN = `n null [null,null,null]= [null,null]=`
	markA = `marks of a [4]`
	markB = `marks of b [0 3]`
)

func TestOperationsChangeWhatTheySayAndNoMore(t *testing.T) {
	tests := []struct {
		name, ops string
		want      []string
	}{
		{
			"set_values changes the chunk of its row only",
			`[{"op":"set_values","column":"a","rows":[1],"values":[20]}]`,
			[]string{`a int64 [1,20,3] [4,null]=`, sameB, sameN, markA, markB},
		},
		{
			"set_values takes rows in any order with their values",
			`[{"op":"set_values","column":"a","rows":[3,0,2],"values":[40,10,30]}]`,
			[]string{`a int64 [10,2,30] [40,null]`, sameB, sameN, markA, markB},
		},
		{
			"set_values puts one value into all rows",
			`[{"op":"set_values","column":"b","rows":[0,1,4],"value":"same"}]`,
			[]string{sameA, `b utf8 ["same","same","z"] ["u","same"]`, sameN, markA, `marks of b [3]`},
		},
		{
			"set_values of null keeps the marks, of a value drops them",
			`[{"op":"set_values","column":"b","rows":[0,3],"values":[null,"w"]}]`,
			[]string{sameA, `b utf8 [null,"y","z"] ["w","v"]`, sameN, markA, `marks of b [0]`},
		},
		{
			"set_values of one null",
			`[{"op":"set_values","column":"a","rows":[0],"value":null}]`,
			[]string{`a int64 [null,2,3] [4,null]=`, sameB, sameN, markA, markB},
		},
		{
			"set_values takes a whole float for an integer",
			`[{"op":"set_values","column":"a","rows":[0],"value":7.0}]`,
			[]string{`a int64 [7,2,3] [4,null]=`, sameB, sameN, markA, markB},
		},
		{
			"set_values of no rows changes nothing",
			`[{"op":"set_values","column":"a","rows":[],"values":[]}]`,
			[]string{sameA, sameB, sameN, markA, markB},
		},
		{
			"set_values of no rows with one value changes nothing",
			`[{"op":"set_values","column":"a","rows":[],"value":1}]`,
			[]string{sameA, sameB, sameN, markA, markB},
		},
		{
			"a column without values takes the type of its first ones",
			`[{"op":"set_values","column":"n","rows":[4],"values":["2026-01-18"]}]`,
			[]string{sameA, sameB, `n utf8 [null,null,null] [null,"2026-01-18"]`, markA, markB},
		},
		{
			"a column without values keeps its type when it gets nulls",
			`[{"op":"set_values","column":"n","rows":[4],"value":null}]`,
			[]string{sameA, sameB, `n null [null,null,null]= [null,null]`, markA, markB},
		},
		{
			"add_column infers the type",
			`[{"op":"add_column","column":"c","values":[1,2,3,4.5,null]}]`,
			[]string{sameA, sameB, sameN, `c float64 [1.0,2.0,3.0] [4.5,null]`, markA, markB},
		},
		{
			"add_column takes a type",
			`[{"op":"add_column","column":"c","dtype":"date32","values":["2026-01-18",null,null,null,"1969-12-31"]}]`,
			[]string{sameA, sameB, sameN, `c date32 ["2026-01-18",null,null] [null,"1969-12-31"]`, markA, markB},
		},
		{
			"add_column without values is missing everywhere",
			`[{"op":"add_column","column":"c","dtype":"bool"},{"op":"add_column","column":"d","values":null}]`,
			[]string{sameA, sameB, sameN, `c bool [null,null,null] [null,null]`, `d null [null,null,null] [null,null]`, markA, markB},
		},
		{
			"drop_columns leaves the others and their marks",
			`[{"op":"drop_columns","columns":["b","n"]}]`,
			[]string{sameA, markA},
		},
		{
			"select_columns orders and drops",
			`[{"op":"select_columns","columns":["n","b"]}]`,
			[]string{sameN, sameB, markB},
		},
		{
			"rename_columns takes the marks along and touches no data",
			`[{"op":"rename_columns","columns":{"a":"first"}}]`,
			[]string{`first int64 [1,2,3]= [4,null]=`, sameB, sameN, markB, `marks of first [4]`},
		},
		{
			"rename_columns may swap names",
			`[{"op":"rename_columns","columns":{"a":"b","b":"a"}}]`,
			[]string{`b int64 [1,2,3]= [4,null]=`, `a utf8 ["x","y","z"]= ["u","v"]=`, sameN, `marks of a [0 3]`, `marks of b [4]`},
		},
		{
			"delete_rows changes only the row groups it cuts, and moves marks",
			`[{"op":"delete_rows","rows":[2,0]}]`,
			[]string{`a int64 [2] [4,null]=`, `b utf8 ["y"] ["u","v"]=`, `n null [null] [null,null]=`, `marks of a [2]`, `marks of b [1]`},
		},
		{
			"delete_rows drops a row group that is empty, and the others stay stored",
			`[{"op":"delete_rows","rows":[0,1,2]}]`,
			[]string{`a int64 [4,null]=`, `b utf8 ["u","v"]=`, `n null [null,null]=`, `marks of a [1]`, `marks of b [0]`},
		},
		{
			"delete_rows of all rows leaves the columns",
			`[{"op":"delete_rows","rows":[4,3,2,1,0]}]`,
			[]string{`a int64`, `b utf8`, `n null`},
		},
		{
			"delete_rows of no rows changes nothing",
			`[{"op":"delete_rows","rows":[]}]`,
			[]string{sameA, sameB, sameN, markA, markB},
		},
		{
			"each operation finds what the one before left",
			`[{"op":"delete_rows","rows":[0]},{"op":"set_values","column":"a","rows":[0],"value":9},{"op":"rename_columns","columns":{"a":"z"}},{"op":"add_column","column":"a","values":[1,2,3,4]},{"op":"drop_columns","columns":["b","n"]}]`,
			[]string{`z int64 [9,3] [4,null]=`, `a int64 [1,2] [3,4]`, `marks of z [3]`},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := sample(t)
			b.apply(t, tt.ops)
			if diff := cmp.Diff(tt.want, b.show(t)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOperationsLoadInOneStepWhatTheyRead(t *testing.T) {
	tests := []struct {
		name, ops string
		want      []string
	}{
		{"the chunk of one value", `[{"op":"set_values","column":"a","rows":[1],"value":20}]`, []string{"a/0"}},
		{"all of several operations", `[{"op":"set_values","column":"b","rows":[1],"value":"s"},{"op":"delete_rows","rows":[4]}]`, []string{"b/0 a/1 b/1 n/1"}},
		{"a chunk once", `[{"op":"set_values","column":"a","rows":[1],"value":2},{"op":"set_values","column":"a","rows":[2],"value":2}]`, []string{"a/0"}},
		{"nothing to add, drop, select and rename", `[{"op":"add_column","column":"c"},{"op":"drop_columns","columns":["a"]},{"op":"rename_columns","columns":{"b":"d"}},{"op":"select_columns","columns":["d"]}]`, nil},
		{"the column of a condition, and then the row groups that lose rows", `[{"op":"filter","where":{"or":[{"column":"a","cmp":"ne","value":2},{"column":"a","cmp":"is_null"}]}}]`, []string{"a/0 a/1", "b/0 n/0"}},
		{"the column of a condition that holds for all rows", `[{"op":"filter","where":{"column":"b","cmp":"not_null"}}]`, []string{"b/0 b/1"}},
		{"the key of a sort that moves nothing", `[{"op":"sort","by":[{"column":"a"}]}]`, []string{"a/0 a/1"}},
		{"the columns to fill and to cast", `[{"op":"fill_missing","columns":["a"],"method":"ffill"},{"op":"cast","column":"b","dtype":"large_utf8"}]`, []string{"a/0 a/1 b/0 b/1"}},
		{"all columns to find duplicates and what is missing in one", `[{"op":"drop_missing","columns":["b"]},{"op":"drop_duplicates"}]`, []string{"b/0 b/1 a/0 a/1 n/0 n/1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := sample(t)
			ops, err := parse(t, tt.ops)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Apply(b.Frame, ops); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(b.loads, tt.want) {
				t.Errorf("loaded %q, want %q", b.loads, tt.want)
			}
		})
	}
}

func TestALoadErrorIsPassedOn(t *testing.T) {
	b := sample(t)
	broken := errors.New("broken")
	load := b.Load
	b.Load = func(chunks []Chunk) (_ []arrow.Array, err error) {
		if _, err = load(chunks); err != nil {
			t.Fatal(err)
		}
		return nil, broken
	}
	ops, err := parse(t, `[{"op":"delete_rows","rows":[0]}]`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Apply(b.Frame, ops); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

func TestOperationsThatCannotBeAppliedSayWhy(t *testing.T) {
	long := strings.Repeat("x", MaxNameBytes+1)
	tests := []struct {
		name, op string
		kind     error
		want     string
	}{
		{"set_values of an unknown column", `{"op":"set_values","column":"zz","rows":[0],"value":1}`, ErrColumnNotFound, `"zz"`},
		{"set_values of a row past the end", `{"op":"set_values","column":"a","rows":[5],"value":1}`, ErrInvalidOperation, "row 5"},
		{"set_values of a negative row", `{"op":"set_values","column":"a","rows":[-1],"value":1}`, ErrInvalidOperation, "row -1"},
		{"set_values of a row twice", `{"op":"set_values","column":"a","rows":[1,0,1],"values":[1,2,3]}`, ErrInvalidOperation, "row 1 is given twice"},
		{"set_values with too few values", `{"op":"set_values","column":"a","rows":[0,1],"values":[1]}`, ErrInvalidOperation, "2 rows and 1 value;"},
		{"set_values with values and value", `{"op":"set_values","column":"a","rows":[0],"values":[1],"value":1}`, ErrInvalidOperation, "not both"},
		{"set_values with neither", `{"op":"set_values","column":"a","rows":[0]}`, ErrInvalidOperation, "needs values"},
		{"set_values of text in an integer column", `{"op":"set_values","column":"a","rows":[0],"value":"one"}`, codec.ErrMismatch, "one"},
		{"set_values of a fraction in an integer column", `{"op":"set_values","column":"a","rows":[0],"value":1.5}`, codec.ErrMismatch, "1.5"},
		{"set_values of an integer beyond 64 bits", `{"op":"set_values","column":"a","rows":[0],"value":9223372036854775808}`, codec.ErrMismatch, "9223372036854775808"},
		{"add_column with a name that there is", `{"op":"add_column","column":"a"}`, ErrInvalidOperation, `"a"`},
		{"add_column without a name", `{"op":"add_column","column":""}`, ErrInvalidOperation, "0 bytes"},
		{"add_column with too long a name", `{"op":"add_column","column":"` + long + `"}`, ErrInvalidOperation, "1025 bytes"},
		{"add_column with too few values", `{"op":"add_column","column":"c","values":[1]}`, ErrInvalidOperation, "1 value for 5 rows"},
		{"add_column with an unknown type", `{"op":"add_column","column":"c","dtype":"number"}`, codec.ErrUnsupported, "number"},
		{"add_column with values of another type", `{"op":"add_column","column":"c","dtype":"bool","values":[true,1,null,null,null]}`, codec.ErrMismatch, "1"},
		{"drop_columns of an unknown column", `{"op":"drop_columns","columns":["a","zz"]}`, ErrColumnNotFound, `"zz"`},
		{"drop_columns of none", `{"op":"drop_columns","columns":[]}`, ErrInvalidOperation, "empty"},
		{"drop_columns of all", `{"op":"drop_columns","columns":["n","b","a"]}`, ErrInvalidOperation, "every column"},
		{"drop_columns of one twice", `{"op":"drop_columns","columns":["a","a"]}`, ErrInvalidOperation, "twice"},
		{"select_columns of an unknown column", `{"op":"select_columns","columns":["zz"]}`, ErrColumnNotFound, `"zz"`},
		{"select_columns of none", `{"op":"select_columns","columns":[]}`, ErrInvalidOperation, "empty"},
		{"select_columns of one twice", `{"op":"select_columns","columns":["a","a"]}`, ErrInvalidOperation, "twice"},
		{"rename_columns of an unknown column", `{"op":"rename_columns","columns":{"zz":"y"}}`, ErrColumnNotFound, `"zz"`},
		{"rename_columns of none", `{"op":"rename_columns","columns":{}}`, ErrInvalidOperation, "empty"},
		{"rename_columns to an empty name", `{"op":"rename_columns","columns":{"a":""}}`, ErrInvalidOperation, "0 bytes"},
		{"rename_columns to too long a name", `{"op":"rename_columns","columns":{"a":"` + long + `"}}`, ErrInvalidOperation, "1025 bytes"},
		{"rename_columns to a name that there is", `{"op":"rename_columns","columns":{"a":"b"}}`, ErrInvalidOperation, `two columns "b"`},
		{"rename_columns of two to one name", `{"op":"rename_columns","columns":{"a":"c","b":"c"}}`, ErrInvalidOperation, `two columns "c"`},
		{"delete_rows past the end", `{"op":"delete_rows","rows":[5]}`, ErrInvalidOperation, "its rows are 0 to 4"},
		{"delete_rows of one twice", `{"op":"delete_rows","rows":[3,3]}`, ErrInvalidOperation, "row 3 is given twice"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := sample(t)
			ops, err := parse(t, `[{"op":"rename_columns","columns":{"a":"a"}},`+tt.op+`]`)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Apply(b.Frame, ops)
			if !errors.Is(err, tt.kind) {
				t.Fatalf("%v, want %v", err, tt.kind)
			}
			if text := err.Error(); !strings.HasPrefix(text, "operation 2: ") || !strings.Contains(text, tt.want) {
				t.Errorf("%q does not say %q", text, tt.want)
			}
		})
	}
}

func TestOperationsThatCannotBeReadSayWhy(t *testing.T) {
	many := make([]string, MaxOperations+1)
	for i := range many {
		many[i] = `{"op":"delete_rows","rows":[]}`
	}
	tests := []struct{ name, ops, want string }{
		{"none", `[]`, "operations is empty; give at least one of set_values, add_column"},
		{"too many", `[` + strings.Join(many, ",") + `]`, "1001 operations"},
		{"no object", `["delete_rows"]`, "operation 1: it is not a JSON object"},
		{"null", `[null]`, "operation 1: it is not a JSON object"},
		{"no name", `[{"rows":[0]}]`, `operation 1: its "op" is not one of set_values`},
		{"an unknown name", `[{"op":"delete_rows","rows":[0]},{"op":"sort_rows"}]`, `operation 2: its "op" is not one of`},
		{"a name that is no text", `[{"op":7}]`, `its "op" is not one of`},
		{"an unknown member", `[{"op":"delete_rows","rows":[0],"column":"a"}]`, `delete_rows: unknown field "column"`},
		{"a member of another type", `[{"op":"delete_rows","rows":"all"}]`, `delete_rows: "rows" cannot be string; it takes a list`},
		{"a row of many digits", `[{"op":"delete_rows","rows":[1` + strings.Repeat("0", 1000) + `]}]`, `"rows" cannot be number 100000000000000000000000000000000…; it`},
		{"a name that is no text in columns", `[{"op":"rename_columns","columns":{"a":1}}]`, `"columns" cannot be number; it takes text`},
		{"a row that is no whole number", `[{"op":"delete_rows","rows":[1.5]}]`, `delete_rows: "rows" cannot be number 1.5; it takes whole numbers of 64 bits`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parse(t, tt.ops)
			if !errors.Is(err, ErrInvalidOperation) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

func TestEveryOperationHasItsNameInTheList(t *testing.T) {
	if len(OperationNames) != len(newOperation) {
		t.Errorf("%d names for %d operations", len(OperationNames), len(newOperation))
	}
	for _, name := range OperationNames {
		if newOperation[name].of == nil {
			t.Errorf("no operation %q", name)
		}
	}
}

func TestAFewBytesCannotAskForAnyAmountOfMemory(t *testing.T) {
	text := strings.Repeat("x", 50)
	tests := []struct{ name, ops string }{
		{"one long value for many rows", `[{"op":"set_values","column":"b","rows":[0,1,2,3,4],"value":"` + text + `"}]`},
		{"a wide type without values", `[{"op":"add_column","column":"c","dtype":"decimal256(76, 0)"}]`},
		{"many columns without values", `[` + strings.Repeat(`{"op":"add_column","column":"c","dtype":"int64"},{"op":"rename_columns","columns":{"c":"%d"}},`, 100) + `{"op":"delete_rows","rows":[]}]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := sample(t)
			b.Limits.Bytes = 100
			text := tt.ops
			for i := range strings.Count(text, "%d") {
				text = strings.Replace(text, "%d", fmt.Sprint(i), 1)
			}
			ops, err := parse(t, text)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Apply(b.Frame, ops); !errors.Is(err, codec.ErrTooLarge) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestAddColumnKeepsToTheLimitOfColumns(t *testing.T) {
	b := sample(t)
	b.Limits.Columns = 4
	b.apply(t, `[{"op":"add_column","column":"c"}]`)
	ops, err := parse(t, `[{"op":"add_column","column":"d"}]`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Apply(b.Frame, ops); !errors.Is(err, codec.ErrTooLarge) {
		t.Errorf("%v", err)
	}
}

// Looking for every name among all columns takes more than six seconds here.
func TestNamingManyColumnsIsNotQuadratic(t *testing.T) {
	const columns, most = 60_000, 3 * time.Second
	names := make([]string, columns)
	renames := map[string]string{}
	marks := Marks{}
	fields := make([]arrow.Field, columns)
	for i := range names {
		names[i] = fmt.Sprintf("column_%05d", i)
		renames[names[i]] = names[i] + "x"
		marks[names[i]] = []int64{0}
		fields[i] = arrow.Field{Name: names[i], Type: arrow.Null}
	}
	edit := func(op any) func(*Frame) error {
		return func(f *Frame) error {
			text, err := json.Marshal([]any{op})
			if err != nil {
				return err
			}
			ops, err := parse(t, string(text))
			if err != nil {
				return err
			}
			_, err = Apply(f, ops)
			return err
		}
	}
	for name, run := range map[string]func(*Frame) error{
		"drop":   edit(map[string]any{"op": "drop_columns", "columns": names[1:]}),
		"select": edit(map[string]any{"op": "select_columns", "columns": names}),
		"rename": edit(map[string]any{"op": "rename_columns", "columns": renames}),
		"append": func(f *Frame) error { return Append(f, &codec.Table{Schema: arrow.NewSchema(fields, nil)}) },
		"mark": func(f *Frame) error {
			_, err := marks.Check(f)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := &Frame{Rows: []int{1}, Limits: codec.Limits{}.WithDefaults(), Marks: Marks{}}
			for i, field := range fields {
				f.Columns = append(f.Columns, &Column{Field: field, Origin: i, Chunks: []Chunk{{Data: MakeNulls(arrow.Null, 1)}}})
			}
			start := time.Now()
			if err := run(f); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took > most {
				t.Errorf("%d names took %s", columns, took)
			}
		})
	}
}

func FuzzOperations(f *testing.F) {
	for _, ops := range []string{
		`[{"op":"set_values","column":"a","rows":[3,0],"values":[null,7]},{"op":"set_values","column":"n","rows":[1],"value":{"x":[1]}}]`,
		`[{"op":"add_column","column":"c","values":[[1],{"x":null},null,"y",[2,3]]}]`,
		`[{"op":"add_column","column":"c","dtype":"decimal(10, 2)","values":["1.5",2,null,"-0.01",null]}]`,
		`[{"op":"drop_columns","columns":["a"]},{"op":"select_columns","columns":["n","b"]},{"op":"rename_columns","columns":{"n":"b","b":"n"}}]`,
		`[{"op":"delete_rows","rows":[0,1,2]},{"op":"delete_rows","rows":[0,1]},{"op":"add_column","column":"c","values":[]}]`,
		`[{"op":"set_values","column":"a","rows":[0],"value":1e300}]`,
		`[{"op":"delete_rows","rows":[9223372036854775807,-9223372036854775808]}]`,
		`[{"op":"add_column","column":"c","dtype":"timestamp[us, tz=UTC]"}]`,
		`[{"op":"cast","column":"a","dtype":"utf8"},{"op":"cast","column":"b","dtype":"float64","errors":"coerce"},{"op":"cast","column":"n","dtype":"date32"}]`,
		`[{"op":"fill_missing","columns":["a"],"method":"linear"},{"op":"fill_missing","columns":["n"],"method":"constant","value":[1]},{"op":"fill_missing","columns":["b"],"method":"mode"}]`,
		`[{"op":"fill_missing","columns":["a"],"method":"mean"},{"op":"fill_missing","columns":["a","b"],"method":"ffill"},{"op":"fill_missing","columns":["b"],"method":"bfill"}]`,
		`[{"op":"drop_missing","columns":["a","b"],"how":"all"},{"op":"drop_duplicates","columns":["b"],"keep":"none"},{"op":"drop_missing"}]`,
		`[{"op":"sort","by":[{"column":"b","descending":true},{"column":"a"}]},{"op":"delete_rows","rows":[0]}]`,
		`[{"op":"filter","where":{"and":[{"column":"a","cmp":"lt","value":2.5},{"not":{"or":[{"column":"b","cmp":"in","value":["x",null]},{"column":"n","cmp":"not_null"}]}}]}}]`,
		`[{"op":"filter","where":{"column":"b","cmp":"contains","value":"y"}}]`,
		`[{"op":"filter","where":{"or":[{"column":"a","cmp":"in","value":[1,2.0,1e1,0.5,1e-400,-0,99999999999999999999,null]},{"column":"a","cmp":"eq","value":3},{"column":"b","cmp":"in","value":["\u0078",""]}]}}]`,
		`[{"op":"filter","where":{"and":[{"column":"a","cmp":"ge","value":1.5},{"column":"a","cmp":"gt","value":1},{"column":"b","cmp":"ne","value":"x"},{"column":"b","cmp":"ne","value":"y"},{"column":"n","cmp":"in","value":[]}]}}]`,
		`[{"op":"add_column","column":"m","dtype":"decimal(6, 2)","values":["1.50",0,null,-2.5,1e2]},{"op":"filter","where":{"column":"m","cmp":"in","value":[1.5,"0.00",1e300,2.555]}}]`,
		`[{"Columns":{"a":null,"b":"c"},"op":"rename_columns"},{"op":"sort","by":[null,{"column":"c","descending":null}]}]`,
		`[{"op":"set_values","column":"a","rows":[3,0],"values":[null,7],"expect":[4,1]},{"op":"set_values","column":"b","rows":[1],"value":"q","expect":["y"]},{"op":"set_values","column":"n","rows":[0],"value":1,"expect":[null]}]`,
		`[{"op":"set_values","column":"b","rows":[0,1],"value":"q","expect":["y",{"x":[1e999]}]}]`,
		`[{"op":"set_values","cells":[{"row":3,"column":"a","value":1e2,"expect":4.0},{"column":"b","row":0,"value":null},{"row":2,"column":"n","value":"2026-01-18","expect":null}]}]`,
		`[{"op":"insert_rows","at":1,"rows":[{"a":10},{"b":"new","a":11,"n":[1,{"x":2}]},{}]},{"op":"insert_rows","at":8,"rows":[{"n":true}]},{"op":"delete_rows","rows":[1,2]}]`,
		`[{"op":"insert_rows","rows":[{"a":1},7,null],"at":0},{"op":"insert_rows","at":5,"rows":[]}]`,
		`[{"op":"replace","columns":["b"],"find":"x","with":"yy"},{"op":"replace","columns":["b","n"],"find":"(y)|Z","with":"$1-${1}$$","regex":true,"ignore_case":true},{"op":"replace","columns":["b"],"find":"U","with":null,"whole_cell":true,"ignore_case":true}]`,
		`[{"op":"replace","columns":["a"],"find":2,"with":null,"whole_cell":true},{"op":"replace","columns":["a"],"find":3.5,"with":"7","whole_cell":true},{"op":"replace","columns":["b"],"find":"(?P<q>.)","with":"${q}$0","regex":true,"whole_cell":true}]`,
		`[{"op":"replace","columns":["b"],"find":"","with":"$","regex":true},{"op":"replace","columns":["b"],"find":"a{1000}","with":"","regex":true}]`,
		`[{"op":"compute","column":"c","expression":"a * 2 + length(b)","dtype":"float32"},{"op":"compute","column":"a","expression":"if_else(c > 3, null, a)"},{"op":"delete_rows","rows":[0]}]`,
		`[{"op":"compute","column":"n","expression":"coalesce(n, 'x')"}]`,
		`[{}]`, `[null]`, `[[]]`,
	} {
		f.Add([]byte(ops))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		dec := jsontext.NewDecoder(bytes.NewReader(text))
		if kind := dec.PeekKind(); kind != '[' {
			return
		}
		ops, err := ReadOperations(dec)
		if errors.As(err, new(*jsontext.SyntacticError)) {
			return
		}
		if err != nil {
			wantKnown(t, err)
			return
		}
		b := sample(t)
		b.Limits.Bytes = 1 << 20
		if _, err := Apply(b.Frame, ops); err != nil {
			wantKnown(t, err)
			return
		}
		b.check(t)
	})
}

// wantKnown checks that an error is one that a client is told about.
func wantKnown(t *testing.T, err error) {
	t.Helper()
	known := []error{ErrColumnNotFound, ErrInvalidOperation, codec.ErrMalformed, codec.ErrMismatch, codec.ErrTooLarge, codec.ErrUnsupported, ErrCellChanged}
	if !slices.ContainsFunc(known, func(kind error) bool { return errors.Is(err, kind) }) {
		t.Fatalf("an error of no known kind: %v", err)
	}
}

func TestOperationsCannotCopyTheTableForEver(t *testing.T) {
	f := FromTable(codectest.Generate(10_000, 5, 1), codec.Limits{Bytes: 1 << 20})
	ops := make([]string, MaxOperations)
	for i := range ops {
		ops[i] = fmt.Sprintf(`{"op":"delete_rows","rows":[%d]}`, i)
	}
	parsed, err := parse(t, "["+strings.Join(ops, ",")+"]")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Apply(f, parsed); !errors.Is(err, ErrInvalidOperation) {
		t.Errorf("got %v, want %v", err, ErrInvalidOperation)
	}
}
