package session

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/frame"
	"edgeframe/kv"
	"edgeframe/session/record"
)

const (
	// foldSteps is from how many steps on, whose versions are not kept, they move into a segment, and foldBytes
	// from how many bytes on.
	foldSteps, foldBytes = 32, 8 << 10
	// stepBytes is about what a step takes in the head besides its parts.
	stepBytes = 32
	// maxAbsorbed is the size of the largest segment of steps that a merged step takes over, in bytes.
	maxAbsorbed = 64 << 10
	// maxMerged is how many merged steps a head has at most. Beyond it the oldest are dropped.
	maxMerged = 256
	// maxMore is how many segments with the operations of merged steps there are at most. Beyond it those of the
	// oldest are dropped.
	maxMore = 256
)

// sealPart seals bytes as a segment of one column. There is at least one part.
func (sl *sealer) sealPart(name string, parts ...[]byte) (*record.SegmentRef, error) {
	offsets, end := make([]int32, 1, len(parts)+1), 0
	for _, part := range parts {
		end += len(part)
		offsets = append(offsets, int32(end))
	}
	data := parts[0]
	if len(parts) > 1 {
		data = slices.Concat(parts...)
	}
	buffers := []*memory.Buffer{nil, memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(offsets)), memory.NewBufferBytes(data)}
	column := array.NewBinaryData(array.NewData(arrow.BinaryTypes.Binary, len(parts), buffers, nil, 0, 0))
	schema := arrow.NewSchema([]arrow.Field{{Name: name, Type: arrow.BinaryTypes.Binary}}, nil)
	before := sl.bytes
	refs, err := sl.seal([]arrow.Record{array.NewRecord(schema, []arrow.Array{column}, int64(len(parts)))})
	if err != nil {
		return nil, err
	}
	sl.head.parts += int(sl.bytes - before)
	return &refs[0], nil
}

// partsOf returns what was sealed by [sealer.sealPart].
func partsOf(h *head, r record.SegmentRef, fields []arrow.Array) (*array.Binary, error) {
	if len(fields) == 1 {
		if parts, ok := fields[0].(*array.Binary); ok && parts.Len() > 0 {
			return parts, nil
		}
	}
	return nil, fail(ErrCorrupt, "segment %s has no part of the history", record.SegmentKey(h.ID, r))
}

// travels reports whether the new segments of h, which are of the current version, travel in the head and there is
// room for more bytes. It is also true if there are no new segments but room.
func (h *head) travels(born uint64, items []kv.Item, more, most int) bool {
	if sizeOf(items)-h.parts+more > h.room(most) {
		return false
	}
	inline, err := h.completing(born, items)
	return err == nil && len(inline) == len(items)
}

// fold moves the steps whose versions are not kept into a segment, if there are enough of them. Each chain of them
// becomes one merged step, which takes over those before it that stand for no more steps. So the head has a number of
// merged steps that grows with the logarithm of the number of edits.
func (s *Service) fold(h *head, stored []record.StoredStep, out *sealer) ([]record.StoredStep, error) {
	gone, n, bytes := make([]bool, len(stored)), 0, 0
	for i := range stored {
		if st := stored[i].Step; st.Kind != record.StepMerged && !h.isKept(st.Version) {
			gone[i] = true
			n++
			bytes += stepBytes + len(st.Operations) + len(st.Rows) + len(st.Summary) + len(st.Source)
		}
	}
	if n < foldSteps && bytes < foldBytes {
		return stored, nil
	}
	before := s.absorb(out.ctx, h, stored, gone)
	chunk, err := sealSteps(stored, gone, before, out)
	if err != nil {
		return nil, err
	}
	folded := make([]record.StoredStep, 0, len(stored))
	for _, chain := range chains(stored, gone) {
		st := stored[chain[0]]
		if gone[chain[0]] {
			merged, err := s.merge(h, stored, chain, out)
			if err != nil {
				return nil, err
			}
			merged.Long = chunk
			if st, err = record.NewStoredStep(merged); err != nil {
				return nil, err
			}
		}
		folded = append(folded, st)
	}
	return bound(folded)
}

// absorb marks the merged steps that are going to be part of a new one, and returns the steps that each stands for, by
// its position. It is one that stands for no more steps than there are after it in its chain. Those that cannot be read
// stay as they are.
func (s *Service) absorb(ctx context.Context, h *head, list []record.StoredStep, gone []bool) map[int][]record.StoredStep {
	_, children, next := family(list)
	sizes := make([]int, len(list))
	var absorbed []int
	var refs []record.SegmentRef
	for i := len(list) - 1; i >= 0; i-- {
		st := list[i]
		after := 0
		if children[i] == 1 && gone[next[i]] {
			after = sizes[next[i]]
		}
		if st.Kind == record.StepMerged && st.Long != nil && st.Count > 0 && st.Count <= after && st.Long.Raw <= maxAbsorbed {
			gone[i] = true
			absorbed, refs = append(absorbed, i), append(refs, *st.Long)
		}
		if gone[i] {
			sizes[i] = max(st.Count, 1) + after
		}
	}
	chunks, err := s.chunksOf(ctx, h, refs)
	before := map[int][]record.StoredStep{}
	for _, i := range absorbed {
		var steps []record.StoredStep
		if err == nil {
			steps, err = unfoldOne(list[i].Step, chunks)
		}
		if gone[i] = err == nil; gone[i] {
			before[i] = steps
		}
	}
	return before
}

