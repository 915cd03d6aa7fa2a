//go:build js && wasm

package edge

import (
	"context"
	"syscall/js"

	"edgeframe/core"
	"edgeframe/kv"
	"edgeframe/kv/durableobjects"
	"edgeframe/session"
	"edgeframe/staging"
)

// HeadsBinding is the name under which a Worker has its Durable Objects, if it has some.
const HeadsBinding = "EDGEFRAME_HEADS"

// withHeads changes rt, whose store is on Workers KV, if the Worker has Durable Objects: it keeps the heads of sessions
// there and everything else in driver, and adopts the sessions that it has had without them.
func withHeads(rt *core.Runtime, driver kv.Driver, env js.Value, prefix string, cached func(kv.Driver) kv.Driver) {
	if env.Get(HeadsBinding).Type() != js.TypeObject {
		return
	}
	heads := durableobjects.New(driver, durableobjects.Options{Binding: HeadsBinding, Object: objectOf, Later: doLater})
	line := heads.NewLine()
	rt.Store, rt.Former = kv.New(cached(heads), prefix), kv.New(driver, prefix)
	rt.Line = func(ctx context.Context, id string) (func(int), error) {
		leave, err := line.Enter(ctx, session.HeadKey(id))
		return func(int) { leave() }, err
	}
}

// objectOf returns the name of the Durable Object of a key: there is one for each session, and for each upload
// that waits for a choice.
func objectOf(key string) string {
	if session.IsHead(key) || staging.IsRecord(key) {
		return kv.HashTag(key)
	}
	return ""
}

// withObjects returns a context for the calls of Durable Objects of c.
func (c call) withObjects(ctx context.Context) context.Context {
	return durableobjects.WithEnv(ctx, func() js.Value { return c.Get("env") })
}
