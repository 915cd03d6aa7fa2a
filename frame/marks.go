package frame

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// MaxMarks is the largest number of marks that one table may have.
const MaxMarks = 10_000_000

// Check returns m with the rows of each column ascending and unique, and without columns that have no
// marks. It rejects marks of columns or rows that f does not have, and more than [MaxMarks] marks.
func (m Marks) Check(f *Frame) (Marks, error) {
	checked := make(Marks, len(m))
	total, n := 0, f.NumRows()
	known := f.positions()
	for name, rows := range m {
		if _, ok := known[name]; !ok {
			return nil, f.noColumn(name, memberPointer("", name))
		}
		rows = sorted(rows)
		rows = slices.Compact(rows)
		if len(rows) == 0 {
			continue
		}
		if rows[0] < 0 || rows[len(rows)-1] >= n {
			bad := rows[0]
			if bad >= 0 {
				bad = rows[len(rows)-1]
			}
			return nil, codec.Errorf(ErrInvalidOperation, "row %d of column %q is not in the table; its rows are 0 to %d", bad, name, n-1)
		}
		if total += len(rows); total > MaxMarks {
			return nil, codec.Errorf(codec.ErrTooLarge, "more than %d cells are marked as intentionally missing", MaxMarks)
		}
		checked[name] = rows
	}
	return checked, nil
}

// removeRows updates m after the deletion of rows, which are ascending: their marks are removed, and
// the marks of later rows move up.
func (m Marks) removeRows(deleted []int64) {
	for name, rows := range m {
		kept := rows[:0:0]
		i := 0
		for _, r := range rows {
			for i < len(deleted) && deleted[i] < r {
				i++
			}
			if i < len(deleted) && deleted[i] == r {
				continue
			}
			kept = append(kept, r-int64(i))
		}
		if len(kept) == 0 {
			delete(m, name)
		} else {
			m[name] = kept
		}
	}
}

// insertRows updates m after the insertion of n rows before the row at: the marks of later rows move down.
func (m Marks) insertRows(at, n int64) {
	for name, rows := range m {
		first, _ := slices.BinarySearch(rows, at)
		moved := slices.Clone(rows)
		for i := first; i < len(moved); i++ {
			moved[i] += n
		}
		m[name] = moved
	}
}

// unmark removes the marks of the cells in rows, which are ascending, that have a value in values.
func (f *Frame) unmark(name string, rows []int64, values arrow.Array) {
	marked := f.Marks[name]
	if marked == nil || scalar.CountMissing(values) == values.Len() {
		return
	}
	kept := slices.DeleteFunc(slices.Clone(marked), func(r int64) bool {
		i, found := slices.BinarySearch(rows, r)
		return found && values.IsValid(i)
	})
	if len(kept) == 0 {
		delete(f.Marks, name)
	} else {
		f.Marks[name] = kept
	}
}
