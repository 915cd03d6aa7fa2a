//go:build !js

// Package breaker is a circuit breaker in front of a [kv.Driver] on the network.
//
// After a number of consecutive outages the engine is not called any more: calls fail at once with a
// [kv.Outage], which says when the engine is asked again. Then a single call is let through, the probe.
// If the engine answers, everything works again; otherwise the next probe follows after the same time.
// The owner says what an outage is. An error that the engine answers with is not one, and neither is a call
// that its caller has canceled. The package starts nothing in the background: the probe is the first call
// after the time has passed.
package breaker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"

	"edgeframe/kv"
)

// Options configure a breaker.
type Options struct {
	// Failures is the number of consecutive outages after which the engine is not called, at least 1.
	Failures int
	// OpenFor is how long the engine is not called.
	OpenFor time.Duration
	// IsOutage reports whether an error of the engine is an outage.
	IsOutage func(error) bool
	// Changed is called when calls begin to fail at once, with the last error of the engine, and with nil when
	// the engine answers again. It is not called for probes that fail. It must return soon, and must not use
	// the driver. It may be nil.
	Changed func(cause error)
}

// Stats are the state of a breaker, and counters that only grow.
type Stats struct {
	// State is "closed" while calls reach the engine, "open" while they fail at once, and "half-open" while
	// the next call is the probe, or a probe is on its way.
	State string
	// Cause is the error with which the engine failed last while the state is not "closed"; otherwise nil.
	Cause error
	// RetryAfter is how long it is until the next probe.
	RetryAfter time.Duration
	// Opened is how often calls began to fail at once, Rejected the number of these calls.
	Opened, Rejected int64
}

// Driver is a driver behind a breaker.
type Driver struct {
	opt  Options
	info kv.Info
	open func(context.Context) (kv.Driver, error)

	circuit *gobreaker.CircuitBreaker[struct{}]

	mu     sync.Mutex
	engine kv.Driver // nil until it has been opened
	cause  error     // the last outage
	until  time.Time // when the state that is "open" ends
	down   bool
	// pending are those who began to watch before the engine was opened.
	pending map[*pending]struct{}

	opened, rejected atomic.Int64
}

var (
	_ kv.Driver    = (*Driver)(nil)
	_ kv.Committer = (*Driver)(nil)
	_ kv.Confirmer = (*Driver)(nil)
	_ kv.Watcher   = (*Driver)(nil)
)

// New returns d behind a breaker.
func New(d kv.Driver, opt Options) *Driver {
	b := newDriver(d.Info(), opt)
	b.engine = d
	return b
}

// NewOpen returns a breaker in front of an engine that could not be opened because of cause. A probe opens
// it. The info is that of the engine. Changed is not called for this outage before it ends.
func NewOpen(info kv.Info, open func(context.Context) (kv.Driver, error), cause error, opt Options) *Driver {
	changed := opt.Changed
	opt.Changed = nil
	b := newDriver(info, opt)
	b.open = open
	for range opt.Failures {
		_, _ = b.circuit.Execute(func() (struct{}, error) {
			b.failed(cause)
			return struct{}{}, cause
		})
	}
	b.opt.Changed = changed
	return b
}

func newDriver(info kv.Info, opt Options) *Driver {
	b := &Driver{opt: opt, info: info}
	b.circuit = gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		MaxRequests:   1,
		Timeout:       opt.OpenFor,
		ReadyToTrip:   func(c gobreaker.Counts) bool { return int(c.ConsecutiveFailures) >= opt.Failures },
		OnStateChange: func(_ string, _, to gobreaker.State) { b.changed(to) },
		IsExcluded:    func(err error) bool { return errors.Is(err, errNotCounted) },
	})
	return b
}

// errNotCounted is the result of calls that say nothing about the engine.
var errNotCounted = errors.New("not counted")

// changed follows the state of the circuit. The circuit is locked meanwhile.
func (b *Driver) changed(to gobreaker.State) {
	b.mu.Lock()
	was := b.down
	switch to {
	case gobreaker.StateOpen:
		b.down, b.until = true, time.Now().Add(b.opt.OpenFor)
	case gobreaker.StateClosed:
		b.down = false
	}
	down, cause := b.down, b.cause
	b.mu.Unlock()
	if down == was {
		return
	}
	if down {
		b.opened.Add(1)
	} else {
		cause = nil
	}
	if b.opt.Changed != nil {
		b.opt.Changed(cause)
	}
}

// Closed reports whether calls reach the engine.
func (b *Driver) Closed() bool { return b.circuit.State() == gobreaker.StateClosed }

// Stats returns the present state.
func (b *Driver) Stats() Stats {
	state := b.circuit.State()
	b.mu.Lock()
	defer b.mu.Unlock()
	s := Stats{State: state.String(), Opened: b.opened.Load(), Rejected: b.rejected.Load()}
	if state != gobreaker.StateClosed {
		s.Cause, s.RetryAfter = b.cause, max(0, time.Until(b.until))
	}
	return s
}

// call makes a call of the engine, unless the breaker forbids it. A success closes the circuit; if it is
// weak, only that of a probe says anything.
func (b *Driver) call(ctx context.Context, weak bool, do func(kv.Driver) error) error {
	var answer error
	_, err := b.circuit.Execute(func() (struct{}, error) {
		d, err := b.opening(ctx)
		if err == nil {
			err = do(d)
		}
		answer = err
		return struct{}{}, b.judge(ctx, weak, err)
	})
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return b.reject()
	}
	return answer
}

