//go:build !js

// Package disk is a [kv.Driver] that keeps everything in a directory, with the embedded storage
// engine Pebble.
//
// It has strong consistency. Every acknowledged write survives the end of the process, including a
// crash; with [SyncAlways] it also survives a power cut. Memory stays within Options.CacheBytes plus
// about 200 MiB, however much is stored: 64 MiB of memtables, 64 MiB of pending batches, and what the
// engine needs for open files. In addition each call holds its values.
//
// When the disk is full or fails, writes return errors, reads still work, and writes succeed again
// as soon as the disk accepts them; see gate. After a failed fsync they succeed again when the directory
// has been opened again. A write that returned an error because of the disk may be stored later, or be there
// when the directory is opened again. Until then Get returns what was there before, so nothing that it returns
// is taken back. List and Count may have such a write already. Only one process at a time may use a
// directory.
package disk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"golang.org/x/sync/semaphore"

	"edgeframe/kv"
)

// Sync says which failures an acknowledged write survives.
type Sync string

const (
	// SyncInterval: a write survives the end of the process. A power cut may lose the last second.
	SyncInterval Sync = "interval"
	// SyncAlways: a write also survives a power cut, because the disk has confirmed it.
	SyncAlways Sync = "always"
)

const (
	maxKeyBytes   = 512
	maxValueBytes = 128 << 20
	// maxPendingBytes limits the bytes in the batches of concurrent writes.
	maxPendingBytes = 64 << 20
	// MinCacheBytes is the smallest cache that the engine works with.
	MinCacheBytes = 8 << 20
)

// ErrLocked is in the error of [Open] if another process uses the directory.
var ErrLocked = errors.New("storage directory is in use by another edgeframe process")

// Options are the settings of a Driver.
type Options struct {
	// Sync is SyncInterval or SyncAlways; empty means SyncInterval.
	Sync Sync
	// CacheBytes is the size of the engine's cache, at least 8 MiB.
	CacheBytes int64
	// OpenFiles is about how many files the engine keeps open, at least 74; 0 means 500.
	OpenFiles int
	// Logger receives errors in the background; nil discards them.
	Logger *slog.Logger

	// repair checks everything and puts back what is only missing; see [Repair].
	repair bool

	// fs is set by tests that inject faults; nil means the real file system.
	fs vfs.FS
	// now is set by tests; nil means time.Now.
	now func() time.Time
}

// Driver is the engine in one directory.
type Driver struct {
	sessions, temp string
	db             *pebble.DB
	fs             *guardFS
	gate           *gate
	logger         *slog.Logger
	damages        *damages
	now            func() time.Time

	stripes stripes
	// unconfirmed has a place for each stripe.
	unconfirmed unconfirmed
	spent       spent
	pending     *semaphore.Weighted // bytes in batches
	commits     sync.WaitGroup      // batches handed to the engine

	counted atomic.Int64 // stored counted items, expired ones included
	freed   atomic.Int64 // bytes of values removed since the last reclaiming
	floor   floor        // no index entry expires before it

	// watchers are told while the stripe of the key is locked, so in the order of its changes.
	watchers kv.Watchers

	backup     sync.Mutex // held while a backup is made
	stop       context.CancelFunc
	background sync.WaitGroup
}

var (
	_ kv.Driver    = (*Driver)(nil)
	_ kv.Committer = (*Driver)(nil)
	_ kv.Sweeper   = (*Driver)(nil)
	_ kv.Watcher   = (*Driver)(nil)
)

// Open opens the engine in dir, which it creates if necessary. The engine's files are in dir/sessions;
// dir/temp is for files of other parts of the program. If another process has the directory open,
// the error is [ErrLocked].
//
// Damaged files are moved to a directory beside dir/sessions, and what is readable of them is served;
// see [Repair]. Where that would be a guess, nothing is changed and the error is [ErrUnreadable].
func Open(dir string, opt Options) (*Driver, error) {
	d, _, err := open(dir, opt)
	return d, err
}

