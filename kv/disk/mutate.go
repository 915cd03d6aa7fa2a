//go:build !js

package disk

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"

	"github.com/cockroachdb/pebble/v2"

	"edgeframe/kv"
)

// atOnce is how many batches of one call the engine has at a time. So the next batch is built, and its part of the log
// written, while the disk confirms the one before.
const atOnce = 4

// longBatch is the size from which memory for a batch is allocated before it is built.
const longBatch = 64 << 10

// mutate applies the change that each of builds makes, while keys are locked. No two of them change the same key. size
// is about the number of bytes that they copy; grows is true if they add data. Reads see all of it once all of it is
// stored.
func (d *Driver) mutate(ctx context.Context, keys []string, size int, grows bool, builds ...func(*change) error) (err error) {
	defer func() {
		if errors.Is(err, syscall.ENOSPC) {
			err = fmt.Errorf("%w: %w", kv.ErrFull, err)
		}
	}()
	ctx, leave, err := d.gate.enter(ctx, grows)
	if err != nil {
		return err
	}
	defer leave()
	w := &writing{d: d, keys: keys, weight: min(int64(size), maxPendingBytes), room: make(chan struct{}, atOnce)}
	if len(builds) > 1 {
		// All is acquired at once: who waits for locks must not keep the bytes that their holder waits for.
		w.weight = min(w.weight, atOnce*batchBytes)
	}
	if d.pending.Acquire(ctx, w.weight) != nil {
		return context.Cause(ctx)
	}
	if w.locked, err = d.stripes.lock(ctx, keys); err != nil {
		d.pending.Release(w.weight)
		return err
	}
	for _, build := range builds {
		if err = w.add(ctx, build, min(size, batchBytes)); err != nil {
			break
		}
	}
	return w.end(ctx, err)
}

// writing is a row of changes that are being stored.
type writing struct {
	d      *Driver
	keys   []string
	locked []int
	weight int64
	// flight is nil until the engine has been given a change.
	flight *flight
	// stored are the changes that the engine has been given, last is the one that it gets next.
	stored []*change
	last   *change
	// room has a value for each change that the engine has not confirmed.
	room    chan struct{}
	running sync.WaitGroup
	mu      sync.Mutex
	failed  error
}

// add builds a change of about size bytes, and passes the one before to the engine.
func (w *writing) add(ctx context.Context, build func(*change) error, size int) error {
	if w.last != nil {
		select {
		case w.room <- struct{}{}:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		c := w.begin()
		w.running.Go(func() {
			w.store(c)
			<-w.room
		})
	}
	c := &change{d: w.d, now: w.d.now().UnixNano(), soonest: never}
	if size < longBatch {
		c.batch = w.d.db.NewBatch()
	} else {
		// So it need not grow, which copies it. Its keys, and what describes its values, take about a 64th.
		c.batch = w.d.db.NewBatchWithSize(size + size/64)
	}
	if err := w.d.try(func() error { return build(c) }); err != nil || c.batch.Empty() {
		_ = c.batch.Close()
		return err
	}
	w.last = c
	return nil
}

// begin returns the last change, which the caller passes to the engine.
func (w *writing) begin() *change {
	c := w.last
	w.last = nil
	if w.flight == nil {
		w.d.commits.Add(1)
		w.flight = w.d.unconfirmed.add(w.d.db, w.keys, w.locked)
	}
	w.stored = append(w.stored, c)
	return c
}

// store passes a change to the engine and waits until it is stored.
func (w *writing) store(c *change) {
	if err := protect(func() error { return c.batch.Commit(pebble.Sync) }); err != nil {
		w.d.gate.failed(err, true)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.failed = err
		return
	}
	_ = c.batch.Close()
}

// end passes the last change to the engine, unless err says that there is none, and waits until all are stored or ctx
// is done. In the latter case the engine may still store them, so the locks are held, and reads see what was there
// before, until the engine has finished. If it fails, that is so until the directory is opened again.
func (w *writing) end(ctx context.Context, err error) error {
	if err != nil && w.last != nil {
		_ = w.last.batch.Close()
		w.last = nil
	}
	if w.last == nil && w.flight == nil {
		w.release()
		return err
	}
	var last *change
	if w.last != nil {
		last = w.begin()
	}
	done := make(chan error, 1)
	go w.finish(last, done)
	if err != nil {
		return err
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// finish passes the last change to the engine, unless it is nil, and makes all of them visible once they are stored.
func (w *writing) finish(last *change, done chan<- error) {
	defer w.d.commits.Done()
	if last != nil {
		w.store(last)
	}
	w.running.Wait()
	if w.failed != nil {
		done <- w.failed
		return
	}
	freed := int64(0)
	for _, c := range w.stored {
		w.d.counted.Add(c.counted)
		w.d.freed.Add(c.freed)
		freed += c.freed
		w.d.floor.stored(c.soonest)
	}
	w.d.unconfirmed.confirm(w.locked)
	for _, c := range w.stored {
		c.tell()
	}
	w.release()
	done <- nil
	if err := protect(func() error { return w.d.spent.add(w.flight.confirmed(), freed) }); err != nil {
		w.d.logger.Error("storage engine", "error", err)
	}
}

// tell tells those who watch.
func (c *change) tell() {
	for _, n := range c.told {
		if n.event == nil {
			c.d.watchers.Tell(n.key, nil)
		} else {
			c.d.watchers.TellOf(n.key, n.event)
		}
	}
}

func (w *writing) release() {
	w.d.stripes.unlock(w.locked)
	w.d.pending.Release(w.weight)
}
