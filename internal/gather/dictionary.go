package gather

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

func (g *gatherer) dictionary(out result, dict *arrow.DictionaryType) (*array.Data, error) {
	ps, validity := out.ps, out.validity
	indices := g.fixed(ps, 1, dict.IndexType.(arrow.FixedWidthDataType).Bytes())
	var (
		vals *array.Data
		err  error
	)
	if g.keep != nil {
		vals = g.keep[0]
		g.keep = g.keep[1:]
	} else if dicts := distinct(ps); len(dicts) > 1 {
		vals, err = g.unify(dict, dicts, ps, indices.Bytes(), validity)
	} else {
		vals, indices, err = g.reduce(dict, ps, indices, validity)
	}
	if err != nil {
		return nil, err
	}
	return array.NewDataWithDictionary(out.dt, out.n, []*memory.Buffer{validity, indices}, out.nulls, 0, vals), nil
}

// distinct returns the different dictionaries of ps.
func distinct(ps pieces) []arrow.ArrayData {
	var out []arrow.ArrayData
	known := map[arrow.ArrayData]bool{}
	for _, p := range ps {
		if d := p.data.Dictionary(); !known[d] {
			known[d] = true
			out = append(out, d)
		}
	}
	if len(out) < 2 {
		return out
	}
	first := array.MakeFromData(out[0])
	for _, d := range out[1:] {
		if d.Len() != out[0].Len() || !Equal(first, array.MakeFromData(d)) {
			return out
		}
	}
	return out[:1]
}

// reduce returns the one dictionary of ps and indices into it. If the dictionary is larger than
// the number of rows, the values that no index uses are left out.
func (g *gatherer) reduce(dict *arrow.DictionaryType, ps pieces, indices, validity *memory.Buffer) (*array.Data, *memory.Buffer, error) {
	if len(ps) == 0 {
		vals, err := g.data(dict.ValueType, nil)
		return vals, indices, err
	}
	from, n := ps[0].data.Dictionary(), ps.rows()
	if from.Len() <= n {
		if !g.share && from.Offset() == 0 {
			return from.(*array.Data), indices, nil
		}
		vals, err := g.data(dict.ValueType, pieces(nil).add(from, 0, from.Len()))
		return vals, indices, err
	}
	// The cost must not depend on the size of the dictionary: many small parts of a table can
	// share one large dictionary.
	mapping := map[int]int{}
	out := bytes.Clone(indices.Bytes())
	mapIndices(dict, out, validity, 0, n, func(i int) int { mapping[i] = 0; return i })
	var used pieces
	for at, i := range slices.Sorted(maps.Keys(mapping)) {
		mapping[i] = at
		used = used.add(from, i, i+1)
	}
	mapIndices(dict, out, validity, 0, n, func(i int) int { return mapping[i] })
	vals, err := g.data(dict.ValueType, used)
	return vals, memory.NewBufferBytes(out), err
}

// unify merges dictionaries in order of appearance and rewrites indices, those of the rows of
// ps. Values that are equal byte by byte become one; values of nested types are not compared.
func (g *gatherer) unify(dict *arrow.DictionaryType, dicts []arrow.ArrayData, ps pieces, indices []byte, validity *memory.Buffer) (*array.Data, error) {
	var (
		merged   pieces
		n        int
		known    = map[string]int{}
		mappings = map[arrow.ArrayData][]int{}
	)
	for _, d := range dicts {
		mapping := make([]int, d.Len())
		for i := range mapping {
			key, comparable := valueKey(dict.ValueType, d, i)
			if at, ok := known[string(key)]; ok && comparable {
				mapping[i] = at
				continue
			}
			if comparable {
				known[string(key)] = n
			}
			mapping[i] = n
			merged = merged.add(d, i, i+1)
			n++
		}
		mappings[d] = mapping
	}
	if n > 0 && uint64(n-1) > maxIndex(dict.IndexType) {
		return nil, fmt.Errorf("%w: %d values of a dictionary with %s indices", ErrOverflow, n, dict.IndexType)
	}
	row := 0
	for _, p := range ps {
		mapping := mappings[p.data.Dictionary()]
		mapIndices(dict, indices, validity, row, row+p.len(), func(i int) int { return mapping[i] })
		row += p.len()
	}
	return g.data(dict.ValueType, merged)
}

// valueKey returns bytes that are equal for two values of type dt exactly if the values are
// equal. It returns false if the type has no such bytes, and for missing values, which stay
// separate.
func valueKey(dt arrow.DataType, d arrow.ArrayData, i int) ([]byte, bool) {
	p := piece{data: d}
	i += d.Offset()
	if validity := p.buffer(0); len(validity) > 0 && !bitutil.BitIsSet(validity, i) {
		return nil, false
	}
	switch dt := dt.(type) {
	case *arrow.BooleanType:
		if bitutil.BitIsSet(p.buffer(1), i) {
			return []byte{1}, true
		}
		return []byte{0}, true
	case *arrow.BinaryType, *arrow.StringType:
		o := values[int32](p, 1)
		return p.buffer(2)[o[i]:o[i+1]], true
	case *arrow.LargeBinaryType, *arrow.LargeStringType:
		o := values[int64](p, 1)
		return p.buffer(2)[o[i]:o[i+1]], true
	case arrow.BinaryViewDataType:
		h := arrow.ViewHeaderTraits.CastFromBytes(p.buffer(1))[i]
		if h.IsInline() {
			return h.InlineBytes(), true
		}
		return p.buffer(2 + int(h.BufferIndex()))[h.BufferOffset():][:h.Len()], true
	case *arrow.DictionaryType, *arrow.FixedSizeListType:
		return nil, false
	case arrow.FixedWidthDataType:
		w := dt.Bytes()
		return p.buffer(1)[i*w : (i+1)*w], true
	}
	return nil, false
}

// maxIndex is the largest index of the type.
func maxIndex(dt arrow.DataType) uint64 {
	bits := dt.(arrow.FixedWidthDataType).BitWidth()
	if arrow.IsSignedInteger(dt.ID()) {
		bits--
	}
	return 1<<bits - 1
}

// mapIndices rewrites the indices of the rows from to to with f. Missing rows get index 0,
// because theirs can be out of range.
func mapIndices(dict *arrow.DictionaryType, indices []byte, validity *memory.Buffer, from, to int, f func(int) int) {
	var bitmap []byte
	if validity != nil {
		bitmap = validity.Bytes()
	}
	width := dict.IndexType.(arrow.FixedWidthDataType).Bytes()
	for row := from; row < to; row++ {
		cell := indices[row*width : (row+1)*width]
		at := 0
		if bitmap == nil || bitutil.BitIsSet(bitmap, row) {
			at = f(index(cell))
		}
		setIndex(cell, at)
	}
}

// index reads an index. Indices are never negative, so signed and unsigned ones of one width
// have the same bytes.
func index(cell []byte) int {
	switch len(cell) {
	case 1:
		return int(cell[0])
	case 2:
		return int(binary.NativeEndian.Uint16(cell))
	case 4:
		return int(binary.NativeEndian.Uint32(cell))
	default:
		return int(binary.NativeEndian.Uint64(cell))
	}
}

func setIndex(cell []byte, v int) {
	switch len(cell) {
	case 1:
		cell[0] = byte(v)
	case 2:
		binary.NativeEndian.PutUint16(cell, uint16(v))
	case 4:
		binary.NativeEndian.PutUint32(cell, uint32(v))
	default:
		binary.NativeEndian.PutUint64(cell, uint64(v))
	}
}
