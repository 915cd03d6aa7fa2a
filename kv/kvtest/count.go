package kvtest

import (
	"time"

	"edgeframe/kv"
)

var countTests = []test{
	{"an empty engine counts nothing", func(f *fixture) { f.wantCount(0) }},
	{"only counted items count", func(f *fixture) {
		f.setCounted(long, "v", "a", "b")
		f.setCounted(0, "v", "unlimited")
		f.set(long, "v", "c", "d")
		f.wantCount(3)
	}},
	{"an item counts once however often it is written", func(f *fixture) {
		f.setCounted(long, "v", "k")
		f.setCounted(0, "w", "k")
		f.touch(long, "k")
		f.wantCount(1)
	}},
	{"writing an item again decides anew whether it counts", func(f *fixture) {
		f.setCounted(long, "v", "was")
		f.set(long, "v", "was", "becomes")
		f.wantCount(0)
		f.setCounted(long, "v", "becomes")
		f.wantCount(1)
	}},
	{"deleting uncounts, once", func(f *fixture) {
		f.setCounted(long, "v", "a", "b")
		f.delete("a", "absent")
		f.delete("a")
		f.wantCount(1)
	}},
	{"swaps count what they store", func(f *fixture) {
		if !f.swaps() {
			return
		}
		item := kv.Item{Key: "k", Value: revised("one", ""), Counted: true}
		if err := f.d.CompareAndSwap(f.ctx, item, kv.Revision{}, long); err != nil {
			f.Fatal(err)
		}
		f.wantCount(1)
		f.wantConflict("k", "", "two")
		f.wantCount(1)
		f.swap("k", "one", "uncounted", long)
		f.wantCount(0)
	}},
	{"an expired item does not count, swept or not", func(f *fixture) {
		if !f.shortTTLs() {
			return
		}
		f.soon(func(ttl time.Duration) {
			f.setCounted(ttl, "v", names("gone:", 10)...)
			f.setCounted(long, "v", "kept")
			f.setCounted(ttl, "v", "touched")
			f.touch(long, "touched")
		})
		f.wantCount(2)
		if sweeper, ok := f.d.(kv.Sweeper); ok {
			if _, err := sweeper.Sweep(f.ctx, 4); err != nil {
				f.Fatal(err)
			}
			f.wantCount(2)
			if _, err := sweeper.Sweep(f.ctx, 100); err != nil {
				f.Fatal(err)
			}
			f.wantCount(2)
		}
	}},
	{"an expired item that is deleted, set or touched is not counted off twice", func(f *fixture) {
		if !f.shortTTLs() {
			return
		}
		f.soon(func(ttl time.Duration) {
			f.setCounted(ttl, "v", "deleted", "set", "touched", "uncounted")
			f.setCounted(long, "v", "kept")
		})
		f.delete("deleted")
		f.touch(long, "touched")
		f.set(long, "v", "uncounted")
		f.wantCount(1)
		f.setCounted(long, "v", "set")
		f.wantCount(2)
	}},
}
