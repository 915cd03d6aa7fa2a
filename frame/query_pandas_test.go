//go:build !js

package frame

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"edgeframe/codec"
	"edgeframe/internal/testenv"
)

//go:embed testdata/pandas_query.py
var pandasQueryScript string

// queryCases are queries and what does the same in pandas, on files of vega-datasets.
var queryCases = []struct{ file, query, expression string }{
	{"movies.json", `{"where":{"column":"Title","cmp":"starts_with","value":"The "}}`, `df[df["Title"].str.startswith("The ", na=False)]`},
	{"movies.json", `{"where":{"column":"Title","cmp":"ends_with","value":"man"}}`, `df[df["Title"].str.endswith("man", na=False)]`},
	{"movies.json", `{"where":{"column":"Title","cmp":"contains","value":"LOVE","ignore_case":true}}`, `df[df["Title"].str.contains("LOVE", case=False, regex=False, na=False)]`},
	{"movies.json", `{"where":{"column":"Title","cmp":"matches","value":"^(A|The) .*[0-9]$"}}`, `df[df["Title"].str.contains("^(?:A|The) .*[0-9]$", na=False)]`},
	{"movies.json", `{"where":{"column":"Title","cmp":"matches","value":"\\blove\\b","ignore_case":true}}`, `df[df["Title"].str.contains(r"\blove\b", case=False, na=False)]`},
	{"movies.json", `{"where":{"not":{"column":"Director","cmp":"eq","value":"steven spielberg","ignore_case":true}}}`, `df[~(df["Director"].str.lower() == "steven spielberg")]`},
	{"movies.json", `{"where":{"column":"IMDB Rating","cmp":"between","value":[6,7.5]}}`, `df[df["IMDB Rating"].between(6, 7.5)]`},
	{"seattle-weather.csv", `{"where":{"column":"date","cmp":"between","value":["2013-05-01","2013-06-01"]}}`, `df[df["date"].between("2013-05-01", "2013-06-01")]`},
	{"seattle-weather.csv", `{"where":{"column":"weather","cmp":"between","value":["fog","rain"]},"sort":"-temp_max,date"}`, `df[df["weather"].between("fog", "rain")].sort_values(["temp_max", "date"], ascending=[False, True])`},
	{"movies.json", `{"sort":["-IMDB Rating","Title"]}`, `df.sort_values(["IMDB Rating", "Title"], ascending=[False, True])`},
	{"movies.json", `{"sort":["Major Genre","-US Gross","MPAA Rating"]}`, `df.sort_values(["Major Genre", "US Gross", "MPAA Rating"], ascending=[True, False, True])`},

	{
		"cars.json", `{"group":{"by":["Origin"],"aggregates":[{"fn":"count"},{"column":"Horsepower","fn":"mean"},{"column":"Horsepower","fn":"count"},{"column":"Name","fn":"count_distinct"}]}}`,
		`df.groupby("Origin").agg(n=("Name", "size"), m=("Horsepower", "mean"), c=("Horsepower", "count"), d=("Name", "nunique")).reset_index()`,
	},
	{
		"movies.json", `{"group":{"by":["Major Genre","MPAA Rating"],"aggregates":[{"column":"IMDB Rating","fn":"mean"},{"column":"IMDB Rating","fn":"std"},{"column":"IMDB Rating","fn":"median"},{"column":"US Gross","fn":"sum"},{"column":"US Gross","fn":"min"},{"column":"US Gross","fn":"max"},{"column":"Director","fn":"first"},{"column":"Director","fn":"last"},{"column":"Director","fn":"count_distinct"}]}}`,
		`group(df, ["Major Genre", "MPAA Rating"], "IMDB Rating mean", "IMDB Rating std", "IMDB Rating median", "US Gross sum", "US Gross min", "US Gross max", "Director first", "Director last", "Director count_distinct")`,
	},
	{
		"movies.json", `{"group":{"by":["Director"],"aggregates":[{"fn":"count","as":"n"}]},"sort":["-n","Director"],"offset":1,"limit":20}`,
		`df.groupby("Director", dropna=False).size().reset_index(name="n").sort_values(["n", "Director"], ascending=[False, True])[1:21]`,
	},
	{
		"movies.json", `{"where":{"column":"IMDB Rating","cmp":"gt","value":8},"group":{"by":["Distributor"],"aggregates":[{"column":"Title","fn":"min"},{"column":"Title","fn":"max"}]}}`,
		`group(df[df["IMDB Rating"] > 8], "Distributor", "Title min", "Title max")`,
	},
	{
		"seattle-weather.csv", `{"group":{"by":["weather"],"aggregates":[{"column":"date","fn":"min"},{"column":"date","fn":"max"},{"column":"date","fn":"mean"},{"column":"date","fn":"median"},{"column":"wind","fn":"std"},{"column":"precipitation","fn":"sum"}]}}`,
		`group(df, "weather", "date min", "date max", "date mean", "date median", "wind std", "precipitation sum")`,
	},
	{
		"flights-2k.json", `{"group":{"by":["origin","destination"],"aggregates":[{"column":"delay","fn":"median"},{"column":"distance","fn":"sum"}]}}`,
		`df.groupby(["origin", "destination"]).agg(m=("delay", "median"), s=("distance", "sum")).reset_index()`,
	},
	{
		"flights-2k.json", `{"group":{"by":[],"aggregates":[{"column":"delay","fn":"mean"},{"column":"delay","fn":"std"},{"fn":"count"}]}}`,
		`pd.DataFrame([[df["delay"].mean(), df["delay"].std(), len(df)]])`,
	},
}

