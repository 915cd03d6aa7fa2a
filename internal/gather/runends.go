package gather

import (
	"fmt"
	"sort"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

func (g *gatherer) runEnds(out result, ree *arrow.RunEndEncodedType) (*array.Data, error) {
	var (
		ends  *memory.Buffer
		runs  pieces
		count int
		err   error
	)
	switch ree.RunEnds().ID() {
	case arrow.INT16:
		ends, count, runs, err = cutRuns[int16](out.ps)
	case arrow.INT32:
		ends, count, runs, err = cutRuns[int32](out.ps)
	default:
		ends, count, runs, err = cutRuns[int64](out.ps)
	}
	if err != nil {
		return nil, err
	}
	encoded, err := g.data(ree.Encoded(), runs)
	if err != nil {
		return nil, err
	}
	endsData := array.NewData(ree.RunEnds(), count, []*memory.Buffer{nil, ends}, nil, 0, 0)
	return out.data([]arrow.ArrayData{endsData, encoded}), nil
}

// cutRuns returns the run ends of the rows of ps, their number, and the runs' values.
func cutRuns[T int16 | int32 | int64](ps pieces) (*memory.Buffer, int, pieces, error) {
	var (
		out  []T
		runs pieces
		row  int
	)
	for _, p := range ps {
		child := p.data.Children()[0]
		ends := arrow.GetData[T](child.Buffers()[1].Bytes())[child.Offset():][:child.Len()]
		first := sort.Search(len(ends), func(i int) bool { return int64(ends[i]) > int64(p.from) })
		last := first
		for {
			end := row + min(int(ends[last]), p.to) - p.from
			if !fits[T](end) {
				return nil, 0, nil, fmt.Errorf("%w: run ends beyond %d bits", ErrOverflow, 8*sizeOf[T]())
			}
			out = append(out, T(end))
			if int(ends[last]) >= p.to {
				break
			}
			last++
		}
		runs = runs.add(p.data.Children()[1], first, last+1)
		row += p.len()
	}
	return memory.NewBufferBytes(arrow.GetBytes(out)), len(out), runs, nil
}
