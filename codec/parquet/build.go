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
	errParquetRows   = errors.New("it has not as many rows as its row group")
	errParquetShapes = errors.New("its parts do not agree on where there are values")
)

// builder makes an array out of the values and levels of the columns below a node.
type builder struct {
	columns []*column
	leaves  []*leafRows
	// first is the number of the first of them.
	first int
	take  func(int64)
}

// shape is what a node with children says itself.
type shape struct {
	n, nulls int
	// validity is nil if nothing is missing.
	validity []byte
	// offsets are those of a list or map.
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
			return nil, errParquetShapes
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

// list returns a list of type dt, which is one of those that have one child.
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

// fixedSizeList returns the child with room for the elements of missing lists.
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

// shape returns what the levels say of n. All columns below it have to say the same.
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
			return nil, errParquetShapes
		}
	}
	return first, nil
}

func (b *builder) shapeFrom(n *node, l *leafRows) (*shape, error) {
	if l.n > math.MaxInt32 {
		return nil, errors.New("a list has more elements than can be counted")
	}
	b.take(int64(l.n) / 8)
	s := &shape{validity: make([]byte, bitutil.BytesForBits(int64(l.n)))}
	isList := n.kind != kindStruct
	if isList {
		b.take(4 * int64(l.n+1))
		s.offsets = make([]int32, 0, l.n+1)
	}
	elements, open := int32(0), false
	for i := range l.n {
		rep, def := uint8(0), uint8(0)
		if l.rep != nil {
			rep = l.rep[i]
		}
		if l.def != nil {
			def = l.def[i]
		}
		if rep <= n.rep {
			open = false
			if def < n.outer {
				continue
			}
			if def >= n.def {
				bitutil.SetBit(s.validity, s.n)
			} else {
				s.nulls++
			}
			s.n++
			if isList {
				s.offsets = append(s.offsets, elements)
				if def >= n.elementDef() {
					elements++
					open = true
				}
			}
		} else if isList {
			if !open || def < n.elementDef() {
				return nil, errParquetShapes
			}
			if rep == n.rep+1 {
				elements++
			}
		}
	}
	if isList {
		s.offsets = append(s.offsets, elements)
	}
	if s.validity = s.validity[:bitutil.BytesForBits(int64(s.n))]; s.nulls == 0 {
		s.validity = nil
	}
	return s, nil
}
