//go:build !js

package disk_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"edgeframe/kv"
	"edgeframe/kv/disk"
	"edgeframe/kv/kvtest"
)

func TestDiskKeepsTheContract(t *testing.T) {
	for _, sync := range []disk.Sync{disk.SyncInterval, disk.SyncAlways} {
		t.Run(string(sync), func(t *testing.T) {
			kvtest.Run(t, func(t *testing.T) kv.Driver { return open(t, t.TempDir(), sync) })
		})
	}
}

// open opens a driver that is closed when the test ends.
func open(t *testing.T, dir string, sync disk.Sync) *disk.Driver {
	t.Helper()
	d, err := disk.Open(dir, disk.Options{Sync: sync, CacheBytes: 32 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return d
}

func TestAValueIsReadIntoTheMemoryOfItsReader(t *testing.T) {
	d := open(t, t.TempDir(), disk.SyncInterval)
	want := strings.Repeat("value", 2000)
	if err := d.Set(t.Context(), []kv.Item{{Key: "k", Value: []byte(want)}}, 0); err != nil {
		t.Fatal(err)
	}
	memory := make([]byte, len(want))
	ctx := kv.Passing(t.Context(), func(size int) []byte { return memory[:size] })
	for range 2 {
		values, err := d.Get(ctx, []string{"k", "absent"})
		if err != nil || string(values[0]) != want || values[1] != nil {
			t.Fatalf("%.20q, %v", values, err)
		}
		if &values[0][0] != &memory[0] {
			t.Error("the value is in other memory")
		}
		clear(memory)
	}
}

func TestOpeningAgainFindsEverything(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	d, err := disk.Open(dir, disk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	set := func(ttl time.Duration, counted bool, keys ...string) {
		for _, key := range keys {
			it := kv.Item{Key: key, Value: []byte("value of " + key), Counted: counted}
			if err := d.Set(ctx, []kv.Item{it}, ttl); err != nil {
				t.Fatal(err)
			}
		}
	}
	set(0, true, "counted", "counted too", "deleted")
	set(time.Hour, false, "plain")
	set(time.Nanosecond, true, "expired")
	if err := d.Delete(ctx, []string{"deleted"}); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}

	again := open(t, dir, disk.SyncAlways)
	got, err := again.Get(ctx, []string{"counted", "counted too", "deleted", "plain", "expired"})
	want := [][]byte{[]byte("value of counted"), []byte("value of counted too"), nil, []byte("value of plain"), nil}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("Get = %q, %v, want %q", got, err, want)
	}
	if count, err := again.Count(ctx); err != nil || count != (kv.Count{N: 2, Exact: true}) {
		t.Errorf("Count = %+v, %v, want exactly 2", count, err)
	}
	if n, err := again.Sweep(ctx, 10); err != nil || n != 1 {
		t.Errorf("Sweep = %d, %v, want 1", n, err)
	}
}

func TestTheLastOfTwoItemsWithOneKeyWinsAndCountsOnce(t *testing.T) {
	d := open(t, t.TempDir(), disk.SyncInterval)
	items := []kv.Item{
		{Key: "k", Value: []byte("first"), Counted: true},
		{Key: "k", Value: []byte("last"), Counted: true},
	}
	if err := d.Set(t.Context(), items, 0); err != nil {
		t.Fatal(err)
	}
	got, err := d.Get(t.Context(), []string{"k"})
	if err != nil || string(got[0]) != "last" {
		t.Errorf("Get = %q, %v", got, err)
	}
	if err := d.Delete(t.Context(), []string{"k", "k"}); err != nil {
		t.Fatal(err)
	}
	if count, err := d.Count(t.Context()); err != nil || count.N != 0 {
		t.Errorf("Count = %+v, %v, want 0", count, err)
	}
}

func TestManyItemsThatBeginAlikeReplaceTheOneThatExists(t *testing.T) {
	ctx := context.Background()
	head := kv.Item{Key: "head", Value: make([]byte, kv.RevisionSize)}
	for _, prefix := range []string{"s:", "s\xff", "s\xff\xff"} {
		for name, store := range map[string]func(d *disk.Driver, items []kv.Item) error{
			"set": func(d *disk.Driver, items []kv.Item) error { return d.Set(ctx, items, time.Hour) },
			"commit": func(d *disk.Driver, items []kv.Item) error {
				_, err := d.Commit(ctx, kv.Commit{Swap: head, Put: items, TTL: time.Hour})
				return err
			},
		} {
			t.Run(fmt.Sprintf("%s %q", name, prefix), func(t *testing.T) {
				d := open(t, t.TempDir(), disk.SyncInterval)
				var items []kv.Item
				var keys []string
				for i := range 10 {
					keys = append(keys, fmt.Sprint(prefix, i))
					items = append(items, kv.Item{Key: keys[i], Value: []byte("new"), Counted: true})
				}
				before := []kv.Item{{Key: keys[7], Value: []byte("old"), Counted: true}, {Key: "t", Value: []byte("other"), Counted: true}}
				if err := errors.Join(d.Set(ctx, before, 0), store(d, items)); err != nil {
					t.Fatal(err)
				}
				if count, err := d.Count(ctx); err != nil || count.N != 11 {
					t.Errorf("Count = %+v, %v, want 11", count, err)
				}
				if got, err := d.Get(ctx, keys[7:8]); err != nil || string(got[0]) != "new" {
					t.Errorf("Get = %q, %v", got, err)
				}
				if err := d.Delete(ctx, keys); err != nil {
					t.Fatal(err)
				}
				if count, err := d.Count(ctx); err != nil || count.N != 1 {
					t.Errorf("Count after all were deleted = %+v, %v, want 1", count, err)
				}
			})
		}
	}
}

// A commit that is one batch stores nothing if it loses. Larger ones, and those that name a key twice, are made step by
// step.
func TestACommitIsOneBatchIfItCanBe(t *testing.T) {
	ctx := context.Background()
	d := open(t, t.TempDir(), disk.SyncInterval)
	revised := func(name string) []byte { return append([]byte(name), make([]byte, kv.RevisionSize-len(name))...) }
	put := func(key string, size int) kv.Item { return kv.Item{Key: key, Value: make([]byte, size)} }
	many := make([]kv.Item, 1000)
	for i := range many {
		many[i] = put(fmt.Sprint("many ", i), 1)
	}
	for name, tt := range map[string]struct {
		c        kv.Commit
		together bool
	}{
		"small":      {kv.Commit{Put: []kv.Item{put("a", 10), put("b", 10)}, Touch: []string{"old"}, Drop: []string{"other"}}, true},
		"long":       {kv.Commit{Put: []kv.Item{put("a", 5<<20)}}, false},
		"many":       {kv.Commit{Put: append([]kv.Item{put("a", 1)}, many...)}, false},
		"a key more": {kv.Commit{Put: []kv.Item{put("a", 1)}, Drop: []string{"a"}}, false},
	} {
		c := tt.c
		c.Swap, c.Old, c.TTL = kv.Item{Key: "head", Value: revised(name)}, kv.RevisionOf(revised("none")), time.Hour
		if _, err := d.Commit(ctx, c); !errors.Is(err, kv.ErrConflict) {
			t.Fatalf("%s: %v", name, err)
		}
		if got, err := d.Get(ctx, []string{"a"}); err != nil || (got[0] == nil) != tt.together {
			t.Errorf("%s: what a lost commit stores is there: %v, %v", name, got[0] != nil, err)
		}
		c.Old = kv.Revision{}
		if _, err := d.Commit(ctx, c); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, err := d.Get(ctx, []string{"a", "head"}); err != nil || got[1] == nil || (got[0] == nil) != (len(c.Drop) > 0 && c.Drop[0] == "a") {
			t.Errorf("%s: the commit has stored %v and %v, %v", name, got[0] != nil, got[1] != nil, err)
		}
		if err := d.Delete(ctx, []string{"a", "head"}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestHealthReportsTheDirectories(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir, disk.SyncInterval)
	want := map[string]any{
		"sessions": filepath.Join(dir, "sessions"), "temp": filepath.Join(dir, "temp"),
		"sessions_exists": true, "temp_exists": true,
	}
	details, err := d.Health(t.Context())
	if err != nil || !reflect.DeepEqual(details, map[string]any{"storage_dirs": want}) {
		t.Errorf("Health = %v, %v", details, err)
	}
	if err := os.Remove(filepath.Join(dir, "temp")); err != nil {
		t.Fatal(err)
	}
	want["temp_exists"] = false
	if details, err = d.Health(t.Context()); err != nil || !reflect.DeepEqual(details["storage_dirs"], want) {
		t.Errorf("Health after a directory was removed = %v, %v", details, err)
	}
}

func TestOpenRefusesWhatCannotWork(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, dir string
		sync      disk.Sync
		want      string
	}{
		{"a directory below a file", filepath.Join(file, "storage"), "", "not a directory"},
		{"a directory on a read-only file system", "/proc/edgeframe", "", "/proc/edgeframe"},
		{"an unknown way to sync", t.TempDir(), "sometimes", `"interval" and "always"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := disk.Open(tt.dir, disk.Options{Sync: tt.sync})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Open returned %v, want an error with %q", err, tt.want)
			}
		})
	}
}
