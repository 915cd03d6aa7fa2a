package cache_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"edgeframe/kv"
	"edgeframe/kv/cache"
	"edgeframe/kv/kvtest"
	"edgeframe/kv/memory"
)

func segments(key string) bool { return strings.Contains(key, ":seg:") }

func TestWhatIsNotImmutableKeepsTheContract(t *testing.T) {
	kvtest.Run(t, func(*testing.T) kv.Driver { return cache.New(memory.New(), 1<<20, segments) })
}

func TestACommitterStaysOne(t *testing.T) {
	for name, want := range map[string]struct{ commits, sweeps bool }{
		"neither": {}, "commits": {commits: true}, "sweeps": {sweeps: true}, "both": {true, true},
	} {
		var d kv.Driver = struct{ kv.Driver }{memory.New()}
		switch {
		case want.commits && want.sweeps:
			d = struct {
				kv.Driver
				kv.Committer
				kv.Sweeper
			}{Driver: d}
		case want.commits:
			d = struct {
				kv.Driver
				kv.Committer
			}{Driver: d}
		case want.sweeps:
			d = struct {
				kv.Driver
				kv.Sweeper
			}{Driver: d}
		}
		c := cache.New(d, 1<<20, segments)
		_, commits := c.(kv.Committer)
		_, sweeps := c.(kv.Sweeper)
		if commits != want.commits || sweeps != want.sweeps {
			t.Errorf("%s: commits %v, sweeps %v", name, commits, sweeps)
		}
	}
}

// counted returns a store with a cache, and an engine that counts the calls behind the cache.
func counted(bytes int64) (*kv.Store, *kvtest.Counting) {
	engine := kvtest.NewCounting(memory.New())
	return kv.New(cache.New(engine, bytes, segments), "p"), engine
}

func put(t *testing.T, s *kv.Store, size int, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if err := s.SetMany(t.Context(), []kv.Item{{Key: key, Value: bytes.Repeat([]byte(key[:1]), size)}}, time.Hour); err != nil {
			t.Fatal(err)
		}
	}
}

