//go:build !js

package frame

import (
	_ "embed"
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
		`group(df, "weather", "date min", "date max", "date mean", "date median", "wind std", "precipitation sum").assign(**{"3": lambda d: pd.to_datetime(d[3]).dt.floor("ms")})[[0, 1, 2, "3", 4, 5, 6]]`,
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

// sentQuery is a case as the script gets it.
type sentQuery struct {
	Columns    []sentColumn `json:"columns"`
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

// answer spells the columns of the answer to a query.
func answer(t *testing.T, f *Frame, q *Query) []sentColumn {
	t.Helper()
	s, err := f.Select(q)
	if err != nil {
		t.Fatal(err)
	}
	var table *codec.Table
	if q.Group != nil {
		table, err = f.Group(s, q)
	} else {
		columns, _ := f.indexesOrAll(q.Columns)
		table, err = f.Take(columns, s.Rows(0, s.Len()))
	}
	if err != nil {
		t.Fatal(err)
	}
	return (&base{Frame: FromTable(table, codec.Limits{})}).sent(t)
}
