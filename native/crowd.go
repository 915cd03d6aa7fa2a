//go:build !js

package native

import (
	"sync/atomic"
	"time"

	"edgeframe/internal/parallel"
)

// inFlight is the number of requests that are being answered. Followers of events do not count, because they wait.
var inFlight atomic.Int64

// crowded reports whether there are more requests than processors.
func crowded() bool { return inFlight.Load() > int64(parallel.Processors()) }

// requestBegins counts a request.
func requestBegins() {
	if inFlight.Add(1); crowded() && widened.CompareAndSwap(false, true) {
		go widen()
	}
}

// widened is whether widen runs.
var widened atomic.Bool

const (
	// crowdedFor is how long the server must be crowded to get more processors, and calmFor how long it must not be
	// crowded to lose them, looked at calmLooks times.
	crowdedFor = 20 * time.Millisecond
	calmFor    = time.Second
	calmLooks  = 20
)

// widen doubles GOMAXPROCS while the server is crowded. Computations get no more processors than before.
//
// The runtime looks for input from the network when a processor has nothing to do, and otherwise only every 10 to 20
// milliseconds. So if there are as many computing requests as processors, a small request waits that long for each of
// its steps: on two cores beside four large edits it took 30 ms, and up to 100. If there are processors left, it
// takes 9 ms and up to 40, because the system shares the cores between them. A server with few requests does not have
// more of them, because the garbage collector would use them to compete with the request.
func widen() {
	defer widened.Store(false)
	if time.Sleep(crowdedFor); !crowded() {
		return
	}
	defer parallel.AddProcessors(parallel.Processors())()
	for looks := 0; looks < calmLooks; looks++ {
		if time.Sleep(calmFor / calmLooks); crowded() {
			looks = 0
		}
	}
}
