//go:build !js

package native

import (
	"io"
	"net/http"
	"runtime"
	"time"
)

// pacing says how slow a client may be. A slow transfer may take any time as long as it makes
// progress. The connection is closed if the transfer stalls or is extremely slow.
//
// Only the time in which the server waits for the client counts, so that work between two reads or
// writes, or a wait for memory, is not the client's fault.
type pacing struct {
	// stall is the longest pause within a body.
	stall time.Duration
	// In each window a body must advance by windowBytes, but for grace after its start. What was
	// transferred before does not count: a client that sent much cannot go on slowly.
	window      time.Duration
	windowBytes int64
	grace       time.Duration
	// chunk is how many bytes of a response are written at once. Small chunks would cost system calls.
	chunk int
}

// defaultPacing accepts 4 KiB/s.
var defaultPacing = pacing{stall: 30 * time.Second, window: 30 * time.Second, windowBytes: 120 << 10, grace: time.Minute, chunk: 256 << 10}

// progress is how far one body has advanced.
type progress struct {
	pacing
	// total is the time spent waiting for the client, waited and n are that time and the bytes in
	// the present window.
	total, waited time.Duration
	n             int64
}

// patience is how long the server waits for the next bytes.
func (p *progress) patience() time.Duration {
	return min(p.stall, max(p.window-p.waited, p.grace-p.total))
}

// patienceFor is how long the server waits until the client has taken a chunk of n bytes. Nobody sees how
// far it has got in between, so a chunk that is larger than what a window asks for has more time.
func (p *progress) patienceFor(n int) time.Duration {
	more := max(0, int64(n)-p.windowBytes)
	return p.patience() + p.window*time.Duration(more)/time.Duration(p.windowBytes)
}

// advance notes that the client took d to transfer n bytes.
func (p *progress) advance(n int, d time.Duration) {
	p.total += d
	p.waited += d
	if p.n += int64(n); p.n >= p.windowBytes {
		p.n, p.waited = 0, 0
	}
}

// pace applies p to the bodies of requests and responses. Reading a request body that is too slow
// returns os.ErrDeadlineExceeded.
func pace(next http.Handler, p pacing) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isStream(r) {
			requestBegins()
			defer inFlight.Add(-1)
		}
		control := http.NewResponseController(w)
		if r.Body != nil && r.Body != http.NoBody {
			body := &pacedBody{ReadCloser: r.Body, control: control, progress: progress{pacing: p}}
			// This deadline also limits how long the server waits for the rest of a body
			// that the handler does not read.
			_ = control.SetReadDeadline(time.Now().Add(body.progress.patience()))
			// Do not replace the body in the server's own request: the server uses it after
			// the handler.
			r = r.WithContext(r.Context())
			r.Body = body
		}
		next.ServeHTTP(&pacedWriter{ResponseWriter: w, control: control, progress: progress{pacing: p}}, r)
	})
}

// The errors of setting deadlines are ignored: not every connection supports deadlines.

type pacedBody struct {
	io.ReadCloser
	control  *http.ResponseController
	progress progress
}

// Read sets a deadline before each read and removes it at the end of the body, because after that
// the server reads only to detect that the client has disconnected.
func (b *pacedBody) Read(p []byte) (int, error) {
	start := time.Now()
	_ = b.control.SetReadDeadline(start.Add(b.progress.patience()))
	n, err := b.ReadCloser.Read(p)
	b.progress.advance(n, time.Since(start))
	letOthersRun(n)
	if err == io.EOF {
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

// largePart is the size of a part of a body after which its transfer lets others run.
const largePart = 4 << 10

// letOthersRun lets other requests run after a part of n bytes, so that small ones need not wait while many large
// bodies are transferred. As long as there is a processor for each request nobody waits.
func letOthersRun(n int) {
	if n >= largePart && crowded() {
		runtime.Gosched()
	}
}

type pacedWriter struct {
	http.ResponseWriter
	control  *http.ResponseController
	progress progress
}

// Write writes p in chunks, each with a deadline of its own, so that the size of the response does
// not matter.
func (w *pacedWriter) Write(p []byte) (written int, err error) {
	for {
		chunk := p[written:min(len(p), written+w.progress.chunk)]
		start := time.Now()
		_ = w.control.SetWriteDeadline(start.Add(w.progress.patienceFor(len(chunk))))
		n, err := w.ResponseWriter.Write(chunk)
		w.progress.advance(n, time.Since(start))
		written += n
		letOthersRun(n)
		if err != nil || written == len(p) {
			return written, err
		}
	}
}

func (w *pacedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
