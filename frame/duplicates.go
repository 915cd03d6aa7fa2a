package frame

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/zeebo/xxh3"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
	"edgeframe/internal/parallel"
)

const (
	// duplicateBytes is about the memory for a row while duplicates are searched.
	duplicateBytes = 128
	// digestedRows is the number of rows whose cells are written side by side at once.
	digestedRows = 1 << 11
	// duplicatePart is about the number of rows among which duplicates are searched at once, so that they are in the
	// cache of the processor.
	duplicatePart = 1 << 14
)

// digests returns for each row a digest of its cells in some columns. Rows with equal digests count
// as equal: XXH3 has 128 bits, and its seed is random so that nobody can prepare a collision.
func (f *Frame) digests(columns []int) ([]xxh3.Uint128, error) {
	rows := f.NumRows()
	if rows > f.Limits.Bytes/duplicateBytes {
		return nil, codec.Errorf(codec.ErrTooLarge, "looking for equal ones among %d rows takes more than the %d bytes of memory that a table may have", rows, f.Limits.Bytes)
	}
	if err := f.LoadColumns(columns); err != nil {
		return nil, err
	}
	digests, seed, ranges := make([]xxh3.Uint128, rows), rand.Uint64(), f.groupRanges()
	types := make([]arrow.DataType, len(columns))
	for i, c := range columns {
		types[i] = f.Columns[c].Field.Type
	}
	err := parallel.Do(len(ranges), func(g int) error {
		r := ranges[g]
		d := newDigester(types, seed, false)
		for from := r.from; from < r.to; from += digestedRows {
			if err := f.Ended(); err != nil {
				return err
			}
			to := min(from+digestedRows, r.to)
			for i, c := range columns {
				d.cells(i, slice(f.Columns[c].Chunks[r.group].Data, from-r.from, to-r.from))
			}
			d.digest(digests[from:to])
		}
		return nil
	})
	return digests, err
}

// digester writes the cells of rows side by side: of each whether it is there, and its word, or the digest of its key.
type digester struct {
	seed uint64
	// chained says that the digests that are set have those of other cells, which come first in a row.
	chained bool
	// words says which columns have values that fit a word. at is where the cell of a column is in a row, and width
	// the number of bytes of a row.
	words []bool
	at    []int
	width int
	rows  []byte
	key   []byte
	// scratch has room for the words of a column.
	scratch [digestedRows]uint64
}

func newDigester(types []arrow.DataType, seed uint64, chained bool) *digester {
	d := &digester{seed: seed, chained: chained, words: make([]bool, len(types)), at: make([]int, len(types))}
	if chained {
		d.width = 2 * wordBytes
	}
	for i, dt := range types {
		d.words[i], d.at[i] = fitsWord(valuesOf(dt)), d.width
		if d.width += 1 + wordBytes; !d.words[i] {
			d.width += wordBytes
		}
	}
	d.rows = make([]byte, digestedRows*d.width)
	return d
}

// cells writes the cells of column i. Missing ones are zeros.
func (d *digester) cells(i int, arr arrow.Array) {
	c := &cells{arr: arr}
	c.countMissing()
	out := d.rows[d.at[i]:]
	if d.words[i] {
		words := d.scratch[:arr.Len()]
		wordsInto(words, arr, c.missing)
		for row, word := range words {
			cell := out[row*d.width:][:1+wordBytes]
			if c.missing != nil && c.missing[row] {
				clear(cell)
				continue
			}
			cell[0] = 1
			binary.LittleEndian.PutUint64(cell[1:], word)
		}
		return
	}
	key := scalar.Keys(arr)
	data, offsets := plainTexts(arr)
	for row := range arr.Len() {
		cell := out[row*d.width:][:1+2*wordBytes]
		if c.missing != nil && c.missing[row] {
			clear(cell)
			continue
		}
		var digest xxh3.Uint128
		if offsets != nil {
			digest = digestOf(data[offsets[row]:offsets[row+1]], d.seed)
		} else {
			d.key = key(d.key[:0], row)
			digest = digestOf(d.key, d.seed)
		}
		cell[0] = 1
		binary.LittleEndian.PutUint64(cell[1:], digest.Lo)
		binary.LittleEndian.PutUint64(cell[1+wordBytes:], digest.Hi)
	}
}

// digest sets out to the digests of the rows whose cells have been written.
func (d *digester) digest(out []xxh3.Uint128) {
	for row := range out {
		cells := d.rows[row*d.width:][:d.width]
		if d.chained {
			binary.LittleEndian.PutUint64(cells, out[row].Lo)
			binary.LittleEndian.PutUint64(cells[wordBytes:], out[row].Hi)
		}
		out[row] = xxh3.Hash128Seed(cells, d.seed)
	}
}

// numberedDigest is the digest of a row.
type numberedDigest struct {
	digest xxh3.Uint128
	row    uint32
}

// duplicated returns which rows are equal to another one that is kept: to the first of equal rows, to the last one, or,
// for none, to any other.
func (f *Frame) duplicated(digests []xxh3.Uint128, keep string) ([]bool, error) {
	gone := make([]bool, len(digests))
	parts, err := f.partition(digests)
	if err != nil {
		return nil, err
	}
	err = parallel.Do(len(parts), func(i int) error {
		markDuplicates(parts[i], keep, gone)
		return f.Ended()
	})
	return gone, err
}

// partition returns the digests in parts, so that equal ones are in the same part, in the order of their rows.
func (f *Frame) partition(digests []xxh3.Uint128) ([][]numberedDigest, error) {
	width := bits.Len(uint(len(digests) / duplicatePart))
	ranges := f.groupRanges()
	// next has for each row group how many of its rows are in each part, and then where the next of them goes.
	next := make([][]uint32, len(ranges))
	err := parallel.Do(len(ranges), func(g int) error {
		next[g] = make([]uint32, 1<<width)
		for _, d := range digests[ranges[g].from:ranges[g].to] {
			next[g][d.Hi>>(64-width)]++
		}
		return f.Ended()
	})
	if err != nil {
		return nil, err
	}
	all, parts, at := make([]numberedDigest, len(digests)), make([][]numberedDigest, 1<<width), uint32(0)
	for part := range parts {
		from := at
		for g := range ranges {
			n := next[g][part]
			next[g][part] = at
			at += n
		}
		parts[part] = all[from:at]
	}
	err = parallel.Do(len(ranges), func(g int) error {
		for row := ranges[g].from; row < ranges[g].to; row++ {
			to := &next[g][digests[row].Hi>>(64-width)]
			all[*to] = numberedDigest{digests[row], uint32(row)}
			*to++
		}
		return f.Ended()
	})
	return parts, err
}

// markDuplicates marks the rows of a part that are equal to one that is kept.
func markDuplicates(part []numberedDigest, keep string, gone []bool) {
	// The places of slots have the place in part of a row with a digest, one more than it, and 0 for none.
	slots := make([]uint32, 2<<bits.Len(uint(len(part))))
	mask := uint64(len(slots) - 1)
	for i, d := range part {
		slot := d.digest.Lo & mask
		for slots[slot] != 0 && part[slots[slot]-1].digest != d.digest {
			slot = (slot + 1) & mask
		}
		if slots[slot] == 0 {
			slots[slot] = uint32(i + 1)
			continue
		}
		before := part[slots[slot]-1].row
		switch keep {
		case "last":
			gone[before] = true
			slots[slot] = uint32(i + 1)
		case "none":
			gone[before], gone[d.row] = true, true
		default:
			gone[d.row] = true
		}
	}
}
