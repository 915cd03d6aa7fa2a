//go:build !js

package disk

import (
	"context"
	"sync"
	"time"

	"edgeframe/kv"
)

// Count implements [kv.Driver]. A counter has the number of stored counted items. From it Count
// subtracts the expired ones that have not been swept, which are the beginning of an index. Items
// that are being written or removed may be included or not.
func (d *Driver) Count(ctx context.Context) (kv.Count, error) {
	if err := ctx.Err(); err != nil {
		return kv.Count{}, err
	}
	total := d.counted.Load()
	expired, err := d.countIndexUntil(ctx, d.floor.get(), time.Now().UnixNano())
	if err != nil {
		return kv.Count{}, err
	}
	return kv.Count{N: max(0, total-expired), Exact: true}, nil
}

// countIndex returns the number of counted items that expire between two times, inclusive.
func (d *Driver) countIndex(from, to int64) (int64, error) {
	return d.countIndexUntil(context.Background(), from, to)
}

func (d *Driver) countIndexUntil(ctx context.Context, from, to int64) (n int64, err error) {
	upper := after([]byte{countedSpace})
	if to != never {
		upper = indexKey(countedSpace, to+1, "")
	}
	err = d.scan(ctx, indexKey(countedSpace, from, ""), upper, func(_, _ []byte) (bool, error) {
		n++
		return true, nil
	})
	return n, err
}

// sweepKeys is the number of items that Sweep removes in one batch.
const sweepKeys = 256

// Sweep implements [kv.Sweeper].
func (d *Driver) Sweep(ctx context.Context, limit int) (removed int, err error) {
	for removed < limit {
		seen := d.floor.begin()
		now := time.Now().UnixNano()
		expired, err := d.expired(ctx, seen.at, now, min(limit-removed, sweepKeys))
		if err != nil {
			return removed, err
		}
		if len(expired) == 0 {
			d.floor.swept(seen, now)
			break
		}
		n, err := d.removeExpired(ctx, expired, now)
		removed += n
		if err != nil {
			return removed, err
		}
	}
	return removed, nil
}

// expired returns up to limit keys that expire between two times, inclusive.
func (d *Driver) expired(ctx context.Context, from, to int64, limit int) (keys []string, err error) {
	lower, upper := indexKey(expirySpace, from, ""), indexKey(expirySpace, to+1, "")
	err = d.scan(ctx, lower, upper, func(k, _ []byte) (bool, error) {
		_, key := splitIndexKey(k)
		keys = append(keys, key)
		return len(keys) < limit, nil
	})
	return keys, err
}

// removeExpired locks keys and removes those that are still expired.
func (d *Driver) removeExpired(ctx context.Context, keys []string, now int64) (removed int, err error) {
	err = d.mutate(ctx, keys, 0, false, func(c *change) error {
		for _, key := range keys {
			m, ok, err := c.meta(key)
			if err != nil {
				return err
			}
			if !ok || m.expires > now {
				continue
			}
			if err := c.remove(key); err != nil {
				return err
			}
			removed++
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return removed, nil
}

// floor is a time before which no item in the indexes expires. Scans begin there, so that they skip
// the engine's tombstones of swept entries.
type floor struct {
	mu      sync.Mutex
	at      int64
	lowered int // number of times it was lowered
}

// scanned is the state of a floor at the beginning of a scan.
type scanned struct {
	at      int64
	lowered int
}

func (f *floor) get() int64 { return f.begin().at }

func (f *floor) begin() scanned {
	f.mu.Lock()
	defer f.mu.Unlock()
	return scanned{at: f.at, lowered: f.lowered}
}

// swept raises the floor to now, after a scan from the floor to now has found nothing. It does not if
// the floor was lowered during the scan.
func (f *floor) swept(since scanned, now int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.lowered == since.lowered {
		f.at = max(f.at, now)
	}
}

// stored lowers the floor if an item has expired by the time it is in the index.
func (f *floor) stored(expires int64) {
	if expires > time.Now().UnixNano() {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at = min(f.at, expires)
	f.lowered++
}
