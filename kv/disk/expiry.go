//go:build !js

package disk

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"edgeframe/kv"
)

// Count implements [kv.Driver]. A counter has the number of stored counted items. From it Count
// subtracts the expired ones that have not been swept, which are the beginning of an index. Items
// that are being written or removed may be included or not. If that part of the index is damaged, the
// count is not exact.
func (d *Driver) Count(ctx context.Context) (kv.Count, error) {
	if err := ctx.Err(); err != nil {
		return kv.Count{}, err
	}
	total := d.counted.Load()
	now := d.now().UnixNano()
	expired, err := d.countIndexUntil(ctx, d.floor.begin(now).at, now)
	if err != nil && !errors.Is(err, kv.ErrCorrupt) {
		return kv.Count{}, err
	}
	return kv.Count{N: max(0, total-expired), Exact: err == nil}, nil
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
		now := d.now().UnixNano()
		seen := d.floor.begin(now)
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

// expired returns up to limit items that expire between two times, inclusive: their keys, and when
// they expire according to the index.
func (d *Driver) expired(ctx context.Context, from, to int64, limit int) (found map[string]int64, err error) {
	lower, upper := indexKey(expirySpace, from, ""), indexKey(expirySpace, to+1, "")
	found = map[string]int64{}
	err = d.scan(ctx, lower, upper, func(k, _ []byte) (bool, error) {
		expires, key := splitIndexKey(k)
		found[key] = expires
		return len(found) < limit, nil
	})
	return found, err
}

// removeExpired locks the keys of items and removes those that are still expired. Of an item whose
// meta record is damaged or lost it removes what is left.
func (d *Driver) removeExpired(ctx context.Context, items map[string]int64, now int64) (removed int, err error) {
	keys := slices.Collect(maps.Keys(items))
	err = d.mutate(ctx, keys, 0, false, func(c *change) error {
		for _, key := range keys {
			m, ok, err := c.meta(key)
			switch {
			case errors.Is(err, kv.ErrCorrupt), err == nil && !ok:
				err = c.removeLost(key, items[key])
			case err == nil && m.expires <= now:
				err = c.remove(key)
			case err == nil:
				continue
			}
			if err != nil {
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

// begin returns the state of the floor at the time now. The floor of a scan never lies in the future,
// also not after the clock was ahead.
func (f *floor) begin(now int64) scanned {
	f.mu.Lock()
	defer f.mu.Unlock()
	return scanned{at: min(f.at, now), lowered: f.lowered}
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

// stored lowers the floor if an item in the index expires before it: one that has expired by the time
// it is there, or one that was stored after the clock was ahead and was set back.
func (f *floor) stored(expires int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if expires > f.at {
		return
	}
	f.at = expires
	f.lowered++
}
