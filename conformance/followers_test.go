//go:build !js

package conformance

import (
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"edgeframe/internal/testenv"
)

// manyFollowers is how many follow a session on each of two servers.
const manyFollowers = 250

// TestFollowersOfServersThatShareRedis has many followers of one session on two servers, and an editor. The followers
// are told, whichever server makes the change; they extend nothing; they outlive Redis; and nothing of them stays.
func TestFollowersOfServersThatShareRedis(t *testing.T) {
	t.Parallel()
	redis := testenv.StartRedis(t, "--appendonly", "yes", "--appendfsync", "always")
	var clients [2]*client
	var servers [2]*testenv.Server
	var files [2]int
	for i := range clients {
		clients[i], servers[i] = redisClient(t, redis, "REDIS_SOCKET_TIMEOUT=2")
	}
	made := clients[0].create(people)
	s := [2]*sess{made, {clients[1], made.id, made.made}}
	for i := range servers {
		s[i].follow(nil).stop()
		files[i] = idleFiles(t, servers[i])
	}
	expires := func() string {
		return s[0].do("GET", s[0].path("", "touch=false"), nil).is(http.StatusOK).session().ExpiresAt
	}

	before := expires()
	followers := make([]*follower, 2*manyFollowers)
	for i := range followers {
		followers[i] = s[i%2].follow(nil)
		followers[i].next()
	}
	if after := expires(); after != before {
		t.Errorf("followed by %d, the session expires %s, not %s", len(followers), after, before)
	}

	var slowest time.Duration
	for i := range 6 {
		start := time.Now()
		revision := make(chan string, len(followers))
		var all sync.WaitGroup
		for _, f := range followers {
			all.Go(func() { revision <- f.next().Revision })
		}
		want := s[i%2].do("POST", s[i%2].path("/versions"), nil).is(http.StatusCreated).header.Get("Edgeframe-Revision")
		all.Wait()
		slowest = max(slowest, time.Since(start))
		for range followers {
			if got := <-revision; got != want {
				t.Fatalf("a follower was told %s, want %s", got, want)
			}
		}
	}
	t.Logf("%d followers were told of a change within %s, with the change itself and with the work of the test", len(followers), slowest)

	redis.Kill9()
	redis.Restart()
	s[0].eventually("POST", "/versions").is(http.StatusCreated)
	last := s[1].eventually("GET", "?touch=false").is(http.StatusOK).header.Get("Edgeframe-Revision")
	for i, f := range followers {
		seen := ""
		for seen != last {
			if seen = f.next().Revision; revisionOf(seen) > revisionOf(last) {
				t.Fatalf("follower %d was told %s, after %s", i, seen, last)
			}
		}
	}

	// They vanish without a word.
	for _, f := range followers {
		f.stop()
	}
	patiently(t, "nobody follows any more", func() bool { return redis.Do("CLIENT", "LIST", "TYPE", "pubsub") == "" })
	for i, server := range servers {
		// The number of connections to Redis varies.
		patiently(t, "the files of followers are closed", func() bool { return idleFiles(t, server) < files[i]+manyFollowers/5 })
	}
	wantNoFollowers(t, servers[1])

	// A server that starts anew tells what was missed, and to those who have missed nothing what comes.
	again, server := redisClient(t, redis)
	s[1] = &sess{again, made.id, made.made}
	up := s[1].follow([]string{"after=" + last})
	s[1].follow([]string{"after=" + made.get("").header.Get("Edgeframe-Revision")}, "Last-Event-ID: 1-0123456789abcdef").tells("", "*")
	s[0].do("POST", s[0].path("/versions"), nil).is(http.StatusCreated)
	up.tells("Snapshot")

	// It stops at once, although somebody follows.
	start := time.Now()
	if code := server.Stop(); code != 0 || strings.Contains(server.Logs(), "requests_cut") {
		t.Errorf("stopped with %d after %s:\n%s", code, time.Since(start), server.Logs())
	}
	up.ends("", streamEnded)
}

// eventually repeats a request of a server that cannot reach Redis.
func (s *sess) eventually(method, below string) (a *answer) {
	s.Helper()
	patiently(s.T, "an answer of Redis", func() bool {
		a = s.do(method, s.path("")+below, nil)
		return a.status != http.StatusServiceUnavailable
	})
	return a
}

// patiently waits until done.
func patiently(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !done(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within two minutes", what)
		}
	}
}

// idleFiles is how many files a server has open, once the connections of this test that wait are closed.
func idleFiles(t *testing.T, server *testenv.Server) int {
	t.Helper()
	http.DefaultClient.CloseIdleConnections()
	if runtime.GOOS != "linux" {
		return 0
	}
	return server.OpenFiles()
}

// wantNoFollowers ends a server, and checks that nothing in it works for followers.
func wantNoFollowers(t *testing.T, server *testenv.Server) {
	t.Helper()
	_, stacks := server.Goroutines()
	for _, of := range []string{"edgeframe/native/live.", "edgeframe/native.follow", "kv/redis.(*subscription)"} {
		if strings.Contains(stacks, of) {
			t.Errorf("%s is at work:\n%s", of, stacks)
		}
	}
}

// TestTheFollowersOfAServerAreLimited also restarts a server with a directory.
func TestTheFollowersOfAServerAreLimited(t *testing.T) {
	t.Parallel()
	env := []string{"REDIS_ENABLED=false", "STORAGE_DIR=" + t.TempDir()}
	server := testenv.StartServer(t, append(env, "MAX_CONNECTIONS=8")...)
	c := newClient(t, Target{URL: server.URL})
	s := c.create(people)
	var followers []*follower
	for range 4 {
		followers = append(followers, s.follow(nil))
	}
	a := s.do("GET", s.path("/events"), nil)
	a.refused(http.StatusServiceUnavailable, "live_updates_full", "later")
	if got := a.header.Get("Retry-After"); got != "10" {
		t.Errorf("Retry-After %q", got)
	}
	followers[0].stop()
	patiently(t, "room for another follower", func() bool {
		f, _, err := s.dial(nil)
		if err == nil {
			f.next()
		}
		return err == nil
	})
	s.edit(op{"op": "delete_rows", "rows": []int{0}})
	var seen string
	for _, f := range followers[1:] {
		f.next()
		seen = f.tells("deleted 1 row", "*").Revision
	}
	if code := server.Stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	for _, f := range followers[1:] {
		f.ends("", streamEnded)
	}

	server = testenv.StartServer(t, env...)
	s = &sess{newClient(t, Target{URL: server.URL}), s.id, s.made}
	f := s.follow(nil, "Last-Event-ID: "+seen)
	s.do("POST", s.path("/versions"), nil).is(http.StatusCreated)
	f.tells("Snapshot")
}
