//go:build js && wasm

package durableobjects

import (
	"context"
	"errors"
	"slices"
	"time"

	"edgeframe/kv"
)

// CompareAndSwap implements [kv.Driver].
func (d *Driver) CompareAndSwap(ctx context.Context, item kv.Item, old kv.Revision, ttl time.Duration) error {
	err := d.swap(ctx, swap{item: item, old: old, ttl: ttl})
	if errors.Is(err, kv.ErrConflict) {
		return kv.ErrConflict
	}
	return err
}

// Adopt implements [kv.Adopter].
func (d *Driver) Adopt(ctx context.Context, item kv.Item, ttl, remember time.Duration) error {
	return d.swap(ctx, swap{item: item, ttl: ttl, adopt: true, remember: remember})
}

// swap are the arguments of a swap.
type swap struct {
	item     kv.Item
	old      kv.Revision
	ttl      time.Duration
	adopt    bool
	remember time.Duration
	event    []byte
}

// swap makes a swap, and registers a new key concurrently. The error of a swap that lost is a [*kv.Conflict].
func (d *Driver) swap(ctx context.Context, s swap) error {
	name := d.opt.Object(s.item.Key)
	if name == "" {
		return kv.ErrUnsupported
	}
	value, options, err := d.stored(ctx, s.item, s.ttl)
	if err != nil {
		return err
	}
	var old []byte
	if s.old != (kv.Revision{}) {
		old = s.old[:]
	}
	if s.adopt {
		options = append(options, 'A')
	}
	list := pack([]byte(s.item.Key), value, old, milliseconds(s.ttl), options, milliseconds(s.remember), s.event)
	var result [][]byte
	calls := []func() error{func() (err error) {
		result, err = d.call(ctx, name, "swap", list)
		return err
	}}
	if old == nil {
		calls = append(calls, func() error { return d.register(ctx, []kv.Item{s.item}, s.ttl) })
	}
	if err := together(calls...); err != nil {
		return err
	}
	switch {
	case len(result) > 0 && string(result[0]) == "stored":
		d.dropReferences(ctx, result[1:])
		return nil
	case len(result) != 2:
		return errResult
	}
	lost := &kv.Conflict{}
	// If it cannot be read it stays nil, and the caller reads it.
	lost.Value, _ = d.value(ctx, name, s.item.Key, result[1])
	return lost
}

// Commit implements [kv.Committer]. It stores and renews everything concurrently, then swaps. What does not depend
// on the outcome is read during the swap.
func (d *Driver) Commit(ctx context.Context, c kv.Commit) (values [][]byte, err error) {
	var before []func() error
	if len(c.Put) > 0 {
		before = append(before, func() error { return d.Set(ctx, c.Put, c.TTL) })
	}
	if len(c.Touch) > 0 {
		before = append(before, func() error { return d.Touch(ctx, c.Touch, c.TTL) })
	}
	err = together(before...)
	change := func() error {
		if err == nil {
			err = d.swap(ctx, swap{item: c.Swap, old: c.Old, ttl: c.SwapTTL, event: c.Told()})
		}
		return nil
	}
	read := func() error {
		if len(c.Get) > 0 {
			// If this fails, values is nil.
			values, _ = d.Get(ctx, c.Get)
		}
		return nil
	}
	drop := func(ctx context.Context) {
		if err == nil && len(c.Drop) > 0 {
			_ = d.Delete(ctx, c.Drop)
		}
	}
	changed := func(key string) bool { return key == c.Swap.Key || slices.Contains(c.Drop, key) }
	if slices.ContainsFunc(c.Get, changed) {
		_ = change()
		drop(ctx)
		return values, errors.Join(err, read())
	}
	_ = together(change, read)
	if err == nil && len(c.Drop) > 0 {
		d.opt.Later(ctx, drop)
	}
	return values, err
}
