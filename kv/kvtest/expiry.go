package kvtest

import (
	"time"

	"edgeframe/kv"
)

var expiryTests = []test{
	{"a value is absent once its TTL has passed", func(f *fixture) {
		if !f.shortTTLs() {
			return
		}
		var before []byte
		f.soon(func(ttl time.Duration) {
			f.set(ttl, "v", "gone")
			f.set(long, "v", "kept")
			before = f.get("gone")[0]
		})
		if string(before) != "v" {
			f.Errorf("before its TTL had passed the value was %q", before)
		}
		f.wantAbsent("gone")
		f.wantValue("kept", "v")
	}},
	{"setting again replaces the TTL", func(f *fixture) {
		if !f.shortTTLs() {
			return
		}
		f.soon(func(ttl time.Duration) {
			f.set(ttl, "v", "longer", "unlimited")
			f.set(long, "v", "longer", "shorter")
			f.set(0, "v", "unlimited")
			f.set(ttl, "v", "shorter")
		})
		f.wantValue("longer", "v")
		f.wantValue("unlimited", "v")
		f.wantAbsent("shorter")
	}},
	{"touching extends the TTL and keeps the value", func(f *fixture) {
		if !f.shortTTLs() {
			return
		}
		f.soon(func(ttl time.Duration) {
			f.set(ttl, "v", "longer", "unlimited")
			f.touch(long, "longer")
			f.touch(0, "unlimited")
		})
		f.wantValue("longer", "v")
		f.wantValue("unlimited", "v")
	}},
	{"touching never shortens the TTL", func(f *fixture) {
		if !f.shortTTLs() {
			return
		}
		f.soon(func(ttl time.Duration) {
			f.set(long, "v", "shorter")
			f.setCounted(long, "v", "counted")
			f.set(0, "v", "unlimited")
			f.touch(ttl, "shorter", "counted", "unlimited")
		})
		f.wantValue("shorter", "v")
		f.wantValue("unlimited", "v")
		f.wantValue("counted", "v")
		f.wantCount(1)
	}},
	{"touching many keys renews all of them", func(f *fixture) {
		if !f.shortTTLs() {
			return
		}
		keys := names("many:", 100)
		f.soon(func(ttl time.Duration) {
			f.set(ttl, "v", keys...)
			f.touch(long, keys...)
		})
		for _, k := range keys {
			f.wantValue(k, "v")
		}
	}},
	{"touching an absent key is no error and creates nothing", func(f *fixture) {
		f.set(long, "v", "deleted", "present")
		f.delete("deleted")
		f.touch(long, "deleted", "present", "never")
		f.wantAbsent("deleted", "never")
		f.wantValue("present", "v")
		f.wantList("", "present")
	}},
	{"touching an expired key does not bring it back", func(f *fixture) {
		if !f.shortTTLs() {
			return
		}
		f.soon(func(ttl time.Duration) { f.setCounted(ttl, "v", "k") })
		f.touch(long, "k")
		f.wantAbsent("k")
		f.wantList("")
		f.wantCount(0)
	}},
	{"a swap sets the TTL", func(f *fixture) {
		if !f.shortTTLs() || !f.swaps() {
			return
		}
		f.soon(func(ttl time.Duration) {
			f.delete("k")
			f.swapUnread("k", "", "one", ttl)
		})
		f.wantAbsent("k")
	}},
	{"an expired key is not listed", func(f *fixture) {
		if !f.shortTTLs() {
			return
		}
		f.soon(func(ttl time.Duration) {
			f.set(ttl, "v", "a", "c")
			f.set(long, "v", "b")
		})
		f.wantList("", "b")
	}},
	{"an expired key can be deleted and set again", func(f *fixture) {
		if !f.shortTTLs() {
			return
		}
		f.soon(func(ttl time.Duration) { f.set(ttl, "v", "deleted", "set") })
		f.delete("deleted")
		f.set(long, "again", "set")
		f.wantAbsent("deleted")
		f.wantValue("set", "again")
	}},
	{"an engine without native expiry sweeps, one with it needs no sweeping", func(f *fixture) {
		if _, sweeps := f.d.(kv.Sweeper); sweeps == f.caps.NativeExpiry {
			f.Errorf("implements Sweeper: %v, declares native expiry: %v", sweeps, f.caps.NativeExpiry)
		}
	}},
	{"sweeping removes what has expired, at most as much as asked, and nothing else", func(f *fixture) {
		sweeper, sweeps := f.d.(kv.Sweeper)
		if !sweeps || !f.shortTTLs() {
			return
		}
		f.soon(func(ttl time.Duration) {
			f.set(ttl, "v", names("gone:", 7)...)
			f.set(long, "v", "kept")
			f.set(0, "v", "unlimited")
			f.set(ttl, "v", "touched", "replaced", "deleted")
			f.touch(long, "touched")
			f.set(long, "new", "replaced")
			f.delete("deleted")
		})
		for _, want := range []int{3, 3, 1, 0} {
			if n, err := sweeper.Sweep(f.ctx, 3); n != want || err != nil {
				f.Errorf("Sweep(3) = %d, %v, want %d", n, err, want)
			}
		}
		f.wantList("", "kept", "replaced", "touched", "unlimited")
		f.wantValue("replaced", "new")
	}},
}
