//go:build js && wasm

package edge

import (
	"context"
	"runtime/debug"
)

// later is what is left to do for a request when its response is on its way.
type later struct {
	work []func(context.Context)
}

type laterKey struct{}

// doLater keeps work for the time after the response of the request of ctx, whose client does
// not wait for it. The runtime keeps the request alive until it is done.
func doLater(ctx context.Context, work func(context.Context)) {
	l := ctx.Value(laterKey{}).(*later)
	l.work = append(l.work, work)
}

// do does the work. A panic of it must not end the program.
func (l *later) do(ctx context.Context) {
	defer func() {
		if p := recover(); p != nil {
			logger.Error("work after an answer panicked", "panic", p, "stack", string(debug.Stack()))
		}
	}()
	for _, work := range l.work {
		work(ctx)
	}
}
