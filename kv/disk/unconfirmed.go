//go:build !js

package disk

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// unconfirmed are the changes that the engine has been given and has not confirmed, by the stripes that
// they lock. The engine shows a change to reads before the log has it. If the disk then fails, the change may
// be lost, so reads must not see it: until it is confirmed they get what was there before.
type unconfirmed []atomic.Pointer[flight]

// flight is one unconfirmed change.
type flight struct {
	keys []string

	mu     sync.RWMutex
	before *pebble.Snapshot // nil once the change is confirmed
}

// add notes a change of keys, whose stripes are locked, before the engine has it.
func (u unconfirmed) add(db *pebble.DB, keys []string, locked []int) *flight {
	f := &flight{keys: keys, before: db.NewSnapshot()}
	for _, stripe := range locked {
		u[stripe].Store(f)
	}
	return f
}

// confirm makes the change of f visible. It must be called before its stripes are unlocked.
func (u unconfirmed) confirm(locked []int) {
	for _, stripe := range locked {
		u[stripe].Store(nil)
	}
}

// of returns the change of key, nil if there is none. It must be asked after the engine has been read: what was
// read has been confirmed if there is no change of the key afterwards.
func (u unconfirmed) of(stripe int, key string) *flight {
	if f := u[stripe].Load(); f != nil && slices.Contains(f.keys, key) {
		return f
	}
	return nil
}

// read calls read with the state before the change. It returns false if the change has been confirmed.
func (f *flight) read(read func(pebble.Reader)) bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.before == nil {
		return false
	}
	read(f.before)
	return true
}

// close waits until nobody reads the state before the change, which is confirmed, and lets the engine forget it.
func (f *flight) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.before
	f.before = nil
	return before.Close()
}
