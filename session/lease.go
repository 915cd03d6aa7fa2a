package session

import (
	"context"
	"sync"
	"time"

	"edgeframe/kv"
)

// Segments that are stored before their session has a head are kept for a lease of that time, which is
// renewed until the head is there. So if the process is killed meanwhile they are gone within minutes,
// not after twice the TTL of the session, which may be two months. A shorter TTL makes the lease
// shorter, to minLease at least.
const (
	maxLease = 10 * time.Minute
	minLease = time.Minute
	// renewals is how often a lease is renewed while it would run out once.
	renewals = 5
)

// lease keeps segments that no head refers to yet.
type lease struct {
	store *kv.Store
	now   func() time.Time
	// ttl is how long the store keeps the segments if the lease is not renewed.
	ttl time.Duration
	// full says that ttl is the time for which segments with a head are kept. Then the lease is
	// never renewed.
	full bool

	mu   sync.Mutex
	keys []string
	// renewed is a time at which the store kept all segments, for ttl at least; zero if none is
	// stored.
	renewed time.Time
	// expired says that the lease was renewed too late: segments may be gone.
	expired bool
}

// newLease returns a lease of segments that are kept for ttl once they have a head. If renewing is not
// possible, or if the store would write the segments again for it, they are kept for that time at once.
func newLease(store *kv.Store, now func() time.Time, ttl time.Duration, renewable bool) *lease {
	l := &lease{store: store, now: now, ttl: ttl, full: !renewable || store.Capabilities().TouchRewrites}
	if !l.full {
		l.ttl = min(maxLease, max(ttl, minLease))
	}
	return l
}

// put stores segments.
func (l *lease) put(ctx context.Context, items []kv.Item) error {
	l.mu.Lock()
	for _, it := range items {
		l.keys = append(l.keys, it.Key)
	}
	if l.renewed.IsZero() {
		l.renewed = l.now()
	}
	l.mu.Unlock()
	return l.store.SetMany(ctx, items, l.ttl)
}

// renew renews the lease. If it fails the lease goes on, and can be renewed as long as it has not run
// out.
func (l *lease) renew(ctx context.Context) error {
	l.mu.Lock()
	keys := l.keys[:len(l.keys):len(l.keys)]
	l.mu.Unlock()
	if l.full || len(keys) == 0 {
		return nil
	}
	start := l.now()
	if err := l.store.Touch(ctx, keys, l.ttl); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expired = l.expired || l.now().Sub(l.renewed) >= l.ttl
	l.renewed = start
	return nil
}

// hold renews the lease unless at least half of it is left. An error says that segments may be gone.
func (l *lease) hold(ctx context.Context) error {
	l.mu.Lock()
	due := l.now().Sub(l.renewed) > l.ttl/2
	l.mu.Unlock()
	if due {
		if err := l.renew(ctx); err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.expired {
		return fail(kv.ErrUnavailable, "segments that were stored have expired because the store was not reached for %s", l.ttl)
	}
	return nil
}

// drop deletes the segments. Errors are ignored, because what stays expires.
func (l *lease) drop(ctx context.Context) { _ = l.store.Delete(ctx, l.keys...) }
