//go:build js && wasm

package edge

import (
	"context"
	"io"
	"net/http"
	"syscall/js"

	"edgeframe/api"
	"edgeframe/internal/promise"
)

// room is the budget of memory for the bodies of all requests in flight: most bytes, and smallRoom
// more for small bodies, so that a large upload does not block all others. When the budget is
// exhausted the request is rejected immediately: on Workers a request must never wait for another
// one.
type room struct{ used, most int64 }

const smallRoom = 16 << 20

// body returns the body of a call and its length, which is -1 if it is not known. The body is empty,
// or the bytes that worker.mjs has read, or a stream.
func (c call) body(ctx context.Context, h http.Header, r *room) (*stream, int64) {
	s := &stream{ctx: ctx, room: r, most: r.most}
	given := c.Get("body")
	switch {
	case given.IsNull():
		return s, 0
	case given.Type() == js.TypeFunction:
		s.next = given
		length := contentLength(h)
		s.reserve(min(length, r.most))
		return s, length
	}
	s.most += smallRoom
	s.take(given)
	return s, int64(len(s.left))
}

// stream reads a body chunk by chunk. The reader, which is the request's own goroutine, awaits each
// chunk.
type stream struct {
	ctx context.Context
	// room is the budget of all bodies, most how much of it this body may use, taken how much it
	// uses, and read how many bytes of it have arrived.
	room  *room
	most  int64
	taken int64
	read  int64
	// next returns a promise of the next Uint8Array, or of null at the end. It is undefined if
	// the whole body has arrived.
	next js.Value
	left []byte
	err  error
}

// Read implements [io.Reader].
func (s *stream) Read(p []byte) (int, error) {
	for len(s.left) == 0 && s.err == nil {
		s.fill()
	}
	if len(s.left) == 0 {
		return 0, s.err
	}
	n := copy(p, s.left)
	s.left = s.left[n:]
	return n, nil
}

func (s *stream) fill() {
	if s.next.IsUndefined() {
		s.err = io.EOF
		return
	}
	chunk, err := promise.Await(s.ctx, s.next.Invoke())
	switch {
	case err != nil:
		s.err = err
	case chunk.IsNull():
		s.err = io.EOF
	default:
		s.take(chunk)
	}
}

// reserve makes the body use n bytes of the budget in total. If no other body uses any, it always
// succeeds: then the limit for uploads applies, not the budget.
func (s *stream) reserve(n int64) {
	more := n - s.taken
	if more <= 0 {
		return
	}
	if others := s.room.used - s.taken; others > 0 && s.room.used+more > s.most {
		s.err = api.ErrBusy
		return
	}
	s.room.used += more
	s.taken = n
}

func (s *stream) take(chunk js.Value) {
	s.read += int64(chunk.Length())
	// A stream may be larger than the budget, because only a part of it is in memory at a time.
	if s.reserve(min(s.read, s.room.most)); s.err == nil {
		s.left = make([]byte, chunk.Length())
		js.CopyBytesToGo(s.left, chunk)
	}
}

// Close implements [io.Closer]. It is called at the end of the request. The runtime discards the
// rest of the body.
func (s *stream) Close() error {
	s.room.used -= s.taken
	s.taken = 0
	return nil
}
