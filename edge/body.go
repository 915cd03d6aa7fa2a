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

// room is what the bodies of all requests in flight may take together: most, and small ones
// smallRoom more, so that a large upload is not in the way of everything else. A request that
// finds none is refused at once: to wait for another request is what nobody may do here.
type room struct{ used, most int64 }

const smallRoom = 16 << 20

// body returns the body of a call and its length, -1 if that is not known: none, or what
// worker.mjs has read already, or a stream.
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

// stream reads a body chunk by chunk. Each chunk is awaited by the reader, which is the
// request's own goroutine.
type stream struct {
	ctx context.Context
	// room is that of all bodies, most how much of it may be taken for this one, taken what this
	// one has of it, and read what was read of it.
	room  *room
	most  int64
	taken int64
	read  int64
	// next returns a promise of the next Uint8Array, or of null at the end. It is the zero
	// Value if all is there.
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

// reserve takes room for n bytes together. One body alone always has room: it is refused for
// its size, not for that of others.
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
	// A stream may be larger than what is in memory of it at once.
	if s.reserve(min(s.read, s.room.most)); s.err == nil {
		s.left = make([]byte, chunk.Length())
		js.CopyBytesToGo(s.left, chunk)
	}
}

// Close implements [io.Closer]. It is called when the request has ended. What has not been
// read is dropped by the runtime.
func (s *stream) Close() error {
	s.room.used -= s.taken
	s.taken = 0
	return nil
}
