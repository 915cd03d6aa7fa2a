//go:build !js

package conformance

import (
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"

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
	if got, want := page.Open(t, page.OtherOrigin, query), `{"read":"nothing","embedded":"nothing"}`; got != want {
		t.Errorf("a foreign page reports %s, want %s", got, want)
	}
	if after := s.state(); after != before || c.sessions() != sessions {
		t.Errorf("after a foreign page there are %d sessions, there were %d; the session is\n%s\nit was\n%s", c.sessions(), sessions, after, before)
	}

	if got, want := page.Open(t, page.Origin, query), `{"read":"read 200","embedded":"nothing"}`; got != want {
		t.Errorf("a known page reports %s, want %s", got, want)
	}
	doc := s.document()
	if got := c.sessions() - sessions; got != 3 || doc.Filename != "evil" || doc.TTLSeconds != 7200 {
		t.Errorf("a known page made %d sessions, and the session is %+v", got, doc)
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
