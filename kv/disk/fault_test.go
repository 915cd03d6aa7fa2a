//go:build !js

package disk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"edgeframe/kv"
)

// faults is a file system on the real disk. Tests make it fail and set the free space that it reports.
type faults struct {
	vfs.FS
	fail atomic.Pointer[func(errorfs.Op) error]
	free atomic.Uint64
}

func newFaults() *faults {
	f := &faults{}
	f.free.Store(1 << 40)
	f.FS = errorfs.Wrap(vfs.Default, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if fail := f.fail.Load(); fail != nil {
			if err := (*fail)(op); err != nil {
				return &fs.PathError{Op: "injected", Path: op.Path, Err: err}
			}
		}
		return nil
	}))
	return f
}

func (f *faults) GetDiskUsage(string) (vfs.DiskUsage, error) {
	return vfs.DiskUsage{AvailBytes: f.free.Load(), TotalBytes: 1 << 40}, nil
}

// set makes the writing operations fail for which fail returns an error; nil ends the fault.
func (f *faults) set(fail func(errorfs.Op) error) {
	if fail == nil {
		f.fail.Store(nil)
		return
	}
	f.fail.Store(&fail)
}

// on returns a fault of the operations that create or write files whose names match one of patterns.
func on(err error, patterns ...string) func(errorfs.Op) error {
	return func(op errorfs.Op) error {
		switch op.Kind {
		case errorfs.OpCreate, errorfs.OpReuseForWrite, errorfs.OpRename, errorfs.OpFileWrite:
		default:
			return nil
		}
		matches := func(pattern string) bool {
			match, _ := filepath.Match(pattern, filepath.Base(op.Path))
			return match
		}
		if slices.ContainsFunc(patterns, matches) {
			return err
		}
		return nil
	}
}

func isSync(k errorfs.OpKind) bool {
	return k == errorfs.OpFileSync || k == errorfs.OpFileSyncData
}

