package frame

import "edgeframe/codec"

// Group returns one row for each group of the rows of s.
func (f *Frame) Group(s *Selection, q *Query) (*codec.Table, error) {
	return nil, codec.Errorf(ErrInvalidQuery, "group is not there yet")
}

// Histogram returns how many values of s are in each of some intervals of equal width.
func (f *Frame) Histogram(s *Selection, q *Query) (*Histogram, error) {
	return nil, codec.Errorf(ErrInvalidQuery, "histogram is not there yet")
}

// Distinct returns the values of a column in s and how often they occur.
func (f *Frame) Distinct(s *Selection, q *Query) (*Distinct, error) {
	return nil, codec.Errorf(ErrInvalidQuery, "distinct is not there yet")
}

// Take returns rows of some columns, in the order of rows, in row groups of at most codec.RowGroupRows.
func (f *Frame) Take(columns []int, rows []int64) (*codec.Table, error) {
	return nil, codec.Errorf(ErrInvalidQuery, "take is not there yet")
}

// Histogram is how the values of a column are distributed.
type Histogram struct{}

// JSON returns h as a JSON object.
func (h *Histogram) JSON() []byte { return nil }

// Distinct is the values of a column, the most frequent first.
type Distinct struct{}

// JSON returns d as a JSON object.
func (d *Distinct) JSON() []byte { return nil }
