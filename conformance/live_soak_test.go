//go:build linux

package conformance

import (
	"net/http"
	"testing"
	"time"

	"github.com/coder/websocket"

	"edgeframe/internal/testenv"
)

// idle is longer than workerd keeps an object in memory that nobody calls: ten seconds.
const idle = 13 * time.Second

// TestFollowersStayWhileTheirObjectSleeps has as many followers as a session may have, and one more. "make soak" runs
// it: it takes a minute.
func TestFollowersStayWhileTheirObjectSleeps(t *testing.T) {
	if *soakTime < trend {
		return
	}
	const most = 1000
	worker := testenv.StartWorker(t, testenv.WorkerOptions{Heads: true})
	c := newClient(t, Target{URL: worker.URL})
	s := c.create(people)
	followers := make([]*follower, most)
	for i := range followers {
		followers[i] = s.follow(nil)
		followers[i].next()
	}
	if _, response, err := s.dial(nil); err == nil || response == nil || response.StatusCode != http.StatusTooManyRequests || response.Header.Get("Retry-After") == "" {
		t.Errorf("one follower more: %v, %+v", err, response)
	}
	for range 2 {
		time.Sleep(idle)
		for _, f := range followers[:10] {
			if err := f.conn.Write(t.Context(), websocket.MessageText, []byte("ping")); err != nil {
				t.Fatal(err)
			}
			if message, code := f.read(); message != "pong" {
				t.Fatalf("%q, closed with %d", message, code)
			}
		}
		s.do("POST", s.path("/versions"), nil).is(http.StatusCreated)
		for _, f := range followers {
			f.tellsSnapshot(t)
		}
	}
	_ = followers[0].conn.Close(websocket.StatusNormalClosure, "")
	s.follow(nil).next()
}

func (f *follower) tellsSnapshot(t *testing.T) {
	t.Helper()
	if e := f.next(); e.Summary == nil || *e.Summary != "Snapshot" {
		t.Fatalf("event %+v", e)
	}
}
