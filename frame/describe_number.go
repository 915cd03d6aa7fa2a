package frame

import (
	"cmp"
	"context"
	"encoding/binary"
	"math"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec/scalar"
)

// kept are the values of a column, up to a number that fits the memory, for sorting.
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

// sort sorts the values and writes the number of distinct ones into a description.
func (k *kept[T]) sort(ctx context.Context, out *ColumnDescription) error {
	if err := sortSteps(ctx, k.values, cmp.Compare, slices.Sort); err != nil {
		return err
	}
	out.Unique, out.UniqueExact = int64(countRuns(k.values)), !k.full
	return nil
}

// quantile returns the values around the quantile p, from 0 to 1, and how much of the way from low to high
// it is, as numpy's method "linear".
func (k *kept[T]) quantile(p float64) (low, high T, t float64) {
	last := len(k.values) - 1
	index := float64(last) * p
	at := min(int(index), last)
	return k.values[at], k.values[min(at+1, last)], index - float64(at)
}

// interpolate interpolates from the nearer end, as numpy does, so that the result is the same float.
// Between equal values, also infinite ones, the result is that value.
func interpolate(low, high, between, t float64) float64 {
	switch {
	case t == 0 || low == high:
		return low
	case t < 0.5:
		return low + between*t
	default:
		return high - between*(1-t)
	}
}

// extremes are the least and the greatest value in the order of keys, and their places.
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

// sum adds floats by Neumaier's variant of Kahan's algorithm; the error is that of one addition.
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
func (c *describedColumn) describeNumbers(out *ColumnDescription, budget int64, percentiles []float64) error {
	switch {
	case c.kind == describedInteger && valuesOf(c.field.Type).ID() == arrow.UINT64:
		return describeNumbers(c, out, budget, percentiles, nil, keyed, func(low, high uint64, t float64) float64 {
			return interpolate(float64(low), float64(high), float64(high-low), t)
		})
	case c.kind == describedInteger:
		return describeNumbers(c, out, budget, percentiles, nil, keyed, func(low, high uint64, t float64) float64 {
			return interpolate(float64(integerOf(low)), float64(integerOf(high)), float64(high-low), t)
		})
	default:
		var distinct *tallies
		if c.kind == describedDecimal {
			// Different decimals can be the same float.
			budget /= 2
			distinct = newTallies(budget)
		}
		return describeNumbers(c, out, budget, percentiles, distinct, floating, func(low, high float64, t float64) float64 {
			return interpolate(low, high, high-low, t)
		})
	}
}

// The values that are kept of numbers: for integers their keys, which have 8 bytes and are exact,
// for others floats.
func keyed(_ float64, key []byte) uint64   { return binary.BigEndian.Uint64(key) }
func floating(f float64, _ []byte) float64 { return f + 0 } // -0 is 0
func integerOf(key uint64) int64           { return int64(key ^ 1<<63) }

// describeNumbers describes a column of numbers. keep returns the value to keep of a number. The
// kept values are counted as distinct, unless distinct is given, which counts keys.
func describeNumbers[T cmp.Ordered](c *describedColumn, out *ColumnDescription, budget int64, percentiles []float64, distinct *tallies, keep func(float64, []byte) T, between func(low, high T, t float64) float64) error {
	values := newKept[T](out.Count, budget)
	var ends extremes
	var total sum
	var key []byte
	numbers := c.numbers()
	err := c.each(func(at cellPlace, chunk *describedChunk) {
		f := numbers[at.chunk](int(at.row))
		key = chunk.key(key[:0], int(at.row))
		total.add(f)
		ends.add(key, at)
		values.add(keep(f, key))
		if distinct != nil {
			distinct.add(key, at)
		}
	})
	if err == nil {
		err = values.sort(c.ctx, out)
	}
	if err != nil {
		return err
	}
	out.Distribution, out.Deviation = ends.distribution(c), new(Deviation)
	if distinct != nil {
		distinct.into(out)
	}
	if out.Count == 0 {
		return nil
	}
	mean := total.value() / float64(out.Count)
	out.Mean = scalar.AppendJSONFloat(nil, mean)
	lower, upper := math.NaN(), math.NaN()
	if !values.full {
		q1, q3 := between(values.quantile(0.25)), between(values.quantile(0.75))
		out.Q1, out.Q3 = scalar.AppendJSONFloat(nil, q1), scalar.AppendJSONFloat(nil, q3)
		out.Median = scalar.AppendJSONFloat(nil, between(values.quantile(0.5)))
		lower, upper = q1-1.5*(q3-q1), q3+1.5*(q3-q1)
		for _, p := range percentiles {
			out.Percentiles = append(out.Percentiles, Percentile{p, scalar.AppendJSONFloat(nil, between(values.quantile(p)))})
		}
	}
	return c.deviate(out, numbers, mean, lower, upper)
}

// deviate sets the statistics that need the mean and the bounds of outliers. Bounds are NaN if they
// are unknown.
func (c *describedColumn) deviate(out *ColumnDescription, numbers []func(int) float64, mean, lower, upper float64) error {
	outliers := int64(0)
	var squares, cubes, fourths sum
	err := c.each(func(at cellPlace, _ *describedChunk) {
		f := numbers[at.chunk](int(at.row))
		apart := f - mean
		square := apart * apart
		squares.add(square)
		cubes.add(square * apart)
		fourths.add(square * square)
		if f < lower || f > upper {
			outliers++
		}
	})
	out.Std = scalar.AppendJSONFloat(nil, math.Sqrt(squares.value()/float64(out.Count-1)))
	m := moments{float64(out.Count), mean, squares.value(), cubes.value(), fourths.value()}
	out.Skewness, out.Kurtosis = scalar.AppendJSONFloat(nil, m.skewness()), scalar.AppendJSONFloat(nil, m.kurtosis())
	if width := upper - lower; !math.IsNaN(width) && !math.IsInf(width, 0) {
		out.Outliers = &Outliers{outliers, scalar.AppendJSONFloat(nil, lower), scalar.AppendJSONFloat(nil, upper)}
	}
	return err
}

// numbers returns the values of each chunk as floats.
func (c *describedColumn) numbers() []func(row int) float64 {
	numbers := make([]func(int) float64, len(c.chunks))
	for g := range c.chunks {
		numbers[g] = scalar.Numbers(c.chunks[g].data)
	}
	return numbers
}
