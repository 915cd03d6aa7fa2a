package codec

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/internal/large"
)

// Budget bounds the memory that work on one input may take. It is an allocator on the Go heap,
// and it counts what is allocated elsewhere. Goroutines may share it.
//
// Arrow's readers and builders take sizes from their input and have no way to return an error
// from an allocation, so exceeding the limit is a panic, which [Guard] turns into
// [ErrTooLarge].
type Budget struct {
	limit  int64
	parent *Budget
	used   atomic.Int64

	// reserve, unless nil, is asked before used grows beyond reserved.
	reserve  func(bytes int64) error
	mu       sync.Mutex
	reserved atomic.Int64
}

// The values of the panics.
type (
	overBudget  struct{ limit int64 }
	notReserved struct{ err error }
)

// reserveStep is the smallest number of bytes that a budget reserves at a time.
const reserveStep = 128 << 10

// NewBudget returns a budget of limit bytes.
func NewBudget(limit int64) *Budget { return &Budget{limit: limit} }

// Reserving makes b ask reserve before it takes more memory than it has asked for so far, in steps of
// some size. reserve may wait. Its error ends the work on the input: [Guard] returns it unchanged.
func (b *Budget) Reserving(reserve func(bytes int64) error) *Budget {
	b.reserve = reserve
	return b
}

// Reserve reserves bytes that do not count against the limit, such as those of a copy.
func (b *Budget) Reserve(bytes int64) {
	if b.parent != nil {
		b.parent.Reserve(bytes)
	} else if b.reserve != nil {
		if err := b.reserve(bytes); err != nil {
			panic(notReserved{err})
		}
	}
}

// Sub returns a budget that counts what one purpose takes from b.
func (b *Budget) Sub() *Budget { return &Budget{limit: b.limit, parent: b} }

// Take accounts for n more bytes. It panics if there are not so many left.
func (b *Budget) Take(n int64) {
	if n < 0 || n > b.limit {
		panic(overBudget{b.limit})
	}
	if b.parent != nil {
		b.parent.Take(n)
	}
	used := b.used.Add(n)
	if used > b.limit {
		panic(overBudget{b.limit})
	}
	if b.reserve != nil && used > b.reserved.Load() {
		b.reserveUpTo(used)
	}
}

// reserveUpTo makes b reserve so many bytes in all. What is given back stays reserved.
func (b *Budget) reserveUpTo(bytes int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	more := bytes - b.reserved.Load()
	if more <= 0 {
		return
	}
	more = max(more, reserveStep)
	if err := b.reserve(more); err != nil {
		panic(notReserved{err})
	}
	b.reserved.Add(more)
}

// Release gives n bytes back.
func (b *Budget) Release(n int64) {
	b.used.Add(-n)
	if b.parent != nil {
		b.parent.Release(n)
	}
}

// ReleaseAll gives everything back that has been taken.
func (b *Budget) ReleaseAll() { b.Release(b.used.Load()) }

// Used is the number of bytes that have been taken and not given back.
func (b *Budget) Used() int64 { return b.used.Load() }

// Limit is the largest value of Used.
func (b *Budget) Limit() int64 { return b.limit }

// Allocate implements [memory.Allocator].
func (b *Budget) Allocate(size int) []byte {
	b.Take(int64(size))
	return memory.DefaultAllocator.Allocate(size)
}

// Reallocate implements [memory.Allocator].
func (b *Budget) Reallocate(size int, old []byte) []byte {
	if grown := int64(size) - int64(len(old)); grown > 0 {
		b.Take(grown)
	} else {
		b.Release(-grown)
	}
	return memory.DefaultAllocator.Reallocate(size, old)
}

// Free implements [memory.Allocator].
func (b *Budget) Free(old []byte) { b.Release(int64(len(old))) }

// AppendBudgeted appends v, which takes size bytes, to s. It takes the memory from mem before s
// grows.
func AppendBudgeted[T any](mem *Budget, s []T, v T, size int64) []T {
	if len(s) == cap(s) {
		grow := max(8, len(s))
		mem.Take(int64(grow) * size)
		s = large.Grow(s, grow)
	}
	return append(s, v)
}

// Guard is deferred around code that works on hostile bytes. An exceeded [Budget] becomes
// [ErrTooLarge], memory that could not be reserved the error of the reservation; any other panic, which a
// library raises where it should have returned an error, becomes an error of the given kind. The value of
// the panic is its cause and not part of its text, because it is about the library and not about the input.
func Guard(err *error, kind error, what string) {
	switch p := recover().(type) {
	case nil:
	case notReserved:
		*err = p.err
	case overBudget:
		*err = Errorf(ErrTooLarge, "%s needs more than the %d bytes of memory that a dataframe may take", what, p.limit)
	default:
		*err = &Error{Kind: kind, Detail: what + " cannot be read: its parts do not fit together", Err: fmt.Errorf("%v", p)}
	}
}

// AddSizes returns a+b, or the largest number instead of an overflow.
func AddSizes(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}
