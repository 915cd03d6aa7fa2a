package kv

import (
	"context"
	"time"
)

// CountedLister is implemented by drivers that can list the items that Count counts, without
// enumerating the others.
type CountedLister interface {
	// ListCounted is [Driver.List] for keys of items that were stored with Counted set.
	ListCounted(ctx context.Context, prefix, cursor string, limit int) (Page, error)
}

// Adopter is implemented by drivers that take over values from another engine, in which they stay
// visible for a while.
type Adopter interface {
	// Adopt stores item if the key is absent, as a [Driver.CompareAndSwap] from the zero revision
	// does, and returns a [*Conflict] otherwise. Once it has stored an item, it stores no
	// other one under the same key until remember has passed, even if the item has been deleted
	// or has expired; then the value of the conflict is nil. Other writes of the key are not
	// concerned.
	Adopt(ctx context.Context, item Item, ttl, remember time.Duration) error
}

// Confirmer is implemented by drivers that acknowledge a change when replicas have it.
type Confirmer interface {
	// Confirm returns nil once the replicas have what a read of key has shown: a value that begins with
	// the revision shown, or no value if that is zero. It returns [ErrNotReplicated] if they do not have
	// it in time, and [ErrConflict] if it is not there any more.
	Confirm(ctx context.Context, key string, shown Revision) error
}

// Wrapper is implemented by drivers that pass calls on to another driver, whose optional interfaces
// in this file apply to the wrapper too.
type Wrapper interface {
	Unwrap() Driver
}

// as returns d, or the driver that d wraps, as a T.
func as[T any](d Driver) (t T, ok bool) {
	for {
		if t, ok = d.(T); ok {
			return t, true
		}
		w, wraps := d.(Wrapper)
		if !wraps {
			return t, false
		}
		d = w.Unwrap()
	}
}

// ListsCounted reports whether ListCounted is supported.
func (s *Store) ListsCounted() bool {
	_, ok := as[CountedLister](s.driver)
	return ok
}

// ListCounted is [Store.ListKeys] for the keys of the items that Count counts. It returns
// [ErrUnsupported] unless the driver is a [CountedLister].
func (s *Store) ListCounted(ctx context.Context, prefix, cursor string, limit int) (Page, error) {
	const op = "list counted keys"
	lister, ok := as[CountedLister](s.driver)
	if !ok {
		return Page{}, fail(op, prefix, ErrUnsupported, "%s does not list counted items", s.info.Type)
	}
	return s.list(ctx, op, prefix, cursor, limit, lister.ListCounted)
}

// Adopt stores an item of another engine; see [Adopter]. It returns [ErrUnsupported] unless the driver is
// an Adopter.
func (s *Store) Adopt(ctx context.Context, item Item, ttl, remember time.Duration) error {
	const op = "adopt"
	if err := s.checkSwap(op, item, ttl); err != nil {
		return err
	}
	adopter, ok := as[Adopter](s.driver)
	if !ok {
		return fail(op, item.Key, ErrUnsupported, "%s does not adopt values", s.info.Type)
	}
	full, err := s.fullItem(op, item)
	if err != nil {
		return err
	}
	ctx, call := s.begin(ctx, op, item.Key)
	return call.end(adopter.Adopt(ctx, full, ttl, remember))
}

// Confirm makes sure that what a read of key has shown is not lost later, so that it can be reported as
// a change that was made before; see [Confirmer]. On other engines it costs nothing, because what they
// show is stored.
func (s *Store) Confirm(ctx context.Context, key string, shown Revision) error {
	const op = "confirm"
	full, err := s.fullKey(op, key)
	if err != nil {
		return err
	}
	return wrap(op, key, ConfirmOn(ctx, s.driver, full, shown))
}

// ConfirmOn is [Confirmer.Confirm] for all drivers.
func ConfirmOn(ctx context.Context, d Driver, key string, shown Revision) error {
	if confirmer, ok := as[Confirmer](d); ok {
		return confirmer.Confirm(ctx, key, shown)
	}
	return nil
}
