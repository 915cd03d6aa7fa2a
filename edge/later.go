//go:build js && wasm

package edge

import (
	"context"
	"runtime/debug"
)

// later has the work that a request leaves for after its response.
type later struct {
	work []func(context.Context)
}

type laterKey struct{}

// doLater runs work after the response to the request of ctx, so that the client does not wait for
// it. The runtime keeps the request alive until the work is done.
func doLater(ctx context.Context, work func(context.Context)) {
	l := ctx.Value(laterKey{}).(*later)
	l.work = append(l.work, work)
}

// do runs the work. It recovers panics, which would end the program.
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
