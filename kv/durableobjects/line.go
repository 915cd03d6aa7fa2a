//go:build js && wasm

package durableobjects

import (
	"context"
	"errors"
	"sync"
)

// A Line makes the changes of one head wait for one another, so that few of them lose and have to be made
// again. A change that is alone in this instance of the program does not wait and makes no call. Others
// wait in the object of the head for their turn: not for another request, but for the answer of their own call.
type Line struct {
	d  *Driver
	mu sync.Mutex
	// running is the number of changes that have not ended, by key.
	running map[string]int
}

// NewLine returns a line for the heads of d.
func (d *Driver) NewLine() *Line { return &Line{d: d, running: map[string]int{}} }

var errNoTurn = errors.New("its turn has not come")

// Enter returns when it is the turn of the caller to change the head under key. The caller calls leave when its
// change has ended. An error says why the caller has no turn.
func (l *Line) Enter(ctx context.Context, key string) (leave func(), err error) {
	alone := l.add(key, 1) == 1
	if alone {
		return func() { l.add(key, -1) }, nil
	}
	object := l.d.opt.Object(key)
	turn, err := call(ctx, l.d.opt.Binding, object, "enter", nil)
	if err != nil {
		l.add(key, -1)
		return nil, errors.Join(errNoTurn, err)
	}
	return func() {
		l.add(key, -1)
		l.d.opt.Later(ctx, func(ctx context.Context) {
			// If this fails the turn ends by itself.
			_, _ = call(ctx, l.d.opt.Binding, object, "leave", turn)
		})
	}, nil
}

// add counts a change, and returns how many there are.
func (l *Line) add(key string, n int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running[key] += n
	running := l.running[key]
	if running == 0 {
		delete(l.running, key)
	}
	return running
}
