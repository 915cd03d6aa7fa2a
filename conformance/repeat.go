//go:build !js

package conformance

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// repeat sends a request with a key twice. The first answer is not a replay, the second is.
func (c *client) repeat(method, path string, body any, status int, key string, headers ...string) (first, again *answer) {
	c.Helper()
	headers = append([]string{"Idempotency-Key: " + key}, headers...)
	first = c.do(method, path, body, headers...).is(status).has("Idempotent-Replay", "")
	return first, c.do(method, path, body, headers...).is(status).has("Idempotent-Replay", "true")
}

// mismatch is what another request with the same key is answered.
func (a *answer) mismatch() {
	a.c.Helper()
	a.refused(http.StatusUnprocessableEntity, "idempotency_mismatch", "Idempotency-Key")
}

// repeatable are the changes of a session whose repeats are answered with the session document.
var repeatable = []struct {
	method, below string
	body          any
	headers       []string
}{
	{"PATCH", "", map[string]any{"filename": "x", "metadata": map[string]any{"a": 1}}, nil},
	{"POST", "/touch?ttl_seconds=1000", nil, nil},
	{"PUT", "/data?action_summary=Replaced", people, []string{"Content-Type: text/csv"}},
	{"POST", "/data", people, []string{"Content-Type: text/csv"}},
	{"PATCH", "/data", map[string]any{"operations": []op{{"op": "delete_rows", "rows": []int{0}}}}, nil},
	{"PATCH", "/data", map[string]any{"operations": []op{{"op": "drop_duplicates"}}}, nil},
	{"POST", "/versions/1/restore", map[string]any{"action_summary": "back"}, nil},
	{"POST", "/undo", nil, nil},
	{"POST", "/redo", nil, nil},
	{"PUT", "/missing", map[string]any{"age": []int{3}}, nil},
	{"PATCH", "/missing", map[string]any{"age": []int{3}}, nil},
}

// uploadUntilVisible sends an upload that may be a repeat of one that is not visible yet. It repeats the request as
// long as a server without exact repeats asks for it.
func (c *client) uploadUntilVisible(file string, headers ...string) (a *answer) {
	for range 1000 {
		var err error
		if a, err = c.try("POST", "/api/v1/sessions", file, headers...); err != nil {
			c.Error(err)
			return &answer{c: c}
		}
		if a.status != http.StatusServiceUnavailable || c.store.Capabilities.ExactRepeats {
			break
		}
	}
	return a
}

