package api

import (
	"net/http"
	"strings"
	"testing"
)

// withConsole is the configuration of a runtime that has three files of the console.
func withConsole(c *Config) {
	files := map[string]DocsFile{
		ConsolePage:             {ContentType: "text/html; charset=utf-8", Body: []byte("<p>")},
		ConsoleAssets + "x1.js": {ContentType: "text/javascript; charset=utf-8", Body: []byte("x")},
		"licences.txt":          {ContentType: "text/plain; charset=utf-8", Body: []byte("all")},
	}
	c.Console = func(name string) (DocsFile, bool) {
		f, ok := files[name]
		return f, ok
	}
}

func TestTheConsoleHasAPolicyAndFilesThatMayBeKept(t *testing.T) {
	f := newFixture(t, withConsole)
	const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	for target, kept := range map[string]string{
		"/console/":             "no-cache",
		"/console/index.html":   "no-cache",
		"/console/licences.txt": "no-cache",
		"/console/assets/x1.js": "public, max-age=31536000, immutable",
	} {
		res := f.do("GET", target, "")
		f.wantStatus(res, http.StatusOK)
		if got := res.Header.Get("Content-Security-Policy"); got != policy {
			t.Errorf("%s: the policy is %q", target, got)
		}
		if got := res.Header.Get("Cache-Control"); got != kept {
			t.Errorf("%s: Cache-Control %q, want %q", target, got, kept)
		}
		f.wantStatus(f.do("GET", target, "", "If-None-Match", res.Header.Get("ETag")), http.StatusNotModified)
	}
	f.wantProblem(f.do("GET", "/console/assets/none.js", ""), http.StatusNotFound, "not_found")
	f.wantProblem(f.do("GET", "/console/?a=1", ""), http.StatusBadRequest, "invalid_parameter")
	f.wantProblem(newFixture(t).do("GET", "/console/", ""), http.StatusNotFound, "not_found")
}

func TestOnlyBrowsersAreSentToTheConsole(t *testing.T) {
	f := newFixture(t, withConsole)
	for accept, sent := range map[string]bool{
		"": false, "*/*": false, "application/json": false, "text/*": false, "application/xhtml+xml": false,
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": true, "Text/HTML;q=0.5": true,
	} {
		res := f.do("GET", "/", "", "Accept", accept)
		if !strings.Contains(strings.Join(res.Header.Values("Vary"), ","), "Accept") {
			t.Errorf("%q: Vary %q", accept, res.Header.Values("Vary"))
		}
		if sent {
			f.wantStatus(res, http.StatusFound)
			if got := res.Header.Get("Location"); got != "/console/" {
				t.Errorf("%q: Location %q", accept, got)
			}
			continue
		}
		f.wantStatus(res, http.StatusOK)
		if !strings.HasPrefix(res.body, `{"name":"edgeframe"`) {
			t.Errorf("%q: %s", accept, res.body)
		}
	}
	f.wantStatus(f.do("GET", "/console", ""), http.StatusFound)
}
