//go:build !js

package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"edgeframe/internal/testenv"
)

// These tests run the real program with a real Redis that goes and comes back, with STORAGE_RUNTIME_FALLBACK.

var moveKills = flag.Int("movekills", 3, "how often the server is killed while it moves sessions to Redis")

// outage is a server with the runtime fallback, and its Redis, which keeps what it has acknowledged.
type outage struct {
	*testing.T
	redis  *testenv.Redis
	server *testenv.Server
	env    []string
	client *http.Client
}

func newOutage(t *testing.T, env ...string) *outage {
	o := &outage{T: t, redis: testenv.StartRedis(t, "--appendonly", "yes", "--appendfsync", "always"), client: &http.Client{}}
	t.Cleanup(o.client.CloseIdleConnections)
	o.env = append([]string{
		"REDIS_ENABLED=true", "STORAGE_RUNTIME_FALLBACK=true", "BREAKER_FAILURES=3", "BREAKER_OPEN_FOR=0.2",
		"STORAGE_DIR=" + t.TempDir(), "REDIS_URL=" + o.redis.URL,
	}, env...)
	o.start()
	return o
}

func (o *outage) start() {
	o.Helper()
	o.server = testenv.StartServer(o.T, o.env...)
}

// ask sends a request with a body that is CSV, or JSON if it begins with a brace, and returns the status and the body of the answer.
func (o *outage) ask(method, path, body string, headers ...string) (status int, answer []byte, header http.Header) {
	o.Helper()
	req, err := http.NewRequest(method, o.server.URL+path, strings.NewReader(body))
	if err != nil {
		o.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "text/csv")
	}
	if strings.HasPrefix(body, "{") {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := o.client.Do(req)
	if err != nil {
		o.Error(err)
		return 0, nil, nil
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	if err != nil {
		o.Error(err)
	}
	return resp.StatusCode, answer, resp.Header
}

func (o *outage) want(status int, method, path, body string, headers ...string) []byte {
	o.Helper()
	got, answer, _ := o.ask(method, path, body, headers...)
	if got != status {
		o.Errorf("%s %s: %d, want %d: %.300s", method, path, got, status, answer)
	}
	return answer
}

// table is a CSV of rows of random numbers, which take several segments if there are many.
func table(rows int) string {
	var b strings.Builder
	b.WriteString("a,b\n")
	for range rows {
		fmt.Fprintf(&b, "%d,%d\n", rand.Int64(), rand.Int64())
	}
	return b.String()
}

// create makes a session and returns its path. Until the breaker has opened, Redis is asked in vain.
func (o *outage) create(rows int) string {
	o.Helper()
	for range 20 {
		status, body, header := o.ask("POST", "/api/v1/sessions", table(rows))
		if status == http.StatusCreated {
			return header.Get("Location")
		}
		if status != http.StatusServiceUnavailable {
			o.Fatalf("create: %d: %s", status, body)
		}
	}
	o.Fatal("no session can be created")
	return ""
}

// set changes a cell, so that the session can be told from its earlier states.
func set(value int) string {
	return fmt.Sprintf(`{"operations":[{"op":"set_values","column":"a","rows":[0],"value":%d}]}`, value)
}

// first is the value of that cell.
func (o *outage) first(path string) int {
	o.Helper()
	body := o.want(http.StatusOK, "GET", path+"/data?limit=1&format=csv", "")
	var n int
	lines := strings.Split(string(body), "\n")
	if len(lines) < 2 {
		o.Errorf("%s: %q", path, body)
		return -1
	}
	if _, err := fmt.Sscanf(lines[1], "%d,", &n); err != nil {
		o.Errorf("%s: %v in %q", path, err, body)
	}
	return n
}

func (o *outage) health() map[string]any {
	o.Helper()
	_, doc := storageHealth(o.T, o.server.URL)
	return doc
}

// until waits until the health document is as done says.
func (o *outage) until(what string, done func(doc map[string]any) bool) {
	o.Helper()
	var doc map[string]any
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if doc = o.health(); done(doc) {
			return
		}
	}
	o.Fatalf("not %s: %v\n%s", what, doc, o.server.Logs())
}

