//go:build js && wasm

// Package promise waits for JavaScript promises.
//
// A wait creates no Go callback of its own, so nothing has to be released and nothing leaks, however
// many promises there are and whether or not they settle. A goroutine must only wait for promises
// of its own request, because the Workers runtime cancels requests that wait for anything else.
package promise

import (
	"context"
	"errors"
	"sync"
	"syscall/js"
)

// waits has the channels of the waiting goroutines, by the number of the wait.
var waits = struct {
	sync.Mutex
	next    int
	waiting map[int]chan<- outcome
}{waiting: map[int]chan<- outcome{}}

// outcome is the result of a promise.
type outcome struct {
	value js.Value
	err   error
}

// fulfilled and rejected are the only callbacks. JavaScript binds them to the number of a wait.
var (
	fulfilled = js.FuncOf(func(_ js.Value, args []js.Value) any {
		settle(args[0].Int(), outcome{value: args[1]})
		return nil
	})
	rejected = js.FuncOf(func(_ js.Value, args []js.Value) any {
		settle(args[0].Int(), outcome{err: Error(args[1])})
		return nil
	})
)

func settle(number int, o outcome) {
	waits.Lock()
	defer waits.Unlock()
	if c, ok := waits.waiting[number]; ok {
		delete(waits.waiting, number)
		c <- o
	}
}

// Await returns the value with which p is fulfilled, or the error with which it is rejected, or the
// error of ctx if that is done first.
func Await(ctx context.Context, p js.Value) (js.Value, error) {
	c := make(chan outcome, 1)
	waits.Lock()
	number := waits.next
	waits.next++
	waits.waiting[number] = c
	waits.Unlock()

	p.Call("then", fulfilled.Call("bind", nil, number), rejected.Call("bind", nil, number))
	select {
	case o := <-c:
		return o.value, o.err
	case <-ctx.Done():
		waits.Lock()
		delete(waits.waiting, number)
		waits.Unlock()
		return js.Undefined(), ctx.Err()
	}
}

// AllSettled calls Promise.allSettled.
func AllSettled(promises []any) js.Value {
	return js.Global().Get("Promise").Call("allSettled", promises)
}

// Error converts a value that JavaScript has thrown to an error.
func Error(thrown js.Value) error {
	if thrown.Type() == js.TypeObject {
		if message := thrown.Get("message"); message.Type() == js.TypeString {
			return errors.New(message.String())
		}
	}
	return errors.New(js.Global().Call("String", thrown).String())
}
