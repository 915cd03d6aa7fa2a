//go:build js && wasm

package worker

import (
	"context"

	"edgeframe/core"
	"edgeframe/edge"
	"edgeframe/kv"
	"edgeframe/kv/durableobjects"
	"edgeframe/session"
	"edgeframe/staging"
)

// HeadsBinding is the name under which a Worker has its Durable Objects, if it has some.
const HeadsBinding = "EDGEFRAME_HEADS"

// withHeads changes rt, whose store is on Workers KV, if the Worker has Durable Objects: it keeps the heads of sessions
// there and everything else in driver, and adopts the sessions that it has had without them.
func withHeads(rt *core.Runtime, driver kv.Driver, env edge.Env, prefix string, cached func(kv.Driver) kv.Driver) {
	if !env.HasObjects(HeadsBinding) {
		return
	}
	heads := durableobjects.New(driver, durableobjects.Options{Binding: HeadsBinding, Object: objectOf, Later: edge.Later})
	line := heads.NewLine()
	rt.Store, rt.Former = kv.New(cached(heads), prefix), kv.New(driver, prefix)
	rt.Line = func(ctx context.Context, id string) (func(int), error) {
		leave, err := line.Enter(ctx, session.HeadKey(id))
		return func(int) { leave() }, err
	}
	rt.Live = live(prefix)
}

// objectOf returns the name of the Durable Object of a key: there is one for each session, for each upload
// that waits for a choice, and for each actor with a quota.
func objectOf(key string) string {
	if session.IsHead(key) || staging.IsRecord(key) || session.IsLedger(key) {
		return kv.HashTag(key)
	}
	return ""
}
