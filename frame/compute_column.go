package frame

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec"
)

// columnBuilder makes an array of the values of vectors.
type columnBuilder struct {
	exprType
	mem *codec.Budget
	// bytes is the memory that the array takes.
	bytes    int64
	n, nulls int
	// valid has a bit for each row, as bits has for values of bool.
	valid, bits []byte
	days        []int32
	ints        []int64
	floats      []float64
	// text has the texts, which end where ends says.
	text []byte
	ends []int32
}

// newColumnBuilder returns a builder of rows values of a type.
func newColumnBuilder(mem *codec.Budget, t exprType, rows int) *columnBuilder {
	b := &columnBuilder{exprType: t, mem: mem}
	width := int64(8)
	switch {
	case t.kind == boolKind:
		width = 0
	case t.kind == textKind, b.isNarrow():
		width = 4
	}
	bitmap := bitutil.BytesForBits(int64(rows))
	b.take(width*int64(rows) + 2*bitmap)
	b.valid = make([]byte, bitmap)
	switch {
	case t.kind == boolKind:
		b.bits = make([]byte, bitmap)
	case t.kind == floatKind:
		b.floats = make([]float64, 0, rows)
	case t.kind == textKind:
		b.ends = make([]int32, 1, rows+1)
	case b.isNarrow():
		b.days = make([]int32, 0, rows)
	default:
		b.ints = make([]int64, 0, rows)
	}
	return b
}

// isNarrow reports whether values have 32 bits.
func (b *columnBuilder) isNarrow() bool {
	return b.kind == dateKind || b.kind == timeKind && b.arrow().ID() == arrow.TIME32
}

func (b *columnBuilder) take(bytes int64) {
	b.mem.Take(bytes)
	b.bytes += bytes
}

// add appends the first n values of a vector.
func (b *columnBuilder) add(v *vector, n int) error {
	for row := range n {
		if v.isMissing(row) || b.kind == nullKind {
			b.nulls++
		} else {
			bitutil.SetBit(b.valid, b.n+row)
		}
	}
	switch {
	case b.kind == nullKind:
	case b.bits != nil:
		for row, value := range v.bools[:n] {
			bitutil.SetBitTo(b.bits, b.n+row, value)
		}
	case b.floats != nil:
		b.floats = append(b.floats, v.floats[:n]...)
	case b.ends != nil:
		if err := b.addTexts(v, n); err != nil {
			return err
		}
	case b.days != nil:
		for _, value := range v.ints[:n] {
			b.days = append(b.days, int32(value))
		}
	default:
		b.ints = append(b.ints, v.ints[:n]...)
	}
	b.n += n
	return nil
}

func (b *columnBuilder) addTexts(v *vector, n int) error {
	size := len(b.text)
	for row, text := range v.texts[:n] {
		if !v.isMissing(row) {
			size += len(text)
		}
	}
	if size > math.MaxInt32 {
		return codec.Errorf(codec.ErrTooLarge, "the texts of %d rows take more than 2 GiB", b.n+n)
	}
	if size > cap(b.text) {
		size = max(size, min(2*cap(b.text), math.MaxInt32))
		b.take(int64(size - cap(b.text)))
		grown := make([]byte, len(b.text), size)
		copy(grown, b.text)
		b.text = grown
	}
	for row, text := range v.texts[:n] {
		if !v.isMissing(row) {
			b.text = append(b.text, text...)
		}
		b.ends = append(b.ends, int32(len(b.text)))
	}
	return nil
}

// array returns the array of the values.
func (b *columnBuilder) array() arrow.Array {
	if b.kind == nullKind {
		return MakeNulls(arrow.Null, b.n)
	}
	buffers := []*memory.Buffer{nil}
	if b.nulls > 0 {
		buffers[0] = memory.NewBufferBytes(b.valid)
	}
	add := func(bytes []byte) { buffers = append(buffers, memory.NewBufferBytes(bytes)) }
	switch {
	case b.bits != nil:
		add(b.bits)
	case b.floats != nil:
		add(arrow.Float64Traits.CastToBytes(b.floats))
	case b.ends != nil:
		add(arrow.Int32Traits.CastToBytes(b.ends))
		add(b.text)
	case b.days != nil:
		add(arrow.Int32Traits.CastToBytes(b.days))
	default:
		add(arrow.Int64Traits.CastToBytes(b.ints))
	}
	data := array.NewData(b.arrow(), b.n, buffers, nil, b.nulls, 0)
	defer data.Release()
	return array.MakeFromData(data)
}
