package kvtest

import (
	"math/rand/v2"
	"slices"
	"strings"

	"edgeframe/kv"
)

var valueTests = []test{
	{"a key that was never set is absent and no error", func(f *fixture) {
		f.wantAbsent("never", "set")
	}},
	{"a value comes back as it was set", func(f *fixture) {
		f.set(0, "value", "k")
		f.wantValue("k", "value")
	}},
	{"an empty value is present", func(f *fixture) {
		f.set(long, "", "empty")
		if got := f.get("empty", "absent"); got[0] == nil || len(got[0]) != 0 || got[1] != nil {
			f.Errorf("empty and absent are %#v, want []byte{} and nil", got)
		}
	}},
	{"a value may hold every byte", func(f *fixture) {
		var all strings.Builder
		for i := range 256 {
			all.WriteByte(byte(i))
		}
		f.set(long, all.String(), "binary")
		f.wantValue("binary", all.String())
	}},
	{"a value of 25 MiB comes back whole", func(f *fixture) {
		const size = 25 << 20
		if most := f.caps.MaxValueBytes; most != 0 && most < size {
			f.wantError(kv.New(f.d, "").SetMany(f.ctx, []kv.Item{{Key: "k", Value: make([]byte, size)}}, 0), kv.ErrTooLarge)
			return
		}
		value := make([]byte, size)
		source := rand.NewChaCha8([32]byte{1})
		_, _ = source.Read(value)
		f.set(long, string(value), "large")
		f.wantValue("large", string(value))
	}},
	{"setting replaces the value", func(f *fixture) {
		f.set(long, "a long first value", "k")
		f.set(0, "second", "k")
		f.wantValue("k", "second")
	}},
	{"values come in the order of the keys, absent and repeated ones too", func(f *fixture) {
		f.set(long, "one", "k1")
		f.set(long, "two", "k2")
		got := f.get("k2", "none", "k1", "k2")
		want := [][]byte{[]byte("two"), nil, []byte("one"), []byte("two")}
		if !slices.EqualFunc(got, want, slices.Equal) || got[1] != nil {
			f.Errorf("got %q, want %q", got, want)
		}
	}},
	{"a batch of 1000 keys is stored, read and deleted", func(f *fixture) {
		keys := names("batch:", 1000)
		items := make([]kv.Item, len(keys))
		for i, k := range keys {
			items[i] = kv.Item{Key: k, Value: []byte("value of " + k)}
		}
		if err := f.d.Set(f.ctx, items, long); err != nil {
			f.Fatal(err)
		}
		for i, v := range f.get(keys...) {
			if want := "value of " + keys[i]; string(v) != want {
				f.Fatalf("%q is %q, want %q", keys[i], v, want)
			}
		}
		f.delete(keys...)
		f.wantAbsent(keys...)
	}},
	{"a deleted key is absent and can be set again", func(f *fixture) {
		f.set(long, "v", "k", "kept")
		f.delete("k")
		f.wantAbsent("k")
		f.wantValue("kept", "v")
		f.set(long, "again", "k")
		f.wantValue("k", "again")
	}},
	{"deleting absent keys beside present ones is no error", func(f *fixture) {
		f.set(long, "v", "present")
		f.delete("absent", "present", "absent")
		f.wantAbsent("present")
	}},
	{"keys differ by every byte and by case", func(f *fixture) {
		keys := []string{"k", "K", "k ", " k", "k:", "k/", "k*", "k?", "k[k]", "{k}", "k\\", "ключ", "k\n", "k\x00", "k\x00k"}
		for _, k := range keys {
			f.set(long, "value of "+k, k)
		}
		for _, k := range keys {
			f.wantValue(k, "value of "+k)
		}
	}},
}
