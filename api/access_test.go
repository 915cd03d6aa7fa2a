package api

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestTokensGuardTheSessionsOnly(t *testing.T) {
	f := newFixture(t, withDocs, withConsole, func(c *Config) { c.Tokens = []string{"first-secret", "second-secret"} })
	tests := []struct {
		name, target, authorization string
		want                        int
	}{
		{"none", "/api/v1/sessions", "", http.StatusUnauthorized},
		{"a wrong one", "/api/v1/sessions", "Bearer wrong", http.StatusUnauthorized},
		{"the beginning of one", "/api/v1/sessions", "Bearer first", http.StatusUnauthorized},
		{"an empty one", "/api/v1/sessions", "Bearer ", http.StatusUnauthorized},
		{"another scheme", "/api/v1/sessions", "Basic first-secret", http.StatusUnauthorized},
		{"the first", "/api/v1/sessions", "Bearer first-secret", http.StatusOK},
		{"the second, in another spelling of the scheme", "/api/v1/sessions", "bearer second-secret", http.StatusOK},
		{"none on an unknown path below", "/api/v1/secrets", "", http.StatusUnauthorized},
		{"none on health", "/health/storage", "", http.StatusOK},
		{"none on a check that writes", "/health/storage?deep=true", "", http.StatusUnauthorized},
		{"a wrong one on a check that writes", "/health/storage?deep=true", "Bearer wrong", http.StatusUnauthorized},
		{"one on a check that writes", "/health/storage?deep=true", "Bearer first-secret", http.StatusOK},
		{"none on the description", "/openapi.json", "", http.StatusOK},
		{"none on its page", "/docs", "", http.StatusOK},
		{"a wrong one on a file of the page", "/docs/x.js", "Bearer wrong", http.StatusOK},
		{"none on the console", "/console/", "", http.StatusOK},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res := f.do("GET", tt.target, "", "Authorization", tt.authorization)
			f.wantStatus(res, tt.want)
			if tt.want != http.StatusUnauthorized {
				return
			}
			f.wantProblem(res, http.StatusUnauthorized, "unauthorized")
			if got := res.Header.Get("WWW-Authenticate"); !strings.HasPrefix(got, "Bearer ") {
				t.Errorf("WWW-Authenticate %q", got)
			}
			if strings.Contains(res.body, "secret") {
				t.Errorf("the answer tells a token: %s", res.body)
			}
		})
	}
}

// TestWrongTokensAreCounted says how requests are answered whose sender has sent too many wrong tokens:
// only those with another wrong one are told to wait.
func TestWrongTokensAreCounted(t *testing.T) {
	var counted []string
	wait := 1500 * time.Millisecond
	f := newFixture(t, func(c *Config) {
		c.Tokens = []string{"secret"}
		c.TokenRefused = func(r *http.Request) time.Duration {
			counted = append(counted, r.Header.Get("Authorization"))
			return wait
		}
	})
	for _, authorization := range []string{"", "Bearer ", "Basic secret", "secret"} {
		f.wantProblem(f.do("GET", "/api/v1/nothing", "", "Authorization", authorization), http.StatusUnauthorized, "unauthorized")
	}
	f.wantStatus(f.do("GET", "/api/v1/nothing", "", "Authorization", "Bearer secret"), http.StatusNotFound)
	if len(counted) > 0 {
		t.Errorf("counted were %q, which are no wrong tokens", counted)
	}

	for _, target := range []string{"/api/v1/nothing", "/health/storage?deep=true"} {
		res := f.do("GET", target, "", "Authorization", "Bearer wrong")
		f.wantProblem(res, http.StatusTooManyRequests, "too_many_attempts")
		if res.Header.Get("Retry-After") != "2" || res.Header.Get("Connection") != "close" || res.Header.Get("WWW-Authenticate") != "" {
			t.Errorf("%s: header %v", target, res.Header)
		}
	}
	wait = 0
	f.wantProblem(f.do("GET", "/api/v1/nothing", "", "Authorization", "Bearer wrong"), http.StatusUnauthorized, "unauthorized")
	if len(counted) != 3 {
		t.Errorf("counted were %q, want three", counted)
	}
}

