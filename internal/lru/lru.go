// Package lru keeps values that are immutable and cost something to get again, as many as fit
// into a number of bytes.
//
// It promises that the bound holds after every call, as far as callers tell the true sizes,
// and that no call waits for anything but other calls' work in memory, so it is fit for every
// build.
package lru

import (
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// Cache keeps values by key, the least recently used going first when their sizes exceed the
// bound. It is safe for concurrent use.
type Cache[V any] struct {
	mu    sync.Mutex
	bound int64
	used  int64
	lru   *simplelru.LRU[string, sized[V]]
}

// sized is a value and about how many bytes of memory it takes.
type sized[V any] struct {
	value V
	bytes int64
}

// maxEntries bounds the entries; bytes are what really bounds a cache.
const maxEntries = 1 << 20

// New returns an empty cache for values of at most bound bytes together.
func New[V any](bound int64) *Cache[V] {
	c := &Cache[V]{bound: bound}
	c.lru, _ = simplelru.NewLRU(maxEntries, func(_ string, s sized[V]) { c.used -= s.bytes })
	return c
}

// Get returns the value of key, if it is there.
func (c *Cache[V]) Get(key string) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.lru.Get(key)
	return s.value, ok
}

// Add keeps a value of about so many bytes, unless it would drive out too much of the rest.
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

// Remove forgets keys.
func (c *Cache[V]) Remove(keys ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range keys {
		c.lru.Remove(k)
	}
}

// Used is the size of all that is kept.
func (c *Cache[V]) Used() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.used
}
