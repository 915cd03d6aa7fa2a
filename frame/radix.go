package frame

import (
	"math/bits"

	"edgeframe/internal/parallel"
)

const (
	// digitBits is the most bits of a digit by which rows are sorted at once.
	digitBits = 11
	// sortedPart is the number of rows that are sorted in one go, about a millisecond's work.
	sortedPart = 1 << 18
)

// ordering sorts the positions of a selection.
type ordering struct {
	f     *Frame
	order []uint32
	// code has for each position the bits to sort by that have been collected, width of them.
	code  []uint64
	width int
	// pairs and spare have a part of a code in their upper bits, and a position in the lower ones. They are there
	// while rows are sorted.
	pairs, spare []uint64
	// free are lists of n words that are not in use.
	free [][]uint64
	// counts has for each part of the pairs how many have each digit, and then where the next of them goes.
	counts [][1 << digitBits]uint32
}

func newOrdering(f *Frame, n int) *ordering {
	o := &ordering{f: f, order: make([]uint32, n), code: make([]uint64, n)}
	for i := range o.order {
		o.order[i] = uint32(i)
	}
	o.counts = make([][1 << digitBits]uint32, (n+sortedPart-1)/sortedPart)
	return o
}

// words returns a list of n words with anything in it.
func (o *ordering) words() ([]uint64, error) {
	if last := len(o.free) - 1; last >= 0 {
		words := o.free[last]
		o.free = o.free[:last]
		return words, nil
	}
	return make([]uint64, len(o.order)), o.f.reserve(wordBytes * int64(len(o.order)))
}

// each calls work for the parts of all rows, those from from to to.
func (o *ordering) each(work func(part, from, to int)) error {
	return parallel.Do(len(o.counts), func(part int) error {
		work(part, part*sortedPart, min((part+1)*sortedPart, len(o.order)))
		return o.f.Ended()
	})
}

// room returns where width more bits go. If there is no room for them, it sorts by those that are there.
func (o *ordering) room(width int) (shift int, err error) {
	if o.width+width > 64 {
		err = o.sort()
	}
	shift = o.width
	o.width += width
	return shift, err
}

// sort sorts the rows by the bits that have been collected. Rows in which they are equal keep their order.
func (o *ordering) sort() error {
	if o.width == 0 {
		return nil
	}
	var err error
	if o.pairs, err = o.words(); err != nil {
		return err
	}
	if o.spare, err = o.words(); err != nil {
		return err
	}
	position := bits.Len(uint(len(o.order) - 1))
	room := 64 - position
	for from := 0; from < o.width; from += room {
		width := min(room, o.width-from)
		err := o.each(func(_, first, last int) {
			for i := first; i < last; i++ {
				at := o.order[i]
				o.pairs[i] = o.code[at]>>from<<position | uint64(at)
			}
		})
		if err != nil {
			return err
		}
		if err := o.sortPairs(position, width); err != nil {
			return err
		}
		mask := uint64(1)<<position - 1
		err = o.each(func(_, first, last int) {
			for i := first; i < last; i++ {
				o.order[i] = uint32(o.pairs[i] & mask)
			}
		})
		if err != nil {
			return err
		}
	}
	o.free = append(o.free, o.pairs, o.spare)
	clear(o.code)
	o.width = 0
	return nil
}

// sortPairs sorts the pairs by width bits above the positions.
func (o *ordering) sortPairs(position, width int) error {
	passes := (width + digitBits - 1) / digitBits
	digit := (width + passes - 1) / passes
	for at := 0; at < width; at += digit {
		if err := o.pass(uint(position+at), uint64(1)<<min(digit, width-at)-1); err != nil {
			return err
		}
	}
	return nil
}

// pass sorts the pairs by one digit. It counts the digits of each part, so that the parts can be moved at the
// same time.
func (o *ordering) pass(shift uint, mask uint64) error {
	err := o.each(func(part, from, to int) {
		count := &o.counts[part]
		clear(count[:])
		for _, pair := range o.pairs[from:to] {
			count[pair>>shift&mask&(1<<digitBits-1)]++
		}
	})
	if err != nil {
		return err
	}
	next := uint32(0)
	for digit := range mask + 1 {
		before := next
		for part := range o.counts {
			n := o.counts[part][digit]
			o.counts[part][digit] = next
			next += n
		}
		if next-before == uint32(len(o.pairs)) {
			return nil // they all have the same
		}
	}
	err = o.each(func(part, from, to int) {
		count, moved := &o.counts[part], o.spare
		for _, pair := range o.pairs[from:to] {
			at := &count[pair>>shift&mask&(1<<digitBits-1)]
			moved[*at] = pair
			*at++
		}
	})
	o.pairs, o.spare = o.spare, o.pairs
	return err
}
