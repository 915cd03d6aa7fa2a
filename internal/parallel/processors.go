package parallel

import (
	"runtime"
	"sync/atomic"
)

// added is the number of processors that [AddProcessors] has added.
var added atomic.Int64

// Processors returns how many processors computations may use: GOMAXPROCS without those of [AddProcessors].
func Processors() int { return max(1, runtime.GOMAXPROCS(0)-int(added.Load())) }

// AddProcessors raises GOMAXPROCS by n, for goroutines that compute little. The calls of [Do] use as many as before.
func AddProcessors(n int) (remove func()) {
	added.Add(int64(n))
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + n)
	return func() {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) - n)
		added.Add(int64(-n))
	}
}
