//go:build !js

package disk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// restoringDir has the files of a restore that is not complete, in the directory that it makes.
const restoringDir = "restoring"

// ErrNotEmpty is the error of a restore into a directory with other files.
var ErrNotEmpty = errors.New("the directory is not empty; a backup is restored into an empty one")

// Restore makes a storage directory of a backup. dir must be empty or absent, or have what a restore that was
// interrupted has left: that is compared with the backup, and what is equal is not written again. The store is
// in dir when the whole backup has been read, its checksums are right, and all of it is on the disk; until then
// there is none.
func Restore(ctx context.Context, dir string, r io.Reader) (BackupSize, error) {
	if err := checkEmpty(dir); err != nil {
		return BackupSize{}, err
	}
	restoring := filepath.Join(dir, restoringDir)
	if err := os.MkdirAll(restoring, 0o700); err != nil {
		return BackupSize{}, err
	}
	names := map[string]bool{}
	read, err := readBackup(r, func(name string, size int64, content io.Reader) error {
		names[name] = true
		return errors.Join(ctx.Err(), restoreFile(filepath.Join(restoring, name), size, content))
	})
	if err != nil {
		return read, err
	}
	if err := removeOthers(restoring, names); err != nil {
		return read, err
	}
	return read, errors.Join(
		syncDir(restoring),
		os.Rename(restoring, filepath.Join(dir, sessionsDir)),
		syncDir(dir),
	)
}

// checkEmpty returns an error if dir has anything but an incomplete restore.
func checkEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		if e.Name() != restoringDir {
			return ErrNotEmpty
		}
	}
	return nil
}

// removeOthers deletes the files in dir that do not have one of the names: those of another backup.
func removeOthers(dir string, names map[string]bool) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !names[e.Name()] {
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// restoreFile makes the file at path have a content of that many bytes, and waits until it is on the disk.
func restoreFile(path string, size int64, content io.Reader) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if _, err := io.Copy(&rewriter{file: f}, content); err != nil {
		return errors.Join(err, f.Close())
	}
	info, err := f.Stat()
	if err == nil && info.Size() > size {
		err = f.Truncate(size)
	}
	return errors.Join(err, f.Sync(), f.Close())
}

// rewriter writes to a file from its beginning, but not what the file already has there.
type rewriter struct {
	file *os.File
	at   int64
	old  []byte
}

func (w *rewriter) Write(p []byte) (int, error) {
	if len(w.old) < len(p) {
		w.old = make([]byte, len(p))
	}
	n, err := w.file.ReadAt(w.old[:len(p)], w.at)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	if !bytes.Equal(w.old[:n], p) {
		if _, err := w.file.WriteAt(p, w.at); err != nil {
			return 0, err
		}
	}
	w.at += int64(len(p))
	return len(p), nil
}

// parseSums reads the checksums of a backup, by the names of files.
func parseSums(text string) (map[string]string, error) {
	sums := map[string]string{}
	for line := range strings.Lines(text) {
		sum, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  "+sessionsDir+"/")
		if !ok || len(sum) != 64 {
			return nil, fmt.Errorf("the backup is damaged: %q is no checksum", line)
		}
		sums[name] = sum
	}
	return sums, nil
}
