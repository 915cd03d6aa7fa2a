package frame

import "slices"

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

// origins records for each row of a frame which row it was before the first operation, -1 for one that an
// operation has inserted.
type origins struct {
	rows []int64
	// values has the columns whose values operations have changed, by their Origin.
	values map[int]bool
}

func newOrigins(rows int64) *origins {
	o := &origins{rows: make([]int64, rows), values: map[int]bool{}}
	for i := range o.rows {
		o.rows[i] = int64(i)
	}
	return o
}

// remove updates o after the removal of rows, which are ascending.
func (o *origins) remove(rows []int64) {
	kept, next := o.rows[:0], 0
	for at, from := range o.rows {
		if next < len(rows) && rows[next] == int64(at) {
			next++
			continue
		}
		kept = append(kept, from)
	}
	o.rows = kept
}

// insert updates o after the insertion of n rows before the row at.
func (o *origins) insert(at, n int) {
	o.rows = slices.Insert(o.rows, at, slices.Repeat([]int64{-1}, n)...)
}

// permute updates o after a reordering: the row that is now at i was at order[i].
func (o *origins) permute(order []uint32) {
	before := slices.Clone(o.rows)
	for i, from := range order {
		o.rows[i] = before[from]
	}
}

// changes records that n cells of a column get another value.
func (f *Frame) changes(column, n int) {
	f.effect.Cells += int64(n)
	if f.origins != nil && n > 0 {
		f.origins.values[f.Columns[column].Origin] = true
	}
}
