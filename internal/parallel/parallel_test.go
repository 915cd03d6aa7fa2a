package parallel_test

import (
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"

	"edgeframe/internal/parallel"
)

// onProcessors runs test with one, two and more goroutines than the machine may have processors.
func onProcessors(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	for _, n := range []int{1, 2, 8} {
		t.Run(fmt.Sprintf("%d processors", n), func(t *testing.T) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(n))
			test(t)
		})
	}
}

func TestEveryNumberIsWorkedOnOnce(t *testing.T) {
	onProcessors(t, func(t *testing.T) {
		for _, n := range []int{0, 1, 2, 7, 1000} {
			done := make([]atomic.Int32, n)
			if err := parallel.Do(n, func(i int) error { done[i].Add(1); return nil }); err != nil {
				t.Fatal(err)
			}
			for i := range done {
				if times := done[i].Load(); times != 1 {
					t.Fatalf("%d of %d was worked on %d times", i, n, times)
				}
			}
		}
	})
}

func TestTheFirstErrorIsReturnedAndEndsTheWork(t *testing.T) {
	onProcessors(t, func(t *testing.T) {
		first, later := errors.New("first"), errors.New("later")
		const n = 1_000_000
		var made atomic.Int32
		var failed atomic.Bool
		err := parallel.Do(n, func(int) error {
			made.Add(1)
			if failed.CompareAndSwap(false, true) {
				return first
			}
			return later
		})
		// A call that was made at the same time may be the first to store its error.
		if err != first && (err != later || runtime.GOMAXPROCS(0) == 1) {
			t.Errorf("the error is %v", err)
		}
		if m := int(made.Load()); m > runtime.GOMAXPROCS(0) {
			t.Errorf("%d calls were made, though each returned an error", m)
		}
	})
}

func TestAnErrorAmongMuchWorkIsNotLost(t *testing.T) {
	onProcessors(t, func(t *testing.T) {
		failure := errors.New("the last one fails")
		err := parallel.Do(500, func(i int) error {
			if i == 499 {
				return failure
			}
			return nil
		})
		if err != failure {
			t.Errorf("the error is %v", err)
		}
	})
}

func TestAPanicIsRaisedInTheCaller(t *testing.T) {
	onProcessors(t, func(t *testing.T) {
		type custom struct{ i int }
		defer func() {
			if p := recover(); p != (custom{3}) {
				t.Errorf("the panic is %v", p)
			}
		}()
		err := parallel.Do(100, func(i int) error {
			if i == 3 {
				panic(custom{i})
			}
			return nil
		})
		t.Errorf("Do returned %v", err)
	})
}

func TestWorkIsDoneBesideWhatWaits(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
	begun := make(chan struct{})
	var done atomic.Int32
	err := parallel.Beside(func() error {
		<-begun // the work has begun, though this has not ended
		return nil
	}, 100, func(int) error {
		if done.Add(1) == 1 {
			close(begun)
		}
		return nil
	})
	if err != nil || done.Load() != 100 {
		t.Errorf("%d of 100 are done, %v", done.Load(), err)
	}
}

func TestWhatIsFirstEndsTheWork(t *testing.T) {
	onProcessors(t, func(t *testing.T) {
		failure := errors.New("the connection is gone")
		var made atomic.Int32
		err := parallel.Beside(func() error { return failure }, 1_000_000, func(int) error {
			made.Add(1)
			runtime.Gosched()
			return nil
		})
		if err != failure || made.Load() == 1_000_000 {
			t.Errorf("%v after %d calls", err, made.Load())
		}
		defer func() {
			if p := recover(); p != "raised" {
				t.Errorf("the panic is %v", p)
			}
		}()
		err = parallel.Beside(func() error { panic("raised") }, 1_000_000, func(int) error {
			runtime.Gosched()
			return nil
		})
		t.Errorf("Beside returned %v", err)
	})
}

func TestOneProcessorWorksInOrderOnTheCallingGoroutine(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	// Without a lock the race detector would notice another goroutine.
	var order []int
	if err := parallel.Do(50, func(i int) error { order = append(order, i); return nil }); err != nil {
		t.Fatal(err)
	}
	for i, got := range order {
		if got != i {
			t.Fatalf("the order is %v", order)
		}
	}
	if len(order) != 50 {
		t.Errorf("%d calls instead of 50", len(order))
	}
}

func TestNoMoreGoroutinesThanProcessorsWorkAtOnce(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
	var now, most atomic.Int32
	if err := parallel.Do(2000, func(int) error {
		n := now.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		runtime.Gosched()
		now.Add(-1)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if m := most.Load(); m > 3 {
		t.Errorf("%d calls ran at once", m)
	}
}
