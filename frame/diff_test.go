package frame

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/google/go-cmp/cmp"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/scalar"
	"edgeframe/internal/gather"
)

// typedPool has rows of every type, from which random tables are made.
func typedPool(t testing.TB) (fields []arrow.Field, columns []arrow.Array) {
	all := codectest.AllTypes()
	for i, f := range all.Schema.Fields() {
		var groups []arrow.Array
		for _, g := range all.RowGroups {
			groups = append(groups, g.Column(i))
		}
		column, err := Concat(groups)
		if err != nil {
			t.Fatal(err)
		}
		fields, columns = append(fields, f), append(columns, column)
	}
	return fields, columns
}

// plainTable is a table as rows of the pool: for each row and column which row the value is of.
type plainTable struct {
	cells [][]int
	marks Marks
}

// frame makes a frame of random row groups.
func (p *plainTable) frame(t testing.TB, random *rand.Rand, fields []arrow.Field, columns []arrow.Array) *base {
	out := &codec.Table{Schema: arrow.NewSchema(fields, nil)}
	for from := 0; from < len(p.cells); {
		n := 1 + random.IntN(len(p.cells)-from)
		arrays := make([]arrow.Array, len(columns))
		for c := range columns {
			runs := make([]gather.Run, n)
			for i := range runs {
				runs[i] = gather.Run{From: p.cells[from+i][c], To: p.cells[from+i][c] + 1}
			}
			var err error
			if arrays[c], err = rows([]arrow.Array{columns[c]}, runs); err != nil {
				t.Fatal(err)
			}
		}
		out.RowGroups = append(out.RowGroups, codec.NewRecord(out.Schema, arrays, uint32(n)))
		from += n
	}
	b := asStored(out)
	b.Marks = p.marks
	return b
}

// equalCells reports whether two rows of a column of the pool are equal cells, by their texts.
func equalCells(column arrow.Array, a, b int) bool {
	missing, text := scalar.Missing(column), scalar.Text(column)
	if missing(a) || missing(b) {
		return missing(a) == missing(b)
	}
	zero := strings.NewReplacer("-0.0", "0.0")
	return zero.Replace(string(text(nil, a))) == zero.Replace(string(text(nil, b)))
}

// differences spells the differences of two plain tables, in the order of pages.
func differences(fields []arrow.Field, columns []arrow.Array, before, after *plainTable, from []int64) (lines []string) {
	kept := map[int64]bool{}
	var added []string
	for row, was := range from {
		if was < 0 {
			added = append(added, fmt.Sprint("added ", row))
			continue
		}
		kept[was] = true
		for c, f := range fields {
			marked := func(p *plainTable, row int64) bool { return slices.Contains(p.marks[f.Name], row) }
			b, a := before.cells[was][c], after.cells[row][c]
			wasMarked, isMarked := marked(before, was), marked(after, int64(row))
			if equalCells(columns[c], b, a) && wasMarked == isMarked {
				continue
			}
			spell := scalar.FieldJSON(f, columns[c])
			lines = append(lines, fmt.Sprintf("%d %d %s %s %s %t %t", was, row, f.Name, spell(nil, b), spell(nil, a), wasMarked, isMarked))
		}
	}
	lines = append(lines, added...)
	for row := range before.cells {
		if !kept[int64(row)] {
			lines = append(lines, fmt.Sprint("removed ", row))
		}
	}
	return lines
}

// spellDiff spells a page of differences.
func spellDiff(d *Diff, fields []arrow.Field) (lines []string) {
	for _, c := range d.Cells {
		lines = append(lines, fmt.Sprintf("%d %d %s %s %s %t %t", c.RowBefore, c.RowAfter, fields[c.Column].Name, c.Before, c.After, c.WasMarked, c.IsMarked))
	}
	for _, row := range d.AddedRows {
		lines = append(lines, fmt.Sprint("added ", row))
	}
	for _, row := range d.RemovedRows {
		lines = append(lines, fmt.Sprint("removed ", row))
	}
	return lines
}

