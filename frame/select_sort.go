package frame

import (
	"math"
	"math/bits"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
)

// Rows are sorted by radix: by the bits in which their values differ, those of the last column first, 11 at a
// time. Two columns of which each has a thousand different integers are sorted in two passes.

const (
	// orderBytes is the memory for a row: its place in the order and in the result, in the two buffers of the
	// sort, and the bits to sort by. wordKeyBytes is that for its value in a column, textBytes that for a text
	// besides its bytes: its place in the list, which may be in memory twice while it grows, in the ranks and in
	// their order, and what its allocation is rounded up by.
	orderBytes   = 4 + selectedBytes + 2*8 + 8
	wordKeyBytes = 8 + 1
	textBytes    = 2*16 + 8 + 4 + 12
)

// sorted returns the rows of s, which are ascending, sorted by columns.
func (f *Frame) sorted(s *Selection, columns []int, by []SortKey) (*Selection, error) {
	each := int64(orderBytes + wordKeyBytes*len(columns))
	if most := f.Limits.WithDefaults().Bytes / each; s.n > most {
		return nil, codec.Errorf(codec.ErrTooLarge, "sorting %d rows by %d columns takes more than the %d bytes of memory that a table may have; a condition may select at most %d rows to sort", s.n, len(columns), f.Limits.WithDefaults().Bytes, most)
	}
	// The two buffers take the memory of keys that are done, if there are any.
	if err := f.reserve((each - 2*wordBytes) * s.n); err != nil {
		return nil, err
	}
	keys := make([]*orderKey, len(columns))
	for i, c := range columns {
		keys[i] = newOrderKey(f.Columns[c].Field.Type, by[i].Descending, int(s.n))
	}
	if err := f.readOrderKeys(s, columns, keys); err != nil {
		return nil, err
	}
	o := newOrdering(f, int(s.n))
	for i := len(keys) - 1; i >= 0; i-- {
		if err := o.by(keys[i]); err != nil {
			return nil, err
		}
		keys[i] = nil
	}
	if err := o.sort(); err != nil {
		return nil, err
	}
	rows := o.order
	if s.rows != nil {
		for i, at := range rows {
			rows[i] = s.rows[at]
		}
	}
	return &Selection{rows: rows, n: s.n, moved: true}, nil
}

// selectedRange is a row group with selected rows: those from first to last of the selection.
type selectedRange struct {
	groupRange
	first, last int
}

// ranges returns the row groups that have rows of s, which are ascending.
func (s *Selection) ranges(f *Frame) (ranges []selectedRange) {
	first := 0
	for _, r := range f.groupRanges() {
		last := min(r.to, int(s.n))
		if s.rows != nil {
			n, _ := slices.BinarySearch(s.rows[first:], uint32(r.to))
			last = first + n
		}
		if last > first {
			ranges = append(ranges, selectedRange{r, first, last})
		}
		first = last
	}
	return ranges
}

// in returns the selected rows of a row group, counted within it.
func (s *Selection) in(r selectedRange) []int32 {
	rows := make([]int32, r.last-r.first)
	for i := range rows {
		rows[i] = int32(s.row(r.first+i) - int64(r.from))
	}
	return rows
}

// scanSelected is scan for the row groups that have rows of s. merge, unless nil, is called after each batch
// for each of its row groups, in order.
func (f *Frame) scanSelected(s *Selection, columns []int, visit func(r selectedRange, rows []int32, arrays []arrow.Array) error, merge func(r selectedRange) error) error {
	ranges := s.ranges(f)
	groups := make([]groupRange, len(ranges))
	at := make([]int, len(f.Rows))
	for i, r := range ranges {
		groups[i], at[r.group] = r.groupRange, i
	}
	return f.scan(columns, groups, func(r groupRange, arrays []arrow.Array) error {
		of := ranges[at[r.group]]
		return visit(of, s.in(of), arrays)
	}, func(r groupRange) error {
		if merge == nil {
			return nil
		}
		return merge(ranges[at[r.group]])
	})
}

// orderKey is the values of a column in the selected rows, in a form that is sorted fast.
type orderKey struct {
	descending bool
	// words are numbers that are ordered as the values are; those of text are the numbers of the texts.
	words []uint64
	// missing says which rows have no value; nil if none was found.
	missing []bool
	// texts is nil for values that fit a word. ranks has then for each text a number that is ordered as it is.
	texts *texts
	ranks []uint64
}

// word returns a number for the value in a row that is ordered as the value is.
func (k *orderKey) word(row int) uint64 {
	if k.ranks != nil {
		return k.ranks[k.words[row]]
	}
	return k.words[row]
}

func newOrderKey(dt arrow.DataType, descending bool, n int) *orderKey {
	k := &orderKey{descending: descending, words: make([]uint64, n), missing: make([]bool, n)}
	if !fitsWord(valuesOf(dt)) {
		k.texts = newTexts()
	}
	return k
}

