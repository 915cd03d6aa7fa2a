//go:build !js

package conformance

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"edgeframe/internal/testenv"
)

// TestSessionsMoveToDurableObjects has a Worker make sessions without Durable Objects, and go on with them.
func TestSessionsMoveToDurableObjects(t *testing.T) {
	dir := t.TempDir()
	start := func(heads bool) (*testenv.Worker, *client) {
		w := testenv.StartWorker(t, testenv.WorkerOptions{Dir: dir, Heads: heads, Vars: map[string]string{"API_TOKENS": "first-token"}})
		return w, newClient(t, Target{URL: w.URL, Runtime: "workers", Token: "first-token"})
	}
	const upload = "n\n1\n"
	headers := []string{csvHeader, "Idempotency-Key: made before"}

	w, c := start(false)
	plain, edited, deleted, short, forgotten := c.create(people), c.create(people), c.create(people), c.create(people), c.create(people)
	edited.edit(setAge(1))
	edited.edit(setAge(2))
	made := c.do("POST", "/api/v1/sessions", upload, headers...).is(http.StatusCreated).session()
	forgotten.do("DELETE", forgotten.path(""), nil).is(http.StatusNoContent)
	before := map[*sess]string{plain: plain.state(), edited: edited.state()}
	w.Stop()

	w, c = start(true)
	c.wantActive(0, "before a session was asked for")
	for s, want := range before {
		s.client = c
		if got := s.state(); got != want {
			t.Errorf("a session has become\n%s\nit was\n%s", got, want)
		}
	}
	edited.edit(setAge(3))
	edited.post("/undo")
	if again := c.do("POST", "/api/v1/sessions", upload, headers...).is(http.StatusCreated).has("Idempotent-Replay", "true").session(); again.SessionID != made.SessionID {
		t.Errorf("the repeat of an upload has made %s, not %s", again.SessionID, made.SessionID)
	}
	for _, s := range []*sess{deleted, short, forgotten} {
		s.client = c
	}
	forgotten.isUnknown()
	deleted.do("DELETE", deleted.path(""), nil).is(http.StatusNoContent)
	deleted.isUnknown()
	doc := short.do("POST", short.path("/touch", "ttl_seconds=1"), nil).is(http.StatusOK).session()
	c.sleepUntil(c.time(doc.ExpiresAt))
	short.isUnknown()
	c.wantActive(3, "after the sessions were asked for")
	if ids := c.list("100"); len(ids) != 3 || !slices.Contains(ids, plain.id) {
		t.Errorf("the list of sessions is %q", ids)
	}
	want := edited.state()
	w.Stop()

	w, c = start(true)
	defer w.Stop()
	for _, s := range []*sess{plain, edited, deleted, short} {
		s.client = c
	}
	if got := edited.state(); got != want {
		t.Errorf("after a restart a session is\n%s\nit was\n%s", got, want)
	}
	deleted.isUnknown()
	short.isUnknown()
	c.wantActive(3, "after a restart")
}

// isUnknown checks that a session does not exist.
func (s *sess) isUnknown() {
	s.Helper()
	s.do("GET", s.path(""), nil).refused(http.StatusNotFound, "session_not_found", s.id)
}

var kills = flag.Int("kills", 2, "how often workerd is killed under load")

// TestNoChangeIsLostWhenWorkerdIsKilled kills a Worker with Durable Objects at any moment of the changes that some
// clients make, one of them of two columns that must stay equal. "make soak" does it 50 times.
func TestNoChangeIsLostWhenWorkerdIsKilled(t *testing.T) {
	const clients, rows = 4, 50
	dir := t.TempDir()
	start := func() (*testenv.Worker, *client) {
		w := testenv.StartWorker(t, testenv.WorkerOptions{Dir: dir, Heads: true})
		return w, newClient(t, Target{URL: w.URL, Runtime: "workers", MaxVersions: 5})
	}
	all := make([]int, rows)
	for i := range all {
		all[i] = i
	}
	w, c := start()
	var sessions [clients]*sess
	var acknowledged [clients]int
	for i := range sessions {
		sessions[i] = c.create("a,b\n" + strings.Repeat("0,0\n", rows))
	}
	unanswered := 0
	var changes atomic.Int64
	for range *kills {
		var group sync.WaitGroup
		var killed atomic.Bool
		for i, s := range sessions {
			group.Go(func() {
				for {
					next := acknowledged[i] + 1
					a, err := s.try("PATCH", s.path("/data"), map[string]any{"operations": []op{
						{"op": "set_values", "column": "a", "rows": all, "value": next},
						{"op": "set_values", "column": "b", "rows": all, "value": next},
					}})
					if err != nil {
						if !killed.Load() {
							t.Error(err)
						}
						return
					}
					if a.status != http.StatusOK {
						t.Errorf("status %d: %s", a.status, a.body)
						return
					}
					acknowledged[i] = next
					changes.Add(1)
				}
			})
		}
		for until := changes.Load() + clients; changes.Load() < until && !t.Failed(); {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(rand.N(40 * time.Millisecond))
		killed.Store(true)
		w.Kill()
		group.Wait()
		w, c = start()
		for i, s := range sessions {
			s.client = c
			lines := strings.Split(strings.TrimSpace(string(s.get("/data", "format=csv").body)), "\n")[1:]
			var a, b int
			if _, err := fmt.Sscanf(lines[0], "%d,%d", &a, &b); err != nil || a != b || len(lines) != rows || strings.Count(strings.Join(lines, "\n"), lines[0]) < rows {
				t.Errorf("session %d is half there: %q", i, lines)
			}
			switch a {
			case acknowledged[i] + 1:
				unanswered++
			case acknowledged[i]:
			default:
				t.Errorf("session %d has the values %d, although %d were acknowledged", i, a, acknowledged[i])
			}
			if revision := s.document().CurrentVersion; int(revision) != a+1 {
				t.Errorf("session %d has version %d with the values %d", i, revision, a)
			}
			acknowledged[i] = a
		}
	}
	defer w.Stop()
	t.Logf("%d kills, %d changes with an answer, %d without", *kills, changes.Load(), unanswered)
	c.wantActive(clients, "after the kills")
}
