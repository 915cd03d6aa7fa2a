//go:build !js

package disk

import (
	"fmt"
	"testing"
	"time"

	"edgeframe/kv"
)

func TestAClockThatWasAheadKeepsNothingFromExpiring(t *testing.T) {
	now := time.Now()
	d, err := Open(t.TempDir(), Options{now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	set := func(name string, ttl time.Duration) {
		t.Helper()
		for i := range 10 {
			item := kv.Item{Key: fmt.Sprint(name, i), Value: []byte("v"), Counted: true}
			if err := d.Set(t.Context(), []kv.Item{item}, ttl); err != nil {
				t.Fatal(err)
			}
		}
	}
	sweep := func(want int) {
		t.Helper()
		if removed, err := d.Sweep(t.Context(), 100); err != nil || removed != want {
			t.Errorf("%d items were swept, %v, want %d", removed, err, want)
		}
	}
	count := func(want int64) {
		t.Helper()
		if c, err := d.Count(t.Context()); err != nil || c.N != want || !c.Exact {
			t.Errorf("Count = %+v, %v, want %d", c, err, want)
		}
	}
	set("long", 3*time.Hour)
	now = now.Add(time.Hour)
	sweep(0)
	now = now.Add(-time.Hour)
	set("short", 2*time.Second)
	count(20)
	now = now.Add(3 * time.Second)
	count(10)
	sweep(10)
	count(10)
	set("later", 2*time.Second)
	now = now.Add(3 * time.Second)
	sweep(10)
	now = now.Add(3 * time.Hour)
	sweep(10)
	count(0)
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}
