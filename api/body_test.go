package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"edgeframe/codec"
	"edgeframe/internal/budget"
)

// noisyBody fails the test if it is read.
type noisyBody struct{ t *testing.T }

func (b noisyBody) Read([]byte) (int, error) {
	b.t.Error("the body was read")
	return 0, io.EOF
}

func TestADeclaredLengthOverTheLimitIsRefusedUnread(t *testing.T) {
	f := newFixture(t)
	path := f.upload("a\n1\n")
	for _, contentType := range []string{"text/csv", "multipart/form-data; boundary=b"} {
		r := httptest.NewRequest("PUT", path+"/data", noisyBody{t})
		r.ContentLength = 10 * 1 << 20
		r.Header.Set("Content-Type", contentType)
		detail := f.wantProblem(f.send(r), http.StatusRequestEntityTooLarge, "payload_too_large")
		if !strings.Contains(detail, fmt.Sprint(maxUpload)) {
			t.Errorf("detail %q does not name the limit", detail)
		}
	}
}

func TestBodiesWithoutALengthAreCutAtTheLimit(t *testing.T) {
	f := newFixture(t)
	path := f.upload("a\n1\n")
	send := func(size int) *response {
		// With a reader of an unknown type the request has no length, as if it was chunked.
		body := strings.NewReader("a\n" + strings.Repeat("1\n", size/2-1))
		r := httptest.NewRequest("PUT", path+"/data", struct{ io.Reader }{body})
		r.Header.Set("Content-Type", "text/csv")
		return f.send(r)
	}
	f.wantStatus(send(maxUpload), http.StatusOK)
	f.wantProblem(send(maxUpload+2), http.StatusRequestEntityTooLarge, "payload_too_large")
}

func TestABrokenOffBodyIsMalformed(t *testing.T) {
	f := newFixture(t)
	r := httptest.NewRequest("POST", "/api/v1/sessions", io.MultiReader(strings.NewReader("a\n1\n"), failingReader{}))
	r.Header.Set("Content-Type", "text/csv")
	f.wantProblem(f.send(r), http.StatusBadRequest, "malformed_input")
}

// TestABodyOfUnknownLengthIsOneIfItHasAByte sends bodies of undeclared length to a route that takes no
// body.
func TestABodyOfUnknownLengthIsOneIfItHasAByte(t *testing.T) {
	f := newFixture(t)
	path := f.upload("a\n1\n")
	send := func(body io.Reader) *response { return f.send(httptest.NewRequest("POST", path+"/undo", body)) }
	f.wantProblem(send(struct{ io.Reader }{strings.NewReader("x")}), http.StatusBadRequest, "invalid_parameter")
	f.wantProblem(send(busyReader{}), http.StatusBadRequest, "invalid_parameter")
	f.wantProblem(send(failingReader{}), http.StatusBadRequest, "malformed_input")
	f.wantProblem(send(struct{ io.Reader }{strings.NewReader("")}), http.StatusConflict, "nothing_to_undo")
}

// busyReader is a body that exceeds the budget for bodies.
type busyReader struct{}