// sentQuery is a case as the script gets it. Without columns it is about the table of the case before.
type sentQuery struct {
	Columns    []sentColumn `json:"columns,omitempty"`
	Expression string       `json:"expression"`
	Got        []sentColumn `json:"got"`
}

func TestQueriesAnswerAsPandasDoes(t *testing.T) {
	sent := make([]sentQuery, len(queryCases))
	for i, tt := range queryCases {
		b := vegaFrame(t, tt.file, "")
		q := query(t, tt.query)
		sent[i] = sentQuery{b.sent(t), tt.expression, answer(t, b.Frame, q)}
	}
	var differences []string
	testenv.Python(t, pandasQueryScript, sent, &differences)
	for i, difference := range differences {
		if difference != "" {
			t.Errorf("%s of %s: %s", queryCases[i].query, queryCases[i].file, difference)
		}
	}
}

// answer spells the answer to a query as columns.
func answer(t *testing.T, f *Frame, q *Query) []sentColumn {
	t.Helper()
	s, err := f.Select(q)
	if err != nil {
		t.Fatal(err)
	}
	var table *codec.Table
	switch {
	case q.Histogram != nil:
		h, err := f.Histogram(s, q)
		if err != nil {
			t.Fatal(err)
		}
		dtype := "float64"
		if h.Bounds[0][0] == '"' {
			dtype = "timestamp[ns]"
		}
		counts := append(slices.Clone(h.Counts), h.Missing)
		return []sentColumn{{"counts", "int64", []byte(mustJSON(counts))}, {"bounds", dtype, []byte(mustJSON(h.Bounds))}}
	case q.Distinct != nil:
		d, err := f.Distinct(s, q)
		if err != nil {
			t.Fatal(err)
		}
		values, counts := []json.RawMessage{}, []int64{}
		for _, v := range d.Values {
			values, counts = append(values, v.Value), append(counts, v.Count)
		}
		return []sentColumn{{"value", d.DType, []byte(mustJSON(values))}, {"count", "int64", []byte(mustJSON(counts))}}
	case q.Group != nil:
		table, err = f.Group(s, q)
	default:
		columns, _ := f.indexesOrAll(q.Columns)
		table, err = f.Take(columns, s.Rows(0, s.Len()))
	}
	if err != nil {
		t.Fatal(err)
	}
	return (&base{Frame: FromTable(table, codec.Limits{})}).sent(t)
}

// everyType are columns of the types that pandas has or that stand for values of Python.
var everyType = []struct{ name, dtype, values string }{
	{"g", "utf8", `"x","y","ä","x y",""`},
	{"i8", "int8", `-128,127,0,5`},
	{"i64", "int64", `-9007199254740993,9007199254740993,0,17`},
	{"u32", "uint32", `0,4294967295,7`},
	{"u64", "uint64", `0,9007199254740993,7`},
	{"f32", "float32", `0.1,-2.5,3e10,0.0,-0.0`},
	{"f64", "float64", `0.1,-1e100,1e-300,3.5,-0.0`},
	{"dec", "decimal(12, 3)", `"1.500","-2.250","123456789.001","0.000"`},
	{"b", "bool", `true,false`},
	{"d", "date32", `"1969-12-31","2024-02-29","2001-01-01"`},
	{"ts", "timestamp[us]", `"1969-12-31T23:59:59.999999","2024-02-29T12:00:00","2001-01-01T00:00:00"`},
	{"tz", "timestamp[ms, tz=UTC]", `"1999-12-31T23:59:59.5Z","2024-02-29T12:00:00Z"`},
	{"dur", "duration[ms]", `"PT-1.5S","PT2S","PT0.001S","PT86400S"`},
	{"tod", "time32[s]", `"10:00:00","23:59:59","00:00:00"`},
	{"bin", "binary", `"","AAE=","/w=="`},
}

