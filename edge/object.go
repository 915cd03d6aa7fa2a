//go:build js && wasm

package edge

import (
	"context"

	"edgeframe/edge/border"
)

// CallObject calls a method of the Durable Object with a name: the JavaScript that runs is
//
//	env[binding].get(env[binding].idFromName(name))[method](payload)
//
// with payload as a Uint8Array. The method returns a Uint8Array or an ArrayBuffer; or null or undefined, for
// which the result is nil. If the method throws, or the object cannot be reached, the error is an [*Error]
// with the message of the JavaScript error; the call may or may not have taken effect.
func CallObject(ctx context.Context, binding, name, method string, payload []byte) ([]byte, error) {
	return StartObject(ctx, binding, name, method, payload).Await()
}

// StartObject begins what CallObject does.
func StartObject(ctx context.Context, binding, name, method string, payload []byte) *Pending {
	return begin(ctx, border.CallObject, []string{binding, name, method}, payload)
}
