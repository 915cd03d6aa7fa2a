package codec

import (
	"fmt"

	"github.com/apache/arrow/go/v17/arrow/memory"
)

// budget is an allocator on the Go heap that refuses to hold more than limit bytes at once.
// Arrow's readers and builders take sizes from their input and have no way to return an
// error from an allocation, so a refusal is a panic with overBudget, which [guard] turns
// back into an error.
type budget struct {
	limit, used int64
}

type overBudget struct{ limit int64 }

func newBudget(limit int64) *budget { return &budget{limit: limit} }

// take accounts for n more bytes.
func (b *budget) take(n int64) {
	if n < 0 || n > b.limit-b.used {
		panic(overBudget{b.limit})
	}
	b.used += n
}

func (b *budget) Allocate(size int) []byte {
	b.take(int64(size))
	return memory.DefaultAllocator.Allocate(size)
}

func (b *budget) Reallocate(size int, old []byte) []byte {
	if grown := int64(size) - int64(len(old)); grown > 0 {
		b.take(grown)
	} else {
		b.used += grown
	}
	return memory.DefaultAllocator.Reallocate(size, old)
}

func (b *budget) Free(old []byte) { b.used -= int64(len(old)) }

// guard is deferred around code that works on hostile bytes. A refused allocation becomes
// [ErrTooLarge]; any other panic, which a library raises where it should have returned an
// error, becomes an error of the given kind.
func guard(err *error, kind error, what string) {
	switch p := recover().(type) {
	case nil:
	case overBudget:
		*err = Errorf(ErrTooLarge, "%s needs more than the %d bytes of memory that a dataframe may take", what, p.limit)
	default:
		*err = &Error{Kind: kind, Detail: fmt.Sprintf("%s cannot be read: %v", what, p)}
	}
}
