//go:build js && wasm

package edge

import (
	"context"
	"io"
	"net/http"
	"syscall/js"

	"edgeframe/internal/promise"
)

// body returns the body of a call and its length, -1 if that is not known: none, or what
// worker.mjs has read already, or a stream.
func (c call) body(ctx context.Context, h http.Header) (io.ReadCloser, int64) {
	given := c.Get("body")
	switch {
	case given.IsNull():
		return http.NoBody, 0
	case given.Type() == js.TypeFunction:
		return &stream{ctx: ctx, next: given}, contentLength(h)
	}
	s := &stream{}
	s.take(given)
	return s, int64(len(s.left))
}

// stream reads a body chunk by chunk. Each chunk is awaited by the reader, which is the
// request's own goroutine.
type stream struct {
	ctx context.Context
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

func (s *stream) take(chunk js.Value) {
	s.left = make([]byte, chunk.Length())
	js.CopyBytesToGo(s.left, chunk)
}

// Close implements [io.Closer]. What has not been read is dropped by the runtime when the
// request ends.
func (s *stream) Close() error { return nil }
