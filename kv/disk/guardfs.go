//go:build !js

package disk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// guardFS is the engine's file system. It reports failures to the [gate]. With SyncInterval it tells
// the engine that the log is synced as soon as the operating system has it; [guardFS.syncLogs]
// syncs it later.
type guardFS struct {
	vfs.FS
	gate     *gate
	damages  *damages
	lazyLogs bool

	mu   sync.Mutex
	logs map[*guardFile]struct{} // open lazy logs
	lock io.Closer
}

func newGuardFS(inner vfs.FS, g *gate, found *damages, lazyLogs bool) *guardFS {
	return &guardFS{FS: inner, gate: g, damages: found, lazyLogs: lazyLogs, logs: map[*guardFile]struct{}{}}
}

func isLog(name string) bool { return strings.HasSuffix(name, ".log") }

func (g *guardFS) open(name string, open func() (vfs.File, error)) (vfs.File, error) {
	var f vfs.File
	err := g.gate.persist(func() (err error) {
		f, err = open()
		return err
	})
	if err != nil {
		return nil, err
	}
	return g.wrap(f, name), nil
}

func (g *guardFS) wrap(f vfs.File, name string) vfs.File {
	guarded := &guardFile{File: f, fs: g, lazy: g.lazyLogs && isLog(name)}
	if guarded.lazy {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.logs[guarded] = struct{}{}
	}
	return guarded
}

// Create implements [vfs.FS]. A manifest gets a copy.
func (g *guardFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := g.open(name, func() (vfs.File, error) { return g.FS.Create(name, c) })
	if err != nil || !isManifest(name) {
		return f, err
	}
	twin, err := g.open(copyOf(name), func() (vfs.File, error) { return g.FS.Create(copyOf(name), c) })
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &twinFile{File: f, twin: twin}, nil
}

// ReuseForWrite implements [vfs.FS].
func (g *guardFS) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return g.open(to, func() (vfs.File, error) { return g.FS.ReuseForWrite(from, to, c) })
}

// OpenReadWrite implements [vfs.FS].
func (g *guardFS) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	return g.open(name, func() (vfs.File, error) { return g.FS.OpenReadWrite(name, c, opts...) })
}

// OpenDir implements [vfs.FS].
func (g *guardFS) OpenDir(name string) (vfs.File, error) {
	return g.open(name, func() (vfs.File, error) { return g.FS.OpenDir(name) })
}

// Open implements [vfs.FS].
func (g *guardFS) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	f, err := g.FS.Open(name, opts...)
	if err != nil || !isChecked(name) {
		return f, err
	}
	checked, err := newCheckedFile(f, name, g.damages)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return checked, nil
}

// Link implements [vfs.FS].
func (g *guardFS) Link(from, to string) error {
	return g.gate.persist(func() error { return g.FS.Link(from, to) })
}

// Rename implements [vfs.FS].
func (g *guardFS) Rename(from, to string) error {
	return g.gate.persist(func() error { return g.FS.Rename(from, to) })
}

