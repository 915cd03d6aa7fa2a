//go:build !js

package disk

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"math/bits"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable"

	"edgeframe/kv"
)

const (
	memTableBytes = 16 << 20
	memTables     = 4
	maxOpenFiles  = 500
	// separateBytes is the size from which values are stored in files of their own, which
	// compactions of the keys do not rewrite. Heads of sessions are shorter, so that a damaged block of
	// a table costs few of them. Earlier releases stored values from 1 KiB on so.
	separateBytes = 4 << 10
)

// openEngine locks the directory and opens the engine in it. With deep, all tables are checked whole.
// What m has said then was damaged and is mended.
func openEngine(m *mender, fs *guardFS, opt Options, deep bool) (*pebble.DB, error) {
	cache, rotated := engineCache(max(opt.CacheBytes, MinCacheBytes))
	defer cache.Unref()
	o := engineOptions(cache, fs, opt)
	o.EventListener.WALCreated = func(pebble.WALCreateInfo) { rotated() }
	lock, err := pebble.LockDirectory(m.dir, fs)
	if err != nil {
		return nil, err
	}
	o.Lock = lock
	for _, mend := range []func() error{
		func() error { return m.markers(opt.repair) },
		m.manifest,
		func() error { return m.options(o) },
		func() error { return m.logs(false) },
	} {
		if err := mend(); err != nil {
			return nil, err
		}
	}
	return m.open(o, deep)
}

// engineCache returns a cache that has about so many bytes for blocks. rotated must be called whenever the engine begins
// with another memtable.
//
// The engine counts its memtables against the cache: the one that it writes to, and one that it keeps for later. They
// begin with 256 KiB and double until they have memTableBytes. So the cache has room for two of these, which is taken
// until they have grown. Without it nothing was left for blocks, and with 100,000 sessions each change read the filters
// of the tables from their files.
func engineCache(bytes int64) (cache *pebble.Cache, rotated func()) {
	const smallest, memory = 256 << 10, 2 * memTableBytes
	cache = pebble.NewCache(bytes + memory)
	release := sync.OnceFunc(cache.Reserve(memory))
	var rotations atomic.Int64 // the first memtable is one
	return cache, func() {
		if rotations.Add(1) > int64(bits.Len(memTableBytes/smallest)) {
			release()
		}
	}
}

func engineOptions(cache *pebble.Cache, fs *guardFS, opt Options) *pebble.Options {
	log := engineLog{fs.gate, fs.damages, opt.Logger}
	o := &pebble.Options{
		Cache:                       cache,
		FS:                          fs,
		FormatMajorVersion:          pebble.FormatValueSeparation,
		MemTableSize:                memTableBytes,
		MemTableStopWritesThreshold: memTables,
		MaxOpenFiles:                cmp.Or(opt.OpenFiles, maxOpenFiles),
		CompactionConcurrencyRange:  func() (lower, upper int) { return 1, 2 },
		Logger:                      log,
		EventListener:               log.listener(),
	}
	o.Experimental.ValueSeparationPolicy = func() pebble.ValueSeparationPolicy {
		return pebble.ValueSeparationPolicy{
			Enabled:               true,
			MinimumSize:           separateBytes,
			MaxBlobReferenceDepth: 10,
			TargetGarbageRatio:    0.25,
		}
	}
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		// Large values are compressed before they come here.
		o.Levels[i].Compression = func() *sstable.CompressionProfile { return sstable.NoCompression }
	}
	o.EnsureDefaults()
	return o
}

// protect turns panics of the engine into errors: it panics if it cannot use a log or a table. Every
// call of the engine that may read or write files goes through protect.
func protect(call func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("storage engine: %v", r)
		}
	}()
	return call()
}

// engineLog logs the errors that the engine reports.
type engineLog struct {
	gate   *gate
	found  *damages
	logger *slog.Logger
}

func (l engineLog) listener() *pebble.EventListener {
	return &pebble.EventListener{
		BackgroundError: func(err error) {
			// A compaction of a damaged file fails again and again. The file is logged once.
			if err := l.found.damaged(err); !errors.Is(err, kv.ErrCorrupt) {
				l.logger.Error("storage engine", "error", firstLine(err))
			}
		},
		DataCorruption: func(info pebble.DataCorruptionInfo) {
			l.found.found(info.Path, firstLine(info.Details))
		},
	}
}

// Infof implements [pebble.Logger].
func (l engineLog) Infof(string, ...any) {}

// Errorf implements [pebble.Logger].
func (l engineLog) Errorf(format string, args ...any) {
	l.logger.Error("storage engine", "error", fmt.Sprintf(format, args...))
}

// Fatalf implements [pebble.Logger]. The engine expects it to end the process. If the call was made
// through protect, Fatalf ends that call instead. In the engine's own goroutines it does not return,
// because they hold locks that must not be released in this state.
func (l engineLog) Fatalf(format string, args ...any) {
	err := fmt.Errorf(format, args...)
	if !l.gate.isGuarding() {
		panic(err)
	}
	l.gate.failed(fmt.Errorf("restart the server: %w", err), true)
	if calledThroughProtect() {
		panic(err)
	}
	select {}
}

func calledThroughProtect() bool {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		frame, more := frames.Next()
		if strings.HasSuffix(frame.Function, "/disk.protect") {
			return true
		}
		if !more {
			return false
		}
	}
}

// notFound reports whether the engine has no such key.
func notFound(err error) bool { return errors.Is(err, pebble.ErrNotFound) }
