//go:build !js

package disk

import (
	"errors"
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

// confirmed waits until nobody reads the state before the change, which is confirmed, and returns it.
func (f *flight) confirmed() *pebble.Snapshot {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.before
	f.before = nil
	return before
}

// spent are states before changes that are confirmed, which nobody reads any more. Until the engine forgets a state, it
// keeps what was in it. When it forgets the oldest one it looks for something to compact, which takes a tenth of the
// time of a small change; so it forgets several at once, the oldest last.
type spent struct {
	mu     sync.Mutex
	states []*pebble.Snapshot
	freed  int64
}

const (
	// maxSpent is how many states are kept, and maxSpentBytes about how many bytes of removed values.
	maxSpent      = 32
	maxSpentBytes = 1 << 20
)

// add adds the state before a change that has removed values of freed bytes.
func (s *spent) add(state *pebble.Snapshot, freed int64) error {
	s.mu.Lock()
	s.states = append(s.states, state)
	s.freed += freed
	full := len(s.states) >= maxSpent || s.freed >= maxSpentBytes
	s.mu.Unlock()
	if !full {
		return nil
	}
	return s.forget()
}

// forget makes the engine forget all of s.
func (s *spent) forget() (err error) {
	s.mu.Lock()
	states := s.states
	s.states, s.freed = nil, 0
	s.mu.Unlock()
	for _, state := range slices.Backward(states) {
		err = errors.Join(err, state.Close())
	}
	return err
}
