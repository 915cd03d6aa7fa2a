//go:build !js

package disk

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2"
)

// A backup is a tar archive with the files of dir/sessions as they were at one moment, and behind them their
// checksums, in the form that sha256sum reads. So a backup that was cut has no checksums.
const (
	sessionsDir   = "sessions"
	checksumsFile = "SHA256SUMS"
	// maxChecksums is the largest file of checksums that is read, for about 100,000 files.
	maxChecksums = 8 << 20
)

// ErrBackupRunning is the error of a backup that is asked for while another one is made.
var ErrBackupRunning = errors.New("another backup is being made")

// Backup writes a consistent copy of the store to w, while the store is in use: every write that was
// acknowledged before the call is in it, and each later one is in it whole or not at all. It keeps files of the
// store in dir/temp until it ends, so that the space of what is deleted meanwhile is freed after that. Only one
// backup is made at a time.
func (d *Driver) Backup(ctx context.Context, w io.Writer) (err error) {
	if !d.backup.TryLock() {
		return ErrBackupRunning
	}
	defer d.backup.Unlock()
	if err := d.gate.failure(); err != nil {
		return err
	}
	dir := d.backupDir()
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("removing an earlier backup: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := d.try(func() error { return d.db.Checkpoint(dir, pebble.WithFlushedWAL()) }); err != nil {
		return fmt.Errorf("taking a snapshot of the storage directory: %w", err)
	}
	return writeBackup(ctx, dir, w)
}

// backupDir is where the files of a backup are while it is made. Most are links to those of the store.
func (d *Driver) backupDir() string { return filepath.Join(d.temp, "backup") }

func writeBackup(ctx context.Context, dir string, w io.Writer) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	archive := tar.NewWriter(w)
	var sums []byte
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		name := sessionsDir + "/" + e.Name()
		sum, err := addFile(archive, name, filepath.Join(dir, e.Name()))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		sums = fmt.Appendf(sums, "%x  %s\n", sum, name)
	}
	if err := archive.WriteHeader(&tar.Header{Name: checksumsFile, Mode: 0o600, Size: int64(len(sums))}); err != nil {
		return err
	}
	if _, err := archive.Write(sums); err != nil {
		return err
	}
	return archive.Close()
}

// addFile adds a file to an archive and returns its checksum.
func addFile(archive *tar.Writer, name, path string) (sum []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: info.Size(), ModTime: info.ModTime()}); err != nil {
		return nil, err
	}
	hash := sha256.New()
	_, err = io.Copy(io.MultiWriter(archive, hash), f)
	return hash.Sum(nil), err
}

// BackupSize is what a backup has: files, and their bytes.
type BackupSize struct {
	Files int
	Bytes int64
}

// CheckBackup reads a backup to its end and compares the checksums.
func CheckBackup(r io.Reader) (BackupSize, error) {
	return readBackup(r, func(_ string, _ int64, content io.Reader) error {
		_, err := io.Copy(io.Discard, content)
		return err
	})
}

// readBackup calls file for each file of a backup, which must read the content to its end, and compares the
// checksums. Names have no folder. The error says what is wrong with the backup.
func readBackup(r io.Reader, file func(name string, size int64, content io.Reader) error) (read BackupSize, err error) {
	archive := tar.NewReader(r)
	sums := map[string]string{}
	for {
		header, err := archive.Next()
		ended := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if ended && read.Files == 0 {
			return read, errors.New("this is not a backup, or it is cut before its first file ends")
		}
		if ended {
			return read, errors.New("the backup is cut: it ends before its checksums")
		}
		if err != nil {
			return read, fmt.Errorf("this is not a backup, or it is damaged: %w", err)
		}
		if header.Name == checksumsFile {
			return read, checkSums(archive, sums)
		}
		folder, name := filepath.Split(header.Name)
		if folder != sessionsDir+"/" || header.Typeflag != tar.TypeReg || name == "" || !filepath.IsLocal(name) || sums[name] != "" {
			return read, fmt.Errorf("this is not a backup, or it is damaged: %q is no file of a store", header.Name)
		}
		hash := sha256.New()
		err = file(name, header.Size, io.TeeReader(archive, hash))
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return read, errors.New("the backup is cut: it ends within " + header.Name)
		}
		if err != nil {
			return read, err
		}
		sums[name] = hex.EncodeToString(hash.Sum(nil))
		read.Files++
		read.Bytes += header.Size
	}
}

// checkSums compares the checksums at the end of a backup with those of the files that were read.
func checkSums(r io.Reader, sums map[string]string) error {
	text, err := io.ReadAll(io.LimitReader(r, maxChecksums))
	if err != nil {
		return errors.New("the backup is cut: it ends within its checksums")
	}
	want, err := parseSums(string(text))
	if err != nil {
		return err
	}
	for name, sum := range want {
		if sums[name] != sum {
			return fmt.Errorf("the backup is damaged: %s/%s is missing or has another checksum", sessionsDir, name)
		}
	}
	if len(want) != len(sums) {
		return fmt.Errorf("the backup is damaged: %d files have no checksum", len(sums)-len(want))
	}
	return nil
}
