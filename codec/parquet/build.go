package parquet

import (
	"bytes"
	"errors"
	"fmt"
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec"
	"edgeframe/codec/internal/layout"
	"edgeframe/internal/gather"
)

var (
	errRows   = errors.New("it has not as many rows as its row group")
	errShapes = errors.New("its parts do not agree on where there are values")
)

// builder builds the array of a column of the table from the values and levels of the leaf columns
// below it.
type builder struct {
	columns []*column
	leaves  []*leafRows
	// first is the index of the first of them among all leaf columns of the file.
	first int
	take  func(int64)
}

// shape is which values of a node are missing and, of lists and maps, how long they are.
type shape struct {
	n, nulls int
	// validity is nil if no value is missing.
	validity []byte
	// offsets are the Arrow offsets of a list or map.
	offsets []int32
}

func (s *shape) buffer() *memory.Buffer {
	if s.nulls == 0 {
		return nil
	}
	return memory.NewBufferBytes(s.validity)
}

func (b *builder) build(n *node) (arrow.ArrayData, error) {
	if n.kind == kindLeaf {
		return b.leaf(n)
	}
	s, err := b.shape(n)
	if err != nil {
		return nil, err
	}
	b.take(layout.ArrayCost)
	children := make([]arrow.ArrayData, len(n.children))
	for i, child := range n.children {
		if children[i], err = b.build(child); err != nil {
			return nil, err
		}
		want := s.n
		if n.kind != kindStruct {
			want = int(s.offsets[s.n])
		}
		if children[i].Len() != want {
			return nil, errShapes
		}
	}
	switch n.kind {
	case kindStruct:
		return array.NewData(n.dt, s.n, []*memory.Buffer{s.buffer()}, children, s.nulls, 0), nil
	case kindMap:
		if children[0].NullN() > 0 {
			return nil, errors.New("a map has missing keys")
		}
		entries := array.NewData(n.dt.(*arrow.MapType).Elem(), children[0].Len(), []*memory.Buffer{nil}, children, 0, 0)
		return array.NewData(n.dt, s.n, []*memory.Buffer{s.buffer(), intBuffer(s.offsets)}, []arrow.ArrayData{entries}, s.nulls, 0), nil
	}
	return b.list(n.dt, s, children[0])
}

func intBuffer[T int32 | int64](values []T) *memory.Buffer {
	return memory.NewBufferBytes(arrow.GetBytes(values))
}

// list returns an array of type dt, any kind of list but a map.
func (b *builder) list(dt arrow.DataType, s *shape, child arrow.ArrayData) (arrow.ArrayData, error) {
	buffers := []*memory.Buffer{s.buffer()}
	switch dt := dt.(type) {
	case *arrow.ListType:
		buffers = append(buffers, intBuffer(s.offsets))
	case *arrow.LargeListType:
		buffers = append(buffers, intBuffer(widen(s.offsets, b.take)))
	case *arrow.ListViewType:
		buffers = append(buffers, intBuffer(s.offsets[:s.n]), intBuffer(listSizes(s.offsets, b.take)))
	case *arrow.LargeListViewType:
		buffers = append(buffers, intBuffer(widen(s.offsets[:s.n], b.take)), intBuffer(widen(listSizes(s.offsets, b.take), b.take)))
	case *arrow.FixedSizeListType:
		var err error
		if child, err = b.fixedSizeList(dt, s, child); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("a list of type %s", dt)
	}
	return array.NewData(dt, s.n, buffers, []arrow.ArrayData{child}, s.nulls, 0), nil
}

func widen(values []int32, take func(int64)) []int64 {
	take(8 * int64(len(values)))
	out := make([]int64, len(values))
	for i, v := range values {
		out[i] = int64(v)
	}
	return out
}

func listSizes(offsets []int32, take func(int64)) []int32 {
	take(4 * int64(len(offsets)))
	out := make([]int32, len(offsets)-1)
	for i := range out {
		out[i] = offsets[i+1] - offsets[i]
	}
	return out
}

// fixedSizeList returns child with missing elements inserted for missing lists, which take room
// in Arrow.
func (b *builder) fixedSizeList(dt *arrow.FixedSizeListType, s *shape, child arrow.ArrayData) (arrow.ArrayData, error) {
	size := int(dt.Len())
	var runs []gather.Run
	for i := range s.n {
		from, to := int(s.offsets[i]), int(s.offsets[i+1])
		if s.nulls > 0 && !bitutil.BitIsSet(s.validity, i) {
			runs = append(runs, gather.Run{Source: 1, To: size})
		} else if to-from != size {
			return nil, fmt.Errorf("a list of %d elements where the Arrow schema of the file says %d", to-from, size)
		} else {
			runs = append(runs, gather.Run{From: from, To: to})
		}
	}
	if s.nulls == 0 {
		return child, nil
	}
	width, err := codec.CheckType(dt)
	if err != nil {
		return nil, err
	}
	b.take(int64(len(runs))*24 + int64(s.n)*width)
	all, err := gather.Rows([]arrow.Array{array.MakeFromData(child), gather.Nulls(dt.Elem(), size)}, runs)
	if err != nil {
		return nil, err
	}
	return all.Data(), nil
}

// shape returns the shape of n, which all columns below n have to agree on.
func (b *builder) shape(n *node) (*shape, error) {
	var first *shape
	for _, l := range b.leaves[n.first-b.first : n.first-b.first+n.leaves] {
		s, err := b.shapeFrom(n, l)
		if err != nil {
			return nil, err
		}
		if first == nil {
			first = s
			continue
		}
		if first.n != s.n || first.nulls != s.nulls || !bytes.Equal(first.validity, s.validity) ||
			!bytes.Equal(arrow.GetBytes(first.offsets), arrow.GetBytes(s.offsets)) {
			return nil, errShapes
		}
	}
	return first, nil
}

// shapeFrom returns the shape of n according to the levels of one column below it.
func (b *builder) shapeFrom(n *node, l *leafRows) (*shape, error) {
	if l.n > math.MaxInt32 {
		return nil, errors.New("a list has more elements than can be counted")
	}
	b.take(int64(l.n) / 8)
	s := &shape{validity: make([]byte, bitutil.BytesForBits(int64(l.n)))}
	if n.kind != kindStruct {
		b.take(4 * int64(l.n+1))
		s.offsets = make([]int32, 0, l.n+1)
	}
	elements, open := int32(0), false
	for i := range l.n {
		rep, def := l.levels(i)
		switch {
		case rep <= n.rep:
			// The entry starts a value of n. An open list has an element, and more may follow.
			if open = s.start(n, def, elements); open {
				elements++
			}
		case n.kind == kindStruct:
			// The entry continues a list within the struct.
		case !open || def < n.elementDef():
			return nil, errShapes
		case rep == n.rep+1:
			elements++
		}
	}
	if n.kind != kindStruct {
		s.offsets = append(s.offsets, elements)
	}
	if s.validity = s.validity[:bitutil.BytesForBits(int64(s.n))]; s.nulls == 0 {
		s.validity = nil
	}
	return s, nil
}

// start appends a value of n, if there is a place for one at definition level def. It reports
// whether the value is a list or map with elements. elements is the number of elements so far.
func (s *shape) start(n *node, def uint8, elements int32) (open bool) {
	if def < n.outer {
		return false
	}
	if def >= n.def {
		bitutil.SetBit(s.validity, s.n)
	} else {
		s.nulls++
	}
	s.n++
	if n.kind == kindStruct {
		return false
	}
	s.offsets = append(s.offsets, elements)
	return def >= n.elementDef()
}
