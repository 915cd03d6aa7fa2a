//go:build !js

package disk

import (
	"context"
	"time"
)

const (
	// reclaimBytes is how many bytes of removed values cause a compaction, so that their space is
	// freed even if no further writes cause one.
	reclaimBytes = 32 << 20
	reclaimEvery = time.Second
)

// reclaim compacts the engine whenever enough has been removed, until ctx is done.
func (d *Driver) reclaim(ctx context.Context) {
	ticker := time.NewTicker(reclaimEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		freed := d.freed.Load()
		if freed < reclaimBytes || d.gate.failure() != nil {
			continue
		}
		err := protect(func() error {
			if err := d.spent.forget(); err != nil {
				return err
			}
			return d.db.Compact(ctx, []byte{0}, []byte{0xff}, true)
		})
		if err == nil {
			d.freed.Add(-freed)
		} else if ctx.Err() == nil {
			d.logger.Error("compacting the storage directory", "error", err)
		}
	}
}
