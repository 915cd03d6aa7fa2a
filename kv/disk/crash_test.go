//go:build !js

package disk_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"edgeframe/kv"
	"edgeframe/kv/disk"
)

// The tests run their own binary again as another process, whose role and directory are in the
// environment.
const (
	roleVar = "EDGEFRAME_DISK_TEST_ROLE"
	dirVar  = "EDGEFRAME_DISK_TEST_DIR"
	syncVar = "EDGEFRAME_DISK_TEST_SYNC"
)

func TestMain(m *testing.M) {
	roles := map[string]func(d *disk.Driver) error{"write": writeForever, "fill": fillUpToTheLimit}
	role, ok := roles[os.Getenv(roleVar)]
	if !ok {
		os.Exit(m.Run())
	}
	d, err := disk.Open(os.Getenv(dirVar), disk.Options{Sync: disk.Sync(os.Getenv(syncVar))})
	if err == nil {
		err = role(d)
	}
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

func child(t *testing.T, role, dir string, sync disk.Sync) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), roleVar+"="+role, dirVar+"="+dir, syncVar+"="+string(sync))
	cmd.Stderr = os.Stderr
	return cmd
}

// written returns the n-th value of the writer with number w.
func written(run, w, n int) kv.Item {
	key := fmt.Sprintf("run%d:w%d:%d", run, w, n)
	size := []int{100, 4 << 10, 256 << 10}[n%3]
	return kv.Item{Key: key, Value: bytes.Repeat([]byte(key+"|"), size/len(key)), Counted: true}
}

// writeForever stores values and acknowledges them on standard output, until it is killed.
func writeForever(d *disk.Driver) error {
	var (
		mu   sync.Mutex
		errs = make(chan error)
		run  = os.Getpid()
	)
	for w := range 4 {
		go func() {
			for n := 0; ; n++ {
				it := written(run, w, n)
				if err := d.Set(context.Background(), []kv.Item{it}, time.Hour); err != nil {
					errs <- err
					return
				}
				mu.Lock()
				fmt.Println(run, w, n)
				mu.Unlock()
			}
		}()
	}
	return <-errs
}

func TestEveryAcknowledgedWriteSurvivesKill(t *testing.T) {
	for _, sync := range []disk.Sync{disk.SyncInterval, disk.SyncAlways} {
		t.Run(string(sync), func(t *testing.T) {
			dir := t.TempDir()
			var acked []kv.Item
			for range 3 {
				acked = append(acked, killWriter(t, dir, sync, 150)...)
			}
			d := open(t, dir, sync)
			for _, it := range acked {
				got, err := d.Get(t.Context(), []string{it.Key})
				if err != nil || !bytes.Equal(got[0], it.Value) {
					t.Fatalf("acknowledged %q: %d bytes, %v, want %d bytes", it.Key, len(got[0]), err, len(it.Value))
				}
			}
			wantCountOfAllKeys(t, d)
			if details, err := d.Health(t.Context()); err != nil || details["damaged"] != nil {
				t.Errorf("after kills the files are called damaged: %v, %v", details, err)
			}
		})
	}
}

// killWriter kills a writer after at least n acknowledgements and returns what it
// acknowledged until then.
func killWriter(t *testing.T, dir string, sync disk.Sync, n int) (acked []kv.Item) {
	t.Helper()
	cmd := child(t, "write", dir, sync)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var run, w, i int
		if _, err := fmt.Sscan(lines.Text(), &run, &w, &i); err != nil {
			t.Fatalf("the writer says %q", lines.Text())
		}
		acked = append(acked, written(run, w, i))
		if len(acked) == n {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || len(acked) < n {
		t.Fatalf("the writer ended with %v after %d writes", err, len(acked))
	}
	return acked
}

// wantCountOfAllKeys checks the number of counted items against a listing.
func wantCountOfAllKeys(t *testing.T, d *disk.Driver) {
	t.Helper()
	listed := 0
	for cursor := ""; ; {
		page, err := d.List(t.Context(), "", cursor, 1000)
		if err != nil {
			t.Fatal(err)
		}
		listed += len(page.Keys)
		if cursor = page.Cursor; cursor == "" {
			break
		}
	}
	if count, err := d.Count(t.Context()); err != nil || count.N != int64(listed) || !count.Exact {
		t.Errorf("Count = %+v, %v, but %d keys are listed", count, err, listed)
	}
}

func TestASecondProcessIsRefused(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, disk.SyncInterval)
	out, err := child(t, "write", dir, disk.SyncInterval).Output()
	want := "storage directory " + dir + " is in use by another edgeframe process"
	if err == nil || !strings.Contains(string(out), want) {
		t.Errorf("the second process ended with %v and said %q, want %q", err, out, want)
	}
	if _, err := disk.Open(dir, disk.Options{}); !errors.Is(err, disk.ErrLocked) {
		t.Errorf("opening twice in one process returned %v, want ErrLocked", err)
	}
}

