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
	own, err := codec.OptionsOf[Options](opt.Options)
	if err != nil {
		t.Fatal(err)
	}
	opt.Limits = opt.Limits.WithDefaults()
	d, err := newDialect(own)
	if err != nil {
		t.Fatal(err)
	}
	mem := codec.NewBudget(1 << 30)
	data, _, _, err := decodeText(text, own.Encoding, mem)
	if err != nil {
		t.Fatal(err)
	}
	s := textScanner{data: data, delimiter: table.Receipt.Delimiter, comment: own.Comment}
	names, err := s.readNames(own, opt.Limits)
	if err != nil {
		t.Fatal(err)
	}
	changed := make([]int64, len(names))
	r, err := newTextReader(s, names, opt, own.NullValues, d, mem, textSizes{groupRows: 1, windowFields: 1, windowRows: 1})
	if err != nil {
		t.Fatal(err)
	}
	err = r.eachWindow(1, func(_, row int) {
		group := 0
		for int64(row) >= table.RowGroups[group].NumRows() {
			row -= int(table.RowGroups[group].NumRows())
			group++
		}
		for c := range names {
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
			total += len(table.Receipt.Changed)
		}
	}
	if total == 0 {
		t.Error("no text has changed cells: the test needs some")
	}
}
