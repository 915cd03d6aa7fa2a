package frame

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec"
	"edgeframe/codec/document"
)

// refusals are queries that are refused: with a pointer, and a text that says what is accepted.
var refusals = []struct{ query, pointer, want string }{
	{`{"wher":{}}`, "/wher", `unknown field "wher"; the fields are columns, where`},
	{`{"columns":"a"}`, "/columns", "it takes a list"},
	{`{"columns":["a","b","a"]}`, "/columns/2", `column "a" is in columns twice`},
	{`{"columns":[1]}`, "/columns", "it takes text"},
	{`{"offset":-1}`, "/offset", "offset is -1; it must be a whole number from 0"},
	{`{"limit":1.5}`, "/limit", "it must be a whole number from 0"},
	{`{"version":0}`, "/version", "it must be a whole number from 1"},
	{`{"version":"2"}`, "/version", "it must be a whole number from 1"},
	{`{"where":[]}`, "/where", `"where" cannot be array; it takes an object`},
	{`{"where":{"and":[{"column":1}]}}`, "/where", `cannot be number; it takes text`},
	{`{"where":{"column":"s","cmp":"like","value":"x"}}`, "/where/cmp", `cmp is "like"; it must be eq, ne, lt, le, gt, ge, between, in`},
	{`{"where":{"and":[{"column":"s","cmp":"eq"}]}}`, "/where/and/0/value", "eq needs a value that is not null"},
	{`{"where":{"or":[{"not":{"column":"nme","cmp":"is_null"}}]}}`, "/where/or/0/not/column", `there is no column "nme" in this table; did you mean "name"?`},
	{`{"where":{"column":"i","cmp":"between","value":[1]}}`, "/where/value", "a list of two"},
	{`{"where":{"column":"i","cmp":"between","value":[1,2,3]}}`, "/where/value", "a list of two"},
	{`{"where":{"column":"i","cmp":"between","value":1}}`, "/where/value", "a list of two"},
	{`{"where":{"column":"i","cmp":"between","value":[1,null]}}`, "/where/value/1", "two values that are not null"},
	{`{"where":{"column":"i","cmp":"between","value":[1,"x"]}}`, "/where/value/1", `the value "x" cannot be compared with column "i"`},
	{`{"where":{"column":"list","cmp":"between","value":[[1],[2]]}}`, "/where/cmp", "have no order"},
	{`{"where":{"column":"i","cmp":"eq","value":1,"ignore_case":true}}`, "/where/ignore_case", `ignore_case is for text; column "i" is int64`},
	{`{"where":{"column":"s","cmp":"lt","value":"a","ignore_case":true}}`, "/where/ignore_case", "ignore_case does not go with lt; it goes with eq"},
	{`{"where":{"column":"s","cmp":"eq","value":"a","ignore_case":1}}`, "/where", "it takes true or false"},
	{`{"where":{"column":"i","cmp":"starts_with","value":"a"}}`, "/where/column", `starts_with is for text; column "i" is int64`},
	{`{"where":{"column":"s","cmp":"ends_with","value":1}}`, "/where/value", "ends_with needs a value that is text"},
	{`{"where":{"column":"s","cmp":"matches"}}`, "/where/value", "matches needs a value that is text"},
	{`{"where":{"column":"s","cmp":"matches","value":"é(?=b)"}}`, "/where/value", "at character 2: invalid or unsupported Perl syntax \"(?=\"; it must be a regular expression as RE2"},
	{`{"where":{"column":"s","cmp":"matches","value":"ab\\1"}}`, "/where/value", "at character 3: invalid escape sequence"},
	{`{"where":{"column":"s","cmp":"matches","value":"a(b"}}`, "/where/value", "at character 4: missing closing )"},
	{`{"where":{"column":"s","cmp":"matches","value":"` + strings.Repeat("a", 1001) + `"}}`, "/where/value", "the pattern has 1001 bytes; it may have 1000"},
	{`{"where":{"column":"s","cmp":"matches","value":"((a{100}){100}){100}"}}`, "/where/value", "at character"},
	{`{"where":{"column":"s","cmp":"matches","value":"(abc){1000}"}}`, "/where/value", "the pattern is too large"},
	{`{"where":{"or":[{"column":"s","cmp":"matches","value":"a{999}"},{"column":"s","cmp":"matches","value":"b{999}"},{"column":"s","cmp":"matches","value":"c{999}"}]}}`, "/where/or/2/value", "the patterns of the condition are too large"},

	{`{"sort":5}`, "/sort", "it takes a list"},
	{`{"sort":["nme"]}`, "/sort/0", `did you mean "name"?`},
	{`{"sort":["s",{"column":"z"}]}`, "/sort/1/column", `there is no column "z"`},
	{`{"sort":["s","-s"]}`, "/sort/1", `column "s" is in sort twice`},
	{`{"sort":["list"]}`, "/sort/0", "values have no order"},
	{`{"sort":[{"column":"s","ascending":false}]}`, "/sort/0/ascending", `unknown field "ascending"; the fields are column, descending`},
	{`{"sort":"s,,i"}`, "/sort/1", "sort has an empty name"},

	{`{"group":{}}`, "/group", `give "by", "aggregates" or both`},
	{`{"group":{"by":["nme"]}}`, "/group/by/0", `did you mean "name"?`},
	{`{"group":{"by":["s","s"]}}`, "/group/by/1", "is in by twice"},
	{`{"group":{"by":["s"],"agregates":[]}}`, "/group/agregates", "the fields are by, aggregates"},
	{`{"group":{"by":"s"}}`, "/group/by", "it takes a list"},
	{`{"group":{"by":["s"],"aggregates":[{"column":"i"}]}}`, "/group/aggregates/0", `has no "fn"`},
	{`{"group":{"by":["s"],"aggregates":[{"fn":"count"},{"column":"i","fn":"var"}]}}`, "/group/aggregates/1/fn", `fn is "var"; it must be one of count, count_distinct, sum`},
	{`{"group":{"by":["s"],"aggregates":[{"fn":"mean"}]}}`, "/group/aggregates/0", `mean has no "column"`},
	{`{"group":{"by":["s"],"aggregates":[{"fn":"mean","column":"I"}]}}`, "/group/aggregates/0/column", `did you mean "i"?`},
	{`{"group":{"by":["s"],"aggregates":[{"fn":"mean","column":"s"}]}}`, "/group/aggregates/0/fn", `mean is for numbers, booleans, dates, times and durations; column "s" is utf8`},
	{`{"group":{"by":["s"],"aggregates":[{"fn":"sum","column":"d"}]}}`, "/group/aggregates/0/fn", `sum is for numbers, booleans and durations; column "d" is date32`},
	{`{"group":{"by":["s"],"aggregates":[{"fn":"std","column":"d"}]}}`, "/group/aggregates/0/fn", `std is for numbers; column "d" is date32`},
	{`{"group":{"by":["s"],"aggregates":[{"fn":"median","column":"b"}]}}`, "/group/aggregates/0/fn", `median is for numbers, dates, times and durations; column "b" is bool`},
	{`{"group":{"by":["s"],"aggregates":[{"fn":"min","column":"list"}]}}`, "/group/aggregates/0/fn", `min is for values that have an order`},
	{`{"group":{"by":["s"],"aggregates":[{"fn":"count"},{"fn":"min","column":"i","as":"count"}]}}`, "/group/aggregates/1", `two columns "count"`},
	{`{"group":{"by":["s"],"aggregates":[{"fn":"count"}]},"sort":["-cout"]}`, "/sort/0", `did you mean "count"?`},
	{`{"group":{"by":["s"],"aggregates":[{"fn":"sum","column":"big"}]}}`, "/group/aggregates/0", `the sum "sum_big" is beyond what int64 can hold`},
	{`{"group":{"by":["s"]},"distinct":{"column":"s"}}`, "", "group, histogram and distinct exclude each other"},
	{`{"group":{"by":["s"]},"columns":["s"]}`, "/columns", "columns does not go with group"},

	{`{"histogram":{"column":"s"}}`, "/histogram/column", `histogram is for numbers, dates, times and durations; column "s" is utf8`},
	{`{"histogram":{"column":"x"}}`, "/histogram/column", `there is no column "x"`},
	{`{"histogram":{"column":"i","bins":0}}`, "/histogram/bins", "bins is 0; it must be a whole number from 1 to 1000"},
	{`{"histogram":{"column":"i","bins":1001}}`, "/histogram/bins", "it must be a whole number from 1 to 1000"},
	{`{"histogram":{"column":"i"},"sort":["i"]}`, "/sort", "sort does not go with histogram or distinct"},
	{`{"histogram":"i"}`, "/histogram", "it takes an object"},
	{`{"distinct":{"column":"s","limit":10001}}`, "/distinct/limit", "it must be a whole number from 1 to 10000"},
	{`{"distinct":{"column":"nme"}}`, "/distinct/column", `did you mean "name"?`},
	{`{"distinct":{"column":"s","search":"` + strings.Repeat("x", 1025) + `"}}`, "/distinct/search", "it may have 1024"},
	{`{"distinct":{"column":"s"},"limit":5}`, "", `distinct a "limit" of its own`},
}

