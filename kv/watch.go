package kv

import (
	"slices"
	"sync"
)

// Watcher is implemented by drivers that tell this process what happens to a key.
type Watcher interface {
	// Watch calls tell with the Event of each [Commit] of key that succeeds, in the order of the swaps. It calls
	// tell with nil when the caller has to look at the key itself: once the engine listens, which may be before
	// Watch returns; when events may have been lost, for instance because the connection to the engine was broken;
	// and when key was deleted. Nobody is told that a key has expired.
	//
	// Watch does not wait, and an engine that cannot be reached is no error: it is told later. tell must return
	// at once and must not use the driver. After stop a call of tell may still be on its way.
	Watch(key string, tell func(event []byte)) (stop func())
}

// Watch watches a key; see [Watcher]. It returns [ErrUnsupported] unless the driver is a Watcher.
func (s *Store) Watch(key string, tell func(event []byte)) (stop func(), err error) {
	const op = "watch"
	full, err := s.fullKey(op, key)
	if err != nil {
		return nil, err
	}
	watcher, ok := as[Watcher](s.driver)
	if !ok {
		return nil, fail(op, key, ErrUnsupported, "%s does not tell what happens to a key", s.info.Type)
	}
	return watcher.Watch(full, tell), nil
}

// WatchOn is [Watcher.Watch] for all drivers: one that is no Watcher tells nothing.
func WatchOn(d Driver, key string, tell func(event []byte)) (stop func()) {
	if watcher, ok := as[Watcher](d); ok {
		return watcher.Watch(key, tell)
	}
	return func() {}
}

// Watchers are those who watch the keys of an engine in this process. The zero value has none. It is for
// drivers: an engine calls Tell while no other change of the key can be made, so that all are told in order.
type Watchers struct {
	mu    sync.RWMutex
	byKey map[string][]*watcher
}

type watcher struct{ tell func(event []byte) }

// Watch is [Watcher.Watch] of an engine in this process, which always listens.
func (w *Watchers) Watch(key string, tell func(event []byte)) (stop func()) {
	remove, _ := w.Add(key, tell)
	tell(nil)
	return func() { remove() }
}

// Add makes tell be called for a key. It reports whether it is the only one that watches the key.
func (w *Watchers) Add(key string, tell func(event []byte)) (stop func() (last bool), first bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.byKey == nil {
		w.byKey = map[string][]*watcher{}
	}
	own := &watcher{tell}
	first = len(w.byKey[key]) == 0
	// The lists are never changed, because Tell reads them without a lock.
	w.byKey[key] = append(slices.Clone(w.byKey[key]), own)
	return func() bool { return w.remove(key, own) }, first
}

// remove reports whether nobody watches the key any more, and somebody did before.
func (w *Watchers) remove(key string, own *watcher) (last bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	others := slices.DeleteFunc(slices.Clone(w.byKey[key]), func(other *watcher) bool { return other == own })
	if len(others) == len(w.byKey[key]) {
		return false
	}
	if w.byKey[key] = others; len(others) == 0 {
		delete(w.byKey, key)
	}
	return len(others) == 0
}

// Tell tells all who watch a key.
func (w *Watchers) Tell(key string, event []byte) {
	w.TellOf(key, func() []byte { return event })
}

// TellOf is Tell for an event that is made only if somebody watches the key.
func (w *Watchers) TellOf(key string, event func() []byte) {
	w.mu.RLock()
	all := w.byKey[key]
	w.mu.RUnlock()
	if len(all) == 0 {
		return
	}
	text := event()
	for _, one := range all {
		one.tell(text)
	}
}

// Keys returns the keys that are watched, in no order.
func (w *Watchers) Keys() []string {
	w.mu.RLock()
	defer w.mu.RUnlock()
	keys := make([]string, 0, len(w.byKey))
	for key := range w.byKey {
		keys = append(keys, key)
	}
	return keys
}
