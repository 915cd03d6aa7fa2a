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
	"unsafe"

	"edgeframe/edge/border"
)

// call is what belongs to a request and to its context.
type call struct {
	number uint32
	// cancel cancels the context.
	cancel context.CancelFunc
	// listed is true if cancelled has the call.
	listed bool
	// later is the work for after the response.
	later []func(context.Context)
}

// cancellable lets JavaScript cancel the request.
func (c *call) cancellable() { cancelled[c.number], c.listed = c.cancel, true }

func (c *call) end() {
	if c.listed {
		delete(cancelled, c.number)
	}
	c.cancel()
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

// Limit cancels the context of the request after d, which is exact to a tenth of a second. It takes no timer of
// its own.
func Limit(ctx context.Context, d time.Duration) {
	c := ctx.Value(callKey{}).(*call)
	c.cancellable()
	border.Limit(c.number, d)
}

// newRequest returns a call as a request for the handler.
func newRequest(ctx context.Context, given border.Request, bodies *room) (*http.Request, error) {
	method, rest, _ := strings.Cut(given.Head, "\n")
	target, fields, _ := strings.Cut(rest, "\n")
	u, uri, err := parseURL(target)
	if err != nil {
		return nil, err
	}
	r := (&http.Request{
		Method:     method,
		URL:        u,
		RequestURI: uri,
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

// parseURL returns the URL of a request, and its path and query as they are in the request line. JavaScript has
// normalized it, so most URLs are easy to take apart.
func parseURL(target string) (u *url.URL, uri string, err error) {
	scheme, rest, ok := strings.Cut(target, "://")
	slash := strings.IndexByte(rest, '/')
	if !ok || slash < 0 || strings.ContainsAny(target, "%#@[") {
		if u, err = url.Parse(target); err != nil {
			return nil, "", err
		}
		return u, u.RequestURI(), nil
	}
	u = &url.URL{Scheme: scheme, Host: rest[:slash]}
	uri = rest[slash:]
	var query bool
	u.Path, u.RawQuery, query = strings.Cut(uri, "?")
	u.ForceQuery = query && u.RawQuery == ""
	return u, uri, nil
}

// header parses a text with a line for each field. JavaScript has made the names canonical, and has joined the
// values of a name.
func header(fields string) http.Header {
	n := strings.Count(fields, "\n")
	h := make(http.Header, n)
	values := make([]string, n)
	for i := range values {
		var line string
		line, fields, _ = strings.Cut(fields, "\n")
		name, value, _ := strings.Cut(line, ":")
		values[i] = value
		h[name] = values[i : i+1 : i+1]
	}
	return h
}

// usualHeader is a size in bytes that the headers of most responses do not exceed.
const usualHeader = 640

// headerText returns a header as one string, a line for each field, with the current date, and its Content-Length or -1.
func headerText(h http.Header) (text string, length int64) {
	length = -1
	b := append(make([]byte, 0, usualHeader), date()...)
	for name, values := range h {
		switch {
		case name == "Date":
			continue
		case name == "Content-Length" && len(values) > 0:
			length = contentLength(values[0])
		}
		for _, value := range values {
			b = append(b, name...)
			b = append(b, ':')
			begin := len(b)
			b = append(b, value...)
			oneLine(b[begin:])
			b = append(b, '\n')
		}
	}
	return unsafe.String(unsafe.SliceData(b), len(b)), length
}

// oneLine replaces line ends.
func oneLine(b []byte) {
	for i, c := range b {
		if c == '\r' || c == '\n' {
			b[i] = ' '
		}
	}
}

// contentLength parses the value of a Content-Length field. It returns -1 if the text is not a length.
func contentLength(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return -1
	}
	return n
}
