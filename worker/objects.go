//go:build js && wasm

package worker

import (
	"edgeframe/edge"
	"edgeframe/kv"
	"edgeframe/kv/durableobjects"
	"edgeframe/session"
	"edgeframe/staging"
)

// HeadsBinding is the name under which a Worker has its Durable Objects, if it has some.
const HeadsBinding = "EDGEFRAME_HEADS"

// withHeads returns a driver that keeps the heads of sessions in Durable Objects and everything else in driver, if
// the Worker has Durable Objects, and the store of the sessions that it has had without them.
func withHeads(driver kv.Driver, env edge.Env, prefix string) (kv.Driver, *kv.Store) {
	if !env.HasObjects(HeadsBinding) {
		return driver, nil
	}
	former := kv.New(driver, prefix)
	return durableobjects.New(driver, durableobjects.Options{Binding: HeadsBinding, Object: objectOf, Later: edge.Later}), former
}

// objectOf returns the name of the Durable Object of a key: there is one for each session, and for each upload
// that waits for a choice.
func objectOf(key string) string {
	if session.IsHead(key) || staging.IsRecord(key) {
		return kv.HashTag(key)
	}
	return ""
}
