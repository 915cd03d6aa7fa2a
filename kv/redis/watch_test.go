//go:build !js

package redis

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"edgeframe/internal/testenv"
	"edgeframe/kv"
)

// watched is what those who watch a key are told.
type watched struct {
	mu     sync.Mutex
	events []string
	looks  int
}

func (w *watched) tell(event []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if event == nil {
		w.looks++
		return
	}
	w.events = append(w.events, string(event))
}

func (w *watched) state() (events []string, looks int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.events), w.looks
}

// until waits until done.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within a minute", what)
		}
	}
}

// watch watches a key, and waits until the driver listens.
func watch(t *testing.T, d *Driver, key string) (w *watched, stop func()) {
	t.Helper()
	w = &watched{}
	stop = d.Watch(key, w.tell)
	t.Cleanup(stop)
	until(t, "listening", func() bool { _, looks := w.state(); return looks > 0 })
	return w, stop
}

// tellUntilHeard commits until an event arrives, because a commit while nobody listens is told to nobody.
func (s *session) tellUntilHeard(t *testing.T, d *Driver, w *watched, event string) {
	t.Helper()
	until(t, "hearing "+event, func() bool {
		name := fmt.Sprint(s.n + 1)
		_, err := d.Commit(t.Context(), kv.Commit{
			Swap: kv.Item{Key: s.key, Value: revised(name, ""), Counted: true}, Old: kv.RevisionOf(s.head), SwapTTL: time.Hour, Event: func() []byte { return []byte(event) },
		})
		if err == nil {
			s.n, s.head = s.n+1, revised(name, "")
		}
		events, _ := w.state()
		return slices.Contains(events, event)
	})
}

// TestWatchersAreToldToLookAfterTheConnectionWasBroken kills the connection, then the server.
func TestWatchersAreToldToLookAfterTheConnectionWasBroken(t *testing.T) {
	t.Parallel()
	server := testenv.StartRedis(t)
	writer, d := open(t, options(server.Addr)), open(t, options(server.Addr))
	s := &session{key: "edgeframe:{a}:head"}
	w, _ := watch(t, d, s.key)
	s.tellUntilHeard(t, writer, w, "before")
	for name, breaks := range map[string]func(){
		"connection killed": func() { server.Do("CLIENT", "KILL", "TYPE", "pubsub") },
		"server killed":     func() { server.Kill9(); server.Restart(); s.head = nil },
	} {
		_, before := w.state()
		breaks()
		until(t, "looking after "+name, func() bool { _, looks := w.state(); return looks > before })
		s.tellUntilHeard(t, writer, w, name)
	}
}

// TestAServerThatHangsIsGivenUp stops Redis without closing its connections.
func TestAServerThatHangsIsGivenUp(t *testing.T) {
	t.Parallel()
	server := testenv.StartRedis(t)
	opt := options(server.Addr)
	opt.ConnectTimeout = time.Second
	d := open(t, opt)
	s := &session{key: "edgeframe:{a}:head"}
	w, _ := watch(t, d, s.key)
	server.Pause()
	present := func() *subscription {
		d.subscriber.mu.Lock()
		defer d.subscriber.mu.Unlock()
		return d.subscriber.running
	}()
	line := func() any { present.mu.Lock(); defer present.mu.Unlock(); return present.lines[""] }
	was := line()
	until(t, "giving the connection up", func() bool { return line() != was })
	_, before := w.state()
	server.Resume()
	until(t, "looking", func() bool { _, looks := w.state(); return looks > before })
	s.tellUntilHeard(t, d, w, "after")
}

