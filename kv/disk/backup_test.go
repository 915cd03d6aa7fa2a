//go:build !js

package disk_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"edgeframe/kv"
	"edgeframe/kv/disk"
)

// load stores the values of [written] until it is stopped. written is the number of the last one that is
// acknowledged, -1 before the first.
type load struct {
	acknowledged atomic.Int64
	stop         context.CancelFunc
	end          sync.WaitGroup
}

func startLoad(t *testing.T, d *disk.Driver, writer int) *load {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	l := &load{stop: stop}
	l.acknowledged.Store(-1)
	l.end.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			if err := d.Set(context.Background(), []kv.Item{written(1, writer, n)}, time.Hour); err != nil {
				t.Errorf("write %d: %v", n, err)
				return
			}
			l.acknowledged.Store(int64(n))
		}
	})
	return l
}

// wantWritten checks that the values up to last are there, and no half one.
func wantWritten(t *testing.T, d *disk.Driver, writer int, last, end int64) {
	t.Helper()
	missing := false
	for n := range end + 1 {
		it := written(1, writer, int(n))
		values, err := d.Get(t.Context(), []string{it.Key})
		if err != nil {
			t.Fatalf("%s: %v", it.Key, err)
		}
		switch {
		case values[0] == nil && n > last:
			missing = true
		case !bytes.Equal(values[0], it.Value):
			t.Fatalf("%s has %d bytes, want %d; acknowledged before the backup: %t", it.Key, len(values[0]), len(it.Value), n <= last)
		case missing:
			t.Fatalf("%s is there, but an earlier one is not", it.Key)
		}
	}
}

// backedUp is a backup that was made under load, after a restart so that there are tables and logs.
func backedUp(t *testing.T) (backup []byte, before, end [2]int64) {
	t.Helper()
	dir := t.TempDir()
	d := open(t, dir, disk.SyncInterval)
	loads := [2]*load{startLoad(t, d, 0), startLoad(t, d, 1)}
	for loads[0].acknowledged.Load() < 300 || loads[1].acknowledged.Load() < 300 {
		time.Sleep(time.Millisecond)
	}
	for i, l := range loads {
		before[i] = l.acknowledged.Load()
	}
	var out bytes.Buffer
	if err := d.Backup(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	for i, l := range loads {
		l.stop()
		l.end.Wait()
		end[i] = l.acknowledged.Load()
	}
	if left, err := os.ReadDir(filepath.Join(dir, "temp")); err != nil || len(left) > 0 {
		t.Errorf("the backup left %v, %v", left, err)
	}
	return out.Bytes(), before, end
}

func TestABackupUnderLoadHasWhatWasAcknowledgedBefore(t *testing.T) {
	backup, before, end := backedUp(t)
	dir := filepath.Join(t.TempDir(), "restored")
	read, err := disk.Restore(t.Context(), dir, bytes.NewReader(backup))
	if err != nil || read.Files < 4 || read.Bytes < 1<<20 {
		t.Fatalf("%+v, %v", read, err)
	}
	d := open(t, dir, disk.SyncInterval)
	for writer := range 2 {
		wantWritten(t, d, writer, before[writer], end[writer])
	}
	if health, err := d.Health(t.Context()); err != nil || health["damaged"] != nil {
		t.Errorf("%v, %v", health, err)
	}

	for _, other := range []string{"", "a,b\n1,2\n"} {
		if _, err := disk.CheckBackup(strings.NewReader(other)); err == nil || !strings.Contains(err.Error(), "this is not a backup") {
			t.Errorf("%q: %v", other, err)
		}
	}

	// A backup that is cut, or in which anything is changed, is refused, and no store is there.
	for name, damaged := range map[string][]byte{
		"its end is missing":    backup[:len(backup)-2000],
		"it is cut in a file":   backup[:len(backup)/2],
		"a byte is another one": changed(backup, len(backup)/3),
		"a checksum is another": changed(backup, bytes.LastIndex(backup, []byte("  sessions/"))-3),
		"it is something else":  []byte(strings.Repeat("a,b\n", 1000)),
		"it is empty":           nil,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			_, err := disk.Restore(t.Context(), dir, bytes.NewReader(damaged))
			if err == nil || !strings.Contains(err.Error(), "backup") {
				t.Errorf("restored, %v", err)
			}
			if _, err := os.Stat(filepath.Join(dir, "sessions")); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("there is a store: %v", err)
			}
			if _, err := disk.CheckBackup(bytes.NewReader(damaged)); err == nil {
				t.Error("the check finds nothing")
			}
			// The same command with the whole backup goes on from there.
			if _, err := disk.Restore(t.Context(), dir, bytes.NewReader(backup)); err != nil {
				t.Errorf("after that: %v", err)
			}
			wantWritten(t, open(t, dir, disk.SyncInterval), 0, before[0], end[0])
		})
	}
}

func changed(backup []byte, at int) []byte {
	other := bytes.Clone(backup)
	other[at] ^= 1
	return other
}

func TestARestoreWritesOnlyWhatIsMissing(t *testing.T) {
	backup, _, _ := backedUp(t)
	dir := t.TempDir()
	if _, err := disk.Restore(t.Context(), dir, bytes.NewReader(backup[:len(backup)-2000])); err == nil {
		t.Fatal("a cut backup was restored")
	}
	files, err := filepath.Glob(filepath.Join(dir, "restoring", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	old := time.Unix(1, 0)
	for _, file := range files {
		if err := os.Chtimes(file, old, old); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := disk.Restore(t.Context(), dir, bytes.NewReader(backup)); err != nil {
		t.Fatal(err)
	}
	untouched := 0
	for _, file := range files {
		info, err := os.Stat(filepath.Join(dir, "sessions", filepath.Base(file)))
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > 0 && info.ModTime().Unix() == 1 {
			untouched++
		}
	}
	if untouched == 0 {
		t.Error("every file was written again")
	}
}

func TestARestoreLeavesADirectoryWithFilesAlone(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "mine"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := disk.Restore(t.Context(), dir, strings.NewReader("")); !errors.Is(err, disk.ErrNotEmpty) {
		t.Errorf("%v", err)
	}
}

func TestOneBackupIsMadeAtATime(t *testing.T) {
	d := open(t, t.TempDir(), disk.SyncInterval)
	var second error
	err := d.Backup(t.Context(), writerFunc(func(p []byte) (int, error) {
		if second == nil {
			second = d.Backup(t.Context(), &bytes.Buffer{})
		}
		return len(p), nil
	}))
	if err != nil || !errors.Is(second, disk.ErrBackupRunning) {
		t.Errorf("%v, and the second: %v", err, second)
	}
	failed := fmt.Errorf("the pipe is gone")
	if err := d.Backup(t.Context(), writerFunc(func([]byte) (int, error) { return 0, failed })); !errors.Is(err, failed) {
		t.Errorf("%v", err)
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
