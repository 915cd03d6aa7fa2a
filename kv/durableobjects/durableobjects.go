//go:build js && wasm

// Package durableobjects is a [kv.Driver] that keeps the values that are swapped, the heads of sessions, in
// Durable Objects, and all other values in another driver, which is Workers KV.
//
// A key of a head is read and swapped in one call of the object that has it. Compare-and-swap and expiry are exact, and a read
// sees every write that finished before it. An index, a few objects of the same class, knows which heads there are,
// so the count is exact. edge/heads.mjs has the class.
//
// The values of other keys are immutable, so that it does not matter that Workers KV is eventually
// consistent, except for one thing: it may show a new value late. A read with a context of [kv.Patient]
// waits for it for a bounded time. Workers KV keeps a value for at least a minute, even if its TTL is
// shorter.
//
// A value that is larger than a record of an object can be is stored in the other driver, under its
// hash, and the object has its revision and the hash.
//
// Every wait is on a call that the request itself has made, so any number of requests can share a driver.
package durableobjects

import (
	"context"
	"fmt"
	"time"

	"edgeframe/kv"
)

const (
	// shards is the number of objects that are the index; edge/heads.mjs has the same.
	shards = 8
	// largest is the size of the largest value that is stored in an object. A record of an object is at most 2 MB,
	// https://developers.cloudflare.com/durable-objects/platform/limits/.
	largest = 1_900_000
	// minOther is the shortest TTL of the other driver.
	minOther = time.Minute
)

// Options configure a driver.
type Options struct {
	// Binding is the name of the Durable Objects in the Worker's configuration.
	Binding string
	// Object returns the name of the object that has a key, or "" if the other driver has it. Keys include the prefix.
	Object func(key string) string
	// Later runs work once the response to the request of ctx is on its way. Nil runs it at once.
	Later func(ctx context.Context, work func(context.Context))
}

// Driver is the Durable Objects and the other driver.
type Driver struct {
	opt   Options
	other kv.Driver
}

var (
	_ kv.Driver        = (*Driver)(nil)
	_ kv.Committer     = (*Driver)(nil)
	_ kv.CountedLister = (*Driver)(nil)
	_ kv.Adopter       = (*Driver)(nil)
)

// New returns a driver that keeps all values that are not in objects in other. It makes no calls.
func New(other kv.Driver, opt Options) *Driver {
	if opt.Later == nil {
		opt.Later = func(ctx context.Context, work func(context.Context)) { work(ctx) }
	}
	return &Driver{opt, other}
}

// Info implements [kv.Driver].
func (d *Driver) Info() kv.Info {
	other := d.other.Info().Capabilities
	return kv.Info{
		Type:  "workers_durable_objects",
		Class: "WorkersDurableObjectsBackend",
		Capabilities: kv.Capabilities{
			Consistency:    kv.Strong,
			CompareAndSwap: true,
			NativeExpiry:   true,
			MinTTLSeconds:  1,
			MaxValueBytes:  other.MaxValueBytes,
			MaxKeyBytes:    other.MaxKeyBytes - suffixBytes,
			TouchRewrites:  other.TouchRewrites,
			LiveUpdates:    true,
			LateValues:     other.Consistency == kv.Eventual,
		},
	}
}

// Health implements [kv.Driver]. It reads one key of the other driver and asks one object.
func (d *Driver) Health(ctx context.Context) (map[string]any, error) {
	var details map[string]any
	err := together(
		func() (err error) { details, err = d.other.Health(ctx); return err },
		func() error { _, err := d.callShard(ctx, 0, "count", nil); return err },
	)
	if info, ok := details["kv_info"].(map[string]any); ok {
		info["heads_binding"] = d.opt.Binding
	}
	return details, err
}

// Close implements [kv.Driver].
func (d *Driver) Close() error { return d.other.Close() }

// split returns the positions of the keys that each object has, and of those that the other driver has.
func (d *Driver) split(n int, key func(i int) string) (objects map[string][]int, other []int) {
	for i := range n {
		name := d.opt.Object(key(i))
		if name == "" {
			other = append(other, i)
			continue
		}
		if objects == nil {
			objects = map[string][]int{}
		}
		objects[name] = append(objects[name], i)
	}
	return objects, other
}

// pick returns the elements at some positions.
func pick[T any](all []T, positions []int) []T {
	if len(positions) == len(all) {
		return all
	}
	some := make([]T, len(positions))
	for i, at := range positions {
		some[i] = all[at]
	}
	return some
}

// call calls a method of an object and returns the parts of its result.
func (d *Driver) call(ctx context.Context, object, method string, list []byte) ([][]byte, error) {
	result, err := call(ctx, d.opt.Binding, object, method, list)
	if err != nil {
		return nil, fmt.Errorf("%s of a Durable Object: %w", method, err)
	}
	return unpack(result)
}
