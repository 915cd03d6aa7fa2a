package frame

import (
	"context"
	"encoding/binary"
	"math"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec/scalar"
)

// kept are the values of a column as words, up to a number that fits the memory, for sorting.
type kept struct {
	words []uint64
	most  int
	full  bool
}

func newKept(count, budget int64) *kept {
	most := int(min(count, budget/valueBytes))
	return &kept{words: make([]uint64, 0, most), most: most}
}

func (k *kept) add(word uint64) {
	if len(k.words) == k.most {
		k.full = true
		return
	}
	k.words = append(k.words, word)
}

// sort sorts the values and writes the number of distinct ones into a description.
func (k *kept) sort(ctx context.Context, out *ColumnDescription) error {
	if err := sortWords(ctx, k.words); err != nil {
		return err
	}
	out.Unique, out.UniqueExact = int64(countRuns(k.words)), !k.full
	return nil
}

// quantile returns the words of the values around the quantile p, from 0 to 1, and how much of the way from low
// to high it is, as numpy's method "linear".
func (k *kept) quantile(p float64) (low, high uint64, t float64) {
	last := len(k.words) - 1
	index := float64(last) * p
	at := min(int(index), last)
	return k.words[at], k.words[min(at+1, last)], index - float64(at)
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

// collected is what is collected of a column of numbers before their mean is known.
type collected struct {
	values *kept
	ends   extremes
	total  sum
	// distinct counts decimals, because different ones can be the same float; nil for other numbers.
	distinct *tallies
}

// collect collects the numbers of a column.
func (c *describedColumn) collect(count, budget int64) (*collected, error) {
	all := new(collected)
	if c.kind == describedDecimal {
		budget /= 2
		all.distinct = newTallies(budget)
	}
	all.values = newKept(count, budget)
	for g := range c.chunks {
		if err := ended(c.ctx); err != nil {
			return nil, err
		}
		chunk := &c.chunks[g]
		missing, numbers := chunk.whichMissing(), chunk.numbers()
		for row, f := range numbers {
			if missing == nil || !missing[row] {
				all.total.add(f)
			}
		}
		if c.kind == describedDecimal {
			all.addDecimals(chunk, g, numbers)
			continue
		}
		words := wordsOf(chunk.data, missing)
		all.ends.addWords(words, missing, g)
		for row, word := range words {
			if missing == nil || !missing[row] {
				all.values.add(word)
			}
		}
	}
	return all, nil
}

// addDecimals adds the decimals of a row group, which are these numbers as floats.
func (all *collected) addDecimals(chunk *describedChunk, group int, numbers []float64) {
	var key []byte
	for row, f := range numbers {
		if chunk.missing(row) {
			continue
		}
		key = chunk.key(key[:0], row)
		at := cellPlace{int32(group), int32(row)}
		all.ends.add(key, at)
		all.distinct.add(key, at, 1)
		all.values.add(scalar.FloatWord(f))
	}
}

// describeNumbers describes a column of numbers.
func (c *describedColumn) describeNumbers(out *ColumnDescription, budget int64, percentiles []float64) error {
	all, err := c.collect(out.Count, budget)
	if err == nil {
		err = all.values.sort(c.ctx, out)
	}
	if err != nil {
		return err
	}
	values, between := all.values, c.between()
	out.Distribution, out.Deviation = all.ends.distribution(c), new(Deviation)
	if all.distinct != nil {
		all.distinct.into(out)
	}
	if out.Count == 0 {
		return nil
	}
	mean := all.total.value() / float64(out.Count)
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
