//go:build !js

package conformance

import (
	"net/http"
	"slices"
	"time"
)

var expiryTests = []test{
	{"a session whose ttl_seconds have passed is unknown to every route", func(c *client) {
		s := c.create(people, "ttl_seconds=1")
		c.sleepUntil(c.time(s.made.ExpiresAt))
		s.isGone()
	}},
	{"every access extends a session by its TTL", func(c *client) {
		// These cannot be repeated.
		once := []string{"DELETE", "POST/undo", "POST/redo", "POST/versions/1/restore"}
		kept := map[string]*sess{}
		for _, r := range routes {
			kept[r.method+r.below] = c.create(people, "ttl_seconds=6")
		}
		for range 8 {
			time.Sleep(time.Second)
			for _, r := range routes {
				if slices.Contains(once, r.method+r.below) {
					continue
				}
				s := kept[r.method+r.below]
				if a := s.do(r.method, s.path("")+r.below, r.body, r.headers...); a.status >= 300 {
					c.Fatalf("%s: %d %s", a.request, a.status, a.body)
				}
			}
		}
		idle := kept["DELETE"]
		idle.do("GET", idle.path(""), nil).is(http.StatusNotFound)
	}},
	{"an expired session can be gone on the second that it says", func(c *client) {
		s := c.create(people, "ttl_seconds=2")
		expires := c.time(s.document().ExpiresAt)
		if lives := expires.Sub(c.time(s.made.CreatedAt)); lives < 2*time.Second || lives > 3*time.Second {
			c.Errorf("lives %s", lives)
		}
		c.sleepUntil(expires)
		s.do("HEAD", s.path(""), nil).is(http.StatusNotFound)
	}},
	{"touch with a shorter TTL shortens the life", func(c *client) {
		s := c.create(people, "ttl_seconds=600")
		doc := s.do("POST", s.path("/touch", "ttl_seconds=1"), nil).is(http.StatusOK).session()
		c.sleepUntil(c.time(doc.ExpiresAt))
		s.do("GET", s.path(""), nil).refused(http.StatusNotFound, "session_not_found", s.id)
	}},
	{"all versions live as long as the session", func(c *client) {
		s := c.create(people, "ttl_seconds=1")
		s.edit(setAge(1))
		end := time.Now().Add(4 * time.Second)
		for time.Now().Before(end) {
			time.Sleep(250 * time.Millisecond)
			s.get("")
		}
		if got := s.cells("version=1"); got != peopleCells {
			c.Error(got)
		}
		s.post("/undo")
		s.isPeople()
	}},
	{"a TTL that is not accepted is refused and the range is named", func(c *client) {
		s := c.create(people)
		for _, ttl := range []string{"0", "-1", "2592001", "soon", "1.5", ""} {
			c.do("POST", "/api/v1/sessions?ttl_seconds="+ttl, people, "Content-Type: text/csv").
				refused(http.StatusBadRequest, "invalid_parameter", "ttl_seconds="+ttl, "1 to 2592000")
			s.do("POST", s.path("/touch")+"?ttl_seconds="+ttl, nil).
				refused(http.StatusBadRequest, "invalid_parameter", "ttl_seconds="+ttl, "1 to 2592000")
		}
	}},
}

// sleepUntil waits until a time of the server has passed. Server and test have the same clock.
func (c *client) sleepUntil(t time.Time) {
	c.Helper()
	wait := time.Until(t) + 50*time.Millisecond
	if wait > 10*time.Second {
		c.Fatalf("%s is too long to wait", wait)
	}
	time.Sleep(wait)
}
