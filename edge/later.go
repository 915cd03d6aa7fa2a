//go:build js && wasm

package edge

import "context"

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

func (l *later) do(ctx context.Context) {
	for _, work := range l.work {
		work(ctx)
	}
}
