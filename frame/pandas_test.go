//go:build !js

package frame

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/formats"
	"edgeframe/codec/scalar"
	"edgeframe/internal/testenv"
)

//go:embed testdata/pandas.py
var pandasScript string

// pandasCases are operations and what does the same in pandas, on columns of files of vega-datasets.
var pandasCases = []struct{ file, columns, operation, expression string }{
	{"penguins.json", "", `{"op":"drop_missing"}`, `df.dropna()`},
	{"penguins.json", "", `{"op":"drop_missing","columns":["Sex"]}`, `df.dropna(subset=["Sex"])`},
	{"movies.json", "", `{"op":"drop_missing","columns":["MPAA Rating","IMDB Rating"],"how":"all"}`, `df.dropna(subset=["MPAA Rating", "IMDB Rating"], how="all")`},

	{"movies.json", "", `{"op":"drop_duplicates","columns":["Director"]}`, `df.drop_duplicates(["Director"])`},
	{"movies.json", "", `{"op":"drop_duplicates","columns":["Major Genre","Distributor"],"keep":"last"}`, `df.drop_duplicates(["Major Genre", "Distributor"], keep="last")`},
	{"cars.json", "", `{"op":"drop_duplicates","columns":["Name"],"keep":"none"}`, `df.drop_duplicates(["Name"], keep=False)`},
	{"flights-2k.json", "", `{"op":"drop_duplicates"}`, `df.drop_duplicates()`},

	{"movies.json", "", `{"op":"sort","by":[{"column":"IMDB Rating"}]}`, `df.sort_values("IMDB Rating", kind="stable")`},
	{"movies.json", "", `{"op":"sort","by":[{"column":"IMDB Votes","descending":true}]}`, `df.sort_values("IMDB Votes", ascending=False, kind="stable")`},
	{"movies.json", "", `{"op":"sort","by":[{"column":"Director"},{"column":"Running Time min","descending":true}]}`, `df.sort_values(["Director", "Running Time min"], ascending=[True, False])`},
	{"seattle-weather.csv", "", `{"op":"sort","by":[{"column":"weather","descending":true},{"column":"temp_max"},{"column":"date","descending":true}]}`, `df.sort_values(["weather", "temp_max", "date"], ascending=[False, True, False])`},

	{"cars.json", "", `{"op":"filter","where":{"column":"Miles_per_Gallon","cmp":"ge","value":30.5}}`, `df[df["Miles_per_Gallon"] >= 30.5]`},
	{"cars.json", "", `{"op":"filter","where":{"column":"Miles_per_Gallon","cmp":"ne","value":18}}`, `df[df["Miles_per_Gallon"] != 18]`},
	{"cars.json", "", `{"op":"filter","where":{"column":"Origin","cmp":"in","value":["Japan","Europe"]}}`, `df[df["Origin"].isin(["Japan", "Europe"])]`},
	{"movies.json", "", `{"op":"filter","where":{"column":"MPAA Rating","cmp":"in","value":["G",null]}}`, `df[df["MPAA Rating"].isin(["G", None])]`},
	{"movies.json", "", `{"op":"filter","where":{"not":{"column":"Director","cmp":"eq","value":"Steven Spielberg"}}}`, `df[~(df["Director"] == "Steven Spielberg")]`},
	{"movies.json", "", `{"op":"filter","where":{"column":"Distributor","cmp":"contains","value":"Sony"}}`, `df[df["Distributor"].str.contains("Sony", regex=False, na=False)]`},
	{"movies.json", "", `{"op":"filter","where":{"and":[{"column":"IMDB Rating","cmp":"gt","value":7},{"or":[{"column":"Major Genre","cmp":"is_null"},{"column":"Major Genre","cmp":"eq","value":"Drama"}]}]}}`, `df[(df["IMDB Rating"] > 7) & (df["Major Genre"].isna() | (df["Major Genre"] == "Drama"))]`},
	{"seattle-weather.csv", "", `{"op":"filter","where":{"and":[{"column":"date","cmp":"ge","value":"2013-05-01"},{"column":"date","cmp":"lt","value":"2013-06-01"}]}}`, `df[(df["date"] >= "2013-05-01") & (df["date"] < "2013-06-01")]`},
	{"seattle-weather.csv", "", `{"op":"filter","where":{"column":"weather","cmp":"lt","value":"rain"}}`, `df[df["weather"] < "rain"]`},

	{"movies.json", "IMDB Rating,Rotten Tomatoes Rating", `{"op":"fill_missing","columns":["IMDB Rating"],"method":"mean"}`, `df.assign(**{"IMDB Rating": df["IMDB Rating"].fillna(df["IMDB Rating"].mean())})`},
	{"movies.json", "IMDB Rating,Running Time min", `{"op":"fill_missing","columns":["IMDB Rating","Running Time min"],"method":"median"}`, `df.fillna(df.median())`},
	{"movies.json", "Director,MPAA Rating,Running Time min", `{"op":"fill_missing","columns":["Director","MPAA Rating","Running Time min"],"method":"mode"}`, `df.fillna(df.mode().iloc[0])`},
	{"movies.json", "Director,IMDB Rating,US DVD Sales", `{"op":"fill_missing","columns":["Director","IMDB Rating","US DVD Sales"],"method":"ffill"}`, `df.ffill()`},
	{"movies.json", "Director,IMDB Rating,US DVD Sales", `{"op":"fill_missing","columns":["Director","IMDB Rating","US DVD Sales"],"method":"bfill"}`, `df.bfill()`},
	{"movies.json", "Director,MPAA Rating", `{"op":"fill_missing","columns":["Director","MPAA Rating"],"method":"constant","value":"unknown"}`, `df.fillna("unknown")`},
	{"movies.json", "IMDB Rating", `{"op":"fill_missing","columns":["IMDB Rating"],"method":"linear"}`, `df.interpolate()`},
	{"co2-concentration.csv", "Date,CO2", `{"op":"fill_missing","columns":["CO2"],"method":"linear"}`, `df.assign(CO2=df["CO2"].interpolate())`},

	{"movies.json", "Title,Director", `{"op":"replace","columns":["Title","Director"],"find":"er","with":"ER"}`, `df.apply(lambda c: c.str.replace("er", "ER", regex=False))`},
	{"movies.json", "Title,Director", `{"op":"replace","columns":["Title"],"find":"(\\w+) of (\\w+)","with":"$2 by ${1}","regex":true}`, `df.assign(Title=df["Title"].str.replace(r"(\w+) of (\w+)", r"\2 by \1", regex=True))`},
	{"movies.json", "Title,Director", `{"op":"replace","columns":["Title"],"find":"THE ","with":"a $ ","ignore_case":true}`, `df.assign(Title=df["Title"].str.replace("THE ", "a $ ", case=False, regex=True))`},
	{"movies.json", "MPAA Rating,Major Genre", `{"op":"replace","columns":["MPAA Rating","Major Genre"],"find":"G","with":"all","whole_cell":true}`, `df.replace("G", "all")`},
	{"movies.json", "MPAA Rating,Major Genre", `{"op":"replace","columns":["MPAA Rating"],"find":"Not Rated","with":null,"whole_cell":true}`, `df.replace("Not Rated", np.nan)`},
	{"movies.json", "MPAA Rating,Major Genre", `{"op":"replace","columns":["MPAA Rating","Major Genre"],"find":"PG.*|Drama","with":"x","whole_cell":true,"regex":true}`, `df.replace(r"^(?:PG.*|Drama)$", "x", regex=True)`},
	{"movies.json", "IMDB Rating,Running Time min", `{"op":"replace","columns":["IMDB Rating"],"find":6.1,"with":-1,"whole_cell":true}`, `df.assign(**{"IMDB Rating": df["IMDB Rating"].replace(6.1, -1)})`},
	{"movies.json", "IMDB Rating,Running Time min", `{"op":"replace","columns":["Running Time min"],"find":120,"with":null,"whole_cell":true}`, `df.assign(**{"Running Time min": df["Running Time min"].replace(120, pd.NA)})`},
	{"seattle-weather.csv", "date,weather", `{"op":"replace","columns":["date"],"find":"2012-01-05","with":"2020-01-01","whole_cell":true}`, `df.replace(pd.Timestamp("2012-01-05"), pd.Timestamp("2020-01-01"))`},
	{"movies.json", "Title,IMDB Rating,Running Time min", `{"op":"insert_rows","at":700,"rows":[{"Title":"new","IMDB Rating":9.5},{"Running Time min":90}]}`, `pd.concat([df.iloc[:700], pd.DataFrame({"Title": ["new", None], "IMDB Rating": [9.5, None], "Running Time min": pd.Series([None, 90], dtype="Int64")}), df.iloc[700:]])`},
	{"movies.json", "Title,IMDB Rating", `{"op":"set_values","cells":[{"row":3,"column":"IMDB Rating","value":1.5},{"row":1200,"column":"Title","value":null},{"row":0,"column":"IMDB Rating","value":null}]}`, `df.assign(**{"IMDB Rating": df["IMDB Rating"].where(~df.index.isin([0, 3]), df.index.map({3: 1.5})), "Title": df["Title"].where(df.index != 1200)})`},

	{"seattle-weather.csv", "date,wind", `{"op":"cast","column":"wind","dtype":"utf8"}`, `df.assign(wind=df["wind"].astype(str))`},
	{"seattle-weather.csv", "date,wind", `{"op":"cast","column":"date","dtype":"timestamp[us]"}`, `df`},
	{"flights-2k.json", "delay,distance", `{"op":"cast","column":"delay","dtype":"float64"}`, `df.astype({"delay": "float64"})`},
	{"flights-2k.json", "delay,distance", `{"op":"cast","column":"distance","dtype":"utf8"}`, `df.astype({"distance": "str"})`},
	{"movies.json", "Title", `{"op":"cast","column":"Title","dtype":"float64","errors":"coerce"}`, `df.assign(Title=pd.to_numeric(df["Title"], errors="coerce"))`},
	{"flights-2k.json", "date", `{"op":"cast","column":"date","dtype":"timestamp[us]","errors":"coerce"}`, `df.assign(date=pd.to_datetime(df["date"].str.replace("/", "-"), format="%Y-%m-%d %H:%M:%S", errors="coerce").where(df["date"].str.contains("-")))`},
}