// TestPagesOfOtherOriginsChangeNothing sends what browsers send for pages of several origins. The server
// is example.com to the requests of a fixture.
func TestPagesOfOtherOriginsChangeNothing(t *testing.T) {
	const own = "http://example.com"
	// The default of CORS_ORIGINS.
	loopback := []string{"http://localhost:*", "https://localhost:*", "http://127.0.0.1:*", "https://127.0.0.1:*", "http://[::1]:*", "https://[::1]:*"}
	tests := []struct {
		name    string
		allowed []string
		headers []string
		passes  bool
	}{
		{"no browser", nil, nil, true},
		{"a page of the server", nil, []string{"Origin", own, "Sec-Fetch-Site", "same-origin"}, true},
		{"a page of the server behind a proxy that changes the Host", nil, []string{"Origin", "https://public.example", "Sec-Fetch-Site", "same-origin"}, true},
		{"a page of the server in an old browser", nil, []string{"Origin", own}, true},
		{"the address bar", nil, []string{"Sec-Fetch-Site", "none"}, true},
		{"a page of an origin of the list", []string{origin}, []string{"Origin", origin, "Sec-Fetch-Site", "cross-site"}, true},
		{"the same in an old browser", []string{origin}, []string{"Origin", origin}, true},
		{"a page of an origin that a pattern allows", []string{"https://*.example.org"}, []string{"Origin", "https://app.example.org", "Sec-Fetch-Site", "cross-site"}, true},
		{"a page of this machine on any port", loopback, []string{"Origin", "http://localhost:4173", "Sec-Fetch-Site", "cross-site"}, true},
		{"a page of an IPv6 loopback address", loopback, []string{"Origin", "http://[::1]:9", "Sec-Fetch-Site", "cross-site"}, true},
		{"a page of a name that begins like localhost", loopback, []string{"Origin", "http://localhost.evil.example:80", "Sec-Fetch-Site", "cross-site"}, false},
		{"a page of a name that ends like localhost", loopback, []string{"Origin", "http://evil.localhost:80", "Sec-Fetch-Site", "cross-site"}, false},
		{"a page of a name that begins like 127.0.0.1", loopback, []string{"Origin", "http://127.0.0.1.evil.example:80", "Sec-Fetch-Site", "cross-site"}, false},
		{"a page of another machine of the network", loopback, []string{"Origin", "http://192.168.0.7:3000", "Sec-Fetch-Site", "cross-site"}, false},
		{"a file when the loopback may", loopback, []string{"Origin", "null", "Sec-Fetch-Site", "cross-site"}, false},
		{"any page with a star", []string{"*"}, []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, true},
		{"a file with a star", []string{"*"}, []string{"Origin", "null", "Sec-Fetch-Site", "cross-site"}, true},
		{"a page of another site", []string{origin}, []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, false},
		{"the same in an old browser", []string{origin}, []string{"Origin", "https://evil.example"}, false},
		{"a page of the same site on another port", []string{origin}, []string{"Origin", own + ":81", "Sec-Fetch-Site", "same-site"}, false},
		{"a page of an origin that begins like one of the list", []string{origin}, []string{"Origin", origin + ".evil.example"}, false},
		{"a file or a sandboxed frame", []string{origin}, []string{"Origin", "null", "Sec-Fetch-Site", "cross-site"}, false},
		{"a page that hides its origin", []string{origin}, []string{"Sec-Fetch-Site", "cross-site"}, false},
		{"any page with an empty list", nil, []string{"Origin", origin, "Sec-Fetch-Site", "cross-site"}, false},
		{"a page with a token", []string{origin}, []string{"Origin", "https://evil.example", "Authorization", "Bearer x"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture(t, func(c *Config) { c.CORSOrigins = tt.allowed })
			path := f.upload("a\n1\n")
			before := f.do("GET", path, "").Header.Get("ETag")
			for _, request := range []struct{ method, target, body string }{
				{"POST", "/api/v1/sessions", "a\n1\n"},
				{"POST", path + "/data", "a\n2\n"},
				{"PUT", path + "/data", "a\n2\n"},
				{"POST", path + "/versions", ""},
				{"POST", path + "/undo", ""},
				{"POST", path + "/audit", `{"entry":"x"}`},
				{"DELETE", path, ""},
			} {
				res := f.do(request.method, request.target, request.body, append(tt.headers, "Content-Type", "text/csv")...)
				if tt.passes {
					if res.StatusCode == http.StatusForbidden {
						t.Errorf("%s %s: %s", request.method, request.target, res.body)
					}
					continue
				}
				if detail := f.wantProblem(res, http.StatusForbidden, "cross_origin"); !strings.Contains(detail, "CORS_ORIGINS") {
					t.Errorf("detail %q", detail)
				}
			}
			after := f.do("GET", path, "", tt.headers...)
			if tt.passes {
				f.wantProblem(after, http.StatusNotFound, "session_not_found")
			} else if f.wantStatus(after, http.StatusOK); after.Header.Get("ETag") != before {
				t.Errorf("the session was %s and is %s", before, after.Header.Get("ETag"))
			}
		})
	}
}

