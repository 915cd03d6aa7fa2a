//go:build !js

package disk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

const (
	// retryEvery is the pause between attempts at an operation that the disk rejects.
	retryEvery = 250 * time.Millisecond
	// reserveBytes of the disk stay free for deletions and for the engine's own work, so that the
	// space of expired sessions can be freed on a full disk. On a small disk the reserve is a
	// fifth of it.
	reserveBytes = 256 << 20
	probeBytes   = 64 << 10
	// spaciousFor is for how long more space than twice the reserve is enough for all writes.
	spaciousFor = 10 * time.Millisecond
)

// gate protects the driver from failing disks. The engine ends the process if a write to its log or
// manifest fails, and may do so if a write to its tables fails. So no write of the engine fails:
// [guardFS] reports the failure to the gate and repeats the write until it succeeds. Meanwhile the
// gate is shut: the driver rejects new writes, and those that are in the engine return to their
// callers. Reads do not pass through the gate.
//
// The gate opens again when no operation of the engine is being repeated and a probe can write. A
// failed fsync is final, because the kernel may have dropped the data: the gate stays shut until
// the directory is opened again.
type gate struct {
	fs     vfs.FS
	dir    string
	logger *slog.Logger

	mu       sync.Mutex
	guarding bool            // the engine is open: the gate handles errors
	healthy  context.Context // done while the gate is shut; its cause says why
	shut     context.CancelCauseFunc
	final    bool
	waiting  int // operations of the engine that are being repeated
	probed   time.Time

	// spacious is when there was much space last, in nanoseconds after made; 0 if that is not so any more.
	spacious atomic.Int64
	made     time.Time

	abandoned chan struct{}
}

func newGate(fs vfs.FS, dir string, logger *slog.Logger) *gate {
	g := &gate{fs: fs, dir: dir, logger: logger, made: time.Now(), abandoned: make(chan struct{})}
	g.healthy, g.shut = context.WithCancelCause(context.Background())
	return g
}

// guard makes the gate repeat failed operations. Before, while the engine opens, they return their
// errors.
func (g *gate) guard() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.guarding = true
}

// abandon stops the engine permanently: all its writes block forever.
func (g *gate) abandon() { close(g.abandoned) }

// context returns a context that is done when the gate shuts.
func (g *gate) context() context.Context {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.healthy
}

// failure returns why the gate is shut, nil if it is open.
func (g *gate) failure() error { return context.Cause(g.context()) }

// enter admits a write. The context that it returns is done when ctx is done or the gate shuts; its
// cause says which. Writes that grow the data are rejected while the disk is nearly full.
func (g *gate) enter(ctx context.Context, grows bool) (context.Context, context.CancelFunc, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	healthy := g.context()
	if healthy.Err() != nil {
		var err error
		if healthy, err = g.reopen(); err != nil {
			return nil, nil, err
		}
	}
	if grows {
		if err := g.haveSpace(); err != nil {
			return nil, nil, err
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(healthy, func() { cancel(context.Cause(healthy)) })
	return ctx, func() { stop(); cancel(nil) }, nil
}

// haveSpace is checkSpace that does not measure if there was much space a moment ago.
func (g *gate) haveSpace() error {
	if measured := g.spacious.Load(); measured > 0 && time.Since(g.made)-time.Duration(measured) < spaciousFor {
		return nil
	}
	return g.checkSpace()
}

// checkSpace returns an error if the space of the disk is in the reserve.
func (g *gate) checkSpace() error {
	usage, err := g.fs.GetDiskUsage(g.dir)
	if err != nil {
		return fmt.Errorf("measuring the free space: %w", err)
	}
	reserve := min(reserveBytes, usage.TotalBytes/5)
	if usage.AvailBytes > 2*reserve {
		g.spacious.Store(int64(time.Since(g.made)))
	} else {
		g.spacious.Store(0)
	}
	if usage.AvailBytes < reserve {
		return fmt.Errorf("%w: %d MiB free, %d MiB are kept in reserve", syscall.ENOSPC, usage.AvailBytes>>20, reserve>>20)
	}
	return nil
}

// reopen opens the gate if the disk accepts writes again.
func (g *gate) reopen() (context.Context, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.healthy.Err() == nil {
		return g.healthy, nil
	}
	if g.final || g.waiting > 0 || time.Since(g.probed) < retryEvery {
		return nil, context.Cause(g.healthy)
	}
	g.probed = time.Now()
	if err := g.probe(); err != nil {
		return nil, err
	}
	g.healthy, g.shut = context.WithCancelCause(context.Background())
	g.logger.Warn("the storage directory can be written again", "dir", g.dir)
	return g.healthy, nil
}

// probe writes, syncs and removes a file.
func (g *gate) probe() (err error) {
	name := g.fs.PathJoin(g.dir, "probe")
	f, err := g.fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write(make([]byte, probeBytes))
	return errors.Join(err, f.Sync(), f.Close(), g.fs.Remove(name))
}

// failed shuts the gate because of err. If final, it stays shut.
func (g *gate) failed(err error, final bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.final || g.healthy.Err() != nil && !final {
		return
	}
	g.final = final
	if g.healthy.Err() != nil {
		g.healthy, g.shut = context.WithCancelCause(context.Background())
	}
	g.shut(fmt.Errorf("the storage directory cannot be written: %w", err))
	g.logger.Error("the storage directory cannot be written", "dir", g.dir, "error", err, "until_restart", final)
}

func (g *gate) wait(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting += n
}

func (g *gate) isGuarding() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.guarding
}

// persist repeats op until it does not fail with an error of the disk.
func (g *gate) persist(op func() error) error {
	for waiting := false; ; {
		g.hold()
		err := op()
		if !isDiskError(err) || !g.isGuarding() {
			if waiting {
				g.wait(-1)
			}
			return err
		}
		if !waiting {
			waiting = true
			g.wait(1)
		}
		g.failed(err, false)
		g.pause()
	}
}

// sync runs an fsync of the engine. If the fsync fails, sync does not return, so that the engine does not
// acknowledge the write.
func (g *gate) sync(op func() error) error {
	err := g.syncLater(op)
	if isDiskError(err) && g.isGuarding() {
		select {}
	}
	return err
}

// syncLater runs an fsync for which the engine does not wait.
func (g *gate) syncLater(op func() error) error {
	g.hold()
	err := op()
	if isDiskError(err) && g.isGuarding() {
		g.failed(fmt.Errorf("restart the server after repairing the disk: %w", err), true)
	}
	return err
}

// hold blocks forever if the gate is abandoned.
func (g *gate) hold() {
	select {
	case <-g.abandoned:
		select {}
	default:
	}
}

func (g *gate) pause() {
	select {
	case <-g.abandoned:
	case <-time.After(retryEvery):
	}
}

// isDiskError reports whether err came from the operating system.
func isDiskError(err error) bool {
	var errno syscall.Errno
	return errors.As(err, &errno)
}
