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
	var lost []kv.Item
	for range maxAttempts {
		h, err := s.load(ctx, ref)
		if err != nil {
			return nil, err
		}
		s.removeLost(ctx, h, lost)
		if err := s.check(h, pre); err != nil {
			return nil, err
		}
		before := *h
		base := h.revision
		items, err := change(h)
		if errors.Is(err, errSegmentGone) && base != last {
			// A commit that came between may have removed it; the next attempt sees its head.
			last = base
			continue
		}
		if err != nil {
			return nil, corrupt(h.ID, err)
		}
		err = s.swap(ctx, h, base, items)
		if errors.Is(err, kv.ErrConflict) {
			lost = items
			continue
		}
		if err != nil {
			return nil, err
		}
		s.removeUnreferenced(ctx, &before, h)
		return s.view(h), nil
	}
	return nil, exhausted(ref.ID)
}

func (s *Service) check(h *head, pre Precondition) error {
	if pre != nil && !pre(s.view(h)) {
		return fail(ErrPreconditionFailed, "session %s has changed: its revision is %s now", h.ID, h.revision)
	}
	return nil
}

func exhausted(id string) error {
	return fail(ErrConflict, "session %s was changed by others %d times in a row; try again", id, maxAttempts)
}

// swap stores items and then h as the successor of the head with revision base.
func (s *Service) swap(ctx context.Context, h *head, base Token, items []kv.Item) error {
	h.revision = base.next()
	h.Commits = append(h.Commits, h.revision.Commit[:])
	if len(h.Commits) > maxCommits {
		h.Commits = h.Commits[len(h.Commits)-maxCommits:]
	}
	ttl := s.segmentTTL(h.ttl())
	// The session may have had a longer TTL when its other segments were stored.
	h.Lease = min(h.Lease, s.now().Add(ttl).UnixMilli())
	if err := s.store.SetMany(ctx, items, ttl); err != nil {
		return err
	}
	if err := s.extend(ctx, h); err != nil {
		return err
	}
	return s.putHead(ctx, h, base.kv())
}

// putHead swaps the head from revision old.
func (s *Service) putHead(ctx context.Context, h *head, old kv.Revision) error {
	b, err := h.encode()
	if err != nil {
		return err
	}
	item := kv.Item{Key: headKey(h.ID), Value: b, Counted: true}
	return s.store.CompareAndSwap(ctx, item, old, s.storeTTL(hold(h.ttl())))
}

// removeUnreferenced deletes the segments of before that after no longer refers to. It is an
// optimisation of space: what it fails to delete expires, so its errors are of no interest.
// An eventually consistent store may still serve the old head to others, so there they stay.
func (s *Service) removeUnreferenced(ctx context.Context, before, after *head) {
	if s.store.Capabilities().Consistency != kv.Strong || !dropsAny(before, after) {
		return
	}
	old, err := before.segments()
	if err != nil {
		return
	}
	kept, err := after.segments()
	if err != nil {
		return
	}
	var keys []string
	for r := range old {
		if !kept[r] {
			keys = append(keys, segmentKey(before.ID, r))
		}
	}
	s.cache.remove(keys)
	_ = s.store.Delete(ctx, keys...)
}

// removeLost deletes the segments that an attempt to commit stored in vain: those that h, a
// head read after it, does not refer to. A commit that made the same segment in the same
// revision has won, so h or a head before it had the segment, and a key that a head has given
// up never comes back. Like removeUnreferenced it is an optimisation of space.
func (s *Service) removeLost(ctx context.Context, h *head, lost []kv.Item) {
	if len(lost) == 0 || s.store.Capabilities().Consistency != kv.Strong {
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
	for _, it := range lost {
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

// corrupt turns a segment that is really gone into the error that names it.
func corrupt(id string, err error) error {
	if !errors.Is(err, errSegmentGone) {
		return err
	}
	return &Error{Kind: ErrCorrupt, Detail: "session " + id + " is damaged: " + err.Error(), Err: err}
}
