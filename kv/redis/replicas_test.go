//go:build !js

package redis

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	goredis "github.com/redis/go-redis/v9"

	"edgeframe/internal/testenv"
	"edgeframe/kv"
	"edgeframe/kv/kvtest"
)

// waiting returns options with which changes wait for the replica of a server.
func waiting(opt Options) Options {
	opt.WaitReplicas, opt.WaitTimeout = 1, 200*time.Millisecond
	return opt
}

func TestTheContractHoldsWhileChangesWaitForAReplica(t *testing.T) {
	server := testenv.StartRedis(t, "--repl-diskless-sync-delay", "0")
	server.AddReplica()
	opt := waiting(options(server.Addr))
	opt.WaitTimeout = 20 * time.Second
	kvtest.Run(t, func(t *testing.T) kv.Driver {
		server.Do("FLUSHALL")
		return open(t, opt)
	})
}

// changes are the calls that change something under a key, from the state that the call before has made.
func changes(d *Driver, t *testing.T, key string) []struct {
	name string
	call func() error
} {
	ctx := t.Context()
	head := func(to string) kv.Item { return kv.Item{Key: key, Value: revised(to, ""), Counted: true} }
	rev := func(name string) kv.Revision { return kv.RevisionOf(revised(name, "")) }
	put := kv.Item{Key: key + "put", Value: []byte("v")}
	return []struct {
		name string
		call func() error
	}{
		{"create", func() error { return d.CompareAndSwap(ctx, head("1"), kv.Revision{}, time.Hour) }},
		{"set", func() error { return d.Set(ctx, []kv.Item{put}, time.Minute) }},
		{"touch", func() error { return d.Touch(ctx, []string{put.Key}, time.Hour) }},
		{"commit", func() error {
			return second(d.Commit(ctx, kv.Commit{
				Put: []kv.Item{{Key: key + "more", Value: []byte("v")}}, Touch: []string{put.Key}, TTL: 2 * time.Hour,
				Swap: head("2"), Old: rev("1"), SwapTTL: time.Hour, Get: []string{key},
			}))
		}},
		{"swap", func() error { return d.CompareAndSwap(ctx, head("3"), rev("2"), time.Hour) }},
		{"delete", func() error { return d.Delete(ctx, []string{key, put.Key}) }},
	}
}

// TestAChangeThatNoReplicaHasIsNotAcknowledged stops the replica of each kind of server.
func TestAChangeThatNoReplicaHasIsNotAcknowledged(t *testing.T) {
	single := testenv.StartRedis(t, "--repl-diskless-sync-delay", "0")
	follower := single.AddReplica()
	cluster := testenv.StartRedisCluster(t, 1)
	clustered := cluster.AddReplica(0)
	for _, tt := range []struct {
		name            string
		server, replica *testenv.Redis
	}{{"single", single, follower}, {"cluster", cluster.Nodes[0], clustered}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d, ctx := open(t, waiting(options(tt.server.Addr))), t.Context()
			for _, c := range changes(d, t, "{with}") {
				must(t, c.call())
			}
			must(t, d.Confirm(ctx, "{with}", kv.Revision{}))
			must(t, d.CompareAndSwap(ctx, kv.Item{Key: "{other}", Value: revised("1", "")}, kv.Revision{}, time.Hour))
			tt.replica.Pause()
			for _, c := range changes(d, t, "{without}") {
				if err := c.call(); !errors.Is(err, kv.ErrNotReplicated) {
					t.Errorf("%s: %v", c.name, err)
				}
			}
			// What was changed is there, so a conflict is one. Reading does not wait, and neither does what
			// changes nothing.
			must(t, second(d.Get(ctx, []string{"{other}"})))
			if err := d.CompareAndSwap(ctx, kv.Item{Key: "{other}", Value: revised("2", "")}, kv.Revision{}, time.Hour); !errors.Is(err, kv.ErrConflict) {
				t.Errorf("a swap that loses: %v", err)
			}
			// Neither a present nor an absent key can be confirmed, until the replica is back.
			keys := []string{"{other}", "{without}", "{never}"}
			shown := []kv.Revision{kv.RevisionOf(revised("1", "")), {}, {}}
			for i, key := range keys {
				if err := d.Confirm(ctx, key, shown[i]); !errors.Is(err, kv.ErrNotReplicated) {
					t.Errorf("confirm %s: %v", key, err)
				}
			}
			tt.replica.Resume()
			for i, key := range keys {
				again(t, func() error { return d.Confirm(ctx, key, shown[i]) })
				// What another master has shown is not confirmed.
				if err := d.Confirm(ctx, key, kv.RevisionOf(revised("2", ""))); !errors.Is(err, kv.ErrConflict) {
					t.Errorf("confirm another revision of %s: %v", key, err)
				}
			}
			if err := d.Confirm(ctx, "{other}", kv.Revision{}); !errors.Is(err, kv.ErrConflict) {
				t.Errorf("confirm the absence of what is there: %v", err)
			}
			values, err := d.Get(ctx, keys)
			if err != nil || string(values[0]) != string(revised("1", "")) || values[1] != nil || values[2] != nil {
				t.Errorf("after the confirmation: %q, %v", values, err)
			}
			if left := tt.server.Do("PTTL", "{other}").(int64); left > time.Hour.Milliseconds() || left < time.Hour.Milliseconds()-60_000 {
				t.Errorf("a confirmed key lives for %d ms", left)
			}
		})
	}
}