// randomMarks marks some of the cells.
func randomMarks(random *rand.Rand, fields []arrow.Field, cells [][]int) Marks {
	marks := Marks{}
	for _, f := range fields {
		for row := range cells {
			if random.IntN(5) == 0 {
				marks[f.Name] = append(marks[f.Name], int64(row))
			}
		}
	}
	return marks
}

// changeRows returns a table that was made of another one, and for each row its row before.
func changeRows(random *rand.Rand, before *plainTable, poolRows, kind int) (after *plainTable, from []int64) {
	after = &plainTable{}
	for row := range before.cells {
		if kind > 0 && random.IntN(4) == 0 {
			continue
		}
		from = append(from, int64(row))
	}
	if kind > 1 {
		random.Shuffle(len(from), func(i, j int) { from[i], from[j] = from[j], from[i] })
	}
	if kind > 0 || len(from) == 0 {
		for range random.IntN(4) + 1 {
			from = slices.Insert(from, random.IntN(len(from)+1), -1)
		}
	}
	columns := len(before.cells[0])
	for _, was := range from {
		cells := make([]int, columns)
		for c := range cells {
			if cells[c] = random.IntN(poolRows); was >= 0 && random.IntN(10) > 0 {
				cells[c] = before.cells[was][c]
			}
		}
		after.cells = append(after.cells, cells)
	}
	return after, from
}

func TestADiffIsWhatAPlainComparisonFindsForRowsOfEveryTypeInEveryOrder(t *testing.T) {
	allFields, allColumns := typedPool(t)
	const width = 8
	pairs := make([]ColumnPair, width)
	for i := range pairs {
		pairs[i] = ColumnPair{i, i}
	}
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 1))
		first := int(seed) * width % (len(allFields) - width + 1)
		fields, columns := allFields[first:first+width], allColumns[first:first+width]
		before := &plainTable{}
		for range 1 + random.IntN(60) {
			cells := make([]int, len(fields))
			for c := range cells {
				cells[c] = random.IntN(columns[c].Len())
			}
			before.cells = append(before.cells, cells)
		}
		before.marks = randomMarks(random, fields, before.cells)
		after, from := changeRows(random, before, columns[0].Len(), int(seed%3))
		after.marks = randomMarks(random, fields, after.cells)
		old, now := before.frame(t, random, fields, columns), after.frame(t, random, fields, columns)
		alignment := NewAlignment(from, int64(len(before.cells)), int64(len(after.cells)))
		if seed%3 == 0 {
			alignment = NewAlignment(nil, int64(len(before.cells)), int64(len(after.cells)))
		}
		opt := DiffOptions{Rows: alignment, Columns: pairs, Limit: 1 << 30}
		if seed%2 == 0 {
			opt.Segment = func(after int) int { return after % 5 }
		}
		want := differences(fields, columns, before, after, from)
		whole, err := CompareTables(old.Frame, now.Frame, opt)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, spellDiff(whole, fields)); diff != "" || whole.Total() != int64(len(want)) {
			t.Fatalf("seed %d: %d differences, want %d: %s", seed, whole.Total(), len(want), diff)
		}
		var pages []string
		for opt.Offset = 0; opt.Offset < whole.Total(); opt.Offset += opt.Limit {
			opt.Limit = 1 + random.Int64N(30)
			page, err := CompareTables(old.Frame, now.Frame, opt)
			if err != nil {
				t.Fatal(err)
			}
			pages = append(pages, spellDiff(page, fields)...)
		}
		if diff := cmp.Diff(want, pages); diff != "" {
			t.Fatalf("seed %d: pages: %s", seed, diff)
		}
	}
}

