//go:build js && wasm

package durableobjects

import (
	"context"
	"strings"
	"time"

	"edgeframe/edge"
)

// pauses are the times before retries of a call whose object was not reached, in milliseconds.
var pauses = []int{50, 500}

// call calls a method of a Durable Object and returns its result. It retries calls that have not reached
// the object. So a call may be made twice.
func call(ctx context.Context, binding, object, method string, payload []byte) ([]byte, error) {
	for try := 0; ; try++ {
		result, err := callOnce(ctx, binding, object, method, payload)
		if err == nil || ctx.Err() != nil || try == len(pauses) || !isTransient(err) {
			return result, err
		}
		if err := pause(ctx, pauses[try]); err != nil {
			return nil, err
		}
	}
}

func callOnce(ctx context.Context, binding, object, method string, payload []byte) ([]byte, error) {
	return edge.CallObject(ctx, binding, object, method, payload)
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

// pause waits on a promise of the request, as the runtime demands.
func pause(ctx context.Context, milliseconds int) error {
	return edge.Sleep(ctx, time.Duration(milliseconds)*time.Millisecond)
}
