//go:build !js

package native

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

var longText = strings.Repeat(`{"column":"value"}`, 1000)

// taggedHandler answers with body and the entity tag "v1", and records the preconditions of the
// request.
func taggedHandler(contentType, body string, seen *http.Header) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if seen != nil {
			*seen = r.Header.Clone()
		}
		w.Header().Set("ETag", `"v1"`)
		w.Header().Set("Content-Type", contentType)
		if strings.Contains(r.Header.Get("If-None-Match"), `"v1"`) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = io.WriteString(w, body)
	})
}

func request(t *testing.T, h http.Handler, headers ...string) *http.Response {
	t.Helper()
	h, err := compress(h)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", "/", nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func TestTextIsCompressedAsTheClientAsks(t *testing.T) {
	for _, test := range []struct{ accept, encoding, etag string }{
		{"", "", `"v1"`},
		{"br", "", `"v1"`},
		{"identity", "", `"v1"`},
		{"gzip", "gzip", `"v1-gzip"`},
		{"gzip, deflate, br, zstd", "zstd", `"v1-zstd"`},
		{"gzip;q=1, zstd;q=0.5", "gzip", `"v1-gzip"`},
		{"gzip;q=0, zstd;q=0", "", `"v1"`},
	} {
		t.Run("Accept-Encoding "+test.accept, func(t *testing.T) {
			resp := request(t, taggedHandler("application/json", longText, nil), "Accept-Encoding", test.accept)
			got := []string{resp.Header.Get("Content-Encoding"), resp.Header.Get("ETag"), resp.Header.Get("Vary"), decoded(t, resp)}
			if diff := cmp.Diff([]string{test.encoding, test.etag, "Accept-Encoding", longText}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func decoded(t *testing.T, resp *http.Response) string {
	t.Helper()
	var body io.Reader = resp.Body
	var err error
	switch resp.Header.Get("Content-Encoding") {
	case "gzip":
		body, err = gzip.NewReader(body)
	case "zstd":
		body, err = zstd.NewReader(body)
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestOnlyTextThatIsWorthItIsCompressed(t *testing.T) {
	for _, test := range []struct {
		contentType, body string
		compressed        bool
	}{
		{"application/json", longText, true},
		{"application/problem+json", longText, true},
		{"application/x-ndjson", longText, true},
		{"text/csv; charset=utf-8", longText, true},
		{"text/tab-separated-values", longText, true},
		{"application/json", "{}", false},
		{"application/vnd.apache.arrow.stream", longText, false},
		{"application/vnd.apache.arrow.file", longText, false},
		{"application/vnd.msgpack", longText, false},
		{"application/octet-stream", longText, false},
	} {
		t.Run(test.contentType, func(t *testing.T) {
			resp := request(t, taggedHandler(test.contentType, test.body, nil), "Accept-Encoding", "zstd")
			if got := resp.Header.Get("Content-Encoding") == "zstd"; got != test.compressed {
				t.Errorf("compressed is %t, want %t", got, test.compressed)
			}
		})
	}
}

func TestTagsOfCompressedResponsesAreGoodForConditions(t *testing.T) {
	for _, test := range []struct{ asked, answered string }{
		{`"v1"`, `"v1"`},
		{`"v1-gzip"`, `"v1-gzip"`},
		{`"v1-zstd"`, `"v1-zstd"`},
		{`"v0-gzip", "v1-zstd"`, `"v1-zstd"`},
	} {
		t.Run(test.asked, func(t *testing.T) {
			resp := request(t, taggedHandler("application/json", longText, nil), "Accept-Encoding", "gzip, zstd", "If-None-Match", test.asked)
			got := []any{resp.StatusCode, resp.Header.Get("ETag"), resp.Header.Get("Content-Encoding"), resp.Header.Get("Vary")}
			if diff := cmp.Diff([]any{304, test.answered, "", "Accept-Encoding"}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAnotherTagGetsTheWholeResponse(t *testing.T) {
	resp := request(t, taggedHandler("application/json", longText, nil), "Accept-Encoding", "gzip", "If-None-Match", `"v0-gzip"`)
	if resp.StatusCode != 200 || resp.Header.Get("ETag") != `"v1-gzip"` {
		t.Errorf("got %d with %s", resp.StatusCode, resp.Header.Get("ETag"))
	}
}

func TestTheHandlerSeesItsOwnTags(t *testing.T) {
	var seen http.Header
	request(t, taggedHandler("text/csv", "", &seen), "If-Match", `"a-gzip", "b-zstd"`, "If-Match", `"c"`, "If-None-Match", `W/"d-gzip"`)
	want := http.Header{"If-Match": {`"a", "b"`, `"c"`}, "If-None-Match": {`W/"d"`}}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Error(diff)
	}
}
