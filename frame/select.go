package frame

import (
	"math"
	"math/bits"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// Selection is the positions of the rows of a table that a query selects, in their order. It is immutable.
type Selection struct {
	// rows is nil for the first n rows in their order.
	rows []uint32
	n    int64
	// moved says that rows may not be ascending.
	moved bool
}

// Len returns the number of rows.
func (s *Selection) Len() int64 { return s.n }

// Sorted reports whether the rows have an order of their own, not that of the table.
func (s *Selection) Sorted() bool { return s.moved }

// Bytes is about the memory that s takes.
func (s *Selection) Bytes() int64 { return selectedBytes*int64(cap(s.rows)) + 64 }

// selectedBytes is the memory for a selected row.
const selectedBytes = 4

// Rows returns at most limit positions from the one at offset on.
func (s *Selection) Rows(offset, limit int64) []int64 {
	from := min(max(offset, 0), s.n)
	rows := make([]int64, min(max(limit, 0), s.n-from))
	for i := range rows {
		rows[i] = s.row(int(from) + i)
	}
	return rows
}

func (s *Selection) row(i int) int64 {
	if s.rows == nil {
		return int64(i)
	}
	return int64(s.rows[i])
}

// Select returns the rows for which the condition of q holds, in the order of q. Its offset and limit do not
// matter. If q asks for groups, a histogram or distinct values, the rows are in their order in the table.
//
// Only the columns that the condition and the order name are loaded, in batches.
func (f *Frame) Select(q *Query) (*Selection, error) {
	s, err := f.selectRows(q)
	return s, inQuery(err)
}

func (f *Frame) selectRows(q *Query) (*Selection, error) {
	if f.NumRows() > math.MaxUint32 {
		return nil, codec.Errorf(codec.ErrTooLarge, "the table has %d rows; queries are for tables of at most %d", f.NumRows(), uint32(math.MaxUint32))
	}
	var by []int
	if !q.grouped() {
		var err error
		if by, err = f.sortColumns(q.Sort); err != nil {
			return nil, err
		}
	}
	s := &Selection{n: f.NumRows()}
	if q.Where != nil {
		matches, err := f.matching(q.Where)
		if err != nil {
			return nil, err
		}
		if s, err = f.matched(matches); err != nil {
			return nil, err
		}
	}
	if len(by) == 0 || s.n == 0 {
		return s, nil
	}
	return f.sorted(s, by, q.Sort)
}

// sortColumns returns the columns of an order.
func (f *Frame) sortColumns(keys []SortKey) ([]int, error) {
	columns := make([]int, len(keys))
	seen := map[int]bool{}
	for i, key := range keys {
		c, err := f.index(key.Column, key.at)
		if err != nil {
			return nil, err
		}
		field := f.Columns[c].Field
		switch {
		case seen[c]:
			return nil, invalid(key.at, "another column", "column %q is in sort twice", codec.Shorten(key.Column))
		case !scalar.Ordered(field.Type):
			return nil, invalid(key.at, "a column whose values have an order", "column %.100q cannot be sorted by: %s values have no order", field.Name, scalar.DType(field.Type))
		}
		seen[c], columns[i] = true, c
	}
	return columns, nil
}

// matching returns for each row group a bit for each row, set if the condition holds for it.
func (f *Frame) matching(where *Condition) ([][]uint64, error) {
	if err := where.check(); err != nil {
		return nil, err
	}
	holds, columns, err := f.prepareWhere(where)
	if err != nil {
		return nil, err
	}
	return f.evaluate(holds, columns)
}

// evaluate returns for each row group a bit for each row, set if a prepared condition, which reads columns, holds for
// it.
func (f *Frame) evaluate(holds test, columns []int) ([][]uint64, error) {
	if err := f.reserve(f.NumRows() / 8); err != nil {
		return nil, err
	}
	evaluations := newPool(func() *evaluation { return newEvaluation(f) })
	matches := make([][]uint64, len(f.Rows))
	err := f.scan(columns, f.groupRanges(), func(r groupRange, arrays []arrow.Array) error {
		at := evaluations.get()
		defer evaluations.put(at)
		all := make([]arrow.Array, len(f.Columns))
		for i, c := range columns {
			all[c] = arrays[i]
		}
		results, err := at.holds(holds, all, r.group, r.to-r.from)
		matches[r.group] = bitsOf(results)
		return err
	}, nil)
	return matches, err
}

func bitsOf(results []bool) []uint64 {
	words := make([]uint64, (len(results)+63)/64)
	for i, holds := range results {
		if holds {
			words[i/64] |= 1 << (i % 64)
		}
	}
	return words
}

// matched returns the rows whose bits are set.
func (f *Frame) matched(matches [][]uint64) (*Selection, error) {
	n := 0
	for _, words := range matches {
		for _, word := range words {
			n += bits.OnesCount64(word)
		}
	}
	if int64(n) == f.NumRows() {
		return &Selection{n: int64(n)}, nil
	}
	if err := f.reserve(selectedBytes * int64(n)); err != nil {
		return nil, err
	}
	rows := make([]uint32, 0, n)
	for _, r := range f.groupRanges() {
		for i, word := range matches[r.group] {
			for ; word != 0; word &= word - 1 {
				rows = append(rows, uint32(r.from+64*i+bits.TrailingZeros64(word)))
			}
		}
	}
	return &Selection{rows: rows, n: int64(n)}, nil
}