// TestManyWatchersTakeOneConnection also sees that nothing is left when they have gone.
func TestManyWatchersTakeOneConnection(t *testing.T) {
	server := testenv.StartRedis(t)
	d := open(t, options(server.Addr))
	subscribers := func() int { return strings.Count(fmt.Sprint(server.Do("CLIENT", "LIST", "TYPE", "pubsub")), " fd=") }
	until(t, "the end of the probe", func() bool { return subscribers() == 0 })
	goroutines := runtime.NumGoroutine()
	for range 3 {
		var stops []func()
		var all []*watched
		for i := range 2000 {
			w := &watched{}
			all = append(all, w)
			stops = append(stops, d.Watch(fmt.Sprintf("edgeframe:{%d}:head", i/2), w.tell))
		}
		until(t, "listening", func() bool {
			return !slices.ContainsFunc(all, func(w *watched) bool { _, looks := w.state(); return looks == 0 })
		})
		s := &session{key: "edgeframe:{999}:head"}
		server.Do("FLUSHALL")
		s.tellUntilHeard(t, d, all[1999], "event")
		if n := subscribers(); n != 1 {
			t.Errorf("%d connections", n)
		}
		for _, stop := range stops {
			stop()
		}
		until(t, "the end of the connection", func() bool { return subscribers() == 0 })
		until(t, "the end of what listens", func() bool { return runtime.NumGoroutine() <= goroutines })
	}
}

func TestChannelsThatNobodyWatchesAreLeft(t *testing.T) {
	t.Parallel()
	server := testenv.StartRedis(t)
	d := open(t, options(server.Addr))
	watch(t, d, "edgeframe:{a}:head")
	_, stop := watch(t, d, "edgeframe:{b}:head")
	stop()
	channels := func() string { return fmt.Sprint(server.Do("PUBSUB", "CHANNELS")) }
	until(t, "unsubscribing", func() bool { return channels() == "[edgeframe:{a}:head@0]" })
	w, _ := watch(t, d, "edgeframe:{b}:head")
	(&session{key: "edgeframe:{b}:head"}).tellUntilHeard(t, d, w, "again")
}

// TestAUserWithoutChannelsHasNoLiveUpdates has a user as Redis 7 makes it, and one that may do all.
func TestAUserWithoutChannelsHasNoLiveUpdates(t *testing.T) {
	t.Parallel()
	server := testenv.StartRedis(t)
	for rules, want := range map[string]bool{"resetchannels": false, "resetchannels &edgeframe:*": true, "allchannels -publish": false, "allchannels -subscribe": false} {
		server.Do("ACL", "DELUSER", "ef")
		args := []any{"ACL", "SETUSER", "ef", "on", ">secret", "allkeys", "+@all"}
		for rule := range strings.FieldsSeq(rules) {
			args = append(args, rule)
		}
		server.Do(args...)
		server.Do("FLUSHALL")
		opt := options(server.Addr)
		opt.Username, opt.Password = "ef", "secret"
		d := open(t, opt)
		if got := d.Info().Capabilities.LiveUpdates; got != want {
			t.Errorf("%s: live updates %v", rules, got)
		}
		// Changes work all the same.
		swap := kv.Commit{Swap: kv.Item{Key: "edgeframe:{a}:head", Value: revised("1", ""), Counted: true}, SwapTTL: time.Hour, Event: func() []byte { return []byte("e") }}
		if _, err := d.Commit(t.Context(), swap); err != nil {
			t.Errorf("%s: %v", rules, err)
		}
		must(t, d.Delete(t.Context(), []string{"edgeframe:{a}:head"}))
		if values, err := d.Get(t.Context(), []string{"edgeframe:{a}:head"}); err != nil || values[0] != nil {
			t.Errorf("%s: deleted, and there is %q, %v", rules, values, err)
		}
	}
}

func TestDatabasesOfOneServerAreToldApart(t *testing.T) {
	t.Parallel()
	server := testenv.StartRedis(t)
	opt := options(server.Addr)
	other := open(t, opt)
	opt.DB = 1
	d := open(t, opt)
	w, _ := watch(t, d, "edgeframe:{a}:head")
	elsewhere, _ := watch(t, other, "edgeframe:{a}:head")
	(&session{key: "edgeframe:{a}:head"}).tellUntilHeard(t, other, elsewhere, "other")
	(&session{key: "edgeframe:{a}:head"}).tellUntilHeard(t, d, w, "own")
	if events, _ := w.state(); slices.Contains(events, "other") {
		t.Errorf("told %q", events)
	}
}