// fileLimit is above what the engine needs to open and below the size of a log.
const fileLimit = 3 << 20

// fillUpToTheLimit makes the operating system reject writes of the engine with a limit on the size of
// files, reads, removes the limit and writes again.
func fillUpToTheLimit(d *disk.Driver) error {
	signal.Ignore(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	soft := limit.Cur
	limit.Cur = fileLimit
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	n, err := 0, error(nil)
	for ; err == nil; n++ {
		it := written(0, 0, 3*n+2)
		err = d.Set(context.Background(), []kv.Item{it}, time.Hour)
	}
	if !errors.Is(err, syscall.EFBIG) || n > 1000 {
		return fmt.Errorf("write %d ended with %w", n, err)
	}
	for i := range n - 1 {
		it := written(0, 0, 3*i+2)
		got, err := d.Get(context.Background(), []string{it.Key})
		if err != nil || !bytes.Equal(got[0], it.Value) {
			return fmt.Errorf("reading %s while writes fail: %w", it.Key, err)
		}
	}
	limit.Cur = soft
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	for start := time.Now(); time.Since(start) < 20*time.Second; time.Sleep(20 * time.Millisecond) {
		if err = d.Set(context.Background(), []kv.Item{{Key: "end", Value: []byte("v")}}, 0); err == nil {
			fmt.Println(n - 1)
			return d.Close()
		}
	}
	return fmt.Errorf("writes do not resume: %w", err)
}

func TestAWriteThatTheSystemCutsShortIsCompletedLater(t *testing.T) {
	dir := t.TempDir()
	out, err := child(t, "fill", dir, disk.SyncInterval).Output()
	var n int
	if _, scanErr := fmt.Sscan(string(out), &n); err != nil || scanErr != nil || n < 5 {
		t.Fatalf("the process ended with %v and said %q", err, out)
	}
	d := open(t, dir, disk.SyncInterval)
	for i := range n {
		it := written(0, 0, 3*i+2)
		got, err := d.Get(t.Context(), []string{it.Key})
		if err != nil || !bytes.Equal(got[0], it.Value) {
			t.Fatalf("acknowledged %q: %d bytes, %v", it.Key, len(got[0]), err)
		}
	}
}

func TestAPowerCutInIntervalModeCostsTheEndOnly(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir, disk.SyncInterval)
	const n = 2000
	for i := range n {
		if err := d.Set(t.Context(), []kv.Item{written(0, 0, 3*i)}, time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	image := t.TempDir()
	if err := os.CopyFS(image, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	zeroMiddle(t, image)

	cut := open(t, image, disk.SyncInterval)
	kept := 0
	for i := range n {
		it := written(0, 0, 3*i)
		got, err := cut.Get(t.Context(), []string{it.Key})
		switch {
		case err != nil:
			t.Fatal(err)
		case bytes.Equal(got[0], it.Value) && kept == i:
			kept++
		case got[0] != nil:
			t.Errorf("%q is there though writes before it are lost", it.Key)
		}
	}
	if kept < n/4 || kept > 3*n/4 {
		t.Errorf("%d of %d writes are there, want about half", kept, n)
	}
	if err := cut.Set(t.Context(), []kv.Item{written(1, 0, 0)}, 0); err != nil {
		t.Error(err)
	}
}

// zeroMiddle overwrites a page in the middle of the newest log's data.
func zeroMiddle(t *testing.T, dir string) {
	t.Helper()
	logs, err := filepath.Glob(filepath.Join(dir, "sessions", "*.log"))
	if err != nil || len(logs) == 0 {
		t.Fatalf("no log: %v", err)
	}
	f, err := os.OpenFile(logs[len(logs)-1], os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	used := len(bytes.TrimRight(data, "\x00"))
	// Disks lose whole pages.
	if _, err := f.WriteAt(make([]byte, 4096), int64(used/2/4096*4096)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
