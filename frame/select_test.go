package frame

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/scalar"
)

// query reads a query from a JSON object.
func query(t testing.TB, text string) *Query {
	t.Helper()
	q, err := readQuery(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return q
}

// randomTable has a column of each of conditionColumns, and one with the numbers of the rows.
func randomTable(t testing.TB, r *rand.Rand, groups []int) *base {
	t.Helper()
	var columns []column
	for _, c := range conditionColumns {
		cells := column{name: c.name, dtype: c.dtype}
		for _, rows := range groups {
			texts := make([]string, rows)
			for i := range texts {
				texts[i] = "null"
				if at := r.IntN(len(c.values) + 1); at > 0 {
					texts[i] = c.values[at-1]
				}
			}
			cells.groups = append(cells.groups, "["+strings.Join(texts, ",")+"]")
		}
		columns = append(columns, cells)
	}
	numbers := column{name: "row", dtype: "int32"}
	first := 0
	for _, rows := range groups {
		text, _ := json.Marshal(intsFrom(first, rows))
		numbers.groups = append(numbers.groups, string(text))
		first += rows
	}
	return stored(t, append(columns, numbers)...)
}

// A query selects the rows that the operations filter and sort leave, in their order.
func TestAQuerySelectsWhatFilterAndSortLeave(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	whole := randomTable(t, r, []int{40, 1, 60, 30})
	for range 1000 {
		where, _ := randomCondition(r, 2)
		var by, objects []string
		for _, i := range r.Perm(len(conditionColumns))[:r.IntN(4)] {
			sign, descending := "", r.IntN(2) == 1
			if descending {
				sign = "-"
			}
			by = append(by, sign+conditionColumns[i].name)
			objects = append(objects, fmt.Sprintf(`{"column":%q,"descending":%t}`, conditionColumns[i].name, descending))
		}
		operations, text := []string{}, `{"sort":`+mustJSON(by)
		if r.IntN(4) > 0 {
			operations = append(operations, `{"op":"filter","where":`+where+`}`)
			text += `,"where":` + where
		}
		if len(by) > 0 {
			operations = append(operations, `{"op":"sort","by":[`+strings.Join(objects, ",")+`]}`)
		}
		want := &base{Frame: whole.Clone()}
		if len(operations) > 0 {
			want.apply(t, "["+strings.Join(operations, ",")+"]")
		}
		s, err := whole.Select(query(t, text+"}"))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got, want := s.Rows(0, s.Len()), want.rowNumbers(t); !slices.Equal(got, want) {
			t.Fatalf("%s selects %v, want %v", text, got, want)
		}
	}
}

func mustJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// rowNumbers are the values of the column row.
func (b *base) rowNumbers(t testing.TB) (rows []int64) {
	t.Helper()
	at := b.find("row")
	if err := b.LoadColumns([]int{at}); err != nil {
		t.Fatal(err)
	}
	for _, chunk := range b.Columns[at].Chunks {
		number := scalar.Ticks(chunk.Data)
		for row := range chunk.Data.Len() {
			rows = append(rows, number(row))
		}
	}
	return rows
}

// More texts than are kept once are sorted by their beginnings first.
func TestManyTextsAreSorted(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const rows, groups = 12_000, 8
	texts := make([]string, 0, rows*groups)
	columns := []column{{name: "s", dtype: "utf8"}, {name: "row", dtype: "int32"}}
	for g := range groups {
		var cells []string
		for range rows {
			text := strings.Repeat("a", r.IntN(12)) + fmt.Sprint(r.IntN(100_000))
			if r.IntN(20) == 0 {
				text = ""
			}
			cells = append(cells, text)
		}
		texts = append(texts, cells...)
		columns[0].groups = append(columns[0].groups, mustJSON(cells))
		columns[1].groups = append(columns[1].groups, mustJSON(intsFrom(g*rows, rows)))
	}
	b := stored(t, columns...)
	for _, descending := range []bool{false, true} {
		want := make([]int64, len(texts))
		for i := range want {
			want[i] = int64(i)
		}
		sign := ""
		if descending {
			sign = "-"
		}
		slices.SortStableFunc(want, func(a, b int64) int {
			c := strings.Compare(texts[a], texts[b])
			if descending {
				return -c
			}
			return c
		})
		s, err := b.Select(query(t, `{"sort":"`+sign+`s"}`))
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Rows(0, s.Len()); !slices.Equal(got, want) {
			t.Errorf("descending %t: the order differs", descending)
		}
	}
}

func TestQueriesLoadWhatTheyNameAndLetGoOfIt(t *testing.T) {
	b := sample(t)
	b.LoadBytes = func([]int, int) int64 { return QueryBatchBytes }
	if _, err := b.Select(query(t, `{"where":{"column":"a","cmp":"gt","value":3},"sort":["-b"]}`)); err != nil {
		t.Fatal(err)
	}
	if want := []string{"a/0", "a/1", "b/1"}; !slices.Equal(b.loads, want) {
		t.Errorf("loaded %q, want %q", b.loads, want)
	}
	for _, c := range b.Columns {
		if slices.ContainsFunc(c.Chunks, func(c Chunk) bool { return c.Data != nil }) {
			t.Errorf("column %q is kept", c.Field.Name)
		}
	}
}

func TestASelectionReservesItsMemoryFirst(t *testing.T) {
	table := codectest.Generate(100_000, 3, 1)
	f := FromTable(table, codec.Limits{})
	reserved := int64(0)
	f.Reserve = func(bytes int64) error { reserved += bytes; return nil }
	name := f.Columns[0].Field.Name
	s, err := f.Select(query(t, fmt.Sprintf(`{"where":{"column":%q,"cmp":"not_null"}}`, name)))
	if err != nil {
		t.Fatal(err)
	}
	if s.Len() == 0 || s.Bytes() > 8*s.Len()+64 {
		t.Errorf("%d rows take %d bytes", s.Len(), s.Bytes())
	}
	if s.Len() < f.NumRows() && reserved < 4*s.Len() {
		t.Errorf("%d bytes were reserved for %d rows", reserved, s.Len())
	}
	small := FromTable(table, codec.Limits{Bytes: 1 << 20})
	_, err = small.Select(query(t, fmt.Sprintf(`{"sort":[%q]}`, name)))
	if !says(err, "a condition may select at most") {
		t.Errorf("the error is %v", err)
	}
}

func TestRowsOfASelectionAreCut(t *testing.T) {
	s := &Selection{rows: []uint32{5, 3, 9}, n: 3}
	for _, tt := range []struct {
		offset, limit int64
		want          []int64
	}{
		{0, 2, []int64{5, 3}},
		{2, 5, []int64{9}},
		{3, 1, nil},
		{100, 1 << 62, nil},
		{1, -1, nil},
	} {
		if got := s.Rows(tt.offset, tt.limit); !slices.Equal(got, tt.want) {
			t.Errorf("from %d, %d: %v, want %v", tt.offset, tt.limit, got, tt.want)
		}
	}
}
