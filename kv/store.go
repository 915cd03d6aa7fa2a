// Package kv stores bytes under keys, with expiry and compare-and-swap, on any engine that has a
// [Driver]. Operation names follow wasi:keyvalue.
//
// The semantics are the same on every engine. If a request exceeds the declared [Capabilities] of
// an engine, it returns a typed error; requests are never changed silently. The package knows
// nothing about tables or sessions.
package kv

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"
)

// DefaultPrefix is the key prefix of a [Store] if none is given.
const DefaultPrefix = "edgeframe"

// MaxListLimit is the number of keys in the largest page of a listing.
const MaxListLimit = 1000

// Store is the key-value store that the rest of edgeframe uses: a [Driver] with validation, a key
// prefix and wrapped errors. Two stores on one driver never see each other's keys, unless one
// prefix consists of the other one, a colon and more text. Counts and sweeps include all keys of
// the driver.
type Store struct {
	driver Driver
	info   Info
	prefix string
	// hook may be nil.
	hook Hook
}

// New returns a store on d. All its keys begin with prefix and a colon. An empty prefix means
// DefaultPrefix.
func New(d Driver, prefix string) *Store {
	if prefix == "" {
		prefix = DefaultPrefix
	}
	return &Store{driver: d, info: d.Info(), prefix: prefix + ":"}
}

// Info describes the engine.
func (s *Store) Info() Info { return s.info }

// Capabilities returns Info().Capabilities.
func (s *Store) Capabilities() Capabilities { return s.info.Capabilities }

// Get returns the value of key, or [ErrNotFound].
func (s *Store) Get(ctx context.Context, key string) ([]byte, error) {
	values, err := s.GetMany(ctx, []string{key})
	if err != nil {
		return nil, err
	}
	if values[0] == nil {
		return nil, &Error{Op: "get", Key: key, Kind: ErrNotFound}
	}
	return values[0], nil
}

// GetMany returns the values of keys in one round trip, in the order of keys, with nil for each
// absent key. The values must not be changed.
func (s *Store) GetMany(ctx context.Context, keys []string) ([][]byte, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	full, err := s.fullKeys("get", keys)
	if err != nil {
		return nil, err
	}
	ctx, call := s.begin(ctx, "get", one(keys))
	values, err := s.driver.Get(ctx, full)
	if err := call.end(err); err != nil {
		return nil, err
	}
	return values, nil
}

// SetMany stores items, all with the same ttl (zero: no expiry). The values must not be changed
// afterwards. SetMany is not atomic: after an error any part of the items may be stored.
func (s *Store) SetMany(ctx context.Context, items []Item, ttl time.Duration) error {
	if len(items) == 0 {
		return nil
	}
	if err := s.checkTTL("set", ttl); err != nil {
		return err
	}
	full := make([]Item, len(items))
	for i, it := range items {
		var err error
		if full[i], err = s.fullItem("set", it); err != nil {
			return err
		}
	}
	key := ""
	if len(items) == 1 {
		key = items[0].Key
	}
	ctx, call := s.begin(ctx, "set", key)
	return call.end(s.driver.Set(ctx, full, ttl))
}

// CompareAndSwap stores item if the revision of the current value is old (zero: if there is no
// value), and returns [ErrConflict] otherwise. The new value must begin with a revision that is
// not zero. On an engine without compare-and-swap CompareAndSwap returns [ErrUnsupported].
func (s *Store) CompareAndSwap(ctx context.Context, item Item, old Revision, ttl time.Duration) error {
	const op = "compare-and-swap"
	if err := s.checkSwap(op, item, ttl); err != nil {
		return err
	}
	full, err := s.fullItem(op, item)
	if err != nil {
		return err
	}
	ctx, call := s.begin(ctx, op, item.Key)
	return call.end(s.driver.CompareAndSwap(ctx, full, old, ttl))
}

func (s *Store) checkSwap(op string, item Item, ttl time.Duration) error {
	if !s.info.Capabilities.CompareAndSwap {
		return fail(op, item.Key, ErrUnsupported, "%s has no compare-and-swap", s.info.Type)
	}
	if RevisionOf(item.Value) == (Revision{}) {
		return fail(op, item.Key, ErrInvalid, "the value must begin with a revision of %d bytes that are not all zero", RevisionSize)
	}
	return s.checkTTL(op, ttl)
}

// Delete removes keys. Absent keys are not an error.
func (s *Store) Delete(ctx context.Context, keys ...string) error {
	if len(keys) == 0 {
		return nil
	}
	full, err := s.fullKeys("delete", keys)
	if err != nil {
		return err
	}
	ctx, call := s.begin(ctx, "delete", one(keys))
	return call.end(s.driver.Delete(ctx, full))
}

// Touch makes keys live for at least ttl from now. It never shortens a life, except on an engine
// with TouchRewrites. Absent keys are not an error and stay absent.
func (s *Store) Touch(ctx context.Context, keys []string, ttl time.Duration) error {
	if len(keys) == 0 {
		return nil
	}
	if err := s.checkTTL("touch", ttl); err != nil {
		return err
	}
	full, err := s.fullKeys("touch", keys)
	if err != nil {
		return err
	}
	ctx, call := s.begin(ctx, "touch", one(keys))
	return call.end(s.driver.Touch(ctx, full, ttl))
}

