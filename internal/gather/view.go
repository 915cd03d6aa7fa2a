package gather

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// views gathers views of text and bytes. Their long values are put into exactly one buffer:
// arrow-go v17 writes wrong counts for a table in which arrays of views have different numbers
// of buffers. Missing values become empty ones.
func views(ps pieces, n int) []*memory.Buffer {
	headers, headerBuf := newViewHeaders(n)
	buffers := make([]*memory.Buffer, 0, 1)
	first := map[arrow.ArrayData]int{}
	row, used := 0, 0
	for _, p := range ps {
		if _, ok := first[p.data]; !ok {
			first[p.data] = len(buffers)
			buffers = append(buffers, p.data.Buffers()[2:]...)
		}
		in, validity := arrow.ViewHeaderTraits.CastFromBytes(p.buffer(1)), p.buffer(0)
		for i := p.from; i < p.to; i++ {
			if len(validity) == 0 || bitutil.BitIsSet(validity, i) {
				h := in[i]
				if !h.IsInline() {
					h.SetIndexOffset(h.BufferIndex()+int32(first[p.data]), h.BufferOffset())
					used += h.Len()
				}
				headers[row] = h
			}
			row++
		}
	}
	return append([]*memory.Buffer{headerBuf}, joinViewBuffers(headers, buffers, used)...)
}

func newViewHeaders(n int) ([]arrow.ViewHeader, *memory.Buffer) {
	out := make([]arrow.ViewHeader, n)
	return out, memory.NewBufferBytes(arrow.ViewHeaderTraits.CastToBytes(out))
}

// joinViewBuffers moves the long values of headers into one buffer. If values overlap, whole
// buffers are joined: the result is never larger than the buffers.
func joinViewBuffers(headers []arrow.ViewHeader, buffers []*memory.Buffer, used int) []*memory.Buffer {
	total := 0
	for _, b := range buffers {
		total += b.Len()
	}
	if used <= total && used <= math.MaxInt32 {
		joined := make([]byte, 0, used)
		for i := range headers {
			if h := &headers[i]; !h.IsInline() {
				at := len(joined)
				joined = append(joined, buffers[h.BufferIndex()].Bytes()[h.BufferOffset():][:h.Len()]...)
				h.SetIndexOffset(0, int32(at))
			}
		}
		return []*memory.Buffer{memory.NewBufferBytes(joined)}
	}
	if len(buffers) == 1 || total > math.MaxInt32 {
		return buffers
	}
	joined := make([]byte, 0, total)
	starts := make([]int32, len(buffers))
	for i, b := range buffers {
		starts[i] = int32(len(joined))
		joined = append(joined, b.Bytes()...)
	}
	for i := range headers {
		if h := &headers[i]; !h.IsInline() {
			h.SetIndexOffset(0, starts[h.BufferIndex()]+h.BufferOffset())
		}
	}
	return []*memory.Buffer{memory.NewBufferBytes(joined)}
}
