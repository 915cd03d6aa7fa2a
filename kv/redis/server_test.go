//go:build !js

package redis

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"edgeframe/internal/testenv"
	"edgeframe/kv"
)

func revised(name, content string) []byte {
	return append(fmt.Appendf(nil, "%-16s", name), content...)
}

func TestEveryCallIsOneRoundTrip(t *testing.T) {
	server := testenv.StartRedis(t)
	opt, counted := options(server.Addr), &testenv.RoundTrips{}
	opt.Hooks = []goredis.Hook{counted}
	d, ctx := open(t, opt), t.Context()
	items := make([]kv.Item, 300)
	keys := make([]string, len(items))
	for i := range items {
		keys[i] = fmt.Sprint("{k}", i)
		items[i] = kv.Item{Key: keys[i], Value: bytes.Repeat([]byte{1}, 1000)}
	}
	head := func(to string) kv.Item { return kv.Item{Key: "{k}", Value: revised(to, ""), Counted: true} }
	rev := func(name string) kv.Revision { return kv.RevisionOf(revised(name, "")) }
	commit := func(c kv.Commit) error { _, err := d.Commit(ctx, c); return err }
	// The scripts have to be loaded once.
	if err := errors.Join(commit(kv.Commit{Swap: head("0")}), second(d.Count(ctx))); err != nil {
		t.Fatal(err)
	}
	steps := []struct {
		name string
		call func() error
	}{
		{"set", func() error { return d.Set(ctx, items, time.Hour) }},
		{"get", func() error { return second(d.Get(ctx, keys)) }},
		{"touch", func() error { return d.Touch(ctx, keys, time.Hour) }},
		{"swap", func() error { return d.CompareAndSwap(ctx, head("1"), rev("0"), time.Hour) }},
		{"commit", func() error {
			return commit(kv.Commit{Put: items, Touch: keys, TTL: time.Hour, Swap: head("2"), Old: rev("1"), Get: keys})
		}},
		{"commit that drops", func() error { return commit(kv.Commit{Swap: head("3"), Old: rev("2"), Drop: keys}) }},
		{"delete", func() error { return d.Delete(ctx, keys) }},
		{"count", func() error { return second(d.Count(ctx)) }},
		{"health", func() error { return second(d.Health(ctx)) }},
	}
	for _, s := range steps {
		counted.Take()
		if err := s.call(); err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		if n := counted.Take(); n != 1 {
			t.Errorf("%s: %d round trips, want 1", s.name, n)
		}
	}
}

func second[V any](_ V, err error) error { return err }

