package session

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"edgeframe/kv"
)

// maxAttempts bounds how often a commit that lost the race is tried again. With n equal
// writers a try wins once in n, so 8 writers fail together less than once in a thousand.
const maxAttempts = 64

// errSegmentGone says that a segment which a head refers to is not in the store.
var errSegmentGone = errors.New("segment is gone")

// commit changes a session: change edits the head that it is given, which is private to the
// attempt, and returns the segments to store. When another commit comes between, all is done
// again from the new head. The returned session is the state after the commit.
func (s *Service) commit(ctx context.Context, ref Ref, pre Precondition, change func(h *head) ([]kv.Item, error)) (*Session, error) {
	var last Token
	var lost *attempt
	for range maxAttempts {
		h, err := s.load(ctx, ref)
		if err != nil {
			return nil, err
		}
		if lost != nil && h.made(lost.head.revision) {
			// The store tried again after it had lost an answer, and met our own commit.
			return s.won(lost), nil
		}
		s.removeLost(ctx, h, lost)
		if err := s.check(h, pre); err != nil {
			return nil, err
		}
		a := &attempt{before: *h, head: h}
		a.items, err = change(h)
		if errors.Is(err, errSegmentGone) && a.before.revision != last {
			// A commit that came between may have removed it; the next attempt sees its head.
			last, lost = a.before.revision, nil
			continue
		}
		if err != nil {
			return nil, s.gone(h, err)
		}
		err = s.swap(ctx, a)
		if errors.Is(err, kv.ErrConflict) && s.eventual() {
			// What won may not be visible here yet.
			return nil, overtaken(h.ID)
		}
		if errors.Is(err, kv.ErrConflict) {
			lost = a
			continue
		}
		if err != nil {
			return nil, err
		}
		return s.won(a), nil
	}
	return nil, exhausted(ref.ID)
}

// attempt is a try to commit.
type attempt struct {
	// before is the head that the attempt began with, head its successor.
	before head
	head   *head
	// items are the segments to store, dropped the keys of those to delete.
	items   []kv.Item
	dropped []string
}

// won ends an attempt that has succeeded.
func (s *Service) won(a *attempt) *Session {
	s.cache.Remove(a.dropped...)
	return s.view(a.head)
}

func (s *Service) check(h *head, pre Precondition) error {
	if pre != nil && !pre(s.view(h)) {
		return fail(ErrPreconditionFailed, "session %s has changed: its revision is %s now", h.ID, h.revision)
	}
	return nil
}

func overtaken(id string) error {
	return fail(ErrConflict, "session %s was changed by another request meanwhile; read it again and repeat the change", id)
}

func exhausted(id string) error {
	return fail(ErrConflict, "session %s was changed by others %d times in a row; try again", id, maxAttempts)
}

// swap makes the head of a the successor of the one before it, and stores and drops what goes
// with it.
func (s *Service) swap(ctx context.Context, a *attempt) error {
	h, base := a.head, a.before.revision
	h.revision = base.next()
	h.Commits = append(h.Commits, h.revision.Commit[:])
	if len(h.Commits) > maxCommits {
		h.Commits = h.Commits[len(h.Commits)-maxCommits:]
	}
	// The session may have had a longer TTL when its other segments were stored.
	h.Lease = min(h.Lease, s.now().Add(s.segmentTTL(h.ttl())).UnixMilli())
	touch, err := s.extend(h)
	if err != nil {
		return err
	}
	a.dropped = s.unreferenced(&a.before, h)
	_, err = s.swapHead(ctx, h, base, kv.Commit{Put: a.items, Touch: touch, Drop: a.dropped})
	return err
}

// swapHead swaps the head from the one with revision old, together with the rest of c.
func (s *Service) swapHead(ctx context.Context, h *head, old Token, c kv.Commit) ([][]byte, error) {
	b, err := h.encode()
	if err != nil {
		return nil, err
	}
	c.TTL = s.segmentTTL(h.ttl())
	c.Swap = kv.Item{Key: headKey(h.ID), Value: b, Counted: true}
	c.Old = old.kv()
	c.SwapTTL = s.storeTTL(s.hold(h.ttl()))
	if s.eventual() {
		return nil, s.put(ctx, h, old, c)
	}
	return s.store.Commit(ctx, c)
}

// unreferenced lists the keys of what before has and after no longer refers to: segments, and
// statistics. Deleting them is an optimisation of space: what is not found here expires. An eventually
// consistent store may still serve the old head to others, so there they stay.
func (s *Service) unreferenced(before, after *head) (keys []string) {
	if s.store.Capabilities().Consistency != kv.Strong {
		return nil
	}
	keys = s.droppedStatistics(before, after)
	if !dropsAny(before, after) {
		return keys
	}
	old, err := before.segments()
	if err != nil {
		return keys
	}
	kept, err := after.segments()
	if err != nil {
		return keys
	}
	for r := range old {
		if !kept[r] {
			keys = append(keys, segmentKey(before.ID, r))
		}
	}
	return keys
}

// removeLost deletes the segments that an attempt stored in vain: those that h, a head read
// after it, does not refer to. A commit that made the same segment in the same revision has
// won, so h or a head before it had the segment, and a key that a head has given up never
// comes back. It is an optimisation of space.
func (s *Service) removeLost(ctx context.Context, h *head, lost *attempt) {
	if lost == nil || len(lost.items) == 0 || s.store.Capabilities().Consistency != kv.Strong {
		return
	}
	kept, err := h.segments()
	if err != nil {
		return
	}
	held := make(map[string]bool, len(kept))
	for r := range kept {
		held[segmentKey(h.ID, r)] = true
	}
	var keys []string
	for _, it := range lost.items {
		if !held[it.Key] {
			keys = append(keys, it.Key)
		}
	}
	_ = s.store.Delete(ctx, keys...)
}

// dropsAny reports whether after may lack a segment of before. A version that goes takes none
// with it if another one has its manifest and its marks, which is how it is with snapshots;
// then no manifest has to be read.
func dropsAny(before, after *head) bool {
	for i := range before.Versions {
		v := &before.Versions[i]
		raw := before.Manifests[v.Manifest]
		if !slices.ContainsFunc(after.Manifests, func(kept []byte) bool { return bytes.Equal(kept, raw) }) {
			return true
		}
		sameMarks := func(kept version) bool { return kept.Marks != nil && *kept.Marks == *v.Marks }
		if v.Marks != nil && !slices.ContainsFunc(after.Versions, sameMarks) {
			return true
		}
	}
	return len(before.AuditChunks) > 0 && (len(after.AuditChunks) == 0 || before.AuditChunks[0] != after.AuditChunks[0])
}

func (h *head) ttl() time.Duration { return time.Duration(h.TTL) * time.Millisecond }

// gone turns a segment of h that is not there into the error to tell. One that was stored a
// moment ago may just not be visible yet.
func (s *Service) gone(h *head, err error) error {
	if !errors.Is(err, errSegmentGone) {
		return err
	}
	if latest := h.Versions[len(h.Versions)-1].Time; s.eventual() && s.now().UnixMilli()-latest < maxDelay.Milliseconds() {
		return &Error{Kind: ErrStaleRead, Detail: "revision " + h.revision.String() + " is not wholly visible here yet; try again shortly", Err: err}
	}
	return corrupt(h.ID, err)
}

// corrupt turns a segment that is really gone into the error that names it.
func corrupt(id string, err error) error {
	if !errors.Is(err, errSegmentGone) {
		return err
	}
	return &Error{Kind: ErrCorrupt, Detail: "session " + id + " is damaged: " + err.Error(), Err: err}
}
