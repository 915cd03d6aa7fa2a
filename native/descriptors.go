//go:build !js

package native

import (
	"fmt"
	"log/slog"
)

const (
	// reservedFiles are the open files besides those of the store and of connections: the standard
	// streams, the listener, the poller, a connection that waits, files that are open for a moment.
	reservedFiles = 24
	// diskFiles is how many files the embedded store keeps open, and minDiskFiles the fewest that
	// it works with.
	diskFiles, minDiskFiles = 500, 74
	// maxDefaultConnections is the limit on connections where open files do not limit them. Each
	// takes about 20 KB.
	maxDefaultConnections = 10_000
	// fewConnections is the limit on connections below which the start warns.
	fewConnections = 64
	minConnections = 4
)

// descriptors says how the open files of the process are divided.
type descriptors struct {
	// limit is how many files the process may have open.
	limit int
	// disk and connections are the limits for the embedded store and for connections of clients.
	disk, connections int
	// warning is empty unless the limit is too small for the configuration.
	warning string
}

// divideDescriptors divides limit open files among the store and connections. The store gets what it
// can use, but not more than half, so that it can be read whatever clients do.
func divideDescriptors(limit int, cfg Config) descriptors {
	d := descriptors{limit: limit, disk: min(diskFiles, max(minDiskFiles, limit/2))}
	store := 0
	if cfg.StorageDir != "" {
		store = d.disk
	}
	if cfg.RedisEnabled {
		redis := min(limit/2, cfg.RedisMaxConnections*len(cfg.RedisURL.Nodes))
		if cfg.StorageRuntimeFallback {
			store += redis
		} else {
			store = max(store, redis)
		}
	}
	possible := max(minConnections, limit-store-reservedFiles)
	d.connections = cfg.MaxConnections
	switch {
	case cfg.MaxConnections > possible:
		d.connections = possible
		d.warning = fmt.Sprintf("MAX_CONNECTIONS=%d: the limit of %d open files leaves room for %d connections; raise it (ulimit -n)", cfg.MaxConnections, limit, possible)
	case cfg.MaxConnections == 0:
		d.connections = min(possible, maxDefaultConnections)
		if possible < fewConnections {
			d.warning = fmt.Sprintf("the limit of %d open files leaves room for %d connections only; raise it (ulimit -n)", limit, possible)
		}
	}
	return d
}

func (d descriptors) announce(log *Log) {
	log.Debug("descriptors", "limit", d.limit, "connections", d.connections, "disk", d.disk)
	if d.warning != "" {
		log.Line(slog.LevelWarn, "⚠️  "+d.warning, "event", "open_files")
	}
}
