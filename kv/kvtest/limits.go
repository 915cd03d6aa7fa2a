package kvtest

import (
	"context"
	"errors"
	"reflect"
	"strings"

	"edgeframe/kv"
)

var limitTests = []test{
	{"the engine has names and a consistency, and never changes them", func(f *fixture) {
		info := f.d.Info()
		if info.Type == "" || info.Class == "" {
			f.Errorf("type %q and class %q must not be empty", info.Type, info.Class)
		}
		if c := info.Capabilities.Consistency; c != kv.Strong && c != kv.Eventual {
			f.Errorf("consistency %q", c)
		}
		f.set(long, "v", "k")
		if again := f.d.Info(); !reflect.DeepEqual(again, info) {
			f.Errorf("info changed from %+v to %+v", info, again)
		}
	}},
	{"health makes its round trip", func(f *fixture) {
		if _, err := f.d.Health(f.ctx); err != nil {
			f.Errorf("Health: %v", err)
		}
	}},
	{"the store's probe passes and leaves nothing behind", func(f *fixture) {
		if err := kv.New(f.d, "").Probe(f.ctx); err != nil {
			f.Errorf("Probe: %v", err)
		}
		f.wantList("")
	}},
	{"the longest declared key works and a longer one is refused", func(f *fixture) {
		most := f.caps.MaxKeyBytes
		if most == 0 {
			most = 4096
		}
		longest := strings.Repeat("k", most)
		f.set(long, "longest", longest)
		f.set(long, "shorter", longest[1:])
		f.wantValue(longest, "longest")
		f.wantValue(longest[1:], "shorter")
		f.wantList("", longest, longest[1:])
		if f.caps.MaxKeyBytes > 0 {
			f.wantError(kv.New(f.d, "").SetMany(f.ctx, []kv.Item{{Key: longest}}, 0), kv.ErrTooLarge)
		}
	}},
	{"a value above the declared maximum is refused", func(f *fixture) {
		if f.caps.MaxValueBytes > 0 {
			item := kv.Item{Key: "k", Value: make([]byte, f.caps.MaxValueBytes+1)}
			f.wantError(kv.New(f.d, "").SetMany(f.ctx, []kv.Item{item}, 0), kv.ErrTooLarge)
			f.wantAbsent("edgeframe:k")
		}
	}},
	{"a cancelled context stops every method before it changes anything", func(f *fixture) {
		f.setCounted(long, "old", "k")
		ctx, cancel := context.WithCancel(f.ctx)
		cancel()
		for name, call := range calls(f.d) {
			if err := call(ctx); !errors.Is(err, context.Canceled) {
				f.Errorf("%s returned %v, want a cancelled context", name, err)
			}
		}
		f.wantValue("k", "old")
		f.wantList("", "k")
		f.wantCount(1)
	}},
}

// calls returns one call of each method. They would read or change the store.
func calls(d kv.Driver) map[string]func(context.Context) error {
	all := map[string]func(context.Context) error{
		OpGet:    func(ctx context.Context) error { _, err := d.Get(ctx, []string{"k"}); return err },
		OpSet:    func(ctx context.Context) error { return d.Set(ctx, []kv.Item{{Key: "k"}}, long) },
		OpDelete: func(ctx context.Context) error { return d.Delete(ctx, []string{"k"}) },
		OpTouch:  func(ctx context.Context) error { return d.Touch(ctx, []string{"k"}, long) },
		OpList:   func(ctx context.Context) error { _, err := d.List(ctx, "", "", 10); return err },
		OpCount:  func(ctx context.Context) error { _, err := d.Count(ctx); return err },
		OpHealth: func(ctx context.Context) error { _, err := d.Health(ctx); return err },
	}
	if d.Info().Capabilities.CompareAndSwap {
		all[OpCompareAndSwap] = func(ctx context.Context) error {
			return d.CompareAndSwap(ctx, kv.Item{Key: "other", Value: revised("one", "")}, kv.Revision{}, long)
		}
	}
	if sweeper, ok := d.(kv.Sweeper); ok {
		all[OpSweep] = func(ctx context.Context) error { _, err := sweeper.Sweep(ctx, 1); return err }
	}
	return all
}
