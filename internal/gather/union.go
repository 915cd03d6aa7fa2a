package gather

import (
	"fmt"
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// denseUnion keeps of each child of each source the values between the first and the last one in
// use.
func (g *gatherer) denseUnion(out result, union *arrow.DenseUnionType) (*array.Data, error) {
	type source struct {
		data  arrow.ArrayData
		child int
	}
	used := map[source]*extent{}
	order := make([][]*extent, union.NumFields())
	forEachValue := func(visit func(s source, row, offset int)) {
		row := 0
		for _, p := range out.ps {
			codes, offsets := values[int8](p, 1), values[int32](p, 2)
			for i := p.from; i < p.to; i++ {
				visit(source{p.data, union.ChildIDs()[codes[i]]}, row, int(offsets[i]))
				row++
			}
		}
	}
	forEachValue(func(s source, _, offset int) {
		x := used[s]
		if x == nil {
			x = &extent{child: s.data.Children()[s.child], from: offset, to: offset + 1}
			used[s] = x
			order[s.child] = append(order[s.child], x)
		}
		x.include(offset, offset+1)
	})

	children := make([]arrow.ArrayData, union.NumFields())
	for i, f := range union.Fields() {
		ps := place(order[i])
		if ps.rows() > math.MaxInt32 {
			return nil, fmt.Errorf("%w: offsets beyond 32 bits", ErrOverflow)
		}
		data, err := g.data(f.Type, ps)
		if err != nil {
			return nil, err
		}
		children[i] = data
	}
	offsets, buffer := newIntegers[int32](out.n)
	forEachValue(func(s source, row, offset int) { offsets[row] = int32(offset + used[s].shift) })
	return out.data(children, g.fixed(out.ps, 1, 1), buffer), nil
}
