//go:build !js

package conformance

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
)

// badUpload is a request to create a session that must be rejected.
type badUpload struct {
	claim, contentType string
	body               []byte
	status             int
	code               string
	says               []string
}

// The media types of uploads.
const (
	csvType    = "text/csv"
	jsonType   = "application/json"
	ndjsonType = "application/x-ndjson"
	streamType = "application/vnd.apache.arrow.stream"
	fileType   = "application/vnd.apache.arrow.file"
	packType   = "application/msgpack"
)

// badUploads returns files that are wrong in every possible way, with the expected answers.
func (c *client) badUploads() []badUpload {
	const (
		malformed   = http.StatusUnprocessableEntity
		unsupported = http.StatusUnsupportedMediaType
		tooLarge    = http.StatusRequestEntityTooLarge
	)
	bad := []badUpload{
		{"an unknown content type", "image/png", []byte("x"), unsupported, "unsupported_media_type", []string{`"image/png"`, "text/csv", "application/json"}},
		{"a content type that is none", ";;", []byte("x"), unsupported, "unsupported_media_type", []string{";;", "text/csv"}},
		{"an unknown character set", "text/csv; charset=ebcdic", []byte(people), unsupported, "unsupported_media_type", []string{"ebcdic", "UTF-8"}},
		{"bytes of no known format", "application/octet-stream", []byte{1, 2, 3, 0, 255}, unsupported, "unsupported_media_type", []string{"cannot be told", "text/csv"}},
		{"a CSV file with an uneven row", csvType, []byte("a,b\n1,2\n3\n"), malformed, "malformed_input", []string{"line 3"}},
		{"a CSV file with a row too long", csvType, []byte("a,b\n1,2,3\n"), malformed, "malformed_input", []string{"line 2"}},
		{"a CSV file with a quote left open", csvType, []byte("a,b\n\"1,2\n"), malformed, "malformed_input", []string{"quote"}},
		{"a CSV file in no known encoding", csvType, []byte("a,b\n\x81\xfe\xfa,2\n"), malformed, "malformed_input", []string{"UTF-8"}},
		{"a CSV header of 100,000 columns", csvType, []byte(strings.Repeat("c,", 99_999) + "c\n"), tooLarge, "dataframe_too_large", []string{"10000"}},
		{"a JSON document nested 100,000 deep", jsonType, []byte(strings.Repeat("[", 100_000)), malformed, "malformed_input", nil},
		{"a JSON value nested 100,000 deep", jsonType, []byte(`[{"a":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}]`), tooLarge, "dataframe_too_large", []string{"deeper", "63"}},
		{"a JSON object nested 100,000 deep", jsonType, []byte(strings.Repeat(`{"a":`, 100_000)), tooLarge, "dataframe_too_large", []string{"deeper", "63"}},
		{"a JSON document with 100,000 columns", jsonType, []byte("[" + manyMembers(100_000) + "]"), tooLarge, "dataframe_too_large", []string{"10000"}},
		{"a JSON document cut short", jsonType, []byte(`[{"a":1},{"a"`), malformed, "malformed_input", []string{"byte"}},
		{"a JSON document with more after it", jsonType, []byte(`[{"a":1}] x`), malformed, "malformed_input", []string{"after"}},
		{"a JSON number", jsonType, []byte(`42`), malformed, "malformed_input", []string{"array of objects"}},
		{"a JSON array of numbers", jsonType, []byte(`[1,2]`), malformed, "malformed_input", []string{"record 0", "object"}},
		{"JSON columns of unequal lengths", jsonType, []byte(`{"a":[1,2],"b":[1]}`), malformed, "malformed_input", []string{`"a"`, `"b"`}},
		{"a JSON object with a name twice", jsonType, []byte(`[{"a":1,"a":2}]`), malformed, "malformed_input", []string{`"a"`}},
		{"two JSON documents", jsonType, []byte(`{"a":1} {"a":2}`), malformed, "malformed_input", []string{"is this NDJSON?"}},
		{"JSON objects with different names", jsonType, []byte(`{"a":{"x":1},"b":{"y":1}}`), malformed, "malformed_input", []string{"different names", "array of objects"}},
		{"JSON text that is not UTF-8", jsonType, []byte("[{\"a\":\"\xff\"}]"), malformed, "malformed_input", []string{"UTF-8"}},
		{"an NDJSON line that is no object", ndjsonType, []byte("{\"a\":1}\n[2]\n"), malformed, "malformed_input", []string{"line 2", "object"}},
		{"MessagePack that claims four billion rows", packType, []byte{0xdd, 0xff, 0xff, 0xff, 0xff, 0x80}, malformed, "malformed_input", nil},
		{"MessagePack cut short", packType, peopleMsgpack()[:20], malformed, "malformed_input", nil},
		{"MessagePack nested 100,000 deep", packType, bytes.Repeat([]byte{0x91}, 100_000), malformed, "malformed_input", nil},
		{"an Arrow file that is none", fileType, []byte("ARROW1\x00\x00nothing"), malformed, "malformed_input", []string{"Arrow"}},
		{"an Arrow stream cut short", streamType, arrowStream(peopleRecord())[:300], malformed, "malformed_input", []string{"Arrow"}},
		{"an Arrow file cut short", fileType, arrowFile(peopleRecord())[:600], malformed, "malformed_input", []string{"Arrow"}},
		{"an Arrow stream of a trillion rows", streamType, arrowStream(endlessRecord()), tooLarge, "dataframe_too_large", []string{"67108864"}},
		{"an Arrow stream that unpacks to far more than the limit", streamType, arrowBomb(), tooLarge, "dataframe_too_large", []string{"67108864"}},
	}
	for _, contentType := range []string{csvType, jsonType, ndjsonType, streamType, fileType, packType, "", "application/octet-stream"} {
		bad = append(bad, badUpload{"an empty body as " + contentType, contentType, nil, malformed, "malformed_input", []string{"empty", "csv", "json"}})
	}
	over := c.target.MaxUploadBytes + 1
	bad = append(bad, badUpload{"a body over the limit", csvType, bytes.Repeat([]byte("1\n"), int(over/2+1)), tooLarge, "payload_too_large", []string{fmt.Sprint(c.target.MaxUploadBytes)}})
	return append(bad, c.badForms()...)
}

