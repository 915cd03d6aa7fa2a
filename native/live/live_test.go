//go:build !js

package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"edgeframe/kv"
	"edgeframe/kv/memory"
	"edgeframe/session"
)

// engine is an engine of which a test says what it tells.
type engine struct {
	kv.Driver
	watchers kv.Watchers
	// deaf says that it does not listen yet.
	deaf bool
}

func (e *engine) Watch(key string, tell func([]byte)) func() {
	if e.deaf {
		remove, _ := e.watchers.Add(key, tell)
		return func() { remove() }
	}
	return e.watchers.Watch(key, tell)
}

// fixture is a hub with one session.
type fixture struct {
	*testing.T
	*Hub
	engine *engine
	// present is what a look finds; nil with err.
	present atomic.Pointer[State]
	err     error
	looks   atomic.Int32
}

const key = "{a}:head"

// during runs a test of a hub of which the time is that of the test.
func during(t *testing.T, most int, test func(f *fixture)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := &fixture{T: t, engine: &engine{Driver: memory.New()}}
		f.Hub = New(kv.New(f.engine, ""), most)
		f.present.Store(revision(1, 'a'))
		defer f.Close()
		test(f)
	})
}

func token(n uint64, commit byte) session.Token {
	return session.Token{Revision: n, Commit: [8]byte{commit}}
}

// revision is the state of a session that expires in an hour.
func revision(n uint64, commit byte) *State { return state(n, commit, time.Hour) }

func state(n uint64, commit byte, left time.Duration) *State {
	text := strings.Replace(string(eventOf(n, commit)), `"columns":["c"],"all_columns":false`, `"columns":[],"all_columns":true`, 1)
	return &State{Revision: token(n, commit), Expires: time.Now().Add(left), Event: []byte(text)}
}

func eventOf(n uint64, commit byte, more ...string) []byte {
	return fmt.Appendf(nil, `{"type":"revision","revision":"%s","version":1,"total_rows":1,"actor":null,"summary":"s","columns":["c"],"all_columns":false%s}`, token(n, commit), strings.Join(more, ""))
}

// follow follows as one who has seen a revision.
func (f *fixture) follow(seen session.Token, scoped bool) *Feed {
	f.Helper()
	feed, err := f.Follow(Follower{
		Key: key, Seen: State{Revision: seen, Expires: time.Now().Add(time.Hour)}, Scoped: scoped,
		Look: func(context.Context) (State, error) {
			f.looks.Add(1)
			if s := f.present.Load(); s != nil {
				return *s, nil
			}
			return State{}, f.err
		},
	})
	if err != nil {
		f.Fatal(err)
	}
	return feed
}

func (f *fixture) tell(event []byte) { f.engine.watchers.Tell("edgeframe:"+key, event) }

// told checks what a feed has to tell: revisions, with a ! behind those that are told as the present state, or
// the end of the session. "over" says that nothing comes any more.
func (f *fixture) told(feed *Feed, want ...string) {
	f.Helper()
	synctest.Wait()
	messages, over := feed.Take()
	got := []string{}
	for _, m := range messages {
		var e struct {
			AllColumns bool `json:"all_columns"`
		}
		if err := json.Unmarshal(m.Event, &e); err != nil {
			f.Fatalf("%v in %s", err, m.Event)
		}
		text, _, _ := strings.Cut(m.Revision, "-")
		if e.AllColumns {
			text += "!"
		}
		if m.Type != "revision" {
			text = m.Type
		}
		got = append(got, text)
	}
	if over {
		got = append(got, "over")
	}
	if !slices.Equal(got, want) {
		f.Errorf("told %q, want %q", got, want)
	}
}

func TestAFollowerIsToldEachRevisionOnceAndInOrder(t *testing.T) {
	during(t, 10, func(f *fixture) {
		feed := f.follow(token(1, 'a'), false)
		f.told(feed)
		f.tell(eventOf(2, 'b'))
		f.told(feed, "2")
		f.tell(eventOf(3, 'c'))
		f.tell(eventOf(4, 'd'))
		f.tell(eventOf(4, 'd'))
		f.tell(eventOf(3, 'c'))
		f.told(feed, "3", "4")
		f.tell(eventOf(9, 'e')) // those between were lost
		f.told(feed, "9!")
		f.tell([]byte(`{"type":"deleted"}`))
		f.tell(eventOf(10, 'e'))
		f.told(feed, "deleted", "over")
		feed.Close()
		feed.Close()
		if n := f.Followers(); n != 0 {
			t.Errorf("%d followers", n)
		}
	})
}

func TestASlowFollowerIsToldTheNewestRevision(t *testing.T) {
	during(t, 10, func(f *fixture) {
		slow, quick := f.follow(token(1, 'a'), false), f.follow(token(1, 'a'), false)
		for n := range uint64(10 * maxPending) {
			f.tell(eventOf(n+2, 'b'))
			f.told(quick, fmt.Sprint(n+2))
		}
		messages, _ := slow.Take()
		if n := len(messages); n == 0 || n > maxPending {
			t.Fatalf("%d messages wait", n)
		}
		first, last := string(messages[0].Event), messages[len(messages)-1].Revision
		if !strings.Contains(first, `"all_columns":true`) || last != token(10*maxPending+1, 'b').String() {
			t.Errorf("first %s, last %s", first, last)
		}
	})
}

