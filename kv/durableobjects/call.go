//go:build js && wasm

package durableobjects

import (
	"context"
	"strings"
	"time"

	"edgeframe/edge"
)

// pauses are the times before retries of a call whose object was not reached.
var pauses = []time.Duration{50 * time.Millisecond, 500 * time.Millisecond}

// call calls a method of a Durable Object and returns its result. It retries a call whose object was not reached, as far
// as it can tell. So a call may be made twice.
func call(ctx context.Context, binding, object, method string, payload []byte) ([]byte, error) {
	for try := 0; ; try++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		result, err := edge.CallObject(ctx, binding, object, method, payload)
		if err == nil || ctx.Err() != nil || try == len(pauses) || !isTransient(err) {
			return result, err
		}
		if err := edge.Sleep(ctx, pauses[try]); err != nil {
			return nil, err
		}
	}
}

// isTransient reports whether an object was not reached, by the text of the error: the platform restarts
// objects, and moves them.
func isTransient(err error) bool {
	message := strings.ToLower(err.Error())
	for _, sign := range []string{"network connection lost", "internal error", "reset", "code was updated", "code has been updated", "moved to a different machine"} {
		if strings.Contains(message, sign) {
			return true
		}
	}
	return false
}
