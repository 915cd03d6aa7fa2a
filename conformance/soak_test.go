//go:build linux

package conformance

import (
	"flag"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"edgeframe/internal/testenv"
)

var soakTime = flag.Duration("soak", 12*time.Second, "how long the soak loads each server")

const (
	// soakers are the clients of the mixed load, editors those whose sessions are compared with a model.
	soakers, editors = 6, 3
	// trend is the shortest time from which it shows whether memory grows.
	trend = 3 * time.Minute
)

// TestSoak loads a server on each backend with many kinds of requests. For a third of the time it
// kills and restarts the server and Redis; for the rest it pauses them, and samples what the server
// takes. Nothing acknowledged may be lost, and memory and descriptors must not grow. "make soak" runs
// it for half an hour.
func TestSoak(t *testing.T) {
	var mu sync.Mutex
	var table []string
	t.Run("on", func(t *testing.T) {
		for _, backend := range []string{"embedded", "redis"} {
			t.Run(backend, func(t *testing.T) {
				t.Parallel()
				s := newSoak(t, backend)
				s.run()
				mu.Lock()
				defer mu.Unlock()
				table = append(table, s.row())
			})
		}
	})
	t.Logf("what the server takes from the last kill on, in MB of resident memory:\n%s\n%s", soakHeader, strings.Join(table, "\n"))
}

// soak is a server under load.
type soak struct {
	*testing.T
	backend string
	redis   *testenv.Redis
	env     []string
	server  *testenv.Server
	// client is for the server that runs now. Requests may go unanswered while killing.
	client  atomic.Pointer[client]
	killing atomic.Bool
	// stop closes done and waits for the clients in group.
	stop  func()
	done  chan struct{}
	group sync.WaitGroup

	// fresh is a server without load; samples are since the last kill; end is after the load.
	fresh, end usage
	samples    []usage
	kills      int

	mu sync.Mutex
	// answers counts requests by what they are and by status.
	answers                map[string]map[int]int
	requests, acknowledged int
	lost                   int
}

// usage is what a server takes.
type usage struct {
	resident          int64
	files, goroutines int
}

func newSoak(t *testing.T, backend string) *soak {
	s := &soak{T: t, backend: backend, done: make(chan struct{}), answers: map[string]map[int]int{}}
	s.stop = sync.OnceFunc(func() {
		close(s.done)
		s.group.Wait()
	})
	t.Cleanup(s.stop)
	s.env = []string{"STORAGE_DIR=" + t.TempDir()}
	if backend == "redis" {
		s.redis = testenv.StartRedis(t, "--appendonly", "yes", "--appendfsync", "always")
		s.env = append(s.env, "REDIS_ENABLED=true", "STORAGE_FALLBACK_TO_MEMORY=false", "REDIS_URL="+s.redis.URL)
	}
	s.start()
	s.client.Load().create(people)
	s.fresh = s.usage()
	s.fresh.goroutines, _ = s.server.Goroutines()
	s.start()
	return s
}

// start starts a server on the same store as the one before.
func (s *soak) start() {
	s.server = testenv.StartPlainServer(s.T, s.env...)
	s.client.Store(newClient(s.T, Target{URL: s.server.URL}))
}

func (s *soak) usage() usage {
	return usage{resident: s.server.Resident(), files: s.server.OpenFiles()}
}

func (s *soak) run() {
	up := newUploads(s)
	var edited []*editor
	for i := range editors {
		e := newEditor(s, uint64(i))
		edited = append(edited, e)
		s.group.Go(func() { e.work() })
	}
	for i := range soakers {
		s.group.Go(func() { s.work(uint64(i)) })
	}
	s.group.Go(up.work)
	s.killed(*soakTime / 3)
	s.paused(*soakTime - *soakTime/3)
	s.stop()
	for _, e := range edited {
		e.verify()
	}
	up.verify()
	s.rest()
	s.judge()
}

// killed ends the server, and Redis, again and again, by a crash and by request.
func (s *soak) killed(during time.Duration) {
	s.killing.Store(true)
	defer s.killing.Store(false)
	pause := max(during/13, time.Second)
	for end := time.Now().Add(during); time.Now().Before(end); s.kills++ {
		time.Sleep(pause)
		switch kind := s.kills % 3; {
		case kind == 0:
			s.server.Kill9()
			s.start()
		case kind == 1 && s.redis != nil:
			s.redis.Kill9()
			time.Sleep(pause / 20)
			s.redis.Restart()
		default:
			if code := s.server.Stop(); code != 0 {
				s.Errorf("exit code %d:\n%.3000s", code, s.server.Logs())
			}
			s.start()
		}
	}
}

