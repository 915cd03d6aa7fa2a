//go:build !js

package conformance

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"edgeframe/internal/testenv"
)

var lostChanges = flag.Int("lost", 600, "how many changes are made on each store while answers are lost")

// TestChangesAreMadeOnceWhenAnswersAreLost makes changes through a proxy that cuts connections after requests have
// gone out. The clients repeat each change with its key until they have an answer. Afterwards every change must have
// been made once.
func TestChangesAreMadeOnceWhenAnswersAreLost(t *testing.T) {
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		loseAnswers(t, native(t, "STORAGE_DIR="+t.TempDir()))
	})
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		redis := testenv.StartRedis(t)
		loseAnswers(t, native(t, "REDIS_ENABLED=true", "STORAGE_FALLBACK_TO_MEMORY=false", "REDIS_URL="+redis.URL))
	})
}

// losers are the clients. Two of them share a session.
const losers = 8

func loseAnswers(t *testing.T, target Target) {
	direct := newClient(t, target)
	p := newCutter(t, strings.TrimPrefix(target.URL, "http://"))
	rounds := (*lostChanges + 3*losers - 1) / (3 * losers)
	shared := make([]*sess, losers/2)
	for i := range shared {
		// An edit takes one of the last rows, an append adds one.
		shared[i] = direct.create("n\n" + strings.Repeat("0\n", 2*rounds))
	}
	before := direct.sessions()
	var group sync.WaitGroup
	var sent, replays atomic.Int64
	for w := range losers {
		s := shared[w/2]
		c := direct.in(t)
		c.target.URL = "http://" + p.address
		send := func(status int, key, method, path string, body any, headers ...string) {
			for range 1000 {
				sent.Add(1)
				a, err := c.once(method, path, body, append(headers, "Idempotency-Key: "+key)...)
				if err != nil || a.status == http.StatusServiceUnavailable || a.status == http.StatusTooManyRequests {
					continue
				}
				if a.status != status {
					t.Errorf("%s %s: status %d: %s", method, path, a.status, a.body)
				}
				if a.header.Get("Idempotent-Replay") == "true" {
					replays.Add(1)
				}
				return
			}
			t.Errorf("%s %s: no answer", method, path)
		}
		group.Go(func() {
			for round := range rounds {
				number := w*rounds + round + 1
				edit := map[string]any{"action_summary": fmt.Sprintf("edit %d", number), "operations": []op{{"op": "delete_rows", "rows": []int{0}}}}
				send(http.StatusOK, fmt.Sprintf("edit %d", number), "PATCH", s.path("/data"), edit)
				send(http.StatusOK, fmt.Sprintf("append %d", number), "POST", s.path("/data", fmt.Sprintf("action_summary=append %d", number)), fmt.Sprintf("n\n%d\n", number), "Content-Type: text/csv")
				send(http.StatusCreated, fmt.Sprintf("upload %d", number), "POST", "/api/v1/sessions", fmt.Sprintf("n\n%d\n", number), "Content-Type: text/csv")
			}
		})
	}
	group.Wait()
	for i, s := range shared {
		s.hasEachOnce(2*i*rounds+1, 2*(i+1)*rounds)
	}
	if made := direct.sessions() - before; made != losers*rounds {
		t.Errorf("%d sessions were made of %d uploads", made, losers*rounds)
	}
	t.Logf("%d changes: %d requests, %d connections cut, %d answers to repeats", 3*losers*rounds, sent.Load(), p.cuts.Load(), replays.Load())
	if replays.Load() == 0 {
		t.Error("no answer was lost whose change had been made")
	}
}

// hasEachOnce checks that the edits and appends with the numbers from first to last have been made once each: by the
// audit log, and by the table, from which each edit has taken one of the rows that were there before.
func (s *sess) hasEachOnce(first, last int) {
	s.Helper()
	notes := map[string]int{}
	for offset := 0; ; {
		var log struct {
			Entries []string
			Total   int
		}
		a := s.get("/audit", fmt.Sprintf("offset=%d", offset))
		if err := json.Unmarshal(a.body, &log); err != nil {
			s.Fatal(err)
		}
		for _, e := range log.Entries {
			_, text, _ := strings.Cut(e, "] ")
			notes[text]++
		}
		if offset += len(log.Entries); offset >= log.Total {
			break
		}
	}
	rows := map[string]int{}
	for line := range strings.Lines(s.csvText()) {
		rows[strings.TrimSpace(line)]++
	}
	for n := first; n <= last; n++ {
		if edits, appends, values := notes[fmt.Sprintf("edit %d", n)], notes[fmt.Sprintf("append %d", n)], rows[fmt.Sprint(n)]; edits != 1 || appends != 1 || values != 1 {
			s.Errorf("number %d: edited %d times, appended %d times, %d rows", n, edits, appends, values)
		}
	}
	if want := last - first + 1; s.document().Shape[0] != want {
		s.Errorf("%d rows, want %d", s.document().Shape[0], want)
	}
}

// cutter is a proxy that cuts connections: when a request has gone out, or before or in the middle of an answer.
type cutter struct {
	address string
	server  string
	cuts    atomic.Int64
}

func newCutter(t *testing.T, server string) *cutter {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	p := &cutter{address: listener.Addr().String(), server: server}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go p.join(client)
		}
	}()
	return p
}

// join connects a client with the server until one of them ends the connection, or the proxy cuts it.
func (p *cutter) join(client net.Conn) {
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		_ = client.Close()
		return
	}
	end := func() {
		_ = client.Close()
		_ = server.Close()
	}
	defer end()
	go func() {
		defer end()
		p.pass(client, server, func(n int) (forward int, cut bool) { return n, rand.IntN(20) == 0 })
	}()
	p.pass(server, client, func(n int) (forward int, cut bool) {
		if rand.IntN(5) > 0 {
			return n, false
		}
		return rand.IntN(n), true
	})
}

// pass forwards what comes from one side to the other. For each part choose says how much of it to forward, and
// whether to cut the connection then.
func (p *cutter) pass(from, to net.Conn, choose func(n int) (forward int, cut bool)) {
	part := make([]byte, 64<<10)
	for {
		n, err := from.Read(part)
		if n == 0 {
			if err != nil {
				return
			}
			continue
		}
		forward, cut := choose(n)
		if _, failed := to.Write(part[:forward]); failed != nil || err != nil {
			return
		}
		if cut {
			p.cuts.Add(1)
			return
		}
	}
}
