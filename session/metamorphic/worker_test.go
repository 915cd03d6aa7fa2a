//go:build js && wasm

package metamorphic

import (
	"context"
	"runtime/debug"
	"strings"
	"testing"

	"edgeframe/edge"
	"edgeframe/kv"
	"edgeframe/kv/durableobjects"
	"edgeframe/kv/workerskv"
)

// These tests run within a Worker; see native_test.go.

var backends = []struct {
	name string
	open func(*testing.T) *backend
}{
	{"Workers KV", func(*testing.T) *backend { return &backend{driver: onKV(), eventual: true} }},
	{"Durable Objects", func(*testing.T) *backend {
		object := func(key string) string {
			if strings.HasSuffix(key, "}:head") {
				return kv.HashTag(key)
			}
			return ""
		}
		return &backend{driver: durableobjects.New(onKV(), durableobjects.Options{Binding: "EDGEFRAME_HEADS", Object: object})}
	}},
}

func onKV() kv.Driver {
	return workerskv.New(workerskv.Options{Binding: "EDGEFRAME_KV", CountPrefix: "live:"})
}

// The garbage collector runs as in a Worker, whose memory is bounded.
func init() { debug.SetMemoryLimit(72 << 20) }

// contextOf returns a context of the one call of gotest.mjs.
func contextOf(t *testing.T) context.Context { return edge.WithCall(t.Context(), 1) }