// badForms returns forms that are wrong in every possible way.
func (c *client) badForms() (bad []badUpload) {
	add := func(claim string, status int, code string, says []string, body []byte, mediaType string) {
		bad = append(bad, badUpload{claim, mediaType, body, status, code, says})
	}
	const malformed = http.StatusUnprocessableEntity
	body, mediaType := form("", "", nil, "filename=x.csv")
	add("a form without a file", malformed, "malformed_input", []string{`"file"`}, body, mediaType)
	body, mediaType = form("x.csv", "", nil)
	add("a form with an empty file", malformed, "malformed_input", []string{"empty", "csv"}, body, mediaType)
	body, mediaType = form("x.csv", "", []byte(people))
	add("a form cut short", malformed, "malformed_input", []string{"form"}, body[:len(body)-10], mediaType)
	add("a form without a boundary", malformed, "malformed_input", []string{"form"}, body, "multipart/form-data")
	body, mediaType = form("x.csv", "", []byte(people), "colour=blue")
	add("a form with an unknown field", http.StatusBadRequest, "invalid_parameter", []string{`"colour"`, `"file"`}, body, mediaType)
	body, mediaType = form("x.csv", "", []byte(people), "ttl_seconds=never")
	add("a form with a bad TTL", http.StatusBadRequest, "invalid_parameter", []string{"ttl_seconds=never", "1 to 2592000"}, body, mediaType)
	body, mediaType = form("x.csv", "", []byte(people), strings.Split(strings.Repeat("filename=x,", 40), ",")[:40]...)
	add("a form with 41 fields", malformed, "malformed_input", []string{"32"}, body, mediaType)
	body, mediaType = form("x.csv", "", []byte(people), "filename="+strings.Repeat("x", 5000))
	add("a form with a long field", http.StatusRequestEntityTooLarge, "payload_too_large", []string{"4096"}, body, mediaType)
	body, mediaType = form("x.csv", "", bytes.Repeat([]byte("1\n"), int(c.target.MaxUploadBytes/2+1)))
	add("a form with a file over the limit", http.StatusRequestEntityTooLarge, "payload_too_large", []string{fmt.Sprint(c.target.MaxUploadBytes)}, body, mediaType)
	return bad
}

