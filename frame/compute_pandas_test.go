//go:build !js

package frame

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"edgeframe/internal/testenv"
)

// vegaExpressions are expressions on files of vega-datasets, and what does the same in pandas: N is a column
// of the nullable types.
var vegaExpressions = []struct{ file, expression, pandas string }{
	{"movies.json", "`US Gross` / `Production Budget`", `N("US Gross") / N("Production Budget")`},
	{"movies.json", "`US Gross` - `Production Budget`", `N("US Gross") - N("Production Budget")`},
	{"movies.json", "`US Gross` % `IMDB Votes`", `N("US Gross") % not0(N("IMDB Votes"))`},
	{"movies.json", "floor_divide(`US Gross`, 1000000)", `N("US Gross") // 1000000`},
	{"movies.json", "`IMDB Rating` * 10 + `Rotten Tomatoes Rating`", `N("IMDB Rating") * 10 + N("Rotten Tomatoes Rating")`},
	{"movies.json", "round(`IMDB Rating` / 3, 2)", `(df["IMDB Rating"] / 3).round(2)`},
	{"movies.json", "round(`IMDB Rating`)", `df["IMDB Rating"].round()`},
	{"movies.json", "round(`IMDB Votes` * 1.0, -2)", `(N("IMDB Votes") * 1.0).astype("float64").round(-2)`},
	{"movies.json", "ln(`IMDB Votes`) + sqrt(`IMDB Rating`) * log10(`IMDB Votes`) - exp(`IMDB Rating`)", `np.log(N("IMDB Votes")) + np.sqrt(N("IMDB Rating")) * np.log10(N("IMDB Votes")) - np.exp(N("IMDB Rating"))`},
	{"movies.json", "power(`IMDB Rating`, 3) + abs(5 - `IMDB Rating`) + floor(`IMDB Rating`) + ceil(`IMDB Rating`)", `N("IMDB Rating") ** 3 + (5 - N("IMDB Rating")).abs() + np.floor(N("IMDB Rating")) + np.ceil(N("IMDB Rating"))`},
	{"movies.json", "`IMDB Rating` > 7 && `Major Genre` == \"Drama\" || `MPAA Rating` != \"R\"", `(N("IMDB Rating") > 7) & (N("Major Genre") == "Drama") | (N("MPAA Rating") != "R")`},
	{"movies.json", "!(`IMDB Rating` >= `Rotten Tomatoes Rating` / 10)", `~(N("IMDB Rating") >= N("Rotten Tomatoes Rating") / 10)`},
	{"movies.json", "if_else(`IMDB Rating` > 7, `US Gross`, `Worldwide Gross`)", `if_else(N("IMDB Rating") > 7, N("US Gross"), N("Worldwide Gross"))`},
	{"movies.json", "coalesce(Director, Distributor, \"?\")", `N("Director").fillna(N("Distributor")).fillna("?")`},
	{"movies.json", "is_null(Director) || is_valid(`US DVD Sales`)", `df["Director"].isna() | df["US DVD Sales"].notna()`},
	{"movies.json", "max(`IMDB Rating`, `Rotten Tomatoes Rating` / 10)", `least(N("IMDB Rating"), N("Rotten Tomatoes Rating") / 10, -1)`},
	{"movies.json", "concat(Title, \" (\", `Major Genre`, \")\")", `N("Title") + " (" + N("Major Genre") + ")"`},
	{"movies.json", "upper(Title) + lower(Director)", `N("Title").str.upper() + N("Director").str.lower()`},
	{"movies.json", "length(trim(Title))", `N("Title").str.strip().str.len()`},
	{"movies.json", "substr(Title, 3, 4)", `N("Title").str[2:6]`},
	{"movies.json", "substr(Title, -5)", `N("Title").str[-5:]`},
	{"movies.json", "contains(Title, \"Love\") || starts_with(Title, \"The \") || ends_with(Director, \"n\")", `N("Title").str.contains("Love", regex=False) | N("Title").str.startswith("The ") | N("Director").str.endswith("n")`},
	{"movies.json", "utf8(`IMDB Rating`) + \"/\" + utf8(`IMDB Votes`)", `df["IMDB Rating"].map(lambda v: None if v != v else str(v)).astype("string") + "/" + N("IMDB Votes").astype("string")`},
	{"movies.json", "Title < Director", `N("Title") < N("Director")`},
	{"seattle-weather.csv", "year(date) * 10000 + month(date) * 100 + day(date)", `df["date"].dt.year * 10000 + df["date"].dt.month * 100 + df["date"].dt.day`},
	{"seattle-weather.csv", "weekday(date)", `df["date"].dt.weekday`},
	{"seattle-weather.csv", "date - \"2012-02-28\"", `(df["date"] - pd.Timestamp("2012-02-28")).dt.days`},
	{"seattle-weather.csv", "date + 45", `df["date"] + pd.Timedelta(45, "D")`},
	{"seattle-weather.csv", "date >= \"2013-05-01\" && temp_max > temp_min + 10", `(df["date"] >= "2013-05-01") & (df["temp_max"] > df["temp_min"] + 10)`},
	{"seattle-weather.csv", "cast(date, \"timestamp[us]\") + hours(30)", `df["date"] + pd.Timedelta(30, "h")`},
	{"cars.json", "235.214583 / Miles_per_Gallon", `235.214583 / N("Miles_per_Gallon")`},
	{"cars.json", "Horsepower / (Weight_in_lbs * 0.45359237)", `N("Horsepower") / (N("Weight_in_lbs") * 0.45359237)`},
	{"cars.json", "year(cast(Year, \"date32\"))", `pd.to_datetime(df["Year"]).dt.year`},
	{"flights-2k.json", "hour(cast(date, \"timestamp[us, %Y/%m/%d %H:%M]\")) * 60 + minute(cast(date, \"timestamp[us, %Y/%m/%d %H:%M]\"))", `pd.to_datetime(df["date"]).dt.hour * 60 + pd.to_datetime(df["date"]).dt.minute`},
	{"flights-2k.json", "-delay % 60 + floor_divide(delay, 60) + row_number()", `-N("delay") % 60 + N("delay") // 60 + pd.Series(range(len(df)))`},
}

