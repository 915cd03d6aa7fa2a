package kv

import (
	"context"
	"time"
)

// Driver is implemented by storage engines. It is thin on purpose: [Store] validates every argument,
// adds the key prefix, checks the declared capabilities and wraps errors, so a driver gets
// well-formed requests only.
//
// A driver returns raw errors. Where one of the sentinels of this package applies
// ([ErrConflict], [ErrTooLarge], …) it returns an error that wraps it; every other error is
// reported to the caller as [ErrUnavailable] with the driver's error as its cause. Drivers
// must keep credentials out of their errors and must not log.
//
// Values are immutable. A driver may keep the slices that it is given, and a caller must not change
// the slices that it gets; neither side makes defensive copies.
//
// A key whose TTL has passed is absent for every method, whether or not its bytes are
// still stored. All methods are safe for concurrent use and return promptly once ctx is done.
type Driver interface {
	// Info describes the engine. It never changes while a driver is open, and costs nothing.
	Info() Info

	// Get returns one element for each key, in the order of keys: nil for an absent key, a
	// non-nil slice (possibly empty) for a present one. An absent key is never an error.
	// On an engine with round trips it must cost one.
	Get(ctx context.Context, keys []string) ([][]byte, error)

	// Set stores all items with the same ttl and replaces existing values. With a ttl of zero,
	// items stay until they are deleted. Set need not be atomic: if it fails, any part of the
	// items may have been stored.
	Set(ctx context.Context, items []Item, ttl time.Duration) error

	// CompareAndSwap stores item if, at that instant, the key's value begins with the revision
	// old, or if old is zero and the key is absent. Otherwise it changes nothing and returns
	// [ErrConflict]. Of any number of concurrent swaps from one revision to different ones,
	// exactly one succeeds. The new revision may be equal to the old one. A driver that retries
	// after a broken connection may find that the first attempt has succeeded; it then returns
	// ErrConflict too, and the caller recognizes its own revision.
	CompareAndSwap(ctx context.Context, item Item, old Revision, ttl time.Duration) error

	// Delete removes keys. An absent key is not an error.
	Delete(ctx context.Context, keys []string) error

	// Touch makes keys live for at least ttl from now, without the caller sending their values
	// again. A key that lives longer keeps its expiry, so that a touch that comes late takes
	// nothing away; only an engine with TouchRewrites, which does not know the expiry, shortens
	// it. An absent key is not an error and is not created.
	Touch(ctx context.Context, keys []string, ttl time.Duration) error

	// List returns up to limit present keys that begin with prefix, in the engine's order,
	// starting at cursor ("" is the beginning). Every key that is present during the whole listing
	// is returned on one of its pages: exactly once, unless the engine declares RepeatsKeys and
	// rearranges itself during the listing. A page may have fewer keys than limit; only an empty
	// cursor in the answer means the end.
	List(ctx context.Context, prefix, cursor string, limit int) (Page, error)

	// Count returns the number of present items that were stored with Counted set. It must
	// not enumerate them; an engine that cannot count declares it by Exact.
	Count(ctx context.Context) (Count, error)

	// Health makes one real round trip to the engine and returns values for the health document,
	// by field (for instance "storage_dirs").
	Health(ctx context.Context) (map[string]any, error)

	// Close releases the engine. No method is called after it.
	Close() error
}

// Sweeper is implemented by drivers of engines without native expiry.
type Sweeper interface {
	// Sweep removes up to limit items whose TTL has passed and reports how many it removed.
	// It may run concurrently with every other method.
	Sweep(ctx context.Context, limit int) (removed int, err error)
}

// Item is one value to store.
type Item struct {
	Key   string
	Value []byte
	// Counted items are the ones that Count reports.
	Counted bool
}

// RevisionSize is the length of a [Revision] in bytes.
const RevisionSize = 16

// Revision identifies one state of a value that is changed by compare-and-swap. It is the
// first RevisionSize bytes of the value itself, so that every engine can compare it without
// knowing anything else about the value. The zero Revision means "no value".
type Revision [RevisionSize]byte

// RevisionOf returns the revision with which value begins, zero if it is too short for one.
func RevisionOf(value []byte) (r Revision) {
	if len(value) >= RevisionSize {
		copy(r[:], value)
	}
	return r
}

// Page is one page of a listing.
type Page struct {
	Keys []string
	// Cursor continues the listing; it is empty after the last page.
	Cursor string
}

// Count is a number of items.
type Count struct {
	N     int64
	Exact bool
}

// Info describes an engine.
type Info struct {
	// Type and Class are the names in the health document, for instance "inmemory" and
	// "InMemoryBackend".
	Type, Class  string
	Capabilities Capabilities
}

// Consistency says what a read sees of the writes that finished before it.
type Consistency string

// The consistency levels.
const (
	Strong   Consistency = "strong"
	Eventual Consistency = "eventual"
)

// Capabilities describes the abilities and limits of an engine. [Store] enforces them and the health
// document publishes them. Sessions adapt to Consistency, CompareAndSwap and MinTTLSeconds; a value
// larger than MaxValueBytes is an error. A limit of zero means unlimited.
type Capabilities struct {
	Consistency        Consistency `json:"consistency"`
	CompareAndSwap     bool        `json:"compare_and_swap"`
	NativeExpiry       bool        `json:"native_expiry"`
	MinTTLSeconds      int         `json:"min_ttl_seconds"`
	MaxValueBytes      int         `json:"max_value_bytes"`
	MaxKeyBytes        int         `json:"max_key_bytes"`
	WritesPerKeyPerSec int         `json:"writes_per_key_per_second"`
	// TouchRewrites says that Touch reads and writes the values again.
	TouchRewrites bool `json:"touch_rewrites"`
	// LateValues says that a new value may appear absent for a while, although Consistency is
	// Strong, unless its key is one that is swapped. See [Patient].
	LateValues bool `json:"late_values"`
	// RepeatsKeys says that a listing may return a key more than once if the engine rearranges
	// itself during the listing.
	RepeatsKeys bool `json:"repeats_keys"`
	// LiveUpdates says that the engine tells those who follow a key what the Event of a [Commit] says, and that the
	// key was deleted. Such an engine is a [Committer]. It is a [Watcher] too, unless those who follow a key are
	// connected to the engine itself.
	LiveUpdates bool `json:"live_updates"`
}

// ShowsLate reports whether a value that was just stored may appear absent.
func (c Capabilities) ShowsLate() bool { return c.Consistency == Eventual || c.LateValues }
