//go:build !js

package native

import (
	"context"
	"log/slog"
	"time"

	"edgeframe/kv"
)

const (
	// sweepInterval is how long expired data stays in an engine without native expiry. Reads do
	// not see it.
	sweepInterval = 5 * time.Second
	sweepBatch    = 1000
)

// sweep removes expired data from store every interval until ctx is done.
func sweep(ctx context.Context, store *kv.Store, interval time.Duration, log *slog.Logger) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		removed, err := sweepOnce(ctx, store)
		if err != nil && ctx.Err() == nil {
			log.Warn("sweep of expired data failed", "error", err)
		}
		if removed > 0 {
			log.Debug("expired data removed", "items", removed)
		}
	}
}

func sweepOnce(ctx context.Context, store *kv.Store) (removed int, err error) {
	for {
		n, err := store.Sweep(ctx, sweepBatch)
		removed += n
		if err != nil || n < sweepBatch {
			return removed, err
		}
	}
}
