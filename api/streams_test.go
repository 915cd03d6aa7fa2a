package api

import (
	"fmt"
	"net/http"
	"testing"
)

func TestAServerOfStreamsTakesNoWebSocket(t *testing.T) {
	var refusal error
	followed := 0
	f := newFixture(t, withLive(func(l Follower) error {
		followed++
		if sess, err := l.Look(t.Context()); err != nil || sess.Revision != l.Revision || !sess.Expires.Equal(l.Ends) || sess.Salt != l.Salt {
			t.Errorf("follower %+v sees %+v, %v", l, sess, err)
		}
		return refusal
	}), func(c *Config) { c.LiveStreams = true })
	path := f.upload("a\n1\n")
	f.wantProblem(f.followSession(path, ""), http.StatusNotAcceptable, "not_acceptable")
	res := f.do("HEAD", path+"/events", "")
	f.wantStatus(res, http.StatusOK)
	if got := res.Header.Get("Content-Type"); got != "text/event-stream" || followed != 0 {
		t.Errorf("HEAD: %q, followed %d times", got, followed)
	}
	f.wantStatus(f.do("GET", path+"/events", ""), http.StatusSwitchingProtocols)
	refusal = fmt.Errorf("the server: %w", ErrServerFollowers)
	res = f.do("GET", path+"/events", "")
	f.wantProblem(res, http.StatusServiceUnavailable, "live_updates_full")
	if got := res.Header.Get("Retry-After"); got != "10" || followed != 2 {
		t.Errorf("Retry-After %q, followed %d times", got, followed)
	}
}
