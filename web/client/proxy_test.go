//go:build !js

package client

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"edgeframe/internal/testenv"
)

// trickster is a server that is between the client and an edgeframe server. What it does to a request the first part
// of the path says; the rest is the path on the other server:
//
//	/lose   the other server answers, and the answer to the first of equal requests is lost: to a read the second
//	        half of it, to others all of it
//	/busy   the first of equal requests is answered with 503 and does not reach the other server
//	/slow   a part of the body arrives, and the rest when GET /cancelled has been asked
//	/never  the connection ends
//	/else   something else than edgeframe answers
//
// GET /reached waits until a part of the body of a slow request has arrived, and GET /cancelled says how it ended.
// Requests belong together if they have the same token.
type trickster struct {
	*httptest.Server
	forward *httputil.ReverseProxy
	reports chan string

	mu    sync.Mutex
	seen  map[string]bool
	stuck map[string]*stuckBody
}

func newTrickster(t *testing.T, server string) *trickster {
	target, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	p := &trickster{reports: make(chan string, 1), seen: map[string]bool{}, stuck: map[string]*stuckBody{}}
	p.forward = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
		// A request that is cancelled is no answer.
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	mux := http.NewServeMux()
	for name, trick := range map[string]http.HandlerFunc{
		"lose": p.lose, "busy": p.busy, "slow": p.slow,
		"never": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"else":  func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<h1>Not here</h1>", http.StatusNotFound) },
	} {
		mux.Handle("/"+name+"/", http.StripPrefix("/"+name, trick))
	}
	mux.HandleFunc("GET /reached", func(_ http.ResponseWriter, r *http.Request) { <-p.bodyOf(r.URL.RawQuery).reached })
	mux.HandleFunc("GET /cancelled", func(w http.ResponseWriter, r *http.Request) {
		body := p.bodyOf(r.URL.RawQuery)
		close(body.cancelled)
		how := <-body.ended
		p.mu.Lock()
		delete(p.stuck, r.URL.RawQuery)
		p.mu.Unlock()
		_, _ = io.WriteString(w, how)
	})
	mux.HandleFunc("POST /report", func(_ http.ResponseWriter, r *http.Request) {
		report, _ := io.ReadAll(r.Body)
		p.reports <- string(report)
	})
	for _, dir := range []string{"dist", "test"} {
		mux.Handle("GET /"+dir+"/", http.FileServer(http.Dir(".")))
	}
	mux.HandleFunc("GET /sales.xlsx", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join(testenv.Root(), "docs", "testdata", "sales.xlsx"))
	})
	p.Server = httptest.NewUnstartedServer(mux)
	p.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		_ = c.(*net.TCPConn).SetReadBuffer(64 << 10) // so that not all of a slow body fits
		return ctx
	}
	p.Start()
	t.Cleanup(p.Close)
	return p
}

// first reports whether r is the first of the requests that equal it.
func (p *trickster) first(r *http.Request) bool {
	id := strings.Join([]string{r.Method, r.URL.String(), r.Header.Get("Authorization"), r.Header.Get("Idempotency-Key")}, " ")
	p.mu.Lock()
	defer p.mu.Unlock()
	defer func() { p.seen[id] = true }()
	return !p.seen[id]
}

func (p *trickster) lose(w http.ResponseWriter, r *http.Request) {
	if !p.first(r) {
		p.forward.ServeHTTP(w, r)
		return
	}
	answer := httptest.NewRecorder()
	p.forward.ServeHTTP(answer, r)
	if body := answer.Body.Bytes(); r.Method == http.MethodGet || strings.HasSuffix(r.URL.Path, "/query") {
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(answer.Code)
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
	}
	panic(http.ErrAbortHandler)
}

func (p *trickster) busy(w http.ResponseWriter, r *http.Request) {
	if !p.first(r) {
		p.forward.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Retry-After", "1")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = io.WriteString(w, `{"status":503,"code":"storage_unavailable","detail":"the store is busy"}`)
}

func (p *trickster) slow(w http.ResponseWriter, r *http.Request) {
	body := p.bodyOf(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	body.ReadCloser, body.left = r.Body, 256<<10
	r.Body = body
	p.forward.ServeHTTP(w, r)
}

// bodyOf returns the body of the slow request with a token, which may still come.
func (p *trickster) bodyOf(token string) *stuckBody {
	p.mu.Lock()
	defer p.mu.Unlock()
	body := p.stuck[token]
	if body == nil {
		body = &stuckBody{reached: make(chan struct{}), cancelled: make(chan struct{}), ended: make(chan string, 1)}
		p.stuck[token] = body
	}
	return body
}

// stuckBody is a body of which a part can be read, and the rest when the request has been cancelled.
type stuckBody struct {
	io.ReadCloser
	left               int
	reached, cancelled chan struct{}
	ended              chan string
}

func (b *stuckBody) Read(part []byte) (int, error) {
	n, err := b.ReadCloser.Read(part)
	if b.left -= n; b.left <= 0 && b.left+n > 0 {
		close(b.reached)
		<-b.cancelled
	}
	switch err {
	case nil:
	case io.EOF:
		b.ended <- "everything"
	default:
		b.ended <- "a part"
	}
	return n, err
}