func breakerIs(doc map[string]any) string {
	b, _ := doc["breaker"].(map[string]any)
	s, _ := b["state"].(string)
	return s
}

func waiting(doc map[string]any) float64 {
	m, _ := doc["moving"].(map[string]any)
	n, _ := m["waiting"].(float64)
	return n
}

func (o *outage) moved() {
	o.Helper()
	o.until("moved", func(doc map[string]any) bool { return breakerIs(doc) == "closed" && waiting(doc) == 0 })
}

func (o *outage) gone() {
	o.Helper()
	o.until("gone", func(doc map[string]any) bool { return breakerIs(doc) != "closed" })
}

func TestNewSessionsAreServedWhileRedisIsGoneAndMoveThereWithoutAGap(t *testing.T) {
	o := newOutage(t)
	onRedis := o.create(10)
	o.want(http.StatusOK, "PATCH", onRedis+"/data", set(1))
	keyed := []string{"Idempotency-Key", "made-on-redis"}
	o.want(http.StatusCreated, "POST", "/api/v1/sessions", table(1), keyed...)

	o.redis.Kill9()
	var paths []string
	for i := range 8 {
		paths = append(paths, o.create([]int{3, 30_000}[i%2]))
	}
	for _, path := range []string{onRedis, "/api/v1/sessions/123e4567-e89b-42d3-a456-426614174000"} {
		status, body, header := o.ask("GET", path, "")
		if status != http.StatusServiceUnavailable || header.Get("Retry-After") != "1" {
			t.Errorf("%s: %d, Retry-After %q: %s", path, status, header.Get("Retry-After"), body)
		}
	}
	o.want(http.StatusServiceUnavailable, "PATCH", onRedis+"/data", set(2))
	o.want(http.StatusServiceUnavailable, "DELETE", onRedis, "")
	// The first one stands in Redis, so a second one must not be made.
	o.want(http.StatusServiceUnavailable, "POST", "/api/v1/sessions", table(1), keyed...)
	deleted := o.create(3)
	o.want(http.StatusNoContent, "DELETE", deleted, "")
	o.want(http.StatusNotFound, "GET", deleted, "")
	if doc := o.health(); doc["status"] != "healthy" || doc["backend_type"] != "inmemory" || doc["redis_available"] != false || doc["fallback"].(map[string]any)["active"] != true {
		t.Errorf("health: %v", doc)
	}

	var expires []string
	for _, path := range paths {
		o.want(http.StatusOK, "POST", path+"/touch", `{"ttl_seconds":7200}`)
		expires = append(expires, expiry(t, o.want(http.StatusOK, "GET", path, "")))
	}
	// Readers and writers of every session go on while Redis comes back.
	var stop atomic.Bool
	var clients sync.WaitGroup
	last := make([]atomic.Int64, len(paths))
	var reads atomic.Int64
	for i, path := range paths {
		clients.Go(func() {
			for n := 1; !stop.Load(); n++ {
				o.want(http.StatusOK, "PATCH", path+"/data", set(n))
				last[i].Store(int64(n))
				time.Sleep(10 * time.Millisecond)
			}
		})
		clients.Go(func() {
			for !stop.Load() {
				least := last[i].Load()
				if got := int64(o.first(path)); least > 0 && got < least {
					t.Errorf("%s: read %d after %d was acknowledged", path, got, least)
				}
				reads.Add(1)
				time.Sleep(time.Millisecond)
			}
		})
	}
	time.Sleep(200 * time.Millisecond)
	o.redis.Restart()
	o.moved()
	time.Sleep(100 * time.Millisecond)
	stop.Store(true)
	clients.Wait()
	t.Logf("%d reads", reads.Load())

	for i, path := range paths {
		if got := o.first(path); int64(got) != last[i].Load() {
			t.Errorf("%s has %d, acknowledged was %d", path, got, last[i].Load())
		}
		o.want(http.StatusOK, "POST", path+"/undo", "")
		if got := o.first(path); int64(got) != last[i].Load()-1 {
			t.Errorf("%s has %d after undo of %d", path, got, last[i].Load())
		}
		if now := expiry(t, o.want(http.StatusOK, "GET", path, "")); now < expires[i] {
			t.Errorf("%s: expires at %s, before %s", path, now, expires[i])
		}
		id := path[strings.LastIndex(path, "/")+1:]
		if o.redis.Do("EXISTS", "edgeframe:{"+id+"}:head").(int64) != 1 {
			t.Errorf("%s is not in Redis", path)
		}
	}
	if o.first(onRedis) != 1 {
		t.Error("the session that was on Redis has another state")
	}
	o.want(http.StatusNotFound, "GET", deleted, "")
	if doc := o.health(); doc["backend_type"] != "redis" || doc["redis_available"] != true || doc["active_sessions"] != 10.0 || doc["moving"].(map[string]any)["moved"] != 8.0 {
		t.Errorf("health: %v", doc)
	}
	o.wantTransitions(1)
}

