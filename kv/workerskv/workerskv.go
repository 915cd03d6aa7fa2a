//go:build js && wasm

// Package workerskv is a [kv.Driver] on a Workers KV namespace.
//
// It declares the limits of the platform as its capabilities, reads values with one copy, and waits
// only for operations of the calling request, so any number of requests can share it. Its calls take the
// contexts of requests to a Worker, see [edge.KV].
//
// Workers KV is eventually consistent. A write is usually visible immediately at the location where
// it was made, and elsewhere after up to a minute, sometimes later. A key that was read while it was
// absent may appear absent for the same time. Of two writes to one key the later one wins.
package workerskv

import (
	"context"
	"time"

	"edgeframe/edge"
	"edgeframe/kv"
)

// The limits of the platform,
// https://developers.cloudflare.com/kv/platform/limits/.
const (
	minTTLSeconds   = 60
	maxValueBytes   = 25 << 20
	maxKeyBytes     = 512
	writesPerSecond = 1

	// connections is the number of calls that a Worker can have open. Further calls would wait
	// with their values in memory.
	connections = 6
)

// Options configure a driver.
type Options struct {
	// Binding is the name of the namespace in the Worker's configuration.
	Binding string
	// CountPrefix is the prefix of the keys of all counted items. They are counted by listing the
	// prefix, so it should have few other keys.
	CountPrefix string
}

// Driver is a Workers KV namespace.
type Driver struct{ opt Options }

var _ kv.Driver = (*Driver)(nil)

// New returns a driver. It makes no calls.
func New(opt Options) *Driver { return &Driver{opt} }

// Info implements [kv.Driver].
func (d *Driver) Info() kv.Info {
	return kv.Info{
		Type:  "workers_kv",
		Class: "WorkersKVBackend",
		Capabilities: kv.Capabilities{
			Consistency:        kv.Eventual,
			NativeExpiry:       true,
			MinTTLSeconds:      minTTLSeconds,
			MaxValueBytes:      maxValueBytes,
			MaxKeyBytes:        maxKeyBytes,
			WritesPerKeyPerSec: writesPerSecond,
			TouchRewrites:      true,
		},
	}
}

// namespace is the namespace of the driver.
func (d *Driver) namespace() edge.KV { return edge.KV(d.opt.Binding) }

// Get implements [kv.Driver]. It reads the keys concurrently.
func (d *Driver) Get(ctx context.Context, keys []string) ([][]byte, error) {
	values := make([][]byte, len(keys))
	err := each(ctx, len(keys), func(i int) *edge.Pending {
		return d.namespace().Get(ctx, keys[i])
	}, func(i int, value []byte) { values[i] = value })
	return values, err
}

// Set implements [kv.Driver].
func (d *Driver) Set(ctx context.Context, items []kv.Item, ttl time.Duration) error {
	return each(ctx, len(items), func(i int) *edge.Pending {
		options := edge.PutOptions{TTL: ttl}
		if items[i].Counted {
			options.Metadata = counted
		}
		return d.namespace().Put(ctx, items[i].Key, items[i].Value, options)
	}, nil)
}

// CompareAndSwap is never called, because the driver does not declare it.
func (d *Driver) CompareAndSwap(context.Context, kv.Item, kv.Revision, time.Duration) error {
	return kv.ErrUnsupported
}

// Delete implements [kv.Driver].
func (d *Driver) Delete(ctx context.Context, keys []string) error {
	return each(ctx, len(keys), func(i int) *edge.Pending { return d.namespace().Delete(ctx, keys[i]) }, nil)
}

// Touch implements [kv.Driver]. It writes the values again, without copying them into Go's memory.
func (d *Driver) Touch(ctx context.Context, keys []string, ttl time.Duration) error {
	return each(ctx, len(keys), func(i int) *edge.Pending { return d.namespace().Renew(ctx, keys[i], ttl) }, nil)
}

// Close implements [kv.Driver]. There is nothing to release.
func (d *Driver) Close() error { return nil }

// Health implements [kv.Driver]. It reads one key.
func (d *Driver) Health(ctx context.Context) (map[string]any, error) {
	_, err := d.Get(ctx, []string{d.opt.CountPrefix + "health"})
	return map[string]any{"kv_info": map[string]any{"binding": d.opt.Binding}}, err
}

// counted is the metadata of a counted item.
const counted = `{"counted":true}`

// each makes n calls and passes their results to got. It makes as many concurrently as the platform
// has connections, and retries those with transient failures.
func each(ctx context.Context, n int, call func(i int) *edge.Pending, got func(i int, value []byte)) error {
	for start := 0; start < n; start += connections {
		if err := persist(ctx, start, min(start+connections, n), call, got); err != nil {
			return err
		}
	}
	return nil
}
