//go:build !js

package disk

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"edgeframe/kv"
)

// openCounting returns a driver whose engine has the smallest cache, with an item that is in a file, and how often
// files were read since then.
func openCounting(t *testing.T) (*Driver, *atomic.Int64) {
	f := newFaults()
	d := openFaulty(t, t.TempDir(), f, SyncInterval)
	t.Cleanup(func() { _ = d.Close() })
	item := kv.Item{Key: "k", Value: []byte("v"), Counted: true}
	if err := errors.Join(d.Set(t.Context(), []kv.Item{item}, time.Hour), d.db.Flush()); err != nil {
		t.Fatal(err)
	}
	var reads atomic.Int64
	f.set(func(op errorfs.Op) error {
		if op.Kind == errorfs.OpFileRead || op.Kind == errorfs.OpFileReadAt {
			reads.Add(1)
		}
		return nil
	})
	return d, &reads
}

func readItem(t *testing.T, d *Driver) {
	t.Helper()
	if got, err := d.Get(t.Context(), []string{"k"}); err != nil || string(got[0]) != "v" {
		t.Fatalf("Get = %q, %v", got, err)
	}
}

func TestHealthReadsNoFile(t *testing.T) {
	d, reads := openCounting(t)
	if _, err := d.Health(t.Context()); err != nil || reads.Load() != 0 {
		t.Errorf("Health reads files %d times, error %v", reads.Load(), err)
	}
	if readItem(t, d); reads.Load() == 0 {
		t.Error("the item is in no file")
	}
}

func TestTheCacheHasRoomForWhatIsReadAgain(t *testing.T) {
	d, reads := openCounting(t)
	again := func() bool {
		reads.Store(0)
		readItem(t, d)
		return reads.Load() == 0
	}
	await(t, "a read from the cache of a new engine", again)
	// Its memtables grow to their full size.
	for i := range 80 {
		item := kv.Item{Key: fmt.Sprint("large ", i), Value: make([]byte, 1<<20)}
		if err := d.Set(t.Context(), []kv.Item{item}, time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.db.Flush(); err != nil {
		t.Fatal(err)
	}
	await(t, "a read from the cache beside large memtables", again)
}