// opening returns the engine, which the first probe has to open if it could not be opened at the start. No
// other call comes here meanwhile.
func (b *Driver) opening(ctx context.Context) (kv.Driver, error) {
	b.mu.Lock()
	d := b.engine
	b.mu.Unlock()
	if d != nil {
		return d, nil
	}
	d, err := b.open(ctx)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	b.engine = d
	waiting := b.pending
	b.pending = nil
	for p := range waiting {
		p.stop = kv.WatchOn(d, p.key, p.tell)
	}
	b.mu.Unlock()
	return d, nil
}

// judge returns what the outcome of a call means for the circuit.
func (b *Driver) judge(ctx context.Context, weak bool, err error) error {
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return errNotCounted
	case err == nil:
		if weak && b.Closed() {
			return errNotCounted
		}
		return nil
	case b.opt.IsOutage(err) || errors.Is(err, context.DeadlineExceeded):
		b.failed(err)
		return err
	}
	return nil
}

func (b *Driver) failed(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cause = err
}

// reject returns the error of a call that is not made.
func (b *Driver) reject() error {
	b.rejected.Add(1)
	b.mu.Lock()
	defer b.mu.Unlock()
	return &kv.Outage{
		RetryAfter: max(0, time.Until(b.until)),
		Err:        fmt.Errorf("%s is not asked after %d failures in a row, the last of which was: %w", b.info.Type, b.opt.Failures, b.cause),
	}
}

// Info implements [kv.Driver].
func (b *Driver) Info() kv.Info { return b.info }

// Get implements [kv.Driver].
func (b *Driver) Get(ctx context.Context, keys []string) (values [][]byte, err error) {
	err = b.call(ctx, false, func(d kv.Driver) (err error) {
		values, err = d.Get(ctx, keys)
		return err
	})
	return values, err
}

// Set implements [kv.Driver].
func (b *Driver) Set(ctx context.Context, items []kv.Item, ttl time.Duration) error {
	return b.call(ctx, false, func(d kv.Driver) error { return d.Set(ctx, items, ttl) })
}

// CompareAndSwap implements [kv.Driver].
func (b *Driver) CompareAndSwap(ctx context.Context, item kv.Item, old kv.Revision, ttl time.Duration) error {
	return b.call(ctx, false, func(d kv.Driver) error { return d.CompareAndSwap(ctx, item, old, ttl) })
}

// Commit implements [kv.Committer].
func (b *Driver) Commit(ctx context.Context, c kv.Commit) (values [][]byte, err error) {
	err = b.call(ctx, false, func(d kv.Driver) (err error) {
		values, err = kv.CommitOn(ctx, d, c)
		return err
	})
	return values, err
}

// Confirm implements [kv.Confirmer].
func (b *Driver) Confirm(ctx context.Context, key string, shown kv.Revision) error {
	return b.call(ctx, false, func(d kv.Driver) error { return kv.ConfirmOn(ctx, d, key, shown) })
}

// pending is one who watches a key of an engine that is not open, or was not when that began.
type pending struct {
	key  string
	tell func(event []byte)
	stop func() // nil until the engine is open
}

// Watch implements [kv.Watcher]. It is no call of the engine, which waits for its server by itself.
func (b *Driver) Watch(key string, tell func(event []byte)) (stop func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.engine != nil {
		return kv.WatchOn(b.engine, key, tell)
	}
	if b.pending == nil {
		b.pending = map[*pending]struct{}{}
	}
	p := &pending{key: key, tell: tell}
	b.pending[p] = struct{}{}
	return func() {
		b.mu.Lock()
		delete(b.pending, p)
		stop := p.stop
		b.mu.Unlock()
		if stop != nil {
			stop()
		}
	}
}

// Delete implements [kv.Driver].
func (b *Driver) Delete(ctx context.Context, keys []string) error {
	return b.call(ctx, false, func(d kv.Driver) error { return d.Delete(ctx, keys) })
}

// Touch implements [kv.Driver].
func (b *Driver) Touch(ctx context.Context, keys []string, ttl time.Duration) error {
	return b.call(ctx, false, func(d kv.Driver) error { return d.Touch(ctx, keys, ttl) })
}

// List implements [kv.Driver].
func (b *Driver) List(ctx context.Context, prefix, cursor string, limit int) (page kv.Page, err error) {
	err = b.call(ctx, false, func(d kv.Driver) (err error) {
		page, err = d.List(ctx, prefix, cursor, limit)
		return err
	})
	return page, err
}

// Count implements [kv.Driver].
func (b *Driver) Count(ctx context.Context) (count kv.Count, err error) {
	err = b.call(ctx, true, func(d kv.Driver) (err error) {
		count, err = d.Count(ctx)
		return err
	})
	return count, err
}

// Health implements [kv.Driver]. It fails at once as all calls do, and may be the probe. That it succeeds
// between failures of other calls does not count: an engine may answer to a greeting and to nothing else.
func (b *Driver) Health(ctx context.Context) (details map[string]any, err error) {
	err = b.call(ctx, true, func(d kv.Driver) (err error) {
		details, err = d.Health(ctx)
		return err
	})
	return details, err
}

// Close implements [kv.Driver].
func (b *Driver) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.engine == nil {
		return nil
	}
	return b.engine.Close()
}
