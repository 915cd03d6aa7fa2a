package frame

import (
	"math"
	"math/big"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
	"edgeframe/internal/parallel"
)

// wordIn is the word of a value and its group, keyIn the same for a key.
type (
	wordIn struct {
		group uint32
		word  uint64
	}
	keyIn struct {
		group uint32
		key   string
	}
)

// newDistinctCounter returns what counts the different values of a type.
func newDistinctCounter(dt arrow.DataType) accumulator {
	if fitsWord(dt) {
		return &wordCounter{seen: map[wordIn]struct{}{}}
	}
	return &keyCounter{seen: map[keyIn]struct{}{}}
}

// seenBytes is about the memory for a value that has been seen; seenKeyBytes is that for a key besides its bytes.
const (
	seenBytes    = 72
	seenKeyBytes = 104
)

// wordCounter counts the different values of a column by their words.
type wordCounter struct {
	counter
	seen map[wordIn]struct{}
}

func (a *wordCounter) read(p *groupPart, c *cells) any {
	seen := map[wordIn]struct{}{}
	for i, word := range c.wordsIn(p.rows) {
		if c.has(p.rows[i]) {
			seen[wordIn{p.groups[i], word}] = struct{}{}
		}
	}
	return seen
}

func (a *wordCounter) add(partial any, groups []uint32) int64 {
	before := len(a.seen)
	for v := range partial.(map[wordIn]struct{}) {
		v.group = groups[v.group]
		if _, known := a.seen[v]; !known {
			a.seen[v] = struct{}{}
			a.counts[v.group]++
		}
	}
	return seenBytes * int64(len(a.seen)-before)
}

// keyCounter counts the different values of a column by their keys.
type keyCounter struct {
	counter
	seen map[keyIn]struct{}
}

func (a *keyCounter) read(p *groupPart, c *cells) any {
	seen := map[keyIn]struct{}{}
	keys := c.texts(false)
	for i, row := range p.rows {
		if !c.has(row) {
			continue
		}
		if v := (keyIn{p.groups[i], keys[row]}); !has(seen, v) {
			v.key = string([]byte(v.key)) // it may be a part of the array, which is let go of
			seen[v] = struct{}{}
		}
	}
	return seen
}

func has[K comparable](set map[K]struct{}, v K) bool {
	_, in := set[v]
	return in
}

func (a *keyCounter) add(partial any, groups []uint32) (bytes int64) {
	for v := range partial.(map[keyIn]struct{}) {
		v.group = groups[v.group]
		if !has(a.seen, v) {
			a.seen[v] = struct{}{}
			a.counts[v.group]++
			bytes += seenKeyBytes + int64(len(v.key))
		}
	}
	return bytes
}

// median is the value in the middle, or the mean of the two there.
type median struct {
	of     arrow.DataType
	counts []int64
	// read are the values of the parts, with their groups.
	parts [][]wordIn
}

func (a *median) read(p *groupPart, c *cells) any {
	list := make([]wordIn, 0, len(p.rows))
	if fitsWord(a.of) {
		for i, word := range c.wordsIn(p.rows) {
			if c.has(p.rows[i]) {
				list = append(list, wordIn{p.groups[i], word})
			}
		}
		return list
	}
	numbers := c.numbersIn(p.rows)
	for i, row := range p.rows {
		if c.has(row) {
			list = append(list, wordIn{p.groups[i], scalar.FloatWord(numbers[row])})
		}
	}
	return list
}

func (a *median) grow(n int)   { a.counts = grown(a.counts, n) }
func (a *median) bytes() int64 { return 16 }

// medianBytes is the memory for a value: its place in the list of its part and among those of its group.
const medianBytes = 16 + 8

func (a *median) add(partial any, groups []uint32) int64 {
	list := partial.([]wordIn)
	for i := range list {
		list[i].group = groups[list[i].group]
		a.counts[list[i].group]++
	}
	a.parts = append(a.parts, list)
	return medianBytes * int64(len(list))
}

// sorted returns the words of the groups, one group after the other, each in order.
func (a *median) sorted(f *Frame) ([]uint64, error) {
	starts, total := make([]int64, len(a.counts)), int64(0)
	for g, n := range a.counts {
		starts[g] = total
		total += n
	}
	words := make([]uint64, total)
	for i, list := range a.parts {
		for _, v := range list {
			words[starts[v.group]] = v.word
			starts[v.group]++
		}
		a.parts[i] = nil
	}
	// Groups are sorted at the same time, small ones together.
	var ends []int
	from := int64(0)
	for g, end := range starts { // they have moved to the ends
		if end-from >= sortedTogether || g == len(starts)-1 {
			ends = append(ends, g+1)
			from = end
		}
	}
	return words, parallel.Do(len(ends), func(i int) error {
		first := 0
		if i > 0 {
			first = ends[i-1]
		}
		for g := first; g < ends[i]; g++ {
			if err := sortWords(f.Context, words[starts[g]-a.counts[g]:starts[g]]); err != nil {
				return err
			}
		}
		return nil
	})
}

// sortedTogether is how many values are sorted in one go.
const sortedTogether = 1 << 15

func (a *median) values(f *Frame, field arrow.Field) (out arrow.Array, err error) {
	words, err := a.sorted(f)
	if err != nil {
		return nil, err
	}
	// middle returns the two words in the middle of the next group, which has n.
	from := int64(0)
	middle := func(n int64) (low, high uint64) {
		low, high = words[from+(n-1)/2], words[from+n/2]
		from += n
		return low, high
	}
	if arrow.IsFloating(field.Type.ID()) {
		return float64s(len(a.counts), func(i int) (float64, bool) {
			if a.counts[i] == 0 {
				return 0, false
			}
			low, high := middle(a.counts[i])
			return between(a.of, low, high), true
		}), nil
	}
	defer codec.Guard(&err, codec.ErrMalformed, "the answer")
	b, err := builderFor(f, field.Type, len(a.counts))
	if err != nil {
		return nil, err
	}
	for _, n := range a.counts {
		if n == 0 {
			b.AppendNull()
			continue
		}
		low, high := middle(n)
		sum := new(big.Int).Add(big.NewInt(integerOf(low)), big.NewInt(integerOf(high)))
		b.AppendInteger(quotient(sum.Mul(sum, big.NewInt(meanScale(a.of))), 2))
	}
	return b.Array(), nil
}

// between returns the number in the middle of two, given by their words.
func between(of arrow.DataType, low, high uint64) float64 {
	switch {
	case of.ID() == arrow.UINT64:
		return interpolate(float64(low), float64(high), float64(high-low), 0.5)
	case arrow.IsInteger(of.ID()):
		return interpolate(float64(integerOf(low)), float64(integerOf(high)), float64(high-low), 0.5)
	}
	a, b := floatOf(low), floatOf(high)
	if a == b || math.IsInf(a, 0) || math.IsInf(b, 0) {
		return (a + b) / 2
	}
	return interpolate(a, b, b-a, 0.5)
}

// floatOf is the float of which [scalar.FloatWord] returns word.
func floatOf(word uint64) float64 {
	if word>>63 == 1 {
		return math.Float64frombits(word &^ (1 << 63))
	}
	return math.Float64frombits(^word)
}

// meanScale is how many units of [meanType] the unit of a type has.
func meanScale(dt arrow.DataType) int64 {
	if dt.ID() == arrow.DATE32 {
		return dayMillis
	}
	return 1
}
