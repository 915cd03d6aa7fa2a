package frame

import (
	"math/bits"
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
type filter struct{ Where *Condition }

// Condition is a comparison of the cells of a column, or a combination of conditions.
//
// As in pandas, a comparison with a missing cell is false, except for ne, is_null, and in with null
// in its list. not negates the result, also of missing cells.
type Condition struct {
	And []*Condition
	Or  []*Condition
	Not *Condition

	// at is the pointer to the condition in its operation.
	at string

	Column     *string
	Cmp        string
	Value      value
	IgnoreCase bool

	// pattern is Value if Cmp is matches, once c has been checked.
	pattern *pattern
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
func (c *Condition) columns(names []string) []string {
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
func (c *Condition) parts() []*Condition {
	parts := append(append([]*Condition(nil), c.And...), c.Or...)
	if c.Not != nil {
		parts = append(parts, c.Not)
	}
	return parts
}

func (op *filter) apply(f *Frame) error {
	if err := op.Where.check(); err != nil {
		return err
	}
	gone, err := f.failing(op.Where)
	if err != nil {
		return err
	}
	return f.removeRows(gone)
}

// failing returns the rows for which a checked condition does not hold, ascending.
func (f *Frame) failing(where *Condition) (gone []int64, err error) {
	holds, columns, err := f.prepareWhere(where)
	if err == nil {
		err = f.LoadColumns(columns)
	}
	if err != nil {
		return nil, err
	}
	// The bits of the rows are less than what was reserved for the edit.
	within := *f
	within.Reserve = f.Within
	matches, err := within.evaluate(holds, columns)
	if err != nil {
		return nil, err
	}
	n := int(f.NumRows())
	for _, words := range matches {
		for _, word := range words {
			n -= bits.OnesCount64(word)
		}
	}
	if err := f.within(wordBytes * int64(n)); err != nil {
		return nil, err
	}
	gone = make([]int64, 0, n)
	for _, r := range f.groupRanges() {
		words := matches[r.group]
		for i := range r.to - r.from {
			if words[i/64]>>(i%64)&1 == 0 {
				gone = append(gone, int64(r.from+i))
			}
		}
	}
	return gone, nil
}
