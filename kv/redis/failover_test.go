//go:build !js

package redis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"edgeframe/internal/testenv"
	"edgeframe/kv"
)

// session is a head with its segments. Every commit replaces one segment.
type session struct {
	key  string
	head []byte
	n    int
}

// commit makes the next state and reports whether it succeeded. It may find that an earlier attempt,
// which got no answer, has succeeded.
func (s *session) commit(ctx context.Context, d *Driver) error {
	name := fmt.Sprint(s.n + 1)
	values, err := d.Commit(ctx, kv.Commit{
		Put: []kv.Item{{Key: s.key + "segment" + name, Value: []byte(name)}}, TTL: time.Hour,
		Swap: kv.Item{Key: s.key, Value: revised(name, ""), Counted: true}, Old: kv.RevisionOf(s.head), SwapTTL: time.Hour,
		Drop: []string{fmt.Sprint(s.key, "segment", s.n-3)},
		Get:  []string{s.key},
	})
	if errors.Is(err, kv.ErrConflict) && values != nil && kv.RevisionOf(values[0]) == kv.RevisionOf(revised(name, "")) {
		err = nil
	}
	if errors.Is(err, kv.ErrConflict) {
		err = fmt.Errorf("%w: %q, want %q", err, values, s.head)
	}
	if err == nil {
		s.n, s.head = s.n+1, revised(name, "")
	}
	return err
}

