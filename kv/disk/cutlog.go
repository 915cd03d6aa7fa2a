//go:build !js

package disk

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/cockroachdb/pebble/v2/record"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/wal"
)

// cutLog truncates the newest log of the engine before its first unreadable record.
//
// It is for SyncInterval only. There the log claims that more of it is synced than really is: the
// last sync may be syncInterval old. After a power cut the disk may have later parts of the log
// without earlier ones, which the engine treats as corruption. What is cut off is no more than the
// interval allows to lose.
func cutLog(fs vfs.FS, dir string, logger *slog.Logger) error {
	logs, err := wal.Scan(wal.Dir{FS: fs, Dirname: dir})
	if err != nil || len(logs) == 0 {
		return err
	}
	path, end, err := readableUntil(logs[len(logs)-1])
	if err != nil || path == "" {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	logger.Warn("the newest log of the storage directory is incomplete, as after a power cut; its end is dropped",
		"file", path, "kept_bytes", end, "dropped_bytes", info.Size()-end)
	if err := os.Truncate(path, end); err != nil {
		return fmt.Errorf("truncating an incomplete log: %w", err)
	}
	return nil
}

// readableUntil returns the file of log and the offset at which its readable records end. The path is
// empty if all of the log can be read.
func readableUntil(log wal.LogicalLog) (path string, end int64, err error) {
	r := log.OpenForRead()
	defer func() { err = errors.Join(err, r.Close()) }()
	for {
		data, at, err := r.NextRecord()
		if err == nil {
			_, err = io.Copy(io.Discard, data)
		}
		switch {
		case err == nil:
		case errors.Is(err, record.ErrInvalidChunk), errors.Is(err, record.ErrZeroedChunk):
			return at.PhysicalFile, at.Physical, nil
		case errors.Is(err, io.EOF), errors.Is(err, record.ErrUnexpectedEOF):
			return "", 0, nil
		default:
			return "", 0, err
		}
	}
}
