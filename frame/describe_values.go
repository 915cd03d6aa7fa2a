package frame

import (
	"bytes"
	"math/bits"
	"math/rand/v2"
	"slices"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/zeebo/xxh3"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// tallyBytes is the memory for counting a distinct value. Measured were 53 to 73 bytes, depending on
// how many there are.
const tallyBytes = 80

// tallies counts the occurrences of values, by the digests of their keys, up to a number of distinct values. The
// seeds are random, so that nobody can choose values that share a slot.
type tallies struct {
	seed, other uint64
	// slots have the position of a value in list, one more than it, and 0 for none.
	slots []uint32
	list  []tally
	most  int
	// full is true if there were more distinct values than are counted.
	full bool
}

// tally is how often a value occurs, and the place of its first occurrence.
type tally struct {
	digest xxh3.Uint128
	count  int64
	first  cellPlace
}

func newTallies(bytes int64) *tallies {
	return &tallies{seed: rand.Uint64(), other: rand.Uint64(), slots: make([]uint32, firstSlots), most: mostTallies(bytes)}
}

// mostTallies is how many distinct values are counted in that memory.
func mostTallies(bytes int64) int { return int(min(bytes/tallyBytes, 1<<30)) }

// newTallies returns tallies in the memory of another column, if there is one: in Wasm, what each column leaves behind
// would make the memory grow before it is collected.
func (c *describedColumn) newTallies(bytes int64) *tallies {
	old, ok := c.spareTallies.Get().(*tallies)
	if !ok {
		return newTallies(bytes)
	}
	clear(old.slots)
	old.list, old.most, old.full = old.list[:0], mostTallies(bytes), false
	return old
}

// add counts a value n times and reports whether it is new, or not counted because t is full.
func (t *tallies) add(key []byte, at cellPlace, n int64) bool {
	digest := digestOf(key, t.seed)
	slot := t.find(digest)
	if *slot != 0 {
		t.list[*slot-1].count += n
		return false
	}
	if len(t.list) >= t.most {
		t.full = true
		return true
	}
	t.list = append(t.list, tally{digest, n, at})
	*slot = uint32(len(t.list))
	if 2*len(t.list) > len(t.slots) {
		t.slots = make([]uint32, 2*len(t.slots))
		for i := range t.list {
			*t.find(t.list[i].digest) = uint32(i + 1)
		}
	}
	return true
}

// find returns the slot of a digest, or the one that it goes into.
func (t *tallies) find(digest xxh3.Uint128) *uint32 {
	mask := uint64(len(t.slots) - 1)
	high, low := bits.Mul64(digest.Lo^t.seed, digest.Hi^t.other)
	for at := high ^ low; ; at++ {
		slot := &t.slots[at&mask]
		if *slot == 0 || t.list[*slot-1].digest == digest {
			return slot
		}
	}
}

// into writes the number of distinct values into a description.
func (t *tallies) into(out *ColumnDescription) {
	out.Unique, out.UniqueExact = int64(len(t.list)), !t.full
}

// describeValues describes a column by counting its distinct values.
func (c *describedColumn) describeValues(out *ColumnDescription, budget int64, most int) error {
	counted := c.newTallies(budget)
	defer c.spareTallies.Put(counted)
	shortest, longest := int64(-1), int64(-1)
	add := func(key []byte, at cellPlace, n int64) {
		if counted.add(key, at, n) && c.kind == describedText {
			n := int64(utf8.RuneCount(key))
			longest = max(longest, n)
			if shortest < 0 || n < shortest {
				shortest = n
			}
		}
	}
	for g := range c.chunks {
		if err := ended(c.ctx); err != nil {
			return err
		}
		c.chunks[g].tally(int32(g), add)
	}
	counted.into(out)
	if c.kind == describedOther {
		return nil
	}
	out.Frequencies = new(Frequencies)
	if !counted.full {
		out.Top = c.top(counted.list, most)
	}
	if c.kind == describedText {
		out.Lengths = new(Lengths)
		if longest >= 0 {
			out.MinLength, out.MaxLength = &shortest, &longest
		}
	}
	return nil
}

// tally calls add for the values of a chunk that are not missing, with the place where each comes first. A value
// that comes often may be added once, and so often.
func (chunk *describedChunk) tally(group int32, add func(key []byte, at cellPlace, n int64)) {
	if bools, ok := chunk.data.(*array.Boolean); ok {
		chunk.tallyBools(bools, group, add)
		return
	}
	missing := chunk.whichMissing()
	var key []byte
	if index, n := smallIndex(chunk.data); index != nil {
		counts, order := make([]int64, n), []int32(nil)
		for row := range chunk.len {
			if missing != nil && missing[row] {
				continue
			}
			at := index(row)
			if counts[at] == 0 {
				order = append(order, int32(row))
			}
			counts[at]++
		}
		for _, row := range order {
			key = chunk.key(key[:0], int(row))
			add(key, cellPlace{group, row}, counts[index(int(row))])
		}
		return
	}
	data, offsets := plainTexts(chunk.data)
	for row := range chunk.len {
		switch {
		case missing != nil && missing[row]:
		case offsets != nil:
			add(data[offsets[row]:offsets[row+1]], cellPlace{group, int32(row)}, 1)
		default:
			key = chunk.key(key[:0], row)
			add(key, cellPlace{group, int32(row)}, 1)
		}
	}
}

// tallyBools is tally for booleans.
func (chunk *describedChunk) tallyBools(bools *array.Boolean, group int32, add func(key []byte, at cellPlace, n int64)) {
	if chunk.len == 0 {
		return
	}
	bitmap, offset := bools.Data().Buffers()[1].Bytes(), bools.Data().Offset()
	if valid := bools.NullBitmapBytes(); len(valid) > 0 {
		both := make([]byte, bitutil.BytesForBits(int64(chunk.len)))
		bitutil.BitmapAnd(bitmap, valid, int64(offset), int64(offset), both, 0, int64(chunk.len))
		bitmap, offset = both, 0
	}
	set := bitutil.CountSetBits(bitmap, offset, chunk.len)
	for value, n := range []int{chunk.len - bools.NullN() - set, set} {
		row := 0
		for n > 0 && (chunk.missing(row) || bools.Value(row) != (value == 1)) {
			row++
		}
		if n > 0 {
			add([]byte{byte(value)}, cellPlace{group, int32(row)}, int64(n))
		}
	}
}

// smallIndex returns for each row of an array that has few different values the number of its value, and how many
// numbers there are at most. A value may have several. It returns nil for other arrays.
func smallIndex(arr arrow.Array) (index func(row int) int, n int) {
	if a, ok := arr.(*array.Dictionary); ok {
		if n := a.Dictionary().Len(); n <= codec.RowGroupRows {
			return a.GetValueIndex, n
		}
	}
	return nil, 0
}

// maxTopValue is the length to which frequent values are truncated, in characters of text or bytes of
// binary.
const maxTopValue = 256

// top returns the most frequent values.
func (c *describedColumn) top(list []tally, most int) []Frequency {
	type ranked struct {
		tally
		key []byte
	}
	before := func(a, b ranked) int {
		if a.count != b.count {
			return int(min(max(b.count-a.count, -1), 1))
		}
		return bytes.Compare(a.key, b.key)
	}
	var best []ranked
	buf := []byte{}
	for _, t := range list {
		if len(best) == most && t.count < best[most-1].count {
			continue
		}
		buf = c.key(buf[:0], t.first)
		next := ranked{t, buf}
		if len(best) == most && before(next, best[most-1]) > 0 {
			continue
		}
		next.key = bytes.Clone(buf)
		at, _ := slices.BinarySearchFunc(best, next, before)
		best = slices.Insert(best, at, next)
		best = best[:min(len(best), most)]
	}
	top := make([]Frequency, len(best))
	for i, r := range best {
		top[i] = c.frequency(r.tally, r.key)
	}
	return top
}

// frequency returns the value with the given key and its count.
func (c *describedColumn) frequency(t tally, key []byte) Frequency {
	f := Frequency{Count: t.count}
	if scalar.IsUUID(c.field) {
		f.Value = string(scalar.FieldText(c.field, c.chunks[t.first.chunk].data)(nil, int(t.first.row)))
		return f
	}
	switch c.kind {
	case describedBool:
		f.Value = key[0] == 1
	case describedText:
		n := 0
		for i := range string(key) {
			if n == maxTopValue {
				key, f.Truncated = key[:i], true
				break
			}
			n++
		}
		f.Value = string(key)
	default:
		if len(key) > maxTopValue {
			key, f.Truncated = key[:maxTopValue], true
		}
		f.Value = key
	}
	return f
}
