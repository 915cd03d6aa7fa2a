//go:build !js

package parallel

import "runtime"

// Yield lets other goroutines run. Work that computes for long calls it every millisecond or so: without
// it a small request waits until each of the computing goroutines has used its ten milliseconds.
func Yield() { runtime.Gosched() }