func expiry(t *testing.T, document []byte) string {
	t.Helper()
	var doc struct {
		Expires string `json:"expires_at"`
	}
	if err := json.Unmarshal(document, &doc); err != nil || doc.Expires == "" {
		t.Errorf("%v: %s", err, document)
	}
	return doc.Expires
}

// wantTransitions checks that the log says once for each outage that Redis has gone, and that it is back.
func (o *outage) wantTransitions(n int) {
	o.Helper()
	for _, text := range []string{"calls in a row have failed", "Redis: answers again"} {
		if got := strings.Count(o.server.Logs(), text); got != n {
			o.Errorf("the log says %d times %q, want %d:\n%s", got, text, n, o.server.Logs())
		}
	}
}

// TestNoChangeIsLostWhenTheServerIsKilledWhileItMovesSessions kills the server at random moments after Redis has come
// back. Now and then Redis ends at the same time, and is back after the server. Another server deletes sessions meanwhile.
func TestNoChangeIsLostWhenTheServerIsKilledWhileItMovesSessions(t *testing.T) {
	o := newOutage(t)
	state, deleted := map[string]int{}, map[string]bool{}
	other := &outage{T: t, client: o.client, server: testenv.StartServer(t, "REDIS_ENABLED=true", "REDIS_URL="+o.redis.URL, "BREAKER_FAILURES=0")}
	for round := range *moveKills {
		o.redis.Kill9()
		o.gone()
		for i := range 8 {
			path := o.create([]int{3, 40_000}[i%2])
			state[path] = 0
			for n := 1; n <= 3; n++ {
				o.want(http.StatusOK, "PATCH", path+"/data", set(n))
				state[path] = n
			}
		}
		o.redis.Restart()
		time.Sleep(rand.N(400 * time.Millisecond))
		both := round%3 == 2
		if both {
			o.redis.Kill9()
		}
		o.server.Kill9()
		for path := range state {
			if len(deleted) > 4*round {
				break
			}
			if status, _, _ := other.ask("DELETE", path, ""); status == http.StatusNoContent {
				delete(state, path)
				deleted[path] = true
			}
		}
		o.start()
		for path, n := range state {
			status, body, _ := o.ask("GET", path, "")
			if status != http.StatusOK && !(both && status == http.StatusServiceUnavailable) {
				t.Errorf("round %d: %s: %d: %s", round, path, status, body)
			}
			if status == http.StatusOK && o.first(path) != n {
				t.Errorf("round %d: %s has %d, acknowledged was %d", round, path, o.first(path), n)
			}
			if status == http.StatusOK {
				o.want(http.StatusOK, "PATCH", path+"/data", set(n+1))
				state[path]++
			}
		}
		if both {
			o.redis.Restart()
		}
		o.moved()
		o.wantStates(state)
	}
	for path := range deleted {
		o.want(http.StatusNotFound, "GET", path, "")
	}
	t.Logf("%d kills, %d sessions, %d deleted", *moveKills, len(state), len(deleted))
	// Everything is in Redis: another server without the directory has it too.
	o.server.Kill9()
	o.env = append(slices.Clone(o.env), "STORAGE_DIR="+t.TempDir())
	o.start()
	o.wantStates(state)
}