func (busyReader) Read([]byte) (int, error) { return 0, ErrBusy }

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestDocumentsAreReadStrictly(t *testing.T) {
	f := newFixture(t)
	path := f.upload("a\n1\n")
	tests := []struct {
		name, body, want string
	}{
		{"no body", "", "empty"},
		{"white space only", " \n", "empty"},
		{"no JSON", "a=1", "invalid character"},
		{"half a document", `{"metadata":{`, "unexpected EOF"},
		{"an unknown member", `{"meta":{}}`, `"meta"`},
		{"a second document", `{} {}`, "goes on"},
		{"another type", `{"filename":7}`, `"filename" cannot be number; it takes text`},
		{"null", "null", "must be a JSON object, not null"},
		{"an array", " [{}]", "must be a JSON object, not an array"},
		{"a name twice", `{"filename":"a","filename":"b"}`, `the name "filename" occurs twice`},
		{"a name twice in metadata", `{"metadata":{"k":[{"a":1,"a":2}]}}`, `the name "a" occurs twice`},
		{"a name twice in two spellings", `{"metadata":{"a":1,"\u0061":2}}`, `the name "a" occurs twice`},
		{"metadata that is not UTF-8", "{\"metadata\":{\"a\":\"\xff\"}}", "UTF-8"},
		{"half a surrogate pair in metadata", `{"metadata":{"a":"\ud800"}}`, "surrogate"},
		{"deep nesting", `{"metadata":{"a":` + nested(maxDocumentDepth-1) + `}}`, "deeper than 67 levels"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			detail := f.wantProblem(f.do("PATCH", path, tt.body), http.StatusUnprocessableEntity, "malformed_input")
			if !strings.Contains(detail, tt.want) {
				t.Errorf("detail %q does not say %q", detail, tt.want)
			}
		})
	}
}

// nested returns arrays that are nested so deep.
func nested(depth int) string {
	return strings.Repeat("[", depth) + strings.Repeat("]", depth)
}

func TestValuesOfDocumentsMayNestAsDeepAsThoseOfTables(t *testing.T) {
	f := newFixture(t)
	path := f.upload("a\n1\n")
	deep := nested(codec.DefaultMaxDepth)
	f.wantStatus(f.do("PATCH", path, `{"metadata":{"a":`+deep+`}}`), http.StatusOK)
	f.wantStatus(f.do("PATCH", path+"/data?dry_run=true", `{"operations":[{"op":"add_column","column":"b","values":[`+deep+`]}]}`), http.StatusOK)
}

func TestOperationsThatWouldNotBeKeptAsSentAreRefused(t *testing.T) {
	f := newFixture(t)
	path := f.upload("a\nx\n")
	for name, value := range map[string]string{"half a surrogate pair": `"\ud800"`, "no UTF-8": "\"\xff\"", "a name twice": `{"k":1,"k":2}`} {
		t.Run(name, func(t *testing.T) {
			body := `{"operations":[{"op":"set_values","column":"a","rows":[0],"value":` + value + `}]}`
			f.wantProblem(f.do("PATCH", path+"/data", body), http.StatusUnprocessableEntity, "malformed_input")
		})
	}
}

func TestMismatchesAreToldWithoutGoTypes(t *testing.T) {
	f := newFixture(t)
	path := f.upload("a\n1\n")
	for _, tt := range []struct{ method, below, body, want string }{
		{"PATCH", "/data", `{"operations":{}}`, `"operations" cannot be object; it takes a list`},
		{"PUT", "/missing", `{"a":1}`, `"a" cannot be number; it takes a list`},
		{"PUT", "/missing", `{"a":[0.5]}`, `"a" cannot be number 0.5; it takes whole numbers of 64 bits`},
		{"POST", "/audit", `{"entry":["x"]}`, `"entry" cannot be array; it takes text`},
	} {
		detail := f.wantProblem(f.do(tt.method, path+tt.below, tt.body), http.StatusUnprocessableEntity, "malformed_input")
		if !strings.HasSuffix(detail, ": "+tt.want) {
			t.Errorf("%s: detail %q, want %q", tt.body, detail, tt.want)
		}
	}
}

func TestContentEncodingsThatAreNotReadAreRefused(t *testing.T) {
	f := newFixture(t)
	path := f.upload("a\n1\n")
	for _, target := range []string{"/data", "/missing"} {
		for _, encoding := range []string{"br", "deflate", "gzip, zstd"} {
			resp := f.do("PUT", path+target, "x", "Content-Encoding", encoding)
			f.wantProblem(resp, http.StatusUnsupportedMediaType, "unsupported_media_type")
			if got := resp.Header.Get("Accept-Encoding"); got != "gzip, zstd" {
				t.Errorf("%s: Accept-Encoding is %q", encoding, got)
			}
		}
	}
	f.wantStatus(f.do("PUT", path+"/missing", "{}", "Content-Encoding", "identity"), http.StatusOK)
}

