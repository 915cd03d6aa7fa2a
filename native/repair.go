//go:build !js

package native

import (
	"errors"
	"fmt"
	"io"
	"time"

	"edgeframe/kv/disk"
)

// ErrLost is in the error of [Repair.Run] if something is damaged that could not be put back.
var ErrLost = errors.New("some of what was stored is damaged or lost")

// Repair checks an embedded store that no server has open, and mends what can be mended.
type Repair struct {
	// Config has STORAGE_DIR and STORAGE_SYNC.
	Config Config
	// Out receives the report.
	Out io.Writer
}

// Run checks, mends and writes a report. After it a server can be started on the directory. It returns
// [ErrLost] if sessions are damaged or may be gone.
func (r Repair) Run() error {
	dir := r.Config.StorageDir
	if dir == "" {
		return errors.New("STORAGE_DIR is empty, so there is no directory to repair")
	}
	if !hasStore(dir) {
		return fmt.Errorf("STORAGE_DIR=%s: there is no store in this directory", dir)
	}
	start := time.Now()
	report, err := disk.Repair(dir, disk.Options{
		Sync:       disk.Sync(r.Config.StorageSync),
		CacheBytes: r.Config.CacheBytes() / 2,
	})
	if errors.Is(err, disk.ErrLocked) {
		return fmt.Errorf("STORAGE_DIR=%s: a running server has this directory open; stop it first", dir)
	}
	if err != nil {
		return fmt.Errorf("STORAGE_DIR=%s: %w", dir, err)
	}
	fmt.Fprintf(r.Out, "%s: checked in %.1f s, %d damaged files\n", dir, time.Since(start).Seconds(), len(report.Found))
	for _, sentence := range report.Found {
		fmt.Fprintf(r.Out, "         %s\n", sentence)
	}
	for _, line := range []struct {
		n    int64
		text string
	}{
		{report.Left, "sessions are stored"},
		{int64(report.Sessions), "of them cannot be read"},
		{int64(report.Damaged - report.Sessions), "values of sessions cannot be read"},
		{int64(report.Rebuilt), "entries were incomplete and are rebuilt"},
	} {
		fmt.Fprintf(r.Out, "%8d %s\n", line.n, line.text)
	}
	if report.Aside != "" {
		fmt.Fprintf(r.Out, "the damaged files are in %s\n", report.Aside)
	}
	if report.Lost {
		return ErrLost
	}
	return nil
}