func TestMovedRowsAreThoseAtAnotherPlaceAmongTheOnesThatStay(t *testing.T) {
	for _, tt := range []struct {
		rows                   []int64
		before                 int64
		added, removed, moved  int64
		addedRows, removedRows []int64
	}{
		{nil, 3, 1, 0, 0, []int64{3}, nil},
		{[]int64{0, 1, 2}, 3, 0, 0, 0, nil, nil},
		{[]int64{2, 1, 0}, 3, 0, 0, 2, nil, nil},
		{[]int64{-1, 1, -1, 3}, 5, 2, 3, 0, []int64{0, 2}, []int64{0, 2, 4}},
		{[]int64{3, -1, 1}, 4, 1, 2, 2, []int64{1}, []int64{0, 2}},
		{[]int64{}, 2, 0, 2, 0, nil, []int64{0, 1}},
	} {
		after := int64(len(tt.rows))
		if tt.rows == nil {
			after = tt.before + tt.added
		}
		a := NewAlignment(tt.rows, tt.before, after)
		if a.Added != tt.added || a.Removed != tt.removed || a.Moved != tt.moved {
			t.Errorf("%v of %d: %d added, %d removed, %d moved", tt.rows, tt.before, a.Added, a.Removed, a.Moved)
		}
		if got := a.addedRows(0, a.Added); len(got) != len(tt.addedRows) || !slices.Equal(got, tt.addedRows) {
			t.Errorf("%v: added %v", tt.rows, got)
		}
		if got := a.removedRows(0, a.Removed); !slices.Equal(got, tt.removedRows) {
			t.Errorf("%v: removed %v", tt.rows, got)
		}
	}
}

