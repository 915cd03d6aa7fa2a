//go:build js && wasm

package edge

import (
	"context"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"edgeframe/edge/border"
)

// call is what belongs to a request and to its context.
type call struct {
	number uint32
	// later is the work for after the response.
	later []func(context.Context)
}

// callKey is the key of the call in a context.
type callKey struct{}

// withCall is the context of a call.
type withCall struct {
	context.Context
	call *call
}

// Value implements [context.Context].
func (c withCall) Value(key any) any {
	if key == (callKey{}) {
		return c.call
	}
	return c.Context.Value(key)
}

// WithCall returns a context for the operations of a call. Requests have such contexts; this is for programs
// that start their calls themselves, such as tests.
func WithCall(ctx context.Context, number uint32) context.Context {
	return withCall{ctx, &call{number: number}}
}

// Later runs work after the response to the request of ctx, so that the client does not wait for it. The
// Worker is kept alive until the work is done. The context of the work is that of the request, without its
// cancellation.
func Later(ctx context.Context, work func(context.Context)) {
	c := ctx.Value(callKey{}).(*call)
	c.later = append(c.later, work)
}

// Finish runs the work that Later has been given, for programs that use [WithCall].
func Finish(ctx context.Context) {
	for _, work := range ctx.Value(callKey{}).(*call).later {
		work(ctx)
	}
}

// finish runs the later work. It recovers panics, which would end the program.
func (in *instance) finish(ctx context.Context, c *call) {
	defer func() {
		if p := recover(); p != nil {
			in.worker.Logger.Error("work after an answer panicked", "panic", p, "stack", string(debug.Stack()))
		}
	}()
	Finish(ctx)
}

// Sleep waits for d. It returns the error of ctx if that is done first.
func Sleep(ctx context.Context, d time.Duration) error {
	_, err := begin(ctx, border.Wait, []string{strconv.FormatInt(d.Milliseconds(), 10)}, nil).Await()
	return err
}

// newRequest returns a call as a request for the handler.
func newRequest(ctx context.Context, given border.Request, bodies *room) (*http.Request, error) {
	method, rest, _ := strings.Cut(given.Head, "\n")
	target, fields, _ := strings.Cut(rest, "\n")
	u, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	r := (&http.Request{
		Method:     method,
		URL:        u,
		RequestURI: u.RequestURI(),
		Proto:      "HTTP/1.1",
		ProtoMajor: 1,
		ProtoMinor: 1,
		Header:     header(fields),
	}).WithContext(ctx)
	r.Host = r.Header.Get("Host")
	r.RemoteAddr = r.Header.Get("Cf-Connecting-Ip")
	r.Body, r.ContentLength = newBody(ctx, given, r.Header, bodies)
	return r, nil
}

func header(fields string) http.Header {
	h := make(http.Header, strings.Count(fields, "\n"))
	for line := range strings.Lines(fields) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		h.Add(name, value)
	}
	return h
}

// oneLine removes line ends from header values.
var oneLine = strings.NewReplacer("\r", " ", "\n", " ")

// headerText returns a header as one string, a line for each field.
func headerText(h http.Header) string {
	var b strings.Builder
	for name, values := range h {
		for _, value := range values {
			b.WriteString(name)
			b.WriteByte(':')
			b.WriteString(oneLine.Replace(value))
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// contentLength returns the Content-Length of a header, -1 if there is none.
func contentLength(h http.Header) int64 {
	n, err := strconv.ParseInt(h.Get("Content-Length"), 10, 64)
	if err != nil || n < 0 {
		return -1
	}
	return n
}