var repeatTests = []test{
	{"a repeated change is made once, and the answer is the document as it is", func(c *client) {
		for i, r := range repeatable {
			s := c.create(people)
			s.edit(setAge(2))
			s.edit(setAge(3))
			if r.below == "/redo" {
				s.post("/undo")
			}
			key := fmt.Sprintf("change %d", i)
			match := "If-Match: " + s.get("").header.Get("ETag")
			first, again := c.repeat(r.method, s.path("")+r.below, r.body, http.StatusOK, key, append(r.headers, match)...)
			a, b := first.session(), again.session()
			if a.Revision != b.Revision || first.header.Get("Edgeframe-Revision") != again.header.Get("Edgeframe-Revision") || s.document().Revision != a.Revision {
				c.Errorf("%s %s: revisions %d and %d, now %d", r.method, r.below, a.Revision, b.Revision, s.document().Revision)
			}
			if b.Upload != nil || b.Operations != nil || b.Marks != nil {
				c.Errorf("%s %s: the repeat says that it has done something: %s", r.method, r.below, again.body)
			}
			next := s.edit(setAge(4))
			third := c.do(r.method, s.path("")+r.below, r.body, append(r.headers, "Idempotency-Key: "+key)...).is(http.StatusOK).has("Idempotent-Replay", "true").session()
			if third.Revision != next.Revision {
				c.Errorf("%s %s: the repeat shows revision %d, the session has %d", r.method, r.below, third.Revision, next.Revision)
			}
		}
	}},
	{"a repeated snapshot or audit entry is made once", func(c *client) {
		s := c.create(people)
		_, again := c.repeat("POST", s.path("/versions"), map[string]any{"action_summary": "kept"}, http.StatusCreated, "snapshot")
		var versions versionsDocument
		if again.decode(&versions); len(versions.Versions) != 2 {
			c.Errorf("%d versions", len(versions.Versions))
		}
		first, again := c.repeat("POST", s.path("/audit"), map[string]any{"entry": "checked"}, http.StatusCreated, "audit")
		if string(first.body) != string(again.body) || len(s.audit().Entries) != 3 {
			c.Errorf("%s, then %s; the log has %q", first.body, again.body, s.audit().Entries)
		}
	}},
	{"a key belongs to one request", func(c *client) {
		s := c.create(people)
		key := "Idempotency-Key: 1"
		body := map[string]any{"operations": []op{setAge(1)}}
		s.do("PATCH", s.path("/data"), body, key).is(http.StatusOK)
		before := s.state()
		s.do("PATCH", s.path("/data"), map[string]any{"operations": []op{setAge(2)}}, key).mismatch()
		s.do("POST", s.path("/undo"), nil, key).mismatch()
		s.do("POST", s.path("/data"), people, key, "Content-Type: text/csv").mismatch()
		s.do("POST", s.path("/touch", "ttl_seconds=100"), nil, key).mismatch()
		if after := s.state(); after != before {
			c.Errorf("%s, want %s", after, before)
		}
		// Of another session it is another key, and so is another spelling.
		other := c.create(people)
		other.do("POST", other.path("/versions"), nil, key).is(http.StatusCreated).has("Idempotent-Replay", "")
		s.do("POST", s.path("/undo"), nil, "Idempotency-Key: 01").is(http.StatusOK).has("Idempotent-Replay", "")
		// The same request without it is another change.
		if again := s.do("PATCH", s.path("/data"), body).is(http.StatusOK).has("Idempotent-Replay", "").session(); again.Revision != 4 {
			c.Errorf("revision %d", again.Revision)
		}
	}},
	{"a key has 1 to 255 printable ASCII characters", func(c *client) {
		s := c.create(people)
		for _, good := range []string{"a", `"quoted"`, "with space", "~!@#$%^&*()", strings.Repeat("k", 255), c.Name()} {
			c.repeat("POST", s.path("/versions"), nil, http.StatusCreated, good)
		}
		before := s.state()
		for _, bad := range []string{"", strings.Repeat("k", 256), "schlüssel", "\xff", "a\tb"} {
			for _, r := range routes {
				if r.method == "GET" || r.method == "QUERY" || r.method == "DELETE" {
					continue
				}
				s.do(r.method, s.path("")+r.below, r.body, append(r.headers, "Idempotency-Key: "+bad)...).
					refused(http.StatusBadRequest, "invalid_parameter", "Idempotency-Key", "1 to 255 printable ASCII characters")
			}
		}
		if after := s.state(); after != before {
			c.Errorf("%s, want %s", after, before)
		}
		s.do("GET", s.path(""), nil, "Idempotency-Key: ").is(http.StatusOK)
		s.do("DELETE", s.path(""), nil, "Idempotency-Key: ").is(http.StatusNoContent)
	}},
	{"a refused change, a dry run and a plain touch leave no trace of their key", func(c *client) {
		s := c.create(people)
		key := "Idempotency-Key: 1"
		s.do("POST", s.path("/undo"), nil, key).refused(http.StatusConflict, "nothing_to_undo")
		s.do("PATCH", s.path("/data"), map[string]any{"operations": []op{{"op": "drop_columns", "columns": []string{"none"}}}}, key).is(http.StatusUnprocessableEntity)
		s.do("PATCH", s.path("/data", "dry_run=true"), map[string]any{"operations": []op{setAge(1)}}, key).is(http.StatusOK)
		s.do("POST", s.path("/touch"), nil, key).is(http.StatusOK)
		s.do("PATCH", s.path("/data"), map[string]any{"operations": []op{setAge(1)}}, key).is(http.StatusOK).has("Idempotent-Replay", "")
	}},
	{"a repeated upload finds its session, also when that has changed", func(c *client) {
		key := "upload of " + c.Name()
		first, again := c.repeat("POST", "/api/v1/sessions?filename=people.csv", people, http.StatusCreated, key, "Content-Type: text/csv")
		doc, replayed := first.session(), again.session()
		s := &sess{c, doc.SessionID, doc}
		if replayed.SessionID != doc.SessionID || replayed.Upload != nil || again.header.Get("Location") != "/api/v1/sessions/"+doc.SessionID {
			c.Errorf("Location %s, %s", again.header.Get("Location"), again.body)
		}
		edited := s.edit(op{"op": "drop_columns", "columns": []string{"age"}})
		third := c.do("POST", "/api/v1/sessions?filename=people.csv", people, "Content-Type: text/csv", "Idempotency-Key: "+key).is(http.StatusCreated).has("Idempotent-Replay", "true").session()
		if third.Revision != edited.Revision || len(third.Columns) != 3 {
			c.Errorf("revision %d with the columns %q", third.Revision, third.Columns)
		}
		before := s.state()
		c.do("POST", "/api/v1/sessions?filename=people.csv", people+"Zoe,1,1,true\n", "Content-Type: text/csv", "Idempotency-Key: "+key).mismatch()
		c.do("POST", "/api/v1/sessions?filename=people.csv&ttl_seconds=1", people, "Content-Type: text/csv", "Idempotency-Key: "+key).mismatch()
		c.do("POST", "/api/v1/sessions?filename=people.csv", people, "Content-Type: text/plain", "Idempotency-Key: "+key).mismatch()
		if after := s.state(); after != before {
			c.Errorf("%s, want %s", after, before)
		}
		s.do("DELETE", s.path(""), nil).is(http.StatusNoContent)
		made := c.do("POST", "/api/v1/sessions?filename=people.csv", people, "Content-Type: text/csv", "Idempotency-Key: "+key).is(http.StatusCreated).has("Idempotent-Replay", "").session()
		if made.SessionID != doc.SessionID || len(made.Columns) != 4 || len(made.History) != 1 {
			c.Errorf("after DELETE: %+v", made)
		}
	}},
	{"the parts of a form count, not the text between them", func(c *client) {
		key := "Idempotency-Key: form of " + c.Name()
		body, contentType := form("people.csv", "text/csv", []byte(people), "ttl_seconds=100")
		first := c.do("POST", "/api/v1/sessions", body, "Content-Type: "+contentType, key).is(http.StatusCreated).has("Idempotent-Replay", "").session()
		again, otherType := form("people.csv", "text/csv", []byte(people), "ttl_seconds=100")
		if contentType == otherType {
			c.Fatal("one boundary twice")
		}
		if doc := c.do("POST", "/api/v1/sessions", again, "Content-Type: "+otherType, key).is(http.StatusCreated).has("Idempotent-Replay", "true").session(); doc.SessionID != first.SessionID {
			c.Errorf("session %s, want %s", doc.SessionID, first.SessionID)
		}
		for name, other := range map[string]func() ([]byte, string){
			"another file": func() ([]byte, string) {
				return form("people.csv", "text/csv", []byte(people+"Zoe,1,1,true\n"), "ttl_seconds=100")
			},
			"another name":      func() ([]byte, string) { return form("other.csv", "text/csv", []byte(people), "ttl_seconds=100") },
			"another parameter": func() ([]byte, string) { return form("people.csv", "text/csv", []byte(people), "ttl_seconds=200") },
			"no parameter":      func() ([]byte, string) { return form("people.csv", "text/csv", []byte(people)) },
		} {
			body, contentType := other()
			if a := c.do("POST", "/api/v1/sessions", body, "Content-Type: "+contentType, key); a.status != http.StatusUnprocessableEntity {
				c.Errorf("%s: status %d", name, a.status)
			}
		}
	}},
	{"streams and packed bodies count as they are sent", func(c *client) {
		s := c.create("n\n1\n")
		packed := packings([]byte("n\n2\n3\n"))["gzip"]
		_, again := c.repeat("POST", s.path("/data"), packed, http.StatusOK, "packed", "Content-Type: text/csv", "Content-Encoding: gzip")
		if rows := again.session().Shape[0]; rows != 3 {
			c.Errorf("%d rows", rows)
		}
		s.do("POST", s.path("/data"), packings([]byte("n\n2\n4\n"))["gzip"], "Idempotency-Key: packed", "Content-Type: text/csv", "Content-Encoding: gzip").mismatch()
		stream := s.get("/data", "format=arrow").body
		key := "stream of " + c.Name()
		first, again := c.repeat("POST", "/api/v1/sessions", chunked(stream), http.StatusCreated, key, "Content-Type: "+streamType)
		if a, b := first.session(), again.session(); a.SessionID != b.SessionID || b.Shape[0] != 3 {
			c.Errorf("session %s, then %s with %d rows", a.SessionID, b.SessionID, b.Shape[0])
		}
	}},
	{"a repeated upload of a workbook waits once for its sheets", func(c *client) {
		key := "Idempotency-Key: workbook of " + c.Name()
		send := func(file []byte) *answer {
			return c.do("POST", "/api/v1/sessions", file, "Content-Type: "+xlsxType, key)
		}
		var first, again uploadDocument
		send(sales()).is(http.StatusAccepted).has("Idempotent-Replay", "").decode(&first)
		repeated := send(sales()).is(http.StatusAccepted)
		repeated.decode(&again)
		if again.TempID != first.TempID || len(again.Sheets) != len(first.Sheets) {
			c.Errorf("%+v, want %+v", again, first)
		}
		other := send(workbook(sheet{"a", [][]any{{"x"}, {1}}}, sheet{"b", [][]any{{"y"}, {2}}}))
		if !c.store.Capabilities.ExactRepeats {
			// It is another upload.
			var doc uploadDocument
			if other.is(http.StatusAccepted).decode(&doc); doc.TempID == first.TempID {
				c.Error("another workbook has replaced the first")
			}
			return
		}
		repeated.has("Idempotent-Replay", "true").has("Location", "/api/v1/uploads/"+first.TempID)
		if again.ExpiresAt != first.ExpiresAt {
			c.Errorf("expires %s, then %s", first.ExpiresAt, again.ExpiresAt)
		}
		other.mismatch()
	}},
	{"sheets that are selected again are the same sessions", func(c *client) {
		held := c.choose(sales())
		path, key := "/api/v1/uploads/"+held.TempID+"/select", "select of "+c.Name()
		body := map[string]any{"selected_sheets": []string{"2025", "2026"}}
		ids := func(a *answer) (ids []string) {
			var doc struct {
				Status   string
				Sessions []sessionDocument
			}
			a.decode(&doc)
			for _, s := range doc.Sessions {
				ids = append(ids, s.SessionID)
			}
			return ids
		}
		first, again := c.repeat("POST", path, body, http.StatusCreated, key)
		if made, found := ids(first), ids(again); len(made) != 2 || made[0] == made[1] || !slices.Equal(made, found) {
			c.Errorf("sessions %q, then %q", made, found)
		}
		c.do("POST", path, map[string]any{"selected_sheets": []string{"2025"}}, "Idempotency-Key: "+key).mismatch()
		one, again := c.repeat("POST", path, map[string]any{"selected_sheets": []string{"2025"}}, http.StatusCreated, key+" 2")
		if a, b := one.session(), again.session(); a.SessionID != b.SessionID {
			c.Errorf("session %s, then %s", a.SessionID, b.SessionID)
		}
	}},
	{"of repeats at the same time one is made", func(c *client) {
		s := c.create("n\n")
		for round := 1; round <= 10; round++ {
			upload := fmt.Sprintf("Idempotency-Key: %s %d", c.Name(), round)
			replays, ids := make(chan string, 16), make(chan string, 8)
			var requests []func() *answer
			for range 4 {
				requests = append(requests, func() *answer {
					a := s.insist("POST", "/data", "n\n1\n", "Content-Type: text/csv", fmt.Sprintf("Idempotency-Key: %d", round))
					replays <- a.header.Get("Idempotent-Replay")
					return a
				}, func() *answer {
					a := c.uploadUntilVisible(people, "Content-Type: text/csv", upload)
					ids <- a.header.Get("Location")
					return a
				})
			}
			for i, status := range c.together(requests...) {
				if want := []int{http.StatusOK, http.StatusCreated}[i%2]; status != want {
					c.Errorf("round %d, request %d: status %d, want %d", round, i, status, want)
				}
			}
			close(replays)
			close(ids)
			made, at := 0, ""
			for replay := range replays {
				if replay == "" {
					made++
				}
			}
			for id := range ids {
				if at != "" && id != at {
					c.Errorf("round %d: uploads at %s and %s", round, at, id)
				}
				at = id
			}
			if rows := s.document().Shape[0]; made != 1 || rows != round {
				c.Fatalf("round %d: %d appends were made, %d rows", round, made, rows)
			}
		}
	}},
}
