package metamorphic

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"edgeframe/kv"
)

// clock is a clock that only tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)} }

// Now is the time.
func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// engineTTL is added to each TTL that an engine is given. Its own clock must not end anything.
const engineTTL = time.Hour

// expiring is a driver whose items expire by a [clock]: it notes when, and purge deletes them.
type expiring struct {
	kv.Driver
	clock *clock

	mu   sync.Mutex
	ends map[string]time.Time
}

func newExpiring(d kv.Driver, c *clock) *expiring {
	return &expiring{Driver: d, clock: c, ends: map[string]time.Time{}}
}

// driver returns e, with Commit if the engine has it.
func (e *expiring) driver() kv.Driver {
	if _, ok := e.Driver.(kv.Committer); ok {
		return expiringCommitter{e}
	}
	return e
}

func (e *expiring) stored(ttl time.Duration, keys ...string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, key := range keys {
		e.ends[key] = e.clock.Now().Add(ttl)
	}
}

// touched extends the keys that are present and would expire earlier, as [kv.Driver] says of Touch.
func (e *expiring) touched(ttl time.Duration, keys []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	until := e.clock.Now().Add(ttl)
	for _, key := range keys {
		if end, present := e.ends[key]; present && end.Before(until) {
			e.ends[key] = until
		}
	}
}

func (e *expiring) removed(keys []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, key := range keys {
		delete(e.ends, key)
	}
}

func keysOf(items []kv.Item) []string {
	keys := make([]string, len(items))
	for i, it := range items {
		keys[i] = it.Key
	}
	return keys
}

// Set implements [kv.Driver].
func (e *expiring) Set(ctx context.Context, items []kv.Item, ttl time.Duration) error {
	err := e.Driver.Set(ctx, items, ttl+engineTTL)
	e.stored(ttl, keysOf(items)...)
	return err
}

// CompareAndSwap implements [kv.Driver].
func (e *expiring) CompareAndSwap(ctx context.Context, item kv.Item, old kv.Revision, ttl time.Duration) error {
	err := e.Driver.CompareAndSwap(ctx, item, old, ttl+engineTTL)
	if err == nil {
		e.stored(ttl, item.Key)
	}
	return err
}

// Touch implements [kv.Driver].
func (e *expiring) Touch(ctx context.Context, keys []string, ttl time.Duration) error {
	err := e.Driver.Touch(ctx, keys, ttl+engineTTL)
	e.touched(ttl, keys)
	return err
}

// Delete implements [kv.Driver].
func (e *expiring) Delete(ctx context.Context, keys []string) error {
	err := e.Driver.Delete(ctx, keys)
	if err == nil {
		e.removed(keys)
	}
	return err
}

type expiringCommitter struct{ *expiring }

// Commit implements [kv.Committer].
func (e expiringCommitter) Commit(ctx context.Context, c kv.Commit) ([][]byte, error) {
	longer := c
	longer.TTL, longer.SwapTTL = c.TTL+engineTTL, c.SwapTTL+engineTTL
	values, err := e.Driver.(kv.Committer).Commit(ctx, longer)
	e.stored(c.TTL, keysOf(c.Put)...)
	e.touched(c.TTL, c.Touch)
	if err == nil {
		e.stored(c.SwapTTL, c.Swap.Key)
		e.removed(c.Drop)
	}
	return values, err
}

// purge deletes what has expired.
func (e *expiring) purge(ctx context.Context) error {
	return e.deleteIf(ctx, func(_ string, end time.Time) bool { return !end.After(e.clock.Now()) })
}

// wipe deletes everything.
func (e *expiring) wipe(ctx context.Context) error {
	return e.deleteIf(ctx, func(string, time.Time) bool { return true })
}

func (e *expiring) deleteIf(ctx context.Context, gone func(key string, end time.Time) bool) error {
	e.mu.Lock()
	var keys []string
	for key, end := range e.ends {
		if gone(key, end) {
			keys = append(keys, key)
		}
	}
	e.mu.Unlock()
	if len(keys) == 0 {
		return nil
	}
	return e.Delete(ctx, keys)
}

// left lists the keys of a session that are stored.
func (e *expiring) left(id string) (keys []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for key := range e.ends {
		if strings.Contains(key, id) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// faults decides what happens to the next write of a head.
type faults struct {
	// before runs once before the write, after once when it has succeeded.
	before, after func()
	// lose is what is lost once: see [Step.Lose].
	lose string
	// fired is what was lost.
	fired string
}

var errLost = errors.New("the connection broke")

// take returns whether to lose what, now.
func (f *faults) take(what string) bool {
	if f.lose != what {
		return false
	}
	f.lose, f.fired = "", what
	return true
}

// write makes a write of a head. What loses nothing because it fails by itself is no fault.
func (f *faults) write(call func() error) error {
	if before := f.before; before != nil {
		f.before = nil
		before()
	}
	if f.take("request") {
		return errLost
	}
	if err := call(); err != nil {
		return err
	}
	if after := f.after; after != nil {
		f.after = nil
		after()
	}
	if f.take("answer") {
		return errLost
	}
	if f.take("retry") {
		return call()
	}
	return nil
}

// faulty is a driver that loses what faults say.
type faulty struct {
	kv.Driver
	*faults
}

func newFaulty(d kv.Driver, f *faults) kv.Driver {
	if c, ok := d.(kv.Committer); ok {
		return faultyCommitter{faulty{d, f}, c}
	}
	return faulty{d, f}
}

func isHead(key string) bool { return strings.HasSuffix(key, ":head") }

// Set implements [kv.Driver].
func (f faulty) Set(ctx context.Context, items []kv.Item, ttl time.Duration) error {
	call := func() error { return f.Driver.Set(ctx, items, ttl) }
	if slices.ContainsFunc(keysOf(items), isHead) {
		return f.write(call)
	}
	err := call()
	isSegment := func(key string) bool { return strings.Contains(key, ":seg:") }
	if err == nil && slices.ContainsFunc(keysOf(items), isSegment) && f.take("segments") {
		return errLost
	}
	return err
}

// CompareAndSwap implements [kv.Driver].
func (f faulty) CompareAndSwap(ctx context.Context, item kv.Item, old kv.Revision, ttl time.Duration) error {
	return f.write(func() error { return f.Driver.CompareAndSwap(ctx, item, old, ttl) })
}

// Delete implements [kv.Driver].
func (f faulty) Delete(ctx context.Context, keys []string) error {
	call := func() error { return f.Driver.Delete(ctx, keys) }
	if slices.ContainsFunc(keys, isHead) {
		return f.write(call)
	}
	return call()
}

type faultyCommitter struct {
	faulty
	committer kv.Committer
}

// Commit implements [kv.Committer].
func (f faultyCommitter) Commit(ctx context.Context, c kv.Commit) (values [][]byte, err error) {
	err = f.write(func() (err error) {
		values, err = f.committer.Commit(ctx, c)
		return err
	})
	return values, err
}
