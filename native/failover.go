//go:build !js

package native

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"edgeframe/api"
	"edgeframe/kv"
	"edgeframe/kv/breaker"
	"edgeframe/kv/fallback"
	"edgeframe/kv/redis"
	"edgeframe/session"
)

const (
	// movesAtOnce is how many sessions are moved at the same time.
	movesAtOnce = 4
	// minProbePause is the shortest time between two looks whether Redis can be probed.
	minProbePause = 50 * time.Millisecond
	// longestUpload is how long uploads that were found at the start are known; none lives longer.
	longestUpload = session.MaxTTL
)

// failover watches the breaker in front of Redis, and with STORAGE_RUNTIME_FALLBACK moves the sessions of the
// embedded store to Redis when it can be used again.
type failover struct {
	cfg     Config
	log     *Log
	breaker *breaker.Driver
	// redis is nil until Redis has been reached.
	redis atomic.Pointer[redis.Driver]
	// stores is nil without STORAGE_RUNTIME_FALLBACK, and so are local and mover.
	stores *fallback.Driver
	local  *kv.Store
	mover  *session.Mover

	// wake receives when the breaker has closed.
	wake  chan struct{}
	moved atomic.Int64

	mu sync.Mutex
	// outage says since when Redis cannot be used and why; the zero value says that it can.
	outage api.Fallback
	// kept has the sessions that cannot be moved.
	kept map[string]bool
}

// newFailover returns the failover for a Redis that answers, or with an error for one that does not and has to be
// opened later.
func newFailover(cfg Config, driver *redis.Driver, cause error, log *Log, hooks []goredis.Hook) *failover {
	f := &failover{cfg: cfg, log: log, wake: make(chan struct{}, 1), kept: map[string]bool{}}
	opt := breaker.Options{Failures: cfg.BreakerFailures, OpenFor: cfg.BreakerOpenFor, IsOutage: redis.IsOutage, Changed: f.changed}
	if cause == nil {
		f.redis.Store(driver)
		f.breaker = breaker.New(driver, opt)
		return f
	}
	f.outage = api.Fallback{Active: true, Reason: cause.Error(), Since: time.Now()}
	open := func(ctx context.Context) (kv.Driver, error) {
		driver, err := reopenRedis(ctx, cfg, hooks)
		if err != nil {
			return nil, err
		}
		f.redis.Store(driver)
		return driver, nil
	}
	f.breaker = breaker.NewOpen(new(redis.Driver).Info(), open, cause, opt)
	return f
}

// reopenRedis connects to the Redis that did not answer at the start.
func reopenRedis(ctx context.Context, cfg Config, hooks []goredis.Hook) (*redis.Driver, error) {
	opt, err := cfg.redisOptions()
	if err != nil {
		return nil, err
	}
	opt.Hooks = hooks
	ctx, cancel := context.WithTimeout(ctx, cfg.RedisConnectTimeout)
	defer cancel()
	return redis.Open(ctx, opt)
}

// poolStats returns the numbers of the connections to Redis.
func (f *failover) poolStats() *goredis.PoolStats {
	if driver := f.redis.Load(); driver != nil {
		return driver.PoolStats()
	}
	return &goredis.PoolStats{}
}

// changed logs that the breaker has opened, or closed if cause is nil.
func (f *failover) changed(cause error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if cause == nil {
		lasted := time.Since(f.outage.Since).Round(time.Millisecond)
		f.outage = api.Fallback{}
		f.log.Line(slog.LevelInfo, fmt.Sprintf("✅ Redis: answers again after %s", lasted), "event", "breaker", "state", "closed", "lasted_ms", lasted.Milliseconds())
		select {
		case f.wake <- struct{}{}:
		default:
		}
		return
	}
	reason := cmp.Or(f.cfg.explainHealth(cause), "Redis does not answer")
	f.outage = api.Fallback{Active: true, Reason: reason, Since: time.Now()}
	clear(f.kept)
	consequence := "requests for sessions fail at once"
	if f.stores != nil {
		consequence = "new sessions go to the embedded store, requests for sessions on Redis fail at once"
	}
	f.log.Line(slog.LevelWarn, fmt.Sprintf("⚠️  Redis: %d calls in a row have failed; %s, and it is tried every %g s: %s", f.cfg.BreakerFailures, consequence, f.cfg.BreakerOpenFor.Seconds(), reason),
		"event", "breaker", "state", "open", "reason", reason)
}

