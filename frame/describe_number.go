package frame

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec/scalar"
)

// kept is room for the words of values, which columns use one after the other.
type kept struct{ words []uint64 }

// newKept returns room for n words. It is that of another column if there is one that is not in use.
func (c *describedColumn) newKept(n int) *kept {
	if old, ok := c.spare.Get().(*kept); ok && cap(old.words) >= n {
		return &kept{old.words[:n]}
	}
	return &kept{make([]uint64, n)}
}

// eachWords calls visit with the words of the first most values, those of one row group after those of the other.
// visit must not keep them.
func (c *describedColumn) eachWords(most int, visit func(words []uint64)) error {
	var scratch []uint64
	for g := 0; g < len(c.chunks) && most > 0; g++ {
		if err := ended(c.ctx); err != nil {
			return err
		}
		chunk := &c.chunks[g]
		missing := chunk.whichMissing()
		scratch = chunk.words(scratch, missing)
		words := scratch
		if missing != nil {
			n := 0
			for row, word := range words {
				words[n] = word
				if !missing[row] {
					n++
				}
			}
			words = words[:n]
		}
		words = words[:min(len(words), most)]
		most -= len(words)
		visit(words)
	}
	return nil
}

// quartiles are in every description of values that have an order.
var quartiles = []float64{0.25, 0.5, 0.75}

