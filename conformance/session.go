//go:build !js

package conformance

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
)

var sessionTests = []test{
	{"the document is complete and consistent", func(c *client) {
		s := c.create(people, "filename=people.csv", "ttl_seconds=600")
		doc := s.document()
		want := sessionDocument{
			Status: "ready", SessionID: s.id, Filename: "people.csv", TTLSeconds: 600, Revision: 1, CurrentVersion: 1,
			Shape: [2]int{4, 4}, Columns: []string{"name", "age", "score", "active"}, DTypes: peopleTypes,
			MissingValues:      map[string]int{"name": 0, "age": 1, "score": 1, "active": 1},
			History:            []historyEntry{{VersionID: 1, Summary: "Session created", RowsBefore: 4, RowsAfter: 4}},
			IntentionalMissing: map[string]int{}, Metadata: json.RawMessage("{}"),
		}
		want.CreatedAt, want.LastAccessed, want.ExpiresAt = doc.CreatedAt, doc.LastAccessed, doc.ExpiresAt
		want.ExpiresInSeconds, want.ETag = doc.ExpiresInSeconds, doc.ETag
		want.Source = &sourceDocument{Version: 1, Filename: "people.csv", uploadReceipt: *s.made.Upload}
		want.History[0].Timestamp = doc.CreatedAt
		want.Serialization = doc.Serialization
		if diff := cmp.Diff(want, doc); diff != "" {
			c.Error(diff)
		}
		size := doc.Serialization
		if size.Method != "arrow" || size.Codec != "snappy" || size.RawBytes <= 0 || size.StoredBytes <= 0 || size.Segments < 1 || size.CompressionRatio <= 0 {
			c.Errorf("serialization %+v", size)
		}
	}},
	{"times are RFC 3339 in UTC and in order", func(c *client) {
		before := time.Now().Add(-2 * time.Second)
		doc := c.create(people, "ttl_seconds=600").document()
		created, accessed, expires := c.time(doc.CreatedAt), c.time(doc.LastAccessed), c.time(doc.ExpiresAt)
		if created.Before(before) || created.After(time.Now().Add(2*time.Second)) || accessed.Before(created) {
			c.Errorf("created %s, accessed %s, now %s", created, accessed, time.Now().UTC())
		}
		if lives := expires.Sub(accessed); lives < 600*time.Second || lives > 700*time.Second {
			c.Errorf("expires %s after the last access, the TTL is 600 s", lives)
		}
	}},
	{"HEAD has the headers of GET and no body", func(c *client) {
		s := c.create(people)
		get := s.get("")
		head := s.do("HEAD", s.path(""), nil).is(http.StatusOK)
		if len(head.body) != 0 {
			c.Errorf("%d bytes of body", len(head.body))
		}
		for _, name := range []string{"Content-Type", "ETag", "Edgeframe-Revision", "Cache-Control"} {
			head.has(name, get.header.Get(name))
		}
		c.do("HEAD", "/api/v1/sessions/"+unknownID, nil).is(http.StatusNotFound)
	}},
	{"DELETE answers 204, and then the session is unknown to every route", func(c *client) {
		s := c.create(people)
		if a := s.do("DELETE", s.path(""), nil).is(http.StatusNoContent); len(a.body) != 0 {
			c.Errorf("body %q", a.body)
		}
		s.isGone()
	}},
	{"DELETE takes a precondition", func(c *client) {
		s := c.create(people)
		old := s.get("").header.Get("ETag")
		s.edit(op{"op": "drop_columns", "columns": []string{"age"}})
		s.do("DELETE", s.path(""), nil, "If-Match: "+old).refused(http.StatusPreconditionFailed, "precondition_failed", s.id)
		s.do("DELETE", s.path(""), nil, "If-Match: "+s.get("").header.Get("ETag")).is(http.StatusNoContent)
	}},
	{"touch answers the session document and takes a new TTL", func(c *client) {
		s := c.create(people, "ttl_seconds=100")
		same := s.post("/touch")
		if same.TTLSeconds != 100 || same.Revision != 1 {
			c.Errorf("ttl %d, revision %d", same.TTLSeconds, same.Revision)
		}
		longer := s.do("POST", s.path("/touch", "ttl_seconds=1000"), nil).is(http.StatusOK).session()
		if lives := c.time(longer.ExpiresAt).Sub(c.time(longer.LastAccessed)); longer.TTLSeconds != 1000 || lives < 1000*time.Second {
			c.Errorf("ttl %d, expires after %s", longer.TTLSeconds, lives)
		}
		if got := s.document().TTLSeconds; got != 1000 {
			c.Errorf("ttl %d afterwards", got)
		}
	}},
	{"two sessions share nothing", func(c *client) {
		a, b := c.create(people), c.create(people)
		if a.id == b.id {
			c.Fatal("one id for two sessions")
		}
		before := b.state()
		a.edit(op{"op": "delete_rows", "rows": []int{0, 1}})
		a.do("DELETE", a.path(""), nil).is(http.StatusNoContent)
		if diff := cmp.Diff(before, b.state()); diff != "" {
			c.Error(diff)
		}
	}},
}

