//go:build js && wasm

package edge

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"syscall/js"

	"edgeframe/internal/promise"
)

// streamFrom is the size from which a response is streamed. Up to it a response is handed over
// whole, which is faster; beyond, it would be in memory twice.
const streamFrom = 1 << 20

// handedOver is what the ResponseWriter of syumai/workers can do besides, and must do in place
// of Write: its pipe, once closed, ends the program.
type handedOver interface {
	http.ResponseWriter
	WriteRawJSBody(js.Value)
	// Ready makes the Response from what the writer was told so far.
	Ready()
}

// response collects a response and hands it over.
type response struct {
	ctx    context.Context
	call   call
	out    handedOver
	header http.Header
	status int
	buffer []byte
	// writer is the WritableStreamDefaultWriter of a response that is streamed.
	writer js.Value
	// bodiless responses have a header only: those to HEAD.
	bodiless bool
}

var errNoWriter = errors.New("this version of syumai/workers has another ResponseWriter")

func newResponse(ctx context.Context, c call, w http.ResponseWriter) (*response, error) {
	out, ok := w.(handedOver)
	if !ok {
		return nil, errNoWriter
	}
	return &response{ctx: ctx, call: c, out: out, header: http.Header{}, bodiless: c.Get("method").String() == http.MethodHead}, nil
}

// Header implements [http.ResponseWriter].
func (w *response) Header() http.Header { return w.header }

// WriteHeader implements [http.ResponseWriter].
func (w *response) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
		// What a handler changes later is not to be sent.
		maps.Copy(w.out.Header(), w.header)
		w.out.WriteHeader(status)
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

// flush sends what is buffered. The first one sends the header, too.
func (w *response) flush() error {
	if w.writer.IsUndefined() {
		// The stream is made in JavaScript, which aborts it if this instance dies.
		stream := w.call.Call("stream", contentLength(w.header))
		w.writer = stream.Get("writer")
		w.out.WriteRawJSBody(stream.Get("readable"))
		w.out.Ready()
	}
	chunk := uint8Array(w.buffer)
	w.buffer = w.buffer[:0]
	_, err := promise.Await(w.ctx, w.writer.Call("write", chunk))
	return err
}

// finish sends the rest.
func (w *response) finish() {
	w.WriteHeader(http.StatusOK)
	switch {
	case w.writer.IsUndefined():
		body := js.Null()
		if !w.bodiless {
			body = uint8Array(w.buffer)
		}
		w.out.WriteRawJSBody(body)
		w.out.Ready()
	case w.flush() == nil:
		// A client that is gone is nobody to tell of an error.
		_, _ = promise.Await(w.ctx, w.writer.Call("close"))
	}
}

// failure is the body of a response in the place of one that could not be finished. It is like
// every problem of the API.
const failure = `{"type":"about:blank","title":"Internal Server Error","status":500,"detail":"the server failed to handle this request; its log says more under the request_id","code":"internal","request_id":%q}`

// abort ends a response that cannot be finished. What has begun is broken off where it is, so
// that nobody takes it for whole.
func (w *response) abort() {
	if !w.writer.IsUndefined() {
		w.writer.Call("abort")
		return
	}
	clear(w.out.Header())
	w.out.Header().Set("Content-Type", "application/problem+json")
	w.out.Header().Set("Cache-Control", "no-store")
	w.out.WriteHeader(http.StatusInternalServerError)
	w.buffer = fmt.Appendf(nil, failure, w.header.Get("X-Request-Id"))
	w.status = http.StatusInternalServerError
	w.finish()
}

func uint8Array(b []byte) js.Value {
	a := js.Global().Get("Uint8Array").New(len(b))
	js.CopyBytesToJS(a, b)
	return a
}
