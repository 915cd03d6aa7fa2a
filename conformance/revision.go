//go:build !js

package conformance

import (
	"fmt"
	"net/http"
	"strings"
)

var revisionTests = []test{
	{"every commit has a revision of its own and the response carries it", func(c *client) {
		s := c.create(people)
		seen := map[string]bool{}
		note := func(a *answer) {
			c.Helper()
			token := a.header.Get("Edgeframe-Revision")
			if want := fmt.Sprintf("%d-", len(seen)+1); seen[token] || !strings.HasPrefix(token, want) {
				c.Errorf("%s: revision %q, want a new one that begins with %s", a.request, token, want)
			}
			seen[token] = true
		}
		note(s.get(""))
		note(s.patch(setAge(1)))
		note(s.do("POST", s.path("/undo"), nil))
		note(s.do("POST", s.path("/versions"), nil))
		note(s.mark("PUT", marks{"age": {0}}))
		note(s.do("POST", s.path("/audit"), map[string]string{"entry": "x"}))
		note(s.do("PATCH", s.path(""), map[string]string{"filename": "x"}))
	}},
	{"reads leave the revision", func(c *client) {
		s := c.create(people)
		want := s.get("").header.Get("Edgeframe-Revision")
		for _, below := range []string{"", "/data", "/versions", "/missing", "/audit"} {
			s.get(below).has("Edgeframe-Revision", want)
		}
		s.do("POST", s.path("/touch"), nil).is(http.StatusOK).has("Edgeframe-Revision", want)
	}},
	{"a revision that the client has seen is accepted on every route", func(c *client) {
		s := c.create(people)
		first := s.get("").header.Get("Edgeframe-Revision")
		s.edit(setAge(1))
		for _, token := range []string{first, s.get("").header.Get("Edgeframe-Revision")} {
			for _, below := range []string{"", "/data", "/versions", "/missing", "/audit"} {
				s.do("GET", s.path("")+below, nil, "Edgeframe-Revision: "+token).is(http.StatusOK)
			}
		}
		s.do("POST", s.path("/undo"), nil, "Edgeframe-Revision: "+first).is(http.StatusOK)
	}},
	{"a revision that is not there yet is a stale read on every route", func(c *client) {
		s := c.create(people)
		for _, r := range routes {
			a := s.do(r.method, s.path("")+r.below, r.body, append([]string{"Edgeframe-Revision: 99-0123456789abcdef"}, r.headers...)...)
			a.has("Retry-After", "1").refused(http.StatusServiceUnavailable, "stale_read", "99-0123456789abcdef")
		}
		s.isPeople()
	}},
	{"a revision that lost its race is a conflict", func(c *client) {
		s := c.create(people)
		s.edit(setAge(1))
		for _, token := range []string{"1-0123456789abcdef", "2-0123456789abcdef"} {
			s.do("GET", s.path("/data"), nil, "Edgeframe-Revision: "+token).refused(http.StatusConflict, "conflict", token)
			s.do("POST", s.path("/undo"), nil, "Edgeframe-Revision: "+token).refused(http.StatusConflict, "conflict", token)
		}
		if s.age() != 1 {
			c.Error("a refused undo was done")
		}
	}},
	{"what is no revision is refused", func(c *client) {
		s := c.create(people)
		for _, token := range []string{"1", "x-0123456789abcdef", "1-0123", "1-0123456789ABCDEF", "-1-0123456789abcdef", "1-0123456789abcdef0", "01-0123456789abcdef", "99999999999999999999-0123456789abcdef"} {
			s.do("GET", s.path(""), nil, "Edgeframe-Revision: "+token).refused(http.StatusBadRequest, "invalid_parameter", "Edgeframe-Revision")
		}
	}},
}
