package session

import (
	"context"
	"errors"
	"fmt"

	"edgeframe/kv"
	"edgeframe/session/record"
)

// maxAttempts bounds how often a commit is tried again after it lost against another one. With n
// equal writers an attempt wins once in n, so 8 writers all fail less than once in a thousand.
const maxAttempts = 64

// errSegmentGone says that a segment which a head refers to is not in the store.
var errSegmentGone = errors.New("segment is gone")

// commit changes a session: change edits the head that it is given, which is private to the
// attempt, and returns the segments to store. If another commit comes between, everything is done
// again from the new head. The returned session is the state after the commit.
func (s *Service) commit(ctx context.Context, ref Ref, pre Precondition, change func(h *head) ([]kv.Item, error)) (*Session, error) {
	var last Token
	var lost *attempt
	for range maxAttempts {
		h, err := s.load(ctx, ref)
		if err != nil {
			return nil, err
		}
		if lost != nil && h.made(lost.head.Revision) {
			// A retry after a lost response hit our own commit: it has succeeded.
			return s.won(lost), nil
		}
		s.removeLost(ctx, h, lost)
		if err := s.check(h, pre); err != nil {
			return nil, err
		}
		a := &attempt{before: *h, head: h}
		a.items, err = change(h)
		if errors.Is(err, errSegmentGone) && a.before.Revision != last {
			// A commit that came between may have removed it; the next attempt sees its head.
			last, lost = a.before.Revision, nil
			continue
		}
		if err != nil {
			return nil, s.heads.missing(h, err)
		}
		err = s.swap(ctx, a)
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

// attempt is one attempt to commit.
type attempt struct {
	// before is the head from which the attempt started, head its successor.
	before head
	head   *head
	// items are the segments to store, dropped the keys of those to delete, and left the keys of those
	// that a reader deletes.
	items         []kv.Item
	dropped, left []string
}

// won returns the session after an attempt that has succeeded.
func (s *Service) won(a *attempt) *Session {
	s.cache.Remove(a.dropped...)
	s.readers.leave(a.head.ID, a.left)
	return view(a.head)
}

func (s *Service) check(h *head, pre Precondition) error {
	if pre != nil && !pre(view(h)) {
		return fail(ErrPreconditionFailed, "session %s has changed: its revision is %s now", h.ID, h.Revision)
	}
	return nil
}

func overtaken(id string) error {
	return fail(ErrConflict, "session %s was changed by another request meanwhile; read it again and repeat the change", id)
}

func exhausted(id string) error {
	return fail(ErrConflict, "session %s was changed by others %d times in a row; try again", id, maxAttempts)
}

// swap makes the head of a the successor of the one before it, and stores and drops what belongs
// to that.
func (s *Service) swap(ctx context.Context, a *attempt) error {
	h, now := a.head, s.now()
	h.advance()
	// The session may have had a longer TTL when its other segments were stored.
	h.Lease = min(h.Lease, now.Add(s.keep.segmentTTL(h.ttl())).UnixMilli())
	renew, err := h.extend(now, s.keep)
	if err != nil {
		return err
	}
	a.dropped, a.left = s.readers.split(h.ID, s.heads.obsolete(&a.before, h))
	return s.heads.swap(ctx, &a.before, h, kv.Commit{Put: a.items, Touch: renew, Drop: a.dropped})
}

// removeLost deletes the segments that a lost attempt stored in vain: those that h, a head read
// after it, does not refer to. A commit that made the same segment in the same revision has
// won, so h or a head before it had the segment, and a key that a head has given up is never
// used again. Errors are ignored, because segments that stay expire.
func (s *Service) removeLost(ctx context.Context, h *head, lost *attempt) {
	if lost == nil || len(lost.items) == 0 {
		return
	}
	kept, err := h.segments()
	if err != nil {
		return
	}
	keptKeys := make(map[string]bool, len(kept))
	for r := range kept {
		keptKeys[record.SegmentKey(h.ID, r)] = true
	}
	var keys []string
	for _, it := range lost.items {
		if !keptKeys[it.Key] {
			keys = append(keys, it.Key)
		}
	}
	_ = s.store.Delete(ctx, keys...)
}

// corrupt returns the error that names a segment which is really gone. Other errors, and nil, stay
// as they are.
func corrupt(id string, err error) error {
	if !errors.Is(err, errSegmentGone) {
		return err
	}
	return damaged(id, err)
}

func damaged(id string, err error) error {
	return &Error{Kind: ErrCorrupt, Detail: fmt.Sprintf("session %s is damaged: %v", id, err), Err: err}
}