func (o *outage) wantStates(state map[string]int) {
	o.Helper()
	for path, n := range state {
		if got := o.first(path); got != n {
			o.Errorf("%s has %d, acknowledged was %d", path, got, n)
		}
	}
}

// TestSessionsOfAFallbackAtTheStartMoveToo starts without Redis, and restarts before it is there.
func TestSessionsOfAFallbackAtTheStartMoveToo(t *testing.T) {
	redis := testenv.StartRedis(t)
	redis.Kill9()
	o := &outage{T: t, redis: redis, client: http.DefaultClient}
	o.env = []string{"REDIS_ENABLED=true", "STORAGE_RUNTIME_FALLBACK=true", "BREAKER_OPEN_FOR=0.2", "STORAGE_DIR=" + t.TempDir(), "REDIS_URL=" + redis.URL}
	o.start()
	path := o.create(3)
	o.want(http.StatusOK, "PATCH", path+"/data", set(1))
	o.server.Kill9()
	o.start()
	if o.first(path) != 1 {
		t.Error("the session is not the same after the restart")
	}
	if doc := o.health(); doc["backend_type"] != "inmemory" || breakerIs(doc) == "closed" || waiting(doc) != 1 {
		t.Errorf("health: %v", doc)
	}
	redis.Restart()
	o.moved()
	if o.first(path) != 1 || bytes.Contains(o.want(http.StatusOK, "GET", "/health/storage", ""), []byte(`"inmemory"`)) {
		t.Error("the session is not on Redis")
	}
}

// TestNoCallReachesRedisOnceTheBreakerIsOpen counts the connections to a port where something else answers than Redis.
func TestNoCallReachesRedisOnceTheBreakerIsOpen(t *testing.T) {
	redis := testenv.StartRedis(t)
	s := testenv.StartServer(t, "REDIS_ENABLED=true", "STORAGE_FALLBACK_TO_MEMORY=false", "REDIS_URL="+redis.URL, "BREAKER_FAILURES=2", "BREAKER_OPEN_FOR=3600")
	session := upload(t, s.URL, "a\n1\n")
	redis.Kill9()
	var connections atomic.Int64
	ln, err := net.Listen("tcp", redis.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			conn.Close()
		}
	}()
	get := func() (status int, retryAfter string) {
		resp, err := http.Get(session)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode, resp.Header.Get("Retry-After")
	}
	for range 2 {
		if status, _ := get(); status != http.StatusServiceUnavailable {
			t.Errorf("got %d", status)
		}
	}
	before := connections.Load()
	for range 200 {
		status, retryAfter := get()
		if seconds, _ := strconv.Atoi(retryAfter); status != http.StatusServiceUnavailable || seconds < 3000 || seconds > 3600 {
			t.Fatalf("got %d, Retry-After %q", status, retryAfter)
		}
	}
	status, doc := storageHealth(t, s.URL)
	if status != http.StatusServiceUnavailable || doc["reachable"] != false || doc["redis_available"] != false || breakerIs(doc) != "open" {
		t.Errorf("health: %d, %v", status, doc)
	}
	if after := connections.Load(); before == 0 || after != before {
		t.Errorf("%d connections, and %d after 200 requests", before, after)
	}
}
