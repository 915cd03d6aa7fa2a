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

// quartile returns the values around quartile q, and how many quarters of the way from low to high
// it is, as numpy's method "linear".
func (k *kept[T]) quartile(q int) (low, high T, quarters int) {
	at := (len(k.values) - 1) * q
	if at%4 == 0 {
		return k.values[at/4], k.values[at/4], 0
	}
	return k.values[at/4], k.values[at/4+1], at % 4
}

// interpolate interpolates from the nearer end, as numpy does, so that the result is the same float.
// Between equal values, also infinite ones, the result is that value.
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
func (c *describedColumn) describeNumbers(out *ColumnDescription, budget int64) error {
	switch {
	case c.kind == describedInteger && valuesOf(c.field.Type).ID() == arrow.UINT64:
		return describeNumbers(c, out, budget, nil, keyed, func(low, high uint64, quarters int) float64 {
			return interpolate(float64(low), float64(high), float64(high-low), quarters)
		})
	case c.kind == describedInteger:
		return describeNumbers(c, out, budget, nil, keyed, func(low, high uint64, quarters int) float64 {
			return interpolate(float64(integerOf(low)), float64(integerOf(high)), float64(high-low), quarters)
		})
	default:
		var distinct *tallies
		if c.kind == describedDecimal {
			// Different decimals can be the same float.
			budget /= 2
			distinct = newTallies(budget)
		}
		return describeNumbers(c, out, budget, distinct, floating, func(low, high float64, quarters int) float64 {
			return interpolate(low, high, high-low, quarters)
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
func describeNumbers[T cmp.Ordered](c *describedColumn, out *ColumnDescription, budget int64, distinct *tallies, keep func(float64, []byte) T, between func(low, high T, quarters int) float64) error {
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
		q1, q3 := between(values.quartile(1)), between(values.quartile(3))
		out.Q1, out.Q3 = scalar.AppendJSONFloat(nil, q1), scalar.AppendJSONFloat(nil, q3)
		out.Median = scalar.AppendJSONFloat(nil, between(values.quartile(2)))
		lower, upper = q1-1.5*(q3-q1), q3+1.5*(q3-q1)
	}
	return c.deviate(out, numbers, mean, lower, upper)
}

// deviate sets the statistics that need the mean and the bounds of outliers. Bounds are NaN if they
// are unknown.
func (c *describedColumn) deviate(out *ColumnDescription, numbers []func(int) float64, mean, lower, upper float64) error {
	outliers := int64(0)
	var squares sum
	err := c.each(func(at cellPlace, _ *describedChunk) {
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