func openFaulty(t *testing.T, dir string, f *faults, sync Sync) *Driver {
	t.Helper()
	d, err := Open(dir, Options{Sync: sync, fs: f})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestWritesFailWhileTheDiskDoesAndReadsGoOn(t *testing.T) {
	tests := []struct {
		name     string
		sync     Sync
		errno    error
		patterns []string
	}{
		{"a full disk", SyncInterval, syscall.ENOSPC, []string{"*"}},
		{"a full disk that must sync", SyncAlways, syscall.ENOSPC, []string{"*"}},
		{"a read-only disk", SyncInterval, syscall.EROFS, []string{"*"}},
		{"write errors in the log", SyncAlways, syscall.EIO, []string{"*.log"}},
		{"a quota that hits tables", SyncInterval, syscall.EDQUOT, []string{"*.sst", "*.blob"}},
		{"a disk that is full at the manifest", SyncInterval, syscall.ENOSPC, []string{"MANIFEST-*"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			failAndRecover(t, tt.sync, tt.errno, tt.patterns)
		})
	}
}

// failAndRecover writes from several goroutines until the fault stops them, checks that reads succeed
// and writes are rejected, ends the fault, writes again, and checks every acknowledged value after a
// restart.
func failAndRecover(t *testing.T, sync Sync, errno error, patterns []string) {
	dir, disk := t.TempDir(), newFaults()
	d := openFaulty(t, dir, disk, sync)
	acked := &ledger{values: map[string][]byte{}}
	writeUntil(t, d, acked, "before", func(n int, _ error) bool { return n == 5 })

	disk.set(on(errno, patterns...))
	writeUntil(t, d, acked, "during", func(_ int, err error) bool {
		if err != nil && !errors.Is(err, errno) {
			t.Errorf("a write failed with %v, want %v", err, errno)
		}
		return err != nil
	})
	acked.check(t, d)
	if err := put(d, "refused", []byte("v")); !errors.Is(err, errno) {
		t.Errorf("a write while the disk fails returned %v, want %v", err, errno)
	}
	details, err := d.Health(t.Context())
	if message, _ := details["error"].(string); err != nil || !strings.Contains(message, errno.Error()) {
		t.Errorf("health says %v, %v, want the reason %q", details, err, errno)
	}

	disk.set(nil)
	await(t, "writes to resume", func() bool { return put(d, "resumed", []byte("v")) == nil })
	acked.add("resumed", []byte("v"))
	writeUntil(t, d, acked, "after", func(n int, err error) bool {
		if err != nil {
			t.Errorf("a write after the disk was healed: %v", err)
		}
		return n == 8 || err != nil
	})
	if details, err := d.Health(t.Context()); err != nil || details["error"] != nil {
		t.Errorf("health says %v, %v after the disk was healed", details, err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	d = openFaulty(t, dir, disk, sync)
	acked.check(t, d)
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

func TestClosingOnAFullDiskLosesNothing(t *testing.T) {
	dir, disk := t.TempDir(), newFaults()
	d := openFaulty(t, dir, disk, SyncInterval)
	acked := &ledger{values: map[string][]byte{}}
	writeUntil(t, d, acked, "before", func(n int, _ error) bool { return n == 10 })
	disk.set(on(syscall.ENOSPC, "*"))
	writeUntil(t, d, acked, "during", func(_ int, err error) bool { return err != nil })
	if err := d.Close(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Close returned %v, want %v", err, syscall.ENOSPC)
	}
	disk.set(nil)
	d = openFaulty(t, dir, disk, SyncInterval)
	acked.check(t, d)
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

func TestAFailedSyncIsNeverAcknowledged(t *testing.T) {
	dir, disk := t.TempDir(), newFaults()
	d := openFaulty(t, dir, disk, SyncAlways)
	if err := put(d, "k", []byte("v")); err != nil {
		t.Fatal(err)
	}
	disk.set(func(op errorfs.Op) error {
		if isLog(op.Path) && isSync(op.Kind) {
			return syscall.EIO
		}
		return nil
	})
	if err := d.Set(t.Context(), []kv.Item{{Key: "k", Value: []byte("lost")}, {Key: "lost", Value: []byte("v")}}, 0); !errors.Is(err, syscall.EIO) {
		t.Errorf("a write whose sync failed returned %v", err)
	}
	disk.set(nil)
	time.Sleep(2 * retryEvery)
	if err := put(d, "k", []byte("v2")); err == nil || !strings.Contains(err.Error(), "restart") {
		t.Errorf("a write after a failed sync returned %v, want a call to restart", err)
	}
	if got, err := d.Get(t.Context(), []string{"k", "lost"}); err != nil || string(got[0]) != "v" || got[1] != nil {
		t.Errorf("reading after a failed sync: %q, %v", got, err)
	}
	if err := d.Close(); err == nil {
		t.Error("Close hid that the engine could not be closed")
	}
	d = openFaulty(t, dir, disk, SyncAlways)
	if err := put(d, "k", []byte("v3")); err != nil {
		t.Errorf("a write after the restart: %v", err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

func TestAFailedSyncInTheBackgroundIsTold(t *testing.T) {
	dir, disk := t.TempDir(), newFaults()
	d := openFaulty(t, dir, disk, SyncInterval)
	disk.set(func(op errorfs.Op) error {
		if isLog(op.Path) && isSync(op.Kind) {
			return syscall.EIO
		}
		return nil
	})
	if err := put(d, "k", []byte("v")); err != nil {
		t.Fatal(err)
	}
	await(t, "writes to be refused", func() bool { return put(d, "more", []byte("v")) != nil })
	if err := put(d, "more", []byte("v")); !errors.Is(err, syscall.EIO) || !strings.Contains(err.Error(), "restart") {
		t.Errorf("a write after a failed sync returned %v, want a call to restart", err)
	}
	if err := d.Close(); !errors.Is(err, syscall.EIO) {
		t.Errorf("Close returned %v, want %v", err, syscall.EIO)
	}
	disk.set(nil)
	if err := openFaulty(t, dir, disk, SyncInterval).Close(); err != nil {
		t.Error(err)
	}
}

// A write that the disk rejects is shown once it is stored, however the engine shows it before.
func TestAWriteIsShownWhenItIsStored(t *testing.T) {
	// A revision is the beginning of a value.
	before, after := strings.Repeat("before", kv.RevisionSize), strings.Repeat("after", kv.RevisionSize)
	for _, mode := range []Sync{SyncInterval, SyncAlways} {
		t.Run(string(mode), func(t *testing.T) {
			disk := newFaults()
			d := openFaulty(t, t.TempDir(), disk, mode)
			for _, key := range []string{"set", "swapped", "deleted", "touched"} {
				if err := d.Set(t.Context(), []kv.Item{{Key: key, Value: []byte(before)}}, time.Hour); err != nil {
					t.Fatal(err)
				}
			}
			wants := func(when string, want ...string) bool {
				t.Helper()
				got, err := d.Get(t.Context(), []string{"set", "made", "swapped", "deleted", "touched"})
				if err != nil {
					t.Fatalf("%s: %v", when, err)
				}
				return slices.EqualFunc(got, want, func(value []byte, want string) bool { return string(value) == want })
			}
			disk.set(on(syscall.ENOSPC, "*.log"))
			item := func(key string) kv.Item { return kv.Item{Key: key, Value: []byte(after)} }
			// They reach the engine before the first of them finds out that the disk is full, or are refused.
			var group sync.WaitGroup
			for _, write := range []func() error{
				func() error { return d.Set(context.Background(), []kv.Item{item("set"), item("made")}, time.Hour) },
				func() error {
					return d.CompareAndSwap(context.Background(), item("swapped"), kv.RevisionOf([]byte(before)), time.Hour)
				},
				func() error { return d.Delete(context.Background(), []string{"deleted"}) },
				func() error { return d.Touch(context.Background(), []string{"touched"}, 2*time.Hour) },
			} {
				group.Go(func() {
					if err := write(); !errors.Is(err, syscall.ENOSPC) {
						t.Errorf("a write to a full disk returned %v", err)
					}
				})
			}
			group.Wait()
			if !wants("while the disk is full", before, "", before, before, before) {
				t.Error("a write that was not acknowledged is shown")
			}
			disk.set(nil)
			await(t, "writes to resume", func() bool { return put(d, "resumed", []byte("v")) == nil })
			if err := d.Set(t.Context(), []kv.Item{item("set"), item("made"), item("swapped"), item("touched")}, time.Hour); err != nil {
				t.Fatal(err)
			}
			if err := d.Delete(t.Context(), []string{"deleted"}); err != nil {
				t.Fatal(err)
			}
			if !wants("when it is not", after, after, after, "", after) {
				t.Error("an acknowledged write is not shown")
			}
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAWriteOfSeveralBatchesIsShownWhenAllOfItIsStored(t *testing.T) {
	disk := newFaults()
	d := openFaulty(t, t.TempDir(), disk, SyncAlways)
	var items []kv.Item
	var keys []string
	for i := range atOnce + 2 {
		keys = append(keys, fmt.Sprint("value", i))
		items = append(items, kv.Item{Key: keys[i], Value: bytes.Repeat([]byte{byte(i)}, batchBytes/2+1+i)})
	}
	shows := func(want int) {
		t.Helper()
		got, err := d.Get(t.Context(), keys)
		if err != nil {
			t.Fatal(err)
		}
		shown := 0
		for i, value := range got {
			if bytes.Equal(value, items[i].Value) {
				shown++
			}
		}
		if shown != want {
			t.Errorf("%d values of %d are shown, want %d", shown, len(items), want)
		}
	}
	disk.set(on(syscall.ENOSPC, "*.log"))
	if err := d.Set(t.Context(), items, time.Hour); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a write to a full disk returned %v", err)
	}
	shows(0)
	disk.set(nil)
	await(t, "writes to resume", func() bool { return put(d, "resumed", []byte("v")) == nil })
	again := kv.Item{Key: keys[0], Value: []byte("an earlier value of a key that comes twice")}
	if err := d.Set(t.Context(), append([]kv.Item{again}, items...), time.Hour); err != nil {
		t.Fatal(err)
	}
	shows(len(items))
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

func TestTheReserveIsForDeletingOnly(t *testing.T) {
	disk := newFaults()
	d := openFaulty(t, t.TempDir(), disk, SyncInterval)
	if err := put(d, "k", []byte("v")); err != nil {
		t.Fatal(err)
	}
	disk.free.Store(reserveBytes - 1)
	await(t, "the space to be measured", func() bool { return put(d, "k", []byte("v")) != nil })
	if err := put(d, "more", []byte("v")); !errors.Is(err, syscall.ENOSPC) || !errors.Is(err, kv.ErrFull) {
		t.Errorf("a write into the reserve returned %v", err)
	}
	details, err := d.Health(t.Context())
	if want := "no space left on device: 255 MiB free, 256 MiB are kept in reserve"; err != nil || details["error"] != want {
		t.Errorf("health says %v, %v, want the error %q", details, err, want)
	}
	if err := d.Delete(t.Context(), []string{"k"}); err != nil {
		t.Errorf("deleting from a nearly full disk: %v", err)
	}
	disk.free.Store(reserveBytes)
	if err := put(d, "more", []byte("v")); err != nil {
		t.Errorf("a write when there is space again: %v", err)
	}
	if details, err := d.Health(t.Context()); err != nil || details["error"] != nil {
		t.Errorf("health says %v, %v when there is space again", details, err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

func TestAWriteThatTheDiskHoldsUpEndsWithItsContext(t *testing.T) {
	disk := newFaults()
	d := openFaulty(t, t.TempDir(), disk, SyncAlways)
	release := make(chan struct{})
	disk.set(func(op errorfs.Op) error {
		if isLog(op.Path) && op.Kind == errorfs.OpFileWrite {
			<-release
		}
		return nil
	})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := d.Set(ctx, []kv.Item{{Key: "k", Value: []byte("v")}}, 0)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Set returned %v", err)
	}
	value := func() string {
		got, err := d.Get(t.Context(), []string{"k"})
		if err != nil {
			t.Fatal(err)
		}
		return string(got[0])
	}
	if got := value(); got != "" {
		t.Errorf("a write that is not stored yet is shown: %q", got)
	}
	close(release)
	await(t, "the write to be stored", func() bool { return value() == "v" })
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

// ledger has the acknowledged values.
type ledger struct {
	mu     sync.Mutex
	values map[string][]byte
}

func (l *ledger) add(key string, value []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.values[key] = value
}

func (l *ledger) check(t *testing.T, d *Driver) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, want := range l.values {
		got, err := d.Get(context.Background(), []string{key})
		if err != nil || !bytes.Equal(got[0], want) {
			t.Fatalf("acknowledged %q: %d bytes, %v, want %d bytes", key, len(got[0]), err, len(want))
		}
	}
}

// writeUntil makes four goroutines write one MiB at a time until stop returns true for the number of
// writes and the last error.
func writeUntil(t *testing.T, d *Driver, acked *ledger, name string, stop func(n int, err error) bool) {
	t.Helper()
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for n := 0; ; n++ {
				key := fmt.Sprintf("%s:%d:%d", name, w, n)
				value := bytes.Repeat([]byte(key), (1<<20)/len(key))
				err := put(d, key, value)
				if err == nil {
					acked.add(key, value)
				}
				if stop(n+1, err) {
					return
				}
			}
		})
	}
	ended := make(chan struct{})
	go func() { wg.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Fatal("writers hang")
	}
}

func put(d *Driver, key string, value []byte) error {
	return d.Set(context.Background(), []kv.Item{{Key: key, Value: value, Counted: true}}, time.Hour)
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited too long for %s", what)
		}
	}
}