func open(dir string, opt Options) (*Driver, *mender, error) {
	switch opt.Sync {
	case "":
		opt.Sync = SyncInterval
	case SyncInterval, SyncAlways:
	default:
		return nil, nil, fmt.Errorf("storage sync %q: accepted are %q and %q", opt.Sync, SyncInterval, SyncAlways)
	}
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	if opt.fs == nil {
		opt.fs = vfs.Default
	}
	if opt.now == nil {
		opt.now = time.Now
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("storage directory: %w", err)
	}
	d := &Driver{
		sessions: filepath.Join(dir, "sessions"),
		temp:     filepath.Join(dir, "temp"),
		logger:   opt.Logger,
		now:      opt.now,
		damages:  &damages{logger: opt.Logger, dir: filepath.Join(dir, "sessions"), before: map[string]string{}},
		pending:  semaphore.NewWeighted(maxPendingBytes),
		stripes:  newStripes(),
	}
	d.unconfirmed = make(unconfirmed, len(d.stripes.locks))
	for _, sub := range []string{d.sessions, d.temp} {
		if err := os.MkdirAll(sub, 0o700); err != nil {
			return nil, nil, fmt.Errorf("creating the storage directory: %w", err)
		}
	}
	d.gate = newGate(opt.fs, d.sessions, opt.Logger)
	d.fs = newGuardFS(opt.fs, d.gate, d.damages, opt.Sync == SyncInterval)
	m := newMender(d.sessions, opt.Sync == SyncInterval)
	if err := d.open(m, opt); err != nil {
		d.gate.abandon()
		_ = d.fs.unlock()
		if errors.Is(err, ErrLocked) {
			return nil, nil, fmt.Errorf("storage directory %s is in use by another edgeframe process: %w", dir, err)
		}
		return nil, nil, fmt.Errorf("opening the storage directory %s: %w", dir, err)
	}
	return d, m, nil
}

// open starts the engine and the background work.
func (d *Driver) open(m *mender, opt Options) (err error) {
	if d.db, err = openEngine(m, d.fs, opt, opt.repair); err != nil {
		return err
	}
	total, err := d.countIndex(0, never)
	if errors.Is(err, kv.ErrCorrupt) {
		// The damage is in the blocks of a table, which are only checked when they are read.
		if err := protect(d.db.Close); err != nil {
			return err
		}
		_ = d.fs.unlock()
		if d.db, err = openEngine(m, d.fs, opt, true); err != nil {
			return err
		}
	}
	if m.reindex || opt.repair {
		if m.lost, err = d.reindexed(context.Background()); err != nil && !errors.Is(err, kv.ErrCorrupt) {
			return errors.Join(err, protect(d.db.Close))
		}
		total, err = d.countIndex(0, never)
	}
	if err != nil && !errors.Is(err, kv.ErrCorrupt) {
		return errors.Join(err, protect(d.db.Close))
	}
	d.counted.Store(total)
	m.tell(d.damages)
	_ = os.RemoveAll(d.backupDir()) // of a process that ended meanwhile; it only takes space
	d.gate.guard()
	var ctx context.Context
	ctx, d.stop = context.WithCancel(context.Background())
	d.background.Go(func() { d.syncLogs(ctx) })
	d.background.Go(func() { d.reclaim(ctx) })
	return nil
}

// Info implements [kv.Driver].
func (d *Driver) Info() kv.Info {
	return kv.Info{
		Type:  "inmemory",
		Class: "InMemoryBackend",
		Capabilities: kv.Capabilities{
			Consistency:    kv.Strong,
			CompareAndSwap: true,
			MaxValueBytes:  maxValueBytes,
			MaxKeyBytes:    maxKeyBytes,
			LiveUpdates:    true,
		},
	}
}

// Health implements [kv.Driver]. It reads from the engine and reports the directories as
// "storage_dirs". While writes are rejected it reports the reason as "error", but returns no error,
// because reads work. If files are damaged, it reports their number as "damaged" and a sentence about
// them as "damage".
func (d *Driver) Health(ctx context.Context) (map[string]any, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	// The engine must answer. A key that is in a file would be read from it, which a fifth of the time went into.
	if _, err := d.read([]byte{noSpace}); err != nil {
		return nil, err
	}
	details := map[string]any{"storage_dirs": map[string]any{
		"sessions":        d.sessions,
		"temp":            d.temp,
		"sessions_exists": isDir(d.sessions),
		"temp_exists":     isDir(d.temp),
	}}
	if err := cmp.Or(d.gate.failure(), d.gate.checkSpace()); err != nil {
		details["error"] = err.Error()
	}
	if n, sentence := d.damages.report(); n > 0 {
		details["damaged"], details["damage"] = n, sentence
	}
	return details, nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// Close implements [kv.Driver]. If the engine cannot write to the disk, it is left as after a crash,
// which loses no acknowledged write.
func (d *Driver) Close() error {
	d.stop()
	d.background.Wait()
	healthy := d.gate.context()
	closed := make(chan error, 1)
	go func() {
		d.commits.Wait()
		closed <- errors.Join(protect(d.spent.forget), protect(d.db.Close), d.fs.unlock())
	}()
	select {
	case err := <-closed:
		return err
	case <-healthy.Done():
		d.gate.abandon()
		_ = d.fs.unlock()
		return fmt.Errorf("closing the storage directory: %w", context.Cause(healthy))
	}
}

// syncInterval is the time between syncs with SyncInterval. A power cut may lose the writes of that
// time.
const syncInterval = time.Second

func (d *Driver) syncLogs(ctx context.Context) {
	ticker := time.NewTicker(syncInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			d.fs.syncLogs()
		}
	}
}