func manyMembers(n int) string {
	var b strings.Builder
	b.WriteString(`{"c":1`)
	for i := range n - 1 {
		fmt.Fprintf(&b, `,"c%d":1`, i)
	}
	return b.String() + "}"
}

// activeSessions returns the number of sessions in the store.
func (c *client) activeSessions() int {
	c.Helper()
	var doc storageDocument
	c.do("GET", "/health/storage", nil).is(http.StatusOK).decode(&doc)
	return doc.ActiveSessions
}

// wantActive checks the number of sessions. If the count is not exact, it may be late.
func (c *client) wantActive(want int, when string) {
	c.Helper()
	got := c.activeSessions()
	for end := time.Now().Add(5 * time.Second); got != want && !c.store.Exact && time.Now().Before(end); {
		time.Sleep(50 * time.Millisecond)
		got = c.activeSessions()
	}
	if got != want {
		c.Errorf("%d sessions %s, want %d", got, when, want)
	}
}

// countingTests need exclusive use of the store.
var countingTests = []test{
	{"active_sessions counts what is created and not yet deleted or expired", func(c *client) {
		before := c.activeSessions()
		a, b := c.create(people), c.create(people, "ttl_seconds=1")
		c.wantActive(before+2, "after two were created")
		a.do("DELETE", a.path(""), nil).is(http.StatusNoContent)
		c.wantActive(before+1, "after one was deleted")
		c.sleepUntil(c.time(b.made.ExpiresAt).Add(200 * time.Millisecond))
		if c.store.Exact {
			c.wantActive(before, "after the other expired")
		}
	}},
	{"a file that cannot be a table is refused and makes no session", func(c *client) {
		before := c.activeSessions()
		for _, bad := range c.badUploads() {
			c.run(bad.claim, func(c *client) {
				c.do("POST", "/api/v1/sessions", bad.body, "Content-Type: "+bad.contentType).refused(bad.status, bad.code, bad.says...)
			})
		}
		if got := c.activeSessions(); got != before {
			c.Errorf("%d sessions, %d before", got, before)
		}
	}},
	{"of several sheets none becomes a session if one cannot, and a workbook that waits is none", func(c *client) {
		before := c.activeSessions()
		doc := c.choose(sales())
		c.do("POST", "/api/v1/uploads/"+doc.TempID+"/select", `{"selected_sheets":["2025","2024"]}`).refused(http.StatusUnprocessableEntity, "malformed_input", `"2024"`)
		c.wantActive(before, "after sheets that cannot be selected")
		c.do("POST", "/api/v1/uploads/"+doc.TempID+"/select", `{"selected_sheets":["2025","2026"]}`).is(http.StatusCreated)
		c.wantActive(before+2, "after two sheets")
	}},
}