// aggregatesOf are the functions that a kind of columns has.
func aggregatesOf(t testing.TB, dtype string) (fns []string) {
	t.Helper()
	for _, fn := range AggregateFunctions {
		if acc, _, _ := newAccumulator(fn, values(t, dtype, "[]").DataType()); acc != nil {
			fns = append(fns, fn)
		}
	}
	return fns
}

// generatedTable has the columns of everyType with random values, a third of them missing.
func generatedTable(t testing.TB, r *rand.Rand, groups ...int) *base {
	t.Helper()
	var columns []column
	for _, c := range everyType {
		var values []json.RawMessage
		if err := json.Unmarshal([]byte("["+c.values+"]"), &values); err != nil {
			t.Fatal(err)
		}
		cells := column{name: c.name, dtype: c.dtype}
		for _, rows := range groups {
			texts := make([]string, rows)
			for i := range texts {
				texts[i] = "null"
				if r.IntN(3) > 0 {
					texts[i] = string(values[r.IntN(len(values))])
				}
			}
			cells.groups = append(cells.groups, "["+strings.Join(texts, ",")+"]")
		}
		columns = append(columns, cells)
	}
	return stored(t, columns...)
}

func TestAggregatesOfEveryTypeAreThoseOfPandas(t *testing.T) {
	b := generatedTable(t, rand.New(rand.NewPCG(5, 6)), 60, 1, 90)
	columns := b.sent(t)
	var sent []sentQuery
	var names []string
	add := func(text, expression string) {
		names = append(names, text)
		sent = append(sent, sentQuery{columns, expression, answer(t, b.Frame, query(t, text))})
		columns = nil
	}
	for _, c := range everyType {
		for _, fn := range aggregatesOf(t, c.dtype) {
			if c.name == "tod" && (fn == "mean" || fn == "median") {
				continue // pandas has no times of day
			}
			for _, by := range []string{"g", "i8"} {
				add(fmt.Sprintf(`{"group":{"by":[%q],"aggregates":[{"column":%q,"fn":%q,"as":"out"}]}}`, by, c.name, fn),
					fmt.Sprintf(`group(df, %q, "%s %s")`, by, c.name, fn))
			}
		}
		if c.name != "b" {
			add(fmt.Sprintf(`{"group":{"by":[%q,"b"],"aggregates":[{"fn":"count"}]}}`, c.name), fmt.Sprintf(`group(df, [%q, "b"], "* count")`, c.name))
		}
		for _, sign := range []string{"", "-"} {
			ascending := map[string]string{"": "True", "-": "False"}[sign]
			add(fmt.Sprintf(`{"sort":%q}`, sign+c.name), fmt.Sprintf(`df.sort_values(%q, ascending=%s, kind="stable")`, c.name, ascending))
			if c.name != "g" {
				add(fmt.Sprintf(`{"sort":["g",%q]}`, sign+c.name), fmt.Sprintf(`df.sort_values(["g", %q], ascending=[True, %s])`, c.name, ascending))
			}
		}
		add(fmt.Sprintf(`{"distinct":{"column":%q}}`, c.name), fmt.Sprintf(`counts(df[%q])`, c.name))
	}
	for _, name := range []string{"i8", "i64", "u32", "u64", "f32", "f64", "dec"} {
		for _, n := range []int{1, 3, 10, 64} {
			add(fmt.Sprintf(`{"histogram":{"column":%q,"bins":%d}}`, name, n), fmt.Sprintf(`bins(df[%q], %d)`, name, n))
		}
	}
	for _, name := range []string{"d", "ts"} {
		add(fmt.Sprintf(`{"histogram":{"column":%q,"bins":13}}`, name), fmt.Sprintf(`times(df[%q], 13)`, name))
	}
	var differences []string
	testenv.Python(t, pandasQueryScript, sent, &differences)
	for i, difference := range differences {
		if difference != "" {
			t.Errorf("%s: %s", names[i], difference)
		}
	}
}
