//go:build !js

package disk

import (
	"log/slog"
	"path/filepath"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// A sync of a closed file fails, or is one of another file, and after a failed sync nothing is written until a restart.
func TestALogIsNotClosedWhileItIsSynced(t *testing.T) {
	dir, disk := t.TempDir(), newFaults()
	logger := slog.New(slog.DiscardHandler)
	g := newGate(disk, dir, logger)
	g.guard()
	guarded := newGuardFS(disk, g, &damages{logger: logger, dir: dir, before: map[string]string{}}, true)
	log, err := guarded.Create(filepath.Join(dir, "000001.log"), vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := log.Write([]byte("acknowledged")); err != nil {
		t.Fatal(err)
	}
	syncing, release := make(chan struct{}), make(chan struct{})
	disk.set(func(op errorfs.Op) error {
		if isSync(op.Kind) {
			close(syncing)
			<-release
		}
		return nil
	})
	var both sync.WaitGroup
	both.Go(guarded.syncLogs)
	<-syncing
	both.Go(func() {
		if err := log.Close(); err != nil {
			t.Errorf("closing the log: %v", err)
		}
	})
	await(t, "the log to be closed", func() bool {
		guarded.mu.Lock()
		defer guarded.mu.Unlock()
		return len(guarded.logs) == 0
	})
	close(release)
	both.Wait()
	if err := g.failure(); err != nil {
		t.Errorf("writes are refused: %v", err)
	}
}
