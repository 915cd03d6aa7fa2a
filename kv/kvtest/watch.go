package kvtest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"edgeframe/kv"
)

// look stands for being told to look at the key.
const look = "look"

// told collects what those who watch a key are told.
type told struct {
	mu  sync.Mutex
	all []string
}

func (t *told) tell(event []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if event == nil {
		event = []byte(look)
	}
	t.all = append(t.all, string(event))
}

// events returns what was told, without being told to look.
func (t *told) events() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(t.all), func(e string) bool { return e == look })
}

func (t *told) looks() (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.all) - len(slices.DeleteFunc(slices.Clone(t.all), func(e string) bool { return e == look }))
}

// watches reports whether the engine tells this process, and checks that its store refuses otherwise.
func (f *fixture) watches(s *kv.Store) bool {
	f.Helper()
	stop, err := s.Watch("{w}", func([]byte) {})
	if err == nil {
		stop()
		return f.caps.LiveUpdates
	}
	f.wantError(err, kv.ErrUnsupported)
	return false
}

// watch watches a key, and returns once the engine listens.
func (f *fixture) watch(s *kv.Store, key string) (t *told, stop func()) {
	f.Helper()
	t = &told{}
	stop, err := s.Watch(key, t.tell)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(stop)
	f.until("the engine listens", func() bool { return t.looks() > 0 })
	return t, stop
}

// until waits until done, which it calls again and again.
func (f *fixture) until(what string, done func() bool) {
	f.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			f.Fatalf("%s: not within a minute", what)
		}
	}
}

// swapTelling makes a commit that tells an event.
func (f *fixture) swapTelling(s *kv.Store, key, event string) {
	f.Helper()
	var old kv.Revision
	if value := f.get("edgeframe:" + key)[0]; value != nil {
		old = kv.RevisionOf(value)
	}
	next := kv.Item{Key: key, Value: revised(fmt.Sprintf("%.15x", time.Now().UnixNano()), ""), Counted: true}
	if _, err := s.Commit(f.ctx, kv.Commit{Swap: next, Old: old, SwapTTL: long, Event: func() []byte { return []byte(event) }}); err != nil {
		f.Fatal(err)
	}
}

var watchTests = []test{
	{"who watches a key is told the events of its swaps in order, and of no others", func(f *fixture) {
		s := kv.New(f.d, "")
		if !f.watches(s) {
			return
		}
		told, _ := f.watch(s, "{w}head")
		var want []string
		for i := range 20 {
			event := fmt.Sprintf(`{"n":%d}`, i)
			f.swapTelling(s, "{w}head", event)
			f.swapTelling(s, "{w}other", "other")
			want = append(want, event)
		}
		_, err := s.Commit(f.ctx, kv.Commit{Swap: kv.Item{Key: "{w}head", Value: revised("lost", "")}, Old: revision("none"), SwapTTL: long, Event: func() []byte { return []byte("lost") }})
		f.wantError(err, kv.ErrConflict)
		f.swapTelling(s, "{w}head", "last")
		want = append(want, "last")
		f.until("the events", func() bool { return len(told.events()) >= len(want) })
		if got := told.events(); !slices.Equal(got, want) {
			f.Errorf("told %q, want %q", got, want)
		}
	}},
	{"a swap without an event and reads tell nothing, a deletion makes look", func(f *fixture) {
		s := kv.New(f.d, "")
		if !f.watches(s) {
			return
		}
		f.swapTelling(s, "{w}head", "before")
		told, _ := f.watch(s, "{w}head")
		before := told.looks()
		old := kv.RevisionOf(f.get("edgeframe:{w}head")[0])
		if err := s.CompareAndSwap(f.ctx, kv.Item{Key: "{w}head", Value: revised("silent", ""), Counted: true}, old, long); err != nil {
			f.Fatal(err)
		}
		f.touch(long, "edgeframe:{w}head")
		f.get("edgeframe:{w}head")
		f.delete("edgeframe:{w}absent", "edgeframe:{w}head")
		f.until("the deletion", func() bool { return told.looks() > before })
		if got := told.events(); len(got) != 0 {
			f.Errorf("told %q", got)
		}
		f.wantAbsent("edgeframe:{w}head")
	}},
	{"all who watch a key are told, until they stop", func(f *fixture) {
		s := kv.New(f.d, "")
		if !f.watches(s) {
			return
		}
		staying, _ := f.watch(s, "{w}head")
		leaving, stop := f.watch(s, "{w}head")
		f.swapTelling(s, "{w}head", "1")
		f.until("both", func() bool { return len(staying.events()) == 1 && len(leaving.events()) == 1 })
		stop()
		stop()
		f.swapTelling(s, "{w}head", "2")
		f.until("the other one", func() bool { return len(staying.events()) == 2 })
		if got := leaving.events(); !slices.Equal(got, []string{"1"}) {
			f.Errorf("told %q", got)
		}
	}},
	{"an engine tells this process only if it declares live updates", func(f *fixture) {
		s := kv.New(f.d, "")
		_, err := s.Watch("", func([]byte) {})
		f.wantError(err, kv.ErrInvalid)
		if _, commits := f.d.(kv.Committer); f.caps.LiveUpdates && !commits {
			f.Error("it has live updates and is no Committer")
		}
		if stop, err := s.Watch("{w}", func([]byte) {}); err == nil {
			stop()
		} else if !errors.Is(err, kv.ErrUnsupported) {
			f.Error(err)
		}
	}},
}
