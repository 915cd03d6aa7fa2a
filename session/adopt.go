package session

import (
	"context"
	"errors"
	"time"

	"edgeframe/kv"
	"edgeframe/session/record"
)

// A store may take the place of an eventually consistent one whose values it shows, all but the heads. A
// session that has its head still in the former store is adopted when it is first asked for: the head is
// copied, and from then on only the copy counts. The store remembers what it has adopted for as long as
// the former one may show the session, so that it does not come back once it has ended.

// adopt returns the head of a session that the former store has, after it has been copied. It returns nil if
// there is no former store or no session.
func (hs *strongHeads) adopt(ctx context.Context, ref Ref) (*head, error) {
	if hs.former == nil {
		return nil, nil
	}
	h, err := hs.former.load(ctx, ref)
	if h == nil || err != nil {
		return nil, err
	}
	left := time.Duration(h.Expires-hs.now().UnixMilli()) * time.Millisecond
	if left <= 0 || ref.After.Revision > h.Revision.Revision {
		// There is a newer head that is not visible here yet.
		return h, nil
	}
	c, err := hs.keep.commitOf(h, Token{}, kv.Commit{})
	if err != nil {
		return nil, err
	}
	err = hs.store.Adopt(ctx, c.Swap, hs.keep.storeTTL(left), hs.former.keep.segmentTTL(h.ttl()))
	if errors.Is(err, kv.ErrConflict) {
		return hs.adopted(ctx, ref.ID)
	}
	if err != nil {
		return nil, err
	}
	copied := *h
	hs.former.later(ctx, func(ctx context.Context) {
		// Errors are ignored, because what stays expires.
		_ = hs.former.store.Delete(ctx, record.HeadKey(copied.ID), record.LifetimeKey(copied.ID), record.HeadCopyKey(copied.ID, copied.Revision))
	})
	return h, nil
}

// adopted returns the head of a session that was adopted before, nil if it has ended since then.
func (hs *strongHeads) adopted(ctx context.Context, id string) (*head, error) {
	b, err := hs.store.Get(ctx, record.HeadKey(id))
	if errors.Is(err, kv.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return decodeHead(ctx, id, b)
}

// madeBefore reports whether the former store has the session that a request with a key makes.
func (hs *strongHeads) madeBefore(ctx context.Context, h *head) (bool, error) {
	if hs.former == nil || h.Made == nil {
		return false, nil
	}
	present, err := hs.load(ctx, Ref{ID: h.ID})
	return present != nil, err
}
