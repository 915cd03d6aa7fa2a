package api

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"edgeframe/codec/segment"
	"edgeframe/kv"
	"edgeframe/kv/kvtest"
	"edgeframe/kv/memory"
	"edgeframe/session"
)

// fixture is the whole API over a store in memory.
type fixture struct {
	testing.TB
	handler http.Handler
	// driver fails if a test sets its hook.
	driver *kvtest.Failing
	store  *kv.Store
	log    *bytes.Buffer
}

// maxUpload is the body limit of a fixture.
const maxUpload = 10_000

// newServer returns a configuration with small limits, and a fixture with its parts.
func newServer(t testing.TB, configure ...func(*Config)) (Config, *fixture) {
	f := &fixture{TB: t, driver: &kvtest.Failing{Driver: memory.New()}, log: &bytes.Buffer{}}
	f.store = kv.New(f.driver, "")
	c := Config{
		Sessions: session.New(session.Options{
			Store:       f.store,
			MaxVersions: session.DefaultMaxVersions,
			Segment:     segment.Options{Method: "arrow", Compression: "snappy"},
		}),
		Store:          f.store,
		Backend:        Backend{Runtime: "native", Version: "test"},
		MaxUploadBytes: maxUpload,
		Logger:         slog.New(slog.NewTextHandler(f.log, nil)),
	}
	for _, change := range configure {
		change(&c)
	}
	return c, f
}

// inStore makes a fixture whose heads carry no segments.
func inStore(c *Config) {
	c.Sessions = session.New(session.Options{
		Store:       c.Store,
		MaxVersions: session.DefaultMaxVersions,
		InlineBytes: -1,
		Segment:     segment.Options{Method: "arrow", Compression: "snappy"},
	})
}

func newFixture(t testing.TB, configure ...func(*Config)) *fixture {
	c, f := newServer(t, configure...)
	f.handler = New(c)
	return f
}

// response is a recorded answer with its body.
type response struct {
	*http.Response
	body string
}

// do sends a request; headers are alternately names and values.
func (f *fixture) do(method, target, body string, headers ...string) *response {
	f.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return f.send(r)
}

func (f *fixture) send(r *http.Request) *response {
	f.Helper()
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, r)
	result := w.Result()
	body, err := io.ReadAll(result.Body)
	if err != nil {
		f.Fatal(err)
	}
	f.wantDocumented(r, result, body)
	return &response{result, string(body)}
}

var openAPI = sync.OnceValues(func() (*openapi3.T, error) { return openapi3.NewLoader().LoadFromData(openAPIDocument) })

// wantDocumented checks that the answer of a route has a status, a type and a body that the
// OpenAPI document knows.
func (f *fixture) wantDocumented(r *http.Request, res *http.Response, body []byte) {
	f.Helper()
	doc, err := openAPI()
	if err != nil {
		f.Fatal(err)
	}
	for path, item := range doc.Paths.Map() {
		op := item.Operations()[r.Method]
		if op == nil || !matches(path, r.URL.Path) {
			continue
		}
		answer := op.Responses.Value(strconv.Itoa(res.StatusCode))
		if answer == nil {
			f.Fatalf("%s %s answers %d, which is not documented: %s", r.Method, path, res.StatusCode, body)
		}
		if len(body) == 0 {
			return
		}
		content := answer.Value.Content[res.Header.Get("Content-Type")]
		if content == nil {
			f.Fatalf("%s %s answers %d with %s, which is not documented", r.Method, path, res.StatusCode, res.Header.Get("Content-Type"))
		}
		if content.Schema == nil {
			return
		}
		var value any = string(body)
		if isJSON(res.Header.Get("Content-Type")) {
			if err := json.Unmarshal(body, &value); err != nil {
				f.Fatalf("%v in %s", err, body)
			}
		}
		if err := content.Schema.Value.VisitJSON(value, openapi3.EnableJSONSchema2020()); err != nil {
			f.Errorf("%s %s answers %d with what is not documented: %v\n%s", r.Method, path, res.StatusCode, err, body)
		}
	}
}

func isJSON(contentType string) bool {
	return contentType == "application/json" || contentType == "application/problem+json"
}

// matches reports whether path matches a template such as /sessions/{id}.
func matches(template, path string) bool {
	want, have := strings.Split(template, "/"), strings.Split(path, "/")
	return slices.EqualFunc(want, have, func(w, h string) bool { return w == h || strings.HasPrefix(w, "{") })
}

// upload creates a session from a CSV file and returns its path.
func (f *fixture) upload(csv string) string {
	f.Helper()
	res := f.do("POST", "/api/v1/sessions", csv, "Content-Type", "text/csv")
	f.wantStatus(res, http.StatusCreated)
	return res.Header.Get("Location")
}

func (f *fixture) wantStatus(res *response, status int) {
	f.Helper()
	if res.StatusCode != status {
		f.Fatalf("status %d, want %d: %s", res.StatusCode, status, res.body)
	}
}

// wantProblem checks that the answer is a complete problem document and returns its detail.
func (f *fixture) wantProblem(res *response, status int, code string) string {
	f.Helper()
	f.wantStatus(res, status)
	if ct := res.Header.Get("Content-Type"); ct != "application/problem+json" {
		f.Errorf("content type %q of a problem", ct)
	}
	var p problem
	dec := json.NewDecoder(strings.NewReader(res.body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p); err != nil {
		f.Fatalf("%v in %s", err, res.body)
	}
	if p.Code != code || p.Status != status || p.Title != http.StatusText(status) || p.Type != "about:blank" || p.Detail == "" {
		f.Fatalf("problem %+v, want status %d and code %s", p, status, code)
	}
	if id := res.Header.Get(headerRequestID); p.RequestID == "" || p.RequestID != id {
		f.Errorf("request_id %q in the problem, %q in the header", p.RequestID, id)
	}
	return p.Detail
}

// decode reads a JSON answer.
func (f *fixture) decode(res *response) map[string]any {
	f.Helper()
	var doc map[string]any
	if err := json.Unmarshal([]byte(res.body), &doc); err != nil {
		f.Fatalf("%v in %s", err, res.body)
	}
	return doc
}