func TestWaitingTakesNoRoundTripMore(t *testing.T) {
	server := testenv.StartRedis(t, "--repl-diskless-sync-delay", "0")
	server.AddReplica()
	opt, counted := waiting(options(server.Addr)), &testenv.RoundTrips{}
	opt.Hooks = []goredis.Hook{counted}
	opt.WaitTimeout = 20 * time.Second
	d := open(t, opt)
	must(t, d.CompareAndSwap(t.Context(), kv.Item{Key: "{script}", Value: revised("1", "")}, kv.Revision{}, 0))
	for _, c := range changes(d, t, "{k}") {
		counted.Take()
		must(t, c.call())
		if n := counted.Take(); n != 1 {
			t.Errorf("%s: %d round trips, want 1", c.name, n)
		}
	}
}

// TestARepeatedAttemptIsConfirmed breaks the connections between attempts, while the replica hangs: an attempt that
// finds what one before it has done must not take it for replicated.
func TestARepeatedAttemptIsConfirmed(t *testing.T) {
	server := testenv.StartRedis(t, "--repl-diskless-sync-delay", "0")
	replica := server.AddReplica()
	opt := waiting(options(server.Addr))
	opt.WaitTimeout = time.Second
	d, ctx := open(t, opt), t.Context()
	must(t, d.Set(ctx, []kv.Item{{Key: "{deleted}", Value: []byte("v")}}, time.Hour))
	replica.Pause()
	for name, call := range map[string]func() error{
		"swap": func() error {
			return d.CompareAndSwap(ctx, kv.Item{Key: "{k}", Value: revised("1", "")}, kv.Revision{}, time.Hour)
		},
		"delete": func() error { return d.Delete(ctx, []string{"{deleted}"}) },
	} {
		done := make(chan error)
		go func() { done <- call() }()
		again(t, func() error {
			if blocked := server.Info("blocked_clients"); blocked != "1" {
				return fmt.Errorf("%s clients wait", blocked)
			}
			return nil
		})
		server.Do("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
		if err := <-done; !errors.Is(err, kv.ErrNotReplicated) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestChangesWaitForDisksWhereTheServerCan has a server with an append-only file. Only servers from 7.2 on can wait
// for it.
func TestChangesWaitForDisksWhereTheServerCan(t *testing.T) {
	server := testenv.StartRedis(t, "--appendonly", "yes", "--repl-diskless-sync-delay", "0")
	server.AddReplica()
	opt := waiting(options(server.Addr))
	opt.WaitTimeout = 20 * time.Second
	d, ctx := open(t, opt), t.Context()
	waitsFor := func() string {
		t.Helper()
		details, err := d.Health(ctx)
		must(t, err)
		return details["replication"].(replication).WaitsFor
	}
	can := fmt.Sprint(server.Do("COMMAND", "INFO", "waitaof")) != "[<nil>]"
	if got, want := waitsFor(), map[bool]string{true: "disk", false: "memory"}[can]; got != want {
		t.Errorf("changes wait for %s, want %s", got, want)
	}
	must(t, d.Set(ctx, []kv.Item{{Key: "k"}}, time.Hour))
	// The file is switched off: the next change notices, and waits for memory.
	server.Do("CONFIG", "SET", "appendonly", "no")
	must(t, d.Set(ctx, []kv.Item{{Key: "k"}}, time.Hour))
	if got := waitsFor(); got != "memory" {
		t.Errorf("changes wait for %s without a file", got)
	}
}

// TestAUserWithFewPermissionsCanWait has the permissions that docs/operations.md names.
func TestAUserWithFewPermissionsCanWait(t *testing.T) {
	server := testenv.StartRedis(t, "--repl-diskless-sync-delay", "0")
	server.AddReplica()
	server.Do("ACL", "SETUSER", "ann", "on", ">geheim", "~edgeframe:*", "+@all", "-@admin", "-@dangerous", "+info")
	opt := waiting(options(server.Addr))
	opt.Username, opt.Password, opt.WaitTimeout = "ann", "geheim", 20*time.Second
	d := open(t, opt)
	for _, c := range changes(d, t, "edgeframe:{k}") {
		must(t, c.call())
	}
	must(t, d.Confirm(t.Context(), "edgeframe:{k}", kv.Revision{}))
}

func TestHealthNamesTheMastersAndTheirReplicas(t *testing.T) {
	sentinel := testenv.StartRedisSentinel(t)
	cluster := testenv.StartRedisCluster(t, 3)
	clustered := cluster.AddReplica(1)
	single := testenv.StartRedis(t)
	master := func(r *testenv.Redis, replicas ...*testenv.Redis) string {
		text := r.Addr
		for _, replica := range replicas {
			text += " " + replica.Addr + " online"
		}
		return text
	}
	for _, tt := range []struct {
		opt     Options
		mode    string
		masters []string
		error   string
	}{
		{options(single.Addr), "single", []string{master(single)}, ""},
		{sentinelOptions(sentinel), "sentinel", []string{master(sentinel.Master, sentinel.Replica)}, ""},
		{options(cluster.Nodes[0].Addr), "cluster", []string{master(cluster.Nodes[0]), master(cluster.Nodes[1], clustered), master(cluster.Nodes[2])}, ""},
		{waiting(options(single.Addr)), "single", []string{master(single)}, "Redis has 0 of the 1 replicas that REDIS_WAIT_REPLICAS asks for, so changes are answered 503 not_replicated"},
		{waiting(sentinelOptions(sentinel)), "sentinel", []string{master(sentinel.Master, sentinel.Replica)}, ""},
	} {
		details, err := open(t, tt.opt).Health(t.Context())
		must(t, err)
		r := details["replication"].(replication)
		var masters []string
		for _, m := range r.Masters {
			text := m.Address
			for _, replica := range m.Replicas {
				text += " " + replica.Address + " " + replica.State
			}
			masters = append(masters, text)
		}
		slices.Sort(masters)
		slices.Sort(tt.masters)
		text, _ := details["error"].(string)
		if r.Mode != tt.mode || !slices.Equal(masters, tt.masters) || r.WaitReplicas != tt.opt.WaitReplicas || text != tt.error {
			t.Errorf("%+v, error %q, want %s with %q, error %q", r, text, tt.mode, tt.masters, tt.error)
		}
	}
}

func TestTheReplicasInInfoAreRead(t *testing.T) {
	for _, tt := range []struct {
		info string
		want []replica
	}{
		{"", []replica{}},
		{"role:master\r\nconnected_slaves:0\r\nmaster_repl_offset:0\r\n", []replica{}},
		{
			"connected_slaves:2\r\nmin_slaves_good_slaves:1\r\nslave0:ip=10.0.0.2,port=6379,state=online,offset=1440,lag=1\r\nslave1:ip=::1,port=6380,state=wait_bgsave,offset=0,lag=0\r\nmaster_repl_offset:1500\r\n",
			[]replica{{"10.0.0.2:6379", "online", 60, 1}, {"[::1]:6380", "wait_bgsave", 1500, 0}},
		},
		// Newer servers add fields, and a replica may be ahead of the offset that was read before.
		{"connected_slaves:1\nslave0:ip=r,port=1,state=online,offset=9,lag=0,type=replica\nmaster_repl_offset:5\n", []replica{{"r:1", "online", 0, 0}}},
		{"connected_slaves:1000000\r\nslave0:\r\n", []replica{}},
		{"connected_slaves:1\r\nslave0:nonsense\r\n", []replica{{":", "", 0, 0}}},
	} {
		if diff := cmp.Diff(tt.want, parseReplicas(tt.info)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.info, diff)
		}
	}
}

func TestTheAnswersOfATransactionAreRead(t *testing.T) {
	for _, tt := range []struct {
		raw, err string
		want     []any
	}{
		{"*0\r\n", "", []any{}},
		{"*6\r\n+OK\r\n:-7\r\n$3\r\na\r\n\r\n_\r\n$-1\r\n-OOM no room\r\n", "", []any{"OK", int64(-7), "a\r\n", nil, nil, answerError("OOM no room")}},
		{"-EXECABORT Transaction discarded\r\n", "EXECABORT Transaction discarded", nil},
		{"", errAnswers.Error(), nil},
		{"_\r\n", errAnswers.Error(), nil},
		{"*-1\r\n", errAnswers.Error(), nil},
		{"*9999999999\r\n", errAnswers.Error(), nil},
		{"*2\r\n+OK\r\n", errAnswers.Error(), nil},
		{"*1\r\n$5\r\nab\r\n", errAnswers.Error(), nil},
		{"*1\r\n*1\r\n:1\r\n", errAnswers.Error(), nil},
		{"*1\r\n:x\r\n", errAnswers.Error(), nil},
	} {
		got, err := parseAnswers([]byte(tt.raw))
		if diff := cmp.Diff(tt.want, got); diff != "" || (err == nil) != (tt.err == "") || err != nil && !strings.HasPrefix(err.Error(), tt.err) {
			t.Errorf("%q: %v (-want +got):\n%s", tt.raw, err, diff)
		}
	}
}

func FuzzAnswers(f *testing.F) {
	f.Add([]byte("*3\r\n+OK\r\n:1\r\n$2\r\nab\r\n"))
	f.Add([]byte("-EXECABORT\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if answers, err := parseAnswers(raw); err == nil && len(answers) > len(raw) {
			t.Errorf("%d answers in %d bytes", len(answers), len(raw))
		}
	})
}
