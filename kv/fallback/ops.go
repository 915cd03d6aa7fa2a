//go:build !js

package fallback

import (
	"context"
	"slices"
	"strings"
	"time"

	"edgeframe/kv"
)

// Info implements [kv.Driver]: it is that of the primary engine, with the lower limits of both.
func (d *Driver) Info() kv.Info { return d.info }

// Get implements [kv.Driver].
func (d *Driver) Get(ctx context.Context, keys []string) ([][]byte, error) {
	values := make([][]byte, len(keys))
	local, rest := d.split(keys)
	if len(local) > 0 {
		if err := get(ctx, d.opt.Local, keys, local, values); err != nil {
			return nil, err
		}
		for _, i := range local {
			// The item may have been moved meanwhile.
			if it := d.item(d.Tag(keys[i])); values[i] == nil && (it == nil || it.where.Load() != onLocal) {
				rest = append(rest, i)
			}
		}
	}
	if len(rest) == 0 {
		return values, nil
	}
	if d.anyInDoubt(keys, rest) {
		return nil, doubtful()
	}
	if err := get(ctx, d.opt.Primary, keys, rest, values); err != nil {
		return nil, err
	}
	return values, nil
}

// split returns the positions of the keys on the local engine and those of the others.
func (d *Driver) split(keys []string) (local, rest []int) {
	for i, key := range keys {
		if it := d.item(d.Tag(key)); it != nil && it.where.Load() == onLocal {
			local = append(local, i)
		} else {
			rest = append(rest, i)
		}
	}
	return local, rest
}

func (d *Driver) anyInDoubt(keys []string, at []int) bool {
	for _, i := range at {
		if it := d.item(d.Tag(keys[i])); it != nil && it.where.Load() == inDoubt {
			return true
		}
	}
	return false
}

// get sets the values at some positions to those of an engine.
func get(ctx context.Context, from kv.Driver, keys []string, at []int, values [][]byte) error {
	wanted := make([]string, len(at))
	for n, i := range at {
		wanted[n] = keys[i]
	}
	found, err := from.Get(ctx, wanted)
	if err != nil {
		return err
	}
	for n, i := range at {
		values[i] = found[n]
	}
	return nil
}

// Set implements [kv.Driver].
func (d *Driver) Set(ctx context.Context, items []kv.Item, ttl time.Duration) error {
	return each(d, items, func(it kv.Item) string { return it.Key }, func(tag string, items []kv.Item) error {
		e := effect{ttl, slices.ContainsFunc(items, func(it kv.Item) bool { return it.Counted })}
		return d.change(ctx, tag, e, func(to kv.Driver) error { return to.Set(ctx, items, ttl) })
	})
}

// Delete implements [kv.Driver].
func (d *Driver) Delete(ctx context.Context, keys []string) error {
	return each(d, keys, func(key string) string { return key }, func(tag string, keys []string) error {
		return d.change(ctx, tag, nothing, func(on kv.Driver) error { return on.Delete(ctx, keys) })
	})
}

// Touch implements [kv.Driver].
func (d *Driver) Touch(ctx context.Context, keys []string, ttl time.Duration) error {
	return each(d, keys, func(key string) string { return key }, func(tag string, keys []string) error {
		return d.change(ctx, tag, effect{ttl: ttl}, func(on kv.Driver) error { return on.Touch(ctx, keys, ttl) })
	})
}

// each calls op with the parts of list that belong to one item.
func each[T any](d *Driver, list []T, key func(T) string, op func(tag string, part []T) error) error {
	var order []string
	parts := map[string][]T{}
	for _, element := range list {
		tag := d.Tag(key(element))
		if parts[tag] == nil {
			order = append(order, tag)
		}
		parts[tag] = append(parts[tag], element)
	}
	for _, tag := range order {
		if err := op(tag, parts[tag]); err != nil {
			return err
		}
	}
	return nil
}

