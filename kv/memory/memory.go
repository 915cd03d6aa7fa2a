// Package memory is a [kv.Driver] that keeps everything in the memory of the process.
//
// It has strong consistency, exact expiry and an exact count, each in logarithmic time, and runs on
// every build. Nothing survives the end of the process.
package memory

import (
	"cmp"
	"context"
	"math"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/tidwall/btree"

	"edgeframe/kv"
)

const (
	maxKeyBytes   = 512
	maxValueBytes = 512 << 20

	// never is the expiry of an entry that is kept until it is deleted.
	never = math.MaxInt64
)

// Driver is the in-memory engine. The mutex guards all trees and is only held for work in memory.
// Entries are immutable: a change replaces them in every tree.
type Driver struct {
	mu       sync.RWMutex
	byKey    btree.Map[string, *entry]
	expiring *btree.BTreeG[*entry] // entries with an expiry, by expiry
	counted  *btree.BTreeG[*entry] // entries that Count reports, by expiry
	// bytes is about the memory that all entries take, most the largest value of it.
	bytes, most int64
	// watchers are told while mu is locked, so in the order of the changes.
	watchers kv.Watchers
}

// entryBytes is about what an entry takes besides its key and value.
const entryBytes = 256

type entry struct {
	key     string
	value   []byte
	expires int64 // Unix nanoseconds
	counted bool
}

var (
	_ kv.Driver    = (*Driver)(nil)
	_ kv.Committer = (*Driver)(nil)
	_ kv.Sweeper   = (*Driver)(nil)
	_ kv.Watcher   = (*Driver)(nil)
)

// New returns an empty engine without a limit on its size.
func New() *Driver { return NewBounded(math.MaxInt64) }

// NewBounded returns an empty engine that takes at most about that many bytes of memory. When it is full,
// writes return [kv.ErrFull], except those that make a value smaller.
func NewBounded(bytes int64) *Driver {
	return &Driver{expiring: newExpiryTree(), counted: newExpiryTree(), most: bytes}
}

func newExpiryTree() *btree.BTreeG[*entry] {
	byExpiry := func(a, b *entry) bool {
		return cmp.Or(cmp.Compare(a.expires, b.expires), cmp.Compare(a.key, b.key)) < 0
	}
	return btree.NewBTreeGOptions(byExpiry, btree.Options{NoLocks: true})
}

// Info implements [kv.Driver].
func (d *Driver) Info() kv.Info {
	return kv.Info{
		Type:  "inmemory",
		Class: "InMemoryBackend",
		Capabilities: kv.Capabilities{
			Consistency:    kv.Strong,
			CompareAndSwap: true,
			MaxValueBytes:  maxValueBytes,
			MaxKeyBytes:    maxKeyBytes,
			LiveUpdates:    true,
		},
	}
}

// Get implements [kv.Driver].
func (d *Driver) Get(ctx context.Context, keys []string) ([][]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	values := make([][]byte, len(keys))
	d.mu.RLock()
	defer d.mu.RUnlock()
	now := time.Now().UnixNano()
	for i, key := range keys {
		if e := d.unexpired(key, now); e != nil {
			values[i] = e.value
		}
	}
	return values, nil
}

// Set implements [kv.Driver]. Here it is atomic.
func (d *Driver) Set(ctx context.Context, items []kv.Item, ttl time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now().UnixNano()
	if err := d.makeRoom(now, items...); err != nil {
		return err
	}
	for _, it := range items {
		d.put(newEntry(it, expiry(now, ttl)))
	}
	return nil
}

// CompareAndSwap implements [kv.Driver].
func (d *Driver) CompareAndSwap(ctx context.Context, item kv.Item, old kv.Revision, ttl time.Duration) error {
	return d.swap(ctx, item, old, ttl, nil)
}

// Commit implements [kv.Committer].
func (d *Driver) Commit(ctx context.Context, c kv.Commit) ([][]byte, error) {
	return kv.CommitInSteps(ctx, d, c, func() error { return d.swap(ctx, c.Swap, c.Old, c.SwapTTL, c.Event) })
}

// Watch implements [kv.Watcher].
func (d *Driver) Watch(key string, tell func(event []byte)) (stop func()) {
	return d.watchers.Watch(key, tell)
}

// swap is CompareAndSwap with an event, which may be nil.
func (d *Driver) swap(ctx context.Context, item kv.Item, old kv.Revision, ttl time.Duration, event func() []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now().UnixNano()
	current := d.unexpired(item.Key, now)
	switch {
	case current == nil && old != kv.Revision{}:
		return kv.ErrConflict
	case current != nil && (old == kv.Revision{} || kv.RevisionOf(current.value) != old):
		return kv.ErrConflict
	}
	if err := d.makeRoom(now, item); err != nil {
		return err
	}
	d.put(newEntry(item, expiry(now, ttl)))
	if event != nil {
		d.watchers.TellOf(item.Key, event)
	}
	return nil
}

// Delete implements [kv.Driver].
func (d *Driver) Delete(ctx context.Context, keys []string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, key := range keys {
		d.remove(key)
		d.watchers.Tell(key, nil)
	}
	return nil
}

