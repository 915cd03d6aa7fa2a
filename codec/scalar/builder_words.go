package scalar

import (
	"encoding/binary"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec"
)

// words keeps values of a fixed width as Arrow does. It is the part of the makers of such types
// that has nothing to do with what the values mean.
type words struct {
	dt  arrow.DataType
	mem *codec.Budget
	// width is the number of bytes of a value.
	width    int
	n, nulls int
	values   []byte
	// valid has a bit for each value. It may be short as long as no value behind its end is
	// missing.
	valid []byte
}

func newWords(dt arrow.DataType, mem *codec.Budget) words {
	return words{dt: dt, mem: mem, width: dt.(arrow.FixedWidthDataType).Bytes()}
}

// wordBytes is the number of bytes that put writes, whatever the width is: the next value
// overwrites those that are too many. This takes little-endian numbers for granted, which Arrow
// has in memory on all machines that Go programs of this kind run on.
const wordBytes = 8

// put appends a value of at most eight bytes.
func (w *words) put(v uint64) {
	end := len(w.values)
	if cap(w.values)-end < wordBytes {
		w.grow(wordBytes)
	}
	binary.LittleEndian.PutUint64(w.values[end:end+wordBytes], v)
	w.values = w.values[:end+w.width]
	w.n++
}

// putAll appends values of at most eight bytes.
func (w *words) putAll(values []uint64) {
	for _, v := range values {
		w.put(v)
	}
}

// putBytes appends a value of any width.
func (w *words) putBytes(v []byte) {
	if cap(w.values)-len(w.values) < len(v) {
		w.grow(len(v))
	}
	w.values = append(w.values, v...)
	w.n++
}

// grow makes room for n more bytes, and at least doubles the room.
func (w *words) grow(n int) { w.extend(max(n, len(w.values))) }

// extend makes room for n more bytes.
func (w *words) extend(n int) {
	const slack = 64 // so that room for a number of values has room for put behind the last
	need := len(w.values) + n + slack
	if need <= cap(w.values) {
		return
	}
	w.mem.Take(int64(need - cap(w.values)))
	grown := make([]byte, len(w.values), need)
	copy(grown, w.values)
	w.values = grown
}

func (w *words) reserve(n int) { w.extend(n * w.width) }

func (w *words) null() {
	if w.n/8 >= len(w.valid) {
		w.growValid(max(w.n+1, cap(w.values)/w.width))
	}
	bitutil.ClearBit(w.valid, w.n)
	w.nulls++
	if end := len(w.values); cap(w.values)-end < w.width {
		w.grow(w.width)
	}
	end := len(w.values)
	w.values = w.values[:end+w.width]
	clear(w.values[end:])
	w.n++
}

// growValid gives valid a set bit for each further value, so that it has at least n.
func (w *words) growValid(n int) {
	size := int(bitutil.BytesForBits(int64(n)))
	w.mem.Take(int64(size - len(w.valid)))
	has := len(w.valid)
	w.valid = slices.Grow(w.valid, size-has)[:size]
	bitutil.SetBitsTo(w.valid, int64(8*has), int64(8*(size-has)), true)
}

func (w *words) array() arrow.Array {
	values := w.values
	w.values = nil
	return w.arrayOf(values)
}

// arrayOf returns an array with these bytes of values.
func (w *words) arrayOf(values []byte) arrow.Array {
	buffers := []*memory.Buffer{nil, memory.NewBufferBytes(values)}
	if w.nulls > 0 {
		if 8*len(w.valid) < w.n {
			w.growValid(w.n)
		}
		// What is behind the last value is zero, so that equal columns have equal bytes.
		valid := w.valid[:bitutil.BytesForBits(int64(w.n))]
		bitutil.SetBitsTo(valid, int64(w.n), int64(8*len(valid)-w.n), false)
		buffers[0] = memory.NewBufferBytes(valid)
	}
	data := array.NewData(w.dt, w.n, buffers, nil, w.nulls, 0)
	w.n, w.nulls, w.values, w.valid = 0, 0, nil, nil
	return array.MakeFromData(data)
}

// boolMaker makes true and false. It keeps a byte for each until it packs them into bits.
type boolMaker struct {
	refuses
	words
}

func (m *boolMaker) boolean(v bool) bool {
	word := uint64(0)
	if v {
		word = 1
	}
	m.put(word)
	return true
}

func (m *boolMaker) text(b []byte) Fit {
	v, fit := ParseBool(b)
	if fit == NoFit {
		v, fit = parseBit(b)
	}
	if fit != NoFit {
		m.boolean(v)
	}
	return fit
}

// parseBit reads 1 and 0, also as floats are spelled. They are booleans only where a type says so.
func parseBit(b []byte) (v bool, fit Fit) {
	switch string(b) {
	case "1", "1.0":
		return true, Respelled
	case "0", "0.0":
		return false, Respelled
	}
	return false, NoFit
}

func (m *boolMaker) array() arrow.Array {
	size := int(bitutil.BytesForBits(int64(m.n)))
	m.mem.Take(int64(size))
	packed := make([]byte, size)
	for row, v := range m.values {
		packed[row/8] |= v << (row % 8)
	}
	return m.arrayOf(packed)
}
