//go:build js && wasm

package edge

import "runtime"

// collectEvery is how much is allocated, in bytes, before [Collect] looks at the heap again.
const collectEvery = 4 << 20

// uncollected is what was allocated since [Collect] looked at the heap, as far as it was told.
var uncollected int64

// Collect is called before bytes are allocated that live for some time. It collects garbage if the heap would be larger
// than the memory limit. The program has one thread, so a collection that runs beside the work may end after
// the work has allocated more than an isolate has.
func Collect(bytes int64) {
	if uncollected += bytes; uncollected < collectEvery {
		return
	}
	uncollected = 0
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if m.HeapAlloc+uint64(bytes) > memoryLimit {
		runtime.GC()
	}
}
