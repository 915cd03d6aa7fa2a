package kv_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"edgeframe/kv"
	"edgeframe/kv/kvtest"
	"edgeframe/kv/memory"
)

// limited is an engine with few capabilities, and with errors on demand.
type limited struct {
	kv.Driver
	caps kv.Capabilities
}

func (l limited) Info() kv.Info {
	return kv.Info{Type: "limited", Class: "LimitedBackend", Capabilities: l.caps}
}

var revised = []byte("a revision of 16 and more")

func TestStoreRefusesWhatTheEngineCannotDo(t *testing.T) {
	counting := kvtest.NewCounting(memory.New())
	s := kv.New(limited{counting, kv.Capabilities{MinTTLSeconds: 60, MaxValueBytes: 20, MaxKeyBytes: 10}}, "p")
	ctx := t.Context()
	set := func(key, value string, ttl time.Duration) error {
		return s.SetMany(ctx, []kv.Item{{Key: key, Value: []byte(value)}}, ttl)
	}
	tests := []struct {
		name string
		err  error
		kind error
		says string
	}{
		{"compare-and-swap", s.CompareAndSwap(ctx, kv.Item{Key: "k", Value: revised}, kv.Revision{}, 0), kv.ErrUnsupported, "limited has no compare-and-swap"},
		{"a ttl below the least", set("k", "v", 59*time.Second), kv.ErrUnsupported, "below the 1m0s"},
		{"touching with a ttl below the least", s.Touch(ctx, []string{"k"}, time.Second), kv.ErrUnsupported, "ttl 1s"},
		{"a negative ttl", set("k", "v", -1), kv.ErrInvalid, "negative"},
		{"a large value", set("k", strings.Repeat("v", 21), 0), kv.ErrTooLarge, "21 bytes, limited accepts 20"},
		{"a key that is too long with the prefix", set("123456789", "v", 0), kv.ErrTooLarge, "11 bytes, limited accepts 10"},
		{"reading a long key", one(s.Get(ctx, "123456789")), kv.ErrTooLarge, "123456789"},
		{"an empty key", set("", "v", 0), kv.ErrInvalid, "the key is empty"},
		{"deleting an empty key", s.Delete(ctx, "k", ""), kv.ErrInvalid, "the key is empty"},
		{"a page of nothing", one(s.ListKeys(ctx, "", "", 0)), kv.ErrInvalid, "between 1 and 1000"},
		{"a page that is too long", one(s.ListKeys(ctx, "", "", 1001)), kv.ErrInvalid, "limit 1001"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wantKind(t, tt.err, tt.kind)
			if tt.err != nil && !strings.Contains(tt.err.Error(), tt.says) {
				t.Errorf("error %q does not say %q", tt.err, tt.says)
			}
		})
	}
	if calls := counting.Total().Calls; calls != 0 {
		t.Errorf("the engine was called %d times for requests that are refused", calls)
	}
	for _, err := range []error{set("12345678", strings.Repeat("v", 20), time.Minute), set("k", "v", 0)} {
		if err != nil {
			t.Errorf("a request at the limits: %v", err)
		}
	}
}

func TestASwapNeedsARevisionInItsValue(t *testing.T) {
	s := kv.New(memory.New(), "")
	for _, value := range [][]byte{nil, []byte("short"), make([]byte, 20)} {
		err := s.CompareAndSwap(t.Context(), kv.Item{Key: "k", Value: value}, kv.Revision{}, 0)
		wantKind(t, err, kv.ErrInvalid)
	}
	wantKind(t, one(s.Get(t.Context(), "k")), kv.ErrNotFound)
	if err := s.CompareAndSwap(t.Context(), kv.Item{Key: "k", Value: revised}, kv.Revision{}, 0); err != nil {
		t.Error(err)
	}
}

