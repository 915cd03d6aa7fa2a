package frame

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/scalar"
)

// messy is two row groups with what cleaning is about: missing cells, of which one is marked, and
// a row twice.
func messy(t testing.TB) *base {
	t.Helper()
	b := stored(t,
		column{"n", "int64", []string{`[3,null,1]`, `[null,3]`}},
		column{"x", "float64", []string{`[null,1.0,2.0]`, `[null,null]`}},
		column{"s", "utf8", []string{`["b","a",null]`, `["a","b"]`}},
		column{"d", "date32", []string{`["2026-01-03",null,"2026-01-01"]`, `[null,"2026-01-03"]`}},
	)
	b.Marks = Marks{"n": {1}, "x": {0}}
	return b
}

const (
	messyN = `n int64 [3,null,1]= [null,3]=`
	messyX = `x float64 [null,1.0,2.0]= [null,null]=`
	messyS = `s utf8 ["b","a",null]= ["a","b"]=`
	messyD = `d date32 ["2026-01-03",null,"2026-01-01"]= [null,"2026-01-03"]=`
)

// marked are the lines of the marks as they were.
var marked = []string{`marks of n [1]`, `marks of x [0]`}

func TestCleaningDoesWhatItSays(t *testing.T) {
	same := func(changed ...string) []string { return append(changed, marked...) }
	tests := []struct {
		name, ops string
		want      []string
		effect    Effect
	}{
		{
			"fill_missing with a constant leaves marked cells and whole chunks alone",
			`[{"op":"fill_missing","columns":["n"],"method":"constant","value":9}]`,
			same(`n int64 [3,null,1]= [9,3]`, messyX, messyS, messyD),
			Effect{Cells: 1},
		},
		{
			"fill_missing with the mean",
			`[{"op":"fill_missing","columns":["x"],"method":"mean"}]`,
			same(messyN, `x float64 [null,1.0,2.0]= [1.5,1.5]`, messyS, messyD),
			Effect{Cells: 2},
		},
		{
			"fill_missing with the median of dates",
			`[{"op":"fill_missing","columns":["d"],"method":"median"}]`,
			same(messyN, messyX, messyS, `d date32 ["2026-01-03","2026-01-03","2026-01-01"] ["2026-01-03","2026-01-03"]`),
			Effect{Cells: 2},
		},
		{
			"fill_missing with the smallest mode",
			`[{"op":"fill_missing","columns":["s"],"method":"mode"}]`,
			same(messyN, messyX, `s utf8 ["b","a","a"] ["a","b"]=`, messyD),
			Effect{Cells: 1},
		},
		{
			"ffill goes over row groups, and over marked cells",
			`[{"op":"fill_missing","columns":["n","x","s","d"],"method":"ffill"}]`,
			same(`n int64 [3,null,1]= [1,3]`, `x float64 [null,1.0,2.0]= [2.0,2.0]`, `s utf8 ["b","a","a"] ["a","b"]=`,
				`d date32 ["2026-01-03","2026-01-03","2026-01-01"] ["2026-01-01","2026-01-03"]`),
			Effect{Cells: 6},
		},
		{
			"bfill goes backwards, and leaves what has nothing behind it",
			`[{"op":"fill_missing","columns":["n","x","s","d"],"method":"bfill"}]`,
			same(`n int64 [3,null,1]= [3,3]`, messyX, `s utf8 ["b","a","a"] ["a","b"]=`,
				`d date32 ["2026-01-03","2026-01-01","2026-01-01"] ["2026-01-03","2026-01-03"]`),
			Effect{Cells: 4},
		},
		{
			"linear goes straight from value to value and keeps the last",
			`[{"op":"fill_missing","columns":["n","x","d"],"method":"linear"}]`,
			same(`n int64 [3,null,1]= [2,3]`, `x float64 [null,1.0,2.0]= [2.0,2.0]`, messyS,
				`d date32 ["2026-01-03","2026-01-02","2026-01-01"] ["2026-01-02","2026-01-03"]`),
			Effect{Cells: 5},
		},
		{
			"drop_missing does not count marked cells",
			`[{"op":"drop_missing","columns":["n","x"]}]`,
			[]string{`n int64 [3,null,1]=`, `x float64 [null,1.0,2.0]=`, `s utf8 ["b","a",null]=`, `d date32 ["2026-01-03",null,"2026-01-01"]=`, `marks of n [1]`, `marks of x [0]`},
			Effect{Rows: 2},
		},
		{
			"drop_missing where all are missing, and marks follow their rows",
			`[{"op":"delete_rows","rows":[0]},{"op":"drop_missing","columns":["n","x","d"],"how":"all"}]`,
			[]string{`n int64 [null,1] [3]`, `x float64 [1.0,2.0] [null]`, `s utf8 ["a",null] ["b"]`, `d date32 [null,"2026-01-01"] ["2026-01-03"]`, `marks of n [0]`},
			Effect{Rows: 1},
		},
		{
			"drop_duplicates keeps the first",
			`[{"op":"drop_duplicates","columns":["n","s"]}]`,
			[]string{`n int64 [3,null,1]=`, `x float64 [null,1.0,2.0]=`, `s utf8 ["b","a",null]=`, `d date32 ["2026-01-03",null,"2026-01-01"]=`, `marks of n [1]`, `marks of x [0]`},
			Effect{Rows: 2},
		},
		{
			"drop_duplicates keeps the last",
			`[{"op":"drop_duplicates","columns":["n","s"],"keep":"last"}]`,
			[]string{`n int64 [1] [null,3]=`, `x float64 [2.0] [null,null]=`, `s utf8 [null] ["a","b"]=`, `d date32 ["2026-01-01"] [null,"2026-01-03"]=`},
			Effect{Rows: 2},
		},
		{
			"drop_duplicates keeps none",
			`[{"op":"drop_duplicates","columns":["n","s"],"keep":"none"}]`,
			[]string{`n int64 [1]`, `x float64 [2.0]`, `s utf8 [null]`, `d date32 ["2026-01-01"]`},
			Effect{Rows: 4},
		},
		{
			"drop_duplicates of all columns",
			`[{"op":"drop_duplicates"}]`,
			same(`n int64 [3,null,1]= [null]`, `x float64 [null,1.0,2.0]= [null]`, `s utf8 ["b","a",null]= ["a"]`, `d date32 ["2026-01-03",null,"2026-01-01"]= [null]`),
			Effect{Rows: 1},
		},
		{
			"sort is stable, puts missing values last, and moves marks",
			`[{"op":"sort","by":[{"column":"n"}]}]`,
			[]string{
				`n int64 [1,3,3] [null,null]`, `x float64 [2.0,null,null] [1.0,null]`, `s utf8 [null,"b","b"] ["a","a"]`,
				`d date32 ["2026-01-01","2026-01-03","2026-01-03"] [null,null]`, `marks of n [3]`, `marks of x [1]`,
			},
			Effect{Rows: 5},
		},
		{
			"sort by two columns, one descending, still with missing values last",
			`[{"op":"sort","by":[{"column":"s","descending":true},{"column":"x"}]}]`,
			[]string{
				`n int64 [3,3,null] [null,1]`, `x float64 [null,null,1.0] [null,2.0]`, `s utf8 ["b","b","a"] ["a",null]`,
				`d date32 ["2026-01-03","2026-01-03",null] [null,"2026-01-01"]`, `marks of n [2]`, `marks of x [0]`,
			},
			Effect{Rows: 3},
		},
		{
			"filter keeps whole chunks of rows that all stay",
			`[{"op":"filter","where":{"or":[{"column":"x","cmp":"not_null"},{"column":"s","cmp":"eq","value":"b"}]}}]`,
			[]string{`n int64 [3,null,1]= [3]`, `x float64 [null,1.0,2.0]= [null]`, `s utf8 ["b","a",null]= ["b"]`, `d date32 ["2026-01-03",null,"2026-01-01"]= ["2026-01-03"]`, `marks of n [1]`, `marks of x [0]`},
			Effect{Rows: 1},
		},
		{
			"cast changes one column",
			`[{"op":"cast","column":"n","dtype":"utf8"}]`,
			same(`n utf8 ["3",null,"1"] [null,"3"]`, messyX, messyS, messyD),
			Effect{Cells: 3},
		},
		{
			"cast counts what it coerces",
			`[{"op":"set_values","column":"s","rows":[0,3],"values":[" 7 ","08"]},{"op":"cast","column":"s","dtype":"int8","errors":"coerce"}]`,
			same(messyN, messyX, `s int8 [7,null,null] [8,null]`, messyD),
			Effect{Cells: 4, Coerced: 2},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := messy(t)
			ops, err := parse(t, tt.ops)
			if err != nil {
				t.Fatal(err)
			}
			effects, err := Apply(b.Frame, ops)
			if err != nil {
				t.Fatal(err)
			}
			b.check(t)
			if diff := cmp.Diff(tt.want, b.show(t)); diff != "" {
				t.Error(diff)
			}
			tt.effect.Op = ops[len(ops)-1].Name
			if got := effects[len(effects)-1]; got != tt.effect {
				t.Errorf("effect %+v, want %+v", got, tt.effect)
			}
		})
	}
}

