//go:build linux

package conformance

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"edgeframe/internal/testenv"
)

var faultTime = flag.Duration("faults", 10*time.Second, "how long Redis fails in one way after another; each way comes at least once")

// The passwords of the servers of TestNothingIsLostThroughEveryFaultOfRedis: that of edgeframe, that to which it is changed,
// and that of the user of the Sentinel and of replication.
const (
	soakPassword, otherPassword = "soak-password-of-redis", "other-password-of-redis"
	operatorPassword            = "password-of-the-operator"
)

// TestNothingIsLostThroughEveryFaultOfRedis loads a server whose Redis, behind a Sentinel, is killed, hangs, is replaced
// in order, is full and has another password, in turn. Clients repeat each change with its key until it is acknowledged.
// Then it must be there, once. "make soak" runs it for half an hour. One server has the runtime fallback.
func TestNothingIsLostThroughEveryFaultOfRedis(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var rows []string
	t.Run("with", func(t *testing.T) {
		for name, env := range map[string][]string{"no fallback": nil, "runtime fallback": {"STORAGE_RUNTIME_FALLBACK=true"}} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				f := newFaulty(t, name, env)
				f.run(*faultTime)
				mu.Lock()
				defer mu.Unlock()
				rows = append(rows, f.summary())
			})
		}
	})
	t.Logf("%s", strings.Join(rows, "\n"))
}

// faulty is a server under load and its Redis.
type faulty struct {
	*soak
	name   string
	pair   sentinelPair
	keyed  []*replicatedSession
	up     *uploads
	counts *tally
	// faults counts what was done to Redis.
	faults map[string]int
	// fresh is the server before the load, level after each fault, last without load again.
	fresh, last level
	level       []level
	checked     int
	// lostKeyed are those of keyed; lost are uploads.
	lostKeyed int
	// moved are the sessions that were made while Redis was gone.
	moved int
	began time.Time
}

// level is what a server takes.
type level struct{ goroutines, files, resident int }

func newFaulty(t *testing.T, name string, env []string) *faulty {
	s := testenv.StartRedisSentinel(t, "--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction",
		"--requirepass", soakPassword, "--user", "operator", "on", ">"+operatorPassword, "~*", "&*", "+@all",
		"--masteruser", "operator", "--masterauth", operatorPassword)
	f := &faulty{name: name, pair: sentinelPair{s}, faults: map[string]int{}, counts: &tally{counts: map[string]int{}}}
	f.soak = &soak{T: t, backend: name, done: make(chan struct{}), answers: map[string]map[int]int{}}
	f.stop = sync.OnceFunc(func() {
		close(f.done)
		f.group.Wait()
	})
	t.Cleanup(f.stop)
	f.server = testenv.StartPlainServer(t, append([]string{
		"REDIS_ENABLED=true", "STORAGE_FALLBACK_TO_MEMORY=false", "REDIS_URL=redis://" + s.Addr, "REDIS_SENTINEL_MASTER=" + s.Name, "REDIS_PASSWORD=" + soakPassword,
		"REDIS_SOCKET_TIMEOUT=2", fmt.Sprint("REDIS_WAIT_REPLICAS=", *waitForThem), "REDIS_WAIT_TIMEOUT=0.5", "BREAKER_OPEN_FOR=0.5", "METRICS=true",
	}, env...)...)
	c := newClient(t, Target{URL: f.server.URL})
	f.counts.next = c.http.Transport
	c.http.Transport = f.counts
	f.client.Store(c)
	return f
}

