//go:build !js

package disk

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"edgeframe/kv"
)

const (
	// batchBytes and batchKeys limit a batch. Between batches a call ends if its context is done.
	// A value above batchBytes is a batch of its own.
	batchBytes = 4 << 20
	batchKeys  = 1000
)

// Get implements [kv.Driver].
func (d *Driver) Get(ctx context.Context, keys []string) ([][]byte, error) {
	now, memory := d.now().UnixNano(), kv.MemoryOf(ctx)
	values := make([][]byte, len(keys))
	for i, key := range keys {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var err error
		if values[i], err = d.get(key, now, memory); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// get returns a copy of the value of key, or nil, without a change that is not confirmed. The copy is in
// memory that the function makes.
func (d *Driver) get(key string, now int64, memory func(size int) []byte) (value []byte, err error) {
	for {
		value, err = d.getFrom(d.db, key, now, memory)
		flight := d.unconfirmed.of(d.stripes.of(key), key)
		if flight == nil || flight.read(func(before pebble.Reader) { value, err = d.getFrom(before, key, now, memory) }) {
			return value, err
		}
	}
}

func (d *Driver) getFrom(r pebble.Reader, key string, now int64, memory func(size int) []byte) ([]byte, error) {
	m, ok, err := d.metaFrom(r, key)
	if !ok || err != nil || m.expires <= now {
		return nil, err
	}
	return d.value(r, key, m, memory)
}

// value returns a copy of the value that belongs to m. If it is absent or of another size, the item
// was changed between two reads, or one of its parts is lost.
func (d *Driver) value(r pebble.Reader, key string, m meta, memory func(size int) []byte) ([]byte, error) {
	for {
		value, err := d.readFrom(r, spaceKey(valueSpace, key), memory)
		if err != nil || value != nil && len(value) == int(m.size) {
			return value, err
		}
		again, ok, err := d.metaFrom(r, key)
		if !ok || err != nil {
			return nil, err
		}
		if again == m {
			return nil, fmt.Errorf("%w: the value of a key is lost", kv.ErrCorrupt)
		}
		m = again
	}
}

// read returns a copy of the engine's value of key, nil if the key is absent.
func (d *Driver) read(key []byte) (value []byte, err error) { return d.readFrom(d.db, key, newMemory) }

func (d *Driver) readFrom(r pebble.Reader, key []byte, memory func(size int) []byte) (value []byte, err error) {
	err = d.try(func() error {
		found, closer, err := r.Get(key)
		if notFound(err) {
			return nil // so nobody looks whether the error is about a damaged file
		}
		if err != nil {
			return err
		}
		value = memory(len(found))
		copy(value, found)
		return closer.Close()
	})
	return value, err
}

func newMemory(size int) []byte { return make([]byte, size) }

// meta returns the meta record of key, if it exists, expired or not.
func (d *Driver) meta(key string) (m meta, ok bool, err error) { return d.metaFrom(d.db, key) }

func (d *Driver) metaFrom(r pebble.Reader, key string) (m meta, ok bool, err error) {
	b, err := d.readFrom(r, spaceKey(metaSpace, key), newMemory)
	if b == nil || err != nil {
		return meta{}, false, err
	}
	m, err = decodeMeta(b)
	return m, err == nil, err
}

// Set implements [kv.Driver]. Items with different keys are visible at once.
func (d *Driver) Set(ctx context.Context, items []kv.Item, ttl time.Duration) error {
	for len(items) > 0 {
		n, size := distinctItems(items)
		run := items[:n]
		items = items[n:]
		keys := make([]string, n)
		for i, it := range run {
			keys[i] = it.Key
		}
		var builds []func(*change) error
		for len(run) > 0 {
			batch := run[:nextBatch(run)]
			run = run[len(batch):]
			builds = append(builds, func(c *change) error { return c.putAll(batch, expiry(c.now, ttl)) })
		}
		if err := d.mutate(ctx, keys, size, true, builds...); err != nil {
			return err
		}
	}
	return nil
}

// distinctItems returns how many items from the beginning have different keys, and their size in bytes.
func distinctItems(items []kv.Item) (n, size int) {
	seen := make(map[string]struct{}, len(items))
	for ; n < len(items); n++ {
		if _, again := seen[items[n].Key]; again {
			break
		}
		seen[items[n].Key] = struct{}{}
		size += len(items[n].Value)
	}
	return n, size
}

// nextBatch returns the number of items in the next batch, at least one.
func nextBatch(items []kv.Item) (n int) {
	for size := 0; n < len(items) && n < batchKeys; n++ {
		if size += len(items[n].Value); n > 0 && size > batchBytes {
			break
		}
	}
	return n
}

// CompareAndSwap implements [kv.Driver].
func (d *Driver) CompareAndSwap(ctx context.Context, item kv.Item, old kv.Revision, ttl time.Duration) error {
	return d.swap(ctx, item, old, ttl, nil)
}

// Watch implements [kv.Watcher].
func (d *Driver) Watch(key string, tell func(event []byte)) (stop func()) {
	return d.watchers.Watch(key, tell)
}

// swap is CompareAndSwap with an event, which may be nil.
func (d *Driver) swap(ctx context.Context, item kv.Item, old kv.Revision, ttl time.Duration, event func() []byte) error {
	return d.mutate(ctx, []string{item.Key}, len(item.Value), true, func(c *change) error { return c.swap(item, old, ttl, event) })
}

// swap replaces the value with the revision old by item, and tells the event, which may be nil.
func (c *change) swap(item kv.Item, old kv.Revision, ttl time.Duration, event func() []byte) error {
	current, present, err := c.revision(item.Key)
	if err != nil {
		return err
	}
	wantPresent := old != kv.Revision{}
	if present != wantPresent || current != old {
		return kv.ErrConflict
	}
	if event != nil {
		c.told = append(c.told, notice{item.Key, event})
	}
	return c.put(item, expiry(c.now, ttl))
}

// revision returns the revision of the value of key, without copying the value.
func (c *change) revision(key string) (r kv.Revision, present bool, err error) {
	m, ok, err := c.meta(key)
	if !ok || err != nil || m.expires <= c.now {
		return r, false, err
	}
	err = c.d.try(func() error {
		value, closer, err := c.d.db.Get(spaceKey(valueSpace, key))
		if err != nil {
			return err
		}
		r = kv.RevisionOf(value)
		return closer.Close()
	})
	if notFound(err) {
		return r, false, fmt.Errorf("%w: the value of a key is lost", kv.ErrCorrupt)
	}
	return r, err == nil, err
}

// Delete implements [kv.Driver].
func (d *Driver) Delete(ctx context.Context, keys []string) error {
	return d.eachBatch(ctx, keys, (*change).forget)
}

// forget removes an item, and tells that.
func (c *change) forget(key string) error {
	c.told = append(c.told, notice{key: key})
	return c.remove(key)
}

// Touch implements [kv.Driver]. Values are not rewritten.
func (d *Driver) Touch(ctx context.Context, keys []string, ttl time.Duration) error {
	return d.eachBatch(ctx, keys, func(c *change, key string) error { return c.renew(key, ttl) })
}

// renew extends the life of an item.
func (c *change) renew(key string, ttl time.Duration) error {
	m, ok, err := c.meta(key)
	until := expiry(c.now, ttl)
	if !ok || err != nil || m.expires <= c.now || m.expires >= until {
		return err
	}
	if err := c.unindex(key, m); err != nil {
		return err
	}
	m.expires = until
	return c.describe(key, m)
}

// eachBatch applies op to the keys in batches. Repeated keys in a batch are ignored.
func (d *Driver) eachBatch(ctx context.Context, keys []string, op func(*change, string) error) error {
	for len(keys) > 0 {
		n := min(len(keys), batchKeys)
		batch := make([]string, 0, n)
		seen := make(map[string]struct{}, n)
		for _, key := range keys[:n] {
			if _, again := seen[key]; !again {
				seen[key] = struct{}{}
				batch = append(batch, key)
			}
		}
		keys = keys[n:]
		if err := d.mutate(ctx, batch, 0, false, func(c *change) error {
			for _, key := range batch {
				if err := op(c, key); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// List implements [kv.Driver]. The cursor is the last key that was examined. A page examines at most
// limit keys, including expired ones, so that its cost is bounded.
func (d *Driver) List(ctx context.Context, prefix, cursor string, limit int) (kv.Page, error) {
	start := prefix
	if cursor != "" {
		start = max(prefix, cursor+"\x00")
	}
	var (
		page  = kv.Page{Keys: []string{}}
		now   = d.now().UnixNano()
		space = []byte{metaSpace}
		under = spaceKey(metaSpace, prefix)
		seen  int
		last  string
	)
	err := d.scan(ctx, spaceKey(metaSpace, start), after(space), func(k, v []byte) (bool, error) {
		if !bytes.HasPrefix(k, under) {
			return false, nil
		}
		if seen == limit {
			page.Cursor = last
			return false, nil
		}
		m, err := decodeMeta(v)
		if err != nil {
			return false, err
		}
		seen, last = seen+1, string(k[1:])
		if m.expires > now {
			page.Keys = append(page.Keys, last)
		}
		return true, nil
	})
	return page, err
}

// scan calls visit with the engine's entries from lower, inclusive, to upper, exclusive, until visit
// returns false. The slices are valid only during the call of visit.
func (d *Driver) scan(ctx context.Context, lower, upper []byte, visit func(k, v []byte) (bool, error)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return d.try(func() (err error) {
		it, err := d.db.NewIterWithContext(ctx, &pebble.IterOptions{LowerBound: lower, UpperBound: upper})
		if err != nil {
			return err
		}
		defer func(c io.Closer) {
			if closeErr := c.Close(); err == nil {
				err = closeErr
			}
		}(it)
		for ok := it.First(); ok; ok = it.Next() {
			v, err := it.ValueAndErr()
			if err != nil {
				return err
			}
			if more, err := visit(it.Key(), v); !more || err != nil {
				return err
			}
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		return it.Error()
	})
}

// after returns the smallest key above all keys that begin with prefix, whose first byte is that of a space.
func after(prefix []byte) []byte {
	upper := slices.Clone(prefix)
	for upper[len(upper)-1] == 0xff {
		upper = upper[:len(upper)-1]
	}
	upper[len(upper)-1]++
	return upper
}