func TestPagesThatAreRefusedAreReported(t *testing.T) {
	var reported []string
	f := newFixture(t, func(c *Config) {
		c.CORSOrigins = []string{origin}
		c.OriginRefused = func(origin string) { reported = append(reported, origin) }
	})
	for _, tt := range []struct {
		method  string
		headers []string
		want    []string
	}{
		{"GET", []string{"Origin", "https://a.example", "Sec-Fetch-Site", "cross-site"}, []string{"https://a.example"}},
		{"POST", []string{"Origin", "https://a.example"}, []string{"https://a.example"}},
		{"OPTIONS", []string{"Origin", "https://a.example", "Access-Control-Request-Method", "PUT"}, []string{"https://a.example"}},
		{"GET", []string{"Origin", "https://" + strings.Repeat("a", 5000)}, []string{"https://" + strings.Repeat("a", 52) + "…"}},
		{"GET", []string{"Origin", origin, "Sec-Fetch-Site", "cross-site"}, nil},
		{"GET", []string{"Origin", "http://example.com", "Sec-Fetch-Site", "same-origin"}, nil},
		{"GET", []string{"Origin", "http://example.com"}, nil},
		{"GET", nil, nil},
	} {
		reported = nil
		f.do(tt.method, "/health", "", tt.headers...)
		if !slices.Equal(reported, tt.want) {
			t.Errorf("%s with %q: reported %q, want %q", tt.method, tt.headers, reported, tt.want)
		}
	}
}

func TestAHostThatIsNotAllowedGetsNothing(t *testing.T) {
	f := newFixture(t, func(c *Config) {
		c.CORSOrigins = []string{origin}
		c.HostAllowed = func(host string) bool { return host == "localhost:1" }
	})
	for _, target := range []string{"/", "/health/storage", "/openapi.json", "/docs", "/docs/x.js", "/api/v1/sessions", "/nothing", "/api//v1"} {
		for _, method := range []string{"GET", "HEAD", "POST", "OPTIONS"} {
			r := httptest.NewRequest(method, "http://localhost:1"+target, nil)
			if res := f.send(r); res.StatusCode == http.StatusMisdirectedRequest {
				t.Errorf("%s %s of an allowed host: %d", method, target, res.StatusCode)
			}
			r.Host = "evil.example:1"
			r.Header.Set("Origin", origin)
			r.Header.Set("Access-Control-Request-Method", "POST")
			res := f.send(r)
			if detail := f.wantProblem(res, http.StatusMisdirectedRequest, "host_not_allowed"); !strings.Contains(detail, "ALLOWED_HOSTS") || !strings.Contains(detail, "evil.example") {
				t.Errorf("detail %q", detail)
			}
			if got := res.Header.Get("Access-Control-Allow-Origin"); got != "" {
				t.Errorf("%s %s: a page may read the answer: %q", method, target, got)
			}
		}
	}
}

func TestEveryAnswerHasTheSecurityHeaders(t *testing.T) {
	f := newFixture(t, withDocs, func(c *Config) { c.CORSOrigins = []string{origin} })
	path := f.upload("a\n1\n")
	tag := f.do("GET", path, "").Header.Get("ETag")
	for _, request := range []struct {
		method, target string
		headers        []string
		status         int
	}{
		{"GET", "/", nil, http.StatusOK},
		{"GET", "/openapi.json", nil, http.StatusOK},
		{"GET", "/docs", nil, http.StatusOK},
		{"GET", "/docs/x.js", nil, http.StatusOK},
		{"GET", "/docs/none", nil, http.StatusNotFound},
		{"GET", "/health/live", nil, http.StatusOK},
		{"GET", path, nil, http.StatusOK},
		{"GET", path, []string{"If-None-Match", tag}, http.StatusNotModified},
		{"GET", path + "/data?format=csv", nil, http.StatusOK},
		{"GET", "/nowhere", nil, http.StatusNotFound},
		{"GET", "/api//v1", nil, http.StatusNotFound},
		{"PUT", path, nil, http.StatusMethodNotAllowed},
		{"POST", path + "/undo", []string{"Origin", "https://evil.example"}, http.StatusForbidden},
		{"OPTIONS", path, nil, http.StatusNoContent},
		{"OPTIONS", path, []string{"Origin", origin, "Access-Control-Request-Method", "PUT"}, http.StatusNoContent},
		{"DELETE", path, nil, http.StatusNoContent},
	} {
		res := f.do(request.method, request.target, "", request.headers...)
		f.wantStatus(res, request.status)
		policy := "default-src 'none'; frame-ancestors 'none'"
		if request.target == "/docs" || request.target == "/docs/x.js" {
			policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options":       "nosniff",
			"Referrer-Policy":              "no-referrer",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Content-Security-Policy":      policy,
		} {
			if got := res.Header.Values(name); len(got) != 1 || got[0] != want {
				t.Errorf("%s %s: %s is %q, want %q", request.method, request.target, name, got, want)
			}
		}
	}
}

func TestALongMethodIsShortened(t *testing.T) {
	f := newFixture(t)
	detail := f.wantProblem(f.do(strings.Repeat("X", 5000), "/", ""), http.StatusMethodNotAllowed, "method_not_allowed")
	if len(detail) > 200 || !strings.Contains(detail, "GET, HEAD, OPTIONS") {
		t.Errorf("detail %q", detail)
	}
}
