// Package parallel spreads computation over the processors.
package parallel

import (
	"sync"
	"sync/atomic"
)

// Do calls work for 0 to n-1 on up to [Processors] goroutines, one of which is the caller's, and waits for
// them. The calls of Do that run at the same time share Processors-1 further goroutines, so that much work
// does not make everything else wait for a processor. After an error no further call is made; Do returns
// the error that occurred first. A panic of work is raised again in the caller. With one processor, as in
// Wasm, Do is a loop.
//
// work must only compute and never wait.
func Do(n int, work func(i int) error) error { return Beside(nil, n, work) }

// Beside is [Do], and calls first, unless it is nil, in the meantime. Unlike work, first may wait. The other
// goroutines begin with the work at once, the caller's when first has returned. An error of first ends the work.
func Beside(first func() error, n int, work func(i int) error) error {
	most := int64(n)
	if first == nil {
		most-- // the caller works too
	}
	c := calls{n: n, work: work}
	var joined sync.WaitGroup
	for range borrow(most) {
		joined.Go(func() {
			defer lent.Add(-1)
			c.make()
		})
	}
	if first != nil {
		c.try(first)
	}
	c.make()
	joined.Wait()
	if p := c.raised.Load(); p != nil {
		panic(*p)
	}
	if err := c.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// lent is the number of goroutines that work besides the callers of Do.
var lent atomic.Int64

// borrow returns how many further goroutines a call may use, at most that many. It never waits.
func borrow(most int64) int64 {
	for {
		used := lent.Load()
		n := min(most, int64(Processors())-1-used)
		if n <= 0 {
			return 0
		}
		if lent.CompareAndSwap(used, used+n) {
			return n
		}
	}
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
	for c.failed.Load() == nil && c.raised.Load() == nil {
		i := int(c.next.Add(1)) - 1
		if i >= c.n {
			return
		}
		c.try(func() error { return c.work(i) })
		Yield()
	}
}

// try makes a call and keeps its error or panic.
func (c *calls) try(call func() error) {
	defer func() {
		if p := recover(); p != nil {
			c.raised.CompareAndSwap(nil, &p)
		}
	}()
	if err := call(); err != nil {
		c.failed.CompareAndSwap(nil, &err)
	}
}
