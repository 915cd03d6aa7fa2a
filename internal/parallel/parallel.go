package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Do calls work for 0 to n-1 on up to GOMAXPROCS goroutines, which it joins, and
// returns the first error. work must only compute, never wait. With one processor, as in
// Wasm, it is a loop. A panic of work is raised again in the caller.
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
	var (
		next   atomic.Int64
		failed atomic.Pointer[error]
		raised atomic.Pointer[any]
		joined sync.WaitGroup
	)
	for range workers {
		joined.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					raised.CompareAndSwap(nil, &p)
				}
			}()
			for failed.Load() == nil && raised.Load() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := work(i); err != nil {
					failed.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	joined.Wait()
	if p := raised.Load(); p != nil {
		panic(*p)
	}
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}
