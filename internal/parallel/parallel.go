// Package parallel spreads computation over the processors.
package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Do calls work for 0 to n-1 on up to GOMAXPROCS goroutines and waits for them. After an error no
// further call is made; Do returns the error that occurred first. A panic of work is raised again
// in the caller. With one processor, as in Wasm, Do is a loop.
//
// work must only compute and never wait.
func Do(n int, work func(i int) error) error {
	workers := min(n, runtime.GOMAXPROCS(0))
	if workers <= 1 {
		for i := range n {
			if err := work(i); err != nil {
				return err
			}
		}
		return nil
	}
	c := calls{n: n, work: work}
	var joined sync.WaitGroup
	for range workers {
		joined.Go(c.make)
	}
	joined.Wait()
	if p := c.raised.Load(); p != nil {
		panic(*p)
	}
	if err := c.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// calls are the calls of one Do, which its goroutines share.
type calls struct {
	n    int
	work func(i int) error
	next atomic.Int64
	// failed and raised are the first error and the first panic.
	failed atomic.Pointer[error]
	raised atomic.Pointer[any]
}

// make makes calls until all are made or one has failed.
func (c *calls) make() {
	defer func() {
		if p := recover(); p != nil {
			c.raised.CompareAndSwap(nil, &p)
		}
	}()
	for c.failed.Load() == nil && c.raised.Load() == nil {
		i := int(c.next.Add(1)) - 1
		if i >= c.n {
			return
		}
		if err := c.work(i); err != nil {
			c.failed.CompareAndSwap(nil, &err)
		}
	}
}