// ListKeys returns a page of at most limit keys that begin with prefix (which may be empty), starting
// at cursor. The limit must be 1 to [MaxListLimit].
func (s *Store) ListKeys(ctx context.Context, prefix, cursor string, limit int) (Page, error) {
	return s.list(ctx, "list keys", prefix, cursor, limit, s.driver.List)
}

func (s *Store) list(ctx context.Context, op, prefix, cursor string, limit int, list func(ctx context.Context, prefix, cursor string, limit int) (Page, error)) (Page, error) {
	if limit < 1 || limit > MaxListLimit {
		return Page{}, fail(op, prefix, ErrInvalid, "limit %d is not between 1 and %d", limit, MaxListLimit)
	}
	ctx, call := s.begin(ctx, op, prefix)
	page, err := list(ctx, s.prefix+prefix, cursor, limit)
	if err := call.end(err); err != nil {
		return Page{}, err
	}
	for i, k := range page.Keys {
		page.Keys[i] = strings.TrimPrefix(k, s.prefix)
	}
	return page, nil
}

// Count returns the number of present items that were stored with Counted.
func (s *Store) Count(ctx context.Context) (Count, error) {
	ctx, call := s.begin(ctx, "count", "")
	c, err := s.driver.Count(ctx)
	return c, call.end(err)
}

// Health makes one round trip to the engine. It returns how long that took, and what the engine
// reports for the health document.
func (s *Store) Health(ctx context.Context) (latency time.Duration, details map[string]any, err error) {
	start := time.Now()
	ctx, call := s.begin(ctx, "health", "")
	details, err = s.driver.Health(ctx)
	return time.Since(start), details, call.end(err)
}

// probeTTL is how long the value of a failed Probe stays in the store.
const probeTTL = time.Minute

// Probe writes a value, reads it and deletes it.
func (s *Store) Probe(ctx context.Context) error {
	ctx = Fresh(ctx)
	key := "probe:" + rand.Text()
	want := []byte(key)
	ttl := max(probeTTL, time.Duration(s.info.Capabilities.MinTTLSeconds)*time.Second)
	if err := s.SetMany(ctx, []Item{{Key: key, Value: want}}, ttl); err != nil {
		return err
	}
	got, err := s.Get(ctx, key)
	if err != nil && !(errors.Is(err, ErrNotFound) && s.info.Capabilities.ShowsLate()) {
		return err
	}
	if err == nil && !bytes.Equal(got, want) {
		return fail("probe", key, ErrUnavailable, "read back %d other bytes", len(got))
	}
	return s.Delete(ctx, key)
}

// Sweep removes up to limit expired items, if the engine does not do so itself, and returns how many
// it removed.
func (s *Store) Sweep(ctx context.Context, limit int) (int, error) {
	sweeper, ok := s.driver.(Sweeper)
	if !ok {
		return 0, nil
	}
	ctx, call := s.begin(ctx, "sweep", "")
	n, err := sweeper.Sweep(ctx, limit)
	return n, call.end(err)
}

// Close releases the engine.
func (s *Store) Close() error { return wrap("close", "", s.driver.Close()) }

func (s *Store) checkTTL(op string, ttl time.Duration) error {
	if ttl < 0 {
		return fail(op, "", ErrInvalid, "ttl %s is negative", ttl)
	}
	floor := time.Duration(s.info.Capabilities.MinTTLSeconds) * time.Second
	if ttl != 0 && ttl < floor {
		return fail(op, "", ErrUnsupported, "ttl %s is below the %s that %s accepts", ttl, floor, s.info.Type)
	}
	return nil
}

func (s *Store) fullKey(op, key string) (string, error) {
	if key == "" {
		return "", fail(op, key, ErrInvalid, "the key is empty")
	}
	full := s.prefix + key
	if most := s.info.Capabilities.MaxKeyBytes; most > 0 && len(full) > most {
		return "", fail(op, key, ErrTooLarge, "the key has %d bytes, %s accepts %d", len(full), s.info.Type, most)
	}
	return full, nil
}

func (s *Store) fullKeys(op string, keys []string) ([]string, error) {
	full := make([]string, len(keys))
	for i, k := range keys {
		var err error
		if full[i], err = s.fullKey(op, k); err != nil {
			return nil, err
		}
	}
	return full, nil
}

func (s *Store) fullItem(op string, it Item) (Item, error) {
	if most := s.info.Capabilities.MaxValueBytes; most > 0 && len(it.Value) > most {
		return Item{}, fail(op, it.Key, ErrTooLarge, "the value has %d bytes, %s accepts %d", len(it.Value), s.info.Type, most)
	}
	key, err := s.fullKey(op, it.Key)
	if err != nil {
		return Item{}, err
	}
	if it.Value == nil {
		it.Value = []byte{}
	}
	it.Key = key
	return it, nil
}

// one returns the key of a call with exactly one key, and "" for other calls.
func one(keys []string) string {
	if len(keys) == 1 {
		return keys[0]
	}
	return ""
}