func TestAnEmptyFileIsMalformed(t *testing.T) {
	f := newFixture(t)
	f.wantProblem(f.do("POST", "/api/v1/sessions", "", "Content-Type", "text/csv"), http.StatusUnprocessableEntity, "malformed_input")
}

func TestFilenamesLoseTheirDirectories(t *testing.T) {
	f := newFixture(t)
	for given, want := range map[string]string{
		"a.csv": "a.csv", "../../etc/passwd": "passwd", `C:\data\a.csv`: "a.csv", "/": "", ".": "", "": "", "dir/": "dir",
	} {
		r := httptest.NewRequest("POST", "/api/v1/sessions", strings.NewReader("a\n1\n"))
		q := r.URL.Query()
		q.Set("filename", given)
		r.URL.RawQuery = q.Encode()
		r.Header.Set("Content-Type", "text/csv")
		res := f.send(r)
		f.wantStatus(res, http.StatusCreated)
		if got := f.decode(res)["filename"]; got != want {
			t.Errorf("filename %q was stored as %q, want %q", given, got, want)
		}
		res = f.do("PATCH", f.upload("a\n1\n"), string(encodeJSON(map[string]string{"filename": given})))
		f.wantStatus(res, http.StatusOK)
		if got := f.decode(res)["filename"]; got != want {
			t.Errorf("a session renamed to %q is called %q, want %q", given, got, want)
		}
	}
}

func TestFilenamesHaveNoControlCharacters(t *testing.T) {
	f := newFixture(t)
	path := f.upload("a\n1\n")
	for _, name := range []string{"a\x00.csv", "a\nb", "\x1f", "a\x7f"} {
		upload := f.do("POST", "/api/v1/sessions?filename="+url.QueryEscape(name), "a\n1\n", "Content-Type", "text/csv")
		for _, res := range []*response{upload, f.do("PATCH", path, string(encodeJSON(map[string]string{"filename": name})))} {
			if detail := f.wantProblem(res, http.StatusBadRequest, "invalid_parameter"); !strings.Contains(detail, "control character") {
				t.Errorf("%q: detail %q", name, detail)
			}
		}
	}
	f.wantStatus(f.do("PATCH", path, `{"filename":"Größe 1 ✓.csv"}`), http.StatusOK)
}

// part is one field of a form.
type part struct{ name, filename, contentType, content string }

