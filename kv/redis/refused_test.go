//go:build !js

package redis

import (
	"errors"
	"testing"
	"time"

	"edgeframe/internal/testenv"
	"edgeframe/kv"
)

// TestACallOnAConnectionThatIsRefusedFails is about a server that refuses new connections by an answer: their password
// is wrong. No call may seem to have succeeded, with nothing done and empty values.
func TestACallOnAConnectionThatIsRefusedFails(t *testing.T) {
	const right, wrong = "password-of-the-client", "password-of-nobody"
	for name, start := range map[string]func(args []string) (server *testenv.Redis, servers []*testenv.Redis){
		"single": func(args []string) (*testenv.Redis, []*testenv.Redis) {
			server := testenv.StartRedis(t, args...)
			return server, []*testenv.Redis{server}
		},
		"cluster": func(args []string) (*testenv.Redis, []*testenv.Redis) {
			cluster := testenv.StartRedisCluster(t, 3, args...)
			return cluster.Nodes[0], cluster.Nodes
		},
	} {
		t.Run(name, func(t *testing.T) {
			server, servers := start([]string{
				"--requirepass", right, "--masteruser", "operator", "--masterauth", "password-of-the-operator",
				"--user", "operator", "on", ">password-of-the-operator", "~*", "&*", "+@all",
			})
			opt := options(server.Addr)
			opt.Password = right
			d, ctx := open(t, opt), t.Context()
			head := func(to string) kv.Item { return kv.Item{Key: "{k}", Value: revised(to, ""), Counted: true} }
			first := kv.Commit{Put: []kv.Item{{Key: "{k}a", Value: []byte("a")}, {Key: "{k}b", Value: []byte("b")}}, TTL: time.Hour, Swap: head("1"), SwapTTL: time.Hour}
			if _, err := d.Commit(ctx, first); err != nil {
				t.Fatal(err)
			}
			for _, s := range servers {
				s.SetPassword(wrong)
			}
			for call, do := range map[string]func() error{
				"get":      func() error { return second(d.Get(ctx, []string{"{k}"})) },
				"get many": func() error { return second(d.Get(ctx, []string{"{k}a", "{k}b", "{k}c"})) },
				"set":      func() error { return d.Set(ctx, []kv.Item{{Key: "{k}c", Value: []byte("c")}}, time.Hour) },
				"touch":    func() error { return d.Touch(ctx, []string{"{k}a"}, time.Hour) },
				"delete":   func() error { return d.Delete(ctx, []string{"{k}a"}) },
				"swap":     func() error { return d.CompareAndSwap(ctx, head("2"), kv.RevisionOf(head("1").Value), time.Hour) },
				"commit": func() error {
					c := first
					c.Old = kv.RevisionOf(head("1").Value)
					c.Swap = head("2")
					return second(d.Commit(ctx, c))
				},
				"commit and get": func() error {
					values, err := d.Commit(ctx, kv.Commit{Swap: head("2"), Old: kv.RevisionOf(head("1").Value), SwapTTL: time.Hour, Get: []string{"{k}a", "{k}b"}})
					if values != nil {
						t.Errorf("a commit that failed has read %q", values)
					}
					return err
				},
				"list":   func() error { return second(d.List(ctx, "", "", 10)) },
				"count":  func() error { return second(d.Count(ctx)) },
				"health": func() error { return second(d.Health(ctx)) },
			} {
				if err := do(); err == nil || errors.Is(err, kv.ErrConflict) || errors.Is(err, kv.ErrCorrupt) || !IsOutage(err) {
					t.Errorf("%s: %v", call, err)
				}
			}
			for _, s := range servers {
				s.SetPassword(right)
			}
			values, err := d.Get(ctx, []string{"{k}", "{k}a", "{k}b", "{k}c"})
			if err != nil || kv.RevisionOf(values[0]) != kv.RevisionOf(head("1").Value) || string(values[1]) != "a" || string(values[2]) != "b" || values[3] != nil {
				t.Errorf("then it has %q, %v", values, err)
			}
		})
	}
}
