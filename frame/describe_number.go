package frame

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec/scalar"
)

// kept are the values of a column that are to be sorted, as many as fit.
type kept[T cmp.Ordered] struct {
	values []T
	most   int
	full   bool
}

func newKept[T cmp.Ordered](count, budget int64) *kept[T] {
	most := int(min(count, budget/valueBytes))
	return &kept[T]{values: make([]T, 0, most), most: most}
}

func (k *kept[T]) add(v T) {
	if len(k.values) == k.most {
		k.full = true
		return
	}
	k.values = append(k.values, v)
}

// sort sorts the values and puts the number of distinct ones into a description.
func (k *kept[T]) sort(out *ColumnDescription) {
	slices.Sort(k.values)
	out.Unique, out.UniqueExact = int64(countRuns(k.values)), !k.full
}

// quartile returns the values around a quartile of n sorted values, and how many quarters of the
// way it is from the first to the second. This is how numpy's method "linear" finds it.
func (k *kept[T]) quartile(q int) (low, high T, quarters int) {
	at := (len(k.values) - 1) * q
	if at%4 == 0 {
		return k.values[at/4], k.values[at/4], 0
	}
	return k.values[at/4], k.values[at/4+1], at % 4
}

// interpolate is numpy's: from the nearer end, so that the result is the same number. Between
// equal values, infinite ones too, it is that value.
func interpolate(low, high, between float64, quarters int) float64 {
	switch t := float64(quarters) / 4; {
	case quarters == 0 || low == high:
		return low
	case quarters < 2:
		return low + between*t
	default:
		return high - between*(1-t)
	}
}

// extremes are where the least and the greatest value are, by the order of keys.
type extremes struct {
	least, greatest       []byte
	leastPlace, mostPlace cellPlace
}

func (e *extremes) add(key []byte, at cellPlace) {
	if e.least == nil || string(key) < string(e.least) {
		e.least, e.leastPlace = append(e.least[:0], key...), at
	}
	if e.greatest == nil || string(key) > string(e.greatest) {
		e.greatest, e.mostPlace = append(e.greatest[:0], key...), at
	}
}

// distribution returns a distribution with the least and the greatest value.
func (e *extremes) distribution(c *describedColumn) *Distribution {
	if e.least == nil {
		return new(Distribution)
	}
	return &Distribution{Min: c.spell(e.leastPlace), Max: c.spell(e.mostPlace)}
}

// sum adds up floats with the error of one, by Neumaier's variant of Kahan's algorithm.
type sum struct{ total, lost float64 }

func (s *sum) add(f float64) {
	total := s.total + f
	if math.Abs(s.total) >= math.Abs(f) {
		s.lost += (s.total - total) + f
	} else {
		s.lost += (f - total) + s.total
	}
	s.total = total
}

func (s *sum) value() float64 { return s.total + s.lost }

// describeNumbers describes a column of numbers.
func (c *describedColumn) describeNumbers(out *ColumnDescription, budget int64) {
	switch {
	case c.kind == describedInteger && valuesOf(c.field.Type).ID() == arrow.UINT64:
		describeNumbers(c, out, budget, nil, keyed, func(low, high uint64, quarters int) float64 {
			return interpolate(float64(low), float64(high), float64(high-low), quarters)
		})
	case c.kind == describedInteger:
		describeNumbers(c, out, budget, nil, keyed, func(low, high uint64, quarters int) float64 {
			return interpolate(float64(integerOf(low)), float64(integerOf(high)), float64(high-low), quarters)
		})
	default:
		var distinct *tallies
		if c.kind == describedDecimal {
			// Different decimals may be one float.
			budget /= 2
			distinct = newTallies(budget)
		}
		describeNumbers(c, out, budget, distinct, floating, func(low, high float64, quarters int) float64 {
			return interpolate(low, high, high-low, quarters)
		})
	}
}

// What is kept of numbers: of integers the keys, which have 8 bytes and lose nothing, of others
// the floats.
func keyed(_ float64, key []byte) uint64   { return binary.BigEndian.Uint64(key) }
func floating(f float64, _ []byte) float64 { return f + 0 } // -0 is 0
func integerOf(key uint64) int64           { return int64(key ^ 1<<63) }

// describeNumbers describes a column of numbers of which keep is kept. The values are told apart
// by what is kept, or by distinct if it is there.
func describeNumbers[T cmp.Ordered](c *describedColumn, out *ColumnDescription, budget int64, distinct *tallies, keep func(float64, []byte) T, between func(low, high T, quarters int) float64) {
	values := newKept[T](out.Count, budget)
	var ends extremes
	var total sum
	var key []byte
	numbers := c.numbers()
	c.each(func(at cellPlace, chunk *describedChunk) {
		f := numbers[at.chunk](int(at.row))
		key = chunk.key(key[:0], int(at.row))
		total.add(f)
		ends.add(key, at)
		values.add(keep(f, key))
		if distinct != nil {
			distinct.add(key, at)
		}
	})
	out.Distribution, out.Deviation = ends.distribution(c), new(Deviation)
	values.sort(out)
	if distinct != nil {
		distinct.into(out)
	}
	if out.Count == 0 {
		return
	}
	mean := total.value() / float64(out.Count)
	out.Mean = scalar.AppendJSONFloat(nil, mean)
	lower, upper := math.NaN(), math.NaN()
	if !values.full {
		q1, q3 := between(values.quartile(1)), between(values.quartile(3))
		out.Q1, out.Q3 = scalar.AppendJSONFloat(nil, q1), scalar.AppendJSONFloat(nil, q3)
		out.Median = scalar.AppendJSONFloat(nil, between(values.quartile(2)))
		lower, upper = q1-1.5*(q3-q1), q3+1.5*(q3-q1)
	}
	c.deviate(out, numbers, mean, lower, upper)
}

// deviate fills in what is counted from the mean and from the bounds of outliers, which are NaN
// where there are none.
func (c *describedColumn) deviate(out *ColumnDescription, numbers []func(int) float64, mean, lower, upper float64) {
	outliers := int64(0)
	var squares sum
	c.each(func(at cellPlace, _ *describedChunk) {
		f := numbers[at.chunk](int(at.row))
		squares.add((f - mean) * (f - mean))
		if f < lower || f > upper {
			outliers++
		}
	})
	out.Std = scalar.AppendJSONFloat(nil, math.Sqrt(squares.value()/float64(out.Count-1)))
	if width := upper - lower; !math.IsNaN(width) && !math.IsInf(width, 0) {
		out.Outliers = &Outliers{outliers, scalar.AppendJSONFloat(nil, lower), scalar.AppendJSONFloat(nil, upper)}
	}
}

// numbers returns the values of each chunk as floats.
func (c *describedColumn) numbers() []func(row int) float64 {
	numbers := make([]func(int) float64, len(c.chunks))
	for g := range c.chunks {
		numbers[g] = scalar.Numbers(c.chunks[g].data)
	}
	return numbers
}
