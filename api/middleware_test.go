package api

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

func TestRequestIDs(t *testing.T) {
	f := newFixture(t)
	tests := []struct {
		name, given string
		kept        bool
	}{
		{"a harmless one is kept", "abc-DEF_123.4", true},
		{"one of the full length is kept", strings.Repeat("x", maxRequestID), true},
		{"none is replaced", "", false},
		{"one too long is replaced", strings.Repeat("x", maxRequestID+1), false},
		{"one with other characters is replaced", "a b", false},
		{"one with markup is replaced", "<script>", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := f.do("GET", "/health/live", "", headerRequestID, tt.given).Header.Get(headerRequestID)
			if (got == tt.given) != tt.kept || !harmless(got) {
				t.Errorf("%q became %q", tt.given, got)
			}
		})
	}
	if a, b := f.do("GET", "/", ""), f.do("GET", "/", ""); a.Header.Get(headerRequestID) == b.Header.Get(headerRequestID) {
		t.Error("two requests have one id")
	}
}

const origin = "http://localhost:5173"

func TestCrossOriginRequests(t *testing.T) {
	tests := []struct {
		name    string
		allowed []string
		origin  string
		want    string
	}{
		{"an origin of the list may", []string{origin}, origin, origin},
		{"another origin may not", []string{origin}, "http://localhost:9999", ""},
		{"an origin that begins like one of the list may not", []string{origin}, origin + ".evil.example", ""},
		{"any origin may with a star", []string{"*"}, "https://example.org", "*"},
		{"no origin may with an empty list", nil, origin, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture(t, func(c *Config) { c.CORSOrigins = tt.allowed })
			res := f.do("GET", "/health", "", "Origin", tt.origin)
			f.wantStatus(res, http.StatusOK)
			if got := res.Header.Get("Access-Control-Allow-Origin"); got != tt.want {
				t.Errorf("allowed origin %q, want %q", got, tt.want)
			}
			preflight := f.do("OPTIONS", "/api/v1/sessions", "", "Origin", tt.origin, "Access-Control-Request-Method", "POST")
			if got := preflight.Header.Get("Access-Control-Allow-Origin"); got != tt.want {
				t.Errorf("preflight: allowed origin %q, want %q", got, tt.want)
			}
		})
	}
}

func TestPreflightNeedsNoTokenAndIsCached(t *testing.T) {
	f := newFixture(t, func(c *Config) {
		c.CORSOrigins = []string{origin}
		c.Tokens = []string{"secret"}
	})
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		res := f.do("OPTIONS", "/api/v1/sessions/x/data", "", "Origin", origin,
			"Access-Control-Request-Method", method,
			"Access-Control-Request-Headers", "authorization,content-type,edgeframe-revision,if-match")
		f.wantStatus(res, http.StatusNoContent)
		if got := res.Header.Get("Access-Control-Allow-Methods"); got != method {
			t.Errorf("allowed methods %q, want %s", got, method)
		}
		if got := res.Header.Get("Access-Control-Allow-Headers"); !strings.Contains(got, "edgeframe-revision") {
			t.Errorf("allowed headers %q", got)
		}
		if got := res.Header.Get("Access-Control-Max-Age"); got != "7200" {
			t.Errorf("max age %q", got)
		}
	}
}

func TestScriptsMayReadEveryHeaderOfTheAPI(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.CORSOrigins = []string{origin} })
	path := f.upload("a\n1\n2\n")
	var exposed []string
	for name := range strings.SplitSeq(f.do("GET", path, "", "Origin", origin).Header.Get("Access-Control-Expose-Headers"), ",") {
		exposed = append(exposed, http.CanonicalHeaderKey(strings.TrimSpace(name)))
	}
	// Browsers expose some headers by default, and the others here are for browsers only.
	safelisted := []string{
		"Cache-Control", "Content-Type", "Content-Length", "Vary", "Allow",
		"X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Resource-Policy", "Content-Security-Policy",
	}
	for name := range f.do("GET", path+"/data?limit=1", "", "Origin", origin).Header {
		if !slices.Contains(exposed, name) && !slices.Contains(safelisted, name) && !strings.HasPrefix(name, "Access-Control-") {
			t.Errorf("%s is not among the exposed %q", name, exposed)
		}
	}
	for _, name := range []string{"Etag", "Location", "Retry-After"} {
		if !slices.Contains(exposed, name) {
			t.Errorf("%s is not among the exposed %q", name, exposed)
		}
	}
}

// panicking returns the whole chain of handlers around one that panics with p.
func panicking(t *testing.T, p any) *fixture {
	c, f := newServer(t)
	s := &server{Config: c}
	s.routes = []route{{"GET", "/panic", nil, func(http.ResponseWriter, *http.Request) error { panic(p) }}}
	f.handler = s.withRequestID(s.recoverPanics(s.mux()))
	return f
}

func TestAPanicIsAnsweredAndLogged(t *testing.T) {
	f := panicking(t, "the secret of the machine")
	res := f.do("GET", "/panic", "", headerRequestID, "find-me")
	f.wantProblem(res, http.StatusInternalServerError, "internal")
	if strings.Contains(res.body, "secret") {
		t.Errorf("the answer tells the panic: %s", res.body)
	}
	for _, want := range []string{"the secret of the machine", "find-me", "middleware_test.go", "path=/panic"} {
		if !strings.Contains(f.log.String(), want) {
			t.Errorf("the log does not say %q:\n%s", want, f.log)
		}
	}
}

func TestAnAbortIsPassedOn(t *testing.T) {
	f := panicking(t, http.ErrAbortHandler)
	defer func() {
		if p := recover(); p != http.ErrAbortHandler {
			t.Errorf("recovered %v", p)
		}
		if f.log.Len() > 0 {
			t.Errorf("an abort was logged: %s", f.log)
		}
	}()
	f.handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/panic", nil))
	t.Error("the abort was swallowed")
}
