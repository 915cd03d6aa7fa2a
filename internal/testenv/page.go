//go:build !js

package testenv

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Page is a page of another origin than the server's under test. When it is done, it posts what it has
// seen to /report of its own origin.
type Page struct {
	// Origin and OtherOrigin are two origins that have the page.
	Origin, OtherOrigin string

	reports chan string
}

// ServePage serves an HTML file as a page until the end of the test.
func ServePage(t testing.TB, file string) *Page {
	t.Helper()
	p := &Page{reports: make(chan string, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /report", func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		p.reports <- string(body)
	})
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, file) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	p.Origin, p.OtherOrigin = server.URL, strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	return p
}

// Open opens the page in Chromium from one of its origins, with the address of the server under test and
// more as its query, and returns what it reports.
func (p *Page) Open(t testing.TB, origin string, query url.Values) string {
	t.Helper()
	Browse(t, origin+"/?"+query.Encode())
	select {
	case report := <-p.reports:
		return report
	case <-time.After(2 * patience):
		t.Fatalf("a page of %s reports nothing", origin)
		return ""
	}
}
