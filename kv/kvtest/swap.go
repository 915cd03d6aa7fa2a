package kvtest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"edgeframe/kv"
)

var swapTests = []test{
	{"a driver without compare-and-swap is never asked for it", func(f *fixture) {
		s := kv.New(f.d, "")
		err := s.CompareAndSwap(f.ctx, kv.Item{Key: "k", Value: revised("one", "v")}, kv.Revision{}, long)
		if f.caps.CompareAndSwap && err != nil {
			f.Errorf("error %v from a driver that declares compare-and-swap", err)
		}
		if !f.caps.CompareAndSwap {
			f.wantError(err, kv.ErrUnsupported)
		}
	}},
	{"a swap from no value creates the key only while it is absent", func(f *fixture) {
		if !f.swaps() {
			return
		}
		f.swap("k", "", "one", long)
		f.wantConflict("k", "", "two")
		f.wantRevision("k", "one")
		f.delete("k")
		f.swap("k", "", "three", long)
	}},
	{"a swap from no value loses to a value that is too short for a revision", func(f *fixture) {
		if !f.swaps() {
			return
		}
		f.set(long, "", "empty")
		f.set(long, "short", "short")
		f.wantConflict("empty", "", "one")
		f.wantConflict("short", "", "one")
		f.wantValue("empty", "")
		f.wantValue("short", "short")
	}},
	{"a swap succeeds from the current revision and from no other", func(f *fixture) {
		if !f.swaps() {
			return
		}
		f.swap("k", "", "one", long)
		f.swap("k", "one", "two", long)
		f.wantConflict("k", "one", "three")
		f.wantConflict("k", "other", "three")
		f.wantRevision("k", "two")
	}},
	{"only the revision is compared, not the rest of the value", func(f *fixture) {
		if !f.swaps() {
			return
		}
		f.set(long, string(revised("one", "set, with some more bytes behind")), "k")
		f.swap("k", "one", "two", long)
	}},
	{"a swap from a revision does not create an absent key", func(f *fixture) {
		if !f.swaps() {
			return
		}
		f.wantConflict("absent", "one", "two")
		f.wantAbsent("absent")
	}},
	{"a swap may keep its revision", func(f *fixture) {
		if !f.swaps() {
			return
		}
		f.swap("k", "", "one", long)
		item := kv.Item{Key: "k", Value: revised("one", "other content")}
		if err := f.d.CompareAndSwap(f.ctx, item, revision("one"), long); err != nil {
			f.Fatal(err)
		}
		f.wantValue("k", string(item.Value))
		f.swap("k", "one", "two", long)
	}},
	{"an expired key counts as absent for a swap", func(f *fixture) {
		if !f.swaps() || !f.shortTTLs() {
			return
		}
		f.soon(func(ttl time.Duration) {
			f.set(ttl, string(revised("one", "")), "from one", "from none")
		})
		f.wantConflict("from one", "one", "two")
		f.swap("from none", "", "two", long)
	}},
	{"of concurrent swaps from one revision exactly one succeeds", func(f *fixture) {
		if !f.swaps() {
			return
		}
		current := ""
		for round := range 20 {
			current = f.race("k", current, round)
		}
		f.wantRevision("k", current)
	}},
	{"concurrent increments by swapping lose none", func(f *fixture) {
		if !f.swaps() {
			return
		}
		const workers, each = 4, 25
		f.swap("k", "", "0", long)
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for range each {
					f.increment("k")
				}
			})
		}
		wg.Wait()
		f.wantRevision("k", fmt.Sprint(workers*each))
	}},
}

// race swaps key from one revision to several concurrently and returns the one that won.
func (f *fixture) race(key, from string, round int) (winner string) {
	f.Helper()
	var (
		wg   sync.WaitGroup
		wins atomic.Int32
		won  [8]bool
	)
	name := func(i int) string { return fmt.Sprintf("%d of %d", i, round) }
	for i := range won {
		wg.Go(func() {
			item := kv.Item{Key: key, Value: revised(name(i), "")}
			err := f.d.CompareAndSwap(f.ctx, item, revision(from), long)
			if err == nil {
				won[i] = true
				wins.Add(1)
			} else if !errors.Is(err, kv.ErrConflict) {
				f.Errorf("a losing swap returned %v, want a conflict", err)
			}
		})
	}
	wg.Wait()
	if wins.Load() != 1 {
		f.Fatalf("%d of %d concurrent swaps succeeded", wins.Load(), len(won))
	}
	for i := range won {
		if won[i] {
			winner = name(i)
		}
	}
	return winner
}

// increment adds one to the number in the revision of key. It may run in any goroutine.
func (f *fixture) increment(key string) {
	for {
		values, err := f.d.Get(f.ctx, []string{key})
		if err != nil {
			f.Errorf("Get: %v", err)
			return
		}
		var n int
		_, _ = fmt.Sscan(string(values[0]), &n)
		item := kv.Item{Key: key, Value: revised(fmt.Sprint(n+1), "")}
		err = f.d.CompareAndSwap(f.ctx, item, kv.RevisionOf(values[0]), long)
		if err == nil {
			return
		}
		if !errors.Is(err, kv.ErrConflict) {
			f.Errorf("CompareAndSwap: %v", err)
			return
		}
	}
}

// swaps reports whether the driver declares compare-and-swap. Another test checks that the store
// rejects swaps if it does not.
func (f *fixture) swaps() bool { return f.caps.CompareAndSwap }

// swap replaces revision from ("" for none) by revision to.
func (f *fixture) swap(key, from, to string, ttl time.Duration) {
	f.Helper()
	f.swapUnread(key, from, to, ttl)
	f.wantRevision(key, to)
}

// swapUnread is swap for a TTL after which the key may be gone before it is read.
func (f *fixture) swapUnread(key, from, to string, ttl time.Duration) {
	f.Helper()
	item := kv.Item{Key: key, Value: revised(to, "")}
	if err := f.d.CompareAndSwap(f.ctx, item, revision(from), ttl); err != nil {
		f.Fatalf("swap of %q from %q to %q: %v", key, from, to, err)
	}
}

func (f *fixture) wantConflict(key, from, to string) {
	f.Helper()
	item := kv.Item{Key: key, Value: revised(to, "")}
	f.wantError(f.d.CompareAndSwap(f.ctx, item, revision(from), long), kv.ErrConflict)
}

func (f *fixture) wantRevision(key, want string) {
	f.Helper()
	f.wantValue(key, string(revised(want, "")))
}

// revision returns the revision for a name; for "" it is the zero revision.
func revision(name string) (r kv.Revision) {
	copy(r[:], name)
	for i := len(name); name != "" && i < len(r); i++ {
		r[i] = ' '
	}
	return r
}

// revised returns a value with the revision of name.
func revised(name, content string) []byte {
	r := revision(name)
	return append(r[:], content...)
}
