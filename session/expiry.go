package session

import (
	"context"
	"errors"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/kv"
)

// maxTouchInterval is the longest time for which the head is not rewritten for an access
// alone.
const maxTouchInterval = time.Minute

// touchInterval is how long after an access was noted the next one need not be. Where each
// write counts, as on Workers KV, it may be longer.
func (s *Service) touchInterval(ttl time.Duration) time.Duration {
	if s.eventual() {
		return ttl / 10
	}
	return min(ttl/10, maxTouchInterval)
}

// hold is how long a session lives after an access was noted: its TTL, and as much more as
// one may go unnoted, so that a session never expires before the TTL after its last access
// has passed.
func (s *Service) hold(ttl time.Duration) time.Duration { return ttl + s.touchInterval(ttl) }

// maxDelay is longer than an eventually consistent store takes to show a write everywhere.
const maxDelay = 5 * time.Minute

// segmentTTL is how long the store keeps segments: twice as long as the head, so that they
// need to be renewed only once while the session is kept alive for one hold, and until nobody
// can see an older state any more.
func (s *Service) segmentTTL(ttl time.Duration) time.Duration {
	kept := 2 * s.hold(ttl)
	if s.eventual() {
		kept += maxDelay
	}
	return s.storeTTL(kept)
}

// storeTTL raises a TTL to the least that the store accepts. The store's expiry only frees
// space; what a session promises stands in its head.
func (s *Service) storeTTL(ttl time.Duration) time.Duration {
	return max(ttl, time.Duration(s.store.Capabilities().MinTTLSeconds)*time.Second)
}

// extend notes an access in h. It returns the keys of the segments, which have to be renewed
// for a segmentTTL, if they might not outlive h, and nil if they do. A table without rows has no
// segments, and then the list is empty but not nil.
func (s *Service) extend(h *head) (renew []string, err error) {
	now := s.now()
	h.Accessed = now.UnixMilli()
	h.Expires = now.Add(s.hold(h.ttl())).UnixMilli()
	if h.Lease >= h.Expires {
		return nil, nil
	}
	refs, err := h.segments()
	if err != nil {
		return nil, err
	}
	renew = make([]string, 0, len(refs))
	for r := range refs {
		renew = append(renew, segmentKey(h.ID, r))
	}
	h.Lease = now.Add(s.segmentTTL(h.ttl())).UnixMilli()
	return renew, nil
}

// access extends a session that is read, in one round trip with what the reader will want. It
// never fails the read: a commit that comes between has extended the session itself, and a
// store that cannot be written must still be readable. In both cases h stays as it is in the
// store.
func (s *Service) access(ctx context.Context, h *head, wants Want) {
	if s.now().UnixMilli()-h.Accessed < s.touchInterval(h.ttl()).Milliseconds() {
		return
	}
	if s.eventual() {
		s.note(ctx, h)
		return
	}
	next := *h
	renew, err := s.extend(&next)
	if err != nil {
		return
	}
	refs, keys := s.uncached(h, wants.refs(s, h))
	values, err := s.swapHead(ctx, &next, h.revision, kv.Commit{Touch: renew, Get: keys})
	if err == nil {
		*h = next
	}
	if values == nil || len(keys) == 0 {
		return
	}
	// What cannot be decoded is asked for again by the reader, who says what is wrong with it.
	h.fetched = map[segmentRef][]arrow.Array{}
	_ = s.decodeInto(refs, keys, values, h.fetched)
}

// Touch extends a session and, if ttl is not zero, changes its TTL.
func (s *Service) Touch(ctx context.Context, ref Ref, pre Precondition, ttl time.Duration) (*Session, error) {
	if ttl == 0 {
		return s.touch(ctx, ref, pre)
	}
	if err := checkTTL(ttl); err != nil {
		return nil, err
	}
	shorter := false
	v, err := s.commit(ctx, ref, pre, func(h *head) ([]kv.Item, error) {
		shorter = ttl < h.ttl()
		h.TTL = ttl.Milliseconds()
		return nil, nil
	})
	if err == nil && shorter && s.eventual() {
		// The note of an earlier access would outlive the head and lead to an older revision, in
		// which the session has not ended.
		err = s.noteNow(ctx, v.head, nil)
	}
	return v, err
}

// touch notes an access at once. It makes no new revision.
func (s *Service) touch(ctx context.Context, ref Ref, pre Precondition) (*Session, error) {
	for range maxAttempts {
		h, err := s.load(ctx, ref)
		if err != nil {
			return nil, err
		}
		if err := s.check(h, pre); err != nil {
			return nil, err
		}
		renew, err := s.extend(h)
		if err != nil {
			return nil, err
		}
		if s.eventual() {
			return s.view(h), s.noteNow(ctx, h, renew)
		}
		if _, err := s.swapHead(ctx, h, h.revision, kv.Commit{Touch: renew}); !errors.Is(err, kv.ErrConflict) {
			return s.view(h), err
		}
	}
	return nil, exhausted(ref.ID)
}

func checkTTL(ttl time.Duration) error {
	if ttl < MinTTL || ttl > MaxTTL {
		return fail(ErrInvalidParameter, "ttl_seconds %d is not between %d and %d", int64(ttl/time.Second), int64(MinTTL/time.Second), int64(MaxTTL/time.Second))
	}
	return nil
}
