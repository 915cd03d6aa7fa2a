//go:build js && wasm

package edge

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"syscall/js"
	"time"

	"edgeframe/api"
	"edgeframe/internal/promise"
)

// streamFrom is the size from which a response is streamed. Smaller responses are sent as a whole,
// which is faster; a larger one would be in memory twice.
const streamFrom = 1 << 20

// response buffers a response and sends it to worker.mjs.
type response struct {
	ctx    context.Context
	call   call
	header http.Header
	status int
	// sent is the header at the time of WriteHeader: later changes are not sent.
	sent   http.Header
	buffer []byte
	// writer is the WritableStreamDefaultWriter of a response that is streamed.
	writer js.Value
	// bodiless is true for responses to HEAD, which have no body.
	bodiless bool
}

func newResponse(ctx context.Context, c call) *response {
	return &response{ctx: ctx, call: c, header: http.Header{}}
}

// Header implements [http.ResponseWriter].
func (w *response) Header() http.Header { return w.header }

// WriteHeader implements [http.ResponseWriter]. Like net/http, it adds the time of the answer, which clients
// need to tell how long a session has: workerd does not.
func (w *response) WriteHeader(status int) {
	if w.status == 0 {
		w.status, w.sent = status, maps.Clone(w.header)
		w.sent.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	}
}

// Write implements [http.ResponseWriter].
func (w *response) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.bodiless {
		return len(p), nil
	}
	w.buffer = append(w.buffer, p...)
	if len(w.buffer) < streamFrom {
		return len(p), nil
	}
	return len(p), w.flush()
}

// flush sends the buffer as a part of a streamed response. The first call sends the header too.
func (w *response) flush() error {
	if w.writer.IsUndefined() {
		// The stream is made in JavaScript, which aborts it if this instance dies.
		w.writer = w.call.Call("stream", w.status, headerText(w.sent), contentLength(w.sent))
	}
	chunk := uint8Array(w.buffer)
	w.buffer = w.buffer[:0]
	_, err := promise.Await(w.ctx, w.writer.Call("write", chunk))
	return err
}

// finish sends the rest of the response.
func (w *response) finish() {
	w.WriteHeader(http.StatusOK)
	switch {
	case w.writer.IsUndefined():
		body := js.Null()
		if len(w.buffer) > 0 {
			body = uint8Array(w.buffer)
		}
		w.call.Call("respond", w.status, headerText(w.sent), body)
	case w.flush() == nil:
		// Ignore errors: the client has disconnected.
		_, _ = promise.Await(w.ctx, w.writer.Call("close"))
	}
}

// failure is the body of the response if the handler panicked. It is a problem document like those
// of the API.
const failure = `{"type":"about:blank","title":"Internal Server Error","status":500,"detail":"the server failed to handle this request; its log says more under the request_id","code":"internal","request_id":%q}`

// abort ends a response that cannot be finished. If it has begun, it is cut off, so that the client
// notices that it is not complete.
func (w *response) abort() {
	if !w.writer.IsUndefined() {
		w.writer.Call("abort")
		return
	}
	id := w.header.Get("X-Request-Id")
	w.status = http.StatusInternalServerError
	w.sent = http.Header{"Content-Type": {"application/problem+json"}, "Cache-Control": {"no-store"}, "X-Request-Id": {id}}
	api.SetSecurityHeaders(w.sent)
	w.buffer = fmt.Appendf(nil, failure, id)
	w.finish()
}

func uint8Array(b []byte) js.Value {
	a := js.Global().Get("Uint8Array").New(len(b))
	js.CopyBytesToJS(a, b)
	return a
}