func TestKeysOfAnotherTypeAreCorrupt(t *testing.T) {
	server := testenv.StartRedis(t)
	d, ctx := open(t, options(server.Addr)), t.Context()
	server.Do("RPUSH", "{k}list", "x")
	server.Do("SET", "{k}fine", "v")
	for name, call := range map[string]func() error{
		"get":      func() error { return second(d.Get(ctx, []string{"{k}list"})) },
		"get many": func() error { return second(d.Get(ctx, []string{"{k}fine", "{k}list"})) },
		"swap": func() error {
			return d.CompareAndSwap(ctx, kv.Item{Key: "{k}list", Value: revised("1", "")}, kv.Revision{1}, 0)
		},
		"commit": func() error {
			_, err := d.Commit(ctx, kv.Commit{Put: []kv.Item{{Key: "{k}put"}}, Swap: kv.Item{Key: "{k}list", Value: revised("1", "")}})
			return err
		},
	} {
		if err := call(); !errors.Is(err, kv.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := d.Delete(ctx, []string{"{k}list"}); err != nil {
		t.Error(err)
	}
}

func TestScriptsAreLoadedAgainWhenTheServerHasForgottenThem(t *testing.T) {
	server := testenv.StartRedis(t)
	d, ctx := open(t, options(server.Addr)), t.Context()
	for i := range 3 {
		server.Do("SCRIPT", "FLUSH")
		c := kv.Commit{
			Put:  []kv.Item{{Key: "{k}put", Value: []byte("v")}},
			Swap: kv.Item{Key: "{k}", Value: revised(fmt.Sprint(i+1), ""), Counted: true},
			Get:  []string{"{k}put"},
		}
		if i > 0 {
			c.Old = kv.RevisionOf(revised(fmt.Sprint(i), ""))
		}
		values, err := d.Commit(ctx, c)
		if err != nil || string(values[0]) != "v" {
			t.Fatalf("commit %d: %q, %v", i, values, err)
		}
		server.Do("SCRIPT", "FLUSH")
		if n, err := d.Count(ctx); err != nil || n.N != 1 {
			t.Fatalf("count %d: %v, %v", i, n, err)
		}
	}
}

// TestAServerWithoutRoomKeepsNothingOfWhatItRefuses covers sets and commits whose first items would
// fit.
func TestAServerWithoutRoomKeepsNothingOfWhatItRefuses(t *testing.T) {
	server := testenv.StartRedis(t, "--maxmemory", "8mb")
	d, ctx := open(t, options(server.Addr)), t.Context()
	if err := d.CompareAndSwap(ctx, kv.Item{Key: "{k}", Value: revised("1", ""), Counted: true}, kv.Revision{}, 0); err != nil {
		t.Fatal(err)
	}
	items := make([]kv.Item, 40)
	keys := make([]string, len(items))
	for i := range items {
		keys[i] = fmt.Sprint("{k}", i)
		items[i] = kv.Item{Key: keys[i], Value: bytes.Repeat([]byte{byte(i)}, 1<<20)}
	}
	swap := kv.Commit{Put: items, Swap: kv.Item{Key: "{k}", Value: revised("2", "")}, Old: kv.RevisionOf(revised("1", "")), Get: keys[:1]}
	for name, err := range map[string]error{
		"set":    d.Set(ctx, items, time.Hour),
		"commit": second(d.Commit(ctx, swap)),
	} {
		if !errors.Is(err, kv.ErrFull) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if left := server.Do("KEYS", "*").([]any); len(left) != 2 {
		t.Errorf("the server has %v, want the value and the index", left)
	}
	// Full permanently: less than the server needs for itself.
	server.Do("CONFIG", "SET", "maxmemory", "1mb")
	details, err := d.Health(ctx)
	if text, _ := details["error"].(string); err != nil || text != "Redis has reached its maxmemory of 1.00 MB and refuses writes until sessions expire or it is raised" {
		t.Errorf("health: %v, %v", details, err)
	}
	small := kv.Commit{Swap: swap.Swap, Old: swap.Old, Get: []string{"{k}"}}
	values, err := d.Commit(ctx, small)
	if !errors.Is(err, kv.ErrFull) || values == nil || !bytes.Equal(values[0], revised("1", "")) {
		t.Errorf("a swap on a full server: %q, %v", values, err)
	}
	if err := d.Delete(ctx, []string{"{k}"}); err != nil {
		t.Errorf("deleting from a full server: %v", err)
	}
}

func TestAServerThatHangsIsGivenUpAndComesBack(t *testing.T) {
	for _, retry := range []bool{false, true} {
		server := testenv.StartRedis(t)
		opt := options(server.Addr)
		opt.SocketTimeout, opt.RetryOnTimeout = 300*time.Millisecond, retry
		d, ctx := open(t, opt), t.Context()
		server.Pause()
		var calls sync.WaitGroup
		for range 3 * opt.PoolSize {
			calls.Go(func() {
				if _, err := d.Get(ctx, []string{"k"}); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("retry %v: %v", retry, err)
				}
			})
		}
		calls.Wait()
		deadline, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		if _, err := d.Health(deadline); !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
			t.Errorf("a call with a deadline of its own: %v", err)
		}
		cancel()
		server.Resume()
		if _, err := d.Get(ctx, []string{"k"}); err != nil {
			t.Errorf("after the pause: %v", err)
		}
	}
}

// TestATryThatRunsOutOfTimeIsMadeOnceMore pauses the server for the first half of the time-out.
func TestATryThatRunsOutOfTimeIsMadeOnceMore(t *testing.T) {
	server := testenv.StartRedis(t)
	opt := options(server.Addr)
	opt.RetryOnTimeout = true
	opt.SocketTimeout = 4 * time.Second
	d := open(t, opt)
	server.Pause()
	resume := time.AfterFunc(opt.SocketTimeout*5/8, server.Resume)
	defer resume.Stop()
	if err := d.Set(t.Context(), []kv.Item{{Key: "k", Value: []byte("v")}}, 0); err != nil {
		t.Error(err)
	}
}

func TestAListingIsCompleteWhileTheServerRearrangesItself(t *testing.T) {
	server := testenv.StartRedis(t)
	d, ctx := open(t, options(server.Addr)), t.Context()
	var want []string
	for i := range 100 {
		want = append(want, fmt.Sprintf("stays:%03d", i))
	}
	churn := func(prefix string, n int, set bool) {
		t.Helper()
		for i := 0; i < n; i += 1000 {
			var items []kv.Item
			var keys []string
			for j := i; j < i+1000; j++ {
				key := fmt.Sprint(prefix, j)
				items, keys = append(items, kv.Item{Key: key}), append(keys, key)
			}
			err := d.Delete(ctx, keys)
			if set {
				err = d.Set(ctx, items, 0)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, key := range want {
		if err := d.Set(ctx, []kv.Item{{Key: key}}, 0); err != nil {
			t.Fatal(err)
		}
	}
	churn("comes:", 20_000, true)
	var got []string
	for cursor, pages := "", 0; ; pages++ {
		page, err := d.List(ctx, "stays:", cursor, 7)
		if err != nil || len(page.Keys) > 7 {
			t.Fatalf("%q, %v", page.Keys, err)
		}
		got = append(got, page.Keys...)
		if cursor = page.Cursor; cursor == "" {
			break
		}
		if pages == 20 {
			churn("comes:", 20_000, false) // the table shrinks in the middle of the listing
		}
	}
	slices.Sort(got)
	if got = slices.Compact(got); !slices.Equal(got, want) {
		t.Errorf("%d of %d keys", len(got), len(want))
	}
	if _, err := d.List(ctx, "", "nonsense", 7); !errors.Is(err, kv.ErrInvalid) {
		t.Errorf("a cursor that is none: %v", err)
	}
}

// TestOpenTellsWhyItCannotConnect connects to servers that do not exist, hang, or are not Redis.
func TestOpenTellsWhyItCannotConnect(t *testing.T) {
	secured := testenv.StartRedis(t, "--requirepass", "geheim")
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for name, opt := range map[string]Options{
		"no password":    options(secured.Addr),
		"wrong password": {Addrs: []string{secured.Addr}, Password: "falsch", PoolSize: 1, ConnectTimeout: time.Second, SocketTimeout: time.Second},
		"silence":        options(silent.Addr().String()),
		"nothing":        options("127.0.0.1:1"),
	} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		d, err := Open(ctx, opt)
		cancel()
		t.Log(name, err)
		if err == nil {
			t.Errorf("%s: connected", name)
			_ = d.Close()
		}
	}
}

func TestAUserWhoMayNotAskForInfoIsEnough(t *testing.T) {
	server := testenv.StartRedis(t)
	server.Do("ACL", "SETUSER", "ann", "on", ">geheim", "~*", "+@all", "-info")
	opt := options(server.Addr)
	opt.Username, opt.Password = "ann", "geheim"
	d := open(t, opt)
	if details, err := d.Health(t.Context()); err != nil || len(details) != 1 || details["replication"].(replication).Masters[0].Replicas != nil {
		t.Errorf("health: %v, %v", details, err)
	}
	server.Do("ACL", "SETUSER", "ann", "-ping")
	if _, err := d.Health(t.Context()); err == nil {
		t.Error("health without any answer")
	}
}