// withEmbedded puts the embedded store beside Redis.
func (f *failover) withEmbedded(ctx context.Context, embedded kv.Driver, changes *line) error {
	f.stores = fallback.New(fallback.Options{Primary: f.breaker, Local: embedded, Usable: f.breaker.Closed, Prefix: f.cfg.KeyPrefix + ":"})
	f.local = kv.New(embedded, f.cfg.KeyPrefix)
	f.mover = &session.Mover{
		From: f.local, To: kv.New(f.breaker, f.cfg.KeyPrefix),
		Hold: func(ctx context.Context, id string) (session.Hold, error) { return hold(ctx, f.stores, changes, id) },
	}
	if err := f.find(ctx); err != nil {
		return fmt.Errorf("look for sessions in the embedded store: %w", err)
	}
	return f.settle(ctx)
}

// held is a session that does not change.
type held struct {
	*fallback.Hold
	leave func(lost int)
}

// Release implements [session.Hold].
func (h held) Release() {
	h.Hold.Release()
	h.leave(0)
}

// errBusy says that a session is changed all the time. It is tried again.
var errBusy = errors.New("the session is busy")

// hold waits until it is its turn among the changes of a session, and takes hold of it.
func hold(ctx context.Context, stores *fallback.Driver, changes *line, id string) (session.Hold, error) {
	leave, err := changes.enter(ctx, id)
	if err != nil {
		return nil, errors.Join(errBusy, err)
	}
	h := stores.Hold(id)
	if h == nil {
		leave(0)
		return nil, nil
	}
	return held{h, leave}, nil
}

// find tells the stores what the embedded store has from earlier runs. While Redis does not answer, sessions that may
// have arrived there are in doubt.
func (f *failover) find(ctx context.Context) error {
	sessions, notes := map[string]bool{}, []string{}
	for cursor := ""; ; {
		page, err := f.local.ListKeys(ctx, "", cursor, kv.MaxListLimit)
		if err != nil {
			return err
		}
		for _, key := range page.Keys {
			switch id := kv.HashTag(key); {
			case session.IsHead(key):
				sessions[id] = true
			case session.IsNote(key):
				// Of a session that has ended an announcement may be left in Redis.
				sessions[id], notes = true, append(notes, session.NoteKey(id))
			case strings.Contains(key, "}:upload"):
				f.stores.Add(id, time.Now().Add(longestUpload))
			}
		}
		if cursor = page.Cursor; cursor == "" {
			break
		}
	}
	doubtful, err := f.doubtful(ctx, notes)
	for id := range sessions {
		f.stores.AddCounted(id, doubtful[id])
	}
	return err
}

// doubtful returns the sessions of which notes say that they may have moved.
func (f *failover) doubtful(ctx context.Context, notes []string) (map[string]bool, error) {
	ids := map[string]bool{}
	for part := range slices.Chunk(notes, kv.MaxListLimit) {
		values, err := f.local.GetMany(ctx, part)
		if err != nil {
			return nil, err
		}
		for i, key := range part {
			ids[kv.HashTag(key)] = session.MayHaveMoved(values[i])
		}
	}
	return ids, nil
}

// settle finds out which sessions have arrived in Redis already. From then on the others are known not to be there.
func (f *failover) settle(ctx context.Context) error {
	ids := f.stores.Tags()
	if len(ids) == 0 || !f.breaker.Closed() {
		return nil
	}
	_, err := f.each(ctx, ids, func(ctx context.Context, id string) (session.Movement, error) {
		movement, err := f.mover.Settle(ctx, id)
		if errors.Is(err, kv.ErrFull) || errors.Is(err, kv.ErrNotReplicated) {
			// It is tried again when sessions are moved.
			err = nil
		}
		return movement, err
	})
	if f.unusable(err) {
		// It is gone again. They are settled when they are moved.
		return nil
	}
	return err
}

