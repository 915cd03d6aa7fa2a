//go:build !js

package redis

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"edgeframe/internal/testenv"
	"edgeframe/kv"
)

func TestBrokenConnectionsAreNoErrors(t *testing.T) {
	server := testenv.StartRedis(t)
	brokenConnectionsAreNoErrors(t, options(server.Addr), []string{"{a}", "{b}", "{c}", "{d}"}, server)
}

// brokenConnectionsAreNoErrors repeatedly breaks all connections to the servers, while sessions are
// committed under keys.
func brokenConnectionsAreNoErrors(t *testing.T, opt Options, keys []string, servers ...*testenv.Redis) {
	d, ctx := open(t, opt), t.Context()
	var stop atomic.Bool
	var commits sync.WaitGroup
	for _, key := range keys {
		commits.Go(func() {
			for n := 1; !stop.Load(); n++ {
				c := kv.Commit{
					Put: []kv.Item{{Key: key + "put", Value: bytes.Repeat([]byte("v"), 100_000)}}, TTL: time.Hour,
					Swap: kv.Item{Key: key, Value: revised(fmt.Sprint(n), ""), Counted: true}, SwapTTL: time.Hour,
				}
				if n > 1 {
					c.Old = kv.RevisionOf(revised(fmt.Sprint(n-1), ""))
				}
				if _, err := d.Commit(ctx, c); err != nil && !errors.Is(err, kv.ErrConflict) {
					t.Errorf("commit %d: %v", n, err)
					return
				}
				values, err := d.Get(ctx, []string{key})
				if err != nil || kv.RevisionOf(values[0]) != kv.RevisionOf(c.Swap.Value) {
					t.Errorf("after commit %d: %.16q, %v", n, values, err)
					return
				}
			}
		})
	}
	for range 5 {
		time.Sleep(300 * time.Millisecond)
		for _, server := range servers {
			server.Do("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
		}
	}
	stop.Store(true)
	commits.Wait()
}

// commitsWhileSlotsMove moves the slot of a session from one node to another, key by key.
func commitsWhileSlotsMove(t *testing.T, cluster *testenv.RedisCluster) {
	d, ctx := open(t, options(cluster.Addrs()...)), t.Context()
	const key = "{moving}"
	from := cluster.Owner(key)
	source, target := cluster.Nodes[from], cluster.Nodes[(from+1)%3]
	id := func(n *testenv.Redis) any { return n.Do("CLUSTER", "MYID") }
	slot := cluster.Slot(key)
	host, port, _ := strings.Cut(target.Addr, ":")
	move := func(keys ...any) func() {
		return func() { source.Do(append([]any{"MIGRATE", host, port, "", 0, 5000, "KEYS"}, keys...)...) }
	}
	head, number := []byte(nil), 0
	commit := func(when string, drop ...string) {
		t.Helper()
		number++
		c := kv.Commit{
			Put:   []kv.Item{{Key: fmt.Sprint(key, "put", number), Value: []byte("v")}},
			Touch: []string{key + "a", key + "b"}, TTL: time.Hour,
			Swap: kv.Item{Key: key, Value: revised(fmt.Sprint(number), ""), Counted: true}, Old: kv.RevisionOf(head), SwapTTL: time.Hour,
			Drop: drop,
			Get:  []string{key, key + "a", key + "b", fmt.Sprint(key, "put", number)},
		}
		values, err := d.Commit(ctx, c)
		if err != nil || len(values) != 4 || !bytes.Equal(values[0], c.Swap.Value) || slices.ContainsFunc(values, func(v []byte) bool { return v == nil }) {
			t.Fatalf("%s: %q, %v", when, values, err)
		}
		head = values[0]
		if _, err := d.Commit(ctx, kv.Commit{Swap: c.Swap}); !errors.Is(err, kv.ErrConflict) {
			t.Fatalf("%s: created although it is there: %v", when, err)
		}
	}
	if err := d.Set(ctx, []kv.Item{{Key: key + "a"}, {Key: key + "b"}, {Key: key + "x"}, {Key: key + "y"}}, time.Minute); err != nil {
		t.Fatal(err)
	}
	commit("before")
	for _, step := range []struct {
		name string
		do   func()
		drop []string
	}{
		{"the move is announced", func() {
			target.Do("CLUSTER", "SETSLOT", slot, "IMPORTING", id(source))
			source.Do("CLUSTER", "SETSLOT", slot, "MIGRATING", id(target))
		}, nil},
		{"segments have moved", move(key+"a", key+"x"), []string{key + "x", key + "y"}},
		{"the head has moved", move(key), []string{key + "put1", key + "put2"}},
		{"all has moved", func() {
			for _, k := range source.Do("CLUSTER", "GETKEYSINSLOT", slot, 100).([]any) {
				move(k)()
			}
		}, nil},
		{"the move is done", func() {
			for _, n := range []*testenv.Redis{target, source, cluster.Nodes[(from+2)%3]} {
				n.Do("CLUSTER", "SETSLOT", slot, "NODE", id(target))
			}
		}, nil},
	} {
		step.do()
		commit(step.name, step.drop...)
	}
	if ttl := target.Do("TTL", key+"b").(int64); ttl < 3000 {
		t.Errorf("a segment that was renewed in the move lives for %d s", ttl)
	}
	if got := listing(t, d, key, 10, nil); !slices.Equal(got, sorted([]string{key, key + "a", key + "b", key + "put3", key + "put4", key + "put5", key + "put6"})) {
		t.Errorf("in the end there are %q", got)
	}
}