// inOrder finds the quantiles of a column whose least and greatest values are known, and how many are different. It
// returns nil if there are too many values for quantiles, or none.
func (c *describedColumn) inOrder(out *ColumnDescription, ends *extremes, budget int64, percentiles []float64) (*ordered, error) {
	n := int(min(out.Count, budget/valueBytes))
	full := int64(n) < out.Count
	out.UniqueExact = !full
	if n == 0 {
		return nil, nil
	}
	quantiles := slices.Concat(quartiles, percentiles)
	if full {
		quantiles = nil
	}
	var values *kept
	o := newOrdered(c.ctx, n, quantiles)
	err := o.divide(wordOf(ends.least), wordOf(ends.greatest), func() []uint64 {
		values = c.newKept(n)
		return values.words
	}, func(visit func([]uint64)) error { return c.eachWords(n, visit) })
	if values != nil {
		c.spare.Put(values)
	}
	out.Unique = o.distinct.Load()
	if err != nil || full {
		return nil, err
	}
	return o, nil
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

// addWords adds the values of a row group as words. Those of missing ones do not count.
func (e *extremes) addWords(words []uint64, missing []bool, chunk int) {
	least, greatest := -1, -1
	for row, word := range words {
		switch {
		case missing != nil && missing[row]:
		case least < 0:
			least, greatest = row, row
		case word < words[least]:
			least = row
		case word > words[greatest]:
			greatest = row
		}
	}
	if least >= 0 {
		var key [wordBytes]byte
		for _, row := range []int{least, greatest} {
			binary.BigEndian.PutUint64(key[:], words[row])
			e.add(key[:], cellPlace{int32(chunk), int32(row)})
		}
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

// add finds what an addition loses as Knuth does, so that it need not know which of the two is greater.
func (s *sum) add(f float64) {
	total := s.total + f
	added := total - s.total
	s.lost += (s.total - (total - added)) + (f - added)
	s.total = total
}

func (s *sum) value() float64 { return s.total + s.lost }

// integerOf is the integer of a word.
func integerOf(word uint64) int64 { return int64(word ^ 1<<63) }

// between returns how the value between two words is found that is a part of the way from the lower one on.
func (c *describedColumn) between() func(low, high uint64, t float64) float64 {
	switch {
	case c.kind != describedInteger:
		return func(low, high uint64, t float64) float64 {
			return interpolate(floatOf(low), floatOf(high), floatOf(high)-floatOf(low), t)
		}
	case valuesOf(c.field.Type).ID() == arrow.UINT64:
		return func(low, high uint64, t float64) float64 {
			return interpolate(float64(low), float64(high), float64(high-low), t)
		}
	default:
		return func(low, high uint64, t float64) float64 {
			return interpolate(float64(integerOf(low)), float64(integerOf(high)), float64(high-low), t)
		}
	}
}

// sums are what is found of a column of numbers before their mean is known.
type sums struct {
	ends  extremes
	total sum
}

// addNumbers adds up the numbers of a column, and calls visit for each row group.
func (c *describedColumn) addNumbers(visit func(chunk *describedChunk, group int, missing []bool, numbers []float64)) (total sum, err error) {
	for g := range c.chunks {
		if err := ended(c.ctx); err != nil {
			return total, err
		}
		chunk := &c.chunks[g]
		missing, numbers := chunk.whichMissing(), chunk.numbers()
		for row, f := range numbers {
			if missing == nil || !missing[row] {
				total.add(f)
			}
		}
		visit(chunk, g, missing, numbers)
	}
	return total, nil
}

// collect finds the sum of numbers whose keys are words, and what their order says.
func (c *describedColumn) collect(out *ColumnDescription, budget int64, percentiles []float64) (all sums, values *ordered, err error) {
	var words []uint64
	all.total, err = c.addNumbers(func(chunk *describedChunk, group int, missing []bool, _ []float64) {
		words = chunk.words(words, missing)
		all.ends.addWords(words, missing, group)
	})
	if err == nil {
		values, err = c.inOrder(out, &all.ends, budget, percentiles)
	}
	return all, values, err
}

// collectDecimals is collect for decimals. Different ones can be the same float, so they are counted by their keys.
func (c *describedColumn) collectDecimals(out *ColumnDescription, budget int64, percentiles []float64) (all sums, values *ordered, err error) {
	budget /= 2
	distinct := c.newTallies(budget)
	defer c.spareTallies.Put(distinct)
	var floats *kept
	if out.Count <= budget/valueBytes {
		floats = c.newKept(int(out.Count))
		defer c.spare.Put(floats)
	}
	var key []byte
	n := 0
	all.total, err = c.addNumbers(func(chunk *describedChunk, group int, _ []bool, numbers []float64) {
		for row, f := range numbers {
			if chunk.missing(row) {
				continue
			}
			key = chunk.key(key[:0], row)
			at := cellPlace{int32(group), int32(row)}
			all.ends.add(key, at)
			distinct.add(key, at, 1)
			if floats != nil {
				floats.words[n] = scalar.FloatWord(f)
				n++
			}
		}
	})
	if err == nil && n > 0 {
		values = newOrdered(c.ctx, n, slices.Concat(quartiles, percentiles))
		err = values.part(floats.words, 0, values.tables.get())
	}
	distinct.into(out)
	return all, values, err
}

// describeNumbers describes a column of numbers.
func (c *describedColumn) describeNumbers(out *ColumnDescription, budget int64, percentiles []float64) error {
	collect := c.collect
	if c.kind == describedDecimal {
		collect = c.collectDecimals
	}
	all, values, err := collect(out, budget, percentiles)
	if err != nil {
		return err
	}
	out.Distribution, out.Deviation = all.ends.distribution(c), new(Deviation)
	if out.Count == 0 {
		return nil
	}
	mean := all.total.value() / float64(out.Count)
	out.Mean = scalar.AppendJSONFloat(nil, mean)
	lower, upper := math.NaN(), math.NaN()
	if values != nil {
		between := c.between()
		q1, q3 := between(values.quantile(0.25)), between(values.quantile(0.75))
		out.Q1, out.Q3 = scalar.AppendJSONFloat(nil, q1), scalar.AppendJSONFloat(nil, q3)
		out.Median = scalar.AppendJSONFloat(nil, between(values.quantile(0.5)))
		lower, upper = q1-1.5*(q3-q1), q3+1.5*(q3-q1)
		for _, p := range percentiles {
			out.Percentiles = append(out.Percentiles, Percentile{p, scalar.AppendJSONFloat(nil, between(values.quantile(p)))})
		}
	}
	return c.deviate(out, mean, lower, upper)
}

// deviate sets the statistics that need the mean and the bounds of outliers. Bounds are NaN if they
// are unknown.
func (c *describedColumn) deviate(out *ColumnDescription, mean, lower, upper float64) error {
	outliers := int64(0)
	var squares, cubes, fourths sum
	for g := range c.chunks {
		if err := ended(c.ctx); err != nil {
			return err
		}
		missing := c.chunks[g].whichMissing()
		for row, f := range c.chunks[g].numbers() {
			if missing != nil && missing[row] {
				continue
			}
			apart := f - mean
			square := apart * apart
			squares.add(square)
			cubes.add(square * apart)
			fourths.add(square * square)
			if f < lower || f > upper {
				outliers++
			}
		}
	}
	out.Std = scalar.AppendJSONFloat(nil, math.Sqrt(squares.value()/float64(out.Count-1)))
	m := moments{float64(out.Count), mean, squares.value(), cubes.value(), fourths.value()}
	out.Skewness, out.Kurtosis = scalar.AppendJSONFloat(nil, m.skewness()), scalar.AppendJSONFloat(nil, m.kurtosis())
	if width := upper - lower; !math.IsNaN(width) && !math.IsInf(width, 0) {
		out.Outliers = &Outliers{outliers, scalar.AppendJSONFloat(nil, lower), scalar.AppendJSONFloat(nil, upper)}
	}
	return nil
}