func TestStoresWithDifferentPrefixesDoNotMix(t *testing.T) {
	d, ctx := memory.New(), t.Context()
	a, ab, unnamed := kv.New(d, "a"), kv.New(d, "a:b"), kv.New(d, "")
	for s, value := range map[*kv.Store]string{a: "a", ab: "ab", unnamed: "default"} {
		if err := s.SetMany(ctx, []kv.Item{{Key: "k", Value: []byte(value)}}, 0); err != nil {
			t.Fatal(err)
		}
	}
	for s, want := range map[*kv.Store]string{a: "a", ab: "ab", unnamed: "default"} {
		if got, err := s.Get(ctx, "k"); err != nil || string(got) != want {
			t.Errorf("Get = %q, %v, want %q", got, err, want)
		}
	}
	if err := ab.Delete(ctx, "k"); err != nil {
		t.Fatal(err)
	}
	if page, err := unnamed.ListKeys(ctx, "", "", 10); err != nil || !reflect.DeepEqual(page.Keys, []string{"k"}) {
		t.Errorf("ListKeys = %v, %v, want k without its prefix", page, err)
	}
	if raw, err := d.Get(ctx, []string{"a:k", "a:b:k", kv.DefaultPrefix + ":k"}); err != nil || raw[0] == nil || raw[1] != nil || raw[2] == nil {
		t.Errorf("the engine has %q, %v", raw, err)
	}
}

func TestErrorsAreOfOneKindAndKeepTheirCause(t *testing.T) {
	down := errors.New("connection refused")
	tests := []struct {
		name        string
		cause, kind error
		message     string
	}{
		{"an unknown error", down, kv.ErrUnavailable, `kv get "k": unavailable: connection refused`},
		{"a sentinel", kv.ErrTooLarge, kv.ErrTooLarge, `kv get "k": too large`},
		{"a cancelled call", context.Canceled, kv.ErrUnavailable, `kv get "k": unavailable: context canceled`},
		{"no error", nil, kv.ErrNotFound, `kv get "k": not found`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := kv.New(&kvtest.Failing{Driver: memory.New(), Hook: func(string, []string) error { return tt.cause }}, "")
			_, err := s.Get(t.Context(), "k")
			wantKind(t, err, tt.kind)
			if tt.cause != nil && !errors.Is(err, tt.cause) {
				t.Errorf("%v hides its cause", err)
			}
			if err.Error() != tt.message {
				t.Errorf("message %q, want %q", err, tt.message)
			}
			var typed *kv.Error
			if !errors.As(err, &typed) || typed.Op != "get" || typed.Key != "k" {
				t.Errorf("error %#v, want a *kv.Error of get and k", err)
			}
		})
	}
}

func TestAFailingEngineFailsEveryOperation(t *testing.T) {
	down := errors.New("down")
	s := kv.New(&kvtest.Failing{Driver: memory.New(), Hook: func(string, []string) error { return down }}, "")
	ctx := t.Context()
	_, _, healthErr := s.Health(ctx)
	for name, err := range map[string]error{
		"get":              one(s.GetMany(ctx, []string{"a", "b"})),
		"set":              s.SetMany(ctx, []kv.Item{{Key: "k"}}, 0),
		"compare-and-swap": s.CompareAndSwap(ctx, kv.Item{Key: "k", Value: revised}, kv.Revision{}, 0),
		"delete":           s.Delete(ctx, "k"),
		"touch":            s.Touch(ctx, []string{"k"}, 0),
		"list":             one(s.ListKeys(ctx, "", "", 1)),
		"count":            one(s.Count(ctx)),
		"health":           healthErr,
		"probe":            s.Probe(ctx),
		"sweep":            one(s.Sweep(ctx, 1)),
	} {
		if !errors.Is(err, kv.ErrUnavailable) || !errors.Is(err, down) {
			t.Errorf("%s returned %v, want it unavailable because down", name, err)
		}
	}
}

func TestCallsWithoutKeysDoNotReachTheEngine(t *testing.T) {
	c := kvtest.NewCounting(memory.New())
	s, ctx := kv.New(c, ""), t.Context()
	values, err := s.GetMany(ctx, nil)
	if err := errors.Join(err, s.SetMany(ctx, nil, 0), s.Delete(ctx), s.Touch(ctx, nil, 0)); err != nil || len(values) != 0 {
		t.Errorf("got %v and %v", values, err)
	}
	if c.Total().Calls != 0 {
		t.Errorf("the engine was called %d times", c.Total().Calls)
	}
}

func TestANilValueIsAnEmptyOne(t *testing.T) {
	s := kv.New(memory.New(), "")
	if err := s.SetMany(t.Context(), []kv.Item{{Key: "k"}}, 0); err != nil {
		t.Fatal(err)
	}
	if v, err := s.Get(t.Context(), "k"); err != nil || v == nil || len(v) != 0 {
		t.Errorf("Get = %#v, %v, want an empty value", v, err)
	}
}