// refusalTable has columns of the types that refusals are about.
func refusalTable(t testing.TB) *base {
	t.Helper()
	of := table(t,
		column{"s", "utf8", []string{`["x","y"]`}}, column{"name", "utf8", []string{`["x","y"]`}},
		column{"i", "int64", []string{`[1,null]`}}, column{"big", "int64", []string{`[9223372036854775807,1]`}},
		column{"b", "bool", []string{`[true,null]`}}, column{"d", "date32", []string{`["2020-01-01",null]`}},
	)
	list := arrow.ListOf(arrow.PrimitiveTypes.Int64)
	arr, err := document.Values([]byte(`[[1],null]`), list, codec.Limits{}.WithDefaults())
	if err != nil {
		t.Fatal(err)
	}
	of.Schema = arrow.NewSchema(append(of.Schema.Fields(), arrow.Field{Name: "list", Type: list, Nullable: true}), nil)
	of.RowGroups[0] = array.NewRecord(of.Schema, append(of.RowGroups[0].Columns(), arr), 2)
	return asStored(of)
}

func TestQueriesThatAreRefusedSayWhatIsAccepted(t *testing.T) {
	b := refusalTable(t)
	for _, tt := range refusals {
		text := tt.query
		if strings.Contains(text, `"column":"big"`) {
			text = strings.Replace(text, `"by":["s"]`, `"by":[]`, 1)
		}
		err := runQuery(b.Frame, text)
		if !errors.Is(err, ErrInvalidQuery) && !errors.Is(err, ErrColumnNotFound) && !errors.Is(err, codec.ErrMismatch) {
			t.Errorf("%.200s: the kind of the error is another one: %v", text, err)
		}
		if !says(err, tt.want) {
			t.Errorf("%.200s: %v, want %q", text, err, tt.want)
		}
		if fault, ok := errors.AsType[*Fault](err); !ok || fault.Pointer != tt.pointer {
			t.Errorf("%.200s: the fault is %+v, want one at %q", text, fault, tt.pointer)
		}
	}
}

