//go:build !js

package native

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"edgeframe/kv/disk"
)

// backupSocket returns the path of the socket at which a server gives backups of its store. Only the user of
// the server, and root, can enter its folder.
func backupSocket(storageDir string) string { return filepath.Join(storageDir, "temp", "backup.sock") }

// serveBackups answers `edgeframe backup` until stop is called, which waits for a backup that is being made. A
// server without an embedded store gives none. That the socket cannot be opened is logged, and stops nothing.
func serveBackups(cfg Config, embedded *disk.Driver, log *Log) (stop func()) {
	if embedded == nil {
		return func() {}
	}
	path := backupSocket(cfg.StorageDir)
	// The store is locked, so the socket of no running server is there.
	_ = os.Remove(path)
	ln, err := new(net.ListenConfig).Listen(context.Background(), "unix", path)
	if err != nil {
		log.Warn("edgeframe backup cannot reach this server", "error", err, "event", "backup_unreachable")
		return func() {}
	}
	var making sync.WaitGroup
	srv := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			making.Add(1)
			defer making.Done()
			sendBackup(w, r, embedded, log.Logger)
		}),
		ReadHeaderTimeout: readHeaderTimeout,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = srv.Serve(ln) // it ends with Close
	}()
	return func() {
		_ = srv.Close()
		<-ended
		making.Wait()
	}
}

// sendBackup answers with a backup. One that fails after it has begun is cut, which its receiver notices.
func sendBackup(w http.ResponseWriter, r *http.Request, embedded *disk.Driver, log *slog.Logger) {
	start := time.Now()
	counted := &countingWriter{to: w}
	err := embedded.Backup(r.Context(), counted)
	if err == nil {
		log.Info("backup sent", "bytes", counted.n, "seconds", time.Since(start).Seconds(), "event", "backup_sent")
		return
	}
	log.Error("backup failed", "error", err, "event", "backup_failed")
	if counted.n > 0 {
		panic(http.ErrAbortHandler)
	}
	http.Error(w, err.Error(), http.StatusInternalServerError)
}

type countingWriter struct {
	to io.Writer
	n  int64
}

func (w *countingWriter) Write(p []byte) (int, error) {
	n, err := w.to.Write(p)
	w.n += int64(n)
	return n, err
}

// errNoServer says that no server listens at the socket of a storage directory.
var errNoServer = errors.New("no server uses this directory")

// receiveBackup writes the backup that the server on a storage directory sends.
func receiveBackup(ctx context.Context, storageDir string, w io.Writer) error {
	client := http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, "unix", backupSocket(storageDir))
			if err != nil && ctx.Err() == nil {
				err = fmt.Errorf("%w (%v)", errNoServer, err)
			}
			return conn, err
		},
		DisableCompression: true,
		DisableKeepAlives:  true,
	}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://backup/", nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		reason, _ := io.ReadAll(io.LimitReader(resp.Body, maxProbeBytes))
		return fmt.Errorf("the server answers: %s", reason)
	}
	_, err = io.Copy(w, resp.Body)
	return err
}