func TestGetManyTakesOneCall(t *testing.T) {
	c := kvtest.NewCounting(memory.New())
	s := kv.New(c, "")
	if _, err := s.GetMany(t.Context(), []string{"a", "b", "c"}); err != nil || c.Of(kvtest.OpGet) != (kvtest.Tally{Calls: 1, Keys: 3}) {
		t.Errorf("%+v, %v, want one call for three keys", c.Of(kvtest.OpGet), err)
	}
}

// one returns only the error of a call.
func one[T any](_ T, err error) error { return err }

// wantKind asserts that err matches kind and no other sentinel.
func wantKind(t *testing.T, err, kind error) {
	t.Helper()
	for _, sentinel := range []error{
		kv.ErrNotFound, kv.ErrConflict, kv.ErrTooLarge, kv.ErrUnsupported, kv.ErrUnavailable, kv.ErrInvalid,
	} {
		if errors.Is(err, sentinel) != (sentinel == kind) {
			t.Errorf("error %v: is %q: %v, want the kind %q alone", err, sentinel, errors.Is(err, sentinel), kind)
		}
	}
}

func TestACommitIsRefusedBeforeAnythingIsStored(t *testing.T) {
	swap := kv.Item{Key: "{a}head", Value: revised}
	counting := kvtest.NewCounting(memory.New())
	for name, tt := range map[string]struct {
		caps kv.Capabilities
		c    kv.Commit
		kind error
		says string
	}{
		"no compare-and-swap":       {kv.Capabilities{}, kv.Commit{Swap: swap}, kv.ErrUnsupported, "no compare-and-swap"},
		"no revision":               {kv.Capabilities{CompareAndSwap: true}, kv.Commit{Swap: kv.Item{Key: "k"}}, kv.ErrInvalid, "revision"},
		"keys of two sessions":      {kv.Capabilities{CompareAndSwap: true}, kv.Commit{Swap: swap, Drop: []string{"{b}x"}}, kv.ErrInvalid, "between the braces"},
		"a value that is too large": {kv.Capabilities{CompareAndSwap: true, MaxValueBytes: 30}, kv.Commit{Swap: swap, Put: []kv.Item{{Key: "{a}x", Value: make([]byte, 31)}}}, kv.ErrTooLarge, "31 bytes"},
		"a ttl below the least":     {kv.Capabilities{CompareAndSwap: true, MinTTLSeconds: 60}, kv.Commit{Swap: swap, TTL: time.Second}, kv.ErrUnsupported, "ttl 1s"},
		"a counted item to put":     {kv.Capabilities{CompareAndSwap: true}, kv.Commit{Swap: swap, Put: []kv.Item{{Key: "{a}x", Counted: true}}}, kv.ErrInvalid, "only the item of the swap"},
		"an empty key":              {kv.Capabilities{CompareAndSwap: true}, kv.Commit{Swap: kv.Item{Value: revised}, Get: []string{""}}, kv.ErrInvalid, "empty"},
	} {
		_, err := kv.New(limited{counting, tt.caps}, "p").Commit(t.Context(), tt.c)
		wantKind(t, err, tt.kind)
		if err != nil && !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %q does not say %q", name, err, tt.says)
		}
	}
	if calls := counting.Total().Calls; calls != 0 {
		t.Errorf("the engine was called %d times", calls)
	}
}

func TestWhatFailsInACommitStopsTheSwap(t *testing.T) {
	for _, op := range []string{kvtest.OpSet, kvtest.OpTouch} {
		failing := &kvtest.Failing{Driver: memory.New(), Hook: func(called string, _ []string) error {
			if called == op {
				return kv.ErrFull
			}
			return nil
		}}
		s := kv.New(failing, "")
		values, err := s.Commit(t.Context(), kv.Commit{
			Put: []kv.Item{{Key: "{a}put"}}, Touch: []string{"{a}touch"},
			Swap: kv.Item{Key: "{a}head", Value: revised}, Get: []string{"{a}head"},
		})
		wantKind(t, err, kv.ErrFull)
		if len(values) != 1 || values[0] != nil {
			t.Errorf("%s failed, and the head is %q", op, values)
		}
	}
}

func TestTheHashTagIsThatOfRedisCluster(t *testing.T) {
	for key, want := range map[string]string{
		"{a}:head": "a", "p:{a}:{b}": "a", "plain": "plain", "{}x": "{}x", "{a": "{a", "}{a}": "a", "{{a}}": "{a",
	} {
		if got := kv.HashTag(key); got != want {
			t.Errorf("%q: %q, want %q", key, got, want)
		}
	}
}
