//go:build js && wasm

package durableobjects

import (
	"context"
	"time"

	"edgeframe/edge"
	"edgeframe/kv"
)

// Get implements [kv.Driver]. It makes all calls concurrently.
func (d *Driver) Get(ctx context.Context, keys []string) ([][]byte, error) {
	values := make([][]byte, len(keys))
	objects, other := d.split(len(keys), func(i int) string { return keys[i] })
	var calls []func() error
	for name, at := range objects {
		calls = append(calls, func() error { return d.getFrom(ctx, name, keys, at, values) })
	}
	if len(other) > 0 || len(keys) == 0 {
		calls = append(calls, func() error {
			found, err := d.getOther(ctx, pick(keys, other))
			for i, value := range found {
				values[other[i]] = value
			}
			return err
		})
	}
	if err := together(calls...); err != nil {
		return nil, err
	}
	return values, nil
}

// getFrom reads the keys at some positions from their object.
func (d *Driver) getFrom(ctx context.Context, name string, keys []string, at []int, values [][]byte) error {
	answers, err := d.call(ctx, name, "get", packKeys(pick(keys, at)))
	if err != nil {
		return err
	}
	if len(answers) != len(at) {
		return errResult
	}
	for i, answer := range answers {
		if values[at[i]], err = d.value(ctx, name, keys[at[i]], answer); err != nil {
			return err
		}
	}
	return nil
}

// waits are how long a patient read waits for values that the other driver does not show yet.
var waits = []time.Duration{100 * time.Millisecond, 300 * time.Millisecond, 900 * time.Millisecond}

// getOther reads keys from the other driver.
func (d *Driver) getOther(ctx context.Context, keys []string) ([][]byte, error) {
	values, err := d.other.Get(ctx, keys)
	if !kv.IsPatient(ctx) {
		return values, err
	}
	for _, wait := range waits {
		var missing []int
		for i, value := range values {
			if value == nil {
				missing = append(missing, i)
			}
		}
		if err != nil || len(missing) == 0 {
			break
		}
		if err := edge.Sleep(ctx, wait); err != nil {
			return nil, err
		}
		var found [][]byte
		if found, err = d.other.Get(ctx, pick(keys, missing)); err == nil {
			for i, value := range found {
				values[missing[i]] = value
			}
		}
	}
	return values, err
}

// Set implements [kv.Driver].
func (d *Driver) Set(ctx context.Context, items []kv.Item, ttl time.Duration) error {
	objects, other := d.split(len(items), func(i int) string { return items[i].Key })
	var calls []func() error
	for name, at := range objects {
		calls = append(calls, func() error { return d.setIn(ctx, name, pick(items, at), ttl) })
	}
	if len(objects) > 0 {
		registered := make([]kv.Item, 0, len(items))
		for _, at := range objects {
			registered = append(registered, pick(items, at)...)
		}
		calls = append(calls, func() error { return d.register(ctx, registered, ttl) })
	}
	if len(other) > 0 || len(items) == 0 {
		calls = append(calls, func() error { return d.setOther(ctx, pick(items, other), ttl) })
	}
	return together(calls...)
}

func (d *Driver) setOther(ctx context.Context, items []kv.Item, ttl time.Duration) error {
	return d.other.Set(ctx, items, otherTTL(ttl))
}

// otherTTL returns the TTL for the other driver.
func otherTTL(ttl time.Duration) time.Duration {
	if ttl == 0 {
		return 0
	}
	return max(ttl, minOther)
}

// setIn stores items in one object.
func (d *Driver) setIn(ctx context.Context, name string, items []kv.Item, ttl time.Duration) error {
	list := [][]byte{milliseconds(ttl)}
	for _, it := range items {
		value, options, err := d.stored(ctx, it, ttl)
		if err != nil {
			return err
		}
		list = append(list, []byte(it.Key), value, options)
	}
	references, err := d.call(ctx, name, "set", pack(list...))
	d.dropReferences(ctx, references)
	return err
}

// Delete implements [kv.Driver].
func (d *Driver) Delete(ctx context.Context, keys []string) error {
	objects, other := d.split(len(keys), func(i int) string { return keys[i] })
	var calls []func() error
	for name, at := range objects {
		ended := pick(keys, at)
		calls = append(calls, func() error {
			references, err := d.call(ctx, name, "end", packKeys(ended))
			d.dropReferences(ctx, references)
			return err
		}, func() error { return d.forget(ctx, ended) })
	}
	if len(other) > 0 || len(keys) == 0 {
		calls = append(calls, func() error { return d.other.Delete(ctx, pick(keys, other)) })
	}
	return together(calls...)
}

// Touch implements [kv.Driver].
func (d *Driver) Touch(ctx context.Context, keys []string, ttl time.Duration) error {
	objects, other := d.split(len(keys), func(i int) string { return keys[i] })
	var calls []func() error
	for name, at := range objects {
		calls = append(calls, func() error {
			references, err := d.call(ctx, name, "touch", packKeys(pick(keys, at), milliseconds(ttl)))
			if err != nil || len(references) == 0 {
				return err
			}
			return d.other.Touch(ctx, referredTo(references), referenceTTL(ttl))
		})
	}
	if len(other) > 0 || len(keys) == 0 {
		calls = append(calls, func() error { return d.other.Touch(ctx, pick(keys, other), otherTTL(ttl)) })
	}
	return together(calls...)
}
