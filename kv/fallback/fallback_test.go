//go:build !js

package fallback

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"edgeframe/kv"
	"edgeframe/kv/kvtest"
	"edgeframe/kv/memory"
)

// fixture is a driver whose primary engine can be made to fail.
type fixture struct {
	*testing.T
	*Driver
	primary, local kv.Driver
	down           atomic.Bool
}

var errDown = errors.New("down")

func newFixture(t *testing.T) *fixture {
	f := &fixture{T: t, primary: memory.New(), local: memory.New()}
	failing := &kvtest.Failing{Driver: f.primary, Hook: func(string, []string) error {
		if f.down.Load() {
			return errDown
		}
		return nil
	}}
	f.Driver = New(Options{Primary: failing, Local: f.local, Usable: func() bool { return !f.down.Load() }, Prefix: "p:"})
	return f
}

// head is the counted item that makes the others reachable.
func head(tag string, revision byte) kv.Item {
	value := make([]byte, kv.RevisionSize)
	value[0] = revision
	return kv.Item{Key: "p:{" + tag + "}:head", Value: value, Counted: true}
}

func (f *fixture) commit(ctx context.Context, tag string, old, revision byte) error {
	_, err := f.Commit(ctx, kv.Commit{
		Put: []kv.Item{{Key: fmt.Sprintf("p:{%s}:%d", tag, revision), Value: []byte{revision}}}, TTL: time.Hour,
		Swap: head(tag, revision), Old: kv.RevisionOf(head(tag, old).Value), SwapTTL: time.Hour,
	})
	return err
}

// create stores a new item.
func (f *fixture) create(tag string) {
	f.Helper()
	if err := f.commit(kv.Fresh(f.Context()), tag, 0, 1); err != nil {
		f.Error(err)
	}
}

// revision is that of the head from an engine, 0 if it is absent.
func (f *fixture) revision(from kv.Driver, tag string) byte {
	f.Helper()
	values, err := from.Get(f.Context(), []string{head(tag, 0).Key})
	if err != nil {
		f.Fatal(err)
	}
	if values[0] == nil {
		return 0
	}
	return values[0][0]
}

// move moves an item as it is.
func (f *fixture) move(tag string) {
	f.Helper()
	h := f.Hold(tag)
	defer h.Release()
	f.copyTo(tag)
	h.Moved()
	if err := f.local.Delete(f.Context(), f.keys(tag)); err != nil {
		f.Error(err)
	}
}

func (f *fixture) keys(tag string) []string {
	page, err := f.local.List(f.Context(), "p:{"+tag+"}", "", 1000)
	if err != nil {
		f.Error(err)
	}
	return page.Keys
}

func (f *fixture) copyTo(tag string) {
	keys := f.keys(tag)
	values, err := f.local.Get(f.Context(), keys)
	if err != nil {
		f.Error(err)
	}
	for i, key := range keys {
		if err := f.primary.Set(f.Context(), []kv.Item{{Key: key, Value: values[i], Counted: key == head(tag, 0).Key}}, time.Hour); err != nil {
			f.Error(err)
		}
	}
}

// expiring is an engine on the network: it removes expired data itself.
type expiring struct{ *memory.Driver }

func (e expiring) Info() kv.Info {
	info := e.Driver.Info()
	info.Capabilities.NativeExpiry = true
	return info
}

func TestTheContractHoldsOverTwoEngines(t *testing.T) {
	kvtest.Run(t, func(*testing.T) kv.Driver {
		return New(Options{Primary: expiring{memory.New()}, Local: memory.New(), Usable: func() bool { return true }})
	})
}

func TestWhatIsNewGoesToTheLocalEngineWhileThePrimaryOneIsDown(t *testing.T) {
	f := newFixture(t)
	f.create("before")
	f.down.Store(true)
	f.create("during")
	if f.revision(f, "during") != 1 || f.revision(f.local, "during") != 1 || f.revision(f.primary, "during") != 0 {
		t.Error("the new item is not on the local engine alone")
	}
	if err := f.commit(t.Context(), "during", 1, 2); err != nil {
		t.Error(err)
	}
	for name, err := range map[string]error{
		"reading":         func() error { _, err := f.Get(t.Context(), []string{head("before", 0).Key}); return err }(),
		"reading unknown": func() error { _, err := f.Get(t.Context(), []string{head("unknown", 0).Key}); return err }(),
		"reading both": func() error {
			_, err := f.Get(t.Context(), []string{head("during", 0).Key, head("before", 0).Key})
			return err
		}(),
		"changing":       f.commit(t.Context(), "before", 1, 2),
		"making again":   f.commit(kv.Fresh(t.Context()), "before", 0, 9),
		"storing a part": f.Set(t.Context(), []kv.Item{{Key: "p:{before}:part"}}, time.Hour),
		"deleting":       f.Delete(t.Context(), []string{head("before", 0).Key}),
		"renewing":       f.Touch(t.Context(), []string{head("before", 0).Key}, time.Hour),
		"listing one":    func() error { _, err := f.List(t.Context(), "p:{before}", "", 10); return err }(),
	} {
		if err == nil || errors.Is(err, kv.ErrConflict) {
			t.Errorf("%s an item of the primary engine: %v", name, err)
		}
	}
	if page, err := f.local.List(t.Context(), "p:{before}", "", 10); err != nil || len(page.Keys) != 0 {
		t.Errorf("the local engine has %v of the item on the primary one, %v", page.Keys, err)
	}
	f.down.Store(false)
	if err := f.commit(t.Context(), "during", 2, 3); err != nil || f.revision(f.local, "during") != 3 {
		t.Errorf("the local item is changed elsewhere: %v", err)
	}
	count, err := f.Count(t.Context())
	if err != nil || count.N != 2 || count.Exact {
		t.Errorf("%+v, %v", count, err)
	}
	f.move("during")
	if f.revision(f, "during") != 3 || f.revision(f.local, "during") != 0 || f.Waiting() != 0 {
		t.Error("the item has not moved")
	}
	if count, err := f.Count(t.Context()); err != nil || count != (kv.Count{N: 2, Exact: true}) {
		t.Errorf("%+v, %v", count, err)
	}
}