// readOrderKeys reads the keys of columns.
func (f *Frame) readOrderKeys(s *Selection, columns []int, keys []*orderKey) error {
	found := make([][]*localTexts, len(keys))
	for i, k := range keys {
		if k.texts != nil {
			found[i] = make([]*localTexts, len(f.Rows))
		}
	}
	return f.scanSelected(s, columns, func(r selectedRange, rows []int32, arrays []arrow.Array) error {
		for i, k := range keys {
			c := &cells{group: r.group, arr: arrays[i]}
			c.countMissing()
			missing, words := k.missing[r.first:r.last], k.words[r.first:r.last]
			if c.missing != nil {
				for at, row := range rows {
					missing[at] = c.missing[row]
				}
			}
			if k.texts != nil {
				found[i][r.group] = numberTexts(c, rows, words)
				continue
			}
			values := wordsOf(c.arr, c.missing)
			for at, row := range rows {
				words[at] = values[row]
			}
		}
		return nil
	}, func(r selectedRange) error {
		for i, k := range keys {
			if k.texts == nil {
				continue
			}
			if err := k.texts.merge(f, found[i][r.group], k.words[r.first:r.last], k.missing[r.first:r.last]); err != nil {
				return err
			}
			found[i][r.group] = nil
		}
		return nil
	})
}

// by sorts by a key, after those that were given before. The order is complete once sort has been called.
// Rows without a value come last.
func (o *ordering) by(k *orderKey) error {
	prefixes := false
	if k.texts != nil {
		k.ranks, prefixes = k.texts.ranks()
	}
	span, err := o.span(k)
	if err != nil {
		return err
	}
	if prefixes {
		// Texts that begin alike are sorted after that, so the keys before have to be done.
		if err := o.sort(); err != nil {
			return err
		}
	}
	if err := o.collect(k, span); err != nil {
		return err
	}
	if prefixes {
		if err := o.sort(); err != nil {
			return err
		}
		if err := o.byTexts(o.order[:span.n], k); err != nil {
			return err
		}
	}
	o.free = append(o.free, k.words)
	return nil
}

// wordSpan is the least and the greatest of n words.
type wordSpan struct {
	low, high uint64
	n         int
}

// span returns the span of the words of the rows that have a value.
func (o *ordering) span(k *orderKey) (all wordSpan, err error) {
	parts := make([]wordSpan, len(o.counts))
	err = o.each(func(part, from, to int) {
		s := wordSpan{low: math.MaxUint64}
		for i := from; i < to; i++ {
			if !k.missing[i] {
				word := k.word(i)
				s.low, s.high = min(s.low, word), max(s.high, word)
				s.n++
			}
		}
		parts[part] = s
	})
	all.low = math.MaxUint64
	for _, s := range parts {
		all.low, all.high, all.n = min(all.low, s.low), max(all.high, s.high), all.n+s.n
	}
	return all, err
}

// collect adds the bits of a key above those that have been collected.
func (o *ordering) collect(k *orderKey, span wordSpan) error {
	if width := bits.Len64(span.high - span.low); span.n > 0 && width > 0 {
		shift, err := o.room(width)
		if err != nil {
			return err
		}
		err = o.each(func(_, from, to int) {
			for i := from; i < to; i++ {
				switch {
				case k.missing[i]:
				case k.descending:
					o.code[i] |= (span.high - k.word(i)) << shift
				default:
					o.code[i] |= (k.word(i) - span.low) << shift
				}
			}
		})
		if err != nil {
			return err
		}
	}
	if span.n == 0 || span.n == len(o.order) {
		return nil
	}
	shift, err := o.room(1)
	if err != nil {
		return err
	}
	return o.each(func(_, from, to int) {
		for i, missing := range k.missing[from:to] {
			if missing {
				o.code[from+i] |= 1 << shift
			}
		}
	})
}

// byTexts sorts the rows whose words, the beginnings of their texts, are equal by the texts.
func (o *ordering) byTexts(order []uint32, k *orderKey) error {
	compared, sign := 0, 1
	if k.descending {
		sign = -1
	}
	runs, err := o.words()
	if err != nil {
		return err
	}
	defer func() { o.free = append(o.free, runs) }()
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && k.word(int(order[to])) == k.word(int(order[from])) {
			to++
		}
		// The upper half of a pair is the place before, which keeps the order of equal texts.
		run := runs[:to-from]
		for i, at := range order[from:to] {
			run[i] = uint64(i)<<32 | uint64(at)
		}
		slices.SortFunc(run, func(a, b uint64) int {
			if compared++; compared%pauseRows == 0 && err == nil {
				err = o.f.Ended()
			}
			if err != nil {
				return 0
			}
			x, y := k.texts.of(k.words[uint32(a)]), k.texts.of(k.words[uint32(b)])
			if c := strings.Compare(x, y); c != 0 {
				return sign * c
			}
			if a < b {
				return -1
			}
			return 1
		})
		for i, pair := range run {
			order[from+i] = uint32(pair)
		}
		from = to
	}
	return err
}
