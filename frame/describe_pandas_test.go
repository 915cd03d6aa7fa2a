//go:build !js

package frame

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/google/go-cmp/cmp"

	"edgeframe/codec"
	"edgeframe/codec/formats"
	"edgeframe/internal/testenv"
)

// pandasDescribe reads a file and describes each column as the kind of type that the input says.
const pandasDescribe = `
import json, sys
import numpy as np
import pandas as pd

path, kinds = sys.argv[1], json.load(sys.stdin)
if path.endswith(".json"):
    # Dates and numbers are told apart below.
    table = pd.read_json(path, convert_dates=False, dtype=False)
else:
    # What is not of pandas' own reading: None is missing, numbers with leading zeros are text.
    text = {name: str for name, kind in kinds if kind == "text"}
    table = pd.read_csv(path, low_memory=False, na_values=["None"], dtype=text)

def spell(v):
    return str(v).lower() if isinstance(v, (bool, np.bool_)) else str(v)

columns = []
for name, kind in kinds:
    values = table[name]
    out = {"name": name, "count": int(values.count()), "missing": int(values.isna().sum()), "unique": int(values.nunique())}
    if kind in ("number", "float32"):
        values = pd.to_numeric(values).astype("float32" if kind == "float32" else values.dtype)
        d = values.describe()
        for ours, theirs in {"min": "min", "q1": "25%", "median": "50%", "q3": "75%", "max": "max", "mean": "mean", "std": "std"}.items():
            out[ours] = float(d[theirs])
        if kind == "float32":
            # Spelled with the digits of their type; pandas adds up with no more than those.
            out["min"], out["max"] = float(str(np.float32(d["min"]))), float(str(np.float32(d["max"])))
            out["mean"], out["std"] = values.astype("float64").mean(), values.astype("float64").std()
        wide = values.astype("float64")
        out["skewness"], out["kurtosis"] = wide.skew(), wide.kurt()
        out["percentiles"] = [float(wide.quantile(p)) for p in (0.05, 0.1, 0.95)]
        low = d["25%"] - 1.5 * (d["75%"] - d["25%"])
        high = d["75%"] + 1.5 * (d["75%"] - d["25%"])
        out["outliers"] = [int(((values < low) | (values > high)).sum()), float(low), float(high)]
    elif kind == "time":
        d = pd.to_datetime(values).describe(datetime_is_numeric=True)
        for ours, theirs in {"min": "min", "q1": "25%", "median": "50%", "q3": "75%", "max": "max", "mean": "mean"}.items():
            out[ours] = d[theirs].isoformat()
        out["percentiles"] = [pd.to_datetime(values).quantile(p).isoformat() for p in (0.05, 0.1, 0.95)]
    else:
        counts = values.value_counts()
        top = sorted(([spell(v), int(n)] for v, n in counts.items()), key=lambda vn: (-vn[1], vn[0]))
        out["top"] = top[:10]
        if kind == "text":
            lengths = values.dropna().map(spell).map(len)
            out["lengths"] = [int(lengths.min()), int(lengths.max())]
    columns.append(out)
print(json.dumps({"rows": len(table), "duplicate_rows": int(table.duplicated().sum()), "columns": columns}))
`

// pandasColumn is what the script prints of a column.
type pandasColumn struct {
	Name                           string
	Count, Missing, Unique         int64
	Min, Q1, Median, Q3, Max, Mean any
	Std, Skewness, Kurtosis        any
	Percentiles                    []any
	Outliers                       []float64
	Top                            [][2]any
	Lengths                        []int64
}

// kindName is how the script calls the kind of a type.
func kindName(dt arrow.DataType) string {
	if dt.ID() == arrow.FLOAT32 {
		return "float32"
	}
	switch kindOf(dt) {
	case describedFloat, describedInteger:
		return "number"
	case describedTime:
		return "time"
	case describedText:
		return "text"
	}
	return "other"
}

