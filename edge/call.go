//go:build js && wasm

package edge

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall/js"

	"edgeframe/kv/workerskv"
)

// call is a request from worker.mjs: the JavaScript object Call, with all that belongs to this
// request. Each access to a property or method crosses the border to JavaScript, which is most of
// the cost of a small request.
type call struct{ js.Value }

// request returns the call as a request for the handler core. The head of a call is one string: a
// line with the method, one with the URL, and one for each header field.
func (c call) request(ctx context.Context, bodies *room) (*http.Request, error) {
	method, rest, _ := strings.Cut(c.Get("head").String(), "\n")
	target, fields, _ := strings.Cut(rest, "\n")
	u, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	r := &http.Request{
		Method:     method,
		URL:        u,
		RequestURI: u.RequestURI(),
		Proto:      "HTTP/1.1",
		ProtoMajor: 1,
		ProtoMinor: 1,
		Header:     header(fields),
	}
	r.Host = r.Header.Get("Host")
	r.RemoteAddr = r.Header.Get("Cf-Connecting-Ip")
	r.Body, r.ContentLength = c.body(ctx, r.Header, bodies)
	return r.WithContext(c.withObjects(workerskv.WithBinding(ctx, c.Get("namespace")))), nil
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
