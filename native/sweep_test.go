//go:build !js

package native

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"edgeframe/kv"
	"edgeframe/kv/memory"
)

// countingSweeper is an engine that counts its sweeps.
type countingSweeper struct {
	*memory.Driver
	removed []int
	err     error
}

func (c *countingSweeper) Sweep(ctx context.Context, limit int) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.Driver.Sweep(ctx, limit)
	c.removed = append(c.removed, n)
	return n, err
}

func TestExpiredDataIsSweptInBatchesUntilTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := &countingSweeper{Driver: memory.New()}
		store := kv.New(engine, "")
		var items []kv.Item
		for i := range sweepBatch + 1 {
			items = append(items, kv.Item{Key: fmt.Sprint(i), Value: []byte("x")})
		}
		if err := store.SetMany(t.Context(), items, 7*time.Second); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			sweep(ctx, store, 5*time.Second, newClockWatch(time.Hour, slog.New(slog.DiscardHandler)), slog.New(slog.DiscardHandler), nil)
		}()
		time.Sleep(11 * time.Second)
		cancel()
		<-ended
		if got, want := fmt.Sprint(engine.removed), fmt.Sprint([]int{0, sweepBatch, 1}); got != want {
			t.Errorf("sweeps removed %s, want %s", got, want)
		}
	})
}

func TestAFailedSweepIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := &countingSweeper{Driver: memory.New(), err: errors.New("disk on fire")}
		log := &recorder{}
		ctx, cancel := context.WithTimeout(t.Context(), 12*time.Second)
		defer cancel()
		sweep(ctx, kv.New(engine, ""), 5*time.Second, newClockWatch(time.Hour, slog.New(log)), slog.New(log), nil)
		if log.warnings != 2 {
			t.Errorf("%d warnings, want 2", log.warnings)
		}
	})
}

// recorder counts warnings.
type recorder struct {
	slog.Handler
	warnings int
}

func (r *recorder) Enabled(context.Context, slog.Level) bool { return true }

func (r *recorder) Handle(_ context.Context, record slog.Record) error {
	if record.Level == slog.LevelWarn {
		r.warnings++
	}
	return nil
}