// runQuery reads a query and runs all of it.
func runQuery(f *Frame, text string) error {
	q, err := readQuery(text)
	if err != nil {
		return err
	}
	s, err := f.Select(q)
	if err != nil {
		return err
	}
	switch {
	case q.Group != nil:
		_, err = f.Group(s, q)
	case q.Histogram != nil:
		h, failed := f.Histogram(s, q)
		if err = failed; err == nil {
			_, err = h.JSON()
		}
	case q.Distinct != nil:
		d, failed := f.Distinct(s, q)
		if err = failed; err == nil {
			_, err = d.JSON()
		}
	}
	return err
}

func TestConditionsOfQueriesAreBounded(t *testing.T) {
	b := refusalTable(t)
	one := `{"column":"s","cmp":"is_null"}`
	for text, fits := range map[string]bool{
		`{"or":[` + strings.Repeat(one+",", 998) + one + `]}`:         true,
		`{"or":[` + strings.Repeat(one+",", 999) + one + `]}`:         false,
		strings.Repeat(`{"not":`, 62) + one + strings.Repeat("}", 62): true,
		strings.Repeat(`{"not":`, 63) + one + strings.Repeat("}", 63): false,
	} {
		err := runQuery(b.Frame, `{"where":`+text+`}`)
		if fits && err != nil || !fits && (!errors.Is(err, ErrInvalidQuery) || !says(err, "1000 parts, nested 63 deep")) {
			t.Errorf("%.60s…: %v", text, err)
		}
	}
}