// run loads the server for a time, and for one round of faults at least.
func (f *faulty) run(during time.Duration) {
	f.began = time.Now()
	c := f.client.Load()
	f.fresh = f.now()
	for i := range replicators / 2 {
		s := &replicatedSession{client: c, writer: i}
		made := s.until(f.done, http.StatusCreated, "POST", "/api/v1/sessions", "n\n0\n", "Content-Type: text/csv", fmt.Sprintf("Idempotency-Key: %s %d", f.name, i))
		if made == nil {
			f.FailNow()
		}
		s.sess = &sess{client: c, id: made.session().SessionID}
		f.keyed = append(f.keyed, s)
		f.group.Go(func() { s.work(f.done) })
	}
	f.up = newUploads(f.soak)
	f.group.Go(f.up.work)
	f.group.Go(func() { f.work(3) })
	hold := min(4*time.Second, max(during/20, time.Second))
	for round := 0; round == 0 || time.Since(f.began) < during; round++ {
		f.round(hold)
	}
	f.stop()
	f.check()
	f.up.verify()
	f.checked += len(f.up.kept)
	f.moved = f.movedSessions()
	c.http.CloseIdleConnections()
	time.Sleep(min(20*time.Second, max(during/60, 2*time.Second)))
	f.last = f.now()
	f.judge()
}

// round lets Redis fail in each way, for a time each.
func (f *faulty) round(hold time.Duration) {
	for _, fault := range []struct {
		name string
		do   func(master, replica *testenv.Redis)
	}{
		{"killed", func(master, replica *testenv.Redis) {
			master.Kill9()
			f.replaced(master, replica, hold, true)
		}},
		{"full", func(master, _ *testenv.Redis) {
			master.Do("CONFIG", "SET", "maxmemory", "1mb")
			time.Sleep(hold)
			master.Do("CONFIG", "SET", "maxmemory", "0")
		}},
		{"paused", func(master, replica *testenv.Redis) {
			master.Pause()
			replica.WaitForRole("master")
			time.Sleep(hold / 2)
			master.Resume()
			f.replaced(master, replica, hold/2, false)
		}},
		{"paused shortly", func(master, _ *testenv.Redis) {
			master.Pause()
			time.Sleep(700 * time.Millisecond) // the Sentinel waits for a second
			master.Resume()
		}},
		{"password changed", func(master, replica *testenv.Redis) {
			master.SetPassword(otherPassword)
			replica.SetPassword(otherPassword)
			time.Sleep(hold)
			master.SetPassword(soakPassword)
			replica.SetPassword(soakPassword)
		}},
		{"replaced in order", func(master, replica *testenv.Redis) {
			f.pair.order(master, replica)
			f.replaced(master, replica, hold/2, false)
		}},
	} {
		master, replica := f.pair.current()
		fault.do(master, replica)
		f.faults[fault.name]++
		// Changes succeed again without a restart.
		f.check()
		time.Sleep(hold / 2)
		f.level = append(f.level, f.now())
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Logf("%s: %s: %d requests, %d changes are acknowledged and were checked, %d lost; %+v", f.name, time.Since(f.began).Round(time.Second), f.counts.total(), f.checked, f.lost+f.lostKeyed, f.level[len(f.level)-1])
}

// replaced waits until the replica is the master, and after a time makes the old one its replica.
func (f *faulty) replaced(old, next *testenv.Redis, hold time.Duration, killed bool) {
	next.WaitForRole("master")
	time.Sleep(hold)
	f.pair.join(old, next, killed)
	next.WaitForReplica(old)
}

// check checks what was acknowledged until now.
func (f *faulty) check() {
	f.checked = f.up.checked()
	lost := 0
	defer func() { f.lostKeyed = lost }()
	for _, s := range f.keyed {
		before := s.appended.Load()
		f.checked += s.isWhole()
		lost += int(s.lost.Load())
		for end := time.Now().Add(time.Minute); !closed(f.done) && s.appended.Load() == before; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				f.Fatalf("no change has been acknowledged for a minute:\n%s", f.server.Logs())
			}
		}
	}
}

// checked counts the deletions and the uploads that were checked and deleted.
func (u *uploads) checked() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.answers["check"][http.StatusOK] + u.answers["check"][http.StatusNotFound]
}

// movedSessions returns how many sessions were moved to Redis, once all are.
func (f *faulty) movedSessions() int {
	f.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		var doc storageDocument
		f.client.Load().do("GET", "/health/storage", nil).is(http.StatusOK).decode(&doc)
		switch {
		case doc.Moving == nil:
			return 0
		case doc.Moving["waiting"] == 0.0 && doc.Moving["kept"] == 0.0:
			moved, _ := doc.Moving["moved"].(float64)
			if moved == 0 {
				f.Errorf("%s: no session was made while Redis was gone", f.name)
			}
			return int(moved)
		case time.Now().After(end):
			f.Fatalf("%s: sessions are not moved: %+v", f.name, doc.Moving)
		}
	}
}

