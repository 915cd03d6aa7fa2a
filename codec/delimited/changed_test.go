package delimited

import (
	"math/rand/v2"
	"testing"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// slowlyChanged spells each cell of a table that was read from text and compares it with its field.
func slowlyChanged(t *testing.T, text []byte, table *codec.Table, opt codec.ReadOptions) []int64 {
	t.Helper()
	opt.Limits = opt.Limits.WithDefaults()
	mem := codec.NewBudget(1 << 30)
	in, err := CSV.Driver.(driver).open(text, opt, mem)
	if err != nil {
		t.Fatal(err)
	}
	names, data, d := in.head.names, in.scan.data, in.dialect
	changed := make([]int64, table.Schema.NumFields())
	r, err := newTextReader(in.scan, names, opt, in.options.NullValues, d, mem, textSizes{groupRows: 1, windowFields: 1, windowRows: 1})
	if err != nil {
		t.Fatal(err)
	}
	err = r.eachWindow(1, func(_, row int) {
		group := 0
		for int64(row) >= table.RowGroups[group].NumRows() {
			row -= int(table.RowGroups[group].NumRows())
			group++
		}
		for c := range table.Schema.NumFields() {
			values := table.RowGroups[group].Column(c)
			var scratch, spelled []byte
			if !scalar.NullChecker(values)(row) {
				spelled = scalar.Text(values)(nil, row)
			}
			if !d.spells(r.current.column(c)[0].content(data, &scratch), spelled, values.DataType()) {
				changed[c]++
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

// checkChanged fails unless the counts of a table are those of the slow definition.
func checkChanged(t *testing.T, text []byte, table *codec.Table, opt codec.ReadOptions) {
	t.Helper()
	for i, want := range slowlyChanged(t, text, table, opt) {
		var got int64
		if table.Receipt.Changed != nil {
			got = table.Receipt.Changed[i]
		}
		if got != want {
			t.Fatalf("column %d of %.300q has %d changed cells, want %d", i, text, got, want)
		}
	}
}

func TestChangedCellsAreCounted(t *testing.T) {
	total := 0
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 3))
		text := []byte(randomCells(random, 1+random.IntN(40), 1+random.IntN(4)))
		for _, own := range []Options{{}, {Decimal: ',', Delimiter: ';'}, {Comment: '#', Delimiter: ','}} {
			opt := codec.ReadOptions{Options: own}
			table, err := sized(textSizes{groupRows: 7, windowFields: 9, windowRows: 2}).Decode(text, opt)
			if err != nil {
				continue
			}
			checkChanged(t, text, table, opt)
			checkSamples(t, table)
			total += len(table.Receipt.Changed)
		}
	}
	if total == 0 {
		t.Error("no text has changed cells: the test needs some")
	}
}
