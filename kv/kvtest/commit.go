package kvtest

import (
	"errors"
	"slices"
	"time"

	"edgeframe/kv"
)

// The commit tests use a [kv.Store], which makes the calls one after another if the driver is not a
// [kv.Committer]. All keys of a commit have the same hash tag.
var commitTests = []test{
	{"a commit stores, renews, swaps, drops and reads", func(f *fixture) {
		if !f.swaps() {
			return
		}
		s := f.storeWith(long, "old", "{c}dropped", "{c}touched", "{c}kept")
		values, err := s.Commit(f.ctx, kv.Commit{
			Put: []kv.Item{{Key: "{c}put", Value: []byte("new")}}, Touch: []string{"{c}touched", "{c}absent"}, TTL: long,
			Swap: kv.Item{Key: "{c}head", Value: revised("one", ""), Counted: true}, SwapTTL: long,
			Drop: []string{"{c}dropped", "{c}absent"},
			Get:  []string{"{c}kept", "{c}dropped", "{c}put", "{c}head", "{c}absent"},
		})
		if err != nil {
			f.Fatal(err)
		}
		f.wantValues(values, []byte("old"), nil, []byte("new"), revised("one", ""), nil)
		f.wantAbsent("edgeframe:{c}dropped", "edgeframe:{c}absent")
		f.wantCount(1)
	}},
	{"a commit that loses drops nothing and still reads", func(f *fixture) {
		if !f.swaps() {
			return
		}
		s := f.storeWith(long, string(revised("two", "")), "{c}head", "{c}dropped")
		values, err := s.Commit(f.ctx, kv.Commit{
			Swap: kv.Item{Key: "{c}head", Value: revised("three", "")}, Old: revision("one"), SwapTTL: long,
			Drop: []string{"{c}dropped"},
			Get:  []string{"{c}head"},
		})
		f.wantError(err, kv.ErrConflict)
		f.wantValues(values, revised("two", ""))
		f.wantRevision("edgeframe:{c}dropped", "two")
	}},
	{"a commit that loses says what is there instead", func(f *fixture) {
		if !f.swaps() {
			return
		}
		s := f.storeWith(long, string(revised("two", "with more behind it")), "{c}head")
		for key, present := range map[string][]byte{"{c}head": revised("two", "with more behind it"), "{c}absent": nil} {
			_, err := s.Commit(f.ctx, kv.Commit{
				Put: []kv.Item{{Key: "{c}put", Value: []byte("v")}}, TTL: long,
				Swap: kv.Item{Key: key, Value: revised("three", "")}, Old: revision("one"), SwapTTL: long,
			})
			f.wantError(err, kv.ErrConflict)
			var lost *kv.Conflict
			if !errors.As(err, &lost) {
				f.Fatalf("%q: error %v has no *kv.Conflict", key, err)
			}
			f.wantValues([][]byte{lost.Value}, present)
		}
	}},
	{"a commit of a swap alone is a swap", func(f *fixture) {
		if !f.swaps() {
			return
		}
		s := kv.New(f.d, "")
		for _, step := range []struct {
			from, to string
			want     error
		}{{"", "one", nil}, {"", "two", kv.ErrConflict}, {"one", "two", nil}, {"one", "three", kv.ErrConflict}} {
			item := kv.Item{Key: "k", Value: revised(step.to, "")}
			if _, err := s.Commit(f.ctx, kv.Commit{Swap: item, Old: revision(step.from), SwapTTL: long}); !errors.Is(err, step.want) {
				f.Errorf("from %q to %q: %v, want %v", step.from, step.to, err, step.want)
			}
		}
		f.wantRevision("edgeframe:k", "two")
	}},
	{"a commit of 500 keys stores, drops and reads all", func(f *fixture) {
		if !f.swaps() {
			return
		}
		put, dropped := names("{c}put:", 500), names("{c}old:", 2500)
		s := f.storeWith(long, "v", dropped...)
		c := kv.Commit{TTL: long, Swap: kv.Item{Key: "{c}head", Value: revised("one", "")}, Drop: dropped, Get: put}
		for _, key := range put {
			c.Put = append(c.Put, kv.Item{Key: key, Value: []byte(key)})
		}
		values, err := s.Commit(f.ctx, c)
		if err != nil {
			f.Fatal(err)
		}
		for i, key := range put {
			if string(values[i]) != key {
				f.Fatalf("%q is %q", key, values[i])
			}
		}
		if left := f.list("edgeframe:{c}old:", 1000); len(left) != 0 {
			f.Errorf("%d keys were not dropped", len(left))
		}
	}},
	{"a commit gives each part its TTL, and what it touches at least that", func(f *fixture) {
		if !f.swaps() || !f.shortTTLs() {
			return
		}
		f.soon(func(ttl time.Duration) {
			f.delete("edgeframe:{c}head")
			s := f.storeWith(long, "v", "{c}shorter")
			_, err := s.Commit(f.ctx, kv.Commit{
				Put: []kv.Item{{Key: "{c}put", Value: []byte("v")}}, Touch: []string{"{c}shorter"}, TTL: ttl,
				Swap: kv.Item{Key: "{c}head", Value: revised("one", "")},
			})
			if err != nil {
				f.Fatal(err)
			}
		})
		f.wantAbsent("edgeframe:{c}put")
		f.wantValue("edgeframe:{c}shorter", "v")
		f.wantRevision("edgeframe:{c}head", "one")
	}},
	{"of concurrent commits from one revision exactly one wins, and only it drops", func(f *fixture) {
		if !f.swaps() {
			return
		}
		s := f.storeWith(long, string(revised("one", "")), "{c}head", "{c}drop:0", "{c}drop:1")
		errs := make(chan error, 2)
		for _, name := range []string{"0", "1"} {
			go func() {
				_, err := s.Commit(f.ctx, kv.Commit{
					Swap: kv.Item{Key: "{c}head", Value: revised(name, "")}, Old: revision("one"), SwapTTL: long,
					Drop: []string{"{c}drop:" + name},
				})
				errs <- err
			}()
		}
		first, second := <-errs, <-errs
		if (first == nil) == (second == nil) || !errors.Is(errors.Join(first, second), kv.ErrConflict) {
			f.Fatalf("the commits returned %v and %v", first, second)
		}
		winner := string(f.get("edgeframe:{c}head")[0][:1])
		f.wantAbsent("edgeframe:{c}drop:" + winner)
		f.wantList("edgeframe:{c}drop:", "edgeframe:{c}drop:"+map[string]string{"0": "1", "1": "0"}[winner])
	}},
}

// storeWith returns a store on the driver, after setting value for keys of the store.
func (f *fixture) storeWith(ttl time.Duration, value string, keys ...string) *kv.Store {
	f.Helper()
	full := make([]string, len(keys))
	for i, key := range keys {
		full[i] = "edgeframe:" + key
	}
	f.set(ttl, value, full...)
	return kv.New(f.d, "")
}

func (f *fixture) wantValues(got [][]byte, want ...[]byte) {
	f.Helper()
	same := func(a, b []byte) bool { return (a == nil) == (b == nil) && slices.Equal(a, b) }
	if !slices.EqualFunc(got, want, same) {
		f.Errorf("values %q, want %q", got, want)
	}
}
