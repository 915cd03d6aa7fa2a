// Package cache is a read-through cache in front of a [kv.Driver], for values that never
// change.
//
// It stays within its limit of bytes, requests all missing keys from the engine in one call, and
// caches only keys that its owner declares immutable. It may return the value of such a key after
// the engine has removed it; the owner must reach these keys through something that is not cached.
// All other calls go to the engine, with its consistency and errors. The cache waits for nothing
// but the calls of its own caller, so it can be used in every build.
package cache

import (
	"context"

	"edgeframe/internal/lru"
	"edgeframe/kv"
)

// driver is a kv.Driver with a cache of values.
type driver struct {
	kv.Driver
	values    *lru.Cache[[]byte]
	immutable func(key string) bool
}

// New returns d with a cache of that many bytes for the values of immutable keys. A key is immutable
// if its value never changes once it is stored. Keys include the prefix.
func New(d kv.Driver, bytes int64, immutable func(key string) bool) kv.Driver {
	c := &driver{Driver: d, values: lru.New[[]byte](bytes), immutable: immutable}
	committer, commits := d.(kv.Committer)
	sweeper, sweeps := d.(kv.Sweeper)
	switch {
	case commits && sweeps:
		return struct {
			*driver
			committing
			kv.Sweeper
		}{c, committing{c, committer}, sweeper}
	case commits:
		return struct {
			*driver
			committing
		}{c, committing{c, committer}}
	case sweeps:
		return struct {
			*driver
			kv.Sweeper
		}{c, sweeper}
	}
	return c
}

// Unwrap implements [kv.Wrapper].
func (c *driver) Unwrap() kv.Driver { return c.Driver }

// CacheStats returns the numbers of the cache. The drivers that [New] returns have it.
func (c *driver) CacheStats() lru.Stats { return c.values.Stats() }

// Get implements [kv.Driver].
func (c *driver) Get(ctx context.Context, keys []string) ([][]byte, error) {
	values, missing := c.look(keys)
	if len(missing) == 0 {
		return values, ctx.Err()
	}
	found, err := c.Driver.Get(ctx, missing)
	if err != nil {
		return nil, err
	}
	c.fill(keys, values, found, !kv.IsPassing(ctx))
	return values, nil
}

// look returns the cached values of keys, in their order, and the keys that are not cached.
func (c *driver) look(keys []string) (values [][]byte, missing []string) {
	values = make([][]byte, len(keys))
	for i, key := range keys {
		if c.immutable(key) {
			values[i], _ = c.values.Get(key)
		}
		if values[i] == nil {
			missing = append(missing, key)
		}
	}
	return values, missing
}

// fill inserts the values of the missing keys into values, and caches them if they are to be kept.
func (c *driver) fill(keys []string, values, found [][]byte, keep bool) {
	for i, key := range keys {
		if values[i] != nil {
			continue
		}
		values[i], found = found[0], found[1:]
		if keep && values[i] != nil && c.immutable(key) {
			c.values.Add(key, values[i], int64(len(key)+len(values[i])))
		}
	}
}

// Delete implements [kv.Driver].
func (c *driver) Delete(ctx context.Context, keys []string) error {
	c.values.Remove(keys...)
	return c.Driver.Delete(ctx, keys)
}

// committing implements Commit for drivers that have it.
type committing struct {
	cache     *driver
	committer kv.Committer
}

// Commit implements [kv.Committer].
func (c committing) Commit(ctx context.Context, commit kv.Commit) ([][]byte, error) {
	keys := commit.Get
	values, missing := c.cache.look(keys)
	commit.Get = missing
	found, err := c.committer.Commit(ctx, commit)
	if err == nil {
		c.cache.values.Remove(commit.Drop...)
	}
	if len(missing) > 0 && found == nil {
		return nil, err
	}
	c.cache.fill(keys, values, found, true)
	return values, err
}
