//go:build unix

package native

import (
	"math"
	"syscall"
)

// openFiles is how many files the process may have open. Go raises the soft limit to the hard one at
// the start.
func openFiles() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return math.MaxInt32
	}
	return int(min(uint64(limit.Cur), math.MaxInt32))
}