// Remove implements [vfs.FS]. The copy of a manifest is removed with it.
func (g *guardFS) Remove(name string) error {
	g.gate.hold()
	if isManifest(name) {
		if err := g.FS.Remove(copyOf(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return g.FS.Remove(name)
}

// Unwrap implements [vfs.FS].
func (g *guardFS) Unwrap() vfs.FS { return g.FS }

// Lock implements [vfs.FS]. If an error is not an [fs.PathError], another process holds the lock.
func (g *guardFS) Lock(name string) (io.Closer, error) {
	lock, err := g.FS.Lock(name)
	var pathError *fs.PathError
	if err != nil && !errors.As(err, &pathError) {
		return nil, fmt.Errorf("%w (%w)", ErrLocked, err)
	}
	if err != nil {
		return nil, err
	}
	g.lock = &onceCloser{Closer: lock}
	return g.lock, nil
}

// unlock releases the lock on the directory. Afterwards the directory can be locked again.
func (g *guardFS) unlock() error {
	if g.lock == nil {
		return nil
	}
	return g.lock.Close()
}

type onceCloser struct {
	io.Closer
	once sync.Once
	err  error
}

func (c *onceCloser) Close() error {
	c.once.Do(func() { c.err = c.Closer.Close() })
	return c.err
}

// syncLogs syncs the lazy logs.
func (g *guardFS) syncLogs() {
	g.mu.Lock()
	logs := make([]*guardFile, 0, len(g.logs))
	for f := range g.logs {
		logs = append(logs, f)
	}
	g.mu.Unlock()
	for _, f := range logs {
		f.syncOpen()
	}
}

// guardFile is a file of a guardFS.
type guardFile struct {
	vfs.File
	fs   *guardFS
	lazy bool

	mu    sync.Mutex
	dirty bool // a lazy file has been written since it was synced

	// open is held while a lazy file is synced by others than its writer, and while it is closed: the operating system
	// gives the number of a closed file to the next one.
	open   sync.Mutex
	closed bool
}

// Write implements [vfs.File]. A retry continues where the failed write ended.
func (f *guardFile) Write(p []byte) (written int, err error) {
	err = f.fs.gate.persist(func() error {
		n, err := f.File.Write(p[written:])
		written += n
		return err
	})
	f.mark()
	return written, err
}

func (f *guardFile) mark() {
	if f.lazy {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.dirty = true
	}
}

// Sync implements [vfs.File].
func (f *guardFile) Sync() error { return f.sync(f.File.Sync) }

// SyncData implements [vfs.File].
func (f *guardFile) SyncData() error { return f.sync(f.File.SyncData) }

// SyncTo implements [vfs.File]. It guarantees nothing, so it does nothing for lazy files.
func (f *guardFile) SyncTo(length int64) (fullSync bool, err error) {
	if f.lazy {
		return false, nil
	}
	err = f.sync(func() error {
		fullSync, err = f.File.SyncTo(length)
		return err
	})
	return fullSync, err
}

func (f *guardFile) sync(op func() error) error {
	if f.lazy {
		return nil
	}
	return f.fs.gate.sync(op)
}

// twinFile is a manifest and its copy. The copy is written and synced first, so that it is never
// behind the manifest.
type twinFile struct {
	vfs.File
	twin vfs.File
}

// Write implements [vfs.File].
func (f *twinFile) Write(p []byte) (int, error) {
	if _, err := f.twin.Write(p); err != nil {
		return 0, err
	}
	return f.File.Write(p)
}

// Sync implements [vfs.File].
func (f *twinFile) Sync() error {
	if err := f.twin.Sync(); err != nil {
		return err
	}
	return f.File.Sync()
}

// SyncData implements [vfs.File].
func (f *twinFile) SyncData() error {
	if err := f.twin.SyncData(); err != nil {
		return err
	}
	return f.File.SyncData()
}

// Close implements [vfs.File].
func (f *twinFile) Close() error { return errors.Join(f.twin.Close(), f.File.Close()) }

// syncOpen syncs a lazy file, for which its writer does not wait, unless it is closed.
func (f *guardFile) syncOpen() {
	f.open.Lock()
	defer f.open.Unlock()
	if !f.closed {
		_ = f.syncDirty(f.fs.gate.syncLater)
	}
}

// syncDirty syncs a lazy file that has been written, through a method of the gate.
func (f *guardFile) syncDirty(sync func(op func() error) error) error {
	f.mu.Lock()
	dirty := f.dirty
	f.dirty = false
	f.mu.Unlock()
	if !dirty {
		return nil
	}
	return sync(f.File.SyncData)
}

// Close implements [vfs.File]. A lazy log is synced, because the engine treats an incomplete log as
// corruption if it is not the newest.
func (f *guardFile) Close() error {
	var err error
	if f.lazy {
		f.fs.mu.Lock()
		delete(f.fs.logs, f)
		f.fs.mu.Unlock()
		err = f.syncDirty(f.fs.gate.sync)
		f.open.Lock()
		defer f.open.Unlock()
		f.closed = true
	}
	return errors.Join(err, f.File.Close())
}
