package metamorphic

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	"edgeframe/kv"
	"edgeframe/kv/kvtest"
	"edgeframe/session"
)

// instances is the number of services on the store of a sequence.
const instances = 2

// backend is a kind of store. All sequences on it share one engine.
type backend struct {
	driver kv.Driver
	// eventual shows the engine to each instance as a location of an eventually consistent store.
	eventual bool
	// reopen, unless it is nil, closes the engine and opens it again.
	reopen func() (kv.Driver, error)
	// tamper, unless it is nil, makes the service do another step than the model.
	tamper func(Step) Step
	// wrap, unless it is nil, is put around the engine.
	wrap func(kv.Driver) kv.Driver
}

// world is the service and the model of it, as a sequence goes on.
type world struct {
	ctx       context.Context
	on        *backend
	options   Step
	clock     *clock
	faults    faults
	engine    *expiring
	locations [instances]*kvtest.Eventual
	stores    [instances]*kv.Store
	services  [instances]*session.Service
	model     *model
	clients   [slots]*client
	// turn counts observations.
	turn int
	// tally, unless it is nil, counts what came about.
	tally map[string]int
}

// sequences counts the worlds of the process, so that each has keys of its own.
var sequences atomic.Int64

// newWorld begins a sequence whose first step may be its options.
func newWorld(ctx context.Context, b *backend, steps []Step) *world {
	w := &world{ctx: ctx, on: b, clock: newClock()}
	if len(steps) > 0 && steps[0].Do == "options" {
		w.options = steps[0]
	}
	w.model = &model{now: w.clock.Now(), most: w.options.MaxVersions, eventual: b.eventual}
	w.engine = newExpiring(b.driver, w.clock)
	prefix := fmt.Sprintf("sequence-%d", sequences.Add(1))
	shared := w.engine.driver()
	if b.wrap != nil {
		shared = b.wrap(shared)
	}
	for i := range instances {
		driver := shared
		if b.eventual {
			w.locations[i] = kvtest.NewEventual(shared)
			driver = w.locations[i]
		}
		w.stores[i] = kv.New(newFaulty(driver, &w.faults), prefix)
	}
	w.restart()
	for i := range slots {
		w.clients[i] = nobody()
	}
	return w
}

// restart begins with new instances, which know nothing.
func (w *world) restart() {
	for i := range instances {
		w.services[i] = service(w.stores[i], w.clock, w.options)
	}
}

// run runs steps on a backend. The error says which step fails.
func run(ctx context.Context, b *backend, steps []Step, tally map[string]int) (err error) {
	w := newWorld(ctx, b, steps)
	w.tally = tally
	defer func() { err = errors.Join(err, w.engine.wipe(ctx)) }()
	for i, s := range steps {
		if err := w.guarded(s); err != nil {
			return fmt.Errorf("step %d, %s: %w", i+1, s, err)
		}
	}
	for slot := range slots {
		if err := w.guarded(Step{Do: "delete", Session: slot}); err != nil {
			return fmt.Errorf("deletion of session %d at the end: %w", slot, err)
		}
	}
	return nil
}

// guarded is step, with a panic as an error.
func (w *world) guarded(s Step) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return w.step(s)
}

func (w *world) count(what string) {
	if w.tally != nil {
		w.tally[what]++
	}
}

func (w *world) step(s Step) error {
	switch s.Do {
	case "options":
		return nil
	case "advance":
		return w.advance(time.Duration(s.Milliseconds) * time.Millisecond)
	case "stale":
		return w.fallBehind(s.At)
	case "restart":
		if w.on.reopen != nil {
			driver, err := w.on.reopen()
			if err != nil {
				return err
			}
			w.on.driver, w.engine.Driver = driver, driver
		}
		w.restart()
		return nil
	}
	if err := w.settle(s); err != nil {
		return err
	}
	var err error
	switch s.Do {
	case "read":
		err = w.read(s)
	case "dry_run":
		err = w.dryRun(s)
	case "describe":
		err = w.describe(s)
	default:
		for range max(1, s.Times) {
			if err = w.change(s); err != nil {
				break
			}
		}
	}
	if err != nil {
		return err
	}
	return w.observe(s.Session, s.At)
}

// advance moves the clock by more than an eventually consistent store shows what is old.
func (w *world) advance(d time.Duration) error {
	w.clock.advance(d)
	w.model.advance(d)
	w.refresh()
	return w.engine.purge(w.ctx)
}

// fallBehind makes a location show what is stored now until it is refreshed.
func (w *world) fallBehind(at int) error {
	l := w.locations[at]
	if l == nil {
		return nil
	}
	l.Stale(false)
	_, err := l.Get(w.ctx, w.engine.left(""))
	l.Stale(true)
	return err
}

// refresh makes all locations see what is stored.
func (w *world) refresh() {
	for _, l := range w.locations {
		if l != nil {
			l.Stale(false)
		}
	}
}

// settle finds out whether the session of a step has ended, where the model cannot know. A
// location that is behind does not know of the latest access.
func (w *world) settle(s Step) error {
	if !w.model.uncertain(s.Session) {
		return nil
	}
	w.refresh()
	c := w.clients[s.Session]
	_, err := open(w.ctx, w.services[s.At], session.Ref{ID: c.id, After: c.newest()}, 0)
	switch {
	case errors.Is(err, session.ErrSessionNotFound):
		w.model.sessions[s.Session] = nil
	case err != nil:
		return err
	default:
		w.model.access(s.Session)
	}
	return nil
}