func TestAnItemInDoubtIsUnavailable(t *testing.T) {
	f := newFixture(t)
	f.down.Store(true)
	f.create("a")
	h := f.Hold("a")
	h.Doubt()
	h.Release()
	for _, err := range []error{
		func() error { _, err := f.Get(t.Context(), []string{head("a", 0).Key}); return err }(),
		f.commit(t.Context(), "a", 1, 2),
		func() error { _, err := f.List(t.Context(), "p:{a}", "", 10); return err }(),
	} {
		if outage, ok := errors.AsType[*kv.Outage](err); !ok || outage.RetryAfter <= 0 {
			t.Errorf("got %v", err)
		}
	}
	h = f.Hold("a")
	h.Kept()
	h.Release()
	if f.revision(f, "a") != 1 {
		t.Error("the item is not there again")
	}
}

func TestADeletedItemIsAbsentAndForgotten(t *testing.T) {
	f := newFixture(t)
	f.down.Store(true)
	f.create("a")
	if err := f.Delete(t.Context(), f.keys("a")); err != nil {
		t.Error(err)
	}
	if f.revision(f, "a") != 0 {
		t.Error("it is still there")
	}
	h := f.Hold("a")
	if !h.Over() {
		t.Error("it has not ended")
	}
	h.Moved()
	h.Release()
	if f.Hold("a") != nil || len(f.Tags()) != 0 {
		t.Error("it is not forgotten")
	}
	// One whose first part is stored has not ended.
	if err := f.Set(kv.Fresh(t.Context()), []kv.Item{{Key: "p:{b}:part"}}, time.Minute); err != nil {
		t.Error(err)
	}
	if h := f.Hold("b"); h.Over() {
		t.Error("an item on its way has ended")
	}
}

// TestNothingIsLostAndNoReadFailsWhileAnItemMoves has a writer and a reader of each item while it moves.
func TestNothingIsLostAndNoReadFailsWhileAnItemMoves(t *testing.T) {
	for round := range 200 {
		f := newFixture(t)
		f.down.Store(true)
		f.create("a")
		f.down.Store(false)
		var stop atomic.Bool
		var acknowledged atomic.Int32
		acknowledged.Store(1)
		var clients sync.WaitGroup
		clients.Go(func() {
			for n := byte(1); !stop.Load() && n < 250; n++ {
				if err := f.commit(t.Context(), "a", n, n+1); err != nil {
					t.Errorf("round %d: %v", round, err)
					return
				}
				acknowledged.Store(int32(n) + 1)
			}
		})
		clients.Go(func() {
			for !stop.Load() {
				least := acknowledged.Load()
				if got := f.revision(f, "a"); int32(got) < least {
					t.Errorf("round %d: read %d after %d", round, got, least)
				}
			}
		})
		f.move("a")
		stop.Store(true)
		clients.Wait()
		if got := f.revision(f.primary, "a"); int32(got) != acknowledged.Load() {
			t.Errorf("round %d: the primary engine has %d, acknowledged was %d", round, got, acknowledged.Load())
		}
	}
}

func TestAListingHasTheKeysOfBothEngines(t *testing.T) {
	f := newFixture(t)
	var want []string
	for i := range 10 {
		f.down.Store(i%2 == 0)
		f.create(fmt.Sprint(i))
		want = append(want, head(fmt.Sprint(i), 0).Key, fmt.Sprintf("p:{%d}:1", i))
	}
	f.down.Store(false)
	var got []string
	for cursor := ""; ; {
		page, err := f.List(t.Context(), "p:{", cursor, 3)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, page.Keys...)
		if len(got) == 6 {
			// What moves while it is being listed is not missed.
			for _, tag := range []string{"0", "8"} {
				f.move(tag)
			}
		}
		if cursor = page.Cursor; cursor == "" {
			break
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(slices.Compact(got), want) {
		t.Errorf("got %v, want %v", got, want)
	}
	f.down.Store(true)
	if _, err := f.List(t.Context(), "p:{", atPrimary, 3); err == nil {
		t.Error("a listing ends as if the primary engine had nothing")
	}
}

func TestWhoWatchesAnItemIsToldBeforeAndAfterItMoves(t *testing.T) {
	f := newFixture(t)
	// The primary engine as it is: the one of the fixture makes commits in steps, of which nobody is told.
	f.Driver = New(Options{Primary: f.primary, Local: f.local, Usable: func() bool { return !f.down.Load() }, Prefix: "p:"})
	var told []string
	f.Watch(head("a", 0).Key, func(event []byte) { told = append(told, string(event)) })
	tell := func(from, to byte, event string) {
		t.Helper()
		if _, err := f.Commit(kv.Fresh(t.Context()), kv.Commit{Swap: head("a", to), Old: kv.RevisionOf(head("a", from).Value), SwapTTL: time.Hour, Event: func() []byte { return []byte(event) }}); err != nil {
			t.Fatal(err)
		}
	}
	f.down.Store(true)
	f.create("a")
	tell(1, 2, "here")
	f.down.Store(false)
	f.move("a")
	tell(2, 3, "there")
	// In between it is told to look, because the item was deleted here.
	if got := slices.DeleteFunc(told, func(event string) bool { return event == "" }); !slices.Equal(got, []string{"here", "there"}) {
		t.Errorf("told %q", got)
	}
}
