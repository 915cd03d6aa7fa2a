package frame

import (
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
)

// Sorting by one column after another, from the last to the first, with a sort that keeps the order of equal
// rows, sorts by all of them. Each column is sorted by radix: 3 million rows take some hundredths of a second
// for each byte in which their values differ.

const (
	// orderBytes is the memory for a row: its place in the order and in the result, in the two buffers of the
	// sort, and what stands for a text. wordKeyBytes is that for its value in a column, textBytes that for a text besides its bytes.
	orderBytes   = 4 + selectedBytes + 2*8 + 8
	wordKeyBytes = 8 + 1
	textBytes    = 16 + 8 + 4
)

// sorted returns the rows of s, which are ascending, sorted by columns.
func (f *Frame) sorted(s *Selection, columns []int, by []SortKey) (*Selection, error) {
	each := int64(orderBytes + wordKeyBytes*len(columns))
	if most := f.Limits.WithDefaults().Bytes / each; s.n > most {
		return nil, codec.Errorf(codec.ErrTooLarge, "sorting %d rows by %d columns takes more than the %d bytes of memory that a table may have; a condition may select at most %d rows to sort", s.n, len(columns), f.Limits.WithDefaults().Bytes, most)
	}
	if err := f.reserve(each * s.n); err != nil {
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
	// texts is nil for values that fit a word.
	texts *texts
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

// ordering sorts the positions of a selection.
type ordering struct {
	f     *Frame
	order []uint32
	// pairs and spare have a part of a key in the upper, and a position in the lower half.
	pairs, spare []uint64
}

func newOrdering(f *Frame, n int) *ordering {
	o := &ordering{f: f, order: make([]uint32, n), pairs: make([]uint64, n), spare: make([]uint64, n)}
	for i := range o.order {
		o.order[i] = uint32(i)
	}
	return o
}

// by sorts by a key. Rows that are equal keep their order, and those without a value come last.
func (o *ordering) by(k *orderKey) error {
	present := o.missingLast(k.missing)
	words := k.words
	var prefixes bool
	if k.texts != nil {
		words, prefixes = k.texts.words(k.words)
	}
	if k.descending {
		for i := range words {
			words[i] = ^words[i]
		}
	}
	for _, shift := range []uint{0, 32} {
		if err := o.byHalf(o.order[:present], words, shift); err != nil {
			return err
		}
	}
	if prefixes {
		return o.byTexts(o.order[:present], words, k)
	}
	return nil
}

// missingLast moves the rows without a value to the end and returns how many have one.
func (o *ordering) missingLast(missing []bool) int {
	present, absent := 0, o.pairs[:0]
	for _, at := range o.order {
		if missing[at] {
			absent = append(absent, uint64(at))
			continue
		}
		o.order[present] = at
		present++
	}
	for i, at := range absent {
		o.order[present+i] = uint32(at)
	}
	return present
}

// byHalf sorts positions by 32 bits of their words.
func (o *ordering) byHalf(order []uint32, words []uint64, shift uint) error {
	var counts [4][256]uint32
	from, to := o.pairs[:len(order)], o.spare[:len(order)]
	for i, at := range order {
		half := uint32(words[at] >> shift)
		from[i] = uint64(half)<<32 | uint64(at)
		counts[0][half&0xff]++
		counts[1][half>>8&0xff]++
		counts[2][half>>16&0xff]++
		counts[3][half>>24]++
	}
	for digit := range counts {
		if err := o.f.Ended(); err != nil {
			return err
		}
		count := &counts[digit]
		shift := 32 + 8*uint(digit)
		if len(order) == 0 || count[from[0]>>shift&0xff] == uint32(len(order)) {
			continue // they all have the same
		}
		start := uint32(0)
		for i, n := range count {
			count[i], start = start, start+n
		}
		for _, pair := range from {
			at := &count[pair>>shift&0xff]
			to[*at] = pair
			*at++
		}
		from, to = to, from
	}
	for i, pair := range from {
		order[i] = uint32(pair)
	}
	return nil
}

// byTexts sorts the rows whose words, the beginnings of their texts, are equal by the texts.
func (o *ordering) byTexts(order []uint32, words []uint64, k *orderKey) error {
	compared, sign := 0, 1
	if k.descending {
		sign = -1
	}
	var err error
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && words[order[to]] == words[order[from]] {
			to++
		}
		// The upper half of a pair is the place before, which keeps the order of equal texts.
		run := o.pairs[:to-from]
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
