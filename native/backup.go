//go:build !js

package native

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"edgeframe/kv/disk"
)

// Backup writes a consistent copy of the embedded store in STORAGE_DIR, also while a server uses it.
type Backup struct {
	// Config has STORAGE_DIR.
	Config Config
	// File is the path of the backup. If it is empty, the backup goes to Stream.
	File   string
	Stream io.Writer
	// Out receives the report.
	Out io.Writer
}

// Run makes the backup, and reads it again on its way: an error means that there is none. File is there when
// the backup is complete and on the disk; an earlier file stays until then.
func (b Backup) Run(ctx context.Context) error {
	if err := checkStorageDir(b.Config.StorageDir, "back up"); err != nil {
		return err
	}
	start := time.Now()
	size, err := b.write(ctx)
	if err != nil {
		return fmt.Errorf("STORAGE_DIR=%s: %w", b.Config.StorageDir, err)
	}
	fmt.Fprintf(b.Out, "%s: backed up in %.1f s, %d files, %.1f MB\n", b.Config.StorageDir, time.Since(start).Seconds(), size.Files, float64(size.Bytes)/1e6)
	return nil
}

func checkStorageDir(dir, verb string) error {
	if dir == "" {
		return fmt.Errorf("STORAGE_DIR is empty, so there is no directory to %s", verb)
	}
	return nil
}

func (b Backup) write(ctx context.Context) (size disk.BackupSize, err error) {
	if !hasStore(b.Config.StorageDir) {
		return size, errors.New("there is no store in this directory")
	}
	if b.File == "" {
		return b.writeChecked(ctx, b.Stream)
	}
	partial, err := os.OpenFile(b.File+".partial", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return size, err
	}
	size, err = b.writeChecked(ctx, partial)
	if err = errors.Join(err, partial.Sync(), partial.Close()); err != nil {
		return size, errors.Join(err, os.Remove(partial.Name()))
	}
	return size, os.Rename(partial.Name(), b.File)
}

// writeChecked writes the backup to w and compares its checksums at the same time.
func (b Backup) writeChecked(ctx context.Context, w io.Writer) (disk.BackupSize, error) {
	type result struct {
		size disk.BackupSize
		err  error
	}
	checked := make(chan result, 1)
	read, write := io.Pipe()
	go func() {
		size, err := disk.CheckBackup(read)
		_, _ = io.Copy(io.Discard, read) // what is behind the checksums
		checked <- result{size, err}
	}()
	err := b.from(ctx, io.MultiWriter(w, write))
	_ = write.Close()
	r := <-checked
	if err != nil {
		return r.size, err
	}
	return r.size, r.err
}

// from writes the backup of the server that uses the store, or of the store itself if no server does.
func (b Backup) from(ctx context.Context, w io.Writer) error {
	dir := b.Config.StorageDir
	unreachable := receiveBackup(ctx, dir, w)
	if !errors.Is(unreachable, errNoServer) {
		return unreachable
	}
	d, err := disk.Open(dir, disk.Options{Sync: disk.Sync(b.Config.StorageSync), CacheBytes: b.Config.CacheBytes() / 2})
	if errors.Is(err, disk.ErrLocked) {
		return fmt.Errorf("a server uses this directory, and cannot be reached at %s, which takes the same user or root: %w", backupSocket(dir), unreachable)
	}
	if err != nil {
		return err
	}
	return errors.Join(d.Backup(ctx, w), d.Close())
}

// Restore makes the embedded store of a backup in STORAGE_DIR.
type Restore struct {
	// Config has STORAGE_DIR, which must be empty.
	Config Config
	// File is the path of the backup. If it is empty, the backup is read from Stream.
	File   string
	Stream io.Reader
	// Out receives the report.
	Out io.Writer
}

// Run restores the backup, opens the store and counts its sessions. If it is interrupted, another Run goes on
// with what is there.
func (r Restore) Run(ctx context.Context) error {
	dir := r.Config.StorageDir
	if err := checkStorageDir(dir, "restore"); err != nil {
		return err
	}
	start := time.Now()
	size, err := r.read(ctx)
	if err != nil {
		return fmt.Errorf("STORAGE_DIR=%s: %w", dir, err)
	}
	d, err := disk.Open(dir, disk.Options{Sync: disk.Sync(r.Config.StorageSync), CacheBytes: r.Config.CacheBytes() / 2})
	if err != nil {
		return fmt.Errorf("STORAGE_DIR=%s: %w", dir, err)
	}
	sessions, err := d.Count(ctx)
	if err = errors.Join(err, d.Close()); err != nil {
		return fmt.Errorf("STORAGE_DIR=%s: %w", dir, err)
	}
	fmt.Fprintf(r.Out, "%s: restored in %.1f s, %d files, %.1f MB, %d sessions\n", dir, time.Since(start).Seconds(), size.Files, float64(size.Bytes)/1e6, sessions.N)
	return nil
}

func (r Restore) read(ctx context.Context) (disk.BackupSize, error) {
	if r.File == "" {
		return disk.Restore(ctx, r.Config.StorageDir, r.Stream)
	}
	file, err := os.Open(filepath.Clean(r.File))
	if err != nil {
		return disk.BackupSize{}, err
	}
	defer file.Close()
	return disk.Restore(ctx, r.Config.StorageDir, file)
}
