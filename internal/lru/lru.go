// Package lru is a cache of immutable values with a limit in bytes.
//
// The cache is within its limit after every call, provided that callers give the correct sizes. No
// call waits for anything but the work of other calls in memory, so it can be used in every build.
package lru

import (
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// Cache holds values by key. When their sizes exceed the limit, it evicts the least recently used
// values. It is safe for concurrent use.
type Cache[V any] struct {
	mu    sync.Mutex
	bound int64
	used  int64
	// hits and misses count the calls of Get.
	hits, misses int64
	lru          *simplelru.LRU[string, sized[V]]
}

// sized is a value and its approximate size in memory.
type sized[V any] struct {
	value V
	bytes int64
}

// maxEntries is the largest number of entries. In practice the limit in bytes is reached first.
const maxEntries = 1 << 20

// New returns an empty cache for values of at most bound bytes in total.
func New[V any](bound int64) *Cache[V] {
	c := &Cache[V]{bound: bound}
	c.lru, _ = simplelru.NewLRU(maxEntries, func(_ string, s sized[V]) { c.used -= s.bytes })
	return c
}

// Get returns the value of key, if it is cached.
func (c *Cache[V]) Get(key string) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.lru.Get(key)
	if ok {
		c.hits++
	} else {
		c.misses++
	}
	return s.value, ok
}

// Add caches a value of about that many bytes, unless it would take more than a quarter of the cache.
func (c *Cache[V]) Add(key string, value V, bytes int64) {
	if bytes > c.bound/4 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lru.Remove(key)
	c.used += bytes
	c.lru.Add(key, sized[V]{value, bytes})
	for c.used > c.bound {
		c.lru.RemoveOldest()
	}
}

// Remove removes keys.
func (c *Cache[V]) Remove(keys ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range keys {
		c.lru.Remove(k)
	}
}

// Used returns the total size of the cached values.
func (c *Cache[V]) Used() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.used
}

// Stats is what a cache has done and what it holds.
type Stats struct {
	// Hits and Misses count the calls of Get since the cache was made.
	Hits, Misses int64
	// Used is the total size of the cached values, Bound the most that it may be, in bytes.
	Used, Bound int64
}

// Stats returns the present numbers.
func (c *Cache[V]) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Stats{c.hits, c.misses, c.used, c.bound}
}
