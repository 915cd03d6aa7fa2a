//go:build js && wasm

// Package workerskv is a [kv.Driver] on a Workers KV namespace.
//
// It promises to keep to the limits of the platform as it declares them, to read values with
// one copy, and to wait for nothing but promises that the calling request itself has made, so
// that any number of requests can share it. The namespace is not part of the driver: every
// context brings the binding of its own request, see [WithBinding].
//
// Workers KV is eventually consistent. A write is usually seen at once where it was made, and
// after up to a minute, sometimes more, everywhere else; a key that was asked for while it was
// absent may stay absent for as long. Of two writes to one key the later one wins.
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

	// connections is how many calls a Worker can have open at once. More would wait in line
	// with their values in memory.
	connections = 6
)

// Options configure a driver.
type Options struct {
	// Binding is the name of the namespace in the Worker's configuration.
	Binding string
	// CountPrefix is what the keys of all items that count begin with. They are counted by
	// listing them, so the fewer others begin with it the better.
	CountPrefix string
}

// Driver is a Workers KV namespace.
type Driver struct{ opt Options }

var _ kv.Driver = (*Driver)(nil)

// New returns a driver. It costs nothing.
func New(opt Options) *Driver { return &Driver{opt} }

type bindingKey struct{}

// WithBinding returns a context for the calls of the request that got namespace, a KV binding.
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

// Get implements [kv.Driver]. All keys are read beside one another.
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

// CompareAndSwap is never called: the driver does not declare it.
func (d *Driver) CompareAndSwap(context.Context, kv.Item, kv.Revision, time.Duration) error {
	return kv.ErrUnsupported
}

// Delete implements [kv.Driver].
func (d *Driver) Delete(ctx context.Context, keys []string) error {
	return d.each(ctx, len(keys), func(namespace js.Value, i int) js.Value {
		return namespace.Call("delete", keys[i])
	}, nil)
}

// Touch implements [kv.Driver]: it writes the values anew, without bringing them into the
// memory of Go.
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

// Health implements [kv.Driver]: it reads one key.
func (d *Driver) Health(ctx context.Context) (map[string]any, error) {
	_, err := d.Get(ctx, []string{d.opt.CountPrefix + "health"})
	return map[string]any{"kv_info": map[string]any{"binding": d.opt.Binding}}, err
}

// each makes n calls and hands what they are fulfilled with to got, as many at once as the
// platform has connections. Those that fail in passing are made again.
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

// namespace is the binding that ctx brings.
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

// putOptions are those of a value that is kept for ttl, rounded up to whole seconds.
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

// isCounted reports whether an entry, as a listing or getWithMetadata returns it, counts.
func isCounted(entry js.Value) bool {
	metadata := entry.Get("metadata")
	return metadata.Type() == js.TypeObject && metadata.Get("counted").Truthy()
}

// errThrown is what a binding throws in place of returning a promise.
func errThrown(recovered any) error {
	if thrown, ok := recovered.(js.Error); ok {
		return promise.Error(thrown.Value)
	}
	if err, ok := recovered.(error); ok {
		return err
	}
	return errors.New(fmt.Sprint(recovered))
}
