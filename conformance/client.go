//go:build !js

package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// client calls a target for one test.
type client struct {
	*testing.T
	target Target
	http   *http.Client
	store  storageDocument
}

func newClient(t *testing.T, target Target) *client {
	// The transport must not ask for compression, because the tests check responses as they are
	// sent. workerd closes connections that are idle for five seconds, or that it takes to be when it
	// has much to do, and a request on a closing connection gets no answer.
	transport := &http.Transport{MaxIdleConnsPerHost: 32, DisableCompression: true, IdleConnTimeout: time.Second, DisableKeepAlives: target.Runtime == "workers"}
	t.Cleanup(transport.CloseIdleConnections)
	c := &client{T: t, target: target, http: &http.Client{Transport: transport, Timeout: time.Minute}}
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.do("GET", "/health/storage", nil).is(http.StatusOK).decode(&c.store)
	return c
}

// in returns a copy of the client for another test.
func (c *client) in(t *testing.T) *client {
	other := *c
	other.T = t
	return &other
}

// run runs check as a subtest.
func (c *client) run(name string, check func(c *client)) {
	c.T.Run(name, func(t *testing.T) { check(c.in(t)) })
}

// do sends a request. The body is nil, a string, chunked or bytes that are sent as they are, or
// anything else, sent as JSON. Headers are given as "Name: value".
func (c *client) do(method, path string, body any, headers ...string) *answer {
	c.Helper()
	a, err := c.try(method, path, body, headers...)
	if err != nil {
		c.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

// try is do for requests that may get no answer, and for goroutines. If the server is busy with other
// uploads, try waits as the server says and sends the request again.
func (c *client) try(method, path string, body any, headers ...string) (a *answer, err error) {
	for range 30 {
		a, err = c.once(method, path, body, headers...)
		if err != nil || !a.busy() {
			break
		}
	}
	return a, err
}

// busy reports whether the request must be sent again, and waits before that.
func (a *answer) busy() bool {
	if a.status != http.StatusTooManyRequests {
		return false
	}
	seconds, _ := strconv.Atoi(a.header.Get("Retry-After"))
	time.Sleep(time.Duration(max(seconds, 1)) * time.Second)
	return true
}

func (c *client) once(method, path string, body any, headers ...string) (*answer, error) {
	sent, contentType, err := encode(body)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(c.Context(), method, c.target.URL+path, sent)
	if err != nil {
		return nil, err
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	if _, ok := body.(chunked); ok {
		r.TransferEncoding = []string{"chunked"}
	}
	if c.target.Token != "" {
		r.Header.Set("Authorization", "Bearer "+c.target.Token)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	response, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	a := &answer{c, method + " " + shorten(path), response.StatusCode, response.Header, got}
	a.isDocumented(method, path)
	a.leaksNothing(path, body, headers)
	return a, nil
}

func encode(body any) (r io.Reader, contentType string, err error) {
	switch body := body.(type) {
	case nil:
		return http.NoBody, "", nil
	case string:
		return strings.NewReader(body), "", nil
	case []byte:
		return bytes.NewReader(body), "", nil
	case chunked:
		return body.reader(), "", nil
	}
	b, err := json.Marshal(body)
	return bytes.NewReader(b), "application/json", err
}

// answer is a response that has been read.
type answer struct {
	c       *client
	request string
	status  int
	header  http.Header
	body    []byte
}

// is ends the test unless the status is the given one.
func (a *answer) is(status int) *answer {
	a.c.Helper()
	if a.status != status {
		a.c.Fatalf("%s: status %d, want %d: %s", a.request, a.status, status, shorten(string(a.body)))
	}
	return a
}

// decode reads a JSON document into v. It ends the test if the document has members that v lacks.
func (a *answer) decode(v any) {
	a.c.Helper()
	if got := a.header.Get("Content-Type"); got != "application/json" && got != "application/problem+json" {
		a.c.Fatalf("%s: content type %q is not JSON", a.request, got)
	}
	dec := json.NewDecoder(bytes.NewReader(a.body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		a.c.Fatalf("%s: %v in %s", a.request, err, shorten(string(a.body)))
	}
}

// session reads a session document.
func (a *answer) session() (doc sessionDocument) {
	a.c.Helper()
	a.decode(&doc)
	return doc
}

// refused ends the test unless the answer is a complete problem document with that status and code.
// The detail must contain each of says: what is wrong, and what would be accepted.
func (a *answer) refused(status int, code string, says ...string) {
	a.c.Helper()
	var p problemDocument
	a.is(status).decode(&p)
	want := problemDocument{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code}
	want.Detail, want.RequestID = p.Detail, a.header.Get("X-Request-Id")
	if told := status == http.StatusConflict || status == http.StatusPreconditionFailed; told {
		want.CurrentRevision, want.CurrentVersion = p.CurrentRevision, p.CurrentVersion
		token := fmt.Sprintf("%d-", p.CurrentRevision)
		if p.CurrentRevision == 0 || p.CurrentVersion == 0 || !strings.HasPrefix(a.header.Get("Edgeframe-Revision"), token) || !strings.HasPrefix(a.header.Get("ETag"), `"`+token) {
			a.c.Errorf("%s: revision %d, version %d, and the headers %v of the present state", a.request, p.CurrentRevision, p.CurrentVersion, a.header)
		}
	}
	if p != want || p.RequestID == "" || p.Detail == "" {
		a.c.Fatalf("%s: problem %+v, want %+v", a.request, p, want)
	}
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		a.c.Errorf("%s: content type %q of a problem", a.request, got)
	}
	for _, s := range says {
		if !strings.Contains(p.Detail, s) {
			a.c.Errorf("%s: detail %q does not contain %q", a.request, p.Detail, s)
		}
	}
	if len(p.Detail) > 1000 {
		a.c.Errorf("%s: detail of %d bytes", a.request, len(p.Detail))
	}
}

// has checks a header.
func (a *answer) has(name, want string) *answer {
	a.c.Helper()
	if got := a.header.Get(name); got != want {
		a.c.Errorf("%s: %s is %q, want %q", a.request, name, got, want)
	}
	return a
}

// sess is a session of a test.
type sess struct {
	*client
	id string
	// made is the answer to its creation.
	made sessionDocument
}

// create uploads a CSV file, with query parameters such as "ttl_seconds=1".
func (c *client) create(csv string, params ...string) *sess {
	c.Helper()
	return c.upload("text/csv", []byte(csv), params...)
}

// upload creates a session from a file.
func (c *client) upload(contentType string, file []byte, params ...string) *sess {
	c.Helper()
	doc := c.do("POST", query("/api/v1/sessions", params...), file, "Content-Type: "+contentType).is(http.StatusCreated).session()
	return &sess{c, doc.SessionID, doc}
}

// query appends parameters, each "name=value", to a path.
func query(path string, params ...string) string {
	values := url.Values{}
	for _, p := range params {
		name, value, _ := strings.Cut(p, "=")
		values.Add(name, value)
	}
	if len(values) == 0 {
		return path
	}
	return path + "?" + values.Encode()
}

// path returns a path below that of the session, or that of the session itself for "".
func (s *sess) path(below string, params ...string) string {
	return query("/api/v1/sessions/"+s.id+below, params...)
}

// get sends a GET for a path of the session, which must succeed.
func (s *sess) get(below string, params ...string) *answer {
	s.Helper()
	return s.do("GET", s.path(below, params...), nil).is(http.StatusOK)
}

// post sends a request without a body that must succeed, and returns the session document.
func (s *sess) post(below string) sessionDocument {
	s.Helper()
	return s.do("POST", s.path(below), nil).is(http.StatusOK).session()
}

func (s *sess) document() sessionDocument {
	s.Helper()
	return s.get("").session()
}

func (s *sess) versions() (doc versionsDocument) {
	s.Helper()
	s.get("/versions").decode(&doc)
	return doc
}

// op is an operation of an edit.
type op map[string]any

// patch sends operations.
func (s *sess) patch(ops ...op) *answer {
	s.Helper()
	return s.do("PATCH", s.path("/data"), map[string]any{"operations": ops})
}

// edit applies operations that must succeed.
func (s *sess) edit(ops ...op) sessionDocument {
	s.Helper()
	return s.patch(ops...).is(http.StatusOK).session()
}

// page returns the data for the parameters, with orient=split.
func (s *sess) page(params ...string) (doc pageDocument) {
	s.Helper()
	s.get("/data", append(params, "orient=split")...).decode(&doc)
	return doc
}

// cells returns the data of a page with one line per row, in the server's own spelling.
func (s *sess) cells(params ...string) string {
	s.Helper()
	var doc struct {
		Data struct{ Data []json.RawMessage }
	}
	a := s.get("/data", append(params, "orient=split")...)
	if err := json.Unmarshal(a.body, &doc); err != nil {
		s.Fatal(err)
	}
	lines := make([]string, len(doc.Data.Data))
	for i, row := range doc.Data.Data {
		lines[i] = string(row)
	}
	return strings.Join(lines, "\n")
}

// state returns everything of a session that a rejected request must not change.
func (s *sess) state() string {
	s.Helper()
	doc := s.get("")
	var b strings.Builder
	fmt.Fprintln(&b, doc.header.Get("Edgeframe-Revision"))
	b.Write(withoutAccess(doc.body))
	for _, part := range []string{"/versions", "/data", "/missing", "/audit"} {
		b.Write(s.get(part).body)
	}
	return b.String()
}

// form returns a multipart form and its content type. Fields are "name=value"; a file has no
// field if its name is empty.
func form(filename, contentType string, file []byte, fields ...string) (body []byte, mediaType string) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, f := range fields {
		name, value, _ := strings.Cut(f, "=")
		_ = w.WriteField(name, value)
	}
	if filename != "" {
		header := map[string][]string{"Content-Disposition": {fmt.Sprintf(`form-data; name="file"; filename=%q`, filename)}}
		if contentType != "" {
			header["Content-Type"] = []string{contentType}
		}
		part, _ := w.CreatePart(header)
		_, _ = part.Write(file)
	}
	_ = w.Close()
	return b.Bytes(), w.FormDataContentType()
}

func shorten(s string) string {
	const most = 400
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
