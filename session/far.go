package session

import (
	"cmp"
	"context"
	"slices"

	"edgeframe/kv"
	"edgeframe/session/record"
)

// On a store that is far away, a change waits mostly for calls. If this process does not know the session, it reads
// the head and then the segments of the table; to store the new segments and then the new head would be two more.
// So its new segments travel with the head, if there is room: one call less, and the head and all that belongs to it is
// stored by one write.
//
// They move to the store with the next change that stores segments. A segment that moves gets a key of the revision
// that is being made, as one of a lost attempt does ([draft.moveTo]): nobody has stored anything under it for another
// TTL.

// coldBytes is how much of segments, manifests and steps a head has at most so that the segments of a change that has
// read the table travel with it. Every request transfers the head until they move.
const coldBytes = 1 << 20

// farChange is what a change has read on a store that is far away.
type farChange struct {
	// read says that segments were read since the head was.
	read bool
	// compares says that the store has compare-and-swap. If not, visible is the head that was visible when segments
	// were read last, nil if there was none.
	compares bool
	visible  []byte
}

// transfer is a segment that moves from the head to the store.
type transfer struct {
	from, to record.SegmentRef
	value    []byte
}

// farChange returns the state of a change that begins, nil on a store nearby.
func (s *Service) farChange() *farChange {
	if !s.opt.FarStore {
		return nil
	}
	return &farChange{compares: s.store.Capabilities().CompareAndSwap}
}

// isCold says that the change of h waits for one call less if its segments travel with the head.
func (h *head) isCold() bool { return h.far != nil && h.far.read }

// leaving returns the largest segments that travel with h, so many that the others take at most that many bytes. The
// revision born is being made.
func (h *head) leaving(born uint64, most int) (moves []transfer) {
	bytes := h.CarriedBytes()
	if bytes <= max(most, 0) {
		return nil
	}
	for i, r := range h.Inline {
		to := r
		to.Born = born
		moves = append(moves, transfer{r, to, h.Data[i]})
	}
	slices.SortStableFunc(moves, func(a, b transfer) int { return cmp.Compare(len(b.value), len(a.value)) })
	for i, m := range moves {
		if bytes -= len(m.value); bytes <= max(most, 0) {
			return moves[:i+1]
		}
	}
	return moves
}

// itemsOf returns what is stored of segments that move.
func (h *head) itemsOf(moves []transfer) []kv.Item {
	items := make([]kv.Item, len(moves))
	for i, m := range moves {
		items[i] = kv.Item{Key: record.SegmentKey(h.ID, m.to), Value: m.value}
	}
	return items
}

// getSegments reads stored segments of h. For a change of h on a store that is far away and cannot compare it reads the
// head again at the same time, which shows whether another commit has come between.
func (s *Service) getSegments(ctx context.Context, h *head, keys []string) ([][]byte, error) {
	f := h.far
	if f == nil {
		return s.store.GetMany(ctx, keys)
	}
	n := len(keys)
	if !f.compares {
		keys = append(slices.Clip(keys), record.HeadKey(h.ID))
	}
	values, err := s.store.GetMany(ctx, keys)
	if err != nil {
		return nil, err
	}
	f.read = true
	if !f.compares {
		f.visible = values[n]
	}
	return values[:n], nil
}

// relieve returns what a commit of h stores: put, and if that is anything, on a store that is far away, the segments
// that leave the head with it. The head refers to them there.
func (s *Service) relieve(h *head, born uint64, put []kv.Item) ([]kv.Item, error) {
	if !s.opt.FarStore || len(put) == 0 {
		return put, nil
	}
	moves := h.leaving(born, s.opt.InlineBytes)
	if len(moves) == 0 {
		return put, nil
	}
	to := make(map[record.SegmentRef]record.SegmentRef, len(moves))
	for _, m := range moves {
		to[m.from] = m.to
	}
	carried := map[record.SegmentRef]bool{}
	for _, r := range h.Inline {
		_, leaves := to[r]
		carried[r] = !leaves
	}
	h.KeepCarried(carried)
	return slices.Concat(put, h.itemsOf(moves)), h.rename(to)
}

// rename replaces references to segments in the versions of h.
func (h *head) rename(to map[record.SegmentRef]record.SegmentRef) error {
	h.Manifests, h.Versions = slices.Clone(h.Manifests), slices.Clone(h.Versions)
	done := make([]bool, len(h.Manifests))
	for i := range h.Versions {
		ver := &h.Versions[i]
		if ver.Marks != nil {
			if r, ok := to[*ver.Marks]; ok {
				ver.Marks = &r
			}
		}
		if done[ver.Manifest] {
			continue
		}
		done[ver.Manifest] = true
		// Heads share the manifests that h.manifest returns.
		m, err := record.DecodeManifest(h.Manifests[ver.Manifest], ver.Columns)
		if err != nil {
			return unreadable(h.ID, err)
		}
		for _, g := range m.Groups {
			for i, r := range g.Segments {
				if renamed, ok := to[r]; ok {
					g.Segments[i] = renamed
				}
			}
		}
		if h.Manifests[ver.Manifest], err = m.MarshalMsg(nil); err != nil {
			return err
		}
	}
	return nil
}