func form(t testing.TB, parts ...part) (contentType, body string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		h := textproto.MIMEHeader{}
		disposition := fmt.Sprintf(`form-data; name=%q`, p.name)
		if p.filename != "" {
			disposition += fmt.Sprintf(`; filename=%q`, p.filename)
		}
		h.Set("Content-Disposition", disposition)
		if p.contentType != "" {
			h.Set("Content-Type", p.contentType)
		}
		field, err := w.CreatePart(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(field, p.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.String()
}

func TestFormsCarryAFileAndParameters(t *testing.T) {
	f := newFixture(t)
	contentType, body := form(t,
		part{name: "delimiter", content: "semicolon"},
		part{name: "file", filename: "prices.csv", content: "a;b\n1;2\n"},
		part{name: "ttl_seconds", content: "120"},
	)
	res := f.do("POST", "/api/v1/sessions?ttl_seconds=60", body, "Content-Type", contentType)
	f.wantStatus(res, http.StatusCreated)
	doc := f.decode(res)
	if doc["filename"] != "prices.csv" || doc["ttl_seconds"] != 120.0 || fmt.Sprint(doc["columns"]) != "[a b]" {
		t.Errorf("%s", res.body)
	}
}

func TestNullValuesMayBeSeveralFields(t *testing.T) {
	f := newFixture(t)
	parts := []part{{name: "file", filename: "a.csv", content: "a\n1\nx\ny\n"}, {name: "null_values", content: "x"}, {name: "null_values", content: "y"}}
	for len(parts) < maxFields {
		parts = append(parts, part{name: "null_values", content: "z"})
	}
	contentType, body := form(t, parts...)
	res := f.do("POST", "/api/v1/sessions?null_values=1", body, "Content-Type", contentType)
	f.wantStatus(res, http.StatusCreated)
	if got := f.decode(res)["missing_values"]; fmt.Sprint(got) != "map[a:2]" {
		t.Errorf("missing values %v, want x and y but not 1", got)
	}
}

func TestThePartsOwnContentTypeCounts(t *testing.T) {
	f := newFixture(t)
	contentType, body := form(t, part{name: "file", filename: "data.bin", contentType: "text/csv", content: "a\n1\n"})
	f.wantStatus(f.do("POST", "/api/v1/sessions", body, "Content-Type", contentType), http.StatusCreated)
}

func TestBadFormsAreRefused(t *testing.T) {
	file := part{name: "file", filename: "a.csv", content: "a\n1\n"}
	many := []part{file}
	for range maxFields {
		many = append(many, part{name: "null_values", content: "-"})
	}
	tests := []struct {
		name   string
		parts  []part
		status int
		code   string
		says   string
	}{
		{"no file", []part{{name: "filename", content: "a.csv"}}, http.StatusUnprocessableEntity, "malformed_input", ""},
		{"no field at all", nil, http.StatusUnprocessableEntity, "malformed_input", ""},
		{"two files", []part{file, file}, http.StatusBadRequest, "invalid_parameter", `two fields "file"`},
		{"an unknown field", []part{file, {name: "colour", content: "red"}}, http.StatusBadRequest, "invalid_parameter", ""},
		{"a field over its limit", []part{{name: "filename", content: strings.Repeat("x", maxFieldBytes+1)}, file}, http.StatusRequestEntityTooLarge, "payload_too_large", ""},
		{"a file over the limit", []part{{name: "file", filename: "a.csv", content: strings.Repeat("1\n", maxUpload/2+1)}}, http.StatusRequestEntityTooLarge, "payload_too_large", ""},
		{"an empty file", []part{{name: "file", filename: "a.csv"}}, http.StatusUnprocessableEntity, "malformed_input", ""},
		{"a field given twice", []part{file, {name: "strict", content: "true"}, {name: "strict", content: "false"}}, http.StatusBadRequest, "invalid_parameter", ""},
		{"too many fields", many, http.StatusUnprocessableEntity, "malformed_input", ""},
		{"a parameter out of range", []part{file, {name: "ttl_seconds", content: "-1"}}, http.StatusBadRequest, "invalid_parameter", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture(t)
			contentType, body := form(t, tt.parts...)
			detail := f.wantProblem(f.do("POST", "/api/v1/sessions", body, "Content-Type", contentType), tt.status, tt.code)
			if !strings.Contains(detail, tt.says) {
				t.Errorf("%q, want %q", detail, tt.says)
			}
		})
	}
}

func TestBrokenFormsAreMalformed(t *testing.T) {
	contentType, body := form(t, part{name: "file", filename: "a.csv", content: "a\n1\n"})
	tests := []struct{ name, contentType, body string }{
		{"no boundary", "multipart/form-data", body},
		{"another boundary", "multipart/form-data; boundary=other", body},
		{"cut in the middle", contentType, body[:len(body)/2]},
		{"without its end", contentType, strings.TrimSuffix(body, "--\r\n")},
		{"empty", contentType, ""},
		{"a part without a header", "multipart/form-data; boundary=b", "--b\r\nx\r\n--b--\r\n"},
		{"a part with an endless header", "multipart/form-data; boundary=b", "--b\r\n" + strings.Repeat("x", maxUpload)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture(t)
			f.wantProblem(f.do("POST", "/api/v1/sessions", tt.body, "Content-Type", tt.contentType), http.StatusUnprocessableEntity, "malformed_input")
		})
	}
}

