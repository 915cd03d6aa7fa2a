//go:build js && wasm

// Package workerskv is a [kv.Driver] on a Workers KV namespace.
//
// It declares the limits of the platform as its capabilities, reads values with one copy, and waits
// only for promises of the calling request, so any number of requests can share it. The namespace
// is not part of the driver: each context has the binding of its own request, see [WithBinding].
//
// Workers KV is eventually consistent. A write is usually visible immediately at the location where
// it was made, and elsewhere after up to a minute, sometimes later. A key that was read while it was
// absent may appear absent for the same time. Of two writes to one key the later one wins.
package workerskv

import (
	"context"
	"errors"
	"fmt"
	"math"
	"syscall/js"
	"time"

	"edgeframe/internal/promise"
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

type bindingKey struct{}

// WithBinding returns a context for the calls of the request that has the KV binding namespace.
func WithBinding(ctx context.Context, namespace js.Value) context.Context {
	return context.WithValue(ctx, bindingKey{}, namespace)
}

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

// Get implements [kv.Driver]. It reads the keys concurrently.
func (d *Driver) Get(ctx context.Context, keys []string) ([][]byte, error) {
	values := make([][]byte, len(keys))
	err := d.each(ctx, len(keys), func(namespace js.Value, i int) js.Value {
		return namespace.Call("get", keys[i], "arrayBuffer")
	}, func(i int, found js.Value) {
		if !found.IsNull() {
			values[i] = toGo(found)
		}
	})
	return values, err
}

// Set implements [kv.Driver].
func (d *Driver) Set(ctx context.Context, items []kv.Item, ttl time.Duration) error {
	return d.each(ctx, len(items), func(namespace js.Value, i int) js.Value {
		return namespace.Call("put", items[i].Key, toJS(items[i].Value), putOptions(ttl, items[i].Counted))
	}, nil)
}

// CompareAndSwap is never called, because the driver does not declare it.
func (d *Driver) CompareAndSwap(context.Context, kv.Item, kv.Revision, time.Duration) error {
	return kv.ErrUnsupported
}

// Delete implements [kv.Driver].
func (d *Driver) Delete(ctx context.Context, keys []string) error {
	return d.each(ctx, len(keys), func(namespace js.Value, i int) js.Value {
		return namespace.Call("delete", keys[i])
	}, nil)
}

// Touch implements [kv.Driver]. It writes the values again, without copying them into Go's memory.
func (d *Driver) Touch(ctx context.Context, keys []string, ttl time.Duration) error {
	for len(keys) > 0 {
		some := keys[:min(len(keys), connections)]
		keys = keys[len(some):]
		found := make([]js.Value, len(some))
		err := d.each(ctx, len(some), func(namespace js.Value, i int) js.Value {
			return namespace.Call("getWithMetadata", some[i], "arrayBuffer")
		}, func(i int, result js.Value) { found[i] = result })
		if err != nil {
			return err
		}
		err = d.each(ctx, len(some), func(namespace js.Value, i int) js.Value {
			value := found[i].Get("value")
			if value.IsNull() {
				return js.Global().Get("Promise").Call("resolve")
			}
			return namespace.Call("put", some[i], value, putOptions(ttl, isCounted(found[i])))
		}, nil)
		if err != nil {
			return err
		}
	}
	return nil
}

// Close implements [kv.Driver]. There is nothing to release.
func (d *Driver) Close() error { return nil }

// Health implements [kv.Driver]. It reads one key.
func (d *Driver) Health(ctx context.Context) (map[string]any, error) {
	_, err := d.Get(ctx, []string{d.opt.CountPrefix + "health"})
	return map[string]any{"kv_info": map[string]any{"binding": d.opt.Binding}}, err
}

// each makes n calls and passes their results to got. It makes as many concurrently as the platform
// has connections, and retries those with transient failures.
func (d *Driver) each(ctx context.Context, n int, call func(namespace js.Value, i int) js.Value, got func(i int, value js.Value)) error {
	namespace, err := d.namespace(ctx)
	if err != nil {
		return err
	}
	for start := 0; start < n; start += connections {
		end := min(start+connections, n)
		if err := persist(ctx, start, end, func(i int) js.Value { return call(namespace, i) }, got); err != nil {
			return err
		}
	}
	return nil
}

// namespace returns the binding in ctx.
func (d *Driver) namespace(ctx context.Context) (js.Value, error) {
	if err := ctx.Err(); err != nil {
		return js.Undefined(), err
	}
	namespace, _ := ctx.Value(bindingKey{}).(js.Value)
	if namespace.Type() != js.TypeObject {
		return js.Undefined(), fmt.Errorf("the Worker has no KV namespace bound to %s", d.opt.Binding)
	}
	return namespace, nil
}

var uint8Array = js.Global().Get("Uint8Array")

// toGo copies an ArrayBuffer.
func toGo(buffer js.Value) []byte {
	view := uint8Array.New(buffer)
	b := make([]byte, view.Length())
	js.CopyBytesToGo(b, view)
	return b
}

func toJS(b []byte) js.Value {
	view := uint8Array.New(len(b))
	js.CopyBytesToJS(view, b)
	return view
}

// putOptions returns the options for storing a value for ttl, rounded up to whole seconds.
func putOptions(ttl time.Duration, counted bool) map[string]any {
	options := map[string]any{}
	if ttl > 0 {
		options["expirationTtl"] = int(math.Ceil(ttl.Seconds()))
	}
	if counted {
		options["metadata"] = map[string]any{"counted": true}
	}
	return options
}

// isCounted reports whether an entry of a listing or of getWithMetadata is counted.
func isCounted(entry js.Value) bool {
	metadata := entry.Get("metadata")
	return metadata.Type() == js.TypeObject && metadata.Get("counted").Truthy()
}

// errThrown converts the value that a binding has thrown to an error.
func errThrown(recovered any) error {
	if thrown, ok := recovered.(js.Error); ok {
		return promise.Error(thrown.Value)
	}
	if err, ok := recovered.(error); ok {
		return err
	}
	return errors.New(fmt.Sprint(recovered))
}