// sealSteps seals the steps that are gone, for merged steps those before. Their row maps are those of the new merged
// steps.
func sealSteps(list []record.StoredStep, gone []bool, before map[int][]record.StoredStep, out *sealer) (*record.SegmentRef, error) {
	var sealed []record.StoredStep
	for i, st := range list {
		if steps, merged := before[i]; merged {
			sealed = append(sealed, steps...)
		} else if gone[i] {
			sealed = append(sealed, st)
		}
	}
	slices.SortFunc(sealed, func(a, b record.StoredStep) int { return cmp.Compare(a.Version, b.Version) })
	parts := make([][]byte, len(sealed))
	for i, st := range sealed {
		if st.Rows != nil || st.Map != nil || st.Lost {
			bare := *st.Step
			bare.Rows, bare.Map, bare.Lost = nil, nil, false
			var err error
			if st, err = record.NewStoredStep(bare); err != nil {
				return nil, err
			}
		}
		parts[i] = st.Stored()
	}
	return out.sealPart("steps", parts...)
}

// family returns for each step of list the position of its parent, -1 if that is not there, how many children it has,
// and the position of the last of these.
func family(list []record.StoredStep) (parents, children, last []int) {
	parents, children, last = make([]int, len(list)), make([]int, len(list)), make([]int, len(list))
	for i := range list {
		at, found := findStored(list[:i], list[i].Parent)
		if parents[i] = -1; found {
			parents[i] = at
			children[at]++
			last[at] = i
		}
	}
	return parents, children, last
}

// chains divides steps by their positions: those that are gone, and of which one comes from the other alone, are
// together, oldest first; every other step is by itself. The chains are in the order of their last steps.
func chains(list []record.StoredStep, gone []bool) (all [][]int) {
	parent, children, _ := family(list)
	// ends has the chain that ends with a step, if any.
	ends := make([][]int, len(list))
	for i := range list {
		chain := []int{i}
		if at := parent[i]; gone[i] && at >= 0 && gone[at] && children[at] == 1 {
			chain = append(ends[at], i)
			ends[at] = nil
		}
		ends[i] = chain
	}
	for _, chain := range ends {
		if chain != nil {
			all = append(all, chain)
		}
	}
	return all
}

// merge returns the merged step for a chain of steps, without their segment.
func (s *Service) merge(h *head, list []record.StoredStep, chain []int, out *sealer) (record.Step, error) {
	merged := record.Step{Version: list[chain[len(chain)-1]].Version, Parent: list[chain[0]].Parent, Kind: record.StepMerged}
	steps := make([]*record.Step, len(chain))
	for i, at := range chain {
		steps[i] = list[at].Step
		merged.Lost = merged.Lost || list[at].Lost
		merged.Count += max(list[at].Count, 1)
		switch {
		case list[at].Kind == record.StepMerged:
			merged.More = append(merged.More, list[at].More...)
		case list[at].Long != nil:
			merged.More = append(merged.More, *list[at].Long)
		}
	}
	if merged.Lost {
		return merged, nil
	}
	rows, err := s.rowsOver(out.ctx, h, steps)
	if err != nil {
		// Where the rows were is not worth a change that fails.
		merged.Lost = true
		return merged, nil
	}
	if rows == nil {
		return merged, nil
	}
	if packed := rows.AppendBinary(nil); len(packed) <= shortPart {
		merged.Rows = packed
	} else if merged.Map, err = out.sealPart("rows", packed); err != nil {
		return merged, err
	}
	return merged, nil
}

// bound drops the oldest of too many merged steps, and of too many segments that they refer to.
func bound(list []record.StoredStep) (_ []record.StoredStep, err error) {
	merged, more := 0, 0
	for i := len(list) - 1; i >= 0; i-- {
		st := list[i]
		if st.Kind != record.StepMerged {
			continue
		}
		merged++
		if more += len(st.More); more > maxMore {
			few := *st.Step
			few.More = nil
			if list[i], err = record.NewStoredStep(few); err != nil {
				return nil, err
			}
		}
		if merged > maxMerged {
			list = append(list[:i:i], list[i+1:]...)
		}
	}
	return list, nil
}

// mapOf returns the row map of a step, of which fetched has the segment if it has one.
func mapOf(h *head, st *record.Step, fetched map[record.SegmentRef][]arrow.Array) (frame.RowMap, error) {
	packed := st.Rows
	if st.Map != nil {
		parts, err := partsOf(h, *st.Map, fetched[*st.Map])
		if err != nil {
			return nil, err
		}
		packed = parts.Value(0)
	}
	if packed == nil {
		return nil, nil
	}
	m, err := frame.ParseRowMap(packed)
	if err != nil {
		return nil, damaged(h.ID, fmt.Errorf("the row map of version %d: %w", st.Version, err))
	}
	return m, nil
}
