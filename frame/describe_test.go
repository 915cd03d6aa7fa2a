package frame

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/document"
	"edgeframe/codec/scalar"
)

// describe returns the description of a table whose columns come in parts, in turn from the
// beginning and from the end.
func describe(t testing.TB, of *codec.Table, marks Marks, limits codec.Limits) *Description {
	t.Helper()
	return describeWith(t, of, marks, limits, DescribeOptions{})
}

func describeWith(t testing.TB, of *codec.Table, marks Marks, limits codec.Limits, opt DescribeOptions) *Description {
	t.Helper()
	rows := make([]int, len(of.RowGroups))
	for g, rec := range of.RowGroups {
		rows[g] = int(rec.NumRows())
	}
	d := NewDescriber(of.Schema, rows, marks, limits)
	d.Options = opt
	add := func(from, to int) {
		var positions []int
		var arrays [][]arrow.Array
		for c := from; c < to; c++ {
			var chunks []arrow.Array
			for _, rec := range of.RowGroups {
				chunks = append(chunks, rec.Column(c))
			}
			positions, arrays = append(positions, c), append(arrays, chunks)
		}
		if err := d.Add(positions, arrays); err != nil {
			t.Fatal(err)
		}
	}
	n := of.Schema.NumFields()
	add(n/2, n)
	add(0, n/2)
	result, err := d.Result()
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// described returns the description of one column as JSON without its name.
func described(t testing.TB, c ColumnDescription) string {
	t.Helper()
	doc, err := (&Description{Columns: []ColumnDescription{c}}).JSON()
	if err != nil {
		t.Fatal(err)
	}
	var columns struct{ Columns []json.RawMessage }
	if err := json.Unmarshal(doc, &columns); err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(columns.Columns[0]), `"count":`)
	return `{"count":` + text
}