// computedColumn computes a column of a frame.
func computedColumn(t *testing.T, b *base, expression string) []sentColumn {
	t.Helper()
	f := &base{Frame: b.Clone()}
	ops, err := parse(t, computeOf("out", expression, ""))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Apply(f.Frame, ops); err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	f.check(t)
	f.Columns = f.Columns[len(f.Columns)-1:]
	return f.sent(t)
}

// comparedWithPandas compares columns with what pandas computes.
func comparedWithPandas(t *testing.T, sent []sentQuery, expressions []string) {
	t.Helper()
	var differences []string
	testenv.Python(t, pandasQueryScript, sent, &differences)
	for i, difference := range differences {
		if difference != "" {
			t.Errorf("%s: %s", expressions[i], difference)
		}
	}
}

func TestExpressionsComputeAsPandasDoes(t *testing.T) {
	var sent []sentQuery
	var expressions []string
	frames := map[string]*base{}
	for _, tt := range vegaExpressions {
		q := sentQuery{Expression: "out(" + tt.pandas + ")"}
		b := frames[tt.file]
		if b == nil {
			b = vegaFrame(t, tt.file, "")
			frames[tt.file] = b
			q.Columns = b.sent(t)
		}
		q.Got = computedColumn(t, b, tt.expression)
		sent, expressions = append(sent, q), append(expressions, tt.expression)
	}
	comparedWithPandas(t, sent, expressions)
}

