//go:build js && wasm

package edge

import (
	"context"
	"errors"
	"io"
	"net/http"

	"edgeframe/edge/border"
)

// ErrNoRoom is the error of a body for which there is no memory beside the bodies of other requests.
var ErrNoRoom = errors.New("no room beside the bodies of other requests")

// room is the budget of memory for the bodies of all requests in flight: most bytes, and smallRoom
// more for small bodies, so that a large upload does not block all others. When the budget is
// exhausted the request is rejected immediately: on Workers a request must never wait for another
// one.
type room struct {
	used, most int64
	// none is the error of a body for which there is no room.
	none error
}

const (
	smallRoom = 16 << 20
	// minRoom is the smallest budget for the bodies of all requests.
	minRoom = 20 << 20
)

// newBody returns the body of a call and its length, which is -1 if it is not known. The body is empty,
// or the bytes that runtime.mjs has read, or a stream.
func newBody(ctx context.Context, given border.Request, h http.Header, r *room) (*body, int64) {
	b := &body{ctx: ctx, room: r, most: r.most}
	if given.Streamed {
		b.call = given.Call
		length := contentLength(h.Get("Content-Length"))
		b.reserve(min(length, r.most))
		return b, length
	}
	b.most += smallRoom
	b.take(given.Body)
	return b, int64(len(b.left))
}

// body reads a body chunk by chunk. The reader, which is the request's own goroutine, awaits each
// chunk.
type body struct {
	ctx context.Context
	// room is the budget of all bodies, most how much of it this body may use, taken how much it
	// uses, and read how many bytes of it have arrived.
	room  *room
	most  int64
	taken int64
	read  int64
	// call is the number of a call whose body is streamed. It is 0 if the whole body has arrived.
	call uint32
	// chunk is the memory of a chunk, left what has not been read of it.
	chunk, left []byte
	err         error
}

// Read implements [io.Reader].
func (b *body) Read(p []byte) (int, error) {
	for len(b.left) == 0 && b.err == nil {
		b.fill()
	}
	if len(b.left) == 0 {
		return 0, b.err
	}
	n := copy(p, b.left)
	b.left = b.left[n:]
	return n, nil
}

func (b *body) fill() {
	if b.call == 0 {
		b.err = io.EOF
		return
	}
	chunk, err := border.Start(b.ctx, b.call, border.Read, nil, nil, b.chunk).Await()
	switch {
	case err != nil:
		b.err = err
	case chunk == nil:
		b.err = io.EOF
	default:
		b.chunk = chunk[:cap(chunk)]
		b.take(chunk)
	}
}

// reserve makes the body use n bytes of the budget in total. If no other body uses any, it always
// succeeds: then the limit for uploads applies, not the budget.
func (b *body) reserve(n int64) {
	more := n - b.taken
	if more <= 0 {
		return
	}
	if others := b.room.used - b.taken; others > 0 && b.room.used+more > b.most {
		b.err = b.room.none
		return
	}
	b.room.used += more
	b.taken = n
}

func (b *body) take(chunk []byte) {
	b.read += int64(len(chunk))
	// A stream may be larger than the budget, because only a part of it is in memory at a time.
	if b.reserve(min(b.read, b.room.most)); b.err == nil {
		b.left = chunk
	}
}

// Close implements [io.Closer]. It is called at the end of the request. The runtime discards the
// rest of the body.
func (b *body) Close() error {
	b.room.used -= b.taken
	b.taken = 0
	return nil
}
