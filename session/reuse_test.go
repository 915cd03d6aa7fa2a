package session

import (
	"testing"
	"unsafe"
)

func TestMemoryIsUsedAgainOnlyWhenNobodyUsesIt(t *testing.T) {
	var b buffers
	first, other := b.make(100), b.make(100)
	if unsafe.SliceData(first) == unsafe.SliceData(other) {
		t.Error("two segments of a batch share memory")
	}
	b.next(true)
	again := b.make(90)
	if p := unsafe.SliceData(again); len(again) != 90 || p != unsafe.SliceData(first) && p != unsafe.SliceData(other) {
		t.Errorf("%d bytes of new memory", len(again))
	}
	if small := b.make(10); cap(small) > 20 {
		t.Errorf("10 bytes take %d", cap(small))
	}
	b.next(false)
	if kept := b.make(90); unsafe.SliceData(kept) == unsafe.SliceData(again) {
		t.Error("memory that is in use is used again")
	}
}
