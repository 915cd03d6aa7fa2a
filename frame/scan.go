package frame

import (
	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/internal/parallel"
)

// QueryBatchBytes is about how many bytes of row groups a query has in memory at once.
const QueryBatchBytes = 8 << 20

// scan calls visit for some row groups with the arrays of some columns, in batches. The calls of a batch may
// run at the same time and must not wait. After some of them merge, unless nil, is called for each of their row
// groups, in order. Nothing of a batch is kept when the next one is loaded.
func (f *Frame) scan(columns []int, groups []groupRange, visit func(r groupRange, arrays []arrow.Array) error, merge func(r groupRange) error) error {
	for len(groups) > 0 {
		if err := f.Ended(); err != nil {
			return err
		}
		n := f.batch(columns, groups)
		arrays, err := f.loadBatch(columns, groups[:n])
		if err != nil {
			return err
		}
		round := n
		if merge != nil {
			round = mergedTogether()
		}
		for from := 0; from < n; from += round {
			end := min(from+round, n)
			err := parallel.Do(end-from, func(i int) error {
				if err := f.Ended(); err != nil {
					return err
				}
				at := from + i
				return visit(groups[at], arrays[at*len(columns):(at+1)*len(columns)])
			})
			if err != nil {
				return err
			}
			for i := from; merge != nil && i < end; i++ {
				if err := merge(groups[i]); err != nil {
					return err
				}
			}
		}
		groups = groups[n:]
	}
	return nil
}

// mergedTogether is how many row groups are visited before they are merged: what is worked out of them is in memory
// meanwhile, and may be several times their size. In Wasm it is one.
func mergedTogether() int {
	if procs := parallel.Processors(); procs > 1 {
		return 4 * procs
	}
	return 1
}

// batch returns how many of the first row groups are loaded at once, at least one.
func (f *Frame) batch(columns []int, groups []groupRange) int {
	const most = 128 // of row groups of which the size is not known
	if f.LoadBytes == nil {
		return min(most, len(groups))
	}
	bytes := int64(0)
	for i, r := range groups {
		if bytes += f.LoadBytes(columns, r.group); bytes > QueryBatchBytes && i > 0 {
			return i
		}
	}
	return len(groups)
}

// loadBatch returns the arrays of columns in row groups, group after group, and keeps none of them.
func (f *Frame) loadBatch(columns []int, groups []groupRange) ([]arrow.Array, error) {
	arrays := make([]arrow.Array, 0, len(columns)*len(groups))
	var missing []Chunk
	var at []int
	for _, r := range groups {
		for _, c := range columns {
			chunk := f.Columns[c].Chunks[r.group]
			if chunk.Data == nil {
				missing, at = append(missing, chunk), append(at, len(arrays))
			}
			arrays = append(arrays, chunk.Data)
		}
	}
	if len(missing) == 0 {
		return arrays, nil
	}
	loaded, err := f.Load(missing)
	if err != nil {
		return nil, err
	}
	for i, arr := range loaded {
		arrays[at[i]] = arr
	}
	return arrays, nil
}
