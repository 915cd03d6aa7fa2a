package lru_test

import (
	"fmt"
	"sync"
	"testing"

	"edgeframe/internal/lru"
)

func TestTheLeastRecentlyUsedGoesFirst(t *testing.T) {
	c := lru.New[int](100)
	for i := range 4 {
		c.Add(fmt.Sprint(i), i, 25)
	}
	c.Get("0")
	c.Add("4", 4, 20)
	for key, want := range map[string]bool{"0": true, "1": false, "2": true, "3": true, "4": true} {
		if _, ok := c.Get(key); ok != want {
			t.Errorf("%s is there: %v, want %v", key, ok, want)
		}
	}
	if c.Used() != 95 {
		t.Errorf("%d bytes are used, want 95", c.Used())
	}
}

func TestAValueThatWouldDriveOutTheRestIsNotKept(t *testing.T) {
	c := lru.New[int](100)
	c.Add("small", 1, 10)
	c.Add("large", 2, 26)
	if _, ok := c.Get("large"); ok || c.Used() != 10 {
		t.Errorf("%d bytes are used", c.Used())
	}
	if c := lru.New[int](0); true {
		c.Add("k", 1, 1)
		if _, ok := c.Get("k"); ok {
			t.Error("a cache of no bytes keeps something")
		}
	}
}

func TestReplacingAndRemovingGiveTheBytesBack(t *testing.T) {
	c := lru.New[string](100)
	c.Add("k", "one", 20)
	c.Add("k", "two", 5)
	if v, _ := c.Get("k"); v != "two" || c.Used() != 5 {
		t.Errorf("%q in %d bytes", v, c.Used())
	}
	c.Remove("k", "absent")
	if _, ok := c.Get("k"); ok || c.Used() != 0 {
		t.Errorf("%d bytes are left", c.Used())
	}
}

func TestTheBoundHoldsWhileManyUseTheCache(t *testing.T) {
	c := lru.New[int](1000)
	var group sync.WaitGroup
	for w := range 4 {
		group.Go(func() {
			for i := range 500 {
				key := fmt.Sprint((w + i) % 50)
				if v, ok := c.Get(key); ok && fmt.Sprint(v) != key {
					t.Errorf("%s is %d", key, v)
				}
				c.Add(key, (w+i)%50, int64(i%200))
				if used := c.Used(); used < 0 || used > 1000 {
					t.Errorf("%d bytes are used", used)
				}
				c.Remove(fmt.Sprint(i % 50))
			}
		})
	}
	group.Wait()
}

func TestStatsCountHitsAndMisses(t *testing.T) {
	c := lru.New[int](100)
	c.Get("a")
	c.Add("a", 1, 20)
	c.Get("a")
	c.Get("a")
	if got, want := c.Stats(), (lru.Stats{Hits: 2, Misses: 1, Used: 20, Bound: 100}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
