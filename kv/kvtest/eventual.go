package kvtest

import (
	"context"
	"slices"
	"sync"
	"time"

	"edgeframe/kv"
)

// Eventual makes a strong driver behave as one location of an eventually consistent store: it has no
// compare-and-swap, and while a test sets it stale, it returns what was last read or written here,
// including absence, even if others have changed it. It is safe for concurrent use.
type Eventual struct {
	kv.Driver
	mu    sync.Mutex
	stale bool
	seen  map[string][]byte
}

// NewEventual returns a location of origin. Several locations may share an origin.
func NewEventual(origin kv.Driver) *Eventual {
	return &Eventual{Driver: origin, seen: map[string][]byte{}}
}

// Stale sets whether reads return what was last read or written here.
func (e *Eventual) Stale(stale bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stale = stale
}

// Info implements [kv.Driver].
func (e *Eventual) Info() kv.Info {
	info := e.Driver.Info()
	info.Capabilities.Consistency = kv.Eventual
	info.Capabilities.CompareAndSwap = false
	return info
}

// Get implements [kv.Driver].
func (e *Eventual) Get(ctx context.Context, keys []string) ([][]byte, error) {
	values, err := e.Driver.Get(ctx, keys)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	values = slices.Clone(values)
	for i, key := range keys {
		if old, seen := e.seen[key]; seen && e.stale {
			values[i] = old
		}
		e.seen[key] = values[i]
	}
	return values, nil
}

// Set implements [kv.Driver]. Reads at this location see the new values.
func (e *Eventual) Set(ctx context.Context, items []kv.Item, ttl time.Duration) error {
	e.mu.Lock()
	for _, it := range items {
		e.seen[it.Key] = it.Value
	}
	e.mu.Unlock()
	return e.Driver.Set(ctx, items, ttl)
}

// CompareAndSwap implements [kv.Driver].
func (e *Eventual) CompareAndSwap(context.Context, kv.Item, kv.Revision, time.Duration) error {
	return kv.ErrUnsupported
}

// Delete implements [kv.Driver].
func (e *Eventual) Delete(ctx context.Context, keys []string) error {
	e.mu.Lock()
	for _, key := range keys {
		e.seen[key] = nil
	}
	e.mu.Unlock()
	return e.Driver.Delete(ctx, keys)
}
