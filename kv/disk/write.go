//go:build !js

package disk

import (
	"context"
	"errors"
	"hash/maphash"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2"

	"edgeframe/kv"
)

// change is a batch for the engine, with its effects on the driver's counters. The stripes of all
// its keys are locked, and no key is changed twice.
type change struct {
	d       *Driver
	batch   *pebble.Batch
	now     int64
	counted int64 // change of the number of counted items
	freed   int64 // bytes of values that become garbage
	soonest int64 // the earliest expiry in the batch
	told    []notice
	// known is the meta record that was read last, that of knownKey. The key is locked, so nobody else changes it.
	known    *meta
	knownKey string
	// absent is a prefix that no key had when it was looked for, empty if none is known. Of the keys that begin with
	// it, those of this change are locked, so they are still absent.
	absent string
}

// notice is what those who watch a key are told once a change is stored.
type notice struct {
	key string
	// event is that of the [kv.Commit], nil for other changes.
	event func() []byte
}

// meta returns the meta record of key, if it exists, expired or not. If it is asked twice in a row it reads once.
func (c *change) meta(key string) (m meta, ok bool, err error) {
	if c.known != nil && c.knownKey == key {
		return *c.known, true, nil
	}
	if c.absent != "" && strings.HasPrefix(key, c.absent) {
		return meta{}, false, nil
	}
	m, ok, err = c.d.meta(key)
	if ok && err == nil {
		c.known, c.knownKey = &m, key
	}
	return m, ok, err
}

// fewItems is how many items are looked for one by one.
const fewItems = 4

// putAll stores items and replaces those that exist. Of many that begin alike, such as the segments of a new session,
// usually none exists, which one lookup shows instead of one for each.
func (c *change) putAll(items []kv.Item, expires int64) error {
	if len(items) > fewItems {
		if prefix := commonPrefix(items); prefix != "" && c.d.nothingBegins(spaceKey(metaSpace, prefix)) {
			c.absent = prefix
		}
	}
	for _, it := range items {
		if err := c.put(it, expires); err != nil {
			return err
		}
	}
	return nil
}

// commonPrefix returns what the keys of all items begin with.
func commonPrefix(items []kv.Item) string {
	prefix := items[0].Key
	for _, it := range items[1:] {
		n := 0
		for n < min(len(prefix), len(it.Key)) && prefix[n] == it.Key[n] {
			n++
		}
		prefix = prefix[:n]
	}
	return prefix
}

// nothingBegins reports whether no key of the engine begins with prefix. It is false if that cannot be read.
func (d *Driver) nothingBegins(prefix []byte) bool {
	it, err := d.db.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: after(prefix)})
	if err != nil {
		return false
	}
	found := it.First()
	return it.Close() == nil && !found
}

// put stores an item and replaces the one that exists.
func (c *change) put(it kv.Item, expires int64) error {
	if _, err := c.drop(it.Key); err != nil {
		return err
	}
	if err := c.batch.Set(spaceKey(valueSpace, it.Key), it.Value, nil); err != nil {
		return err
	}
	return c.describe(it.Key, meta{expires: expires, size: uint32(len(it.Value)), counted: it.Counted})
}

// describe stores the meta record of key and its index entries.
func (c *change) describe(key string, m meta) error {
	c.soonest = min(c.soonest, m.expires)
	if err := c.batch.Set(spaceKey(metaSpace, key), m.encode(), nil); err != nil {
		return err
	}
	if m.expires != never {
		if err := c.batch.Set(indexKey(expirySpace, m.expires, key), nil, nil); err != nil {
			return err
		}
	}
	if m.counted {
		c.counted++
		return c.batch.Set(indexKey(countedSpace, m.expires, key), nil, nil)
	}
	return nil
}

// drop removes the index entries of key and subtracts its item from the counters. It reports whether
// the item exists.
func (c *change) drop(key string) (bool, error) {
	m, ok, err := c.meta(key)
	if errors.Is(err, kv.ErrCorrupt) {
		return true, errors.Join(c.unindexUnread(key), c.shadow(key)) // a new value may follow
	}
	if !ok || err != nil {
		return false, err
	}
	c.freed += int64(m.size)
	return true, c.unindex(key, m)
}

// shadow deletes the meta record and the value of a key of which the older ones are damaged. A tombstone
// of a range ends a read. After one of a key the engine reads on, and finds the damage again.
func (c *change) shadow(key string) error {
	for _, entry := range [][]byte{spaceKey(metaSpace, key), spaceKey(valueSpace, key)} {
		if err := c.batch.DeleteRange(entry, append(entry[:len(entry):len(entry)], 0), nil); err != nil {
			return err
		}
	}
	return nil
}

// unindexUnread removes the index entries of a key whose meta record cannot be read.
func (c *change) unindexUnread(key string) error {
	for _, entry := range c.d.indexEntries(key) {
		if entry[0] == countedSpace {
			c.counted--
		}
		if err := c.batch.Delete(entry, nil); err != nil {
			return err
		}
	}
	return nil
}

func (c *change) unindex(key string, m meta) error {
	if m.expires != never {
		if err := c.batch.Delete(indexKey(expirySpace, m.expires, key), nil); err != nil {
			return err
		}
	}
	if m.counted {
		c.counted--
		return c.batch.Delete(indexKey(countedSpace, m.expires, key), nil)
	}
	return nil
}

// removeLost deletes an expired item whose meta record is damaged or gone, with its index entries.
func (c *change) removeLost(key string, expires int64) error {
	counted := indexKey(countedSpace, expires, key)
	if entry, err := c.d.read(counted); err == nil && entry != nil {
		c.counted--
	}
	for _, entry := range [][]byte{counted, indexKey(expirySpace, expires, key)} {
		if err := c.batch.Delete(entry, nil); err != nil {
			return err
		}
	}
	return c.shadow(key)
}

// remove deletes all entries of key.
func (c *change) remove(key string) error {
	had, err := c.drop(key)
	if !had || err != nil {
		return err
	}
	if c.d.damages.any() {
		return c.shadow(key)
	}
	if err := c.batch.Delete(spaceKey(metaSpace, key), nil); err != nil {
		return err
	}
	return c.batch.Delete(spaceKey(valueSpace, key), nil)
}

// stripes are locks on keys. Waiting for a lock ends when the context is done.
type stripes struct {
	locks []chan struct{}
	seed  maphash.Seed
}

func newStripes() stripes {
	s := stripes{locks: make([]chan struct{}, 256), seed: maphash.MakeSeed()}
	for i := range s.locks {
		s.locks[i] = make(chan struct{}, 1)
	}
	return s
}

// of returns the number of the stripe of key.
func (s stripes) of(key string) int {
	return int(maphash.String(s.seed, key) % uint64(len(s.locks)))
}

// lock locks the stripes of keys and returns their numbers. It locks in ascending order, so that
// there are no deadlocks.
func (s stripes) lock(ctx context.Context, keys []string) (locked []int, err error) {
	wanted := make([]int, len(keys))
	for i, key := range keys {
		wanted[i] = s.of(key)
	}
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	for i, stripe := range wanted {
		select {
		case s.locks[stripe] <- struct{}{}:
		case <-ctx.Done():
			s.unlock(wanted[:i])
			return nil, context.Cause(ctx)
		}
	}
	return wanted, nil
}

func (s stripes) unlock(locked []int) {
	for _, stripe := range locked {
		<-s.locks[stripe]
	}
}
