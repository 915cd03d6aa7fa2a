//go:build !js

package native

import (
	"io"
	"net/http"
	"time"
)

// pacing says how slow a client may be. A slow transfer may take any time as long as it makes
// progress. The connection is closed if the transfer stalls or is extremely slow.
type pacing struct {
	// stall is the longest pause within a body.
	stall time.Duration
	// grace and bytesPerSecond limit the time for a whole request body: it must arrive within
	// grace plus its size divided by that rate.
	grace          time.Duration
	bytesPerSecond int64
	// chunk is how many bytes of a response the client must read within stall.
	chunk int
}

var defaultPacing = pacing{stall: 30 * time.Second, grace: time.Minute, bytesPerSecond: 4 << 10, chunk: 256 << 10}

// pace applies p to the bodies of requests and responses. Reading a request body that is too slow
// returns os.ErrDeadlineExceeded.
func pace(next http.Handler, p pacing) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		if r.Body != nil && r.Body != http.NoBody {
			body := &pacedBody{ReadCloser: r.Body, control: control, pacing: p, start: time.Now()}
			// This deadline also limits how long the server waits for the rest of a body
			// that the handler does not read.
			body.extend()
			// Do not replace the body in the server's own request: the server uses it after
			// the handler.
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

// Read sets a deadline before each read and removes it at the end of the body, because after that
// the server reads only to detect that the client has disconnected.
func (b *pacedBody) Read(p []byte) (int, error) {
	b.extend()
	n, err := b.ReadCloser.Read(p)
	b.n += int64(n)
	if err == io.EOF {
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

// extend moves the deadline. It ignores the error of a connection that does not support deadlines.
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

// Write writes p in chunks, each with a deadline of its own, so that the size of the response does
// not matter.
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