// readVega reads a file of vega-datasets, and returns the path of one that pandas can read.
func readVega(t *testing.T, name string) (*codec.Table, string) {
	t.Helper()
	path := testenv.VegaFile(t, name)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{".json": "json", ".csv": "csv", ".arrow": "arrow_file"}
	of, err := formats.ByName(names[filepath.Ext(name)]).Decode(data, codec.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Ext(name) != ".arrow" {
		return of, path
	}
	// Debian's pandas has no Arrow.
	var csv bytes.Buffer
	if err := formats.ByName("csv").Encode(&csv, of, codec.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "table.csv")
	if err := os.WriteFile(path, csv.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return of, path
}

func TestDescriptionsAreThoseOfPandas(t *testing.T) {
	for _, name := range []string{
		"movies.json", "cars.json", "penguins.json", "seattle-weather.csv", "birdstrikes.csv", "flights-200k.arrow",
		"weather.csv", "stocks.csv", "gapminder.json", "zipcodes.csv",
	} {
		t.Run(name, func(t *testing.T) {
			of, path := readVega(t, name)
			kinds := make([][2]string, of.Schema.NumFields())
			for i, f := range of.Schema.Fields() {
				kinds[i] = [2]string{f.Name, kindName(f.Type)}
			}
			var want struct {
				Rows          int64
				DuplicateRows int64 `json:"duplicate_rows"`
				Columns       []pandasColumn
			}
			testenv.Python(t, pandasDescribe, kinds, &want, path)
			got := describeWith(t, of, nil, codec.Limits{}, DescribeOptions{Percentiles: []float64{0.05, 0.1, 0.95}})
			if got.Rows != want.Rows || *got.DuplicateRows != want.DuplicateRows {
				t.Errorf("%d rows and %d duplicates, pandas has %d and %d", got.Rows, *got.DuplicateRows, want.Rows, want.DuplicateRows)
			}
			for i, c := range got.Columns {
				if diff := cmp.Diff(want.Columns[i], asPandas(t, c, want.Columns[i])); diff != "" {
					t.Errorf("%s %s (-pandas +edgeframe): %s", c.Name, c.DType, diff)
				}
			}
		})
	}
}

// asPandas returns a description in the form of the script. A mean or deviation that is that of
// pandas but for rounding becomes that of pandas.
func asPandas(t *testing.T, c ColumnDescription, want pandasColumn) pandasColumn {
	t.Helper()
	p := pandasColumn{Name: c.Name, Count: c.Count, Missing: c.Missing, Unique: c.Unique}
	if d := c.Distribution; d != nil {
		p.Min, p.Q1, p.Median = plain(t, d.Min), plain(t, d.Q1), plain(t, d.Median)
		p.Q3, p.Max, p.Mean = plain(t, d.Q3), plain(t, d.Max), near(plain(t, d.Mean), want.Mean)
	}
	if d := c.Deviation; d != nil {
		p.Std, p.Skewness, p.Kurtosis = near(plain(t, d.Std), want.Std), near(plain(t, d.Skewness), want.Skewness), near(plain(t, d.Kurtosis), want.Kurtosis)
		low, high := plain(t, d.Outliers.LowerBound).(float64), plain(t, d.Outliers.UpperBound).(float64)
		p.Outliers = []float64{float64(d.Outliers.Count), low, high}
	}
	for i, one := range c.Percentiles {
		p.Percentiles = append(p.Percentiles, near(plain(t, one.Value), want.Percentiles[i]))
	}
	if c.Lengths != nil {
		p.Lengths = []int64{*c.MinLength, *c.MaxLength}
	}
	if c.Frequencies != nil {
		for _, f := range c.Top {
			value, err := json.Marshal(f.Value)
			if err != nil {
				t.Fatal(err)
			}
			if text, ok := f.Value.(string); ok {
				value = []byte(text)
			}
			p.Top = append(p.Top, [2]any{string(value), float64(f.Count)})
		}
	}
	return p
}

// plain is a statistic as the script has it: a number, or a time in ISO 8601.
func plain(t *testing.T, raw json.RawMessage) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	text, ok := v.(string)
	if !ok {
		return v
	}
	if len(text) == len(time.DateOnly) {
		text += "T00:00:00"
	}
	return text
}

// near returns want if it is got up to a part in 10^9, or of times up to a microsecond.
func near(got, want any) any {
	switch w := want.(type) {
	case float64:
		if g, ok := got.(float64); ok && math.Abs(g-w) <= 1e-9*math.Abs(w) {
			return want
		}
	case string:
		const layout = "2006-01-02T15:04:05"
		g, err := time.Parse(layout, strings.TrimSuffix(got.(string), "Z"))
		of, wantErr := time.Parse(layout, w)
		if err == nil && wantErr == nil && g.Sub(of).Abs() < time.Microsecond {
			return want
		}
	}
	return got
}
