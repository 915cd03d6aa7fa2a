package session

import (
	"fmt"

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
	foldSteps, foldBytes = 64, 4 << 10
	// stepBytes is about what a step takes in the head besides its parts.
	stepBytes = 32
	// maxMerged is how many merged steps a head has at most. Beyond it the oldest are dropped.
	maxMerged = 256
	// maxMore is how many segments with the operations of merged steps there are at most. Beyond it those of the
	// oldest are dropped.
	maxMore = 256
)

// sealPart seals bytes as a segment of one column.
func (sl *sealer) sealPart(name string, parts ...[]byte) (*record.SegmentRef, error) {
	b := array.NewBinaryBuilder(memory.DefaultAllocator, arrow.BinaryTypes.Binary)
	for _, part := range parts {
		b.Append(part)
	}
	schema := arrow.NewSchema([]arrow.Field{{Name: name, Type: arrow.BinaryTypes.Binary}}, nil)
	before := sl.bytes
	refs, err := sl.seal([]arrow.Record{array.NewRecord(schema, []arrow.Array{b.NewArray()}, int64(len(parts)))})
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
// becomes one merged step.
func (s *Service) fold(h *head, list []record.Step, out *sealer) ([]record.Step, error) {
	gone, n, bytes := make([]bool, len(list)), 0, 0
	for i := range list {
		if st := &list[i]; st.Kind != record.StepMerged && !h.isKept(st.Version) {
			gone[i] = true
			n++
			bytes += stepBytes + len(st.Operations) + len(st.Rows) + len(st.Summary) + len(st.Source)
		}
	}
	if n < foldSteps && bytes < foldBytes {
		return list, nil
	}
	chunk, err := sealSteps(list, gone, out)
	if err != nil {
		return nil, err
	}
	folded := list[:0:0]
	for _, chain := range chains(list, gone) {
		st := list[chain[0]]
		if gone[chain[0]] {
			if st, err = s.merge(h, list, chain, out); err != nil {
				return nil, err
			}
			st.Long = chunk
		}
		folded = append(folded, st)
	}
	return bound(folded), nil
}

// sealSteps seals the steps that are gone. Their row maps are those of the merged steps.
func sealSteps(list []record.Step, gone []bool, out *sealer) (*record.SegmentRef, error) {
	var parts [][]byte
	for i, st := range list {
		if !gone[i] {
			continue
		}
		st.Rows, st.Map, st.Lost = nil, nil, false
		part, err := st.MarshalMsg(nil)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	return out.sealPart("steps", parts...)
}

// chains divides steps by their positions: those that are gone, and of which one comes from the other alone, are
// together, oldest first; every other step is by itself. The chains are in the order of their last steps.
func chains(list []record.Step, gone []bool) (all [][]int) {
	children := make([]int, len(list))
	parent := make([]int, len(list))
	for i := range list {
		at, found := findStep(list[:i], list[i].Parent)
		if parent[i] = -1; found {
			parent[i] = at
			children[at]++
		}
	}
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
func (s *Service) merge(h *head, list []record.Step, chain []int, out *sealer) (record.Step, error) {
	merged := record.Step{Version: list[chain[len(chain)-1]].Version, Parent: list[chain[0]].Parent, Kind: record.StepMerged}
	steps := make([]*record.Step, len(chain))
	for i, at := range chain {
		steps[i] = &list[at]
		merged.Lost = merged.Lost || list[at].Lost
		if list[at].Long != nil {
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
func bound(list []record.Step) []record.Step {
	merged, more := 0, 0
	for i := len(list) - 1; i >= 0; i-- {
		st := &list[i]
		if st.Kind != record.StepMerged {
			continue
		}
		merged++
		if more += len(st.More); more > maxMore {
			st.More = nil
		}
		if merged > maxMerged {
			list = append(list[:i:i], list[i+1:]...)
		}
	}
	return list
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
