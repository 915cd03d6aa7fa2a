//go:build !js

package conformance

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"edgeframe/internal/testenv"
)

// redisClient starts a server on redis, and returns a client for it.
func redisClient(t *testing.T, redis *testenv.Redis, env ...string) (*client, *testenv.Server) {
	t.Helper()
	env = append([]string{"REDIS_ENABLED=true", "STORAGE_FALLBACK_TO_MEMORY=false", "REDIS_URL=" + redis.URL}, env...)
	server := testenv.StartServer(t, env...)
	return newClient(t, Target{URL: server.URL}), server
}

// TestAcknowledgedChangesSurviveKill9OfRedis has writers that edit sessions while Redis crashes and
// restarts with its append-only file, twice. Meanwhile the server answers 503. Afterwards it works
// again without a restart, has lost no acknowledged change, and has no more connections and
// goroutines than before.
func TestAcknowledgedChangesSurviveKill9OfRedis(t *testing.T) {
	redis := testenv.StartRedis(t, "--appendonly", "yes", "--appendfsync", "always")
	c, server := redisClient(t, redis, "REDIS_MAX_CONNECTIONS=20")
	shared := newSharedSession(c)
	own := make([]*ownSession, writers)
	for i := range own {
		own[i] = newOwnSession(c, uint64(i))
	}
	for crash := range crashes {
		done := make(chan struct{})
		var group sync.WaitGroup
		for i := range writers {
			group.Go(func() { shared.write(c, i, done) })
			group.Go(func() { own[i].write(c, done) })
		}
		time.Sleep(*durability / crashes)
		redis.Kill9()
		c.whileRedisIsGone(shared.id)
		time.Sleep(1500 * time.Millisecond) // long enough for every back-off to set in
		redis.Restart()
		t.Logf("crash %d: served again %s after Redis was back", crash+1, c.untilServed(shared.id))
		time.Sleep(*durability / crashes / 2)
		close(done)
		group.Wait()
		shared.verify(c)
		for _, o := range own {
			o.verify(c)
		}
		t.Logf("crash %d: %d acknowledged changes of the shared session, %d of others", crash+1, shared.total(), total(own))
	}
	// One connection is the administrator's.
	if n, err := strconv.Atoi(redis.Info("connected_clients")); n > 20+1 || err != nil {
		t.Errorf("%d connections to Redis, %v", n, err)
	}
	c.http.CloseIdleConnections()
	// The server sees them close one after the other.
	files := server.OpenFiles()
	for same, end := 0, time.Now().Add(10*time.Second); same < 50 && time.Now().Before(end); same++ {
		time.Sleep(20 * time.Millisecond)
		if now := server.OpenFiles(); now != files {
			files, same = now, 0
		}
	}
	n, stacks := server.Goroutines()
	t.Logf("%d files and %d goroutines in the end", files, n)
	if files > 20+16 || n > 20 {
		t.Errorf("the server had %d files open and %d goroutines:\n%s", files, n, stacks)
	}
}

// whileRedisIsGone checks the answers of a server whose Redis does not answer.
func (c *client) whileRedisIsGone(id string) {
	c.Helper()
	for _, path := range []string{"/api/v1/sessions/" + id, "/api/v1/sessions/" + id + "/data"} {
		c.do("GET", path, nil).unavailable("try again")
	}
	c.do("POST", "/api/v1/sessions", people, "Content-Type: text/csv").unavailable()
	var doc storageDocument
	health := c.do("GET", "/health/storage", nil).is(http.StatusServiceUnavailable)
	if health.decode(&doc); !health.saysWhen() {
		c.Errorf("Retry-After %q", health.header.Get("Retry-After"))
	}
	if doc.Status != "unhealthy" || doc.Reachable || !doc.RedisEnabled || doc.RedisAvailable || doc.Error == "" || doc.BackendType != "redis" {
		c.Errorf("%+v", doc)
	}
	// The cause is named as in the lines of the start.
	if cause, _, found := strings.Cut(doc.Error, ": "); !found || !slices.Contains([]string{"connection refused", "connection closed", "timeout"}, cause) {
		c.Errorf("error %q", doc.Error)
	}
	c.do("GET", "/health/ready", nil).is(http.StatusServiceUnavailable)
	c.do("GET", "/health/live", nil).is(http.StatusOK)
}

// unavailable checks the answer of a server whose Redis is gone.
func (a *answer) unavailable(texts ...string) {
	a.c.Helper()
	a.refused(http.StatusServiceUnavailable, "storage_unavailable", texts...)
	if !a.saysWhen() {
		a.c.Errorf("%s: Retry-After %q", a.request, a.header.Get("Retry-After"))
	}
}

// untilServed waits until a session can be read and returns how long that took. Documented is one
// second; the limit is higher because the machine may be busy.
func (c *client) untilServed(id string) time.Duration {
	c.Helper()
	start := time.Now()
	for time.Since(start) < 10*time.Second {
		if c.do("GET", "/api/v1/sessions/"+id, nil).status == http.StatusOK {
			return time.Since(start)
		}
		time.Sleep(5 * time.Millisecond)
	}
	c.Fatal("the server does not find Redis again")
	return 0
}

