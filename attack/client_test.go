//go:build linux

package attack

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// request is a request of an attack. All clients send the same body.
type request struct {
	method, path, contentType string
	body                      []byte
	// waits makes the client wait for "100 Continue" before it sends the body.
	waits bool
}

// reply is how a request ended.
type reply struct {
	status int
	header http.Header
	// bytes is the length of the body; problem is the body of an answer of 400 or more.
	bytes   int64
	problem []byte
	took    time.Duration
	// err is set if there was no answer or it was cut.
	err error
	// left says that the client closed its connection before the end.
	left bool
	// waited says that the client waited for "100 Continue" and never sent its body.
	waited bool
}

// transport opens a connection for each request, so that none is left when an attack is over.
var transport = &http.Transport{DisableKeepAlives: true, DisableCompression: true, ExpectContinueTimeout: time.Minute}

// send sends a request and reads the answer without keeping it.
func send(ctx context.Context, base string, r request) (got reply) {
	begin := time.Now()
	defer func() { got.took = time.Since(begin) }()
	sent, err := http.NewRequestWithContext(ctx, r.method, base+r.path, bytes.NewReader(r.body))
	if err != nil {
		return reply{err: err}
	}
	body := &body{Reader: sent.Body}
	if r.waits {
		sent.Body = body
		sent.Header.Set("Expect", "100-continue")
	}
	if r.contentType != "" {
		sent.Header.Set("Content-Type", r.contentType)
	}
	answer, err := transport.RoundTrip(sent)
	if err != nil {
		return reply{err: err}
	}
	defer answer.Body.Close()
	got = read(answer, math.MaxInt64)
	got.waited = r.waits && !body.begun.Load()
	return got
}

// body is a request body that knows whether it was begun to be sent.
type body struct {
	io.Reader
	begun atomic.Bool
}

func (b *body) Read(p []byte) (int, error) {
	b.begun.Store(true)
	return b.Reader.Read(p)
}

func (*body) Close() error { return nil }

// read reads at most so many bytes of an answer.
func read(answer *http.Response, most int64) reply {
	got := reply{status: answer.StatusCode, header: answer.Header}
	if got.status >= http.StatusBadRequest {
		got.problem, got.err = io.ReadAll(answer.Body)
		got.bytes = int64(len(got.problem))
		return got
	}
	got.bytes, got.err = io.Copy(io.Discard, io.LimitReader(answer.Body, most))
	return got
}

// together sends a request from n clients at the same time.
func together(ctx context.Context, base string, n int, of func(client int) request) []reply {
	replies := make([]reply, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { replies[i] = send(ctx, base, of(i)) })
	}
	group.Wait()
	return replies
}

// check returns an error unless the answer is one that an attack may get: success, or a complete
// problem document that says that the request is too large or when to try again.
func (r reply) check() error {
	if r.left {
		return nil
	}
	switch r.status {
	case http.StatusOK, http.StatusCreated, http.StatusNoContent:
		return r.err
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		if seconds, err := strconv.Atoi(r.header.Get("Retry-After")); err != nil || seconds < 1 {
			return fmt.Errorf("status %d with Retry-After %q", r.status, r.header.Get("Retry-After"))
		}
	case http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
	default:
		return cmp.Or(r.err, fmt.Errorf("status %d: %.300s", r.status, r.problem))
	}
	if got := r.header.Get("Content-Type"); got != "application/problem+json" && r.bytes > 0 {
		return fmt.Errorf("status %d with a body of type %q", r.status, got)
	}
	var p struct {
		Status       int
		Code, Detail string
	}
	if r.bytes == 0 && r.header.Get("Content-Length") != "0" {
		return r.err // the answer to HEAD
	}
	if err := json.Unmarshal(r.problem, &p); err != nil || p.Status != r.status || p.Code == "" || p.Detail == "" {
		return fmt.Errorf("status %d with the problem %.300s, %v", r.status, r.problem, err)
	}
	return r.err
}

// ok reports whether the request was served, or was about to be when its client left.
func (r reply) ok() bool {
	return (r.err == nil || r.left) && r.status >= http.StatusOK && r.status < http.StatusMultipleChoices
}

// summary counts answers by status and code, with the times of the quickest and the slowest.
func summary(replies []reply) string {
	type times struct {
		n                int
		quickest, latest time.Duration
	}
	counted := map[string]times{}
	for _, r := range replies {
		name := strconv.Itoa(r.status)
		if r.status >= 400 {
			var p struct{ Code string }
			_ = json.Unmarshal(r.problem, &p)
			name = strings.TrimSpace(name + " " + p.Code)
		}
		switch {
		case r.left:
			name += " left"
		case r.err != nil:
			name += " cut"
		}
		of := counted[name]
		if of.n++; of.n == 1 || r.took < of.quickest {
			of.quickest = r.took
		}
		of.latest = max(of.latest, r.took)
		counted[name] = of
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(counted)) {
		of := counted[name]
		parts = append(parts, fmt.Sprintf("%d × %s (%s to %s)", of.n, name, of.quickest.Round(time.Millisecond), of.latest.Round(time.Millisecond)))
	}
	return strings.Join(parts, ", ")
}
