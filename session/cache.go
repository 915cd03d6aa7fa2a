package session

import (
	"fmt"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/hashicorp/golang-lru/v2/simplelru"

	"edgeframe/codec"
)

// cache keeps values by key, the least recently used going first when their sizes exceed the
// bound. What is kept is immutable and its key never stands for anything else, so nothing in
// it is ever stale.
type cache[V any] struct {
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

// maxCached bounds the entries; bytes are what really bounds a cache.
const maxCached = 1 << 20

func newCache[V any](bound int64) *cache[V] {
	c := &cache[V]{bound: bound}
	c.lru, _ = simplelru.NewLRU(maxCached, func(_ string, s sized[V]) { c.used -= s.bytes })
	return c
}

func (c *cache[V]) get(key string) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.lru.Get(key)
	return s.value, ok
}

// add keeps a value, unless it would drive out too much of the rest.
func (c *cache[V]) add(key string, value V, bytes int64) {
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

func (c *cache[V]) remove(keys []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range keys {
		c.lru.Remove(k)
	}
}

// arrayBytes is about what an array takes besides its buffers, measured. It is most of what a
// segment of many columns and few rows takes.
const arrayBytes = 400

// memoryOf is about the memory of a decoded segment whose payload has raw bytes.
func memoryOf(fields []arrow.Array, raw int) int64 {
	bytes := int64(raw)
	for _, f := range fields {
		bytes += arrayBytes * countArrays(f.Data())
	}
	return bytes
}

// countArrays counts an array with its children and dictionaries.
func countArrays(data arrow.ArrayData) int64 {
	n := int64(1)
	for _, child := range data.Children() {
		n += countArrays(child)
	}
	if data.DataType().ID() == arrow.DICTIONARY {
		n += countArrays(data.Dictionary())
	}
	return n
}

// Decoded schemas are kept by their bytes: sessions have many revisions and few schemas, and
// decoding a wide one costs more than reading a page of it. A schema takes about four times
// its encoded bytes, and its key as many once more.
const (
	schemaCacheBytes = 16 << 20
	schemaGrowth     = 5
)

// schema returns the schema of a version.
func (s *Service) schema(h *head, v *version) (*arrow.Schema, error) {
	raw := h.Schemas[v.Schema]
	if schema, ok := s.schemas.get(string(raw)); ok {
		return schema, nil
	}
	schema, err := codec.DecodeSchema(raw)
	if err == nil && schema.NumFields() != v.Columns {
		err = fmt.Errorf("it has %d fields for %d columns", schema.NumFields(), v.Columns)
	}
	if err != nil {
		return nil, &Error{Kind: ErrCorrupt, Detail: "the schema of session " + h.ID + " cannot be read", Err: err}
	}
	s.schemas.add(string(raw), schema, schemaGrowth*int64(len(raw)))
	return schema, nil
}