// sentColumn is a column as the script gets it.
type sentColumn struct {
	Name   string          `json:"name"`
	DType  string          `json:"dtype"`
	Values json.RawMessage `json:"values"`
}

func TestOperationsDoAsPandasDoes(t *testing.T) {
	type sentCase struct {
		Columns    []sentColumn `json:"columns"`
		Expression string       `json:"expression"`
	}
	frames := make([]*base, len(pandasCases))
	sent := make([]sentCase, len(pandasCases))
	for i, tt := range pandasCases {
		frames[i] = vegaFrame(t, tt.file, tt.columns)
		sent[i] = sentCase{frames[i].sent(t), tt.expression}
	}
	var want [][][]any
	testenv.Python(t, pandasScript, sent, &want)
	for i, tt := range pandasCases {
		b := frames[i]
		b.apply(t, `[`+tt.operation+`]`)
		for c, column := range b.sent(t) {
			var got []any
			if err := json.Unmarshal(column.Values, &got); err != nil {
				t.Fatal(err)
			}
			if diff := firstDifference(want[i][c], got); diff != "" {
				t.Errorf("%s of %s: column %q: %s", tt.operation, tt.file, column.Name, diff)
			}
		}
	}
}

// vegaFrame is a file as it comes from a store; columns, separated by commas, are those to keep.
func vegaFrame(t *testing.T, file, columns string) *base {
	t.Helper()
	table := vegaTable(t, file)
	// Row groups that are smaller than those of files, so that there are several.
	const rows = 500
	cut := &codec.Table{Schema: table.Schema}
	for _, g := range table.RowGroups {
		for from := int64(0); from < g.NumRows(); from += rows {
			cut.RowGroups = append(cut.RowGroups, g.NewSlice(from, min(from+rows, g.NumRows())))
		}
	}
	b := asStored(cut)
	if columns != "" {
		names, _ := json.Marshal(strings.Split(columns, ","))
		b.apply(t, fmt.Sprintf(`[{"op":"select_columns","columns":%s}]`, names))
	}
	return b
}

