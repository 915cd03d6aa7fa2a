package frame

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// benchColumn is a column of one full row group; cells that the function returns as "" are missing.
func benchColumn(dtype string, cell func(random *rand.Rand) string) column {
	const rows = 16_384
	random := rand.New(rand.NewPCG(1, 2))
	cells := make([]string, rows)
	for i := range cells {
		if cells[i] = cell(random); cells[i] == "" {
			cells[i] = "null"
		}
	}
	return column{"a", dtype, []string{"[" + strings.Join(cells, ",") + "]"}}
}

// benchmarkOperation applies an operation to a copy of a column again and again.
func benchmarkOperation(b *testing.B, c column, operation string) {
	of := stored(b, c)
	if err := of.LoadColumns([]int{0}); err != nil {
		b.Fatal(err)
	}
	ops, err := parse(b, "["+operation+"]")
	if err != nil {
		b.Fatal(err)
	}
	field, chunks := of.Columns[0].Field, of.Columns[0].Chunks
	b.ReportAllocs()
	for b.Loop() {
		f := *of.Frame
		f.copied, f.spent = 0, 0
		f.Columns = []*Column{{Field: field, Origin: -1, Chunks: append([]Chunk(nil), chunks...)}}
		if _, err := Apply(&f, ops); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCast(b *testing.B) {
	for _, c := range []struct {
		name, from, to string
		cell           func(random *rand.Rand) string
	}{
		{"text to int64", "utf8", "int64", func(r *rand.Rand) string { return fmt.Sprintf("%q", fmt.Sprint(r.IntN(1_000_000))) }},
		{"int64 to text", "int64", "utf8", func(r *rand.Rand) string { return fmt.Sprint(r.IntN(1_000_000)) }},
		{"float64 to int64", "float64", "int64", func(r *rand.Rand) string { return fmt.Sprintf("%d.0", r.IntN(1_000_000)) }},
		{"text to timestamp", "utf8", "timestamp[us]", func(r *rand.Rand) string {
			return fmt.Sprintf("\"20%02d-%02d-%02d %02d:%02d:%02d\"", r.IntN(25), 1+r.IntN(12), 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60))
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			benchmarkOperation(b, benchColumn(c.from, c.cell), fmt.Sprintf(`{"op":"cast","column":"a","dtype":%q}`, c.to))
		})
	}
}

func BenchmarkFillMissing(b *testing.B) {
	sparse := func(cell string) func(*rand.Rand) string {
		return func(r *rand.Rand) string {
			if r.IntN(2) == 0 {
				return ""
			}
			return fmt.Sprintf(cell, 2*r.IntN(1_000_000))
		}
	}
	for _, c := range []struct{ name, dtype, cell, method string }{
		{"linear of floats", "float64", "%d.5", "linear"},
		{"linear of dates and times", "timestamp[us]", "", "linear"},
		{"mean of floats", "float64", "%d.5", "mean"},
		{"median of int64", "int64", "%d", "median"},
	} {
		cell := sparse(c.cell)
		if c.cell == "" {
			cell = func(r *rand.Rand) string {
				if r.IntN(2) == 0 {
					return ""
				}
				return fmt.Sprintf("\"2026-01-%02dT00:00:00\"", 1+r.IntN(28))
			}
		}
		b.Run(c.name, func(b *testing.B) {
			benchmarkOperation(b, benchColumn(c.dtype, cell), fmt.Sprintf(`{"op":"fill_missing","columns":["a"],"method":%q}`, c.method))
		})
	}
}

func BenchmarkFilterAndSort(b *testing.B) {
	numbers := benchColumn("int64", func(r *rand.Rand) string { return fmt.Sprint(r.IntN(1000)) })
	floats := benchColumn("float64", func(r *rand.Rand) string { return fmt.Sprint(r.Float64()) })
	texts := benchColumn("utf8", func(r *rand.Rand) string { return fmt.Sprintf("\"city_%d\"", r.IntN(50)) })
	for _, bb := range []struct {
		name      string
		of        column
		operation string
	}{
		{"an integer that equals", numbers, `{"op":"filter","where":{"column":"a","cmp":"ne","value":7}}`},
		{"a float in a range", floats, `{"op":"filter","where":{"and":[{"column":"a","cmp":"ge","value":0.1},{"column":"a","cmp":"lt","value":0.9}]}}`},
		{"a text of a list", texts, `{"op":"filter","where":{"column":"a","cmp":"in","value":["city_1","city_2","city_3"]}}`},
		{"a text that contains", texts, `{"op":"filter","where":{"column":"a","cmp":"contains","value":"ty_1"}}`},
		{"sort of integers", numbers, `{"op":"sort","by":[{"column":"a"}]}`},
		{"sort of texts", texts, `{"op":"sort","by":[{"column":"a"}]}`},
	} {
		b.Run(bb.name, func(b *testing.B) { benchmarkOperation(b, bb.of, bb.operation) })
	}
}
