package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec"
	"edgeframe/codec/internal/layout"
)

// leaf returns the array of a node without children.
func (b *builder) leaf(n *node) (arrow.ArrayData, error) {
	c, l := b.columns[n.first-b.first], b.leaves[n.first-b.first]
	b.take(layout.ArrayCost)
	s := b.slots(n, l)
	if s.n-s.nulls != l.values.n {
		return nil, errShapes
	}
	if dt, ok := n.dt.(*arrow.DictionaryType); ok {
		return b.dictionary(c, dt, &l.values, s)
	}
	return b.storage(n, n.dt, &l.values, s)
}

// slots returns which values of a leaf are missing. Entries of lists without elements have no place.
func (b *builder) slots(n *node, l *leafRows) *shape {
	if countPresent(l.def, n.def, l.n) == l.n {
		return &shape{n: l.n}
	}
	b.take(int64(l.n) / 8)
	s := &shape{validity: make([]byte, bitutil.BytesForBits(int64(l.n)))}
	rest := l.def
	if n.outer == 0 {
		rest = s.eights(l.def, n.def)
	}
	for _, def := range rest {
		if def == n.def {
			s.validity[s.n>>3] |= 1 << (s.n & 7)
		} else if def < n.outer {
			continue
		} else {
			s.nulls++
		}
		s.n++
	}
	s.validity = s.validity[:bitutil.BytesForBits(int64(s.n))]
	return s
}

// eights adds as many entries as make whole bytes of the validity, all of which have a place, and returns the others.
func (s *shape) eights(defs []uint8, present uint8) (rest []uint8) {
	const low, gather = 0x7f7f7f7f7f7f7f7f, 0x0102040810204080
	same := uint64(present) * 0x0101010101010101
	for ; len(defs) >= 8; defs = defs[8:] {
		// The highest bit of each byte of differs says whether it is another level; the product moves these bits together.
		x := binary.LittleEndian.Uint64(defs) ^ same
		differs := ((x & low) + low | x) &^ low
		missing := uint8((differs >> 7) * gather >> 56)
		s.validity[s.n>>3] = ^missing
		s.nulls += bits.OnesCount8(missing)
		s.n += 8
	}
	return defs
}

// storage returns the values of v as an array of type dt, with missing values as in s.
func (b *builder) storage(n *node, dt arrow.DataType, v *vector, s *shape) (*array.Data, error) {
	switch dt.(type) {
	case *arrow.NullType:
		if v.n > 0 {
			return nil, errors.New("it is of type NULL but has values")
		}
		return array.NewData(dt, s.n, []*memory.Buffer{nil}, nil, s.n, 0), nil
	case *arrow.BooleanType:
		return array.NewData(dt, s.n, []*memory.Buffer{s.buffer(), b.bools(v, s)}, nil, s.nulls, 0), nil
	}
	fixed, ok := dt.(arrow.FixedWidthDataType)
	if !ok {
		return b.bytes(n, dt, v, s)
	}
	data, err := b.convert(n, dt, v)
	if err != nil {
		return nil, err
	}
	width := fixed.Bytes()
	if len(data) != width*v.n {
		return nil, fmt.Errorf("values of type %s cannot be read as %s", n.physical, dt)
	}
	return array.NewData(dt, s.n, []*memory.Buffer{s.buffer(), memory.NewBufferBytes(b.spread(data, width, s))}, nil, s.nulls, 0), nil
}

// bools packs the values of v, a byte each, into bits.
func (b *builder) bools(v *vector, s *shape) *memory.Buffer {
	b.take(int64(s.n) / 8)
	out := make([]byte, bitutil.BytesForBits(int64(s.n)))
	at := 0
	for i := range s.n {
		if s.nulls > 0 && !bitutil.BitIsSet(s.validity, i) {
			continue
		}
		out[i>>3] |= v.data[at] & 1 << (i & 7)
		at++
	}
	return memory.NewBufferBytes(out)
}

// spread returns values of width bytes with room for the missing ones.
func (b *builder) spread(data []byte, width int, s *shape) []byte {
	if s.nulls == 0 {
		return data
	}
	b.take(int64(s.n) * int64(width))
	out := make([]byte, s.n*width)
	from := 0
	for i := range s.n {
		if bitutil.BitIsSet(s.validity, i) {
			copy(out[i*width:(i+1)*width], data[from:from+width])
			from += width
		}
	}
	return out
}

// bytes is storage for text and bytes of any length.
func (b *builder) bytes(n *node, dt arrow.DataType, v *vector, s *shape) (*array.Data, error) {
	switch dt.(type) {
	case *arrow.StringType, *arrow.LargeStringType, *arrow.StringViewType:
		if !plainText(v) {
			return nil, codec.Errorf(codec.ErrMalformed, "column %q of the Parquet file has text that is not valid UTF-8: write UTF-8, or a column of type binary", codec.Shorten(n.column))
		}
	}
	if v.offsets == nil {
		return nil, fmt.Errorf("values of type %s cannot be read as %s", n.physical, dt)
	}
	switch dt.(type) {
	case *arrow.StringViewType, *arrow.BinaryViewType:
		return b.views(dt, v, s), nil
	}
	offsets := v.offsets
	if s.nulls > 0 {
		b.take(4 * int64(s.n+1))
		offsets = make([]int32, s.n+1)
		at := 0
		for i := range s.n {
			if bitutil.BitIsSet(s.validity, i) {
				at++
			}
			offsets[i+1] = v.offsets[at]
		}
	}
	ends := intBuffer(offsets)
	switch dt.(type) {
	case *arrow.LargeStringType, *arrow.LargeBinaryType:
		ends = intBuffer(widen(offsets, b.take))
	}
	return array.NewData(dt, s.n, []*memory.Buffer{s.buffer(), ends, memory.NewBufferBytes(v.data)}, nil, s.nulls, 0), nil
}

// plainText reports whether all values are UTF-8.
func plainText(v *vector) bool {
	if !utf8.Valid(v.data) {
		return false
	}
	for _, o := range v.offsets {
		if int(o) < len(v.data) && !utf8.RuneStart(v.data[o]) {
			return false
		}
	}
	return true
}

// views returns an array of text or byte views.
func (b *builder) views(dt arrow.DataType, v *vector, s *shape) *array.Data {
	b.take(int64(s.n*arrow.ViewHeaderSizeBytes) + int64(len(v.data)))
	builder := array.NewBuilder(memory.DefaultAllocator, dt)
	builder.Reserve(s.n)
	at := 0
	for i := range s.n {
		if s.nulls > 0 && !bitutil.BitIsSet(s.validity, i) {
			builder.AppendNull()
			continue
		}
		switch builder := builder.(type) {
		case *array.StringViewBuilder:
			builder.Append(string(v.at(at)))
		case *array.BinaryViewBuilder:
			builder.Append(v.at(at))
		}
		at++
	}
	return builder.NewArray().Data().(*array.Data)
}
