package frame

import (
	"slices"

	"edgeframe/codec"
)

// The limits of the conditions of an edit. Its filters share them, because each condition is evaluated
// for every row.
const (
	maxConditions     = 1000
	maxConditionDepth = 63
)

var errTooManyConditions = codec.Errorf(ErrInvalidOperation, "the condition is too large; it may have %d parts, nested %d deep", maxConditions, maxConditionDepth)

// filter keeps the rows for which a condition holds.
type filter struct{ Where *condition }

// condition is a comparison of the cells of a column, or a combination of conditions.
//
// As in pandas, a comparison with a missing cell is false, except for ne, is_null, and in with null
// in its list. not negates the result, also of missing cells.
type condition struct {
	And []*condition
	Or  []*condition
	Not *condition

	// at is the pointer to the condition in its operation.
	at string

	Column *string
	Cmp    string
	Value  value
}

func (op *filter) needs(f *Frame) []place {
	if op.Where.check() != nil {
		return nil
	}
	var names []string
	for _, name := range op.Where.columns(nil) {
		if f.find(name) >= 0 && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if names == nil {
		return nil
	}
	return f.wholeColumns(names)
}

// columns appends the names of the columns that a condition reads.
func (c *condition) columns(names []string) []string {
	if c == nil {
		return names
	}
	if c.Column != nil {
		names = append(names, *c.Column)
	}
	for _, part := range c.parts() {
		names = part.columns(names)
	}
	return names
}

// parts are the conditions that c combines.
func (c *condition) parts() []*condition {
	parts := append(append([]*condition(nil), c.And...), c.Or...)
	if c.Not != nil {
		parts = append(parts, c.Not)
	}
	return parts
}

func (op *filter) apply(f *Frame) error {
	if err := op.Where.check(); err != nil {
		return err
	}
	holds, err := f.prepare(op.Where, 0)
	if err != nil {
		return err
	}
	gone, err := f.failing(holds)
	if err != nil {
		return err
	}
	return f.removeRows(gone)
}

// failing returns the rows for which a condition does not hold, ascending.
func (f *Frame) failing(holds test) (gone []int64, err error) {
	at := evaluation{f: f, columns: map[int]*cells{}}
	every := make([]int32, codec.RowGroupRows)
	for i := range every {
		every[i] = int32(i)
	}
	results := make([]bool, codec.RowGroupRows)
	for _, r := range f.groupRanges() {
		at.group = r.group
		n := r.to - r.from
		if err := holds.eval(&at, every[:n], results); err != nil {
			return nil, err
		}
		for i, keep := range results[:n] {
			if !keep {
				gone = append(gone, int64(r.from+i))
			}
		}
	}
	return gone, nil
}

// check returns an error unless c is a valid condition.
func (c *condition) check() error {
	if c == nil {
		return codec.Errorf(ErrInvalidOperation, "a condition is missing; it is {\"column\", \"cmp\", \"value\"}, {\"and\": […]}, {\"or\": […]} or {\"not\": …}")
	}
	forms := 0
	for _, has := range []bool{c.And != nil, c.Or != nil, c.Not != nil, c.Column != nil || c.Cmp != "" || c.Value.raw != nil} {
		if has {
			forms++
		}
	}
	if forms != 1 {
		return codec.Errorf(ErrInvalidOperation, "a condition has to be one of {\"column\", \"cmp\", \"value\"}, {\"and\": […]}, {\"or\": […]} and {\"not\": …}")
	}
	if c.And != nil && len(c.And) == 0 || c.Or != nil && len(c.Or) == 0 {
		return codec.Errorf(ErrInvalidOperation, "the list of and or or is empty; give at least one condition")
	}
	for _, part := range c.parts() {
		if err := part.check(); err != nil {
			return err
		}
	}
	return nil
}
