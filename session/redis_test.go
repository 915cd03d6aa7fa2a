//go:build !js

package session

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"edgeframe/frame"
	"edgeframe/internal/testenv"
	"edgeframe/kv"
	"edgeframe/kv/redis"
	"edgeframe/session/record"
)

// onRedis returns a harness on a Redis server of its own, and a counter of the round trips to it.
func onRedis(t *testing.T, adjust ...func(*Options)) (*harness, *testenv.Redis, *testenv.RoundTrips) {
	t.Helper()
	server, trips := testenv.StartRedis(t), &testenv.RoundTrips{}
	d, err := redis.Open(context.Background(), redis.Options{
		Addrs: []string{server.Addr}, PoolSize: 10, Index: "edgeframe:index", Hooks: []goredis.Hook{trips},
		ConnectTimeout: 5 * time.Second, SocketTimeout: 10 * time.Second, IdleTimeout: time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	h := newHarness(t, append(adjust, func(o *Options) { o.Store = kv.New(d, "") })...)
	h.create(1, 1) // the server learns the scripts
	return h, server, trips
}

// A read takes at most two round trips to its first row groups, even if its access is noted and segments
// are renewed, and one for each batch after them. An edit takes three: one for the head, one for
// segments, and one for everything that the commit stores and drops. The tables have one segment and
// several hundred.
func TestRoundTripsToRedisDoNotDependOnTheNumberOfSegments(t *testing.T) {
	h, _, trips := onRedis(t, func(o *Options) { o.MaxVersions = 1 })
	ctx := context.Background()
	for _, size := range []struct{ rows, columns int }{{10, 5}, {150_000, 50}} {
		sess := h.create(size.rows, size.columns)
		ref := Ref{ID: sess.ID}
		all, value := Selection{Limit: -1}, 0
		read := func() error {
			sess, err := h.Open(ctx, ref, PrefetchData(all))
			if err == nil {
				_, err = h.Read(ctx, sess, all)
			}
			return err
		}
		whole := func() error { h.table(sess, 0); return nil }
		edit := func() error {
			value++
			_, _, err := h.Edit(ctx, of(sess), operations(t, fmt.Sprintf(`{"op":"set_values","column":"column_1","rows":[0],"value":%d}`, value)))
			return err
		}
		marks := func() error {
			sess, err := h.Open(ctx, ref, PrefetchMarks(all))
			if err == nil {
				_, err = h.Marks(ctx, sess, all)
			}
			return err
		}
		steps := []struct {
			name string
			most int
			call func() error
		}{
			{"read", 2, read},
			{"read of the whole table", 1 + int(sess.Current.RawBytes/(batchBytes/2)), whole},
			{"read that notes an access", 2, func() error { h.pass(10 * time.Minute); return read() }},
			{"read that renews the segments", 2, func() error { h.pass(55 * time.Minute); return read() }},
			{"edit", 3, edit},
			{"edit that evicts a version", 3, edit},
			{"snapshot", 1, func() error { _, err := h.Snapshot(ctx, of(sess)); return err }},
			{"undo", 1, func() error { _, err := h.Undo(ctx, of(sess)); return err }},
			{"redo", 1, func() error { _, err := h.Redo(ctx, of(sess)); return err }},
			{"touch", 2, func() error { _, err := h.Touch(ctx, ref, nil, 0); return err }},
			{"mark", 2, func() error {
				_, err := h.SetMarks(ctx, of(sess), frame.Marks{"column_1": {1}}, false)
				return err
			}},
			{"read of marks that notes an access", 2, func() error { h.pass(10 * time.Minute); return marks() }},
			{"create", 1, func() error { h.create(size.rows, size.columns); return nil }},
			{"delete", 3, func() error { return h.Delete(ctx, ref, nil) }},
		}
		for _, s := range steps {
			trips.Take()
			if err := s.call(); err != nil {
				t.Fatalf("%s: %v", s.name, err)
			}
			if n := trips.Take(); n > s.most {
				t.Errorf("%s of %d x %d: %d round trips, want at most %d", s.name, size.rows, size.columns, n, s.most)
			}
		}
	}
}

// An attempt that has lost needs one round trip more: it starts from the head that has won and takes
// the version over that it had worked out, and the segments stored in vain are dropped with the swap.
func TestALostAttemptCostsOneRoundTripToRedis(t *testing.T) {
	h, server, trips := onRedis(t, inStore)
	sess := h.create(1000, 5)
	before := server.Do("DBSIZE").(int64)
	c := of(sess)
	patches := 0
	c.Pre = func(*Session) bool {
		if patches < 2 {
			patches++
			h.patch(sess, patches)
		}
		return true
	}
	trips.Take()
	next, _, err := h.Edit(context.Background(), c, operations(t, setFirst))
	if err != nil {
		t.Fatal(err)
	}
	if n, want := trips.Take(), 3+2+patches; n != want {
		t.Errorf("%d round trips, want %d: three of the edit, two attempts that lost, one of each patch", n, want)
	}
	if got := server.Do("DBSIZE").(int64); got != before+1 {
		t.Errorf("%d keys, want one segment more than %d", got, before)
	}
	if next.Revision.Revision != 4 || string(next.Metadata) != `{"n":2}` {
		t.Errorf("revision %s with the metadata %s", next.Revision, next.Metadata)
	}
	h.table(next, 0)
}

func TestExpiryOnRedisIsThatOfTheServerToo(t *testing.T) {
	h, server, _ := onRedis(t, inStore)
	sess := h.must(h.Create(context.Background(), h.table(h.create(10, 5), 0), "t", time.Second, nil))
	want := append(h.segmentKeys(), record.HeadKey(sess.ID))
	var mine int
	for _, key := range want {
		if strings.Contains(key, sess.ID) {
			mine++
			if left := server.Do("PTTL", "edgeframe:"+key).(int64); left <= 0 || left > 3000 {
				t.Errorf("%s is kept for another %d ms", key, left)
			}
		}
	}
	if mine < 2 {
		t.Errorf("the session has %d keys", mine)
	}
	time.Sleep(1300 * time.Millisecond)
	if n, err := h.Count(context.Background()); err != nil || n != (kv.Count{N: 2, Exact: true}) {
		t.Errorf("%+v, %v, want 2 sessions", n, err)
	}
}

func TestAKeyOfAnotherTypeDamagesItsSessionAlone(t *testing.T) {
	h, server, _ := onRedis(t, inStore)
	ctx := context.Background()
	fine := h.create(10, 5)
	for _, part := range []string{"head", "segment"} {
		sess := h.create(10, 5)
		key := "edgeframe:" + record.HeadKey(sess.ID)
		if part == "segment" {
			key = "edgeframe:" + record.SegmentKey(sess.ID, h.manifest(sess).Groups[0].Segments[0])
		}
		server.Do("DEL", key)
		server.Do("RPUSH", key, "x")
		_, err := h.Read(ctx, sess, Selection{Limit: -1})
		if part == "head" {
			_, err = h.Open(ctx, Ref{ID: sess.ID}, PrefetchNothing)
		}
		wantKind(t, err, ErrCorrupt)
		_, _, err = h.Edit(ctx, of(sess), operations(t, `{"op":"set_values","column":"column_1","rows":[0],"value":5}`))
		wantKind(t, err, ErrCorrupt)
		if err := h.Delete(ctx, Ref{ID: sess.ID}, nil); err != nil {
			t.Errorf("a session with a damaged %s cannot be deleted: %v", part, err)
		}
		if left := server.Do("EXISTS", key).(int64); left != 0 {
			t.Errorf("the damaged %s is left", part)
		}
		h.table(fine, 0)
	}
}
