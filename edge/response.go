//go:build js && wasm

package edge

import (
	"context"
	"net/http"
	"time"

	"edgeframe/edge/border"
)

// streamFrom is the size from which a response is streamed. Smaller responses are sent as a whole,
// which is faster; a larger one would be in memory twice.
const streamFrom = 1 << 20

// response buffers a response and sends it to runtime.mjs.
type response struct {
	ctx    context.Context
	call   uint32
	header http.Header
	status int
	// sent is the header as a text at the time of WriteHeader: later changes are not sent. length is its
	// Content-Length, -1 if there is none.
	sent   string
	length int64
	buffer []byte
	// streamed is true once the response has begun as a stream.
	streamed bool
	// bodiless is true for responses to HEAD, which have no body.
	bodiless bool
	// upgraded is true if a Durable Object has answered, see [Upgrade].
	upgraded bool
}

// usualFields is how many header fields most responses have at most.
const usualFields = 14

func newResponse(ctx context.Context, call uint32) *response {
	return &response{ctx: ctx, call: call, header: make(http.Header, usualFields)}
}

// Header implements [http.ResponseWriter].
func (w *response) Header() http.Header { return w.header }

// WriteHeader implements [http.ResponseWriter]. Like net/http, it adds the time of the answer, which clients
// need to tell how old a document is: workerd does not.
func (w *response) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
		w.sent, w.length = headerText(w.header)
	}
}

// today is the field Date of a second.
var today struct {
	second int64
	field  string
}

func date() string {
	if now := time.Now(); now.Unix() != today.second {
		today.second, today.field = now.Unix(), "Date:"+now.UTC().Format(http.TimeFormat)+"\n"
	}
	return today.field
}

// Write implements [http.ResponseWriter].
func (w *response) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.bodiless || w.upgraded {
		return len(p), nil
	}
	w.buffer = append(w.buffer, p...)
	if len(w.buffer) < streamFrom {
		return len(p), nil
	}
	return len(p), w.FlushError()
}

// FlushError sends what has been written as a part of a streamed response. The first call sends the header
// too. It is what [http.ResponseController.Flush] calls.
func (w *response) FlushError() error {
	w.WriteHeader(http.StatusOK)
	if w.bodiless {
		return nil
	}
	if !w.streamed {
		// The stream is made in JavaScript, which aborts it if this instance dies.
		border.Stream(w.call, w.status, w.sent, w.length)
		w.streamed = true
	}
	chunk := w.buffer
	w.buffer = w.buffer[:0]
	if len(chunk) == 0 {
		return nil
	}
	_, err := border.Start(w.ctx, w.call, border.Write, nil, chunk, nil).Await()
	return err
}

// finish sends the rest of the response.
func (w *response) finish() {
	if w.upgraded {
		return
	}
	w.WriteHeader(http.StatusOK)
	switch {
	case !w.streamed:
		border.Reply(w.call, w.status, w.sent, w.buffer)
	case w.FlushError() == nil:
		// Ignore errors: the client has disconnected.
		_, _ = border.Start(w.ctx, w.call, border.Close, nil, nil, nil).Await()
	}
}

// reset drops what has been written, except the header.
func (w *response) reset() { w.status, w.sent, w.buffer = 0, "", nil }