func TestColumnsOfOtherTypesAreComparedByTheirJSON(t *testing.T) {
	before := stored(t,
		column{"a", "int64", []string{`[1,2,null,9007199254740993]`}}, column{"b", "int64", []string{`[1,2,3,null]`}},
		column{"c", "timestamp[s]", []string{`["2026-01-01T00:00:00","2026-01-02T00:00:01",null,null]`}}, column{"d", "utf8", []string{`["x",null,"y","z"]`}})
	after := stored(t,
		column{"a", "float64", []string{`[1,2.5,null,9007199254740992]`}}, column{"b", "utf8", []string{`["1",null,"3",null]`}},
		column{"c", "timestamp[ms]", []string{`["2026-01-01T00:00:00","2026-01-02T00:00:02",null,null]`}}, column{"d", "dictionary", []string{`["x",null,"y","q"]`}})
	d, err := CompareTables(before.Frame, after.Frame, DiffOptions{Rows: NewAlignment(nil, 4, 4), Columns: []ColumnPair{{0, 0}, {1, 1}, {2, 2}, {3, 3}}, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	fields := after.Schema().Fields()
	want := []string{
		`0 0 b 1 "1" false false`,
		`1 1 a 2 2.5 false false`, `1 1 b 2 null false false`, `1 1 c "2026-01-02T00:00:01" "2026-01-02T00:00:02" false false`,
		`2 2 b 3 "3" false false`,
		`3 3 a 9007199254740993 9007199254740992.0 false false`, `3 3 d "z" "q" false false`,
	}
	if diff := cmp.Diff(want, spellDiff(d, fields)); diff != "" {
		t.Error(diff)
	}
}

func TestChunksThatAreKnownToBeTheSameAreNotLoaded(t *testing.T) {
	data := func(last string) *base {
		return stored(t,
			column{"a", "int64", []string{`[1,2]`, `[3,4]`, `[5,6]`}}, column{"b", "int64", []string{`[1,2]`, last, `[5,6]`}},
			column{"c", "int64", []string{`[1,2]`, `[3,4]`, `[5,6]`}})
	}
	before, after := data(`[3,4]`), data(`[3,40]`)
	opt := DiffOptions{
		Rows: NewAlignment(nil, 6, 6), Columns: []ColumnPair{{0, 0}, {1, 1}, {2, 2}}, Limit: 10, SameMarks: true,
		Same: func(c ColumnPair, before, after int) bool { return before == after && (c.After != 1 || after != 1) },
	}
	d, err := CompareTables(before.Frame, after.Frame, opt)
	if err != nil || d.Changed != 1 || d.Cells[0].RowAfter != 3 {
		t.Fatalf("%+v, %v", d, err)
	}
	for _, b := range []*base{before, after} {
		if got := slices.Compact(b.loads); !slices.Equal(got, []string{"b/1"}) {
			t.Errorf("loaded %q", b.loads)
		}
	}
}

func TestRowsAreAlignedByTheirKey(t *testing.T) {
	before := stored(t, column{"id", "int64", []string{`[1,2]`, `[3]`}}, column{"site", "utf8", []string{`["a","a"]`, `["b"]`}}, column{"n", "int64", []string{`[1,null]`, `[1]`}})
	after := stored(t, column{"site", "dictionary", []string{`["b","a","a"]`}}, column{"id", "int64", []string{`[3,9,1]`}}, column{"n", "float64", []string{`[1,2,3]`}})
	names := [2]string{"version 1", "version 2"}
	for _, key := range [][]string{{"id"}, {"site", "id"}} {
		rows, err := AlignByKey(before.Frame, after.Frame, key, names)
		if err != nil || !slices.Equal(rows, []int64{2, -1, 0}) {
			t.Errorf("by %v: %v, %v", key, rows, err)
		}
	}
	for _, tt := range []struct {
		before, after *base
		key           string
		kind          error
		says          string
	}{
		{before, after, "x", ErrColumnNotFound, "version 1 has no such column"},
		{before, stored(t, column{"a", "int64", []string{`[1]`}}), "id", ErrColumnNotFound, "version 2 has no such column"},
		{before, after, "site", codec.ErrMismatch, `rows 0 and 1 of version 1 have the same key, "a"`},
		{before, after, "n", codec.ErrMismatch, "int64 in version 1 and float64 in version 2"},
		{before, before, "n", codec.ErrMismatch, `row 1 of version 1 has no value in the key column "n"`},
		{stored(t, column{"id", "int64", []string{`[1]`}}), stored(t, column{"id", "int64", []string{`[7]`, `[7]`}}), "id", codec.ErrMismatch, "rows 0 and 1 of version 2 have the same key, 7"},
	} {
		if _, err := AlignByKey(tt.before.Frame, tt.after.Frame, []string{tt.key}, names); !errors.Is(err, tt.kind) || !says(err, tt.says) {
			t.Errorf("by %s: %v", tt.key, err)
		}
	}
}

func TestAComparisonReservesMemoryAndEndsWithItsContext(t *testing.T) {
	data := func(first string) *base {
		return stored(t, column{"id", "int64", []string{`[1,2]`, `[3,4]`}}, column{"v", "utf8", []string{`["` + first + `","b"]`, `["c","d"]`}})
	}
	opt := DiffOptions{Rows: NewAlignment(nil, 4, 4), Columns: []ColumnPair{{0, 0}, {1, 1}}, Limit: 10}
	compare := func(b *base) error {
		_, err := CompareTables(data("a").Frame, b.Frame, opt)
		return err
	}
	align := func(b *base) error {
		_, err := AlignByKey(data("a").Frame, b.Frame, []string{"id"}, [2]string{})
		return err
	}
	over := errors.New("too much")
	for name, work := range map[string]func(*base) error{"compare": compare, "align": align} {
		b := data("x")
		b.Reserve = func(int64) error { return over }
		if err := work(b); !errors.Is(err, over) {
			t.Errorf("%s: %v", name, err)
		}
		b = data("x")
		ctx, cancel := context.WithCancelCause(t.Context())
		gone := errors.New("the client is gone")
		cancel(gone)
		b.Context = ctx
		if err := work(b); !errors.Is(err, gone) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