func TestFiltersKeepTheRowsForWhichTheyHold(t *testing.T) {
	const sample = 5
	numbers := func(t testing.TB) *base {
		return stored(t,
			column{"i", "int64", []string{`[0,1,2]`, `[9007199254740993,null]`}},
			column{"u", "uint64", []string{`[0,1,18446744073709551615]`, `[5,null]`}},
			column{"f", "float64", []string{`[0.1,-1.5,1e300]`, `[2,null]`}},
			column{"m", "decimal(6, 2)", []string{`["1.25","-1.25","0.00"]`, `["9999.99",null]`}},
			column{"s", "utf8", []string{`["","a","ab"]`, `["é",null]`}},
			column{"b", "bool", []string{`[true,false,true]`, `[false,null]`}},
			column{"t", "timestamp[us]", []string{`["2026-01-01T00:00:00","2026-01-01T12:00:00","2025-12-31T23:59:59.999999"]`, `["2026-01-02T00:00:00",null]`}},
			column{"c", "dictionary", []string{`["x","y","x"]`, `["z",null]`}},
			column{"row", "int8", []string{`[0,1,2]`, `[3,4]`}},
		)
	}
	tests := []struct{ where, want string }{
		{`{"column":"i","cmp":"eq","value":1}`, `[1]`},
		{`{"column":"i","cmp":"eq","value":1.0}`, `[1]`},
		{`{"column":"i","cmp":"eq","value":1.5}`, `[]`},
		{`{"column":"i","cmp":"ne","value":1}`, `[0,2,3,4]`},
		{`{"column":"i","cmp":"lt","value":1.5}`, `[0,1]`},
		{`{"column":"i","cmp":"ge","value":1.5}`, `[2,3]`},
		{`{"column":"i","cmp":"gt","value":9007199254740992}`, `[3]`},
		{`{"column":"i","cmp":"gt","value":9007199254740993}`, `[]`},
		{`{"column":"i","cmp":"lt","value":1e400}`, `[0,1,2,3]`},
		{`{"column":"i","cmp":"gt","value":-1e30}`, `[0,1,2,3]`},
		{`{"column":"i","cmp":"le","value":-0.5}`, `[]`},
		{`{"column":"u","cmp":"gt","value":-1}`, `[0,1,2,3]`},
		{`{"column":"u","cmp":"ge","value":18446744073709551615}`, `[2]`},
		{`{"column":"u","cmp":"le","value":18446744073709551614.5}`, `[0,1,3]`},
		{`{"column":"f","cmp":"eq","value":0.1}`, `[0]`},
		{`{"column":"f","cmp":"eq","value":2}`, `[3]`},
		{`{"column":"f","cmp":"in","value":[2,0.1,7]}`, `[0,3]`},
		{`{"column":"m","cmp":"eq","value":1.25}`, `[0]`},
		{`{"column":"m","cmp":"gt","value":1.249}`, `[0,3]`},
		{`{"column":"m","cmp":"lt","value":-1.249}`, `[1]`},
		{`{"column":"m","cmp":"ge","value":1e10}`, `[]`},
		{`{"column":"s","cmp":"contains","value":"a"}`, `[1,2]`},
		{`{"column":"s","cmp":"contains","value":""}`, `[0,1,2,3]`},
		{`{"column":"s","cmp":"gt","value":"a"}`, `[2,3]`},
		{`{"column":"s","cmp":"in","value":["é","","none"]}`, `[0,3]`},
		{`{"column":"s","cmp":"in","value":["a",null]}`, `[1,4]`},
		{`{"column":"s","cmp":"in","value":[]}`, `[]`},
		{`{"column":"b","cmp":"eq","value":true}`, `[0,2]`},
		{`{"column":"t","cmp":"lt","value":"2026-01-01"}`, `[2]`},
		{`{"column":"t","cmp":"ge","value":"2026-01-01T12:00:00"}`, `[1,3]`},
		{`{"column":"c","cmp":"eq","value":"x"}`, `[0,2]`},
		{`{"column":"c","cmp":"contains","value":"z"}`, `[3]`},
		{`{"column":"i","cmp":"is_null"}`, `[4]`},
		{`{"not":{"column":"i","cmp":"is_null"}}`, `[0,1,2,3]`},
		{`{"not":{"column":"i","cmp":"eq","value":1}}`, `[0,2,3,4]`},
		{`{"and":[{"column":"i","cmp":"ge","value":1},{"column":"b","cmp":"eq","value":true}]}`, `[2]`},
		{`{"or":[{"column":"i","cmp":"lt","value":1},{"column":"s","cmp":"eq","value":"é"}]}`, `[0,3]`},
	}
	for _, tt := range tests {
		b := numbers(t)
		b.apply(t, `[{"op":"filter","where":`+tt.where+`},{"op":"select_columns","columns":["row"]}]`)
		var rows []int64
		for _, chunk := range b.Columns[0].Chunks {
			if chunk.Data == nil {
				if err := b.LoadAll([]int{0}, []int{0, 1}[:len(b.Rows)]); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, chunk := range b.Columns[0].Chunks {
			tick := scalar.Ticks(chunk.Data)
			for row := range chunk.Data.Len() {
				rows = append(rows, tick(row))
			}
		}
		if got := spellRows(rows); got != tt.want || len(rows) > sample {
			t.Errorf("%s keeps %s, want %s", tt.where, got, tt.want)
		}
	}
}

func TestCleaningRefusesWhatItCannotDo(t *testing.T) {
	tests := []struct {
		op   string
		kind error
		says string
	}{
		{`{"op":"fill_missing","columns":["n"],"method":"middle"}`, ErrInvalidOperation, "mean, median, mode"},
		{`{"op":"fill_missing","columns":[],"method":"mean"}`, ErrInvalidOperation, "at least one column"},
		{`{"op":"fill_missing","columns":["z"],"method":"mean"}`, ErrColumnNotFound, `"z"`},
		{`{"op":"fill_missing","columns":["s"],"method":"mean"}`, ErrInvalidOperation, "numbers and dates"},
		{`{"op":"fill_missing","columns":["n"],"method":"constant"}`, ErrInvalidOperation, "needs a value"},
		{`{"op":"fill_missing","columns":["n"],"method":"constant","value":1.5}`, codec.ErrMismatch, "int64"},
		{`{"op":"fill_missing","columns":["n"],"method":"mean","value":1}`, ErrInvalidOperation, "takes no value"},
		{`{"op":"fill_missing","columns":["n"],"method":"mean"}`, codec.ErrMismatch, "cast the column to float64 first"},
		{`{"op":"drop_missing","how":"most"}`, ErrInvalidOperation, "any or all"},
		{`{"op":"drop_missing","columns":[]}`, ErrInvalidOperation, "at least one column"},
		{`{"op":"drop_duplicates","keep":"best"}`, ErrInvalidOperation, "first, last or none"},
		{`{"op":"sort","by":[]}`, ErrInvalidOperation, "by is empty"},
		{`{"op":"sort","by":[{"column":"n"},{"column":"n","descending":true}]}`, ErrInvalidOperation, "twice"},
		{`{"op":"sort","by":[{"column":"n","order":"up"}]}`, ErrInvalidOperation, "order"},
		{`{"op":"filter"}`, ErrInvalidOperation, "a condition is missing"},
		{`{"op":"filter","where":{}}`, ErrInvalidOperation, "has to be one of"},
		{`{"op":"filter","where":{"and":[],"column":"n","cmp":"eq","value":1}}`, ErrInvalidOperation, "has to be one of"},
		{`{"op":"filter","where":{"or":[]}}`, ErrInvalidOperation, "empty"},
		{`{"op":"filter","where":{"and":[null]}}`, ErrInvalidOperation, "a condition is missing"},
		{`{"op":"filter","where":{"cmp":"eq","value":1}}`, ErrInvalidOperation, "column"},
		{`{"op":"filter","where":{"column":"n","cmp":"like","value":1}}`, ErrInvalidOperation, "is_null or not_null"},
		{`{"op":"filter","where":{"column":"n","cmp":"eq"}}`, ErrInvalidOperation, "needs a value"},
		{`{"op":"filter","where":{"column":"n","cmp":"eq","value":null}}`, ErrInvalidOperation, "is_null"},
		{`{"op":"filter","where":{"column":"n","cmp":"is_null","value":1}}`, ErrInvalidOperation, "no value"},
		{`{"op":"filter","where":{"column":"n","cmp":"eq","value":"3.0"}}`, codec.ErrMismatch, `"3.0"`},
		{`{"op":"filter","where":{"column":"s","cmp":"in","value":"b"}}`, ErrInvalidOperation, "list"},
		{`{"op":"filter","where":{"column":"n","cmp":"contains","value":"1"}}`, ErrInvalidOperation, "for text"},
		{`{"op":"filter","where":{"column":"d","cmp":"lt","value":"today"}}`, codec.ErrMismatch, "date32"},
		{`{"op":"cast","column":"s","dtype":"int64"}`, codec.ErrMismatch, `"b" of row 0`},
		{`{"op":"cast","column":"x","dtype":"date32"}`, ErrInvalidOperation, "date32"},
		{`{"op":"cast","column":"x","dtype":"number"}`, codec.ErrUnsupported, "number"},
		{`{"op":"cast","column":"x","dtype":"int64","errors":"ignore"}`, ErrInvalidOperation, "raise or coerce"},
	}
	for _, tt := range tests {
		b := messy(t)
		ops, err := parse(t, `[`+tt.op+`]`)
		if err == nil {
			_, err = Apply(b.Frame, ops)
		}
		if !errors.Is(err, tt.kind) || !says(err, tt.says) {
			t.Errorf("%s: %v, want %v that says %q", tt.op, err, tt.kind, tt.says)
		}
	}
}

func TestFillsAreExact(t *testing.T) {
	for _, tt := range []struct{ dtype, values, method, want string }{
		{"int64", `[9007199254740993,null,9007199254740993]`, "median", `[9007199254740993,9007199254740993,9007199254740993]`},
		{"int64", `[9007199254740993,null,9007199254740995]`, "linear", `[9007199254740993,9007199254740994,9007199254740995]`},
		{"uint64", `[18446744073709551615,18446744073709551613,null]`, "mean", `[18446744073709551615,18446744073709551613,18446744073709551614]`},
		{"decimal(10, 2)", `["0.10","0.20",null]`, "mean", `["0.10","0.20","0.15"]`},
		{"decimal(20, 2)", `["123456789012345678.91",null,"123456789012345678.93"]`, "linear", `["123456789012345678.91","123456789012345678.92","123456789012345678.93"]`},
		{"timestamp[ns]", `["2026-01-01T00:00:00.123456789",null]`, "mean", `["2026-01-01T00:00:00.123456789","2026-01-01T00:00:00.123456789"]`},
		{"date32", `["2026-01-01",null,"2026-01-04"]`, "linear", `["2026-01-01","2026-01-03","2026-01-04"]`},
		{"date32", `["2026-01-01",null,"2026-01-02"]`, "mean", `["2026-01-01","2026-01-01","2026-01-02"]`},
		{"float64", `[1e308,1.5e308,null]`, "median", `[1e+308,1.5e+308,1.25e+308]`},
	} {
		b := stored(t, column{"a", tt.dtype, []string{tt.values}})
		b.apply(t, `[{"op":"fill_missing","columns":["a"],"method":"`+tt.method+`"}]`)
		if got := codectest.JSONArray(b.Columns[0].Chunks[0].Data); got != tt.want {
			t.Errorf("%s of %s: %s, want %s", tt.method, tt.values, got, tt.want)
		}
	}
}

func TestCastsTakeWhatTheNewTypeKeeps(t *testing.T) {
	for _, tt := range []struct{ from, values, to, want string }{
		{"utf8", `[" 1.50 ","+7","007",".5","1e3",null]`, "float64", `[1.5,7.0,7.0,0.5,1000.0,null]`},
		{"utf8", `["0xe","1_0","inf","nan","","-"]`, "float64", `[null,null,null,null,null,null]`},
		{"utf8", `["7","7.0","-07","7.5","300"]`, "int8", `[7,7,-7,null,null]`},
		{"utf8", `["true","False","1","0","yes"]`, "bool", `[true,false,true,false,null]`},
		{"utf8", `["2026-01-18","2026-01-18T10:30","2026-01-18 10:30:01","18.1.2026"]`, "timestamp[us]", `["2026-01-18T00:00:00","2026-01-18T10:30:00","2026-01-18T10:30:01",null]`},
		{"utf8", `[" 2026-01-18","2026-01-18T00:00:00","2026-02-30"]`, "date32", `["2026-01-18","2026-01-18",null]`},
		{"utf8", `["1.50","1.505"]`, "decimal(5, 2)", `["1.50",null]`},
		{"float64", `[7.0,7.5,null]`, "int64", `[7,null,null]`},
		{"float64", `[1.0,0.0,2.0]`, "bool", `[true,false,null]`},
		{"int64", `[9007199254740993,1]`, "float64", `[null,1.0]`},
		{"bool", `[true,false]`, "int8", `[1,0]`},
		{"timestamp[us]", `["2026-01-18T00:00:00","2026-01-18T00:00:01"]`, "date32", `["2026-01-18",null]`},
		{"timestamp[us]", `["2026-01-18T00:00:00.000001"]`, "timestamp[s]", `[null]`},
		{"date32", `["2026-01-18"]`, "timestamp[s]", `["2026-01-18T00:00:00"]`},
		{"float64", `[1.5,1e20]`, "utf8", `["1.5","1e+20"]`},
		{"dictionary", `["x",null]`, "utf8", `["x",null]`},
		{"null", `[null,null]`, "date32", `[null,null]`},
	} {
		b := stored(t, column{"a", tt.from, []string{tt.values}})
		b.apply(t, `[{"op":"cast","column":"a","dtype":"`+tt.to+`","errors":"coerce"}]`)
		if got := codectest.JSONArray(b.Columns[0].Chunks[0].Data); got != tt.want {
			t.Errorf("%s as %s: %s, want %s", tt.values, tt.to, got, tt.want)
		}
	}
}

func TestTheConditionsOfAnEditHaveALimit(t *testing.T) {
	many := `{"op":"filter","where":{"or":[` + strings.Repeat(`{"column":"n","cmp":"not_null"},`, 600) + `{"column":"n","cmp":"is_null"}]}}`
	if _, err := parse(t, `[`+many+`,`+many+`]`); !errors.Is(err, ErrInvalidOperation) || !says(err, "operation 2") || !says(err, "1000 parts") {
		t.Errorf("1204 conditions: %v", err)
	}
}