// vegaTables are the files that have been read. Nothing changes their arrays.
var vegaTables = map[string]*codec.Table{}

func vegaTable(t *testing.T, file string) *codec.Table {
	t.Helper()
	if vegaTables[file] == nil {
		data, err := os.ReadFile(testenv.VegaFile(t, file))
		if err != nil {
			t.Fatal(err)
		}
		if vegaTables[file], err = formats.ByFilename(file).Decode(data, codec.ReadOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	return vegaTables[file]
}

// sent spells all columns.
func (b *base) sent(t *testing.T) []sentColumn {
	t.Helper()
	list := make([]sentColumn, len(b.Columns))
	for i, c := range b.Columns {
		if err := b.LoadColumns([]int{i}); err != nil {
			t.Fatal(err)
		}
		values := codectest.JSONArray(MakeNulls(c.Field.Type, 0))
		if len(c.Chunks) > 0 {
			parts := make([]arrow.Array, len(c.Chunks))
			for g, chunk := range c.Chunks {
				parts[g] = chunk.Data
			}
			whole, err := Concat(parts)
			if err != nil {
				t.Fatal(err)
			}
			values = codectest.JSONArray(whole)
		}
		list[i] = sentColumn{c.Field.Name, scalar.DType(c.Field.Type), []byte(values)}
	}
	return list
}

// firstDifference compares columns cell by cell. Dates of pandas have a time of day, and sums of
// floats in another order another last digit.
func firstDifference(want, got []any) string {
	if len(want) != len(got) {
		return fmt.Sprintf("%d rows, pandas has %d", len(got), len(want))
	}
	for row := range want {
		a, b := want[row], got[row]
		x, ok1 := a.(float64)
		y, ok2 := b.(float64)
		if ok1 && ok2 && math.Abs(x-y) <= 1e-12*math.Abs(x) {
			continue
		}
		if s, ok := a.(string); ok {
			if day, isDay := b.(string); isDay && s == day+"T00:00:00" {
				continue
			}
		}
		if a != b {
			return fmt.Sprintf("row %d is %v, pandas has %v", row, b, a)
		}
	}
	return ""
}