// TestWatchersFollowAFailover has Sentinel replace the master.
func TestWatchersFollowAFailover(t *testing.T) {
	t.Parallel()
	sentinel := testenv.StartRedisSentinel(t)
	opt := options(sentinel.Addr)
	opt.SentinelMaster = sentinel.Name
	writer, d := open(t, opt), open(t, opt)
	s := &session{key: "edgeframe:{a}:head"}
	w, _ := watch(t, d, s.key)
	s.tellUntilHeard(t, writer, w, "before")
	_, before := w.state()
	sentinel.FailOver()
	until(t, "looking", func() bool { _, looks := w.state(); return looks > before })
	until(t, "the new master", func() bool {
		values, err := writer.Get(context.Background(), []string{s.key})
		if err == nil {
			s.head = values[0]
		}
		return err == nil
	})
	s.tellUntilHeard(t, writer, w, "after")
}

// TestWatchersOfACluster hears of all slots, over connections that break and while a slot moves, without a message
// that goes to every node.
func TestWatchersOfACluster(t *testing.T) {
	t.Parallel()
	cluster := testenv.StartRedisCluster(t, 3)
	writer, d := open(t, options(cluster.Addrs()...)), open(t, options(cluster.Addrs()...))
	all := map[string]*watched{}
	for i := range 12 {
		key := fmt.Sprintf("edgeframe:{%d}:head", i)
		all[key], _ = watch(t, d, key)
	}
	hear := func(event string) {
		t.Helper()
		for key, w := range all {
			values, err := writer.Get(t.Context(), []string{key})
			must(t, err)
			(&session{key: key, n: 1000, head: values[0]}).tellUntilHeard(t, writer, w, event)
		}
	}
	hear("first")
	for i := range 3 {
		cluster.Nodes[i].Do("CLIENT", "KILL", "TYPE", "pubsub")
	}
	hear("over new connections")

	const moving = "edgeframe:{0}:head"
	_, before := all[moving].state()
	move(cluster, moving)
	until(t, "looking after the move", func() bool { _, looks := all[moving].state(); return looks > before })
	hear("after the move")

	_, before = all[moving].state()
	must(t, writer.Delete(t.Context(), []string{moving}))
	until(t, "looking after the end", func() bool { _, looks := all[moving].state(); return looks > before })
	for i, node := range cluster.Nodes {
		if sent := infoField(fmt.Sprint(node.Do("CLUSTER", "INFO")), "cluster_stats_messages_publish_sent"); sent != "" {
			t.Errorf("node %d has sent %s messages to the others", i, sent)
		}
	}
	ordinaryMessages(t, cluster)
}

// move moves the slot of a key, which is the only one in it, to the next node.
func move(cluster *testenv.RedisCluster, key string) {
	from := cluster.Owner(key)
	source, target, third := cluster.Nodes[from], cluster.Nodes[(from+1)%3], cluster.Nodes[(from+2)%3]
	slot := cluster.Slot(key)
	to, of := target.Do("CLUSTER", "MYID"), source.Do("CLUSTER", "MYID")
	target.Do("CLUSTER", "SETSLOT", slot, "IMPORTING", of)
	source.Do("CLUSTER", "SETSLOT", slot, "MIGRATING", to)
	host, port, _ := strings.Cut(target.Addr, ":")
	source.Do("MIGRATE", host, port, key, 0, 5000)
	for _, node := range []*testenv.Redis{target, source, third} {
		node.Do("CLUSTER", "SETSLOT", slot, "NODE", to)
	}
}

// ordinaryMessages has a user who may not use sharded channels.
func ordinaryMessages(t *testing.T, cluster *testenv.RedisCluster) {
	for _, node := range cluster.Nodes {
		node.Do("ACL", "SETUSER", "ef", "on", ">secret", "allkeys", "allchannels", "+@all", "-spublish", "-ssubscribe")
	}
	opt := options(cluster.Addrs()...)
	opt.Username, opt.Password = "ef", "secret"
	d := open(t, opt)
	if !d.Info().Capabilities.LiveUpdates {
		t.Error("there are no live updates without sharded channels")
	}
	for _, key := range keysOf(cluster, 1) {
		w, _ := watch(t, d, key)
		(&session{key: key}).tellUntilHeard(t, d, w, "ordinary")
	}
}
