package frame

import (
	"edgeframe/codec/scalar"
)

// groupPart is the selected rows of a row group.
type groupPart struct {
	f    *Frame
	from int
	rows []int32
	// cells has the values of the columns that are read.
	cells map[int]*cells
	// groups has for each of the rows its group, as a number within the part; n is how many there are. They are
	// numbered in the order in which they come first.
	groups []uint32
	n      int
	// values has for each column to group by the keys of its different values, and of for each group the number
	// of its value in each column. first is the first row of each group.
	values [][]string
	of     []uint32
	first  []int64
	// partials are what the accumulators have read.
	partials []any
}

// The first byte of the key of a value to group by.
const (
	keyOfMissing = "\x00"
	keyOfValue   = 1
)

// divide divides the rows into groups: by the first column, and each of these groups by the next one.
func (p *groupPart) divide(by []int) {
	if len(by) == 0 {
		p.groups, p.n, p.first = make([]uint32, len(p.rows)), 1, []int64{-1}
		return
	}
	numbers := make([][]uint32, len(by))
	for i, c := range by {
		cells := p.cells[c]
		var first []int32
		numbers[i], first = cells.number(p.rows)
		p.values = append(p.values, cells.keysIn(first))
		if i == 0 {
			p.groups, p.n = numbers[0], len(first)
		} else {
			p.groups, p.n = combined(p.groups, p.n, numbers[i], len(first))
		}
	}
	for i, group := range p.groups {
		if int(group) == len(p.first) {
			p.first = append(p.first, int64(p.from)+int64(p.rows[i]))
			for at := range by {
				p.of = append(p.of, numbers[at][i])
			}
		}
	}
}

// keysIn returns the keys of the cells in some rows, after a byte that says whether there is a value.
func (c *cells) keysIn(rows []int32) []string {
	keys, key := make([]string, len(rows)), scalar.Keys(c.arr)
	var text []byte
	for i, row := range rows {
		keys[i] = keyOfMissing
		if c.has(row) {
			text = key(append(text[:0], keyOfValue), int(row))
			keys[i] = string(text)
		}
	}
	return keys
}

// numberedSpan is up to how many pairs of numbers have a place each in a table.
const numberedSpan = 1 << 16

// combined returns groups of rows of which both numbers are equal, and how many groups there are. The first ones
// are less than n, the others less than m.
func combined(groups []uint32, n int, numbers []uint32, m int) ([]uint32, int) {
	out := make([]uint32, len(groups))
	if n*m > numberedSpan {
		known := newNumbering()
		for i, group := range groups {
			out[i] = known.number(uint64(group)<<32 | uint64(numbers[i]))
		}
		return out, len(known.words)
	}
	known := make([]uint32, n*m) // one more than the number, 0 for none
	count := uint32(0)
	for i, group := range groups {
		at := &known[int(group)*m+int(numbers[i])]
		if *at == 0 {
			count++
			*at = count
		}
		out[i] = *at - 1
	}
	return out, int(count)
}

// groupNumbers gives numbers to the groups of all parts.
type groupNumbers struct {
	// values has the different values of each column to group by.
	values []groupValues
	// pairs has for each column after the first one the pairs of a number of the columns before, and one of its
	// values.
	pairs []*numbering
}

// groupValues are the keys of different values, and their numbers.
type groupValues struct {
	numbers map[string]uint32
	keys    []string
}

const (
	// groupBytes is about the memory for a group besides its aggregates and pairs, numberedBytes that for a value
	// besides its key.
	groupBytes    = 40
	numberedBytes = 80
)

func newGroupNumbers(columns int) *groupNumbers {
	n := &groupNumbers{values: make([]groupValues, columns)}
	for i := range n.values {
		n.values[i].numbers = map[string]uint32{}
		n.pairs = append(n.pairs, newNumbering())
	}
	return n
}

// merge returns the numbers of the groups of a part, and the memory that they take.
func (n *groupNumbers) merge(p *groupPart) (numbers []uint32, bytes int64) {
	numbers = make([]uint32, p.n)
	for at := range n.values {
		v := &n.values[at]
		local := make([]uint32, len(p.values[at]))
		for i, key := range p.values[at] {
			number, known := v.numbers[key]
			if !known {
				number = uint32(len(v.keys))
				v.numbers[key], v.keys = number, append(v.keys, key)
				bytes += numberedBytes + int64(len(key))
			}
			local[i] = number
		}
		pairs := n.pairs[at]
		before := len(pairs.words)
		for group := range numbers {
			number := local[p.of[group*len(n.values)+at]]
			if at > 0 {
				number = pairs.number(uint64(numbers[group])<<32 | uint64(number))
			}
			numbers[group] = number
		}
		bytes += slotBytes * int64(len(pairs.words)-before)
	}
	return numbers, bytes
}
