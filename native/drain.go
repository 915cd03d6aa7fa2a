//go:build !js

package native

import (
	"io"
	"net/http"
	"time"
)

// How long, and how far, the server reads a body that it does not need after it has refused the request.
const (
	drainTime  = 2 * time.Second
	drainBytes = 64 << 20
)

// drain reads on after a refusal. Clients such as urllib of Python send the whole body before they look for an
// answer: if the connection were closed while they send, they would see a broken pipe in place of the refusal.
func drain(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// HTTP/2 ends a stream without closing the connection. A client that waits for "100 Continue" has
		// not sent anything, and is not asked to.
		if r.Body == nil || r.Body == http.NoBody || r.ProtoMajor != 1 || r.Header.Get("Expect") != "" {
			next.ServeHTTP(w, r)
			return
		}
		recorder := &responseRecorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(recorder, r)
		if recorder.status < http.StatusBadRequest {
			return
		}
		// Errors are ignored: not every connection supports deadlines, and the answer is given.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(drainTime))
		_, _ = io.CopyN(io.Discard, r.Body, drainBytes)
	})
}