var refusalTests = []test{
	{"a body over the limit is refused also without a Content-Length", func(c *client) {
		s := c.create(people)
		for _, path := range []string{"/api/v1/sessions", s.path("/data")} {
			endless := io.LimitReader(repeated("1\n"), 4*c.target.MaxUploadBytes)
			r, err := http.NewRequestWithContext(c.Context(), "POST", c.target.URL+path, endless)
			if err != nil {
				c.Fatal(err)
			}
			r.Header.Set("Content-Type", csvType)
			r.Header.Set("Authorization", "Bearer "+c.target.Token)
			response, err := c.http.Do(r)
			if err != nil {
				c.Fatal(err)
			}
			body, _ := io.ReadAll(response.Body)
			response.Body.Close()
			(&answer{c, "POST " + path, response.StatusCode, response.Header, body}).refused(http.StatusRequestEntityTooLarge, "payload_too_large", fmt.Sprint(c.target.MaxUploadBytes))
		}
		s.isPeople()
	}},
	{"a document over its limit is refused", func(c *client) {
		s := c.create(people)
		over := `{"entry":"` + strings.Repeat("x", 5<<20) + `"}`
		s.do("POST", s.path("/audit"), over).refused(http.StatusRequestEntityTooLarge, "payload_too_large", "4194304")
		s.do("PATCH", s.path(""), over).refused(http.StatusRequestEntityTooLarge, "payload_too_large", "4194304")
	}},
	{"a document nested 100,000 deep is refused", func(c *client) {
		s := c.create(people)
		before := s.state()
		deep := strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)
		for _, tt := range []struct{ method, below, body string }{
			{"PATCH", "", `{"metadata":{"k":` + deep + `}}`},
			{"PATCH", "/data", `{"operations":[{"op":"add_column","column":"x","values":` + deep + `}]}`},
			{"PUT", "/missing", `{"age":` + deep + `}`},
			{"POST", "/audit", deep},
			{"POST", "/versions", deep},
		} {
			s.do(tt.method, s.path("")+tt.below, tt.body).refused(http.StatusUnprocessableEntity, "malformed_input", "JSON")
		}
		if diff := cmp.Diff(before, s.state()); diff != "" {
			c.Error(diff)
		}
	}},
	{"an id that is none is refused on every route", func(c *client) {
		for _, id := range []string{
			"x", "1", "..%2f..%2f..%2fetc%2fpasswd", "%2e%2e%5c%2e%2e", "%00", unknownID + "%00", unknownID[:35], unknownID + "0",
			strings.ReplaceAll(unknownID, "-", ""), "{" + unknownID + "}", "urn:uuid:" + unknownID, "A0000000-0000-4000-8000-000000000000",
			"*", "%7Bx%7D:head", strings.Repeat("x", 5000), "%F0%9F%98%80", "%ff%fe",
		} {
			for _, r := range routes {
				c.do(r.method, "/api/v1/sessions/"+id+r.below, r.body, r.headers...).
					refused(http.StatusBadRequest, "invalid_parameter", "session id", "123e4567-e89b-42d3-a456-426614174000")
			}
		}
	}},
	{"a path that climbs out leads nowhere", func(c *client) {
		for _, path := range []string{"/api/v1/sessions/../../../etc/passwd", "/../../etc/passwd", "//etc/passwd"} {
			c.do("GET", path, nil).refused(http.StatusNotFound, "not_found", "/openapi.json")
		}
	}},
	{"an unknown session is refused on every route", func(c *client) {
		(&sess{client: c, id: unknownID}).isGone()
	}},
	{"a damaged file is answered, whichever byte is wrong", func(c *client) {
		random := rand.New(rand.NewPCG(1, 2))
		for _, f := range peopleFiles() {
			for range 40 {
				damaged := bytes.Clone(f.body)
				for range 1 + random.IntN(4) {
					damaged[random.IntN(len(damaged))] = byte(random.Uint32())
				}
				if random.IntN(3) == 0 {
					damaged = damaged[:random.IntN(len(damaged))]
				}
				a := c.do("POST", "/api/v1/sessions", damaged, "Content-Type: "+f.contentType)
				switch a.status {
				case http.StatusCreated:
					made := &sess{client: c, id: a.session().SessionID}
					made.get("/data")
					made.get("/data", "format=arrow")
				case http.StatusUnprocessableEntity:
					a.refused(a.status, "malformed_input")
				default:
					a.refused(http.StatusRequestEntityTooLarge, "dataframe_too_large")
				}
			}
		}
	}},
}

// repeated is a reader that repeats a text endlessly.
type repeated string

func (r repeated) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = r[i%len(r)]
	}
	return len(p), nil
}
