package frame

import (
	"math/bits"
	"slices"
)

// Alignment says which row of one table is which row of another one, its successor. A row of one table is at most
// one row of the other.
type Alignment struct {
	// rows has for each row of the successor its row before, -1 for none. Nil means that each row that both tables
	// have is where it was.
	rows          []int64
	before, after int64
	// gone has a bit for each row before that the successor lacks, if rows is not nil.
	gone bitmap

	// Added, Removed and Moved are numbers of rows. Moved ones are at another place among those that stay.
	Added, Removed, Moved int64
}

// NewAlignment returns the alignment of two tables with so many rows. rows has for each row after its row before,
// -1 for none; nil means that rows are where they were. The alignment takes a bit for each row besides.
func NewAlignment(rows []int64, before, after int64) *Alignment {
	a := &Alignment{rows: rows, before: before, after: after}
	if rows == nil {
		a.Added, a.Removed = max(after-before, 0), max(before-after, 0)
		return a
	}
	a.gone = newBitmap(int(before))
	a.gone.fill(int(before))
	kept := int64(0)
	for _, from := range rows {
		if from >= 0 {
			a.gone.unset(int(from))
			kept++
		}
	}
	a.Added, a.Removed = after-kept, before-kept
	a.countMoved()
	return a
}

// countMoved counts the rows that are not where they would be if the rows that stay had kept their order.
func (a *Alignment) countMoved() {
	next := 0
	for _, from := range a.rows {
		if from < 0 {
			continue
		}
		for a.gone.has(next) {
			next++
		}
		if int64(next) != from {
			a.Moved++
		}
		next++
	}
}

// from returns the row before of a row, -1 for none.
func (a *Alignment) from(row int64) int64 {
	switch {
	case a.rows != nil:
		return a.rows[row]
	case row < a.before:
		return row
	}
	return -1
}

// addedRows returns n of the added rows, ascending, from the one at offset on.
func (a *Alignment) addedRows(offset, n int64) []int64 {
	if a.rows == nil {
		return numbersFrom(a.before+offset, n)
	}
	var out []int64
	for row, from := range a.rows {
		if int64(len(out)) == n {
			break
		}
		if from >= 0 {
			continue
		}
		if offset--; offset < 0 {
			out = append(out, int64(row))
		}
	}
	return out
}

// removedRows returns n of the removed rows, ascending, from the one at offset on.
func (a *Alignment) removedRows(offset, n int64) []int64 {
	if a.rows == nil {
		return numbersFrom(a.after+offset, n)
	}
	var out []int64
	for row := range a.gone.ones() {
		if int64(len(out)) == n {
			break
		}
		if offset--; offset < 0 {
			out = append(out, int64(row))
		}
	}
	return out
}

// numbersFrom returns n numbers from the first on.
func numbersFrom(first, n int64) []int64 {
	out := make([]int64, n)
	for i := range out {
		out[i] = first + int64(i)
	}
	return out
}

// alignedRun is rows of a row group that follow one another in both tables: n from from on in a row group before,
// and from to on after.
type alignedRun struct{ group, from, to, n int }

// runs returns the rows of a row group after that were there before, in order. before are the row groups before.
func (a *Alignment) runs(r groupRange, before []groupRange) (runs []alignedRun) {
	home, group := groupOf(before), -1
	for row := r.from; row < r.to; {
		from := a.from(int64(row))
		if from < 0 {
			row++
			continue
		}
		if group < 0 || int(from) < before[group].from || int(from) >= before[group].to {
			group = home(int(from))
		}
		of := before[group]
		most := min(r.to-row, of.to-int(from))
		n := most
		if a.rows != nil {
			for n = 1; n < most && a.rows[row+n] == from+int64(n); n++ {
			}
		}
		runs = append(runs, alignedRun{group, int(from) - of.from, row - r.from, n})
		row += n
	}
	return runs
}

// alignedGroup is what a row group after consists of.
type alignedGroup struct {
	groupRange
	// whole is the row group before that has the same rows in the same order, -1 for none.
	whole int
	// needs are the row groups before that have any of its rows, ascending.
	needs []int
}

// group returns what a row group after consists of. before are the row groups before.
func (a *Alignment) group(r groupRange, before []groupRange) alignedGroup {
	out := alignedGroup{groupRange: r, whole: -1}
	runs := a.runs(r, before)
	if len(runs) == 1 && runs[0].n == r.to-r.from {
		if of := before[runs[0].group]; of.to-of.from == runs[0].n {
			out.whole = runs[0].group
		}
	}
	for _, run := range runs {
		if n := len(out.needs); n == 0 || out.needs[n-1] != run.group {
			out.needs = append(out.needs, run.group)
		}
	}
	slices.Sort(out.needs)
	out.needs = slices.Compact(out.needs)
	return out
}

// bitmap is a set of small numbers.
type bitmap []uint64

func newBitmap(n int) bitmap { return make(bitmap, (n+63)/64) }

func (b bitmap) set(i int)      { b[i/64] |= 1 << (i % 64) }
func (b bitmap) unset(i int)    { b[i/64] &^= 1 << (i % 64) }
func (b bitmap) has(i int) bool { return b[i/64]>>(i%64)&1 == 1 }

// fill sets the first n bits.
func (b bitmap) fill(n int) {
	for i := range n / 64 {
		b[i] = ^uint64(0)
	}
	if n%64 > 0 {
		b[n/64] = 1<<(n%64) - 1
	}
}

// count is the number of bits that are set.
func (b bitmap) count() (n int) {
	for _, word := range b {
		n += bits.OnesCount64(word)
	}
	return n
}

// ones yields the bits that are set.
func (b bitmap) ones() func(yield func(i int) bool) {
	return func(yield func(i int) bool) {
		for at, word := range b {
			for ; word != 0; word &= word - 1 {
				if !yield(64*at + bits.TrailingZeros64(word)) {
					return
				}
			}
		}
	}
}