func get(t *testing.T, s *kv.Store, keys ...string) [][]byte {
	t.Helper()
	values, err := s.GetMany(t.Context(), keys)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func TestImmutableValuesAreReadOnceAndHeadsEveryTime(t *testing.T) {
	s, engine := counted(1 << 20)
	put(t, s, 10, "a:seg:1", "b:seg:2", "c:head", "d:seg:3")
	get(t, s, "a:seg:1", "c:head")
	engine.Reset()
	for range 3 {
		values := get(t, s, "d:seg:3", "a:seg:1", "absent:seg:", "c:head", "b:seg:2", "a:seg:1")
		if got := fmt.Sprintf("%.1s", values); got != "[d a  c b a]" || values[2] != nil {
			t.Errorf("values %s", got)
		}
	}
	want := "[p:d:seg:3 p:absent:seg: p:c:head p:b:seg:2 p:absent:seg: p:c:head p:absent:seg: p:c:head]"
	if got := fmt.Sprint(engine.KeysRead()); got != want || engine.Of(kvtest.OpGet).Calls != 3 {
		t.Errorf("the engine was asked for %s in %d calls, want %s in 3", got, engine.Of(kvtest.OpGet).Calls, want)
	}
	engine.Reset()
	get(t, s, "a:seg:1", "b:seg:2")
	if n := engine.Total().Calls; n != 0 {
		t.Errorf("%d calls for what is cached", n)
	}
}

func TestAValueThatIsReadInPassingIsNotKept(t *testing.T) {
	s, engine := counted(1 << 20)
	put(t, s, 10, "a:seg:1", "b:seg:2")
	get(t, s, "a:seg:1")
	engine.Reset()
	for range 2 {
		values, err := s.GetMany(kv.Passing(t.Context(), nil), []string{"a:seg:1", "b:seg:2"})
		if err != nil || fmt.Sprintf("%.1s", values) != "[a b]" {
			t.Fatalf("%s, %v", values, err)
		}
	}
	if got := fmt.Sprint(engine.KeysRead()); got != "[p:b:seg:2 p:b:seg:2]" {
		t.Errorf("the engine was asked for %s", got)
	}
}

func TestAnAbsentValueIsNotRemembered(t *testing.T) {
	s, _ := counted(1 << 20)
	get(t, s, "a:seg:1")
	put(t, s, 10, "a:seg:1")
	if get(t, s, "a:seg:1")[0] == nil {
		t.Error("absent, because it once was")
	}
}

func TestADeletedValueIsForgotten(t *testing.T) {
	s, _ := counted(1 << 20)
	put(t, s, 10, "a:seg:1")
	get(t, s, "a:seg:1")
	if err := s.Delete(t.Context(), "a:seg:1"); err != nil || get(t, s, "a:seg:1")[0] != nil {
		t.Errorf("still there, %v", err)
	}
}

func TestTheCacheIsBoundedInBytes(t *testing.T) {
	s, engine := counted(10_000)
	var keys []string
	for i := range 100 {
		keys = append(keys, fmt.Sprintf("k:seg:%d", i))
	}
	put(t, s, 1000, keys...)
	get(t, s, keys...)
	engine.Reset()
	for i := len(keys) - 1; i >= 0; i-- {
		get(t, s, keys[i])
	}
	if hits := len(keys) - engine.Of(kvtest.OpGet).Calls; hits < 5 || hits > 10 {
		t.Errorf("%d values of 1,000 bytes were cached in 10,000", hits)
	}
}

func TestErrorsOfTheEnginePassThroughAndAreNotCached(t *testing.T) {
	boom := errors.New("boom")
	fail := true
	engine := &kvtest.Failing{Driver: memory.New(), Hook: func(op string, _ []string) error {
		if op == kvtest.OpGet && fail {
			return boom
		}
		return nil
	}}
	s := kv.New(cache.New(engine, 1<<20, segments), "")
	put(t, s, 10, "a:seg:1")
	if _, err := s.Get(t.Context(), "a:seg:1"); !errors.Is(err, boom) {
		t.Errorf("error %v", err)
	}
	fail = false
	if get(t, s, "a:seg:1")[0] == nil {
		t.Error("the value is absent")
	}
}

// recorder is a Committer that records the keys that it is asked to read, and returns them as values.
type recorder struct {
	kv.Driver
	asked []string
	blind bool
	err   error
}

func (r *recorder) Commit(_ context.Context, c kv.Commit) ([][]byte, error) {
	r.asked = c.Get
	if r.blind || len(c.Get) == 0 {
		return nil, r.err
	}
	var values [][]byte
	for _, key := range c.Get {
		values = append(values, []byte("value of "+key))
	}
	return values, r.err
}

func TestACommitReadsOnlyWhatIsNotCached(t *testing.T) {
	engine := &recorder{Driver: memory.New()}
	s := kv.New(cache.New(engine, 1<<20, segments), "p")
	item := kv.Item{Key: "{a}:head", Value: append([]byte("revision........"), 'x')}
	try := func(drop ...string) ([][]byte, error) {
		return s.Commit(t.Context(), kv.Commit{Swap: item, Drop: drop, Get: []string{"{a}:seg:1", "{a}:head", "{a}:seg:2"}})
	}
	for round, want := range []string{"[p:{a}:seg:1 p:{a}:head p:{a}:seg:2]", "[p:{a}:head]"} {
		values, err := try()
		if err != nil || string(values[0]) != "value of p:{a}:seg:1" || string(values[2]) != "value of p:{a}:seg:2" {
			t.Errorf("round %d: %q, %v", round, values, err)
		}
		if got := fmt.Sprint(engine.asked); got != want {
			t.Errorf("round %d: asked for %s, want %s", round, got, want)
		}
	}
	engine.err = kv.ErrConflict
	if values, err := try("{a}:seg:1"); !errors.Is(err, kv.ErrConflict) || len(values) != 3 {
		t.Errorf("a commit that lost: %q, %v", values, err)
	}
	engine.err = nil
	if _, err := try("{a}:seg:1"); err != nil {
		t.Fatal(err)
	}
	engine.blind = true
	if values, err := try(); err != nil || values != nil || len(engine.asked) != 2 {
		t.Errorf("values that could not be read: %q, %v, asked for %q", values, err, engine.asked)
	}
}
