package api

import (
	"cmp"
	"net/http"
	"strings"
)

// The console at /console/ is a page for people: it uploads, shows and edits tables. Its files are in package console.
// Like those of /docs they are not in the Worker's program: there they are assets.

// ConsolePage is the name of the file that is at /console/ too. All files are at /console/ and their name.
const ConsolePage = "index.html"

// consolePolicy lets the page load what comes from this server, and call it. It may show pictures that it makes itself.
const consolePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
	"font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// ConsoleAssets is the beginning of the names of files whose names change with their content.
const ConsoleAssets = "assets/"

// SetConsoleHeaders sets the headers of a file of the console, beside those of [SetSecurityHeaders].
func SetConsoleHeaders(h http.Header, name string) {
	h.Set("Content-Security-Policy", consolePolicy)
	h.Set("Cache-Control", "no-cache")
	if strings.HasPrefix(name, ConsoleAssets) {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
}

func (s *server) console(w http.ResponseWriter, r *http.Request) error {
	name := cmp.Or(r.PathValue("file"), ConsolePage)
	var f DocsFile
	found := false
	if s.Console != nil {
		f, found = s.Console(name)
	}
	if !found {
		return s.nothingAt(r)
	}
	SetConsoleHeaders(w.Header(), name)
	return f.send(w, r)
}

// toConsole leads to the page. The address is relative, because a server behind a proxy does not know its own.
func (s *server) toConsole(w http.ResponseWriter, r *http.Request) error {
	http.Redirect(w, r, "/console/", http.StatusFound)
	return nil
}

// isBrowser reports whether a request is that of a person who has opened an address: browsers ask for HTML by name then,
// and programs do not.
func isBrowser(r *http.Request) bool {
	for _, line := range r.Header.Values("Accept") {
		for part := range strings.SplitSeq(line, ",") {
			media, _, _ := strings.Cut(part, ";")
			if strings.EqualFold(strings.TrimSpace(media), "text/html") {
				return true
			}
		}
	}
	return false
}