// unknownID is a well-formed id that no session has.
const unknownID = "00000000-0000-4000-8000-000000000000"

// time parses a time in a document.
func (c *client) time(s string) time.Time {
	c.Helper()
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || t.Location() != time.UTC {
		c.Errorf("%q is not a time in UTC: %v", s, err)
	}
	return t
}

// sessionRoute is a route of a session with a request that it takes.
type sessionRoute struct {
	method, below string
	body          any
	headers       []string
}

// routes are all routes of a session, each with a request that succeeds if the session exists.
var routes = []sessionRoute{
	{"GET", "", nil, nil},
	{"PATCH", "", map[string]any{"filename": "x"}, nil},
	{"POST", "/touch", nil, nil},
	{"GET", "/data", nil, nil},
	{"QUERY", "/data", op{}, nil},
	{"POST", "/data/query", op{}, nil},
	{"PUT", "/data", people, []string{"Content-Type: text/csv"}},
	{"POST", "/data", people, []string{"Content-Type: text/csv"}},
	{"PATCH", "/data", map[string]any{"operations": []op{setAge(1)}}, nil},
	{"PATCH", "/data?dry_run=true", map[string]any{"operations": []op{setAge(1)}}, nil},
	{"GET", "/describe", nil, nil},
	{"GET", "/versions", nil, nil},
	{"POST", "/versions", nil, nil},
	{"GET", "/versions/1", nil, nil},
	{"POST", "/versions/1/restore", nil, nil},
	{"PUT", "/versions/1/name", map[string]any{"name": "raw"}, nil},
	{"DELETE", "/versions/1/name", nil, nil},
	{"POST", "/undo", nil, nil},
	{"POST", "/redo", nil, nil},
	{"GET", "/missing", nil, nil},
	{"PUT", "/missing", map[string]any{}, nil},
	{"PATCH", "/missing", map[string]any{}, nil},
	{"GET", "/audit", nil, nil},
	{"POST", "/audit", map[string]any{"entry": "x"}, nil},
	{"DELETE", "/tokens", nil, nil},
	{"DELETE", "", nil, nil},
}

// isGone checks that every route answers that there is no such session.
func (s *sess) isGone() {
	s.Helper()
	for _, r := range routes {
		s.do(r.method, s.path("")+r.below, r.body, r.headers...).refused(http.StatusNotFound, "session_not_found", s.id, "expired")
	}
	s.do("GET", s.path("/events"), nil).refused(http.StatusNotFound, "session_not_found", s.id, "expired")
}

