package api

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"slices"
	"testing"
)

// withDocs is the configuration of a runtime that has two files of the page /docs.
func withDocs(c *Config) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write([]byte("plain"))
	_ = w.Close()
	files := map[string]DocsFile{
		DocsPage: {ContentType: "text/html; charset=utf-8", Body: []byte("<p>")},
		"x.js":   {ContentType: "text/javascript; charset=utf-8", Body: packed.Bytes(), Gzip: true},
	}
	c.Docs = func(name string) (DocsFile, bool) {
		f, ok := files[name]
		return f, ok
	}
}

func TestFilesOfThePageAreSentAsTheClientAccepts(t *testing.T) {
	f := newFixture(t, withDocs)
	for accepted, packed := range map[string]bool{
		"": false, "identity": false, "br, zstd": false, "gzip;q=0": false, "gzip; q=0.000, *": false, "*;q=0": false, "xgzip": false,
		"gzip": true, "br, GZIP;q=0.5": true, "deflate , gzip": true, "*": true, "*;q=0.1": true,
	} {
		res := f.do("GET", "/docs/x.js", "", "Accept-Encoding", accepted)
		f.wantStatus(res, http.StatusOK)
		if got := res.Header.Get("Content-Encoding") == "gzip"; got != packed || !packed && res.body != "plain" {
			t.Errorf("%q: Content-Encoding %q, body %q", accepted, res.Header.Get("Content-Encoding"), res.body)
		}
		if vary := res.Header.Values("Vary"); !slices.Contains(vary, "Accept-Encoding") {
			t.Errorf("%q: Vary %q", accepted, vary)
		}
		tag := res.Header.Get("ETag")
		f.wantStatus(f.do("GET", "/docs/x.js", "", "Accept-Encoding", accepted, "If-None-Match", tag), http.StatusNotModified)
		f.wantStatus(f.do("GET", "/docs/x.js", "", "Accept-Encoding", accepted, "If-None-Match", "W/"+tag), http.StatusNotModified)
		f.wantStatus(f.do("GET", "/docs/x.js", "", "Accept-Encoding", accepted, "If-None-Match", `"another"`), http.StatusOK)
	}
}

func TestARuntimeWithoutThePageHasNothingThere(t *testing.T) {
	f := newFixture(t)
	for _, target := range []string{"/docs", "/docs/x.js", "/docs/docs.html"} {
		f.wantProblem(f.do("GET", target, ""), http.StatusNotFound, "not_found")
	}
	f = newFixture(t, withDocs)
	f.wantProblem(f.do("GET", "/docs/"+DocsPage, ""), http.StatusNotFound, "not_found")
	f.wantProblem(f.do("POST", "/docs", ""), http.StatusMethodNotAllowed, "method_not_allowed")
}
