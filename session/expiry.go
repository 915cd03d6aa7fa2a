package session

import (
	"context"
	"errors"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/internal/budget"
	"edgeframe/kv"
	"edgeframe/session/record"
)

// access notes an access to h, unless one was noted less than a touch interval ago. If that costs
// a round trip anyway, the segments of prefetch come in it.
func (s *Service) access(ctx context.Context, h *head, prefetch Prefetch) {
	if s.now().UnixMilli()-h.Accessed < s.keep.touchInterval(h.ttl()).Milliseconds() {
		return
	}
	refs, keys := s.uncached(h, prefetch.refs(s, h))
	share := budget.From(ctx)
	raw, stored := sizes(refs)
	if share.Use(ctx, raw+stored) != nil {
		// The read will be refused; the access is noted.
		refs, keys, stored = nil, nil, 0
	}
	defer share.Free(stored)
	values := s.heads.access(ctx, h, keys)
	if values == nil || len(keys) == 0 {
		return
	}
	// A segment that cannot be decoded is fetched again by the read, which reports the error.
	h.fetched = map[record.SegmentRef][]arrow.Array{}
	_ = s.decodeInto(ctx, h, refs, keys, values, h.fetched, true)
}

// Touch extends a session and, if ttl is not zero, changes its TTL.
func (s *Service) Touch(ctx context.Context, ref Ref, pre Precondition, ttl time.Duration) (*Session, error) {
	if ttl == 0 {
		return s.touch(ctx, ref, pre)
	}
	if err := checkTTL(ttl); err != nil {
		return nil, err
	}
	return s.commitLight(ctx, ref, pre, func(h *head) ([]kv.Item, error) {
		h.TTL = ttl.Milliseconds()
		return nil, nil
	})
}

// touch notes an access at once. It makes no new revision.
func (s *Service) touch(ctx context.Context, ref Ref, pre Precondition) (*Session, error) {
	leave, err := s.enterLine(ctx, ref.ID)
	if err != nil {
		return nil, err
	}
	defer leave(0)
	h, err := s.load(ctx, ref)
	for lost, start := 0, s.now(); err == nil; lost++ {
		if err := s.check(h, pre); err != nil {
			return nil, err
		}
		if s.isExhausted(lost, start) {
			return nil, withState(h, exhausted(ref.ID, lost))
		}
		err = s.heads.touch(ctx, h)
		if err == nil {
			return view(h), nil
		}
		if errors.Is(err, kv.ErrConflict) {
			h, err = s.loadWinner(ctx, ref, err)
		}
	}
	return nil, s.withLatest(ctx, ref.ID, err)
}

func checkTTL(ttl time.Duration) error {
	if ttl < MinTTL || ttl > MaxTTL {
		return fail(ErrInvalidParameter, "ttl_seconds %d is not between %d and %d", int64(ttl/time.Second), int64(MinTTL/time.Second), int64(MaxTTL/time.Second))
	}
	return nil
}