// CompareAndSwap implements [kv.Driver].
func (d *Driver) CompareAndSwap(ctx context.Context, item kv.Item, old kv.Revision, ttl time.Duration) error {
	return d.change(ctx, d.Tag(item.Key), effect{ttl, item.Counted}, func(on kv.Driver) error { return on.CompareAndSwap(ctx, item, old, ttl) })
}

// Commit implements [kv.Committer]. All its keys belong to one item.
func (d *Driver) Commit(ctx context.Context, c kv.Commit) (values [][]byte, err error) {
	err = d.change(ctx, d.Tag(c.Swap.Key), effect{max(c.TTL, c.SwapTTL), c.Swap.Counted}, func(on kv.Driver) (err error) {
		values, err = kv.CommitOn(ctx, on, c)
		return err
	})
	return values, err
}

// Confirm implements [kv.Confirmer].
func (d *Driver) Confirm(ctx context.Context, key string, shown kv.Revision) error {
	return d.change(ctx, d.Tag(key), nothing, func(on kv.Driver) error { return kv.ConfirmOn(ctx, on, key, shown) })
}

// Watch implements [kv.Watcher]. The item may be on either engine, and moves while it is watched.
func (d *Driver) Watch(key string, tell func(event []byte)) (stop func()) {
	stopLocal, stopPrimary := kv.WatchOn(d.opt.Local, key, tell), kv.WatchOn(d.opt.Primary, key, tell)
	return func() {
		stopLocal()
		stopPrimary()
	}
}

// The cursors of a listing begin with the engine that it has come to.
const (
	atLocal   = "l"
	atPrimary = "p"
)

// List implements [kv.Driver]: first the keys of the local engine, then those of the primary one, so that an item
// that moves meanwhile is not missed. A prefix that names an item is listed on its engine.
func (d *Driver) List(ctx context.Context, prefix, cursor string, limit int) (kv.Page, error) {
	if named, rest, ok := strings.Cut(prefix, "}"); ok && strings.Contains(named, "{") {
		it := d.item(d.Tag(named + "}" + rest))
		switch {
		case it == nil || it.where.Load() == onPrimary:
			return d.opt.Primary.List(ctx, prefix, cursor, limit)
		case it.where.Load() == inDoubt:
			return kv.Page{}, doubtful()
		}
		return d.opt.Local.List(ctx, prefix, cursor, limit)
	}
	at, from := atLocal, ""
	if cursor != "" {
		at, from = cursor[:1], cursor[1:]
	}
	if at == atLocal && d.anyLocal() {
		page, err := d.opt.Local.List(ctx, prefix, from, limit)
		page.Cursor = atLocal + page.Cursor
		if page.Cursor == atLocal {
			page.Cursor = atPrimary
		}
		return page, err
	}
	if at == atLocal {
		from = ""
	}
	page, err := d.opt.Primary.List(ctx, prefix, from, limit)
	if page.Cursor != "" {
		page.Cursor = atPrimary + page.Cursor
	}
	return page, err
}

func (d *Driver) anyLocal() bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return len(d.items) > 0
}

// Count implements [kv.Driver]. It is exact only while the local engine has nothing: items on the primary engine are
// not counted while that cannot be used, and an item that is being moved is on both.
func (d *Driver) Count(ctx context.Context) (kv.Count, error) {
	usable, local := d.opt.Usable(), d.anyLocal()
	var count kv.Count
	if usable {
		var err error
		if count, err = d.opt.Primary.Count(ctx); err != nil || !local {
			return count, err
		}
	}
	here, err := d.opt.Local.Count(ctx)
	return kv.Count{N: count.N + here.N}, err
}

// Health implements [kv.Driver]: of the primary engine while it is usable, otherwise of the local one.
func (d *Driver) Health(ctx context.Context) (map[string]any, error) {
	if d.opt.Usable() {
		return d.opt.Primary.Health(ctx)
	}
	return d.opt.Local.Health(ctx)
}

// Close implements [kv.Driver]. It closes the primary engine, and then the local one.
func (d *Driver) Close() error {
	err := d.opt.Primary.Close()
	if localErr := d.opt.Local.Close(); err == nil {
		err = localErr
	}
	return err
}
