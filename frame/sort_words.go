package frame

import (
	"context"
	"math/bits"
	"slices"

	"github.com/zeebo/xxh3"

	"edgeframe/internal/parallel"
)

const (
	// digits is the number of different digits by which values are divided at once.
	digits     = 1 << digitWidth
	digitWidth = 8
	// fewWords is the number of words that are sorted by comparing them.
	fewWords = 64
	// countedWords is how many different words are counted instead of being moved.
	countedWords = 1 << 16
	// dividedDigests is how many digests are divided at once.
	dividedDigests = 1 << 15
)

// sortWords sorts words in place: by their first digit that is not the same for all, and then those with the same
// digit. Words that are near one another are counted. It fails when the work has been given up.
func sortWords(ctx context.Context, words []uint64) error {
	if len(words) <= fewWords {
		slices.Sort(words)
		return nil
	}
	if err := ended(ctx); err != nil {
		return err
	}
	parallel.Yield()
	least, most := words[0], words[0]
	for _, word := range words {
		least, most = min(least, word), max(most, word)
	}
	if span := most - least; span < min(countedWords, uint64(len(words))) {
		sortByCounts(words, least, int(span)+1)
		return nil
	}
	shift := max(bits.Len64(least^most)-digitWidth, 0)
	from := 0
	for _, end := range divideByDigit(words, func(word uint64) uint8 { return uint8(word >> shift) }) {
		if err := sortWords(ctx, words[from:end]); err != nil {
			return err
		}
		from = end
	}
	return nil
}

// sortByCounts sorts words of which none is less than least, and none is n more.
func sortByCounts(words []uint64, least uint64, n int) {
	counts := make([]uint32, n)
	for _, word := range words {
		counts[word-least]++
	}
	at := 0
	for i, count := range counts {
		for range count {
			words[at] = least + uint64(i)
			at++
		}
	}
}

// divideByDigit orders values by a digit, in place, and returns where those with each digit end.
func divideByDigit[T any](values []T, digit func(T) uint8) (ends [digits]int) {
	for _, v := range values {
		ends[digit(v)]++
	}
	var next [digits]int
	sum := 0
	for d, n := range ends {
		next[d] = sum
		sum += n
		ends[d] = sum
	}
	for d := range ends {
		for ; next[d] < ends[d]; next[d]++ {
			v := values[next[d]]
			for to := digit(v); int(to) != d; to = digit(v) {
				values[next[to]], v = v, values[next[to]]
				next[to]++
			}
			values[next[d]] = v
		}
	}
	return ends
}

// countDistinct returns how many different digests there are. It changes their order.
func countDistinct(ctx context.Context, digests []xxh3.Uint128) (int64, error) {
	// Stretches that are in the cache of a processor are divided for themselves.
	ends := make([][digits]int, (len(digests)+dividedDigests-1)/dividedDigests)
	stretch := func(i int) []xxh3.Uint128 {
		return digests[i*dividedDigests : min((i+1)*dividedDigests, len(digests))]
	}
	err := parallel.Do(len(ends), func(i int) error {
		ends[i] = divideByDigit(stretch(i), func(d xxh3.Uint128) uint8 { return uint8(d.Hi) })
		return ended(ctx)
	})
	if err != nil {
		return 0, err
	}
	var counts [digits]int64
	sets := newPool(func() *digestSet { return &digestSet{slots: make([]uint32, firstSlots)} })
	err = parallel.Do(digits, func(digit int) error {
		set := sets.get()
		defer sets.put(set)
		set.empty()
		for i := range ends {
			from := 0
			if digit > 0 {
				from = ends[i][digit-1]
			}
			set.add(stretch(i)[from:ends[i][digit]])
		}
		counts[digit] = int64(len(set.list))
		return ended(ctx)
	})
	total := int64(0)
	for _, n := range counts {
		total += n
	}
	return total, err
}

// digestSet is a set of digests. Its memory depends on how many are different, and not on how many are added.
type digestSet struct {
	list []xxh3.Uint128
	// slots have the place of a digest in list, one more than it, and 0 for none.
	slots []uint32
}

func (s *digestSet) empty() {
	clear(s.slots)
	s.list = s.list[:0]
}

// add adds digests.
func (s *digestSet) add(digests []xxh3.Uint128) {
	for _, d := range digests {
		slot := s.find(d)
		if *slot != 0 {
			continue
		}
		s.list = append(s.list, d)
		*slot = uint32(len(s.list))
		if 2*len(s.list) > len(s.slots) {
			s.slots = make([]uint32, 2*len(s.slots))
			for i, d := range s.list {
				*s.find(d) = uint32(i + 1)
			}
		}
	}
}

// find returns the slot of a digest, or the one that it goes into.
func (s *digestSet) find(d xxh3.Uint128) *uint32 {
	mask := uint64(len(s.slots) - 1)
	for at := d.Lo; ; at++ {
		slot := &s.slots[at&mask]
		if *slot == 0 || s.list[*slot-1] == d {
			return slot
		}
	}
}
