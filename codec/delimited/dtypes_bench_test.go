package delimited

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
)

// dtypeColumns are columns of one type each. The cells are such that inference finds the same
// type, but for decimals, which it never chooses.
var dtypeColumns = []struct {
	dtype string
	cell  func(random *rand.Rand) string
}{
	{"int64", func(r *rand.Rand) string { return fmt.Sprint(r.IntN(1_000_000)) }},
	{"float64", func(r *rand.Rand) string { return fmt.Sprintf("%.3f", r.NormFloat64()*100) }},
	{"utf8", func(r *rand.Rand) string { return []string{"Lima", "Bogotá", "Quito", "La Paz"}[r.IntN(4)] }},
	{"bool", func(r *rand.Rand) string { return fmt.Sprint(r.IntN(2) == 0) }},
	{"date32", func(r *rand.Rand) string {
		return fmt.Sprintf("20%02d-%02d-%02d", r.IntN(25), 1+r.IntN(12), 1+r.IntN(28))
	}},
	{"timestamp[us]", func(r *rand.Rand) string {
		return fmt.Sprintf("20%02d-%02d-%02dT%02d:%02d:%02d", r.IntN(25), 1+r.IntN(12), 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60))
	}},
	{"decimal(12, 2)", func(r *rand.Rand) string { return fmt.Sprintf("%d.%02d", r.IntN(100_000), r.IntN(100)) }},
}

// BenchmarkCSVDTypes compares reading columns whose types are inferred with reading them as a
// dtype for every column says. "all" has the five types that tables of people mostly have.
func BenchmarkCSVDTypes(b *testing.B) {
	run := func(name string, dtypes []string, cells []func(*rand.Rand) string) {
		const rows, columns = 10_000, 50
		random := rand.New(rand.NewPCG(1, 2))
		var text bytes.Buffer
		var wanted []string
		for c := range columns {
			fmt.Fprintf(&text, "c%d%c", c, codectest.Separator(c, columns))
			wanted = append(wanted, fmt.Sprintf("c%d=%s", c, dtypes[c%len(dtypes)]))
		}
		for range rows {
			for c := range columns {
				text.WriteString(cells[c%len(cells)](random))
				text.WriteByte(codectest.Separator(c, columns))
			}
		}
		for _, way := range []struct {
			name string
			opt  codec.ReadOptions
		}{
			{"inferred", codec.ReadOptions{}},
			{"wanted", codec.ReadOptions{DTypes: codectest.DTypes(b, wanted...)}},
		} {
			b.Run(strings.ReplaceAll(name, " ", "")+"/"+way.name, func(b *testing.B) {
				b.SetBytes(int64(text.Len()))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := CSV.Decode(text.Bytes(), way.opt); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
	var dtypes []string
	var cells []func(*rand.Rand) string
	for _, c := range dtypeColumns[:5] {
		dtypes, cells = append(dtypes, c.dtype), append(cells, c.cell)
	}
	run("all", dtypes, cells)
	for _, c := range dtypeColumns {
		run(c.dtype, []string{c.dtype}, []func(*rand.Rand) string{c.cell})
	}
}
