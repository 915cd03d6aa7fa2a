// Package kvtest tests that drivers fulfil the contract of [kv.Driver].
//
// [Run] is the conformance suite: every driver passes all of it. No test is skipped. If a driver
// declares that it lacks an ability, the test expects the typed error of the [kv.Store] on it.
// [Counting] and [Failing] are drivers that wrap other drivers, for the tests of other packages.
package kvtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"edgeframe/kv"
)

// long is a TTL that does not pass during a test.
const long = 10 * time.Minute

// Run tests the driver that open returns. Each call of open must return a driver of an empty engine,
// and register its closing with t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) kv.Driver) {
	groups := []struct {
		name  string
		tests []test
	}{
		{"values", valueTests},
		{"expiry", expiryTests},
		{"swap", swapTests},
		{"commit", commitTests},
		{"watch", watchTests},
		{"list", listTests},
		{"count", countTests},
		{"limits", limitTests},
		{"concurrency", concurrencyTests},
	}
	for _, g := range groups {
		t.Run(g.name, func(t *testing.T) {
			for _, tt := range g.tests {
				t.Run(tt.claim, func(t *testing.T) {
					d := open(t)
					tt.run(&fixture{T: t, ctx: t.Context(), d: d, caps: d.Info().Capabilities})
				})
			}
		})
	}
}

// test is one claim about a driver. It runs on an empty engine.
type test struct {
	claim string
	run   func(f *fixture)
}

// fixture is a driver under test, with helpers that fail the test on unexpected errors.
type fixture struct {
	*testing.T
	ctx  context.Context
	d    kv.Driver
	caps kv.Capabilities
}

// set stores value under each of keys.
func (f *fixture) set(ttl time.Duration, value string, keys ...string) {
	f.Helper()
	f.store(ttl, false, value, keys...)
}

// setCounted is set with counted items.
func (f *fixture) setCounted(ttl time.Duration, value string, keys ...string) {
	f.Helper()
	f.store(ttl, true, value, keys...)
}

func (f *fixture) store(ttl time.Duration, counted bool, value string, keys ...string) {
	f.Helper()
	items := make([]kv.Item, len(keys))
	for i, k := range keys {
		items[i] = kv.Item{Key: k, Value: []byte(value), Counted: counted}
	}
	if err := f.d.Set(f.ctx, items, ttl); err != nil {
		f.Fatalf("Set(%q): %v", keys, err)
	}
}

func (f *fixture) get(keys ...string) [][]byte {
	f.Helper()
	values, err := f.d.Get(f.ctx, keys)
	if err != nil {
		f.Fatalf("Get(%q): %v", keys, err)
	}
	if len(values) != len(keys) {
		f.Fatalf("Get of %d keys returned %d values", len(keys), len(values))
	}
	return values
}

func (f *fixture) delete(keys ...string) {
	f.Helper()
	if err := f.d.Delete(f.ctx, keys); err != nil {
		f.Fatalf("Delete(%q): %v", keys, err)
	}
}

func (f *fixture) touch(ttl time.Duration, keys ...string) {
	f.Helper()
	if err := f.d.Touch(f.ctx, keys, ttl); err != nil {
		f.Fatalf("Touch(%q): %v", keys, err)
	}
}

func (f *fixture) wantValue(key, want string) {
	f.Helper()
	got := f.get(key)[0]
	if got == nil {
		f.Errorf("%q is absent, want %.40q", key, want)
	} else if !bytes.Equal(got, []byte(want)) {
		f.Errorf("%q is %.40q (%d bytes), want %.40q (%d bytes)", key, got, len(got), want, len(want))
	}
}

func (f *fixture) wantAbsent(keys ...string) {
	f.Helper()
	for i, v := range f.get(keys...) {
		if v != nil {
			f.Errorf("%q is %.40q, want it absent", keys[i], v)
		}
	}
}

// wantCount checks the count. If it is not exact, it may be lower.
func (f *fixture) wantCount(want int64) {
	f.Helper()
	got, err := f.d.Count(f.ctx)
	if err != nil {
		f.Fatalf("Count: %v", err)
	}
	if got.Exact && got.N != want || got.N < 0 || got.N > want {
		f.Errorf("Count = %+v, want %d", got, want)
	}
}

// soon runs stage with a short TTL and sleeps until the keys that stage stored with that TTL have
// expired. If stage takes longer than the TTL, as on a slow machine, soon runs it again with a longer
// one. So stage must set all the keys that it relies on.
func (f *fixture) soon(stage func(ttl time.Duration)) {
	f.Helper()
	for ttl := 80 * time.Millisecond; ; ttl *= 3 {
		start := time.Now()
		stage(ttl)
		if time.Since(start) < ttl {
			time.Sleep(ttl + 20*time.Millisecond)
			return
		}
		if ttl > 10*time.Second {
			f.Fatalf("the stage does not end within %s", ttl)
		}
	}
}

// shortTTLs reports whether the driver accepts TTLs that a test can wait for. If it does not,
// shortTTLs checks that the store rejects them.
func (f *fixture) shortTTLs() bool {
	f.Helper()
	if f.caps.MinTTLSeconds == 0 {
		return true
	}
	below := time.Duration(f.caps.MinTTLSeconds)*time.Second - 1
	s := kv.New(f.d, "")
	f.wantError(s.SetMany(f.ctx, []kv.Item{{Key: "k"}}, below), kv.ErrUnsupported)
	f.wantError(s.Touch(f.ctx, []string{"k"}, below), kv.ErrUnsupported)
	return false
}

func (f *fixture) wantError(err, want error) {
	f.Helper()
	if !errors.Is(err, want) {
		f.Errorf("error is %v, want one that is %v", err, want)
	}
}

func names(prefix string, n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("%s%04d", prefix, i)
	}
	return keys
}
