//go:build !js

package redis

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"edgeframe/internal/testenv"
	"edgeframe/kv"
	"edgeframe/kv/kvtest"
)

func TestAClusterKeepsTheContract(t *testing.T) {
	cluster := testenv.StartRedisCluster(t, 3)
	kvtest.Run(t, func(t *testing.T) kv.Driver {
		cluster.Flush()
		return open(t, options(cluster.Addrs()...))
	})
}

// keysOf returns n keys of a session on each node of a Cluster.
func keysOf(cluster *testenv.RedisCluster, n int) (keys []string) {
	count := make([]int, len(cluster.Nodes))
	for i := 0; len(keys) < 3*n; i++ {
		key := fmt.Sprintf("{s%d}", i)
		if owner := cluster.Owner(key); count[owner] < n {
			count[owner]++
			keys = append(keys, key)
		}
	}
	return keys
}

func TestACluster(t *testing.T) {
	cluster := testenv.StartRedisCluster(t, 3)
	for _, tt := range []struct {
		claim string
		run   func(*testing.T, *testenv.RedisCluster)
	}{
		{"is recognised by the address of one node", oneAddressIsEnough},
		{"commits a session with its segments in one transaction", aCommitIsOneTransaction},
		{"is listed node by node", aListingCoversAllNodes},
		{"takes as many round trips as there are nodes to ask", roundTripsOfACluster},
		{"forgets what expired in its index", theIndexForgets},
		{"says in its health that it serves nothing", healthOfABrokenCluster},
		{"commits in spite of broken connections", func(t *testing.T, cluster *testenv.RedisCluster) {
			brokenConnectionsAreNoErrors(t, options(cluster.Addrs()...), keysOf(cluster, 2), cluster.Nodes...)
		}},
		{"commits while slots move", commitsWhileSlotsMove},
	} {
		cluster.Flush()
		t.Run(tt.claim, func(t *testing.T) { tt.run(t, cluster) })
	}
}

func oneAddressIsEnough(t *testing.T, cluster *testenv.RedisCluster) {
	for _, addr := range cluster.Addrs() {
		d, ctx := open(t, options(addr)), t.Context()
		keys := keysOf(cluster, 2)
		for _, key := range keys {
			if err := d.Set(ctx, []kv.Item{{Key: key, Value: []byte(addr)}}, time.Hour); err != nil {
				t.Fatal(err)
			}
		}
		values, err := d.Get(ctx, keys)
		if err != nil || slices.ContainsFunc(values, func(v []byte) bool { return string(v) != addr }) {
			t.Errorf("%q, %v", values, err)
		}
		if n, err := d.Count(ctx); err != nil || n.Exact {
			t.Errorf("count %+v, %v", n, err)
		}
	}
}

func aCommitIsOneTransaction(t *testing.T, cluster *testenv.RedisCluster) {
	d, ctx := open(t, options(cluster.Addrs()...)), t.Context()
	for i, key := range keysOf(cluster, 2) {
		owner := cluster.Nodes[cluster.Owner(key)]
		old := []kv.Item{{Key: key + ":old", Value: []byte("o")}, {Key: key + ":kept", Value: []byte("k")}}
		if err := d.Set(ctx, old, time.Minute); err != nil {
			t.Fatal(err)
		}
		transactions := func() string { return infoField(fmt.Sprint(owner.Do("INFO", "commandstats")), "cmdstat_exec") }
		before := transactions()
		values, err := d.Commit(ctx, kv.Commit{
			Put: []kv.Item{{Key: key + ":new", Value: []byte("n")}}, Touch: []string{key + ":kept"}, TTL: time.Hour,
			Swap: kv.Item{Key: key, Value: revised("1", "head"), Counted: true}, SwapTTL: time.Hour,
			Drop: []string{key + ":old"},
			Get:  []string{key, key + ":new", key + ":old"},
		})
		if err != nil || len(values) != 3 || !bytes.Equal(values[0], revised("1", "head")) || string(values[1]) != "n" || values[2] != nil {
			t.Fatalf("%q, %v", values, err)
		}
		if transactions() == before {
			t.Error("no transaction was made on the node of the session")
		}
		if ttl := owner.Do("TTL", key+":kept").(int64); ttl < 3000 {
			t.Errorf("a segment that was renewed lives for %d s", ttl)
		}
		if n, err := d.Count(ctx); err != nil || n.N != int64(i+1) || n.Exact {
			t.Errorf("count %+v, %v, want %d", n, err, i+1)
		}

		// A node without space rejects the whole commit.
		owner.Do("CONFIG", "SET", "maxmemory", "1000000")
		values, err = d.Commit(ctx, kv.Commit{
			Put: []kv.Item{{Key: key + ":refused", Value: []byte("n")}}, TTL: time.Hour,
			Swap: kv.Item{Key: key, Value: revised("2", "")}, Old: kv.RevisionOf(revised("1", "")),
		})
		owner.Do("CONFIG", "SET", "maxmemory", "0")
		if !errors.Is(err, kv.ErrFull) {
			t.Errorf("a node without room: %q, %v", values, err)
		}
		values, err = d.Get(ctx, []string{key, key + ":refused"})
		if err != nil || !bytes.Equal(values[0], revised("1", "head")) || values[1] != nil {
			t.Errorf("after a refusal: %q, %v", values, err)
		}
	}
}