// unusable reports whether an error is of Redis.
func (f *failover) unusable(err error) bool {
	return errors.Is(err, kv.ErrUnavailable)
}

// run probes Redis while the breaker is open, and moves sessions while it is closed, until ctx is done.
func (f *failover) run(ctx context.Context) {
	for {
		pause := f.cfg.BreakerOpenFor
		switch s := f.breaker.Stats(); {
		case s.State == "closed":
			f.moveAll(ctx)
		case s.RetryAfter > 0:
			pause = s.RetryAfter
		default:
			// The breaker keeps the outcome.
			_, _ = f.breaker.Health(ctx)
			pause = f.breaker.Stats().RetryAfter
		}
		select {
		case <-ctx.Done():
			return
		case <-f.wake:
		case <-time.After(max(pause, minProbePause)):
		}
	}
}

// moveAll moves the sessions of the embedded store to Redis.
func (f *failover) moveAll(ctx context.Context) {
	if f.stores == nil {
		return
	}
	ids := f.waiting()
	if len(ids) == 0 {
		return
	}
	start := time.Now()
	moved, err := f.each(ctx, ids, f.mover.Move)
	f.moved.Add(int64(moved))
	if err != nil && ctx.Err() == nil {
		f.log.Warn("sessions of the embedded store could not be moved to Redis; they are tried again", "event", "fallback_move", "moved", moved, "error", err)
	}
	if moved > 0 {
		f.log.Line(slog.LevelInfo, fmt.Sprintf("💾 %d sessions were moved from the embedded store to Redis", moved), "event", "fallback_moved", "sessions", moved, "took_ms", time.Since(start).Milliseconds())
	}
}

// waiting returns the items of the embedded store but those that cannot be moved.
func (f *failover) waiting() (ids []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, id := range f.stores.Tags() {
		if !f.kept[id] {
			ids = append(ids, id)
		}
	}
	return ids
}

// each runs work for sessions, until a store fails, and returns how many are in Redis now that were not.
func (f *failover) each(ctx context.Context, ids []string, work func(context.Context, string) (session.Movement, error)) (moved int, err error) {
	var n atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(movesAtOnce)
	for _, id := range ids {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error {
			movement, err := work(ctx, id)
			if movement == session.Moved {
				n.Add(1)
			}
			if own, ok := errors.AsType[*session.Error](err); ok {
				f.keep(id, own)
				return nil
			}
			if errors.Is(err, errBusy) {
				return nil
			}
			return err
		})
	}
	err = group.Wait()
	return int(n.Load()), err
}

// keep notes that a session cannot be moved.
func (f *failover) keep(id string, err error) {
	f.mu.Lock()
	known := f.kept[id]
	f.kept[id] = true
	f.mu.Unlock()
	if !known {
		f.log.Warn("a session stays in the embedded store of this server", "event", "fallback_kept", "error", err)
	}
}

// present is what the health document says about the stores now.
func (f *failover) present() api.Present {
	s := f.breaker.Stats()
	f.mu.Lock()
	defer f.mu.Unlock()
	p := api.Present{
		Info:    f.breaker.Info(),
		Breaker: &api.Breaker{State: s.State, Opened: s.Opened, RetryAfter: s.RetryAfter},
	}
	p.RedisAvailable = s.State == "closed"
	if f.stores == nil {
		return p
	}
	p.Moving = &api.Moving{Waiting: f.stores.Waiting(), Moved: f.moved.Load(), Kept: len(f.kept)}
	if !p.RedisAvailable {
		p.Info.Type, p.Info.Class = f.local.Info().Type, f.local.Info().Class
		p.Fallback = f.outage
	}
	return p
}
