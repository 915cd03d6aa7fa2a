//go:build !js

package breaker

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgeframe/kv"
	"edgeframe/kv/kvtest"
	"edgeframe/kv/memory"
)

var errOutage = errors.New("no answer")

// fixture is a breaker in front of an engine that counts the calls which reach it.
type fixture struct {
	*testing.T
	*Driver
	mu      sync.Mutex
	reached int
	fails   error
	during  func()
	changes []error
}

func newFixture(t *testing.T, failures int) *fixture {
	f := &fixture{T: t}
	engine := &kvtest.Failing{Driver: memory.New(), Hook: func(string, []string) error {
		f.mu.Lock()
		f.reached++
		err, during := f.fails, f.during
		f.mu.Unlock()
		if during != nil {
			during()
		}
		return err
	}}
	f.Driver = New(engine, f.options(failures))
	return f
}

func (f *fixture) options(failures int) Options {
	return Options{
		Failures: failures, OpenFor: time.Second,
		IsOutage: func(err error) bool { return errors.Is(err, errOutage) },
		Changed:  func(cause error) { f.changes = append(f.changes, cause) },
	}
}

func (f *fixture) get() error {
	_, err := f.Get(context.Background(), []string{"k"})
	return err
}

func (f *fixture) want(state string, reached int) {
	f.Helper()
	if s := f.Stats(); s.State != state || f.reached != reached {
		f.Errorf("%s, and %d calls have reached the engine, want %s and %d", s.State, f.reached, state, reached)
	}
}

// expiring is an engine on the network: it removes expired data itself.
type expiring struct{ *memory.Driver }

func (e expiring) Info() kv.Info {
	info := e.Driver.Info()
	info.Capabilities.NativeExpiry = true
	return info
}

func TestTheContractHoldsBehindABreaker(t *testing.T) {
	kvtest.Run(t, func(*testing.T) kv.Driver {
		return New(expiring{memory.New()}, Options{Failures: 1, OpenFor: time.Second, IsOutage: func(error) bool { return false }})
	})
}

func TestAfterOutagesInARowNoCallReachesTheEngineUntilAProbeSucceeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, 3)
		f.fails = errOutage
		for range 100 {
			if f.get() == nil {
				t.Error("a call succeeded")
			}
		}
		f.want("open", 3)
		time.Sleep(300 * time.Millisecond)
		err := f.get()
		outage, ok := errors.AsType[*kv.Outage](err)
		if !ok || outage.RetryAfter != 700*time.Millisecond || !errors.Is(err, kv.ErrUnavailable) || !errors.Is(err, errOutage) {
			t.Errorf("got %v, %+v", err, outage)
		}
		if s := f.Stats(); s.Opened != 1 || s.Rejected != 98 || s.RetryAfter != 700*time.Millisecond || s.Cause != errOutage {
			t.Errorf("%+v", s)
		}
		// The probe fails: the engine is left alone for as long again.
		time.Sleep(701 * time.Millisecond)
		for range 10 {
			_ = f.get()
		}
		f.want("open", 4)
		f.fails = nil
		time.Sleep(1001 * time.Millisecond)
		if err := f.get(); err != nil {
			t.Error(err)
		}
		f.want("closed", 5)
		if len(f.changes) != 2 || f.changes[0] != errOutage || f.changes[1] != nil {
			t.Errorf("the changes were %v", f.changes)
		}
	})
}

func TestOfCallsAtTheSameTimeOneIsTheProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, 1)
		f.fails = errOutage
		_ = f.get()
		time.Sleep(1001 * time.Millisecond)
		f.fails, f.during = nil, func() { time.Sleep(time.Second) }
		var failed sync.WaitGroup
		var mu sync.Mutex
		rejected := 0
		for range 50 {
			failed.Go(func() {
				if f.get() != nil {
					mu.Lock()
					rejected++
					mu.Unlock()
				}
			})
		}
		failed.Wait()
		f.want("closed", 2)
		if rejected != 49 {
			t.Errorf("%d calls were rejected, want 49", rejected)
		}
	})
}