func TestAPausedRedisIsGivenUpInTimeAndFoundAgain(t *testing.T) {
	redis := testenv.StartRedis(t)
	c, _ := redisClient(t, redis, "REDIS_SOCKET_TIMEOUT=1", "REDIS_MAX_CONNECTIONS=4")
	s := c.create(people)
	redis.Pause()
	start := time.Now()
	var group sync.WaitGroup
	for range 12 {
		group.Go(func() {
			if a, err := c.try("GET", s.path("/data"), nil); err != nil || a.status != http.StatusServiceUnavailable || !a.saysWhen() {
				t.Errorf("%v, %v", a, err)
			}
		})
	}
	group.Wait()
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("the requests took %s, the time-out is 1s", took)
	}
	start = time.Now()
	c.do("GET", "/health/storage", nil).is(http.StatusServiceUnavailable)
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("the health document took %s", took)
	}
	redis.Resume()
	c.untilServed(s.id)
	s.isPeople()
}

func TestHealthNeverTakesLongerThanTwoSeconds(t *testing.T) {
	redis := testenv.StartRedis(t)
	c, _ := redisClient(t, redis, "REDIS_SOCKET_TIMEOUT=60")
	redis.Pause()
	for _, path := range []string{"/health/storage", "/health/storage?deep=true", "/health", "/health/ready"} {
		start := time.Now()
		c.do("GET", path, nil).is(http.StatusServiceUnavailable)
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("%s took %s", path, took)
		}
	}
	redis.Resume()
	c.do("GET", "/health/storage?deep=true", nil).is(http.StatusOK)
}

func TestARedisWithoutRoomIsAnsweredAndKeepsNothingByHalves(t *testing.T) {
	redis := testenv.StartRedis(t)
	c, _ := redisClient(t, redis)
	s := c.create(people)
	before, keys := s.state(), redis.Do("DBSIZE")
	redis.Do("CONFIG", "SET", "maxmemory", "1mb")
	full := func(a *answer) {
		t.Helper()
		a.has("Retry-After", "1").refused(http.StatusServiceUnavailable, "storage_unavailable", "full")
	}
	full(s.patch(setAge(1)))
	full(s.do("POST", s.path("/versions"), nil))
	full(c.do("POST", "/api/v1/sessions", numbers(20_000), "Content-Type: text/csv"))
	if got := s.state(); got != before {
		t.Errorf("the session became\n%s\nit was\n%s", got, before)
	}
	if now := redis.Do("DBSIZE"); now != keys {
		t.Errorf("%v keys became %v", keys, now)
	}
	var doc storageDocument
	c.do("GET", "/health/storage", nil).is(http.StatusOK).decode(&doc)
	if doc.Status != "error" || !doc.Reachable || !strings.Contains(doc.Error, "maxmemory of 1.00 MB") {
		t.Errorf("%+v", doc)
	}
	redis.Do("CONFIG", "SET", "maxmemory", "0")
	s.patch(setAge(1)).is(http.StatusOK)
	redis.Do("CONFIG", "SET", "maxmemory", "1mb")
	s.do("DELETE", s.path(""), nil).is(http.StatusNoContent)
	// Only the index may be left.
	if left := fmt.Sprint(redis.Do("KEYS", "*")); left != "[]" && left != "[edgeframe:index]" {
		t.Errorf("%s is left", left)
	}
}

func TestAnOverwrittenKeyDamagesItsSessionAlone(t *testing.T) {
	redis := testenv.StartRedis(t)
	c, _ := redisClient(t, redis, "CACHE_SIZE_MB=1")
	fine := c.create(people)
	for name, overwrite := range map[string]func(key string){
		"garbage":      func(key string) { redis.Do("SET", key, "garbage", "KEEPTTL") },
		"nothing":      func(key string) { redis.Do("SET", key, "", "KEEPTTL") },
		"another type": func(key string) { redis.Do("DEL", key); redis.Do("HSET", key, "a", "b") },
	} {
		for _, part := range []string{"head", "seg:*"} {
			s := c.create(numbers(60_000)) // too large for the caches
			keys := redis.Do("KEYS", "edgeframe:{"+s.id+"}:"+part).([]any)
			if len(keys) == 0 {
				t.Fatalf("no %s", part)
			}
			for _, key := range keys {
				overwrite(key.(string))
			}
			s.do("GET", s.path("/data"), nil).refused(http.StatusInternalServerError, "corrupt_session", s.id)
			s.patch(op{"op": "delete_rows", "rows": []int{0}}).refused(http.StatusInternalServerError, "corrupt_session", s.id)
			fine.isPeople()
			c.do("GET", "/health/storage", nil).is(http.StatusOK)
			if s.do("DELETE", s.path(""), nil).is(http.StatusNoContent); redis.Do("EXISTS", keys[0]) != int64(0) {
				t.Errorf("%s %s is left", name, part)
			}
		}
	}
}

// TestServersOnOneRedisShareTheirSessions edits one session through two servers.
func TestServersOnOneRedisShareTheirSessions(t *testing.T) {
	redis := testenv.StartRedis(t)
	first, _ := redisClient(t, redis)
	second, _ := redisClient(t, redis)
	s := first.create("n,a,b\n0,0,0\n")
	there := &sess{second, s.id, s.made}
	for round := 1; round <= 50; round++ {
		statuses := first.together(
			func() *answer { return s.racing("PATCH", "/data", setCell("a", round)) },
			func() *answer { return there.racing("PATCH", "/data", setCell("b", round)) },
		)
		row := there.page().Data.Data[0]
		for i, status := range statuses {
			if applied := row[i+1] == float64(round); applied != (status == http.StatusOK) {
				t.Fatalf("round %d: statuses %v, row %v", round, statuses, row)
			}
		}
		if got := s.page().Data.Data[0]; fmt.Sprint(got) != fmt.Sprint(row) {
			t.Fatalf("round %d: one server has %v, the other %v", round, got, row)
		}
	}
	if n := second.activeSessions(); n != 1 {
		t.Errorf("%d sessions", n)
	}
}