// paused stops the server, and Redis, for three seconds now and then, and samples what the server
// takes.
func (s *soak) paused(during time.Duration) {
	const (
		samples = 120
		pauses  = 12
	)
	pause := min(3*time.Second, during/40)
	for i := range samples {
		time.Sleep(during / samples)
		switch {
		case i%(samples/pauses) != samples/pauses/2:
		case s.redis != nil && i%2 == 1:
			s.redis.Pause()
			time.Sleep(pause)
			s.redis.Resume()
		default:
			s.server.Signal(syscall.SIGSTOP)
			time.Sleep(pause)
			s.server.Signal(syscall.SIGCONT)
		}
		now := s.usage()
		s.samples = append(s.samples, now)
		if i%10 == 0 {
			s.mu.Lock()
			s.Logf("%s: %d%%: %d MB resident, %d descriptors; %d requests, %d acknowledged, %d lost",
				s.backend, i*100/samples, now.resident>>20, now.files, s.requests, s.acknowledged, s.lost)
			s.mu.Unlock()
		}
	}
}

// rest takes the last sample, some time after the load, and ends the server.
func (s *soak) rest() {
	s.client.Load().http.CloseIdleConnections()
	time.Sleep(min(30*time.Second, *soakTime/10))
	s.end = s.usage()
	s.end.goroutines, _ = s.server.Goroutines()
}

// ask sends a request to the server that runs now, and counts it. A change is acknowledged by a
// success.
func (s *soak) ask(kind string, change bool, method, path string, body any, headers ...string) *answer {
	asked := s.client.Load()
	a, err := asked.try(method, path, body, headers...)
	if err != nil {
		time.Sleep(20 * time.Millisecond) // the server is away
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.answers[kind] == nil {
		s.answers[kind] = map[int]int{}
	}
	s.requests++
	if err != nil {
		if s.answers[kind][0]++; asked == s.client.Load() && !s.killing.Load() {
			s.Errorf("%s: %v", kind, err)
		}
		return nil
	}
	s.answers[kind][a.status]++
	switch {
	case a.status < 300:
		if change {
			s.acknowledged++
		}
	case a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") != "": // Redis, or a server that ends
	case a.status == http.StatusNotFound, a.status == http.StatusConflict, kind == "refused" && a.status == http.StatusUnprocessableEntity:
	default:
		s.Errorf("%s: %s: %d %s", kind, a.request, a.status, shorten(string(a.body)))
	}
	return a
}

// loses reports something that was acknowledged and is not there.
func (s *soak) loses(format string, args ...any) {
	s.mu.Lock()
	s.lost++
	s.mu.Unlock()
	s.Errorf("lost: "+format, args...)
}

// judge compares what the server takes in the last third of the time with the third before.
func (s *soak) judge() {
	kinds := slices.Sorted(maps.Keys(s.answers))
	for _, kind := range kinds {
		s.Logf("%s: %-8s %v", s.backend, kind, s.answers[kind])
	}
	if *soakTime >= trend {
		for name, of := range map[string]func(usage) int64{
			"MB resident": func(u usage) int64 { return u.resident >> 20 },
			"descriptors": func(u usage) int64 { return int64(u.files) },
		} {
			second, last := s.median(1, 2, of), s.median(2, 3, of)
			if last > second*115/100+50 {
				s.Errorf("%d %s in the last third of the time, %d in the second", last, name, second)
			}
		}
	}
	if s.end.files > s.fresh.files+60 || s.end.goroutines > s.fresh.goroutines+20 {
		s.Errorf("after the load: %d descriptors, %d goroutines; a new server has %d and %d", s.end.files, s.end.goroutines, s.fresh.files, s.fresh.goroutines)
	}
}

// median is that of the samples from one third of them to another.
func (s *soak) median(from, to int, of func(usage) int64) int64 {
	var values []int64
	for _, u := range s.samples[len(s.samples)*from/3 : len(s.samples)*to/3] {
		values = append(values, of(u))
	}
	slices.Sort(values)
	return values[len(values)/2]
}

const soakHeader = `| backend | 1st third | 2nd | 3rd | peak | after the load | goroutines | descriptors | kills | requests | acknowledged | lost |
|---|---|---|---|---|---|---|---|---|---|---|---|`

// row is a line of the summary. Goroutines and descriptors are those of a new server, and those after
// the load, with the descriptors at the end of the load between.
func (s *soak) row() string {
	mb := func(u usage) int64 { return u.resident >> 20 }
	files := func(u usage) int64 { return int64(u.files) }
	peak := slices.MaxFunc(s.samples, func(a, b usage) int { return int(a.resident - b.resident) })
	return fmt.Sprintf("| %s | %d | %d | %d | %d | %d | %d, %d | %d, %d, %d | %d | %d | %d | %d |",
		s.backend, s.median(0, 1, mb), s.median(1, 2, mb), s.median(2, 3, mb), mb(peak), mb(s.end),
		s.fresh.goroutines, s.end.goroutines, s.fresh.files, s.median(2, 3, files), s.end.files,
		s.kills, s.requests, s.acknowledged, s.lost)
}