func TestWhoJoinsMissesNothing(t *testing.T) {
	during(t, 10, func(f *fixture) {
		f.present.Store(revision(3, 'c'))
		first := f.follow(token(2, 'b'), false) // the session changed before it was watched
		f.told(first, "3!")
		select {
		case <-first.Settled():
		default:
			t.Error("it may still miss something")
		}
		f.tell(eventOf(4, 'd'))
		late, newer := f.follow(token(3, 'c'), false), f.follow(token(5, 'e'), false) // one has seen what is not told yet
		f.told(late, "4")
		f.tell(eventOf(5, 'e'))
		f.told(late, "5")
		f.told(newer)
		f.told(first, "4", "5")
		if n := f.looks.Load(); n != 1 {
			t.Errorf("%d looks for three followers", n)
		}
	})
}

func TestAnEngineThatListensLaterMakesItLook(t *testing.T) {
	during(t, 10, func(f *fixture) {
		f.engine.deaf = true
		feed := f.follow(token(1, 'a'), false)
		f.told(feed)
		f.present.Store(revision(2, 'b'))
		select {
		case <-feed.Settled():
			t.Error("nothing listens yet")
		default:
		}
		f.tell(nil)
		f.told(feed, "2!")
		<-feed.Settled()
	})
}

func TestWhatWasLostIsToldAsThePresentRevision(t *testing.T) {
	during(t, 10, func(f *fixture) {
		feed := f.follow(token(1, 'a'), false)
		for n := range uint64(8) {
			f.tell(eventOf(n+2, 'b'))
		}
		f.told(feed, "2", "3", "4", "5", "6", "7", "8", "9")
		// A failover has lost the last three.
		f.present.Store(revision(6, 'b'))
		f.tell(nil)
		f.told(feed, "6!")
		f.tell(eventOf(7, 'x'))
		f.told(feed, "7")
		// While Redis cannot be asked it is tried again; an event that comes first is told as the present state.
		f.present.Store(nil)
		f.err = errors.New("down")
		f.tell(nil)
		f.told(feed)
		f.tell(eventOf(8, 'y'))
		f.told(feed, "8!")
		f.tell(nil)
		time.Sleep(10 * time.Second)
		f.told(feed)
		f.present.Store(revision(8, 'z'))
		time.Sleep(2 * lookPause)
		f.told(feed, "8!")
	})
}

func TestTheEndOfASession(t *testing.T) {
	during(t, 10, func(f *fixture) {
		feed := f.follow(token(1, 'a'), false)
		time.Sleep(30 * time.Minute)
		f.present.Store(state(1, 'a', time.Hour)) // it was read
		time.Sleep(40 * time.Minute)
		f.told(feed)
		f.err = session.ErrSessionNotFound
		f.present.Store(nil)
		time.Sleep(30 * time.Minute)
		f.told(feed, "expired", "over")
	})
	during(t, 10, func(f *fixture) {
		feed := f.follow(token(1, 'a'), false)
		f.told(feed)
		f.err = session.ErrSessionNotFound
		f.present.Store(nil)
		f.tell(nil)
		f.told(feed, "deleted", "over")
		// One of the same name is another session.
		f.present.Store(revision(1, 'z'))
		again := f.follow(token(1, 'z'), false)
		f.told(again)
	})
	during(t, 10, func(f *fixture) {
		feed := f.follow(token(1, 'a'), false)
		f.told(feed)
		f.err = session.ErrCorrupt
		f.present.Store(nil)
		f.tell(nil)
		f.told(feed, "over")
	})
}

// TestAChangeOfTheTTLIsSeen has a session that expires earlier than it did when it was followed.
func TestAChangeOfTheTTLIsSeen(t *testing.T) {
	during(t, 10, func(f *fixture) {
		feed := f.follow(token(1, 'a'), false)
		f.told(feed)
		f.present.Store(state(2, 'b', 10*time.Second))
		f.tell(eventOf(2, 'b'))
		f.told(feed, "2")
		time.Sleep(5 * time.Second)
		f.err = session.ErrSessionNotFound
		f.present.Store(nil)
		time.Sleep(6 * time.Second)
		f.told(feed, "expired", "over")
	})
}

func TestAScopedFollowerIsToldNothingOnceItsTokenIsRevoked(t *testing.T) {
	during(t, 10, func(f *fixture) {
		scoped, other := f.follow(token(1, 'a'), true), f.follow(token(1, 'a'), false)
		f.tell(eventOf(2, 'b', `,"tokens_revoked":true`))
		f.told(scoped, "over")
		f.told(other, "2")
	})
	during(t, 10, func(f *fixture) {
		scoped, other := f.follow(token(1, 'a'), true), f.follow(token(1, 'a'), false)
		f.told(scoped)
		revoked := revision(2, 'b')
		revoked.Salt = 7
		f.present.Store(revoked)
		f.tell(nil) // the event was lost
		f.told(scoped, "over")
		f.told(other, "2!")
	})
}

func TestTheNumberOfFollowersIsLimited(t *testing.T) {
	during(t, 2, func(f *fixture) {
		follower := Follower{Key: key, Seen: State{Revision: token(1, 'a'), Expires: time.Now().Add(time.Hour)}, Look: func(context.Context) (State, error) { return *f.present.Load(), nil }}
		first, err := f.Follow(follower)
		second, err2 := f.Follow(follower)
		if _, err3 := f.Follow(follower); err != nil || err2 != nil || !errors.Is(err3, ErrFull) {
			t.Fatal(err, err2, err3)
		}
		first.Close()
		third, err := f.Follow(follower)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		f.told(second, "over")
		f.told(third, "over")
		if _, err := f.Follow(follower); !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
		second.Close()
		third.Close()
		if keys := f.engine.watchers.Keys(); len(keys) != 0 {
			t.Errorf("%q are watched", keys)
		}
	})
}
