package api

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"edgeframe/codec/formats"
	"edgeframe/codec/segment"
	"edgeframe/kv/kvtest"
	"edgeframe/session"
)

// newTwins returns two handler cores over the same sessions: one keeps answers, the other keeps none. Both have a
// clock that stands still.
func newTwins(t *testing.T) (keeping, plain *fixture) {
	now := time.Now()
	c, f := newServer(t, func(c *Config) { c.CacheBytes, c.Now = 8<<20, func() time.Time { return now } })
	f.handler = New(c)
	c.CacheBytes = 0
	twin := *f
	twin.handler = New(c)
	return f, &twin
}

// ask sends a request with an id of its own, so that answers to equal requests are equal.
func (f *fixture) ask(method, target string) *response {
	f.Helper()
	return f.do(method, target, "", headerRequestID, "same")
}

// wantSame checks that two answers are equal.
func wantSame(t *testing.T, what string, got, want *response) {
	t.Helper()
	if !maps.EqualFunc(got.Header, want.Header, slices.Equal[[]string]) {
		t.Errorf("%s: the header is\n%v, without a cache\n%v", what, got.Header, want.Header)
	}
	if got.StatusCode != want.StatusCode || got.body != want.body {
		t.Errorf("%s: %d %s\nwithout a cache: %d %s", what, got.StatusCode, got.body, want.StatusCode, want.body)
	}
}

func TestAnswersThatAreKeptAreThoseThatWouldBeMade(t *testing.T) {
	keeping, plain := newTwins(t)
	at := plain.upload("näme,n,when\nx,1,2026-01-01\n\"y \"\"z\"\"\",,\n\u2028,3,\n")
	ask := []string{"", "/versions", "/data?limit=1", "/data?limit=1&touch=false", "/data?offset=1&limit=1", "/data?offset=3", "/data?column=n&column=näme", "/data?column=näme&column=n", "/data?orient=columns", "/data?int64=string", "/data?version=1"}
	for _, f := range formats.All() {
		ask = append(ask, "/data?format="+f.Name)
	}
	for step, change := range []struct{ method, path, body, contentType string }{
		{"GET", "", "", ""},
		{"PATCH", "", `{"filename":"other.csv","metadata":{"a":[1, 2]}}`, "application/json"},
		{"PATCH", "/data", `{"operations":[{"op":"set_values","column":"n","rows":[0],"value":7}]}`, "application/json"},
		{"PUT", "/missing", `{"n":[1]}`, "application/json"},
		{"POST", "/undo", "", ""},
		{"POST", "/redo", "", ""},
		{"POST", "/undo", "", ""},
		{"POST", "/versions", `{"action_summary":"ü"}`, "application/json"},
		{"POST", "/versions/1/restore", "", ""},
		{"POST", "/touch", `{"ttl_seconds":7200}`, "application/json"},
		{"PUT", "/data", "a\n1\n", "text/csv"},
		{"PATCH", "/data", `{"operations":[{"op":"add_column","column":"b","values":[null]}]}`, "application/json"},
		{"POST", "/versions", "", ""},
		{"POST", "/versions", "", ""},
	} {
		changed := keeping.do(change.method, at+change.path, change.body, "Content-Type", change.contentType)
		if changed.StatusCode >= 300 {
			t.Fatalf("%s %s: %d %s", change.method, change.path, changed.StatusCode, changed.body)
		}
		for _, path := range ask {
			for _, method := range []string{"GET", "HEAD"} {
				want := plain.ask(method, at+path)
				for range 2 {
					wantSame(t, fmt.Sprintf("step %d, %s %s", step, method, path), keeping.ask(method, at+path), want)
				}
			}
		}
	}
}

func TestAPageThatIsKeptNeedsOnlyTheHead(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.CacheBytes = 8 << 20 })
	at := f.upload("a,b\n1,2\n")
	for _, path := range []string{"/data", "/data?format=csv", "/data?format=parquet"} {
		first := f.ask("GET", at+path)
		f.driver.Hook = func(op string, keys []string) error {
			if op != kvtest.OpGet || len(keys) != 1 || !strings.HasSuffix(keys[0], ":head") {
				t.Errorf("%s makes the call %s %q", path, op, keys)
			}
			return nil
		}
		wantSame(t, path, f.ask("GET", at+path), first)
		f.wantStatus(f.do("GET", at+path, "", "If-None-Match", first.Header.Get("ETag")), http.StatusNotModified)
		f.driver.Hook = nil
	}
}

func TestWhatIsKeptOfASessionIsGoneWithTheSession(t *testing.T) {
	now := time.Now()
	clock := func() time.Time { return now }
	c, f := newServer(t, func(c *Config) { c.CacheBytes = 8 << 20 })
	c.Sessions = session.New(session.Options{Store: f.store, TTL: time.Minute, Segment: segment.Options{Method: "arrow", Compression: "snappy"}, Now: clock})
	f.handler = New(c)
	deleted, expired := f.upload("a\n1\n"), f.upload("a\n1\n")
	paths := []string{"", "/versions", "/data"}
	for _, path := range paths {
		f.wantStatus(f.do("GET", deleted+path, ""), http.StatusOK)
		f.wantStatus(f.do("GET", expired+path, ""), http.StatusOK)
	}
	f.wantStatus(f.do("DELETE", deleted, ""), http.StatusNoContent)
	now = now.Add(2 * time.Minute)
	for _, path := range paths {
		f.wantProblem(f.do("GET", deleted+path, ""), http.StatusNotFound, "session_not_found")
		f.wantProblem(f.do("GET", expired+path, ""), http.StatusNotFound, "session_not_found")
	}
}

func TestWhatIsKeptIsForThoseWhoMayRead(t *testing.T) {
	f := guarded(t, func(c *Config) { c.CacheBytes = 8 << 20 })
	at := "/api/v1/sessions/" + f.uploadAs(signed(t, "scope", "create own", "sub", "ada"))
	for _, path := range []string{"", "/versions", "/data"} {
		for range 2 {
			f.wantStatus(f.as(signed(t, "sub", "ada"), "GET", at+path, ""), http.StatusOK)
		}
		f.wantProblem(f.as(signed(t, "sub", "eve"), "GET", at+path, ""), http.StatusForbidden, "forbidden")
		f.wantProblem(f.as(signed(t, "session", strangeID), "GET", at+path, ""), http.StatusForbidden, "forbidden")
		f.wantProblem(f.do("GET", at+path, ""), http.StatusUnauthorized, "unauthorized")
	}
}

func TestTheAnswersThatAreKeptAreBounded(t *testing.T) {
	const most = 64 << 10
	kept := newEncodedCache(most)
	for i := range 100 {
		kept.keepParts(fmt.Sprint("part ", i), []members{make(members, 1000), make(members, 1000)})
		version := object{{"", make(members, 1000)}, {"", make(members, 1000)}}
		kept.keepVersions(fmt.Sprint("versions ", i), []listedVersion{{whole: version, summary: version[:1]}})
	}
	if used := kept.parts.Used(); used > most/partsShare || used < most/partsShare/2 {
		t.Errorf("parts of documents take %d bytes of %d", used, most)
	}
}
