//go:build !js

package native

import (
	"context"
	"log/slog"
	"time"

	"edgeframe/kv"
	"edgeframe/native/metrics"
)

const (
	// sweepInterval is how long expired data stays in an engine without native expiry. Reads do
	// not see it.
	sweepInterval = 5 * time.Second
	sweepBatch    = 1000
)

// sweepUntil runs sweep on a store whose engine does not remove expired data itself.
func sweepUntil(ctx context.Context, store *kv.Store, grace time.Duration, log *slog.Logger, m *metrics.Metrics) {
	if !store.Capabilities().NativeExpiry {
		m.Sweeping()
		sweep(ctx, store, sweepInterval, newClockWatch(grace, log), log, m)
	}
}

// sweep removes expired data from store every interval until ctx is done, except while clock says that
// the time may be wrong.
func sweep(ctx context.Context, store *kv.Store, interval time.Duration, clock *clockWatch, log *slog.Logger, m *metrics.Metrics) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if !clock.trusted() {
			continue
		}
		removed, err := sweepOnce(ctx, store)
		m.Swept(removed, err)
		if err != nil && ctx.Err() == nil {
			log.Warn("sweep of expired data failed", "event", "sweep_failed", "error", err)
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
