package frame

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"sort"
)

// RowMap says for each row of a table which row of another one it was: the runs are the rows of the table in
// their order. Nil is the map of a table whose rows are where they were. A row map is never changed.
type RowMap []RowRun

// RowRun is a run of rows that were beside one another, beginning with From, or of new rows, if From is -1.
type RowRun struct{ From, Rows int32 }

// rowRunBytes is the memory that a run takes.
const rowRunBytes = 8

// Len is the number of rows of the table.
func (m RowMap) Len() (rows int64) {
	for _, r := range m {
		rows += int64(r.Rows)
	}
	return rows
}

// add appends a run. If it goes on where the last one ends, that is extended.
func (m RowMap) add(r RowRun) RowMap {
	if r.Rows == 0 {
		return m
	}
	if n := len(m); n > 0 {
		last := &m[n-1]
		if r.From < 0 && last.From < 0 || r.From >= 0 && last.From >= 0 && last.From+last.Rows == r.From {
			last.Rows += r.Rows
			return m
		}
	}
	return append(m, r)
}

// Then returns the map of the table that next makes of the table of m. Rows that m does not have are new.
func (m RowMap) Then(next RowMap) RowMap {
	switch {
	case m == nil:
		return next
	case next == nil:
		return m
	case len(m) == 1 && m[0].From == 0 && next.isWithin(m[0].Rows):
		return next
	}
	// starts has where the runs of m begin.
	starts, rows := make([]int32, len(m)), int32(0)
	for i, r := range m {
		starts[i] = rows
		rows += r.Rows
	}
	made, at := make(RowMap, 0, len(next)), 0
	for _, r := range next {
		for r.Rows > 0 {
			if r.From < 0 || r.From >= rows {
				made = made.add(RowRun{-1, r.Rows})
				break
			}
			if at >= len(m) || starts[at] > r.From || starts[at]+m[at].Rows <= r.From {
				at = sort.Search(len(m), func(i int) bool { return starts[i]+m[i].Rows > r.From })
			}
			skipped := r.From - starts[at]
			n := min(r.Rows, m[at].Rows-skipped)
			if m[at].From < 0 {
				made = made.add(RowRun{-1, n})
			} else {
				made = made.add(RowRun{m[at].From + skipped, n})
			}
			r.From, r.Rows = r.From+n, r.Rows-n
		}
	}
	return made
}

// isWithin reports whether all rows that m refers to are among the first n.
func (m RowMap) isWithin(n int32) bool {
	return !slices.ContainsFunc(m, func(r RowRun) bool { return r.From >= 0 && r.From+r.Rows > n })
}

// Inverse returns for the rows of the other table where they are in the table of m. Those behind the last one that
// the table of m has are left out.
func (m RowMap) Inverse() RowMap {
	if m == nil {
		return nil
	}
	type place struct{ from, rows, to int32 }
	places, to := make([]place, 0, len(m)), int32(0)
	for _, r := range m {
		if r.From >= 0 {
			places = append(places, place{r.From, r.Rows, to})
		}
		to += r.Rows
	}
	slices.SortFunc(places, func(a, b place) int { return int(a.from) - int(b.from) })
	inverse, next := make(RowMap, 0, len(places)), int32(0)
	for _, p := range places {
		inverse = inverse.add(RowRun{-1, p.from - next}).add(RowRun{p.to, p.rows})
		next = p.from + p.rows
	}
	return inverse
}

// Rows returns for each row which row it was, -1 for a new one.
func (m RowMap) Rows() []int64 {
	rows := make([]int64, 0, m.Len())
	for _, r := range m {
		for i := range int64(r.Rows) {
			if r.From < 0 {
				rows = append(rows, -1)
			} else {
				rows = append(rows, int64(r.From)+i)
			}
		}
	}
	return rows
}

// rowMapFormat is the version of the stored form of row maps, its first byte.
const rowMapFormat = 1

// AppendBinary appends the stored form of m: a format version, one byte, and the runs. A run is two varints: its rows, and how far it begins behind the end of
// the run before, as a signed number plus one, or 0 if its rows are new.
func (m RowMap) AppendBinary(b []byte) []byte {
	b = append(b, rowMapFormat)
	next := int64(0)
	for _, r := range m {
		b = binary.AppendUvarint(b, uint64(r.Rows))
		if r.From < 0 {
			b = append(b, 0)
			continue
		}
		gap := int64(r.From) - next
		b = binary.AppendUvarint(b, 1+(uint64(gap<<1)^uint64(gap>>63)))
		next = int64(r.From) + int64(r.Rows)
	}
	return b
}

var errRowMap = fmt.Errorf("it is not a row map of format %d", rowMapFormat)

// ParseRowMap reads the stored form of a row map.
func ParseRowMap(b []byte) (RowMap, error) {
	if len(b) == 0 || b[0] != rowMapFormat {
		return nil, errRowMap
	}
	b = b[1:]
	m, next, total := RowMap{}, int64(0), int64(0)
	for len(b) > 0 {
		rows, n := binary.Uvarint(b)
		if n <= 0 || rows == 0 || rows > math.MaxInt32 {
			return nil, errRowMap
		}
		b = b[n:]
		code, n := binary.Uvarint(b)
		if n <= 0 || code > 1<<33 {
			return nil, errRowMap
		}
		b = b[n:]
		total += int64(rows)
		run := RowRun{-1, int32(rows)}
		if code > 0 {
			zigzag := code - 1
			from := next + (int64(zigzag>>1) ^ -int64(zigzag&1))
			next = from + int64(rows)
			if from < 0 || next > math.MaxInt32 {
				return nil, errRowMap
			}
			run.From = int32(from)
		}
		if total > math.MaxInt32 {
			return nil, errRowMap
		}
		m = append(m, run)
	}
	return m, nil
}

// SameRows is the map of a table whose rows are where they were, as a run.
func SameRows(rows int64) RowMap {
	if rows == 0 {
		return RowMap{}
	}
	return RowMap{{0, int32(rows)}}
}

// AppendedRows is the map of a table to which rows have been appended. known is false for a table of more rows than
// are tracked.
func AppendedRows(before, after int64) (rows RowMap, known bool) {
	if after > maxTrackedRows {
		return nil, false
	}
	if before == after {
		return nil, true
	}
	return SameRows(before).add(RowRun{-1, int32(after - before)}), true
}
