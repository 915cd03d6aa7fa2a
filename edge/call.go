//go:build js && wasm

package edge

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall/js"

	"edgeframe/kv/workerskv"
)

// call is one request as worker.mjs hands it over: an object of its own kind, with everything
// that belongs to this request alone.
type call struct{ js.Value }

// callOf returns the call of a request that syumai/workers has made. It stands where the body
// would be: there it passes unread.
func callOf(r *http.Request) (call, error) {
	raw, ok := r.Body.(interface{ GetRawJSBody() js.Value })
	if !ok {
		return call{}, errors.New("the request was not handed over by worker.mjs")
	}
	return call{raw.GetRawJSBody()}, nil
}

// request returns the call as the handler core wants it.
func (c call) request(ctx context.Context, bodies *room) (*http.Request, error) {
	u, err := url.Parse(c.Get("url").String())
	if err != nil {
		return nil, err
	}
	r := &http.Request{
		Method:     c.Get("method").String(),
		URL:        u,
		RequestURI: u.RequestURI(),
		Proto:      "HTTP/1.1",
		ProtoMajor: 1,
		ProtoMinor: 1,
		Header:     c.header(),
	}
	r.Host = r.Header.Get("Host")
	r.RemoteAddr = r.Header.Get("Cf-Connecting-Ip")
	r.Body, r.ContentLength = c.body(ctx, r.Header, bodies)
	return r.WithContext(workerskv.WithBinding(ctx, c.Get("env").Get(Binding))), nil
}

// header reads the header, which comes as one text with a line for each field.
func (c call) header() http.Header {
	h := http.Header{}
	for line := range strings.Lines(c.Get("header").String()) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		h.Add(name, value)
	}
	return h
}

// contentLength is that of a header, -1 if it says nothing.
func contentLength(h http.Header) int64 {
	n, err := strconv.ParseInt(h.Get("Content-Length"), 10, 64)
	if err != nil || n < 0 {
		return -1
	}
	return n
}