func aListingCoversAllNodes(t *testing.T, cluster *testenv.RedisCluster) {
	d, ctx := open(t, options(cluster.Addrs()...)), t.Context()
	var want []string
	for i := range 200 {
		key := fmt.Sprintf("k{%d}", i)
		want = append(want, key)
		if err := d.Set(ctx, []kv.Item{{Key: key, Counted: true}, {Key: "other" + key}}, 0); err != nil {
			t.Fatal(err)
		}
	}
	if got := listing(t, d, "k", 7, nil); !slices.Equal(got, sorted(want)) {
		t.Errorf("%d of %d keys", len(got), len(want))
	}
	if got := listing(t, d, "", 50, nil); len(got) != 2*len(want) {
		t.Errorf("%d keys without a prefix, want %d: %q", len(got), 2*len(want), got)
	}
}

// listing returns the keys with prefix, once each. After each page it calls between.
func listing(t *testing.T, d *Driver, prefix string, limit int, between func(page int)) (keys []string) {
	t.Helper()
	for cursor, n := "", 0; ; n++ {
		page, err := d.List(t.Context(), prefix, cursor, limit)
		if err != nil || len(page.Keys) > limit {
			t.Fatalf("%q, %v", page.Keys, err)
		}
		keys = append(keys, page.Keys...)
		if cursor = page.Cursor; cursor == "" {
			return slices.Compact(sorted(keys))
		}
		if between != nil {
			between(n)
		}
	}
}

func sorted(keys []string) []string {
	slices.Sort(keys)
	return keys
}

func roundTripsOfACluster(t *testing.T, cluster *testenv.RedisCluster) {
	opt, counted := options(cluster.Addrs()...), &testenv.RoundTrips{}
	opt.Hooks = []goredis.Hook{counted}
	d, ctx := open(t, opt), t.Context()
	keys := keysOf(cluster, 3)
	var items []kv.Item
	for _, key := range keys {
		items = append(items, kv.Item{Key: key, Value: []byte("v")})
	}
	warm := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	warm(d.Set(ctx, items, time.Hour))
	for _, key := range keys {
		_, err := d.Commit(ctx, kv.Commit{Swap: kv.Item{Key: key + "head", Value: revised("1", "")}})
		warm(err)
	}
	warm(second(d.Count(ctx)))
	for _, s := range []struct {
		name        string
		least, most int
		call        func() error
	}{
		{"get of one key", 1, 1, func() error { return second(d.Get(ctx, keys[:1])) }},
		{"get from three nodes", 3, 3, func() error { return second(d.Get(ctx, keys)) }},
		{"commit", 2, 2, func() error {
			return second(d.Commit(ctx, kv.Commit{
				Put: []kv.Item{{Key: keys[0] + "put"}}, Touch: []string{keys[0]}, TTL: time.Hour,
				Swap: kv.Item{Key: keys[0] + "head", Value: revised("2", "")}, Old: kv.RevisionOf(revised("1", "")), SwapTTL: time.Hour,
				Get: []string{keys[0]},
			}))
		}},
		{"count", 1, 1, func() error { return second(d.Count(ctx)) }},
		// One call finds the nodes.
		{"a page of a listing", 2, 2, func() error { return second(d.List(ctx, "{", "", 100)) }},
		{"health", 4, 4, func() error { return second(d.Health(ctx)) }},
	} {
		counted.Take()
		if err := s.call(); err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		if n := counted.Take(); n < s.least || n > s.most {
			t.Errorf("%s: %d round trips, want %d to %d", s.name, n, s.least, s.most)
		}
	}
}

func healthOfABrokenCluster(t *testing.T, cluster *testenv.RedisCluster) {
	d, ctx := open(t, options(cluster.Addrs()[0])), t.Context()
	if details, err := d.Health(ctx); err != nil || details["error"] != nil || details["redis_info"] == nil {
		t.Errorf("%v, %v", details, err)
	}
	owner := cluster.Nodes[cluster.Owner("{k}")]
	owner.Do("CLUSTER", "DELSLOTS", cluster.Slot("{k}"))
	again(t, func() error {
		details, err := d.Health(ctx)
		if text, _ := details["error"].(string); err != nil || !strings.Contains(text, "cluster_state:fail") {
			return fmt.Errorf("without a node for a slot: %v, %w", details, err)
		}
		return nil
	})
	owner.Do("CLUSTER", "ADDSLOTS", cluster.Slot("{k}"))
	cluster.WaitUntilServing()
}

func theIndexForgets(t *testing.T, cluster *testenv.RedisCluster) {
	opt := options(cluster.Addrs()...)
	d, ctx := open(t, opt), t.Context()
	commit := func(name string, ttl time.Duration) {
		t.Helper()
		swap := kv.Item{Key: "{" + name + "}", Value: revised("1", ""), Counted: true}
		if _, err := d.Commit(ctx, kv.Commit{Swap: swap, SwapTTL: ttl}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 100 {
		commit(fmt.Sprint("gone", i), time.Millisecond)
	}
	time.Sleep(10 * time.Millisecond)
	for i := range 10 {
		commit(fmt.Sprint("stays", i), time.Hour)
	}
	index := cluster.Nodes[cluster.Owner(opt.Index)]
	if n := index.Do("ZCARD", opt.Index).(int64); n != 10 {
		t.Errorf("the index has %d keys, want the 10 that have not expired", n)
	}
}