// Touch implements [kv.Driver].
func (d *Driver) Touch(ctx context.Context, keys []string, ttl time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now().UnixNano()
	for _, key := range keys {
		if e := d.unexpired(key, now); e != nil {
			renewed := *e
			renewed.expires = max(e.expires, expiry(now, ttl))
			d.put(&renewed)
		}
	}
	return nil
}

// List implements [kv.Driver]. The cursor is the last key that was examined. A page examines at most
// limit keys, including expired ones, so that its cost is bounded.
func (d *Driver) List(ctx context.Context, prefix, cursor string, limit int) (kv.Page, error) {
	if err := ctx.Err(); err != nil {
		return kv.Page{}, err
	}
	start := prefix
	if cursor != "" {
		start = max(prefix, cursor+"\x00")
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	var (
		page = kv.Page{Keys: []string{}}
		now  = time.Now().UnixNano()
		seen int
		last string
	)
	d.byKey.Ascend(start, func(key string, e *entry) bool {
		if !strings.HasPrefix(key, prefix) {
			return false
		}
		if seen == limit {
			page.Cursor = last
			return false
		}
		if e.expires > now {
			page.Keys = append(page.Keys, key)
		}
		seen, last = seen+1, key
		return true
	})
	return page, nil
}

// Count implements [kv.Driver]. The counted entries are ordered by expiry, so a binary search finds
// the first one that has not expired.
func (d *Driver) Count(ctx context.Context) (kv.Count, error) {
	if err := ctx.Err(); err != nil {
		return kv.Count{}, err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	now := time.Now().UnixNano()
	expired := sort.Search(d.counted.Len(), func(i int) bool {
		e, _ := d.counted.GetAt(i)
		return e.expires > now
	})
	return kv.Count{N: int64(d.counted.Len() - expired), Exact: true}, nil
}

// Health implements [kv.Driver]. There is nothing to report.
func (d *Driver) Health(ctx context.Context) (map[string]any, error) {
	return map[string]any{}, ctx.Err()
}

// Sweep implements [kv.Sweeper].
func (d *Driver) Sweep(ctx context.Context, limit int) (removed int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.sweep(time.Now().UnixNano(), limit), nil
}

// sweep removes up to limit expired entries. The caller holds the mutex for writing.
func (d *Driver) sweep(now int64, limit int) (removed int) {
	for removed < limit {
		e, ok := d.expiring.Min()
		if !ok || e.expires > now {
			break
		}
		d.remove(e.key)
		removed++
	}
	return removed
}

// makeRoom removes expired entries if there is no room for items, and returns [kv.ErrFull] if that
// is not enough. The caller holds the mutex for writing.
func (d *Driver) makeRoom(now int64, items ...kv.Item) error {
	if d.fits(items) {
		return nil
	}
	d.sweep(now, math.MaxInt)
	if !d.fits(items) {
		return kv.ErrFull
	}
	return nil
}

// fits reports whether there is room for items, in place of the entries with their keys.
func (d *Driver) fits(items []kv.Item) bool {
	var more int64
	for _, it := range items {
		more += entryBytes + int64(len(it.Key)+len(it.Value))
		if old, ok := d.byKey.Get(it.Key); ok {
			more -= old.size()
		}
	}
	return more <= 0 || more <= d.most-d.bytes
}

// Close implements [kv.Driver].
func (d *Driver) Close() error { return nil }

// unexpired returns the entry of key, nil if it is absent or expired. The caller holds the mutex.
func (d *Driver) unexpired(key string, now int64) *entry {
	e, ok := d.byKey.Get(key)
	if !ok || e.expires <= now {
		return nil
	}
	return e
}

// put stores e and replaces the entry of its key. The caller holds the mutex for writing.
func (d *Driver) put(e *entry) {
	if old, replaced := d.byKey.Set(e.key, e); replaced {
		d.unindex(old)
	}
	d.bytes += e.size()
	if e.expires != never {
		d.expiring.Set(e)
	}
	if e.counted {
		d.counted.Set(e)
	}
}

// remove removes key from all trees. The caller holds the mutex for writing.
func (d *Driver) remove(key string) {
	if old, ok := d.byKey.Delete(key); ok {
		d.unindex(old)
	}
}

func (d *Driver) unindex(e *entry) {
	d.bytes -= e.size()
	d.expiring.Delete(e)
	d.counted.Delete(e)
}

// size is about the memory that e takes, in bytes.
func (e *entry) size() int64 { return entryBytes + int64(len(e.key)+len(e.value)) }

func newEntry(it kv.Item, expires int64) *entry {
	value := it.Value
	if value == nil {
		value = []byte{}
	}
	return &entry{key: it.Key, value: value, expires: expires, counted: it.Counted}
}

// expiry returns when an item expires that is stored now with ttl. A time beyond the range of Unix
// nanoseconds counts as never.
func expiry(now int64, ttl time.Duration) int64 {
	if ttl == 0 || int64(ttl) > never-now {
		return never
	}
	return now + int64(ttl)
}

// Space returns about how much memory the entries take, and how much more they may take, in bytes.
func (d *Driver) Space() (used, free int64) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.bytes, d.most - d.bytes
}
