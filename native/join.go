//go:build !js

package native

import (
	"context"
	"errors"
	"sync"
)

// joiner joins computations of the same value: one caller computes it, the others wait for the result.
// It computes on the goroutine of a caller, whose memory and client the work has.
type joiner struct {
	mu      sync.Mutex
	running map[string]*computation
}

// computation is a value that is being computed. value and err are set when done is closed.
type computation struct {
	done  chan struct{}
	value []byte
	err   error
}

// errNoResult is the error of a computation that panicked.
var errNoResult = errors.New("the computation failed")

// join returns the result of compute, or that of another caller with the same key. If the client of
// that caller leaves, one of those who wait computes it instead.
func (j *joiner) join(ctx context.Context, key string, compute func(context.Context) ([]byte, error)) ([]byte, error) {
	for {
		c, first := j.enter(key)
		if first {
			return j.compute(ctx, key, c, compute)
		}
		select {
		case <-c.done:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		if !errors.Is(c.err, context.Canceled) {
			return c.value, c.err
		}
	}
}

// enter returns the computation of a key, and whether the caller has to do it.
func (j *joiner) enter(key string) (c *computation, first bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if c, ok := j.running[key]; ok {
		return c, false
	}
	if j.running == nil {
		j.running = map[string]*computation{}
	}
	c = &computation{done: make(chan struct{}), err: errNoResult}
	j.running[key] = c
	return c, true
}

func (j *joiner) compute(ctx context.Context, key string, c *computation, compute func(context.Context) ([]byte, error)) ([]byte, error) {
	defer func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		delete(j.running, key)
		close(c.done)
	}()
	c.value, c.err = compute(ctx)
	return c.value, c.err
}
