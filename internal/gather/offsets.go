package gather

import (
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// offsets returns the offsets of the rows of ps, starting at 0, and the sum of their
// lengths.
func offsets[T int32 | int64](g *gatherer, ps pieces, n int) (*memory.Buffer, int, error) {
	if g.share && len(ps) == 1 {
		p := ps[0]
		if in := values[T](p, 1); in[p.from] == 0 {
			used := in[p.from : p.to+1 : p.to+1]
			return memory.NewBufferBytes(arrow.GetBytes(used)), int(in[p.to]), nil
		}
	}
	out, buf := newIntegers[T](n + 1)
	row, total := 0, 0
	for _, p := range ps {
		in := values[T](p, 1)[p.from : p.to+1]
		first, last := in[0], in[p.len()]
		if !fits[T](total + int(last-first)) {
			return nil, 0, fmt.Errorf("%w: offsets beyond %d bits", ErrOverflow, 8*sizeOf[T]())
		}
		shift := T(total) - first
		for i, o := range in[1:] {
			out[row+1+i] = o + shift
		}
		row += p.len()
		total += int(last - first)
	}
	return buf, total, nil
}

// binaries gathers text and bytes with offsets.
func binaries[T int32 | int64](g *gatherer, out result) (*array.Data, error) {
	ps := out.ps
	ends, total, err := offsets[T](g, ps, out.n)
	if err != nil {
		return nil, err
	}
	var bytes []byte
	if g.share && len(ps) == 1 {
		in := values[T](ps[0], 1)
		from, to := in[ps[0].from], in[ps[0].to]
		bytes = ps[0].buffer(2)[from:to:to]
	} else {
		bytes = make([]byte, 0, total)
		for _, p := range ps {
			in := values[T](p, 1)
			bytes = append(bytes, p.buffer(2)[in[p.from]:in[p.to]]...)
		}
	}
	return out.data(nil, ends, memory.NewBufferBytes(bytes)), nil
}

// lists gathers lists and maps, whose elements are a range of their child.
func lists[T int32 | int64](g *gatherer, out result, elem arrow.DataType) (*array.Data, error) {
	ends, _, err := offsets[T](g, out.ps, out.n)
	if err != nil {
		return nil, err
	}
	var elements pieces
	for _, p := range out.ps {
		in := values[T](p, 1)
		elements = elements.add(p.data.Children()[0], int(in[p.from]), int(in[p.to]))
	}
	child, err := g.data(elem, elements)
	if err != nil {
		return nil, err
	}
	return out.data([]arrow.ArrayData{child}, ends), nil
}

// listViews gathers lists that may share and reorder elements. Of each source the elements
// between the first and the last in use are kept, once. Missing and empty lists become
// offset 0 and size 0.
func listViews[T int32 | int64](g *gatherer, out result, elem arrow.DataType) (*array.Data, error) {
	used := map[arrow.ArrayData]*extent{}
	var order []*extent
	forEachView[T](out.ps, func(p piece, _, offset, size int) {
		x := used[p.data]
		if x == nil {
			x = &extent{child: p.data.Children()[0], from: offset, to: offset + size}
			used[p.data] = x
			order = append(order, x)
		}
		x.include(offset, offset+size)
	})
	elements := place(order)
	if !fits[T](elements.rows()) {
		return nil, fmt.Errorf("%w: offsets beyond %d bits", ErrOverflow, 8*sizeOf[T]())
	}
	child, err := g.data(elem, elements)
	if err != nil {
		return nil, err
	}
	outOffsets, offsetBuf := newIntegers[T](out.n)
	outSizes, sizeBuf := newIntegers[T](out.n)
	forEachView[T](out.ps, func(p piece, row, offset, size int) {
		outOffsets[row] = T(offset + used[p.data].shift)
		outSizes[row] = T(size)
	})
	return out.data([]arrow.ArrayData{child}, offsetBuf, sizeBuf), nil
}

// forEachView calls visit with every list view that is neither missing nor empty, and its row
// in the result.
func forEachView[T int32 | int64](ps pieces, visit func(p piece, row, offset, size int)) {
	row := 0
	for _, p := range ps {
		offsets, sizes, validity := values[T](p, 1), values[T](p, 2), p.buffer(0)
		for i := p.from; i < p.to; i++ {
			if sizes[i] > 0 && (len(validity) == 0 || bitutil.BitIsSet(validity, i)) {
				visit(p, row+i-p.from, int(offsets[i]), int(sizes[i]))
			}
		}
		row += p.len()
	}
}

// extent is the part of a child that is in use.
type extent struct {
	child    arrow.ArrayData
	from, to int
	// shift is the difference between positions in the result and in the child.
	shift int
}

func (x *extent) include(from, to int) {
	x.from, x.to = min(x.from, from), max(x.to, to)
}

// place puts extents one after the other and sets their shifts.
func place(extents []*extent) pieces {
	var out pieces
	total := 0
	for _, x := range extents {
		x.shift = total - x.from
		out = out.add(x.child, x.from, x.to)
		total += x.to - x.from
	}
	return out
}