func TestDescribedColumns(t *testing.T) {
	for name, tt := range map[string]struct {
		dtype  string
		groups []string
		want   string
	}{
		"integers": {
			"int32",
			[]string{"[4,null,1]", "[2,100,2]"},
			`{"count":5,"missing":1,"intentional_missing":0,"unique":4,"unique_exact":true,"min":1,"q1":2.0,"median":2.0,"q3":4.0,"max":100,"mean":21.8,"std":43.72870910511766,"skewness":2.2326139845911825,"kurtosis":4.98749626980254,"outliers":{"count":1,"lower_bound":-1.0,"upper_bound":7.0}}`,
		},
		"between two values": {
			"float64",
			[]string{"[1,2,3,10]"},
			`{"count":4,"missing":0,"intentional_missing":0,"unique":4,"unique_exact":true,"min":1.0,"q1":1.75,"median":2.5,"q3":4.75,"max":10.0,"mean":4.0,"std":4.08248290463863,"skewness":1.7636326148038883,"kurtosis":3.2280000000000015,"outliers":{"count":1,"lower_bound":-2.75,"upper_bound":9.25}}`,
		},
		"large unsigned integers": {
			"uint64",
			[]string{"[18446744073709551615,18446744073709551614]", "[0,9007199254740993]"},
			`{"count":4,"missing":0,"intentional_missing":0,"unique":4,"unique_exact":true,"min":0,"q1":6755399441055744.0,"median":9.227875636482146e+18,"q3":1.8446744073709552e+19,"max":18446744073709551615,"mean":9.225623836668461e+18,"std":1.0647633137129495e+19,"skewness":-6.197320945145561e-07,"kurtosis":-5.999996421975191,"outliers":{"count":0,"lower_bound":-2.765322761196169e+19,"upper_bound":4.6106727085112295e+19}}`,
		},
		"neighbours that are one float": {
			"int64",
			[]string{"[9007199254740993,9007199254740992,-9223372036854775808,9223372036854775807]"},
			`{"count":4,"missing":0,"intentional_missing":0,"unique":4,"unique_exact":true,"min":-9223372036854775808,"q1":-2.2990876097726382e+18,"median":9007199254740992.0,"q3":2.3125984086547497e+18,"max":9223372036854775807,"mean":4503599627370496.0,"std":7.530853528211076e+18,"skewness":-0.003588117173983354,"kurtosis":1.5000071525488465,"outliers":{"count":1,"lower_bound":-9.21661663741372e+18,"upper_bound":9.230127436295832e+18}}`,
		},
		"decimals": {
			"decimal(38, 2)",
			[]string{`["1.10","-2.00",null]`, `["99999999999999999999.99","99999999999999999999.98","1.10"]`},
			`{"count":5,"missing":1,"intentional_missing":0,"unique":4,"unique_exact":true,"min":"-2.00","q1":1.1,"median":1.1,"q3":1e+20,"max":"99999999999999999999.99","mean":4e+19,"std":5.477225575051661e+19,"skewness":0.6085806194501852,"kurtosis":-3.333333333333334,"outliers":{"count":0,"lower_bound":-1.5e+20,"upper_bound":2.5e+20}}`,
		},
		"one number": {
			"int8",
			[]string{"[7]"},
			`{"count":1,"missing":0,"intentional_missing":0,"unique":1,"unique_exact":true,"min":7,"q1":7.0,"median":7.0,"q3":7.0,"max":7,"mean":7.0,"std":null,"skewness":null,"kurtosis":null,"outliers":{"count":0,"lower_bound":7.0,"upper_bound":7.0}}`,
		},
		"missing numbers": {
			"float32",
			[]string{"[null,null]"},
			`{"count":0,"missing":2,"intentional_missing":0,"unique":0,"unique_exact":true,"min":null,"q1":null,"median":null,"q3":null,"max":null,"mean":null,"std":null,"skewness":null,"kurtosis":null,"outliers":null}`,
		},
		"dates": {
			"date32",
			[]string{`["2020-01-01","1969-12-31",null]`, `["2020-01-02","2020-01-02"]`},
			`{"count":4,"missing":1,"intentional_missing":0,"unique":3,"unique_exact":true,"min":"1969-12-31","q1":"2007-07-02T06:00:00","median":"2020-01-01T12:00:00","q3":"2020-01-02","max":"2020-01-02","mean":"2007-07-02T18:00:00"}`,
		},
		"dates beyond nanoseconds": {
			"date32",
			[]string{`["9999-12-31","9999-12-30"]`},
			`{"count":2,"missing":0,"intentional_missing":0,"unique":2,"unique_exact":true,"min":"9999-12-30","q1":"9999-12-30","median":"9999-12-30","q3":"9999-12-30","max":"9999-12-31","mean":"9999-12-30"}`,
		},
		"timestamps": {
			"timestamp[s, tz=UTC]",
			[]string{`["2020-01-01T00:00:00Z","2020-01-01T00:00:01Z"]`},
			`{"count":2,"missing":0,"intentional_missing":0,"unique":2,"unique_exact":true,"min":"2020-01-01T00:00:00Z","q1":"2020-01-01T00:00:00.25Z","median":"2020-01-01T00:00:00.5Z","q3":"2020-01-01T00:00:00.75Z","max":"2020-01-01T00:00:01Z","mean":"2020-01-01T00:00:00.5Z"}`,
		},
		"times of day": {
			"time32[s]",
			[]string{`["10:00:00","10:00:01"]`},
			`{"count":2,"missing":0,"intentional_missing":0,"unique":2,"unique_exact":true,"min":"10:00:00","q1":"10:00:00.25","median":"10:00:00.5","q3":"10:00:00.75","max":"10:00:01","mean":"10:00:00.5"}`,
		},
		"durations": {
			"duration[ms]",
			[]string{`["PT-1S","PT2S"]`},
			`{"count":2,"missing":0,"intentional_missing":0,"unique":2,"unique_exact":true,"min":"PT-1S","q1":"PT-0.25S","median":"PT0.5S","q3":"PT1.25S","max":"PT2S","mean":"PT0.5S"}`,
		},
		"missing times": {
			"timestamp[us]",
			[]string{`[null]`},
			`{"count":0,"missing":1,"intentional_missing":0,"unique":0,"unique_exact":true,"min":null,"q1":null,"median":null,"q3":null,"max":null,"mean":null}`,
		},
		"text": {
			"utf8",
			[]string{`["b","ä<","b",null]`, `["","a","c"]`},
			`{"count":6,"missing":1,"intentional_missing":0,"unique":5,"unique_exact":true,"min_length":0,"max_length":2,"top":[{"value":"b","count":2},{"value":"","count":1},{"value":"a","count":1},{"value":"c","count":1},{"value":"ä<","count":1}]}`,
		},
		"missing text": {
			"large_utf8",
			[]string{`[null]`},
			`{"count":0,"missing":1,"intentional_missing":0,"unique":0,"unique_exact":true,"min_length":null,"max_length":null,"top":[]}`,
		},
		"the ten most frequent": {
			"utf8",
			[]string{`["l","k","j","i","h","g","f","e","d","c","b","a","l"]`},
			`{"count":13,"missing":0,"intentional_missing":0,"unique":12,"unique_exact":true,"min_length":1,"max_length":1,"top":[{"value":"l","count":2},{"value":"a","count":1},{"value":"b","count":1},{"value":"c","count":1},{"value":"d","count":1},{"value":"e","count":1},{"value":"f","count":1},{"value":"g","count":1},{"value":"h","count":1},{"value":"i","count":1}]}`,
		},
		"long text": {
			"utf8",
			[]string{`["` + strings.Repeat("é", 256) + `","` + strings.Repeat("é", 257) + `"]`},
			`{"count":2,"missing":0,"intentional_missing":0,"unique":2,"unique_exact":true,"min_length":256,"max_length":257,"top":[{"value":"` + strings.Repeat("é", 256) + `","count":1},{"value":"` + strings.Repeat("é", 256) + `","count":1,"truncated":true}]}`,
		},
		"dictionary": {
			"dictionary",
			[]string{`["b","a","b",null]`, `["a","b"]`},
			`{"count":5,"missing":1,"intentional_missing":0,"unique":2,"unique_exact":true,"min_length":1,"max_length":1,"top":[{"value":"b","count":3},{"value":"a","count":2}]}`,
		},
		"booleans": {
			"bool",
			[]string{`[true,false,null]`, `[true]`},
			`{"count":3,"missing":1,"intentional_missing":0,"unique":2,"unique_exact":true,"top":[{"value":true,"count":2},{"value":false,"count":1}]}`,
		},
		"binary": {
			"binary",
			[]string{`["","AAE=",null]`, `["AAE="]`},
			`{"count":3,"missing":1,"intentional_missing":0,"unique":2,"unique_exact":true,"top":[{"value":"AAE=","count":2},{"value":"","count":1}]}`,
		},
		"nothing": {
			"null",
			[]string{`[null,null]`},
			`{"count":0,"missing":2,"intentional_missing":0,"unique":0,"unique_exact":true}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := describe(t, table(t, column{"x", tt.dtype, tt.groups}), nil, codec.Limits{})
			if diff := cmp.Diff(tt.want, described(t, d.Columns[0])); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// oneColumn is a table of one array.
func oneColumn(arr arrow.Array) *codec.Table {
	schema := arrow.NewSchema([]arrow.Field{{Name: "x", Type: arr.DataType(), Nullable: true}}, nil)
	return &codec.Table{Schema: schema, RowGroups: []arrow.Record{array.NewRecord(schema, []arrow.Array{arr}, int64(arr.Len()))}}
}

func floats(values ...float64) arrow.Array {
	b := array.NewFloat64Builder(memory.DefaultAllocator)
	b.AppendValues(values, nil)
	return b.NewArray()
}

func TestDescribedNaNIsMissingAndInfinityANumberThatJSONLacks(t *testing.T) {
	inf := math.Inf(1)
	for want, values := range map[string][]float64{
		`{"count":3,"missing":1,"intentional_missing":0,"unique":2,"unique_exact":true,"min":0.0,"q1":0.0,"median":0.0,"q3":2.0,"max":4.0,"mean":1.3333333333333333,"std":2.3094010767585034,"skewness":1.732050807568878,"kurtosis":null,"outliers":{"count":0,"lower_bound":-3.0,"upper_bound":5.0}}`:            {math.NaN(), 0, math.Copysign(0, -1), 4},
		`{"count":5,"missing":0,"intentional_missing":0,"unique":5,"unique_exact":true,"min":null,"q1":1.0,"median":2.0,"q3":3.0,"max":null,"mean":null,"std":null,"skewness":null,"kurtosis":null,"outliers":{"count":2,"lower_bound":-2.0,"upper_bound":6.0}}`:                                                   {-inf, 1, 2, 3, inf},
		`{"count":3,"missing":0,"intentional_missing":0,"unique":2,"unique_exact":true,"min":1.0,"q1":null,"median":null,"q3":null,"max":null,"mean":null,"std":null,"skewness":null,"kurtosis":null,"outliers":null}`:                                                                                             {inf, inf, 1},
		`{"count":2,"missing":0,"intentional_missing":0,"unique":2,"unique_exact":true,"min":-1.7e+308,"q1":null,"median":null,"q3":null,"max":1.7e+308,"mean":0.0,"std":null,"skewness":null,"kurtosis":null,"outliers":null}`:                                                                                    {-1.7e308, 1.7e308},
		`{"count":3,"missing":0,"intentional_missing":0,"unique":3,"unique_exact":true,"min":-1e+100,"q1":-5e+99,"median":1.0,"q3":5e+99,"max":1e+100,"mean":0.3333333333333333,"std":1e+100,"skewness":4.444444444444392e-301,"kurtosis":null,"outliers":{"count":0,"lower_bound":-2e+100,"upper_bound":2e+100}}`: {1e100, 1, -1e100},
	} {
		d := describe(t, oneColumn(floats(values...)), nil, codec.Limits{})
		if diff := cmp.Diff(want, described(t, d.Columns[0])); diff != "" {
			t.Errorf("%v: %s", values, diff)
		}
	}
}

func TestDescribedListsAreCountedAndToldApart(t *testing.T) {
	list := arrow.ListOf(arrow.PrimitiveTypes.Int8)
	arr, err := document.Values([]byte(`[[1,2],[1],null,[1,2],[],[null]]`), list, codec.Limits{}.WithDefaults())
	if err != nil {
		t.Fatal(err)
	}
	d := describe(t, oneColumn(arr), nil, codec.Limits{})
	want := `{"count":5,"missing":1,"intentional_missing":0,"unique":4,"unique_exact":true}`
	if got := described(t, d.Columns[0]); got != want || *d.DuplicateRows != 1 {
		t.Errorf("%s and %d duplicates, want %s and 1", got, *d.DuplicateRows, want)
	}
}

func TestDescribedMarksAreNotMissing(t *testing.T) {
	of := table(t, column{"x", "int8", []string{"[1,null,null]", "[null,2]"}}, column{"y", "int8", []string{"[1,2,3]", "[4,null]"}})
	d := describe(t, of, Marks{"x": {0, 2, 3}}, codec.Limits{})
	if x := d.Columns[0]; x.Count != 2 || x.Missing != 1 || x.IntentionalMissing != 3 {
		t.Errorf("x has %d values, %d missing and %d marked, want 2, 1 and 3", x.Count, x.Missing, x.IntentionalMissing)
	}
	if y := d.Columns[1]; y.Count != 4 || y.Missing != 1 || y.IntentionalMissing != 0 {
		t.Errorf("y has %d values, %d missing and %d marked, want 4, 1 and 0", y.Count, y.Missing, y.IntentionalMissing)
	}
}

func TestDuplicateRowsAreEqualInAllColumns(t *testing.T) {
	for name, tt := range map[string]struct {
		columns []column
		want    int64
	}{
		"one column differs":                {[]column{{"a", "int8", []string{"[1,1]"}}, {"b", "utf8", []string{`["x","y"]`}}}, 0},
		"over row groups":                   {[]column{{"a", "int8", []string{"[1,2]", "[1,1]"}}, {"b", "utf8", []string{`["x","y"]`, `["x","x"]`}}}, 2},
		"missing equals missing":            {[]column{{"a", "int8", []string{"[null,null,0]"}}}, 1},
		"missing is not empty":              {[]column{{"a", "utf8", []string{`["",null]`}}}, 0},
		"cells do not run into one another": {[]column{{"a", "utf8", []string{`["ab","a"]`}}, {"b", "utf8", []string{`["c","bc"]`}}, {"c", "utf8", []string{`["",""]`}}}, 0},
		"cells keep their columns":          {[]column{{"a", "utf8", []string{`["x",null]`}}, {"b", "utf8", []string{`[null,"x"]`}}}, 0},
	} {
		d := describe(t, table(t, tt.columns...), nil, codec.Limits{})
		if *d.DuplicateRows != tt.want {
			t.Errorf("%s: %d duplicate rows, want %d", name, *d.DuplicateRows, tt.want)
		}
	}
}

func TestATableWithoutRowsIsDescribed(t *testing.T) {
	of := &codec.Table{Schema: codectest.Generate(1, 5, 1).Schema}
	doc, err := describe(t, of, nil, codec.Limits{}).JSON()
	if err != nil {
		t.Fatal(err)
	}
	const none = `"count":0,"missing":0,"intentional_missing":0,"unique":0,"unique_exact":true`
	const number = none + `,"min":null,"q1":null,"median":null,"q3":null,"max":null,"mean":null`
	want := `{"rows":0,"duplicate_rows":0,"columns":[` +
		`{"name":"column_1","dtype":"int64",` + number + `,"std":null,"skewness":null,"kurtosis":null,"outliers":null},` +
		`{"name":"column_2","dtype":"float64",` + number + `,"std":null,"skewness":null,"kurtosis":null,"outliers":null},` +
		`{"name":"column_3","dtype":"utf8",` + none + `,"min_length":null,"max_length":null,"top":[]},` +
		`{"name":"column_4","dtype":"bool",` + none + `,"top":[]},` +
		`{"name":"column_5","dtype":"date32",` + number + `}]}`
	if diff := cmp.Diff(want, string(doc)); diff != "" {
		t.Error(diff)
	}
}

func TestEveryTypeIsDescribed(t *testing.T) {
	of := codectest.AllTypes()
	d := describe(t, of, nil, codec.Limits{})
	for i, c := range d.Columns {
		missing := int64(0)
		for _, rec := range of.RowGroups {
			missing += int64(scalar.CountMissing(rec.Column(i)))
		}
		if c.Missing != missing || c.Count+c.Missing != d.Rows || c.Unique > c.Count || c.Count > 0 && c.Unique == 0 {
			t.Errorf("%s: %s", c.DType, described(t, c))
		}
	}
}

func TestTheDescriptionDoesNotDependOnWhatIsWorkedOnAtOnce(t *testing.T) {
	of := codectest.Generate(20_000, 15, 1)
	enough, err := describe(t, of, nil, codec.Limits{}).JSON()
	if err != nil {
		t.Fatal(err)
	}
	// Each column of text may have as many distinct values as rows, and takes a turn of its own.
	tight, err := describe(t, of, nil, codec.Limits{Bytes: 20_000 * describeShare * digestBytes}).JSON()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(enough), string(tight)); diff != "" {
		t.Error(diff)
	}
}

func TestADescriptionWithoutMemorySaysWhatItLacks(t *testing.T) {
	const rows = 1000
	var numbers, texts []string
	for i := range rows {
		numbers = append(numbers, fmt.Sprint(i))
		texts = append(texts, fmt.Sprintf(`"text %d"`, i))
	}
	list := func(of []string) []string { return []string{"[" + strings.Join(of, ",") + "]"} }
	of := table(t, column{"n", "int64", list(numbers)}, column{"d", "date32", []string{"[" + strings.Repeat(`"2020-01-01",`, rows-1) + "null]"}}, column{"s", "utf8", list(texts)})
	d := describe(t, of, nil, codec.Limits{Bytes: describeShare * 100 * valueBytes})
	if d.DuplicateRows != nil {
		t.Errorf("%d duplicate rows were found without memory", *d.DuplicateRows)
	}
	for i, want := range []string{
		`{"count":1000,"missing":0,"intentional_missing":0,"unique":100,"unique_exact":false,"min":0,"q1":null,"median":null,"q3":null,"max":999,"mean":499.5,"std":288.8194360957494,"skewness":0.0,"kurtosis":-1.2,"outliers":null}`,
		`{"count":999,"missing":1,"intentional_missing":0,"unique":1,"unique_exact":false,"min":"2020-01-01","q1":null,"median":null,"q3":null,"max":"2020-01-01","mean":"2020-01-01"}`,
		`{"count":1000,"missing":0,"intentional_missing":0,"unique":10,"unique_exact":false,"min_length":6,"max_length":8,"top":null}`,
	} {
		if diff := cmp.Diff(want, described(t, d.Columns[i])); diff != "" {
			t.Error(diff)
		}
	}
}
