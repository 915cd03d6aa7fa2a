package frame

import (
	"math"
	"math/big"
	"math/bits"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// counter counts rows, or the values of a column.
type counter struct{ counts []int64 }

func (a *counter) read(p *groupPart, c *cells) any {
	counts := make([]int64, p.n)
	for i, row := range p.rows {
		if c == nil || c.has(row) {
			counts[p.groups[i]]++
		}
	}
	return counts
}

func (a *counter) grow(n int)   { a.counts = grown(a.counts, n) }
func (a *counter) bytes() int64 { return 8 }

func (a *counter) add(partial any, groups []uint32) int64 {
	for i, n := range partial.([]int64) {
		a.counts[groups[i]] += n
	}
	return 0
}

func (a *counter) values(*Frame, arrow.Field) (arrow.Array, error) { return int64s(a.counts), nil }

func int64s(values []int64) arrow.Array {
	b := array.NewInt64Builder(memory.DefaultAllocator)
	b.AppendValues(values, nil)
	return b.NewArray()
}

// grown returns list with n elements.
func grown[T any](list []T, n int) []T { return append(list, make([]T, n-len(list))...) }

// float64s returns an array of the values of which ok says that there are any.
func float64s(n int, value func(i int) (v float64, ok bool)) arrow.Array {
	b := array.NewFloat64Builder(memory.DefaultAllocator)
	b.Reserve(n)
	for i := range n {
		if v, ok := value(i); ok {
			b.UnsafeAppend(v)
		} else {
			b.UnsafeAppendBoolToBitmap(false)
		}
	}
	return b.NewArray()
}

// newSum returns the accumulator of a sum.
func newSum(dt arrow.DataType) accumulator {
	switch {
	case arrow.IsFloating(dt.ID()):
		return &floatSum{}
	case arrow.IsDecimal(dt.ID()):
		return &bigSum{}
	}
	return &integerSum{}
}

// floatSum is the sum or the mean of floats, and the mean of decimals.
type floatSum struct {
	mean   bool
	sums   []sum
	counts []int64
}

func (a *floatSum) read(p *groupPart, c *cells) any {
	part := &floatSum{sums: make([]sum, p.n), counts: make([]int64, p.n)}
	numbers := c.numbersIn(p.rows)
	for i, row := range p.rows {
		if c.has(row) {
			part.sums[p.groups[i]].add(numbers[row])
			part.counts[p.groups[i]]++
		}
	}
	return part
}

func (a *floatSum) grow(n int) { a.sums, a.counts = grown(a.sums, n), grown(a.counts, n) }

func (a *floatSum) bytes() int64 { return 24 }

func (a *floatSum) add(partial any, groups []uint32) int64 {
	part := partial.(*floatSum)
	for i, g := range groups {
		a.sums[g].add(part.sums[i].total)
		a.sums[g].lost += part.sums[i].lost
		a.counts[g] += part.counts[i]
	}
	return 0
}

// of is the sum of a group. What is lost of an infinite sum means nothing.
func (s *sum) of() float64 {
	if math.IsInf(s.total, 0) {
		return s.total
	}
	return s.value()
}

func (a *floatSum) values(*Frame, arrow.Field) (arrow.Array, error) {
	return float64s(len(a.sums), func(i int) (float64, bool) {
		if !a.mean {
			return a.sums[i].of(), true
		}
		return a.sums[i].of() / float64(a.counts[i]), a.counts[i] > 0
	}), nil
}

// integerSum is the sum or the mean of integers, booleans, dates, times or durations.
type integerSum struct {
	mean bool
	// of is the type of the values of a mean.
	of     arrow.DataType
	sums   []ticks
	counts []int64
}

func (a *integerSum) read(p *groupPart, c *cells) any {
	part := &integerSum{sums: make([]ticks, p.n), counts: make([]int64, p.n)}
	ticks := c.ticksIn(p.rows)
	if ticks == nil {
		return part.readWords(p, c)
	}
	for i, row := range p.rows {
		if c.has(row) {
			part.sums[p.groups[i]].add(ticks[row])
			part.counts[p.groups[i]]++
		}
	}
	return part
}

// readWords is read for booleans and uint64, of which the words are the values.
func (a *integerSum) readWords(p *groupPart, c *cells) any {
	boolean := isBool(c.arr.DataType())
	for i, word := range c.wordsIn(p.rows) {
		if c.has(p.rows[i]) {
			if boolean {
				word >>= 56 // the only byte of the key
			}
			a.sums[p.groups[i]].addUnsigned(word)
			a.counts[p.groups[i]]++
		}
	}
	return a
}

// wordsIn returns the words of some rows. Those of missing values mean nothing.
func (c *cells) wordsIn(rows []int32) []uint64 {
	if c.words == nil {
		c.words = wordsOf(c.arr, c.missing)
	}
	if len(rows) == len(c.words) {
		return c.words
	}
	words := make([]uint64, len(rows))
	for i, row := range rows {
		words[i] = c.words[row]
	}
	return words
}

func (t *ticks) addUnsigned(v uint64) {
	low, carry := bits.Add64(t.low, v, 0)
	t.low, t.high = low, t.high+carry
}

func (t *ticks) addTicks(u ticks) {
	low, carry := bits.Add64(t.low, u.low, 0)
	t.low, t.high = low, t.high+u.high+carry
}

func (a *integerSum) grow(n int) { a.sums, a.counts = grown(a.sums, n), grown(a.counts, n) }

func (a *integerSum) bytes() int64 { return 24 }

func (a *integerSum) add(partial any, groups []uint32) int64 {
	part := partial.(*integerSum)
	for i, g := range groups {
		a.sums[g].addTicks(part.sums[i])
		a.counts[g] += part.counts[i]
	}
	return 0
}

func (a *integerSum) values(f *Frame, field arrow.Field) (out arrow.Array, err error) {
	if a.mean && arrow.IsFloating(field.Type.ID()) {
		return float64s(len(a.sums), func(i int) (float64, bool) {
			total, _ := new(big.Float).SetInt(a.sums[i].value()).Float64()
			return total / float64(a.counts[i]), a.counts[i] > 0
		}), nil
	}
	defer codec.Guard(&err, codec.ErrMalformed, "the answer")
	b, err := builderFor(f, field.Type, len(a.sums))
	if err != nil {
		return nil, err
	}
	for i := range a.sums {
		total := a.sums[i].value()
		if a.mean && a.counts[i] == 0 {
			b.AppendNull()
			continue
		}
		if a.mean {
			total = quotient(total.Mul(total, big.NewInt(meanScale(a.of))), a.counts[i])
		}
		if !b.AppendInteger(total) {
			return nil, refuseSum(field)
		}
	}
	return b.Array(), nil
}

// dayMillis is the milliseconds of a day.
const dayMillis = int64(24 * time.Hour / time.Millisecond)

// bigSum is the sum of decimals.
type bigSum struct{ sums []big.Int }

func (a *bigSum) read(p *groupPart, c *cells) any {
	part := make([]big.Int, p.n)
	integer := scalar.Integers(c.arr)
	var v big.Int
	for i, row := range p.rows {
		if c.has(row) {
			integer(&v, int(row))
			sum := &part[p.groups[i]]
			sum.Add(sum, &v)
		}
	}
	return part
}

func (a *bigSum) grow(n int) { a.sums = grown(a.sums, n) }

func (a *bigSum) bytes() int64 { return 80 }

func (a *bigSum) add(partial any, groups []uint32) int64 {
	part := partial.([]big.Int)
	for i, g := range groups {
		a.sums[g].Add(&a.sums[g], &part[i])
	}
	return 0
}

func (a *bigSum) values(f *Frame, field arrow.Field) (out arrow.Array, err error) {
	defer codec.Guard(&err, codec.ErrMalformed, "the answer")
	b, err := builderFor(f, field.Type, len(a.sums))
	if err != nil {
		return nil, err
	}
	for i := range a.sums {
		if !b.AppendInteger(&a.sums[i]) {
			return nil, refuseSum(field)
		}
	}
	return b.Array(), nil
}

// deviation is the standard deviation of a sample.
type deviation struct{ of []spread }

// spread is the number of values, their mean and the sum of the squares of their distances from it.
type spread struct{ n, mean, squares float64 }

// add adds a value by Welford's method.
func (s *spread) add(v float64) {
	s.n++
	apart := v - s.mean
	s.mean += apart / s.n
	s.squares += apart * (v - s.mean)
}

// addSpread adds the values of another one, by Chan's formula.
func (s *spread) addSpread(o spread) {
	if o.n == 0 {
		return
	}
	n := s.n + o.n
	apart := o.mean - s.mean
	s.mean += apart * (o.n / n)
	s.squares += o.squares + apart*apart*(s.n*o.n/n)
	s.n = n
}

func (a *deviation) read(p *groupPart, c *cells) any {
	part := make([]spread, p.n)
	numbers := c.numbersIn(p.rows)
	for i, row := range p.rows {
		if c.has(row) {
			part[p.groups[i]].add(numbers[row])
		}
	}
	return part
}

func (a *deviation) grow(n int) { a.of = grown(a.of, n) }

func (a *deviation) bytes() int64 { return 24 }

func (a *deviation) add(partial any, groups []uint32) int64 {
	part := partial.([]spread)
	for i, g := range groups {
		a.of[g].addSpread(part[i])
	}
	return 0
}

func (a *deviation) values(*Frame, arrow.Field) (arrow.Array, error) {
	return float64s(len(a.of), func(i int) (float64, bool) {
		s := a.of[i]
		return math.Sqrt(s.squares / (s.n - 1)), s.n > 1
	}), nil
}
