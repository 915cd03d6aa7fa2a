package api

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/zeebo/xxh3"
)

// The page /docs shows the OpenAPI document, and sends requests. Its files are in package swagger. The handler
// core does not link them, so that they are not in the Worker's program: there they are assets, which
// worker.mjs answers with.

// DocsPage is the name of the file that is at /docs. The others are at /docs/ and their name.
const DocsPage = "docs.html"

// DocsFile is a file of the page /docs, or of the console.
type DocsFile struct {
	ContentType string
	// Body is the file, compressed if Gzip is set.
	Body []byte
	Gzip bool
}

// Plain returns the file as it is without compression.
func (f DocsFile) Plain() ([]byte, error) {
	if !f.Gzip {
		return f.Body, nil
	}
	r, err := gzip.NewReader(bytes.NewReader(f.Body))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// docsPolicy lets the page load what comes from this server, and call it. Icons in the style sheet are data.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// maxAge is for how long browsers need not ask again for the OpenAPI document and the files of the page.
const maxAge = "public, max-age=3600"

// SetDocsHeaders sets the headers that all files of the page have, beside those of [SetSecurityHeaders].
func SetDocsHeaders(h http.Header) {
	h.Set("Content-Security-Policy", docsPolicy)
	h.Set("Cache-Control", maxAge)
}

func (s *server) docs(w http.ResponseWriter, r *http.Request) error {
	return s.docsFile(w, r, DocsPage)
}

func (s *server) docsAsset(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("file")
	if name == DocsPage {
		name = "" // it is at /docs alone
	}
	return s.docsFile(w, r, name)
}

func (s *server) docsFile(w http.ResponseWriter, r *http.Request, name string) error {
	var f DocsFile
	found := false
	if s.Docs != nil {
		f, found = s.Docs(name)
	}
	if !found {
		return s.nothingAt(r)
	}
	SetDocsHeaders(w.Header())
	return f.send(w, r)
}

// send answers with a file that is the same for everybody, or with 304 if the client has it.
func (f DocsFile) send(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	tag := fmt.Sprintf("%x", xxh3.Hash(f.Body))
	packed := f.Gzip && acceptsGzip(r)
	if f.Gzip && !slices.Contains(h.Values("Vary"), "Accept-Encoding") {
		h.Add("Vary", "Accept-Encoding")
	}
	h.Set("ETag", `"`+tag+`"`)
	if packed {
		// Another representation has another tag; see compress of package native.
		h.Set("ETag", `"`+tag+`-gzip"`)
	}
	for _, have := range tags(r, "If-None-Match") {
		if have == "*" || have == `"`+tag+`"` || have == h.Get("ETag") {
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
	}
	body := f.Body
	if packed {
		h.Set("Content-Encoding", "gzip")
	} else {
		var err error
		if body, err = f.Plain(); err != nil {
			return err
		}
	}
	h.Set("Content-Type", f.ContentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	send(w, body)
	return nil
}

// acceptsGzip reports whether the client accepts answers that are compressed with gzip (RFC 9110, section
// 12.5.3).
func acceptsGzip(r *http.Request) bool {
	accepted := map[string]bool{}
	for _, line := range r.Header.Values("Accept-Encoding") {
		for part := range strings.SplitSeq(line, ",") {
			coding, params, _ := strings.Cut(part, ";")
			weight := strings.TrimPrefix(strings.ReplaceAll(params, " ", ""), "q=")
			none := slices.Contains([]string{"0", "0.", "0.0", "0.00", "0.000"}, weight)
			accepted[strings.ToLower(strings.TrimSpace(coding))] = !none
		}
	}
	if ok, named := accepted["gzip"]; named {
		return ok
	}
	return accepted["*"]
}
