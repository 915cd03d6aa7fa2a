package frame

import (
	"math"
	"slices"
)

// Effect is what one operation has done.
type Effect struct {
	// Op is the name of the operation.
	Op string
	// Rows is the number of rows that were removed or inserted or, by sort, moved to another place.
	Rows int64
	// Cells is the number of cells that were given a value or became missing, even if this changed
	// nothing.
	Cells int64
	// Coerced is the number of these cells that became missing because their value did not fit.
	Coerced int64
}

// origins records for each row of a frame which row it was before the first operation.
type origins struct {
	rows RowMap
	// before is the number of rows before it.
	before int32
	// values, unless nil, has the columns whose values operations have changed, by their Origin.
	values map[int]bool
}

// maxTrackedRows is how many rows a table may have so that what operations do to its rows is recorded. There is
// room for those that they insert.
const maxTrackedRows = math.MaxInt32 / 2

// TrackRows makes f record what operations do to its rows, for [Frame.RowMap].
func (f *Frame) TrackRows() {
	if rows := f.NumRows(); rows <= maxTrackedRows {
		f.origins = &origins{rows: SameRows(rows), before: int32(rows)}
	}
}

// RowMap says which row of the table before the operations each row was, nil if all are where they were. known is
// false for a table of more rows than are tracked.
func (f *Frame) RowMap() (rows RowMap, known bool) {
	if f.origins == nil {
		return nil, false
	}
	if rows := f.origins.rows; !slices.Equal(rows, SameRows(int64(f.origins.before))) {
		return rows, true
	}
	return nil, true
}

// move records that the rows are now those that m takes from the rows before.
func (f *Frame) move(m func() RowMap) error {
	if f.origins == nil {
		return nil
	}
	f.origins.rows = f.origins.rows.Then(m())
	return f.within(rowRunBytes * int64(len(f.origins.rows)))
}

// without returns the map of n rows of which some, ascending ones, are removed.
func without(n int64, removed []int64) RowMap {
	m, next := RowMap{}, int64(0)
	for _, row := range removed {
		m = m.add(RowRun{int32(next), int32(row - next)})
		next = row + 1
	}
	return m.add(RowRun{int32(next), int32(n - next)})
}

// inserted returns the map of n rows before one of which others are inserted.
func inserted(n, at, rows int64) RowMap {
	return RowMap{}.add(RowRun{0, int32(at)}).add(RowRun{-1, int32(rows)}).add(RowRun{int32(at), int32(n - at)})
}

// permuted returns the map of rows of which the one that is now at i was at order[i].
func permuted(order []uint32) RowMap {
	runs := 0
	for i, from := range order {
		if i == 0 || from != order[i-1]+1 {
			runs++
		}
	}
	m := make(RowMap, 0, runs)
	for _, from := range order {
		m = m.add(RowRun{int32(from), 1})
	}
	return m
}

// changes records that n cells of a column get another value.
func (f *Frame) changes(column, n int) {
	f.effect.Cells += int64(n)
	if f.origins != nil && f.origins.values != nil && n > 0 {
		f.origins.values[f.Columns[column].Origin] = true
	}
}