func TestParametersAreReadAsMembersAre(t *testing.T) {
	for text, want := range map[string]string{
		"-visit,site":       "visit true, site false",
		` a , -b `:          "a false, b true",
		`["-visit","site"]`: "visit true, site false",
		`[{"column":"-x","descending":true},"a,b"]`: "-x true, a,b false",
		`"-visit"`:           "visit true",
		"":                   "",
		`[{"column":"a"}] x`: "error",
		`["a"`:               "error",
		`-`:                  "error",
		`[1]`:                "error",
		`[null]`:             "error",
		`[{"column":"a","descending":true,"by":"b"}]`: "error",
	} {
		keys, err := ParseSort(text)
		var got []string
		for _, key := range keys {
			got = append(got, fmt.Sprint(key.Column, " ", key.Descending))
		}
		if spelled := strings.Join(got, ", "); (err != nil) != (want == "error") || err == nil && spelled != want {
			t.Errorf("%q is %q, %v, want %q", text, spelled, err, want)
		}
		if err != nil && !errors.Is(err, ErrInvalidQuery) {
			t.Errorf("%q: %v", text, err)
		}
	}
	for text, want := range map[string]string{
		`{"column":"a","cmp":"is_null"}`:  "",
		``:                                "",
		`{"column":"a"`:                   "where cannot be read: the JSON text ends too early",
		`{"column":"a","cmp":"is_null"}1`: "where is not one JSON value",
		`column = 1`:                      "where cannot be read",
		`{"column":"a","cmp":"x"}`:        "cmp is",
		`[]`:                              "it takes an object",
	} {
		c, err := ParseWhere(text)
		if want == "" && (err != nil || (c != nil) != (text != "")) || want != "" && (!errors.Is(err, ErrInvalidQuery) || !says(err, want)) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestEqualSelectionsHaveEqualKeys(t *testing.T) {
	texts := []string{
		`{}`,
		`{"sort":["a"]}`,
		`{"sort":["-a"]}`,
		`{"sort":["a","b"]}`,
		`{"sort":["b","a"]}`,
		`{"where":{"column":"a","cmp":"eq","value":"x"}}`,
		`{"where":{"column":"a","cmp":"eq","value":"x","ignore_case":true}}`,
		`{"where":{"column":"a","cmp":"ne","value":"x"}}`,
		`{"where":{"column":"a","cmp":"eq","value":"x)(\"a\""}}`,
		`{"where":{"not":{"column":"a","cmp":"eq","value":"x"}}}`,
		`{"where":{"and":[{"column":"a","cmp":"is_null"},{"column":"b","cmp":"is_null"}]}}`,
		`{"where":{"and":[{"column":"a","cmp":"is_null"},{"and":[{"column":"b","cmp":"is_null"}]}]}}`,
		`{"where":{"or":[{"column":"a","cmp":"is_null"},{"column":"b","cmp":"is_null"}]}}`,
		`{"where":{"column":"a","cmp":"in","value":[` + strings.Repeat("1,", 300) + `1]}}`,
		`{"where":{"column":"a","cmp":"in","value":[` + strings.Repeat("1,", 300) + `2]}}`,
	}
	seen := map[string]string{}
	for _, text := range texts {
		key := query(t, text).SelectionKey()
		if other, ok := seen[key]; ok {
			t.Errorf("%.100s and %.100s have the key %q", text, other, key)
		}
		if len(key) > 128 {
			t.Errorf("the key of %.100s has %d bytes", text, len(key))
		}
		seen[key] = text
	}
	same := [][2]string{
		{`{"sort":"-a,b"}`, `{"limit":5,"offset":9,"columns":["x"],"sort":[{"descending":true,"column":"a"},"b"]}`},
		{`{"where":{"cmp":"in","value":[ 1, 2 ],"column":"a"}}`, `{"where":{"column":"a","cmp":"in","value":[1,2]}}`},
		{`{"group":{"by":["a"]},"sort":["a"]}`, `{}`},
	}
	for _, pair := range same {
		if a, b := query(t, pair[0]).SelectionKey(), query(t, pair[1]).SelectionKey(); a != b {
			t.Errorf("%s has the key %q, %s %q", pair[0], a, pair[1], b)
		}
	}
}
