//go:build js && wasm

package durableobjects

import (
	"context"
	"fmt"
	"runtime/debug"
	"testing"
	"time"

	"edgeframe/edge"
	"edgeframe/kv"
	"edgeframe/kv/kvtest"
	"edgeframe/kv/workerskv"
)

// The tests run within a Worker; see worker_test.go. Each test has objects of its own.

// TestContract keeps every key in one of a few objects, and accepts every TTL.
func TestContract(t *testing.T) {
	kvtest.Run(t, func(t *testing.T) kv.Driver { return open(t, everything, 0) })
}

func everything(key string) string { return fmt.Sprint("object ", shardOf(key)) }

// The garbage collector runs as in a Worker, whose memory is bounded.
func init() { debug.SetMemoryLimit(72 << 20) }

// open returns a driver of empty engines.
func open(t *testing.T, object func(key string) string, minTTL int) *bound {
	other := workerskv.New(workerskv.Options{Binding: "EDGEFRAME_KV"})
	d := New(other, Options{Binding: "EDGEFRAME_HEADS", Object: object})
	b := &bound{Driver: d, minTTL: minTTL}
	b.clear(t)
	return b
}

// bound is a driver whose calls all belong to one request.
type bound struct {
	*Driver
	minTTL int
}

// in returns ctx as a context of the one call of gotest.mjs.
func in(ctx context.Context) context.Context { return edge.WithCall(ctx, 1) }

func (b *bound) Info() kv.Info {
	info := b.Driver.Info()
	info.Capabilities.MinTTLSeconds = b.minTTL
	return info
}

func (b *bound) Get(ctx context.Context, keys []string) ([][]byte, error) {
	return b.Driver.Get(in(ctx), keys)
}

func (b *bound) Set(ctx context.Context, items []kv.Item, ttl time.Duration) error {
	return b.Driver.Set(in(ctx), items, ttl)
}

func (b *bound) CompareAndSwap(ctx context.Context, item kv.Item, old kv.Revision, ttl time.Duration) error {
	return b.Driver.CompareAndSwap(in(ctx), item, old, ttl)
}

func (b *bound) Commit(ctx context.Context, c kv.Commit) ([][]byte, error) {
	return b.Driver.Commit(in(ctx), c)
}

func (b *bound) Adopt(ctx context.Context, item kv.Item, ttl, remember time.Duration) error {
	return b.Driver.Adopt(in(ctx), item, ttl, remember)
}

func (b *bound) Delete(ctx context.Context, keys []string) error {
	return b.Driver.Delete(in(ctx), keys)
}

func (b *bound) Touch(ctx context.Context, keys []string, ttl time.Duration) error {
	return b.Driver.Touch(in(ctx), keys, ttl)
}

func (b *bound) List(ctx context.Context, prefix, cursor string, limit int) (kv.Page, error) {
	return b.Driver.List(in(ctx), prefix, cursor, limit)
}

func (b *bound) ListCounted(ctx context.Context, prefix, cursor string, limit int) (kv.Page, error) {
	return b.Driver.ListCounted(in(ctx), prefix, cursor, limit)
}

func (b *bound) Count(ctx context.Context) (kv.Count, error) { return b.Driver.Count(in(ctx)) }

func (b *bound) Health(ctx context.Context) (map[string]any, error) {
	return b.Driver.Health(in(ctx))
}

// clear removes the keys of the previous test.
func (b *bound) clear(t *testing.T) {
	for cursor := ""; ; {
		page, err := b.List(t.Context(), "", cursor, kv.MaxListLimit)
		if err == nil {
			err = b.Delete(t.Context(), page.Keys)
		}
		if err != nil {
			t.Fatal(err)
		}
		if cursor = page.Cursor; cursor == "" {
			return
		}
	}
}
