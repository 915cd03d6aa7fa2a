package memory_test

import (
	"bytes"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"edgeframe/kv"
	"edgeframe/kv/kvtest"
	"edgeframe/kv/memory"
)

func TestMemoryKeepsTheContract(t *testing.T) {
	kvtest.Run(t, func(*testing.T) kv.Driver { return memory.New() })
}

func TestABoundedStoreIsFullAndStaysUsable(t *testing.T) {
	ctx := t.Context()
	d := memory.NewBounded(10_000)
	value := bytes.Repeat([]byte("v"), 3000)
	item := func(key string, value []byte) kv.Item { return kv.Item{Key: key, Value: value} }
	if err := d.Set(ctx, []kv.Item{item("a", value), item("b", value)}, time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := d.Set(ctx, []kv.Item{item("c", value), item("d", value)}, time.Hour); !errors.Is(err, kv.ErrFull) {
		t.Fatalf("got %v, want a full store", err)
	}
	if got, err := d.Get(ctx, []string{"a", "c"}); err != nil || got[0] == nil || got[1] != nil {
		t.Errorf("%v: a write to a full store is not all or nothing", err)
	}
	if err := d.CompareAndSwap(ctx, item("a", value[:10]), kv.RevisionOf(value), time.Hour); err != nil {
		t.Errorf("a smaller value got %v", err)
	}
	if err := d.Delete(ctx, []string{"b"}); err != nil {
		t.Fatal(err)
	}
	if err := d.Set(ctx, []kv.Item{item("c", value), item("d", value)}, time.Hour); err != nil {
		t.Errorf("there is room again, but got %v", err)
	}
}

func TestAFullStoreMakesRoomOfWhatHasExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := memory.NewBounded(10_000)
		items := []kv.Item{{Key: "a", Value: make([]byte, 9000)}}
		if err := d.Set(t.Context(), items, time.Minute); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		items[0].Key = "b"
		if err := d.Set(t.Context(), items, time.Minute); err != nil {
			t.Errorf("got %v although all has expired", err)
		}
	})
}
