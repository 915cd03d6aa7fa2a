//go:build !js

package disk

import (
	"context"

	"edgeframe/kv"
)

// Commit implements [kv.Committer]: with one batch, which is stored as a whole or not at all and waits for the log
// once, unless it would be too large for one.
func (d *Driver) Commit(ctx context.Context, c kv.Commit) ([][]byte, error) {
	keys, size, together := batchOf(c)
	if !together {
		return kv.CommitInSteps(ctx, d, c, func() error { return d.swap(ctx, c.Swap, c.Old, c.SwapTTL, c.Event) })
	}
	rest := kv.Commit{Swap: c.Swap, Get: c.Get}
	return kv.CommitInSteps(ctx, d, rest, func() error {
		return d.mutate(ctx, keys, size, true, func(ch *change) error { return ch.commit(c) })
	})
}

// batchOf returns the keys that a commit changes and the size of what it stores, and whether that is one batch. A batch
// does not change a key twice.
func batchOf(c kv.Commit) (keys []string, size int, together bool) {
	n := 1 + len(c.Put) + len(c.Touch) + len(c.Drop)
	if n > batchKeys {
		return nil, 0, false
	}
	keys, size = append(make([]string, 0, n), c.Swap.Key), len(c.Swap.Value)
	for _, it := range c.Put {
		keys = append(keys, it.Key)
		size += len(it.Value)
	}
	keys = append(append(keys, c.Touch...), c.Drop...)
	if size > batchBytes && n > 1 {
		return nil, 0, false
	}
	if n == 1 {
		return keys, size, true
	}
	seen := make(map[string]struct{}, n)
	for _, key := range keys {
		seen[key] = struct{}{}
	}
	return keys, size, len(seen) == n
}

// commit adds a commit to the batch.
func (c *change) commit(all kv.Commit) error {
	// A swap that loses needs nothing else.
	if err := c.swap(all.Swap, all.Old, all.SwapTTL, all.Event); err != nil {
		return err
	}
	if err := c.putAll(all.Put, expiry(c.now, all.TTL)); err != nil {
		return err
	}
	for _, key := range all.Touch {
		if err := c.renew(key, all.TTL); err != nil {
			return err
		}
	}
	for _, key := range all.Drop {
		// What cannot be deleted stays until it expires.
		_ = c.forget(key)
	}
	return nil
}