var metadataTests = []test{
	{"PATCH merges as RFC 7396 says", func(c *client) {
		// The cases of appendix A whose target and patch are objects.
		for _, tt := range []struct{ target, patch, want string }{
			{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
			{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
			{`{"a":"b"}`, `{"a":null}`, `{}`},
			{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
			{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
			{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
			{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
			{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
			{`{"a":"foo"}`, `{}`, `{"a":"foo"}`},
			{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
		} {
			s := c.create("a\n1\n")
			s.describe(`{"metadata":` + tt.target + `}`)
			if got := string(s.describe(`{"metadata":` + tt.patch + `}`).Metadata); got != tt.want {
				c.Errorf("%s and %s became %s, want %s", tt.target, tt.patch, got, tt.want)
			}
			if got := string(s.document().Metadata); got != tt.want {
				c.Errorf("%s and %s are read as %s, want %s", tt.target, tt.patch, got, tt.want)
			}
		}
	}},
	{"PATCH keeps numbers as they are spelled", func(c *client) {
		s := c.create("a\n1\n")
		const want = `{"big":12345678901234567890,"text":"<é> & 😀"}`
		if got := string(s.describe(`{"metadata":` + want + `}`).Metadata); got != want {
			c.Errorf("got %s", got)
		}
	}},
	{"PATCH renames and leaves the rest", func(c *client) {
		s := c.create(people, "filename=a.csv")
		s.describe(`{"metadata":{"k":1}}`)
		doc := s.describe(`{"filename":"b.csv"}`)
		if doc.Filename != "b.csv" || string(doc.Metadata) != `{"k":1}` || doc.CurrentVersion != 1 || doc.Revision != 3 {
			c.Errorf("document %+v", doc)
		}
		s.isPeople()
	}},
	{"metadata is no part of the versions", func(c *client) {
		s := c.create(people)
		s.edit(op{"op": "drop_columns", "columns": []string{"age"}})
		s.describe(`{"metadata":{"k":1}}`)
		if doc := s.post("/undo"); string(doc.Metadata) != `{"k":1}` {
			c.Errorf("metadata %s after undo", doc.Metadata)
		}
	}},
	{"what is no patch is refused", func(c *client) {
		s := c.create(people)
		before := s.state()
		for _, tt := range []struct {
			body   string
			status int
			code   string
			says   string
		}{
			{`{"metadata":[1]}`, http.StatusBadRequest, "invalid_parameter", "object"},
			{`{"metadata":"text"}`, http.StatusBadRequest, "invalid_parameter", "object"},
			{`{"metadata":null}`, http.StatusBadRequest, "invalid_parameter", "object"},
			{`{"name":"x"}`, http.StatusUnprocessableEntity, "malformed_input", "name"},
			{`{"filename":7}`, http.StatusUnprocessableEntity, "malformed_input", "filename"},
			{`{"filename":"a\u0000.csv"}`, http.StatusBadRequest, "invalid_parameter", "control character"},
			{`{"metadata":{"k":1,"k":2}}`, http.StatusUnprocessableEntity, "malformed_input", `"k" occurs twice`},
			{`{"metadata":{"k":"\ud800"}}`, http.StatusUnprocessableEntity, "malformed_input", "surrogate"},
			{`{"filename"`, http.StatusUnprocessableEntity, "malformed_input", "JSON"},
			{`{} {}`, http.StatusUnprocessableEntity, "malformed_input", "goes on"},
			{``, http.StatusUnprocessableEntity, "malformed_input", "empty"},
			{`{"metadata":{"k":"` + strings.Repeat("x", 70_000) + `"}}`, http.StatusBadRequest, "invalid_parameter", "at most 65536"},
			{`{"filename":"` + strings.Repeat("x", 2000) + `"}`, http.StatusBadRequest, "invalid_parameter", "at most 1024"},
		} {
			s.do("PATCH", s.path(""), tt.body).refused(tt.status, tt.code, tt.says)
		}
		if diff := cmp.Diff(before, s.state()); diff != "" {
			c.Error(diff)
		}
	}},
}

// describe patches the session itself.
func (s *sess) describe(body string) sessionDocument {
	s.Helper()
	return s.do("PATCH", s.path(""), body, "Content-Type: application/merge-patch+json").is(http.StatusOK).session()
}
