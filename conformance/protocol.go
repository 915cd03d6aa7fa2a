//go:build !js

package conformance

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// exposed are the headers that pages of other origins may read.
var exposed = []string{
	"Date", "ETag", "Link", "Location", "Retry-After", "RateLimit", "RateLimit-Policy", "Content-Disposition",
	"X-Request-Id", "Edgeframe-Revision", "Edgeframe-Version", "Edgeframe-Total-Rows", "Edgeframe-Matched-Rows", "Edgeframe-Dtypes",
	"Idempotent-Replay",
}

var protocolTests = []test{
	{"OPTIONS answers with the methods of every path", func(c *client) {
		for path, allow := range c.allowed() {
			if a := c.do("OPTIONS", path, nil).is(http.StatusNoContent).has("Allow", allow); len(a.body) != 0 {
				c.Errorf("%s: body %q", path, a.body)
			}
		}
	}},
	{"a method that a path does not have is refused and the ones that it has are named", func(c *client) {
		for path, allow := range c.allowed() {
			for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "PROPFIND"} {
				if takes(allow, method) {
					continue
				}
				c.do(method, path, nil).has("Allow", allow).refused(http.StatusMethodNotAllowed, "method_not_allowed", method, allow)
			}
		}
	}},
	{"a path that does not exist is refused and the way to the others named", func(c *client) {
		for _, path := range []string{"/nowhere", "/api", "/api/v1", "/api/v2/sessions", "/api/v1/sessions/x/nothing", "/api/v1/sessions/x/data/more", "/health/", "/index.html", "/docs.html", "/docs/", "/docs/docs.html", "/docs/x", "/docs/x/y"} {
			c.do("GET", path, nil).refused(http.StatusNotFound, "not_found", path, "/openapi.json")
		}
	}},
	{"a problem document has these bytes", func(c *client) {
		c.do("GET", "/api/v1/sessions/"+unknownID, nil, "X-Request-Id: golden").is(http.StatusNotFound).
			has("Cache-Control", "no-store").has("ETag", "").has("Edgeframe-Revision", "").golden("problem.json")
	}},
	{"every response has a request id, the client's own if it is harmless", func(c *client) {
		made := regexp.MustCompile(`^[A-Z2-7]{26}$`)
		for _, path := range []string{"/health/live", "/nowhere", "/api/v1/sessions/" + unknownID} {
			a, b := c.do("GET", path, nil).header.Get("X-Request-Id"), c.do("GET", path, nil).header.Get("X-Request-Id")
			if !made.MatchString(a) || a == b {
				c.Errorf("%s: ids %q and %q", path, a, b)
			}
			c.do("GET", path, nil, "X-Request-Id: my.trace-id_7").has("X-Request-Id", "my.trace-id_7")
			for _, bad := range []string{"with space", "<script>", strings.Repeat("x", 65)} {
				if got := c.do("GET", path, nil, "X-Request-Id: "+bad).header.Get("X-Request-Id"); !made.MatchString(got) {
					c.Errorf("%s: id %q came back as %q", path, bad, got)
				}
			}
		}
	}},
	{"a preflight of a known origin is answered and may be remembered", func(c *client) {
		for _, method := range []string{"GET", "HEAD", "QUERY", "POST", "PUT", "PATCH", "DELETE"} {
			a := c.do("OPTIONS", "/api/v1/sessions/x/data", nil, "Origin: "+c.target.Origin,
				"Access-Control-Request-Method: "+method, "Access-Control-Request-Headers: content-type,edgeframe-revision,idempotency-key,if-match,authorization").is(http.StatusNoContent)
			a.has("Access-Control-Allow-Origin", c.target.Origin).has("Access-Control-Allow-Methods", method).has("Access-Control-Max-Age", "7200")
			if got := a.header.Get("Access-Control-Allow-Headers"); !strings.Contains(got, "edgeframe-revision") || !strings.Contains(got, "idempotency-key") {
				c.Errorf("allowed headers %q", got)
			}
		}
	}},
	{"a known origin may read the answers and their headers, problems included", func(c *client) {
		s := c.create(people)
		want := slices.Clone(exposed)
		slices.Sort(want)
		for _, path := range []string{s.path("/data"), s.path("/nothing"), "/api/v1/sessions/" + unknownID, "/health/storage"} {
			a := c.do("GET", path, nil, "Origin: "+c.target.Origin).has("Access-Control-Allow-Origin", c.target.Origin)
			got := strings.Split(a.header.Get("Access-Control-Expose-Headers"), ", ")
			for i := range got {
				got[i] = strings.NewReplacer("Etag", "ETag", "Ratelimit", "RateLimit").Replace(got[i])
			}
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				c.Errorf("%s: %s", path, diff)
			}
			if vary := strings.Join(a.header.Values("Vary"), ","); !strings.Contains(vary, "Origin") {
				c.Errorf("%s: Vary %q", path, vary)
			}
		}
	}},
	{"an unknown origin gets no permission", func(c *client) {
		c.do("GET", "/health", nil, "Origin: https://evil.example").is(http.StatusOK).has("Access-Control-Allow-Origin", "")
		c.do("OPTIONS", "/api/v1/sessions", nil, "Origin: https://evil.example", "Access-Control-Request-Method: POST").has("Access-Control-Allow-Origin", "")
	}},
	{"the API asks for its token, health does not", func(c *client) {
		if c.target.Token == "" {
			c.do("POST", "/api/v1/sessions", people, "Content-Type: text/csv", "Authorization: Bearer anything").is(http.StatusCreated)
			return
		}
		for _, authorization := range []string{"", "Bearer ", "Bearer wrong", "Basic " + c.target.Token, c.target.Token, "Bearer " + c.target.Token + "x"} {
			for _, path := range []string{"/api/v1/sessions/" + unknownID, "/api/v1/nothing"} {
				challenge := `Bearer realm="edgeframe"`
				if token, given := strings.CutPrefix(authorization, "Bearer "); given && token != "" {
					challenge += `, error="invalid_token"`
				}
				c.do("GET", path, nil, "Authorization: "+authorization).has("Www-Authenticate", challenge).
					refused(http.StatusUnauthorized, "unauthorized", "Authorization: Bearer")
			}
		}
		for path, allow := range c.allowed() {
			for method := range strings.SplitSeq(allow, ", ") {
				switch {
				case method == "OPTIONS" || method == "HEAD":
				case strings.HasPrefix(path, "/api/"):
					c.do(method, path, nil, "Authorization: ").refused(http.StatusUnauthorized, "unauthorized", "Authorization: Bearer")
				case path == "/console":
					c.do(method, path, nil, "Authorization: ").is(http.StatusFound)
				case path == "/docs/x", path == "/console/x": // no file of the pages has that name
					c.do(method, path, nil, "Authorization: ").refused(http.StatusNotFound, "not_found", path)
				default:
					c.do(method, path, nil, "Authorization: ").is(http.StatusOK)
				}
			}
		}
		c.do("OPTIONS", "/api/v1/sessions", nil, "Authorization: ", "Origin: "+c.target.Origin, "Access-Control-Request-Method: POST").
			is(http.StatusNoContent).has("Access-Control-Allow-Origin", c.target.Origin)
		c.do("GET", "/api/v1/sessions/"+unknownID, nil, "Authorization: bearer  "+c.target.Token).is(http.StatusNotFound)
	}},
	{"a check of the storage that writes asks for the token", func(c *client) {
		const path = "/health/storage?deep=true"
		c.do("GET", path, nil).is(http.StatusOK)
		if c.target.Token == "" {
			c.do("GET", path, nil, "Authorization: Bearer anything").is(http.StatusOK)
			return
		}
		c.do("GET", path, nil, "Authorization: ").has("Www-Authenticate", `Bearer realm="edgeframe"`).
			refused(http.StatusUnauthorized, "unauthorized", "Authorization: Bearer")
	}},
	{"pages of unknown origins change nothing", func(c *client) {
		s := c.create(people)
		before := s.state()
		for _, page := range [][]string{
			{"Origin: https://evil.example"},
			{"Origin: https://evil.example", "Sec-Fetch-Site: cross-site"},
			{"Origin: null", "Sec-Fetch-Site: cross-site"},
			{"Origin: " + c.target.Origin + ".evil.example", "Sec-Fetch-Site: same-site"},
			{"Sec-Fetch-Site: cross-site"},
		} {
			for _, r := range routes {
				if r.method == "GET" {
					continue
				}
				s.do(r.method, s.path("")+r.below, r.body, append(page, r.headers...)...).has("Access-Control-Allow-Origin", "").
					refused(http.StatusForbidden, "cross_origin", "CORS_ORIGINS")
			}
			c.do("POST", "/api/v1/sessions", people, append(page, "Content-Type: text/plain")...).refused(http.StatusForbidden, "cross_origin", "CORS_ORIGINS")
		}
		if diff := cmp.Diff(before, s.state()); diff != "" {
			c.Error(diff)
		}
	}},
	{"pages of the server and of known origins may change something", func(c *client) {
		for _, page := range [][]string{
			{"Origin: " + c.target.URL},
			{"Origin: " + c.target.URL, "Sec-Fetch-Site: same-origin"},
			{"Origin: " + c.target.Origin},
			{"Origin: " + c.target.Origin, "Sec-Fetch-Site: cross-site"},
			{"Sec-Fetch-Site: none"},
		} {
			c.do("POST", "/api/v1/sessions", people, append(page, "Content-Type: text/csv")...).is(http.StatusCreated)
		}
	}},
	{"every response tells browsers what they must not do with it", func(c *client) {
		s := c.create(people)
		for _, a := range []*answer{
			c.do("GET", "/", nil), c.do("GET", "/health/storage", nil), c.do("GET", "/nowhere", nil), c.do("OPTIONS", "/api/v1/sessions", nil),
			s.get(""), s.get("/data"), s.get("/data", "format=csv"), s.do("HEAD", s.path("/data"), nil), s.do("POST", s.path("/undo"), nil),
			s.do("GET", s.path(""), nil, "If-None-Match: *"), s.do("GET", s.path(""), nil, "Authorization: "), s.do("DELETE", s.path(""), nil),
		} {
			a.has("X-Content-Type-Options", "nosniff").has("Referrer-Policy", "no-referrer").has("Cross-Origin-Resource-Policy", "same-origin").
				has("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		}
	}},
	{"no shared cache keeps what is in a session", func(c *client) {
		s := c.create(people)
		for _, r := range routes {
			if r.method != "GET" {
				continue
			}
			a := s.do("GET", s.path("")+r.below, nil).is(http.StatusOK)
			if got := a.header.Get("Cache-Control"); got != "private, no-cache" && got != "no-store" {
				c.Errorf("%s: Cache-Control %q", a.request, got)
			}
		}
	}},
	{"the index leads to what there is", func(c *client) {
		c.do("GET", "/", nil).is(http.StatusOK).golden("index.json")
		if version := c.readOpenAPI().OpenAPI; !strings.HasPrefix(version, "3.") {
			c.Errorf("openapi %q", version)
		}
		c.allowed()
	}},
	{"parameters that a route does not have are refused", func(c *client) {
		s := c.create(people)
		for _, path := range []string{"/health", "/health/live"} {
			c.do("GET", path+"?limit=1", nil).refused(http.StatusBadRequest, "invalid_parameter", `"limit"`, "none")
		}
		for _, path := range []string{s.path(""), s.path("/versions")} {
			c.do("GET", path+"?limit=1", nil).refused(http.StatusBadRequest, "invalid_parameter", `"limit"`, "touch")
		}
		c.do("GET", "/health/storage?dep=true", nil).refused(http.StatusBadRequest, "invalid_parameter", `"dep"`, "deep")
		c.do("POST", "/api/v1/sessions?file_name=x", people).refused(http.StatusBadRequest, "invalid_parameter", "file_name", "filename")
	}},
	{"a body with a content encoding that is not read is refused, with those that are", func(c *client) {
		s := c.create(people)
		for _, r := range routes {
			if r.body == nil {
				continue
			}
			s.do(r.method, s.path("")+r.below, r.body, append([]string{"Content-Encoding: br"}, r.headers...)...).
				has("Accept-Encoding", "gzip, zstd").
				refused(http.StatusUnsupportedMediaType, "unsupported_media_type", "br", "as it is", "gzip, zstd")
		}
		s.isPeople()
	}},
}
