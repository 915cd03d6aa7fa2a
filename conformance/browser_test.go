//go:build !js

package conformance

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"edgeframe/internal/testenv"
)

func TestPagesOfOtherOriginsChangeNothingOnTheServer(t *testing.T) {
	page := testenv.ServePage(t, filepath.Join("testdata", "foreign.html"))
	openForeignPages(t, page, native(t, "STORAGE_DIR=", "CORS_ORIGINS="+page.Origin))
}

func TestPagesOfOtherOriginsChangeNothingOnTheWorker(t *testing.T) {
	page := testenv.ServePage(t, filepath.Join("testdata", "foreign.html"))
	worker := testenv.StartWorker(t, testenv.WorkerOptions{Vars: map[string]string{"CORS_ORIGINS": page.Origin}})
	openForeignPages(t, page, Target{URL: worker.URL})
}

// openForeignPages opens a page in Chromium that sends every kind of request that changes something, once
// from an origin that the target does not allow, and once from the one that it allows, to show that the
// requests are right. The page knows the id of a session.
func openForeignPages(t *testing.T, page *testenv.Page, target Target) {
	c := newClient(t, target)
	s := c.create(people, "ttl_seconds=3600")
	s.edit(setAge(1))
	query := url.Values{"server": {target.URL}, "id": {s.id}}

	before, sessions := s.state(), c.sessions()
	if got, want := page.Open(t, page.OtherOrigin, query), `{"read":"nothing","embedded":"nothing","parts":false,"listed":"nothing"}`; got != want {
		t.Errorf("a foreign page reports %s, want %s", got, want)
	}
	if after := s.state(); after != before || c.sessions() != sessions {
		t.Errorf("after a foreign page there are %d sessions, there were %d; the session is\n%s\nit was\n%s", c.sessions(), sessions, after, before)
	}

	if got, want := page.Open(t, page.Origin, query), `{"read":"read 200","embedded":"nothing","parts":false,"listed":403}`; got != want {
		t.Errorf("a known page reports %s, want %s", got, want)
	}
	doc := s.document()
	if got := c.sessions() - sessions; got != 3 || doc.Filename != "evil" || doc.TTLSeconds != 7200 {
		t.Errorf("a known page made %d sessions, and the session is %+v", got, doc)
	}
}

// TestAReboundPageDoesNothing opens a page in Chromium whose name resolves to the address of the server, so that
// the server is of the page's origin, and the same page under a name of this machine.
func TestAReboundPageDoesNothing(t *testing.T) {
	target := native(t, "STORAGE_DIR=")
	c := newClient(t, target)
	s := c.create(people, "ttl_seconds=3600")
	s.edit(setAge(1))
	before, sessions := s.state(), c.sessions()

	// The page and the server share an address, as after the name has been pointed at it.
	server, err := url.Parse(target.URL)
	if err != nil {
		t.Fatal(err)
	}
	reports := make(chan string, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /report", func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		reports <- string(body)
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join("testdata", "foreign.html"))
	})
	mux.Handle("/api/", &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(server)
		r.Out.Host = r.In.Host
	}})
	page := httptest.NewServer(mux)
	defer page.Close()
	_, port, _ := strings.Cut(strings.TrimPrefix(page.URL, "http://"), ":")
	open := func(host string) string {
		testenv.Browse(t, "http://"+host+":"+port+"/?"+url.Values{"server": {""}, "id": {s.id}}.Encode(), "--host-resolver-rules=MAP rebound.example 127.0.0.1")
		select {
		case report := <-reports:
			return report
		case <-time.After(time.Minute):
			t.Fatalf("a page of %s reports nothing", host)
			return ""
		}
	}
	if got, want := open("rebound.example"), `{"read":"read 421","embedded":"read 421","parts":false,"listed":421}`; got != want {
		t.Errorf("a rebound page reports %s, want %s", got, want)
	}
	if after := s.state(); after != before || c.sessions() != sessions {
		t.Errorf("after a rebound page there are %d sessions, there were %d; the session is\n%s\nit was\n%s", c.sessions(), sessions, after, before)
	}
	if got := open("localhost"); !strings.HasPrefix(got, `{"read":"read 200","embedded":"read 200"`) {
		t.Errorf("a page of this machine reports %s", got)
	}
}

// sessions returns the number of sessions of the target.
func (c *client) sessions() int {
	c.Helper()
	var doc struct {
		Active int `json:"active_sessions"`
	}
	if err := json.Unmarshal(c.do("GET", "/health/storage", nil).is(http.StatusOK).body, &doc); err != nil {
		c.Fatal(err)
	}
	return doc.Active
}
