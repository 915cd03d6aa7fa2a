package session

import (
	"fmt"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/hashicorp/golang-lru/v2/simplelru"

	"edgeframe/codec"
)

// segmentCache keeps decoded segments, the least recently used going first when their raw
// bytes exceed the bound. Segments are immutable and their keys are never used again, so
// nothing in it is ever stale.
type segmentCache struct {
	mu    sync.Mutex
	bound int64
	used  int64
	lru   *simplelru.LRU[string, decoded]
}

// decoded is the values of a segment's fields.
type decoded struct {
	fields []arrow.Array
	bytes  int64
}

// maxCachedSegments bounds the entries; bytes are what really bounds the cache.
const maxCachedSegments = 1 << 20

func newSegmentCache(bound int64) *segmentCache {
	c := &segmentCache{bound: bound}
	c.lru, _ = simplelru.NewLRU(maxCachedSegments, func(_ string, d decoded) { c.used -= d.bytes })
	return c
}

func (c *segmentCache) get(key string) ([]arrow.Array, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d, ok := c.lru.Get(key)
	return d.fields, ok
}

func (c *segmentCache) add(key string, fields []arrow.Array, bytes int64) {
	if bytes > c.bound/4 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lru.Remove(key)
	c.used += bytes
	c.lru.Add(key, decoded{fields, bytes})
	for c.used > c.bound {
		c.lru.RemoveOldest()
	}
}

func (c *segmentCache) remove(keys []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range keys {
		c.lru.Remove(k)
	}
}

// schemaCache keeps decoded schemas by their bytes: sessions have many revisions and few
// schemas, and decoding a wide one costs more than reading a page of it.
type schemaCache = lru.Cache[string, *arrow.Schema]

// maxCachedSchemas is small: a schema of 50 columns takes some 10 KiB.
const maxCachedSchemas = 256

func newSchemaCache() *schemaCache {
	c, _ := lru.New[string, *arrow.Schema](maxCachedSchemas)
	return c
}

// schema returns the schema of a version.
func (s *Service) schema(h *head, v *version) (*arrow.Schema, error) {
	raw := h.Schemas[v.Schema]
	if schema, ok := s.schemas.Get(string(raw)); ok {
		return schema, nil
	}
	schema, err := codec.DecodeSchema(raw)
	if err == nil && schema.NumFields() != v.Columns {
		err = fmt.Errorf("it has %d fields for %d columns", schema.NumFields(), v.Columns)
	}
	if err != nil {
		return nil, &Error{Kind: ErrCorrupt, Detail: "the schema of session " + h.ID + " cannot be read", Err: err}
	}
	s.schemas.Add(string(raw), schema)
	return schema, nil
}
