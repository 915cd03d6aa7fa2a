package frame

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
)

// test is a condition that is prepared for the columns of a table.
type test interface {
	// eval sets for each of some rows of the row group of at whether the condition holds. rows are
	// ascending, and eval keeps them as they are.
	eval(at *evaluation, rows []int32, holds []bool) error
}

// evaluation is the evaluation of a condition, one row group after another.
type evaluation struct {
	f     *Frame
	group int
	// arrays has the values of the row group, by the position of the column. Those that the condition does
	// not read are nil.
	arrays  []arrow.Array
	every   []int32
	results []bool
	columns map[int]*cells
	// undecided has for each level of combinations room for the rows that go on, and present room
	// for the rows of a comparison that are not missing.
	undecided [][]int32
	present   []int32
}

func newEvaluation(f *Frame) *evaluation {
	at := &evaluation{f: f, columns: map[int]*cells{}}
	at.every, at.results = make([]int32, codec.RowGroupRows), make([]bool, codec.RowGroupRows)
	for i := range at.every {
		at.every[i] = int32(i)
	}
	return at
}

// holds returns for each of the n rows of a row group whether a condition holds. The result is valid until
// the next call.
func (at *evaluation) holds(where test, arrays []arrow.Array, group, n int) ([]bool, error) {
	at.arrays, at.group = arrays, group
	err := where.eval(at, at.every[:n], at.results)
	return at.results[:n], err
}

// room returns an empty list for the rows that go on at a level.
func (at *evaluation) room(level int) []int32 {
	for len(at.undecided) <= level {
		at.undecided = append(at.undecided, make([]int32, 0, codec.RowGroupRows))
	}
	return at.undecided[level]
}

// negation is the not of a condition.
type negation struct{ test }

func (n negation) eval(at *evaluation, rows []int32, holds []bool) error {
	err := n.test.eval(at, rows, holds)
	for _, row := range rows {
		holds[row] = !holds[row]
	}
	return err
}

// combination is the or of conditions, or their and if one that does not hold decides.
type combination struct {
	parts   []test
	decides bool
	level   int
}

// eval evaluates each part for the rows that the parts before it have not decided.
func (c *combination) eval(at *evaluation, rows []int32, holds []bool) error {
	for _, part := range c.parts {
		if len(rows) == 0 {
			return nil
		}
		if err := at.f.Ended(); err != nil {
			return err
		}
		if err := part.eval(at, rows, holds); err != nil {
			return err
		}
		left := at.room(c.level)
		for _, row := range rows {
			if holds[row] != c.decides {
				left = append(left, row)
			}
		}
		rows = left
	}
	return nil
}

// prepareWhere prepares a checked condition. columns are those that it reads, ascending.
func (f *Frame) prepareWhere(c *Condition) (holds test, columns []int, err error) {
	if holds, err = f.prepare(c, 0); err != nil {
		return nil, nil, err
	}
	at := f.positions()
	for _, name := range c.columns(nil) {
		columns = append(columns, at[name])
	}
	slices.Sort(columns)
	return holds, slices.Compact(columns), nil
}

// prepare prepares a checked condition. level is the number of combinations around it.
func (f *Frame) prepare(c *Condition, level int) (test, error) {
	switch {
	case c.Not != nil:
		inner, err := f.prepare(c.Not, level)
		return negation{inner}, err
	case c.And != nil:
		return f.combine(c.And, false, level)
	case c.Or != nil:
		return f.combine(c.Or, true, level)
	}
	return f.compare(c, level)
}

// combine prepares the parts of a combination.
func (f *Frame) combine(parts []*Condition, decides bool, level int) (test, error) {
	c := &combination{decides: decides, level: level}
	// first has the comparison of each family into which the others are merged.
	first := map[family]*cellTest{}
	for _, part := range parts {
		t, err := f.prepare(part, level+1)
		if err != nil {
			return nil, err
		}
		if one, ok := t.(*cellTest); ok {
			if of, ok := one.family(decides); ok {
				if into := first[of]; into != nil {
					into.merge(one, decides)
					continue
				}
				first[of] = one
			}
		}
		c.parts = append(c.parts, t)
	}
	return c, nil
}
