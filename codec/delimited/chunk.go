package delimited

import (
	"math"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// textChunk holds the values of one column in one row group.
type textChunk struct {
	kind        cellKind
	rows, nulls int
	// valid has a bit for each row, as in Arrow. It may be shorter than the
	// rows as long as no row after its end is missing.
	valid []byte
	// words are the values of all kinds but text, in the form of [cellParsers].
	words []uint64
	// packed are the values of the kinds that Arrow keeps in less than a word.
	packed []byte
	// offsets and text are the values of text, as in Arrow.
	offsets []int32
	text    []byte
	// built are the values of a column that a builder makes.
	built arrow.Array
}

// reserve returns s with room for n more elements. If it has to grow, it grows to at least
// likely elements.
func reserve[T uint64 | int32 | byte](c *textColumn, s []T, n, likely int) []T {
	need := len(s) + n
	if need <= cap(s) {
		return s
	}
	size := max(need, likely, 2*cap(s))
	c.take((size - cap(s)) * int(unsafe.Sizeof(*new(T))))
	grown := make([]T, len(s), size)
	copy(grown, s)
	return grown
}

// setMissing marks a row of the current row group as missing.
func (c *textColumn) setMissing(row int) {
	chunk := &c.chunk
	if row/8 >= len(chunk.valid) {
		c.growValid(max(cap(chunk.words), cap(chunk.offsets), row+1))
	}
	bitutil.ClearBit(chunk.valid, row)
	chunk.nulls++
}

// growValid gives valid a set bit for each further row.
func (c *textColumn) growValid(rows int) {
	size := int(bitutil.BytesForBits(int64(rows)))
	has := len(c.chunk.valid)
	valid := reserve(c, c.chunk.valid, size-has, 0)[:size]
	bitutil.SetBitsTo(valid, int64(8*has), int64(8*(size-has)), true)
	c.chunk.valid = valid
}

// finish ends the current row group.
func (c *textColumn) finish() {
	chunk := &c.chunk
	if c.want != nil && c.want.builder != nil {
		chunk.built = c.want.builder.Array()
	}
	if chunk.nulls > 0 && chunk.kind != cellNull {
		if 8*len(chunk.valid) < chunk.rows {
			c.growValid(chunk.rows)
		}
		// The bits after the last row are zero, so that equal columns have equal bytes.
		chunk.valid = chunk.valid[:bitutil.BytesForBits(int64(chunk.rows))]
		bitutil.SetBitsTo(chunk.valid, int64(chunk.rows), int64(8*len(chunk.valid)-chunk.rows), false)
	}
	switch chunk.kind {
	case cellBool:
		c.packBits()
	case cellDate:
		c.packDays()
	}
	c.chunks = append(c.chunks, *chunk)
	c.chunk = textChunk{kind: c.kind}
}

func (c *textColumn) packBits() {
	size := int(bitutil.BytesForBits(int64(c.chunk.rows)))
	packed := reserve(c, c.chunk.packed, size, 0)[:size]
	for row, w := range c.chunk.words {
		packed[row/8] |= byte(w) << (row % 8)
	}
	c.chunk.packed = packed
	c.spare, c.chunk.words = c.chunk.words[:0], nil
}

func (c *textColumn) packDays() {
	days := reserve(c, []int32(nil), c.chunk.rows, 0)
	for _, w := range c.chunk.words {
		days = append(days, int32(w))
	}
	c.chunk.packed = arrow.Int32Traits.CastToBytes(days)
	c.spare, c.chunk.words = c.chunk.words[:0], nil
}

func (t *textChunk) toFloat() {
	if t.kind != cellInt {
		return
	}
	t.kind = cellFloat
	for i, w := range t.words {
		t.words[i] = math.Float64bits(float64(int64(w)))
	}
}

// array returns the chunk as an Arrow array of the column's kind. All chunks of a column
// have that kind, except those in which everything is missing.
func (c *textColumn) array(t *textChunk) arrow.Array {
	if t.built != nil {
		return t.built
	}
	if t.kind == cellNull && c.kind != cellNull {
		return c.missing(t.rows)
	}
	buffers := []*memory.Buffer{nil}
	if t.nulls > 0 && t.kind != cellNull {
		buffers[0] = memory.NewBufferBytes(t.valid)
	}
	switch t.kind {
	case cellNull:
	case cellBool, cellDate:
		buffers = append(buffers, memory.NewBufferBytes(t.packed))
	case cellText:
		buffers = append(buffers, memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(t.offsets)), memory.NewBufferBytes(t.text))
	default:
		buffers = append(buffers, memory.NewBufferBytes(arrow.Uint64Traits.CastToBytes(t.words)))
	}
	return array.MakeFromData(array.NewData(t.kind.dataType(), t.rows, buffers, nil, t.nulls, 0))
}

// missing returns an array without values.
func (c *textColumn) missing(rows int) arrow.Array {
	zeros := make([]byte, 0)
	size := 8*(rows+1) + int(bitutil.BytesForBits(int64(rows)))
	zeros = reserve(c, zeros, size, 0)[:size]
	buffers := []*memory.Buffer{memory.NewBufferBytes(zeros[8*(rows+1):]), memory.NewBufferBytes(zeros[:8*(rows+1)])}
	if c.kind == cellText {
		buffers = append(buffers, memory.NewBufferBytes([]byte{}))
	}
	return array.MakeFromData(array.NewData(c.kind.dataType(), rows, buffers, nil, rows, 0))
}
