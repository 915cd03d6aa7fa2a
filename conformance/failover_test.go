//go:build !js

package conformance

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"edgeframe/internal/testenv"
)

var (
	failovers   = flag.Int("failovers", 1, "how often each master is killed, paused and replaced in order")
	waitForThem = flag.Int("failovers.wait", 1, "REDIS_WAIT_REPLICAS while masters are replaced; with 0 changes are lost")
)

// replicators are the clients that change sessions while masters are replaced. They leave the machine time for the
// servers.
const replicators = 4

// redisPair is a master with one replica, one of which is replaced by the other.
type redisPair interface {
	// current returns the servers by their roles.
	current() (master, replica *testenv.Redis)
	// order replaces the master by the replica while both run.
	order(master, replica *testenv.Redis)
	// join makes a server that was the master a replica of the present one. It has been killed, or believes
	// that it is the master still.
	join(old, master *testenv.Redis, killed bool)
}

// TestNoAcknowledgedChangeIsLostWhenRedisFailsOver replaces the master of servers that wait for replicas, again and
// again and under load: it is killed, hangs, or is replaced in order. Clients repeat each change with its key until
// it is acknowledged. Then it must be there once.
func TestNoAcknowledgedChangeIsLostWhenRedisFailsOver(t *testing.T) {
	file := []string{"--appendonly", "yes", "--appendfsync", "always"}
	env := func(url string, more ...string) []string {
		return append([]string{
			"REDIS_ENABLED=true", "STORAGE_FALLBACK_TO_MEMORY=false", "REDIS_URL=" + url, "REDIS_SOCKET_TIMEOUT=2",
			fmt.Sprint("REDIS_WAIT_REPLICAS=", *waitForThem), "REDIS_WAIT_TIMEOUT=0.5",
		}, more...)
	}
	t.Run("sentinel", func(t *testing.T) {
		t.Parallel()
		s := testenv.StartRedisSentinel(t, file...)
		failOver(t, sentinelPair{s}, env("redis://"+s.Addr, "REDIS_SENTINEL_MASTER="+s.Name))
	})
	t.Run("cluster", func(t *testing.T) {
		t.Parallel()
		cluster := testenv.StartRedisCluster(t, 3, append(file, "--cluster-node-timeout", "1000")...)
		for i := range 3 {
			cluster.AddReplica(i)
		}
		failOver(t, clusterPair{cluster.Nodes[0], cluster.Nodes[3]}, env("redis://"+cluster.Nodes[1].Addr))
	})
}

func failOver(t *testing.T, pair redisPair, env []string) {
	server := testenv.StartServer(t, env...)
	c := newClient(t, Target{URL: server.URL})
	done := make(chan struct{})
	var load []*replicatedSession
	var group sync.WaitGroup
	stop := sync.OnceFunc(func() {
		close(done)
		group.Wait()
	})
	t.Cleanup(stop)
	for i := range replicators {
		s := &replicatedSession{client: c, writer: i}
		// The replicas may just have been connected.
		made := s.until(done, http.StatusCreated, "POST", "/api/v1/sessions", "n\n0\n", "Content-Type: text/csv", fmt.Sprintf("Idempotency-Key: %d", i))
		if made == nil {
			t.FailNow()
		}
		s.sess = &sess{client: c, id: made.session().SessionID}
		load = append(load, s)
		group.Go(func() { s.work(done) })
	}
	for round := range *failovers {
		for _, fault := range []string{"killed", "paused", "replaced in order"} {
			start := time.Now()
			old, next := pair.current()
			switch fault {
			case "killed":
				old.Kill9()
			case "paused":
				old.Pause()
			default:
				pair.order(old, next)
			}
			next.WaitForRole("master")
			promoted := time.Since(start)
			if fault == "paused" {
				old.Resume()
			}
			// The old master believes that it is one, and clients may still be connected to it.
			time.Sleep(time.Duration(200+round%5*400) * time.Millisecond)
			pair.join(old, next, fault == "killed")
			next.WaitForReplica(old)
			acknowledged := 0
			for _, s := range load {
				acknowledged += s.isWhole()
			}
			t.Logf("round %d: a master is %s: replaced after %s, %d changes are acknowledged", round+1, fault, promoted.Round(10*time.Millisecond), acknowledged)
		}
	}
	stop()
	unsure, acknowledged := 0, 0
	for _, s := range load {
		acknowledged += s.isWhole()
		unsure += int(s.unsure.Load())
	}
	t.Logf("%d changes are acknowledged, %d answers were 503 not_replicated", acknowledged, unsure)
}

// replicatedSession is changed by one client, which also makes and deletes sessions.
type replicatedSession struct {
	*client
	writer int
	sess   *sess
	// appended is the last number whose append was acknowledged. The rows are the numbers from 0 on.
	appended atomic.Int64
	// lost counts what was acknowledged and is not there.
	lost atomic.Int64
	// unsure counts the answers that say that a change may be lost.
	unsure atomic.Int64

	mu sync.Mutex
	// kept are sessions that were made, deleted those whose deletion was acknowledged.
	kept, deleted []string
}

