package session

import (
	"slices"
	"sync"
)

// buffers are the memory for the row groups of data that are read in passing. That of a batch is used again for the
// next one, so that sending a table of any size leaves little for the garbage collector.
type buffers struct {
	mu sync.Mutex
	// used are in use by the last batch, free are not.
	used, free [][]byte
}

// make returns a buffer of a size, with anything in it.
func (b *buffers) make(size int) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := slices.IndexFunc(b.free, func(buffer []byte) bool { return cap(buffer) >= size && cap(buffer) <= 2*size })
	if at < 0 {
		b.used = append(b.used, make([]byte, size))
		return b.used[len(b.used)-1]
	}
	buffer := b.free[at][:size]
	b.used, b.free = append(b.used, buffer), slices.Delete(b.free, at, at+1)
	return buffer
}

// next says that another batch begins. again says that nobody uses the one before.
func (b *buffers) next(again bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.free = nil
	if again {
		b.free = b.used
	}
	b.used = nil
}
