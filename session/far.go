package session

import (
	"cmp"
	"context"
	"slices"
	"time"

	"edgeframe/kv"
	"edgeframe/session/record"
)

// On a store that is far away, a change waits mostly for calls. If this process does not know the session, it reads
// the head and then the segments of the table; to store the new segments and then the new head would be two more.
// So its new segments travel with the head, unless they are large: one call less, and the head and all that belongs
// to it is stored by one write.
//
// They move to the store with the next change that waits for a call anyway: one that stores segments, or one that
// reads some, which stores those at the same time. A segment that moves gets a key of the revision that is being made,
// as one of a lost attempt does ([draft.moveTo]): nobody has stored anything under it for another TTL.

// coldBytes is how much of segments, manifests and steps a head has at most so that the segments of a change that has
// read the table travel with it. With the rest of the head that fits into a record of a Durable Object.
const coldBytes = 3 << 19

// farChange is what a change has done on a store that is far away.
type farChange struct {
	// read says that segments were read since the head was.
	read bool
	// compares says that the store has compare-and-swap. If not, visible is the head that was visible when segments
	// were read last, nil if there was none.
	compares bool
	visible  []byte
	// moved are segments that were stored while others were read, at that time.
	moved []transfer
	at    time.Time
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

// movedBytes is the size of the segments that h carries and that are stored.
func (h *head) movedBytes() (bytes int) {
	if h.far != nil {
		for _, m := range h.far.moved {
			bytes += len(m.value)
		}
	}
	return bytes
}

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

// getSegments reads stored segments of h. For a change of h on a store that is far away it does at the same time what
// would be a call of its own afterwards: it stores the segments that leave the head, and reads the head again if only
// that shows whether another commit has come between.
func (s *Service) getSegments(ctx context.Context, h *head, keys []string) ([][]byte, error) {
	f := h.far
	if f == nil {
		return s.store.GetMany(ctx, keys)
	}
	n := len(keys)
	if !f.compares {
		keys = append(slices.Clip(keys), record.HeadKey(h.ID))
	}
	var moves []transfer
	if !f.read {
		moves = h.leaving(h.nextBorn(), s.opt.InlineBytes)
	}
	now, stored := s.now(), make(chan error, 1)
	go func() { stored <- s.store.SetMany(ctx, h.itemsOf(moves), s.keep.segmentTTL(h.ttl())) }()
	values, err := s.store.GetMany(ctx, keys)
	if <-stored == nil && len(moves) > 0 {
		f.moved, f.at = moves, now
	}
	if err != nil {
		return nil, err
	}
	f.read = true
	if !f.compares {
		f.visible = values[n]
	}
	return values[:n], nil
}

// relieve makes h, the head of a commit, refer to the segments that have moved to the store. If none has, but the
// commit stores segments, those that leave the head are stored with them. It returns what is to be stored, and the keys
// of what was stored and is not needed any more.
func (s *Service) relieve(h *head, born uint64, put []kv.Item) (all []kv.Item, unused []string, err error) {
	var moves []transfer
	switch {
	case h.far != nil && len(h.far.moved) > 0:
		moves = h.far.moved
	case s.opt.FarStore && len(put) > 0:
		moves = h.leaving(born, s.opt.InlineBytes)
		put = slices.Concat(put, h.itemsOf(moves))
	}
	to := make(map[record.SegmentRef]record.SegmentRef, len(moves))
	for _, m := range moves {
		if h.Carried(m.from) != nil {
			to[m.from] = m.to
		} else {
			unused = append(unused, record.SegmentKey(h.ID, m.to))
		}
	}
	if len(to) == 0 {
		return put, unused, nil
	}
	carried := map[record.SegmentRef]bool{}
	for _, r := range h.Inline {
		_, leaves := to[r]
		carried[r] = !leaves
	}
	h.KeepCarried(carried)
	return put, unused, h.rename(to)
}

// storedFrom returns when the first segments of a commit that is made now were stored.
func (h *head) storedFrom(now time.Time) time.Time {
	if h.far != nil && len(h.far.moved) > 0 {
		return h.far.at
	}
	return now
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
