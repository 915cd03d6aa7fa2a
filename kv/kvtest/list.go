package kvtest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

var listTests = []test{
	{"an empty engine lists nothing", func(f *fixture) {
		f.wantList("")
		f.wantList("prefix")
	}},
	{"a listing over many pages is complete and names every key once", func(f *fixture) {
		keys := names("many:", 1050)
		f.set(long, "v", keys...)
		f.set(long, "v", "man", "many", "many;", "manz")
		for _, limit := range []int{1000, 250, 333} {
			if got := f.list("many:", limit); !slices.Equal(f.once(got), keys) {
				f.Errorf("with limit %d: %d keys, want %d in order and once each", limit, len(got), len(keys))
			}
		}
	}},
	{"a page of one key works", func(f *fixture) {
		keys := names("one:", 5)
		f.set(long, "v", keys...)
		if got := f.once(f.list("one:", 1)); !slices.Equal(got, keys) {
			f.Errorf("got %q, want %q", got, keys)
		}
	}},
	{"prefixes do not leak into one another", func(f *fixture) {
		keys := []string{"a", "ab", "abc", "a:", "a:1", "a:12", "a*", "a*b", "a?", "a[b]", "a\\", "b", "A", "{a}", "{a}:1", "^a"}
		f.set(long, "v", keys...)
		for _, prefix := range append(keys, "", "a:123", "c", "a[", "*", "?", "[a]", "{") {
			var want []string
			for _, k := range keys {
				if strings.HasPrefix(k, prefix) {
					want = append(want, k)
				}
			}
			f.wantList(prefix, want...)
		}
	}},
	{"a deleted key is not listed", func(f *fixture) {
		f.set(long, "v", "a", "b", "c")
		f.delete("b")
		f.wantList("", "a", "c")
	}},
	{"replacing and touching do not list a key twice", func(f *fixture) {
		f.set(long, "v", "a", "b")
		f.set(0, "w", "a")
		f.touch(long/2, "a", "b")
		f.wantList("", "a", "b")
	}},
	{"keys that stay are listed once while others come and go", func(f *fixture) {
		stay := names("k:stay:", 200)
		f.set(long, "v", stay...)
		done := make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				key := fmt.Sprintf("k:%c:%d", 'a'+i%26, i)
				f.set(long, "v", key)
				f.delete(key)
			}
		})
		for range 5 {
			got := slices.DeleteFunc(f.once(f.list("k:", 30)), func(k string) bool {
				return !strings.HasPrefix(k, "k:stay:")
			})
			if !slices.Equal(got, stay) {
				f.Errorf("%d of %d keys that were there all the time", len(got), len(stay))
			}
		}
		close(done)
		wg.Wait()
	}},
}

// list returns all keys with prefix, sorted, by pages of at most limit keys.
func (f *fixture) list(prefix string, limit int) []string {
	f.Helper()
	var all []string
	for cursor, pages := "", 0; ; pages++ {
		page, err := f.d.List(f.ctx, prefix, cursor, limit)
		if err != nil {
			f.Fatalf("List(%q, %q, %d): %v", prefix, cursor, limit, err)
		}
		if len(page.Keys) > limit {
			f.Errorf("a page of %d keys, the limit is %d", len(page.Keys), limit)
		}
		all = append(all, page.Keys...)
		if page.Cursor == "" {
			break
		}
		if cursor = page.Cursor; pages > 100_000 {
			f.Fatal("the listing does not end")
		}
	}
	slices.Sort(all)
	return all
}

// once removes repeated keys if the engine declares that it may repeat keys.
func (f *fixture) once(sorted []string) []string {
	if f.caps.RepeatsKeys {
		return slices.Compact(sorted)
	}
	return sorted
}

func (f *fixture) wantList(prefix string, want ...string) {
	f.Helper()
	slices.Sort(want)
	if got := f.once(f.list(prefix, 100)); !slices.Equal(got, want) {
		f.Errorf("keys with prefix %q are %q, want %q", prefix, got, want)
	}
}