// check reads the session and compares it.
func (s *session) check(ctx context.Context, d *Driver) error {
	values, err := d.Get(ctx, []string{s.key, fmt.Sprint(s.key, "segment", s.n)})
	if err == nil && (kv.RevisionOf(values[0]) != kv.RevisionOf(s.head) || string(values[1]) != fmt.Sprint(s.n)) {
		err = fmt.Errorf("%s is at %.16q and %q, want state %d", s.key, values[0], values[1], s.n)
	}
	return err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// again repeats a call until it returns no error.
func again(t *testing.T, call func() error) {
	t.Helper()
	const patience = 20 * time.Second
	start := time.Now()
	for err := call(); err != nil; err = call() {
		if time.Since(start) > patience {
			t.Fatalf("still after %s: %v", patience, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Logf("works after %s", time.Since(start).Round(10*time.Millisecond))
}

func sentinelOptions(s *testenv.RedisSentinel) Options {
	opt := options(s.Addr)
	opt.SentinelMaster = s.Name
	return opt
}

func TestAMasterThatDiesIsReplacedByTheReplicaThatSentinelPromotes(t *testing.T) {
	t.Parallel()
	s := testenv.StartRedisSentinel(t)
	d, ctx := open(t, sentinelOptions(s)), t.Context()
	one, two := &session{key: "{one}"}, &session{key: "{two}"}
	for range 5 {
		must(t, errors.Join(one.commit(ctx, d), two.commit(ctx, d)))
	}
	must(t, d.Set(ctx, []kv.Item{{Key: "set", Value: []byte("v"), Counted: true}}, time.Hour))
	s.Master.Replicate()
	s.Master.Kill9()
	start := time.Now()
	if err := one.check(ctx, d); err == nil || time.Since(start) > 5*time.Second {
		t.Errorf("without a master: %v after %s", err, time.Since(start))
	}
	again(t, func() error { return one.commit(ctx, d) })
	must(t, errors.Join(one.check(ctx, d), two.check(ctx, d), two.commit(ctx, d), two.check(ctx, d)))
	if values, err := d.Get(ctx, []string{"set"}); err != nil || string(values[0]) != "v" {
		t.Errorf("what was set is %q, %v", values, err)
	}
	if n, err := d.Count(ctx); err != nil || n != (kv.Count{N: 3, Exact: true}) {
		t.Errorf("count %+v, %v", n, err)
	}
	// The old master comes back without data, and must not be asked.
	s.Master.Restart()
	for range 50 {
		must(t, errors.Join(one.commit(ctx, d), one.check(ctx, d)))
	}
}

func TestAMasterThatHangsIsReplacedToo(t *testing.T) {
	t.Parallel()
	s := testenv.StartRedisSentinel(t)
	opt := sentinelOptions(s)
	opt.SocketTimeout = time.Second
	d, ctx := open(t, opt), t.Context()
	one := &session{key: "{one}"}
	must(t, one.commit(ctx, d))
	s.Master.Replicate()
	s.Master.Pause()
	again(t, func() error { return one.commit(ctx, d) })
	// It resumes as a master, until the Sentinel makes it a replica.
	s.Master.Resume()
	for range 100 {
		must(t, errors.Join(one.commit(ctx, d), one.check(ctx, d)))
	}
}

// TestASentinelThatHangsIsLeftForAnother pauses the Sentinel that the driver has chosen, while
// connections are opened and closed.
func TestASentinelThatHangsIsLeftForAnother(t *testing.T) {
	t.Parallel()
	s := testenv.StartRedisSentinel(t)
	opt := sentinelOptions(s)
	opt.Addrs = append(opt.Addrs, s.AddSentinel().Addr)
	opt.ConnectTimeout, opt.SocketTimeout, opt.IdleTimeout = 2*time.Second, 2*time.Second, time.Millisecond
	d, ctx := open(t, opt), t.Context()
	one := &session{key: "{one}"}
	must(t, one.commit(ctx, d))
	chosen := slices.IndexFunc(s.Sentinels, func(r *testenv.Redis) bool {
		return strings.Contains(fmt.Sprint(r.Do("CLIENT", "LIST")), "name=edgeframe")
	})
	s.Sentinels[chosen].Pause()
	again(t, func() error { return one.commit(ctx, d) })
	for range 5 {
		time.Sleep(10 * time.Millisecond)
		must(t, errors.Join(one.commit(ctx, d), one.check(ctx, d)))
	}
}

func TestAListingIsCompleteAlthoughAnotherServerContinuesIt(t *testing.T) {
	t.Parallel()
	s := testenv.StartRedisSentinel(t)
	d, ctx := open(t, sentinelOptions(s)), t.Context()
	var want []string
	for i := range 500 {
		want = append(want, fmt.Sprint("k", i))
		must(t, d.Set(ctx, []kv.Item{{Key: want[i]}}, 0))
	}
	s.Master.Replicate()
	got := listing(t, d, "k", 10, func(page int) {
		if page == 24 {
			s.Master.Kill9()
			again(t, func() error { return second(d.Health(ctx)) })
		}
	})
	if !slices.Equal(got, sorted(want)) {
		t.Errorf("%d of %d keys", len(got), len(want))
	}
}

func TestANodeOfAClusterThatDiesIsReplacedByItsReplica(t *testing.T) {
	t.Parallel()
	replaced(t, (*testenv.Redis).Kill9)
}

func TestANodeOfAClusterThatHangsIsReplacedByItsReplica(t *testing.T) {
	t.Parallel()
	replaced(t, (*testenv.Redis).Pause)
}

// replaced ends a node of a Cluster in the middle of a listing.
func replaced(t *testing.T, end func(*testenv.Redis)) {
	cluster := testenv.StartRedisCluster(t, 3, "--cluster-node-timeout", "1000")
	cluster.AddReplica(0)
	opt := options(cluster.Nodes[1].Addr)
	opt.SocketTimeout = time.Second
	d, ctx := open(t, opt), t.Context()
	var sessions []*session
	var want []string
	for i := range 30 {
		s := &session{key: fmt.Sprintf("{s%d}", i)}
		sessions, want = append(sessions, s), append(want, s.key, s.key+"segment1")
		again(t, func() error { return s.commit(ctx, d) })
	}
	cluster.Nodes[0].Replicate()
	got := listing(t, d, "{s", 3, func(page int) {
		if page > 0 {
			return
		}
		end(cluster.Nodes[0])
		for _, s := range sessions {
			again(t, func() error { return s.check(ctx, d) })
		}
		again(t, func() error { return second(d.List(ctx, "", "", 1)) })
	})
	if !slices.Equal(got, sorted(want)) {
		t.Errorf("the listing has %d of %d keys", len(got), len(want))
	}
	for _, s := range sessions {
		again(t, func() error { return s.commit(ctx, d) })
		must(t, s.check(ctx, d))
	}
	if n, err := d.Count(ctx); err != nil || n.N > int64(len(sessions)) || n.N < int64(len(sessions))-1 {
		t.Errorf("count %+v, %v, want about %d", n, err, len(sessions))
	}
	again(t, func() error { return second(d.Health(ctx)) })
	// A new client must find the other nodes too.
	opt.Addrs = cluster.Addrs()
	must(t, sessions[0].check(ctx, open(t, opt)))
}

// TestTheRestOfAClusterServesWithoutANode also restarts another node, so that the scripts have to be
// loaded while a node is missing.
func TestTheRestOfAClusterServesWithoutANode(t *testing.T) {
	t.Parallel()
	cluster := testenv.StartRedisCluster(t, 3, "--cluster-require-full-coverage", "no", "--appendonly", "yes", "--appendfsync", "always")
	opt := options(cluster.Addrs()...)
	opt.SocketTimeout = 2 * time.Second
	d, ctx := open(t, opt), t.Context()
	index := cluster.Owner(opt.Index)
	dead, other := cluster.Nodes[(index+1)%3], cluster.Nodes[(index+2)%3]
	sessions := make([]*session, 3)
	for i := 0; slices.Contains(sessions, nil); i++ {
		key := fmt.Sprintf("{%d}", i)
		sessions[cluster.Owner(key)] = &session{key: key}
	}
	for _, s := range sessions {
		must(t, s.commit(ctx, d))
	}
	dead.Kill9()
	for i, s := range sessions {
		start := time.Now()
		err := s.commit(ctx, d)
		if lost := cluster.Nodes[i] == dead; (err != nil) != lost || time.Since(start) > opt.SocketTimeout {
			t.Errorf("node %d: %v after %s", i, err, time.Since(start))
		}
	}
	other.Kill9()
	other.Restart()
	again(t, func() error { return sessions[(index+2)%3].commit(ctx, d) })
	must(t, sessions[(index+2)%3].check(ctx, d))
	if err := second(d.Health(ctx)); err == nil {
		t.Error("health without a node")
	}
	dead.Restart()
	again(t, func() error { return sessions[(index+1)%3].commit(ctx, d) })
	again(t, func() error { return second(d.Health(ctx)) })
	if got := listing(t, d, "", 2, nil); len(got) != 10 {
		t.Errorf("in the end there are %q", got)
	}
}
