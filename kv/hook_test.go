package kv_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgeframe/kv"
	"edgeframe/kv/memory"
)

type hookKey struct{}

func TestHooksSeeEachCallOfTheEngineWithItsOutcome(t *testing.T) {
	var seen []string
	hook := func(name string) kv.Hook {
		return func(ctx context.Context, op string) (context.Context, func(error)) {
			if outer, _ := ctx.Value(hookKey{}).(string); outer != "" {
				seen = append(seen, name+" in "+outer)
			}
			return context.WithValue(ctx, hookKey{}, name), func(err error) {
				outcome := "ok"
				var failed *kv.Error
				if errors.As(err, &failed) {
					outcome = failed.Kind.Error()
				}
				seen = append(seen, name+" "+op+": "+outcome)
			}
		}
	}
	s := kv.New(memory.New(), "").WithHook(nil).WithHook(hook("outer")).WithHook(hook("inner"))
	ctx, r1 := t.Context(), []byte("0123456789abcdef")
	_ = s.SetMany(ctx, []kv.Item{{Key: "a", Value: r1}}, time.Minute)
	_, _ = s.Get(ctx, "a")
	_ = s.CompareAndSwap(ctx, kv.Item{Key: "a", Value: r1}, kv.Revision{}, 0)
	_, _ = s.Commit(ctx, kv.Commit{Swap: kv.Item{Key: "a", Value: r1}})
	_ = s.Touch(ctx, []string{"a"}, time.Minute)
	_ = s.Delete(ctx, "a")
	_, _ = s.ListKeys(ctx, "", "", 1)
	_, _ = s.Count(ctx)
	_, _, _ = s.Health(ctx)
	_, _ = s.Sweep(ctx, 1)
	// Refused by the store itself, and nothing to do.
	_ = s.Touch(ctx, []string{"a"}, -1)
	_ = s.Delete(ctx)

	var want []string
	for _, call := range []string{"set: ok", "get: ok", "compare-and-swap: conflict", "commit: conflict", "touch: ok", "delete: ok", "list keys: ok", "count: ok", "health: ok", "sweep: ok"} {
		want = append(want, "inner in outer", "inner "+call, "outer "+call)
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Error(diff)
	}
}

func TestADriverIsFoundThroughItsWrappers(t *testing.T) {
	s := kv.New(memory.New(), "")
	if _, ok := kv.DriverAs[*memory.Driver](s); !ok {
		t.Error("not found")
	}
	if _, ok := kv.DriverAs[interface{ Nothing() }](s); ok {
		t.Error("found what is not there")
	}
}
