package kvtest_test

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"edgeframe/kv"
	"edgeframe/kv/kvtest"
	"edgeframe/kv/memory"
)

func TestDecoratorsKeepTheContract(t *testing.T) {
	t.Run("counting", func(t *testing.T) {
		kvtest.Run(t, func(*testing.T) kv.Driver { return kvtest.NewCounting(memory.New()) })
	})
	t.Run("failing", func(t *testing.T) {
		kvtest.Run(t, func(*testing.T) kv.Driver { return &kvtest.Failing{Driver: memory.New()} })
	})
}

func TestCountingCountsCallsKeysAndBytes(t *testing.T) {
	c, ctx := kvtest.NewCounting(memory.New()), t.Context()
	s := kv.New(c, "p")
	items := []kv.Item{{Key: "a", Value: make([]byte, 10)}, {Key: "b", Value: make([]byte, 5)}}
	value := append([]byte("0123456789abcdef"), 1, 2, 3, 4)
	_, getErr := s.GetMany(ctx, []string{"none"})
	steps := errors.Join(getErr,
		s.SetMany(ctx, items, time.Minute),
		s.CompareAndSwap(ctx, kv.Item{Key: "c", Value: value}, kv.Revision{}, 0),
		s.Touch(ctx, []string{"a", "b"}, time.Minute),
		s.Delete(ctx, "b"),
	)
	if _, err := s.GetMany(ctx, []string{"a", "b", "c"}); steps != nil || err != nil {
		t.Fatal(steps, err)
	}
	want := map[string]kvtest.Tally{
		kvtest.OpGet:            {Calls: 2, Keys: 4, Bytes: 30},
		kvtest.OpSet:            {Calls: 1, Keys: 2, Bytes: 15},
		kvtest.OpCompareAndSwap: {Calls: 1, Keys: 1, Bytes: 20},
		kvtest.OpTouch:          {Calls: 1, Keys: 2},
		kvtest.OpDelete:         {Calls: 1, Keys: 1},
		kvtest.OpList:           {},
	}
	for op, tally := range want {
		if got := c.Of(op); got != tally {
			t.Errorf("%s: %+v, want %+v", op, got, tally)
		}
	}
	if got := c.Total(); got != (kvtest.Tally{Calls: 6, Keys: 10, Bytes: 65}) {
		t.Errorf("total: %+v", got)
	}
	if got := c.KeysRead(); !slices.Equal(got, []string{"p:none", "p:a", "p:b", "p:c"}) {
		t.Errorf("keys read: %q", got)
	}
	if got := c.KeysWritten(); !slices.Equal(got, []string{"p:a", "p:b", "p:c"}) {
		t.Errorf("keys written: %q", got)
	}
	c.Reset()
	if c.Total() != (kvtest.Tally{}) || c.KeysRead() != nil || c.KeysWritten() != nil {
		t.Error("something is left after Reset")
	}
}

func TestFailingReturnsTheErrorOfItsHookInsteadOfCalling(t *testing.T) {
	boom := errors.New("boom")
	var asked []string
	c := kvtest.NewCounting(memory.New())
	s := kv.New(&kvtest.Failing{Driver: c, Hook: func(op string, keys []string) error {
		asked = append(append(asked, op), keys...)
		if op == kvtest.OpSet {
			return boom
		}
		return nil
	}}, "p")
	if err := s.SetMany(t.Context(), []kv.Item{{Key: "k"}}, 0); !errors.Is(err, boom) || !errors.Is(err, kv.ErrUnavailable) {
		t.Errorf("SetMany returned %v", err)
	}
	if _, err := s.Get(t.Context(), "k"); !errors.Is(err, kv.ErrNotFound) {
		t.Errorf("Get returned %v", err)
	}
	if want := []string{kvtest.OpSet, "p:k", kvtest.OpGet, "p:k"}; !reflect.DeepEqual(asked, want) {
		t.Errorf("the hook was asked %q, want %q", asked, want)
	}
	if c.Of(kvtest.OpSet).Calls != 0 {
		t.Error("the failed call was made")
	}
}
