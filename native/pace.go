//go:build !js

package native

import (
	"io"
	"net/http"
	"time"
)

// pacing is how slow a client may be. A slow transfer that goes on is fine however long it
// takes; one that stalls, or that drips so slowly that it only occupies the server, is cut.
type pacing struct {
	// stall is the longest pause within a body.
	stall time.Duration
	// grace and bytesPerSecond bound a request body as a whole: it must arrive within grace
	// plus its size at that rate.
	grace          time.Duration
	bytesPerSecond int64
	// chunk is how much of a response the client must take within stall.
	chunk int
}

var defaultPacing = pacing{stall: 30 * time.Second, grace: time.Minute, bytesPerSecond: 4 << 10, chunk: 256 << 10}

// pace applies p to the bodies of requests and responses. A read of a body that is cut fails
// with an error that is os.ErrDeadlineExceeded.
func pace(next http.Handler, p pacing) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		if r.Body != nil && r.Body != http.NoBody {
			body := &pacedBody{ReadCloser: r.Body, control: control, pacing: p, start: time.Now()}
			// This deadline also bounds how long the server waits for the rest of a body
			// that the handler does not read.
			body.extend()
			// The server looks at the body of its own request after the handler.
			r = r.WithContext(r.Context())
			r.Body = body
		}
		next.ServeHTTP(&pacedWriter{ResponseWriter: w, control: control, pacing: p}, r)
	})
}

type pacedBody struct {
	io.ReadCloser
	control *http.ResponseController
	pacing  pacing
	start   time.Time
	n       int64
}

// Read sets a deadline before each read and takes it away at the end of the body, because
// from there on the server reads only to notice that the client is gone.
func (b *pacedBody) Read(p []byte) (int, error) {
	b.extend()
	n, err := b.ReadCloser.Read(p)
	b.n += int64(n)
	if err == io.EOF {
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

// extend ignores the error of a connection without deadlines: then there is nothing to cut.
func (b *pacedBody) extend() {
	deadline := time.Now().Add(b.pacing.stall)
	earned := time.Duration(b.n/b.pacing.bytesPerSecond) * time.Second
	if whole := b.start.Add(b.pacing.grace + earned); whole.Before(deadline) {
		deadline = whole
	}
	_ = b.control.SetReadDeadline(deadline)
}

type pacedWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	pacing  pacing
}

// Write hands on p in chunks, so that the deadline is about progress and not about the size
// of the response.
func (w *pacedWriter) Write(p []byte) (written int, err error) {
	for {
		chunk := p[written:min(len(p), written+w.pacing.chunk)]
		_ = w.control.SetWriteDeadline(time.Now().Add(w.pacing.stall))
		n, err := w.ResponseWriter.Write(chunk)
		written += n
		if err != nil || written == len(p) {
			return written, err
		}
	}
}

func (w *pacedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