// work makes changes until done is closed.
func (s *replicatedSession) work(done <-chan struct{}) {
	for n := s.appended.Load() + 1; ; n++ {
		key := fmt.Sprintf("Idempotency-Key: %d-%d", s.writer, n)
		if s.until(done, http.StatusOK, "POST", s.sess.path("/data"), fmt.Sprintf("n\n%d\n", n), "Content-Type: text/csv", key) == nil {
			return
		}
		s.appended.Store(n)
		time.Sleep(10 * time.Millisecond)
		if n%8 != 0 {
			continue
		}
		made := s.until(done, http.StatusCreated, "POST", "/api/v1/sessions", numbers(2_000), "Content-Type: text/csv", key)
		if made == nil {
			return
		}
		id := made.session().SessionID
		if n%16 == 0 {
			if s.until(done, http.StatusNoContent, "DELETE", "/api/v1/sessions/"+id, nil) == nil {
				return
			}
			s.note(&s.deleted, id)
		} else {
			s.note(&s.kept, id)
		}
	}
}

func (s *replicatedSession) note(list *[]string, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*list = append(*list, id)
}

// until repeats a request until it succeeds. It returns nil if done is closed first. A DELETE that is repeated may
// find that it was done.
func (s *replicatedSession) until(done <-chan struct{}, status int, method, path string, body any, headers ...string) *answer {
	for tries := 0; !closed(done); tries++ {
		a, err := s.once(method, path, body, headers...)
		switch {
		case err != nil:
			if !closed(done) {
				s.Errorf("%s %s: %v", method, path, err)
			}
			return nil
		case a.status == status, tries > 0 && method == "DELETE" && a.status == http.StatusNotFound:
			return a
		case a.status == http.StatusServiceUnavailable && a.saysWhen():
			if strings.Contains(string(a.body), `"not_replicated"`) {
				s.unsure.Add(1)
			}
			time.Sleep(20 * time.Millisecond)
		case a.status == http.StatusTooManyRequests:
			time.Sleep(20 * time.Millisecond)
		default:
			s.Errorf("%s %s: status %d: %s", method, path, a.status, a.body)
			return nil
		}
	}
	return nil
}

// isWhole checks that what was acknowledged until now is there, and returns how many changes that are.
func (s *replicatedSession) isWhole() int {
	s.Helper()
	appended := int(s.appended.Load())
	s.mu.Lock()
	kept, deleted := slices.Clone(s.kept), slices.Clone(s.deleted)
	s.mu.Unlock()
	rows := strings.Fields(s.patient(s.sess.path("/data", "format=csv"), http.StatusOK))
	for i, row := range rows[min(1, len(rows)):] {
		if row != fmt.Sprint(i) {
			s.loses("lost or doubled: row %d of session %s is %s, acknowledged are %d rows", i, s.sess.id, row, appended+1)
			break
		}
	}
	if len(rows) < appended+2 {
		s.loses("lost: session %s has %d rows, acknowledged are %d", s.sess.id, len(rows)-1, appended+1)
	}
	for _, id := range kept {
		if csv := s.patient("/api/v1/sessions/"+id+"/data?format=csv", http.StatusOK); csv != numbers(2_000) {
			s.loses("lost: upload %s has other data", id)
		}
	}
	for _, id := range deleted {
		s.patient("/api/v1/sessions/"+id, http.StatusNotFound)
	}
	// Only the newest are looked at again.
	s.mu.Lock()
	s.kept, s.deleted = s.kept[max(0, len(kept)-20):], s.deleted[max(0, len(deleted)-20):]
	s.mu.Unlock()
	return appended + len(kept) + 2*len(deleted)
}

func (s *replicatedSession) loses(format string, args ...any) {
	s.Helper()
	s.lost.Add(1)
	s.Errorf(format, args...)
}

// patient reads until the store answers, and returns the body.
func (s *replicatedSession) patient(path string, status int) string {
	s.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		a, err := s.once("GET", path, nil)
		if err == nil && a.status == http.StatusServiceUnavailable && time.Now().Before(end) {
			continue
		}
		if err != nil || a.status != status {
			s.loses("lost: GET %s: %v, %v, want status %d", path, a, err, status)
			return ""
		}
		return string(a.body)
	}
}

// sentinelPair is a master that Sentinel replaces.
type sentinelPair struct{ *testenv.RedisSentinel }

func (p sentinelPair) current() (master, replica *testenv.Redis) { return p.Current() }

func (p sentinelPair) order(_, _ *testenv.Redis) { p.FailOver() }

// join does at once what the Sentinel does after ten seconds.
func (p sentinelPair) join(old, master *testenv.Redis, killed bool) {
	for now, _ := p.Current(); now != master; now, _ = p.Current() {
		time.Sleep(20 * time.Millisecond)
	}
	if killed {
		old.RestartAsReplica(master)
	} else {
		old.Follow(master)
	}
}

// clusterPair is a master of a Cluster and its replica.
type clusterPair struct{ first, second *testenv.Redis }

func (p clusterPair) current() (master, replica *testenv.Redis) {
	if p.first.Info("role") == "master" {
		return p.first, p.second
	}
	return p.second, p.first
}

// order asks again if the failover did not come about within its five seconds: the other masters do not vote for a
// replica of the same master twice in a short time.
func (clusterPair) order(_, replica *testenv.Redis) {
	for range 5 {
		// It is refused if the replica has just become the master.
		_ = replica.Admin.Do(context.Background(), "CLUSTER", "FAILOVER").Err()
		for end := time.Now().Add(6 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			if replica.Info("role") == "master" {
				return
			}
		}
	}
}

// join lets the Cluster do it.
func (clusterPair) join(old, _ *testenv.Redis, killed bool) {
	if killed {
		old.Restart()
	}
	old.WaitForRole("slave")
}
