//go:build js && wasm

package durableobjects

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall/js"

	"edgeframe/internal/promise"
)

// pauses are the times before retries of a call whose object was not reached, in milliseconds.
var pauses = []int{50, 500}

type envKey struct{}

// WithEnv returns a context for the calls of the request that has the environment that env returns.
func WithEnv(ctx context.Context, env func() js.Value) context.Context {
	return context.WithValue(ctx, envKey{}, env)
}

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

func callOnce(ctx context.Context, binding, object, method string, payload []byte) (result []byte, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	env, ok := ctx.Value(envKey{}).(func() js.Value)
	if !ok {
		return nil, errors.New("the context has no environment of a Worker")
	}
	namespace := env().Get(binding)
	if namespace.Type() != js.TypeObject {
		return nil, fmt.Errorf("the Worker has no Durable Objects bound to %s", binding)
	}
	defer func() {
		if thrown, ok := recover().(js.Error); ok {
			err = promise.Error(thrown.Value)
		}
	}()
	argument := uint8Array.New(len(payload))
	js.CopyBytesToJS(argument, payload)
	stub := namespace.Call("get", namespace.Call("idFromName", object))
	value, err := promise.Await(ctx, stub.Call(method, argument))
	if err != nil || value.Type() != js.TypeObject {
		return nil, err
	}
	result = make([]byte, value.Length())
	js.CopyBytesToGo(result, value)
	return result, nil
}

var uint8Array = js.Global().Get("Uint8Array")

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
	_, err := promise.Await(ctx, js.Global().Get("scheduler").Call("wait", milliseconds))
	return err
}