var gauges = regexp.MustCompile(`(?m)^(go_goroutines|process_open_fds) (\S+)$`)

// now reads what the server takes.
func (f *faulty) now() level {
	f.Helper()
	now := level{resident: int(f.server.Resident() >> 20)}
	a, err := f.client.Load().once("GET", "/metrics", nil)
	if err != nil {
		f.Errorf("metrics: %v", err)
		return now
	}
	for _, gauge := range gauges.FindAllSubmatch(a.body, -1) {
		value, _ := strconv.ParseFloat(string(gauge[2]), 64)
		if string(gauge[1]) == "go_goroutines" {
			now.goroutines = int(value)
		} else {
			now.files = int(value)
		}
	}
	return now
}

// judge compares what the server takes in the end with what it took before.
func (f *faulty) judge() {
	if f.last.files > f.fresh.files+60 || f.last.goroutines > f.fresh.goroutines+40 {
		f.Errorf("%s: after the load %+v, before it %+v", f.name, f.last, f.fresh)
	}
	if *faultTime < trend {
		return
	}
	for name, of := range map[string]func(level) int{
		"goroutines":  func(l level) int { return l.goroutines },
		"descriptors": func(l level) int { return l.files },
		"MB resident": func(l level) int { return l.resident },
	} {
		if second, last := f.median(1, of), f.median(2, of); last > second*115/100+50 {
			f.Errorf("%s: %d %s in the last third of the time, %d in the second", f.name, last, name, second)
		}
	}
}

// median is that of a third of the time.
func (f *faulty) median(third int, of func(level) int) int {
	var values []int
	for _, l := range f.level[len(f.level)*third/3 : len(f.level)*(third+1)/3] {
		values = append(values, of(l))
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func (f *faulty) summary() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s under load\n", f.name, time.Since(f.began).Round(time.Second))
	fmt.Fprintf(&b, "  faults of Redis: %s\n", list(f.faults))
	fmt.Fprintf(&b, "  requests: %d; %s\n", f.counts.total(), list(f.counts.counts))
	fmt.Fprintf(&b, "  acknowledged changes checked: %d, lost: %d; sessions moved to Redis: %d\n", f.checked, f.lost+f.lostKeyed, f.moved)
	thirds := func(of func(level) int) string {
		return fmt.Sprintf("%d before, %d, %d, %d in the thirds, %d after", of(f.fresh), f.median(0, of), f.median(1, of), f.median(2, of), of(f.last))
	}
	fmt.Fprintf(&b, "  goroutines: %s\n", thirds(func(l level) int { return l.goroutines }))
	fmt.Fprintf(&b, "  descriptors: %s\n", thirds(func(l level) int { return l.files }))
	fmt.Fprintf(&b, "  MB resident: %s\n", thirds(func(l level) int { return l.resident }))
	return b.String()
}

func list(counts map[string]int) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, counts[name]))
	}
	return strings.Join(parts, ", ")
}

// tally counts answers by their status, and those of 400 and more by their code too.
type tally struct {
	next http.RoundTripper

	mu     sync.Mutex
	counts map[string]int
}

var problemCode = regexp.MustCompile(`"code":"(\w+)"`)

// RoundTrip implements [http.RoundTripper].
func (t *tally) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.next.RoundTrip(r)
	kind := "no answer"
	if err == nil {
		kind = strconv.Itoa(response.StatusCode)
	}
	if err == nil && response.StatusCode >= http.StatusBadRequest {
		var body []byte
		body, err = io.ReadAll(response.Body)
		_ = response.Body.Close()
		response.Body = io.NopCloser(bytes.NewReader(body))
		if code := problemCode.FindSubmatch(body); code != nil {
			kind += " " + string(code[1])
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts[kind]++
	return response, err
}

func (t *tally) total() (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, count := range t.counts {
		n += count
	}
	return n
}
