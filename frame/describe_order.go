package frame

import (
	"context"
	"math/bits"
	"math/rand/v2"
	"slices"
	"sync/atomic"

	"edgeframe/internal/parallel"
)

const (
	// mostParts is how many parts the values of a column are divided into, a power of two. The places where
	// the next value of each part goes fit the nearest cache of the processor.
	mostParts = 1 << 11
	// partWords is about how many words a part has if they are spread evenly.
	partWords = 1 << 9
	// hashedWords is the largest part whose different words are counted by a table.
	hashedWords = 1 << 14
	// sortedWords is the largest part that is sorted for the sake of a rank.
	sortedWords = 1 << 8
	// partedWords is about how many words are worked on in one go, a millisecond's work.
	partedWords = 1 << 16
)

// ordered is what a description asks of values in their order: which have certain ranks, and how many are different.
// They are divided into ranges that are small, so that neither takes sorting.
type ordered struct {
	ctx context.Context
	n   int
	// ranks are in order, and words are the values that have them.
	ranks    []int
	words    []uint64
	distinct atomic.Int64
	tables   *pool[*wordTable]
}

// newOrdered returns an ordered for the quantiles of n values.
func newOrdered(ctx context.Context, n int, quantiles []float64) *ordered {
	o := &ordered{ctx: ctx, n: n, tables: newPool(func() *wordTable { return &wordTable{odd: rand.Uint64() | 1} })}
	for _, p := range quantiles {
		at, _ := o.rank(p)
		o.ranks = append(o.ranks, at, min(at+1, n-1))
	}
	slices.Sort(o.ranks)
	o.ranks = slices.Compact(o.ranks)
	o.words = make([]uint64, len(o.ranks))
	return o
}

// rank returns the rank of the value below a quantile, and how much of the way to the next value it is.
func (o *ordered) rank(p float64) (at int, t float64) {
	last := o.n - 1
	index := float64(last) * p
	at = min(int(index), last)
	return at, index - float64(at)
}

// quantile returns the words of the values around the quantile p, from 0 to 1, and how much of the way from low
// to high it is, as numpy's method "linear". It is one of those that o is for.
func (o *ordered) quantile(p float64) (low, high uint64, t float64) {
	at, t := o.rank(p)
	below, _ := slices.BinarySearch(o.ranks, at)
	return o.words[below], o.words[min(below+1, len(o.words)-1)], t
}

// wanted returns the places of those of the ranks that are from from to to.
func (o *ordered) wanted(from, to int) (first, end int) {
	first, _ = slices.BinarySearch(o.ranks, from)
	end, _ = slices.BinarySearch(o.ranks, to)
	return first, end
}

// divide is for words of which none is less than least or more than most. each calls visit with some of them after
// the others, and does so twice. room has room for all.
func (o *ordered) divide(least, most uint64, room func() []uint64, each func(visit func(words []uint64)) error) error {
	span := most - least
	if span < min(countedWords, uint64(o.n)) {
		counts := make([]uint32, span+1)
		err := each(func(words []uint64) {
			for _, word := range words {
				counts[word-least]++
			}
		})
		o.counted(counts, least, 0)
		return err
	}
	width := min(bits.Len(uint(o.n/partWords)), bits.Len(mostParts-1))
	shift := uint(max(bits.Len64(span)-width, 0))
	next := make([]uint32, mostParts)
	if err := each(func(words []uint64) {
		for _, word := range words {
			next[(word-least)>>shift&(mostParts-1)]++
		}
	}); err != nil {
		return err
	}
	at := uint32(0)
	for part, n := range next {
		next[part] = at
		at += n
	}
	all := room()
	if err := each(func(words []uint64) {
		for _, word := range words {
			to := &next[(word-least)>>shift&(mostParts-1)]
			all[*to] = word
			*to++
		}
	}); err != nil {
		return err
	}
	return o.parts(all, next)
}

// parts works on parts that end at ends.
func (o *ordered) parts(all []uint64, ends []uint32) error {
	goes := o.n/partedWords + 1
	return parallel.Do(goes, func(i int) error {
		if err := ended(o.ctx); err != nil {
			return err
		}
		table := o.tables.get()
		defer o.tables.put(table)
		for part := i * len(ends) / goes; part < (i+1)*len(ends)/goes; part++ {
			from := uint32(0)
			if part > 0 {
				from = ends[part-1]
			}
			if err := o.part(all[from:ends[part]], int(from), table); err != nil {
				return err
			}
		}
		return nil
	})
}

// part works on the words with the ranks from from on. It changes their order.
func (o *ordered) part(words []uint64, from int, table *wordTable) error {
	if len(words) == 0 {
		return nil
	}
	first, end := o.wanted(from, from+len(words))
	switch {
	case first < end && len(words) <= sortedWords:
		slices.Sort(words)
		o.distinct.Add(int64(countRuns(words)))
		for at := first; at < end; at++ {
			o.words[at] = words[o.ranks[at]-from]
		}
		return nil
	case first == end && len(words) <= hashedWords:
		o.distinct.Add(int64(table.distinct(words)))
		return nil
	}
	if err := ended(o.ctx); err != nil {
		return err
	}
	least, most := slices.Min(words), slices.Max(words)
	if span := most - least; span < min(countedWords, uint64(len(words))) {
		counts := make([]uint32, span+1)
		for _, word := range words {
			counts[word-least]++
		}
		o.counted(counts, least, from)
		return nil
	}
	shift := max(bits.Len64(least^most)-digitWidth, 0)
	start := 0
	for _, end := range divideByDigit(words, func(word uint64) uint8 { return uint8(word >> shift) }) {
		if err := o.part(words[start:end], from+start, table); err != nil {
			return err
		}
		start = end
	}
	return nil
}

// counted works on the words from least on that occur so often. The first has the rank from.
func (o *ordered) counted(counts []uint32, least uint64, from int) {
	different := int64(0)
	at, _ := slices.BinarySearch(o.ranks, from)
	for i, n := range counts {
		if n == 0 {
			continue
		}
		different++
		from += int(n)
		for ; at < len(o.ranks) && o.ranks[at] < from; at++ {
			o.words[at] = least + uint64(i)
		}
	}
	o.distinct.Add(different)
}

// wordTable counts different words.
type wordTable struct {
	// odd makes the slot of a word. It is random, so that nobody can choose words that share a slot.
	odd   uint64
	slots []uint64
}

// distinct returns how many different words there are.
func (t *wordTable) distinct(words []uint64) (n int) {
	width := bits.Len(uint(len(words))) + 1
	if len(t.slots) < 1<<width {
		t.slots = make([]uint64, 1<<width)
	}
	slots, mask := t.slots[:1<<width], uint64(1)<<width-1
	clear(slots)
	zero := 0
	for _, word := range words {
		if word == 0 {
			zero = 1 // a slot with it is free
			continue
		}
		at := word * t.odd >> (64 - width)
		for slots[at&mask] != 0 && slots[at&mask] != word {
			at++
		}
		if slots[at&mask] == 0 {
			slots[at&mask] = word
			n++
		}
	}
	return n + zero
}