func TestAnswersAndCancelledCallsAreNoOutages(t *testing.T) {
	f := newFixture(t, 2)
	for _, answer := range []error{kv.ErrFull, kv.ErrCorrupt, errors.New("NOPERM")} {
		f.fails = answer
		for range 5 {
			_ = f.get()
		}
	}
	f.fails = errOutage
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 5 {
		_, _ = f.Get(ctx, []string{"k"})
	}
	f.want("closed", 20)
	// An answer, or a success, ends a row of outages.
	for _, fails := range []error{errOutage, kv.ErrFull, errOutage, nil, errOutage} {
		f.fails = fails
		_ = f.get()
	}
	f.want("closed", 25)
}

func TestAGreetingBetweenOutagesDoesNotCount(t *testing.T) {
	f := newFixture(t, 2)
	f.fails = errOutage
	_ = f.get()
	f.fails = nil
	if _, err := f.Health(t.Context()); err != nil {
		t.Error(err)
	}
	f.fails = errOutage
	_ = f.get()
	f.want("open", 3)
	if _, err := f.Health(t.Context()); err == nil {
		t.Error("health says that the engine works while calls fail at once")
	}
	f.want("open", 3)
}

func TestAGreetingMayBeTheProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, 1)
		f.fails = errOutage
		if _, err := f.Health(t.Context()); err == nil {
			t.Error("health succeeded")
		}
		f.want("open", 1)
		f.fails = nil
		time.Sleep(1001 * time.Millisecond)
		if _, err := f.Health(t.Context()); err != nil {
			t.Error(err)
		}
		f.want("closed", 2)
	})
}

func TestAProbeThatItsCallerCancelsIsFollowedByAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, 1)
		f.fails = errOutage
		_ = f.get()
		time.Sleep(1001 * time.Millisecond)
		ctx, cancel := context.WithCancel(t.Context())
		f.during = cancel
		_, _ = f.Get(ctx, []string{"k"})
		f.want("half-open", 2)
		f.fails, f.during = nil, nil
		if err := f.get(); err != nil {
			t.Error(err)
		}
		f.want("closed", 3)
	})
}

func TestAnEngineThatDidNotAnswerAtTheStartIsOpenedByAProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fixture{T: t}
		opened, fails := 0, errOutage
		open := func(context.Context) (kv.Driver, error) {
			opened++
			return memory.New(), fails
		}
		f.Driver = NewOpen(memory.New().Info(), open, errOutage, f.options(5))
		if f.get() == nil || opened != 0 {
			t.Errorf("the engine was opened %d times", opened)
		}
		time.Sleep(1001 * time.Millisecond)
		if f.get() == nil || opened != 1 {
			t.Errorf("the engine was opened %d times", opened)
		}
		fails = nil
		time.Sleep(1001 * time.Millisecond)
		for range 3 {
			if err := f.get(); err != nil {
				t.Error(err)
			}
		}
		if opened != 2 || len(f.changes) != 1 || f.changes[0] != nil {
			t.Errorf("the engine was opened %d times, the changes were %v", opened, f.changes)
		}
	})
}

func TestWhoWatchesBeforeTheEngineIsOpenIsToldAfterwards(t *testing.T) {
	engine := memory.New()
	open := func(context.Context) (kv.Driver, error) { return engine, nil }
	d := NewOpen(engine.Info(), open, errOutage, Options{Failures: 1, OpenFor: time.Millisecond, IsOutage: func(error) bool { return true }})
	told := map[string]int{}
	watch := func(name string) func() { return d.Watch("k", func(event []byte) { told[name] += len(event) }) }
	stopBefore := watch("stopped before")
	stopAfter := watch("stopped after")
	watch("stays")
	stopBefore()
	commit := func(from, to byte) {
		t.Helper()
		old := kv.Revision{from}
		if _, err := d.Commit(t.Context(), kv.Commit{Swap: kv.Item{Key: "k", Value: append([]byte{to}, make([]byte, 15)...)}, Old: old, Event: func() []byte { return []byte("e") }}); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(2 * time.Millisecond)
	commit(0, 1)
	stopAfter()
	watch("later")
	commit(1, 2)
	if diff := cmp.Diff(map[string]int{"stopped after": 1, "stays": 2, "later": 1}, told); diff != "" {
		t.Error(diff)
	}
}
