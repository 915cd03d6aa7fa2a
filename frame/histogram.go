package frame

import "edgeframe/codec"

// Histogram returns how many values of s are in each of some intervals of equal width.
func (f *Frame) Histogram(s *Selection, q *Query) (*Histogram, error) {
	return nil, codec.Errorf(ErrInvalidQuery, "histogram is not there yet")
}

// Distinct returns the values of a column in s and how often they occur.
func (f *Frame) Distinct(s *Selection, q *Query) (*Distinct, error) {
	return nil, codec.Errorf(ErrInvalidQuery, "distinct is not there yet")
}

// Histogram is how the values of a column are distributed.
type Histogram struct{}

// JSON returns h as a JSON object.
func (h *Histogram) JSON() []byte { return nil }

// Distinct is the values of a column, the most frequent first.
type Distinct struct{}

// JSON returns d as a JSON object.
func (d *Distinct) JSON() []byte { return nil }
