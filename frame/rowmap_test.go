package frame

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// randomMap returns the map of some rows of n, in any order, and of new ones.
func randomMap(random *rand.Rand, n int) RowMap {
	m := RowMap{}
	for _, row := range random.Perm(n)[:random.IntN(n+1)] {
		if random.IntN(5) == 0 {
			m = m.add(RowRun{-1, 1 + random.Int32N(3)})
		}
		m = m.add(RowRun{int32(row), 1})
	}
	if random.IntN(2) == 0 {
		// Long runs.
		m = without(int64(n), []int64{int64(random.IntN(n))})
	}
	return m
}

func TestRowMapsAreComposedAndInverted(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		n := 1 + random.IntN(12)
		first := randomMap(random, n)
		second := RowMap{}
		if first.Len() > 0 {
			second = randomMap(random, int(first.Len()))
		}
		var want []int64
		for _, from := range second.Rows() {
			if from >= 0 {
				from = first.Rows()[from]
			}
			want = append(want, from)
		}
		if got := first.Then(second).Rows(); !slices.Equal(got, want) {
			t.Fatalf("%v then %v is %v, want %v", first, second, got, want)
		}
		inverse := first.Inverse().Rows()
		for row := range int64(n) {
			at := int64(slices.Index(first.Rows(), row))
			if row < int64(len(inverse)) && inverse[row] != at || row >= int64(len(inverse)) && at >= 0 {
				t.Fatalf("the inverse of %v is %v; row %d is at %d", first, inverse, row, at)
			}
		}
		read, err := ParseRowMap(first.AppendBinary(nil))
		if err != nil || !slices.Equal(read, first) {
			t.Fatalf("%v is read as %v, %v", first, read, err)
		}
	}
}

func TestRowsThatAMapDoesNotHaveAreNew(t *testing.T) {
	m := RowMap{{2, 2}}
	if got := m.Then(RowMap{{0, 4}, {5, 1}}).Rows(); !slices.Equal(got, []int64{2, 3, -1, -1, -1}) {
		t.Errorf("rows come from %v", got)
	}
	same := SameRows(3)
	for _, test := range []struct {
		next RowMap
		want []int64
	}{
		{RowMap{{0, 4}, {1, 1}}, []int64{0, 1, 2, -1, 1}},
		{RowMap{{2, 1}, {0, 2}}, []int64{2, 0, 1}},
		{RowMap{{-1, 1}, {3, 1}}, []int64{-1, -1}},
	} {
		if got := same.Then(test.next).Rows(); !slices.Equal(got, test.want) {
			t.Errorf("%v after rows that stay: %v, want %v", test.next, got, test.want)
		}
	}
}

// A map that was stored is read only if a table can have it, however it is damaged.
func FuzzRowMap(f *testing.F) {
	f.Add(RowMap{{0, 5}, {-1, 2}, {3, 1}}.AppendBinary(nil))
	f.Add([]byte{0x01, 0xff, 0xff, 0xff, 0xff, 0x07, 0x01, 0x01, 0x01})
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ParseRowMap(b)
		if err != nil {
			return
		}
		for _, r := range m {
			if r.Rows <= 0 || r.From < -1 || r.From > 0 && r.From+r.Rows < 0 {
				t.Fatalf("a run of %d rows from %d", r.Rows, r.From)
			}
		}
		again, err := ParseRowMap(m.AppendBinary(nil))
		if err != nil || !slices.Equal(again, m) {
			t.Errorf("%v is read again as %v, %v", m, again, err)
		}
	})
}

func TestAFrameKnowsWhereItsRowsWere(t *testing.T) {
	for name, c := range map[string]struct {
		ops  []string
		want []int64
	}{
		"values":         {[]string{`{"op":"set_values","column":"n","rows":[1],"value":7}`}, nil},
		"delete":         {[]string{`{"op":"delete_rows","rows":[1,3]}`}, []int64{0, 2, 4}},
		"the last":       {[]string{`{"op":"delete_rows","rows":[4]}`}, []int64{0, 1, 2, 3}},
		"all":            {[]string{`{"op":"delete_rows","rows":[0,1,2,3,4]}`}, []int64{}},
		"insert":         {[]string{`{"op":"insert_rows","at":2,"rows":[{"n":1},{"n":2}]}`}, []int64{0, 1, -1, -1, 2, 3, 4}},
		"sort":           {[]string{`{"op":"sort","by":[{"column":"n","descending":true}]}`}, []int64{4, 3, 2, 1, 0}},
		"there and back": {[]string{`{"op":"sort","by":[{"column":"n","descending":true}]}`, `{"op":"sort","by":[{"column":"n"}]}`}, nil},
		"delete, insert, sort": {[]string{
			`{"op":"delete_rows","rows":[0]}`, `{"op":"insert_rows","at":0,"rows":[{"n":2.5}]}`,
			`{"op":"sort","by":[{"column":"n"}]}`,
		}, []int64{1, -1, 2, 3, 4}},
	} {
		f := stored(t, column{"n", "float64", []string{`[1,2,3]`, `[4,5]`}})
		f.TrackRows()
		f.apply(t, "["+strings.Join(c.ops, ",")+"]")
		m, known := f.RowMap()
		if !known || (m == nil) != (c.want == nil) || m != nil && !slices.Equal(m.Rows(), c.want) {
			t.Errorf("%s: the rows come from %v, %v; want %v", name, m, known, c.want)
		}
	}
}
