package document

import (
	"sort"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// cellsOf returns the cells of the rows from lo to hi and the index of the first of them.
func cellsOf(cells []cell, lo, hi uint32) ([]cell, int) {
	first := sort.Search(len(cells), func(i int) bool { return cells[i].row >= lo })
	rest := cells[first:]
	return rest[:sort.Search(len(rest), func(i int) bool { return rest[i].row >= hi })], first
}

// build decodes the rows from lo to hi of column c as type dt, which c.dataType or
// c.unified gave.
func (t *dynTable) build(c *dynColumn, dt arrow.DataType, lo, hi uint32) arrow.Array {
	if c.values != nil {
		return array.NewSlice(c.values, int64(lo), int64(hi))
	}
	cells, first := cellsOf(c.cells, lo, hi)
	switch dt := dt.(type) {
	case *arrow.ListType:
		return t.buildList(c, dt, cells, first, lo, hi)
	case *arrow.StructType:
		return t.buildStruct(c, dt, cells, lo, hi)
	}
	return t.buildScalars(dt, cells, lo, hi)
}

func (t *dynTable) buildScalars(dt arrow.DataType, cells []cell, lo, hi uint32) arrow.Array {
	b := array.NewBuilder(t.mem, dt)
	b.Reserve(int(hi - lo))
	if text, ok := b.(*array.StringBuilder); ok {
		size := 0
		for _, c := range cells {
			size += int(c.end - c.start)
		}
		text.ReserveData(size)
	}
	add := t.into(b)
	next := lo
	for _, c := range cells {
		if c.row > next {
			b.AppendNulls(int(c.row - next))
		}
		add(t.data[c.start:c.end])
		next = c.row + 1
	}
	b.AppendNulls(int(hi - next))
	return b.NewArray()
}

func (t *dynTable) buildStruct(c *dynColumn, dt *arrow.StructType, cells []cell, lo, hi uint32) arrow.Array {
	children := make([]arrow.ArrayData, dt.NumFields())
	for i, field := range c.fields.columns {
		children[i] = t.build(field, dt.Field(i).Type, lo, hi).Data()
	}
	n := int(hi - lo)
	buffers := []*memory.Buffer{t.validity(cells, lo, n)}
	return array.NewStructData(array.NewData(dt, n, buffers, children, n-len(cells), 0))
}

func (t *dynTable) buildList(c *dynColumn, dt *arrow.ListType, cells []cell, first int, lo, hi uint32) arrow.Array {
	var before uint32
	if first > 0 {
		before = c.ends[first-1]
	}
	n := int(hi - lo)
	offsetBytes := t.mem.Allocate(arrow.Int32Traits.BytesRequired(n + 1))
	offsets := arrow.Int32Traits.CastFromBytes(offsetBytes)
	end, next := int32(0), 0
	for i := range n {
		offsets[i] = end
		if next < len(cells) && cells[next].row == lo+uint32(i) {
			end = int32(c.ends[first+next] - before)
			next++
		}
	}
	offsets[n] = end
	elements := t.build(c.elem, dt.Elem(), before, before+uint32(end)).Data()
	buffers := []*memory.Buffer{t.validity(cells, lo, n), memory.NewBufferBytes(offsetBytes)}
	return array.NewListData(array.NewData(dt, n, buffers, []arrow.ArrayData{elements}, n-len(cells), 0))
}

// validity returns the bitmap of the n rows from lo on, in which the rows of cells are set; nil if every
// row has a cell.
func (t *dynTable) validity(cells []cell, lo uint32, n int) *memory.Buffer {
	if len(cells) == n {
		return nil
	}
	bitmap := t.mem.Allocate(int(bitutil.BytesForBits(int64(n))))
	clear(bitmap)
	for _, c := range cells {
		bitutil.SetBit(bitmap, int(c.row-lo))
	}
	return memory.NewBufferBytes(bitmap)
}
