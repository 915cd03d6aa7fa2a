//go:build !js

package native

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/schollz/progressbar/v3"

	"edgeframe/config"
	"edgeframe/kv"
	"edgeframe/kv/disk"
	"edgeframe/session"
)

// Migration copies the live sessions of one store to another.
type Migration struct {
	// Config has the settings that are not in the addresses: KEY_PREFIX, REDIS_PASSWORD, TLS,
	// time-outs.
	Config Config
	// Environ has the variables that ${NAME} in an address refers to, as a list of NAME=value.
	Environ []string
	// From and To are addresses: disk:<directory>, redis://… or rediss://….
	From, To string
	// Progress receives a progress bar, Out the summary. If Progress is nil, there is no bar.
	Progress, Out io.Writer
}

// ErrAddress is in the error about an address that does not name a store.
var ErrAddress = errors.New("accepted are disk:<directory>, redis://host:port/db and rediss://host:port/db")

// errIncomplete says that some sessions could not be copied; the summary names them.
var errIncomplete = errors.New("some sessions were not copied")

// Run copies the sessions and writes a summary. It returns an error if a store fails or a session
// could not be copied. It can then be run again, and skips the sessions that are in the target.
func (m Migration) Run(ctx context.Context) (err error) {
	if m.From == m.To {
		return fmt.Errorf("--from and --to are both %s; copying needs two stores", redact(m.From))
	}
	from, err := m.open("--from", m.From, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := m.open("--to", m.To, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()

	total, err := from.Count(ctx)
	if err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	bar := m.bar(total.N)
	start := time.Now()
	report, err := session.Copy(ctx, session.CopyOptions{
		From: from, To: to,
		Progress: func(r session.CopyReport) { _ = bar.Set(min(r.Sessions(), int(total.N))) },
	})
	_ = bar.Finish()
	m.summary(report, time.Since(start))
	switch {
	case errors.Is(err, context.Canceled):
		return errors.New("stopped; all copied sessions are complete; run the same command again to copy the rest")
	case err != nil:
		return fmt.Errorf("%w; all copied sessions are complete; run the same command again to copy the rest", err)
	case report.Failed > 0:
		return errIncomplete
	}
	return nil
}

// open opens the store at an address. With mustExist it returns an error if there is no store.
func (m Migration) open(flag, address string, mustExist bool) (*kv.Store, error) {
	dir, isDisk := strings.CutPrefix(address, "disk:")
	switch {
	case isDisk && dir != "":
		if mustExist && !hasStore(dir) {
			return nil, fmt.Errorf("%s %s: there is no store in this directory", flag, address)
		}
		driver, err := disk.Open(dir, disk.Options{Sync: disk.SyncInterval, CacheBytes: m.Config.CacheBytes() / 2})
		if errors.Is(err, disk.ErrLocked) {
			return nil, fmt.Errorf("%s %s: a running server has this directory open; stop it first (a server on another store may keep running)", flag, address)
		}
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", flag, address, err)
		}
		return kv.New(driver, m.Config.KeyPrefix), nil
	case strings.HasPrefix(address, "redis://"), strings.HasPrefix(address, "rediss://"):
		return m.openRedis(flag, address)
	}
	return nil, fmt.Errorf("%s %q: %w", flag, redact(address), ErrAddress)
}

// hasStore reports whether a directory contains an embedded store.
func hasStore(dir string) bool {
	found, err := os.ReadDir(filepath.Join(dir, "sessions"))
	return err == nil && len(found) > 0
}

// openRedis connects to the Redis at an address, which also names the database. All other settings
// are those of a server.
func (m Migration) openRedis(flag, address string) (*kv.Store, error) {
	cfg := m.Config
	url, err := parseRedisURL(address, env.ToMap(m.Environ))
	if err != nil {
		var hint config.Hint
		if errors.As(err, &hint) {
			return nil, fmt.Errorf("%s %q: %w", flag, redact(address), hint)
		}
		return nil, fmt.Errorf("%s %q: %w", flag, redact(address), ErrAddress)
	}
	cfg.RedisURL, cfg.RedisDB = url, nil
	opt, err := cfg.redisOptions()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	driver, err := connectRedis(cfg, opt)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	return kv.New(driver, cfg.KeyPrefix), nil
}

// bar returns a progress bar for that many sessions.
func (m Migration) bar(total int64) *progressbar.ProgressBar {
	return progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(m.Progress),
		progressbar.OptionSetVisibility(m.Progress != nil),
		progressbar.OptionSetDescription("copying sessions"),
		progressbar.OptionShowCount(),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
	)
}

func (m Migration) summary(r session.CopyReport, took time.Duration) {
	lines := []struct {
		n    int
		text string
	}{
		{r.Copied, fmt.Sprintf("copied (%d segments, %.1f MB)", r.Segments, float64(r.Bytes)/1e6)},
		{r.Current, "already present, unchanged"},
		{r.Newer, "newer in the target, skipped"},
		{r.Expired, "expired or deleted during the copy"},
		{r.Failed, "not copied"},
	}
	fmt.Fprintf(m.Out, "%s -> %s: %d sessions in %.1f s\n", redact(m.From), redact(m.To), r.Sessions(), took.Seconds())
	for _, line := range lines {
		fmt.Fprintf(m.Out, "%8d %s\n", line.n, line.text)
	}
	for _, problem := range r.Problems {
		fmt.Fprintf(m.Out, "         %s\n", problem)
	}
}