// generatedExpressions are expressions on the columns of everyType, and what does the same in pandas.
func generatedExpressions() (list [][2]string) {
	add := func(expression, pandas string, args ...any) {
		list = append(list, [2]string{fmt.Sprintf(expression, args...), fmt.Sprintf(pandas, args...)})
	}
	numbers := []string{"i8", "i64", "u32", "u64", "f32", "f64", "dec"}
	floats := []string{"f32", "f64", "dec"}
	for _, a := range numbers {
		for _, b := range numbers {
			for _, op := range []string{"+", "-", "/", "<", "<=", "==", "!=", ">=", ">"} {
				add("%[1]s "+op+" %[2]s", `N(%[1]q) `+op+` N(%[2]q)`, a, b)
			}
			// The products of the others are beyond int64.
			if a == "i8" || b == "i8" || slices.Contains(floats, a) || slices.Contains(floats, b) {
				add("%[1]s * %[2]s", `N(%[1]q) * N(%[2]q)`, a, b)
			}
			if a != "f64" && b != "f64" {
				add("%[1]s %% %[2]s", `N(%[1]q) %% not0(N(%[2]q))`, a, b)
				add("floor_divide(%[1]s, %[2]s)", `N(%[1]q) // not0(N(%[2]q))`, a, b)
			}
			add("if_else(b, %[1]s, %[2]s)", `if_else(N("b"), N(%[1]q), N(%[2]q))`, a, b)
			add("coalesce(%[1]s, %[2]s)", `coalesce(N(%[1]q), N(%[2]q))`, a, b)
			add("min(%[1]s, %[2]s)", `least(N(%[1]q), N(%[2]q))`, a, b)
			add("max(%[1]s, %[2]s)", `least(N(%[1]q), N(%[2]q), -1)`, a, b)
		}
		add("-%[1]s", `-N(%[1]q)`, a)
		add("abs(%[1]s)", `N(%[1]q).abs()`, a)
		add("utf8(int64(%[1]s > 0))", `(N(%[1]q) > 0).astype("Int64").astype("string")`, a)
		add("sqrt(%[1]s) + exp(-abs(%[1]s) / 1e9)", `np.sqrt(N(%[1]q)) + np.exp(-N(%[1]q).abs() / 1e9)`, a)
	}
	for _, c := range everyType {
		add("is_null(%[1]s)", `df[%[1]q].isna()`, c.name)
		add("is_valid(%[1]s)", `df[%[1]q].notna()`, c.name)
	}
	for _, name := range []string{"g", "d", "ts", "tz", "dur"} {
		add("if_else(f64 > 0 || b, %[1]s, null)", `if_else((N("f64") > 0) | N("b"), N(%[1]q), None)`, name)
		add("coalesce(null, %[1]s)", `N(%[1]q)`, name)
		for _, op := range []string{"<", "<=", "==", "!=", ">=", ">"} {
			add("%[1]s "+op+" if_else(b, %[1]s, null)", `(N(%[1]q) `+op+` N(%[1]q).where(N("b").fillna(False))).astype("boolean").mask(~N("b").fillna(False) | N(%[1]q).isna())`, name)
		}
	}
	add("b && f64 > 0", `N("b") & (N("f64") > 0)`)
	add("b || f64 > 0", `N("b") | (N("f64") > 0)`)
	add("!b && (i8 > 0 || null)", `~N("b") & ((N("i8") > 0) | pd.NA)`)
	add("g + g", `N("g") + N("g")`)
	add("length(g) + length(upper(g))", `N("g").str.len() + N("g").str.upper().str.len()`)
	add("d + i8", `df["d"] + pd.to_timedelta(df["i8"].astype("float64"), unit="D")`)
	add("d - i8", `df["d"] - pd.to_timedelta(df["i8"].astype("float64"), unit="D")`)
	add("d - if_else(b, d, null)", `(df["d"] - df["d"].where(N("b").fillna(False))).dt.days`)
	add("ts - d", `df["ts"] - df["d"]`)
	add("ts >= d", `(df["ts"] >= df["d"]).astype("boolean").mask(df["ts"].isna() | df["d"].isna())`)
	add("ts + dur", `df["ts"] + df["dur"]`)
	add("dur + tz", `df["tz"] + df["dur"]`)
	add("d - dur", `df["d"] - df["dur"]`)
	add("tz - \"2000-01-01T00:00:00Z\"", `df["tz"] - pd.Timestamp("2000-01-01", tz="UTC")`)
	add("dur / seconds(3)", `df["dur"] / pd.Timedelta(3, "s")`)
	add("i8 * dur", `df["dur"] * N("i8").astype("float64")`)
	add("total_seconds(dur)", `df["dur"].dt.total_seconds()`)
	add("date(ts)", `df["ts"].dt.floor("D")`)
	for _, part := range []string{"year", "month", "day", "weekday", "hour", "minute", "second"} {
		add("%s(ts)", `df["ts"].dt.%s`, part)
		add("%s(tz)", `df["tz"].dt.%s`, part)
	}
	return list
}

func TestExpressionsOfEveryTypeAreThoseOfPandas(t *testing.T) {
	b := generatedTable(t, rand.New(rand.NewPCG(7, 8)), 40, 1, 120)
	columns := b.sent(t)
	var sent []sentQuery
	var expressions []string
	for _, e := range generatedExpressions() {
		sent = append(sent, sentQuery{columns, "out(" + e[1] + ")", computedColumn(t, b, e[0])})
		expressions = append(expressions, e[0])
		columns = nil
	}
	comparedWithPandas(t, sent, expressions)
}

// A strip ends before a row group does, and texts make it shorter.
func TestStripsHaveTheValuesOfTheirRows(t *testing.T) {
	const rows, longest = 5000, 3000
	var texts, numbers []string
	for row := range rows {
		texts = append(texts, fmt.Sprintf(`"%d%s"`, row, strings.Repeat("x", row%longest)))
		numbers = append(numbers, fmt.Sprint(row))
	}
	b := stored(t, column{"n", "int64", []string{"[" + strings.Join(numbers, ",") + "]", "[5000]"}}, column{"t", "utf8", []string{"[" + strings.Join(texts, ",") + "]", `["5000"]`}})
	b.apply(t, computeOf("ok", `starts_with(t, utf8(n)) && length(upper(t)) == length(utf8(n)) + n % 3000 - if_else(n == 5000, 2000, 0) && n == row_number()`, ""))
	b.apply(t, `[{"op":"filter","where":{"column":"ok","cmp":"eq","value":true}}]`)
	if b.NumRows() != rows+1 {
		t.Errorf("%d of %d rows have the values that are expected", b.NumRows(), rows+1)
	}
}