func FuzzMultipart(f *testing.F) {
	contentType, body := form(f, part{name: "file", filename: "a.csv", content: "a\n1\n"}, part{name: "strict", content: "true"})
	f.Add(contentType, []byte(body))
	f.Add("multipart/form-data; boundary=b", []byte("--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nx\r\n--b--\r\n"))
	f.Add("multipart/form-data", []byte("--\r\n"))
	f.Add("multipart/form-data; boundary=\"a b\"", []byte("--a b\r\n\r\n\r\n--a b"))
	f.Add("text/csv", []byte("a\n1\n"))
	s := &server{}
	s.Config, _ = newServer(f)
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		r := httptest.NewRequest("POST", "/api/v1/sessions", bytes.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		up, err := s.readUpload(httptest.NewRecorder(), r, createParams)
		if err != nil {
			if p := toProblem(err); p.Status >= http.StatusInternalServerError {
				t.Fatalf("%q %q: %v", contentType, body, err)
			}
			return
		}
		if len(up.body) == 0 || int64(len(up.body)) > s.MaxUploadBytes || strings.ContainsAny(up.filename, `/\`) {
			t.Fatalf("%d bytes were accepted as %q", len(up.body), up.filename)
		}
	})
}

func TestAnUploadThatFindsNoMemoryIsToldToComeBack(t *testing.T) {
	shared := budget.New(budget.Options{Bytes: 1 << 20})
	f := newFixture(t, func(c *Config) { c.Budget = shared })
	others := shared.Open()
	if err := others.Reserve(t.Context(), 1000<<10); err != nil {
		t.Fatal(err)
	}
	table := "a,b\n" + strings.Repeat("1,2\n", 2_000)
	res := f.do("POST", "/api/v1/sessions?filename=t.csv", table)
	f.wantProblem(res, http.StatusTooManyRequests, "rate_limited")
	if seconds, err := strconv.Atoi(res.Header.Get("Retry-After")); err != nil || seconds < 1 {
		t.Errorf("Retry-After %q, want seconds", res.Header.Get("Retry-After"))
	}
	others.Close()
	if res := f.do("POST", "/api/v1/sessions?filename=t.csv", table); res.StatusCode != http.StatusCreated {
		t.Errorf("status %d when there is memory, want 201", res.StatusCode)
	}
	if n := shared.Reserved(); n != 0 {
		t.Errorf("%d bytes stay reserved", n)
	}
}

func TestAnUploadThatNeedsMoreThanAllMemorySaysSo(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.Budget = budget.New(budget.Options{Bytes: 16 << 10}) })
	res := f.do("POST", "/api/v1/sessions?filename=t.csv", "a,b\n"+strings.Repeat("1,2\n", 2_000))
	f.wantProblem(res, http.StatusRequestEntityTooLarge, "dataframe_too_large")
}

func TestABodyOverTheLimitIsRefusedUnreadWhateverMemoryThereIs(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.Budget = budget.New(budget.Options{Bytes: 64 << 10}) })
	r := httptest.NewRequest("POST", "/api/v1/sessions?filename=t.csv", noisyBody{t})
	r.ContentLength = 1 << 40
	f.wantProblem(f.send(r), http.StatusRequestEntityTooLarge, "payload_too_large")
}

func TestABodyOfUnknownSizeReservesWhileItArrives(t *testing.T) {
	shared := budget.New(budget.Options{Bytes: 1 << 20})
	f := newFixture(t, func(c *Config) { c.Budget, c.MaxUploadBytes = shared, 8<<20 })
	r := httptest.NewRequest("POST", "/api/v1/sessions?filename=t.csv", io.LimitReader(endless{}, 4<<20))
	r.ContentLength = -1
	f.wantProblem(f.send(r), http.StatusRequestEntityTooLarge, "dataframe_too_large")
	if n := shared.Reserved(); n != 0 {
		t.Errorf("%d bytes stay reserved", n)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	return copy(p, bytes.Repeat([]byte("1,2\n"), len(p)/4+1)), nil
}
