//go:build js && wasm

package workerskv

import (
	"context"
	"runtime/debug"
	"testing"
	"time"

	"edgeframe/edge"
	"edgeframe/kv"
	"edgeframe/kv/kvtest"
)

// TestContract runs within a Worker; see worker_test.go.
func TestContract(t *testing.T) {
	kvtest.Run(t, func(t *testing.T) kv.Driver {
		d := &bound{New(Options{Binding: "EDGEFRAME_KV"})}
		d.clear(t)
		return d
	})
}

// The garbage collector runs as in a Worker, whose memory is bounded.
func init() { debug.SetMemoryLimit(72 << 20) }

// bound is a driver whose calls all belong to one request.
type bound struct{ driver *Driver }

// in returns ctx as a context of the one call of gotest.mjs.
func (b *bound) in(ctx context.Context) context.Context { return edge.WithCall(ctx, 1) }

func (b *bound) Info() kv.Info { return b.driver.Info() }

func (b *bound) Get(ctx context.Context, keys []string) ([][]byte, error) {
	return b.driver.Get(b.in(ctx), keys)
}

func (b *bound) Set(ctx context.Context, items []kv.Item, ttl time.Duration) error {
	return b.driver.Set(b.in(ctx), items, ttl)
}

func (b *bound) CompareAndSwap(ctx context.Context, item kv.Item, old kv.Revision, ttl time.Duration) error {
	return b.driver.CompareAndSwap(b.in(ctx), item, old, ttl)
}

func (b *bound) Delete(ctx context.Context, keys []string) error {
	return b.driver.Delete(b.in(ctx), keys)
}

func (b *bound) Touch(ctx context.Context, keys []string, ttl time.Duration) error {
	return b.driver.Touch(b.in(ctx), keys, ttl)
}

func (b *bound) List(ctx context.Context, prefix, cursor string, limit int) (kv.Page, error) {
	return b.driver.List(b.in(ctx), prefix, cursor, limit)
}

func (b *bound) Count(ctx context.Context) (kv.Count, error) { return b.driver.Count(b.in(ctx)) }

func (b *bound) Health(ctx context.Context) (map[string]any, error) {
	return b.driver.Health(b.in(ctx))
}

func (b *bound) Close() error { return b.driver.Close() }

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
