package session

import (
	"context"
	"errors"
	"time"

	"edgeframe/kv"
	"edgeframe/session/record"
)

// heads reads and replaces the heads of sessions on one kind of store. There are two
// implementations: [strongHeads] on stores with compare-and-swap, [eventualHeads] on eventually
// consistent ones, which have none.
type heads interface {
	// load returns the newest state of a session that is visible here, nil if there is none. It
	// may have expired. An unreadable head is an ErrCorrupt.
	load(ctx context.Context, ref Ref) (*head, error)

	// recall returns the head that this process stored last, or has read since if the store is far away, without
	// a round trip. It returns nil if it does not know one. Others may have changed the session since then: only
	// a swap from it shows that they have not.
	recall(ctx context.Context, id string) *head

	// swap makes h the head if the present one has the revision of before (zero: if there is none),
	// and does the rest of c. It returns [kv.ErrConflict] if another commit came first and the change can be
	// tried again from the new head, and ErrConflict if it cannot.
	swap(ctx context.Context, before, h *head, c kv.Commit) error

	// access notes that h was read. keys are what the caller is going to read; if their values can
	// come in the same round trip they are returned, otherwise nil. A read never fails because of
	// it: if the access cannot be noted h stays as it is in the store.
	access(ctx context.Context, h *head, keys []string) (values [][]byte)

	// touch notes an access of h before it returns. Its errors are those of swap.
	touch(ctx context.Context, h *head) error

	// end ends a session: it does not exist any more for anyone who asks. If sameState is set that
	// happens only if h is still the head. Its errors are those of swap.
	end(ctx context.Context, h *head, sameState bool) error

	// purge deletes everything that is stored of a session whose head cannot be read.
	purge(ctx context.Context, id string) error

	// obsolete lists the keys of what before refers to and after does not, and that can be deleted
	// once after is the head. It may list too few: what stays expires.
	obsolete(before, after *head) []string

	// missing returns the error to report for err, which may say that a segment of h is not in the
	// store. Other errors, and nil, stay as they are.
	missing(h *head, err error) error

	// retention returns how long records are kept.
	retention() retention
}

// newHeads returns the heads of the store of opt.
func newHeads(opt Options) heads {
	minTTL := minTTLOf(opt.Store)
	if opt.Store.Capabilities().CompareAndSwap {
		return newStrongHeads(opt, minTTL)
	}
	return newEventualHeads(opt, minTTL)
}

func minTTLOf(store *kv.Store) time.Duration {
	return time.Duration(store.Capabilities().MinTTLSeconds) * time.Second
}

// retention says how long the records of a session are kept, as functions of its TTL. The store's
// own expiry only frees space: whether a session has expired is decided by its head.
type retention struct {
	// maxTouchInterval bounds the touch interval.
	maxTouchInterval time.Duration
	// delay is longer than the store takes to show a write everywhere.
	delay time.Duration
	// min is the shortest TTL that the store accepts.
	min time.Duration
}

// touchInterval is the time after a noted access during which further ones are not noted.
func (keep retention) touchInterval(ttl time.Duration) time.Duration {
	return min(ttl/10, keep.maxTouchInterval)
}

// headTTL is how long a session lives after a noted access: its TTL and the touch interval, so
// that it never expires before the TTL after its last access has passed.
func (keep retention) headTTL(ttl time.Duration) time.Duration {
	return ttl + keep.touchInterval(ttl)
}

// segmentTTL is how long the store keeps segments: twice as long as the head, so that they need
// to be renewed only once per headTTL while the session is kept alive, and until nobody can see
// an older state any more.
func (keep retention) segmentTTL(ttl time.Duration) time.Duration {
	return keep.storeTTL(2*keep.headTTL(ttl) + keep.delay)
}

// storeTTL raises a TTL to the shortest that the store accepts.
func (keep retention) storeTTL(ttl time.Duration) time.Duration { return max(ttl, keep.min) }

// commitOf completes c to the commit that makes h the head in place of the one with revision old.
func (keep retention) commitOf(h *head, old Token, c kv.Commit) (kv.Commit, error) {
	b, err := h.Encode()
	c.TTL = keep.segmentTTL(h.ttl())
	c.Swap = kv.Item{Key: record.HeadKey(h.ID), Value: b, Counted: true}
	c.Old = old.KV()
	c.SwapTTL = keep.storeTTL(keep.headTTL(h.ttl()))
	return c, err
}

// deleteSession deletes all keys that begin with the key prefix of a session.
func deleteSession(ctx context.Context, store *kv.Store, id string) error {
	for cursor := ""; ; {
		page, err := store.ListKeys(ctx, record.KeyPrefix(id), cursor, kv.MaxListLimit)
		if errors.Is(err, kv.ErrCorrupt) {
			// The session ends with its head. What else is left expires.
			return store.Delete(ctx, record.HeadKey(id))
		}
		if err != nil {
			return err
		}
		if err := store.Delete(ctx, page.Keys...); err != nil {
			return err
		}
		if cursor = page.Cursor; cursor == "" {
			return nil
		}
	}
}
