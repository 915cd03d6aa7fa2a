//go:build !js

package live

import (
	"context"
	"errors"
	"sync"
	"time"

	"edgeframe/session"
)

const (
	// lookTimeout limits a look, lookPause is the time after one that has failed.
	lookTimeout = 10 * time.Second
	lookPause   = time.Second
	// expiryMargin is how long after the time at which a session expires it is looked at.
	expiryMargin = 20 * time.Millisecond
	// changePause is how long after a change the session is looked at, because it may expire at another time now.
	changePause = time.Second
	// never is the time to the next look if nothing asks for one.
	never = 100 * 365 * 24 * time.Hour
)

// event is what the store tells of a commit.
type event struct {
	session.Event
	text []byte
}

// topic has the followers of one session.
type topic struct {
	look func(ctx context.Context) (State, error)
	stop func()
	// ctx is done when nobody follows any more, or the session has ended.
	ctx context.Context
	end context.CancelFunc
	// wake receives when due has changed.
	wake chan struct{}
	// settled is closed after the first look since the store listens.
	settled chan struct{}

	mu    sync.Mutex
	feeds map[*Feed]struct{}
	// latest is the newest revision that was told or seen, without a text if there was none.
	latest event
	// told counts what the store has told, so that a look that was overtaken is noticed. heard says that the
	// store listens.
	told  int
	heard bool
	// ends is when the session expires unless it is accessed, as far as that is known, and due when it is
	// looked at.
	ends, due time.Time
	over      bool
}

// newTopic returns a topic for the session of f. It looks at the session once the store listens.
func newTopic(f Follower) *topic {
	t := &topic{
		look: f.Look, feeds: map[*Feed]struct{}{}, wake: make(chan struct{}, 1), settled: make(chan struct{}),
		ends: f.Seen.Expires, due: f.Seen.Expires.Add(expiryMargin),
	}
	t.ctx, t.end = context.WithCancel(context.Background())
	return t
}

func (t *topic) isOver() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.over
}

// join adds a follower, and tells it what has come since it has seen the session.
func (t *topic) join(f *Feed) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.feeds[f] = struct{}{}
	if t.over {
		f.finish()
	} else if t.latest.text != nil && t.latest.Revision.Revision > f.last.Revision {
		f.take(t.latest)
	}
}

// part removes a follower. It reports whether that was the last one.
func (t *topic) part(f *Feed) (last bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.feeds, f)
	return len(t.feeds) == 0
}

// tell is called by the store.
func (t *topic) tell(text []byte) {
	if text == nil {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.told++
		t.heard = true
		for f := range t.feeds {
			f.missed = true
		}
		t.lookAt(time.Now())
		return
	}
	e, err := session.ParseEvent(text)
	if err != nil {
		t.tell(nil)
		return
	}
	if e.Type != "revision" {
		t.finish(e.Type)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.latest = event{e, text}
	t.told++
	for f := range t.feeds {
		f.take(t.latest)
	}
	t.lookAt(time.Now().Add(changePause))
}

// lookAt has the session looked at, at that time at the latest. The caller holds the mutex.
func (t *topic) lookAt(at time.Time) {
	if at.Before(t.due) {
		t.due = at
		select {
		case t.wake <- struct{}{}:
		default:
		}
	}
}

// finish tells all followers that the session has ended, unless kind is empty, and ends their feeds.
func (t *topic) finish(kind string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over {
		return
	}
	t.over = true
	t.end()
	for f := range t.feeds {
		if kind != "" && !f.over {
			f.add(Message{Type: kind, Event: []byte(`{"type":"` + kind + `"}`)})
		}
		f.finish()
	}
}

// run looks at the session when that is due, until ctx is done.
func (t *topic) run() {
	defer t.stop()
	for {
		t.mu.Lock()
		wait := time.Until(t.due)
		t.mu.Unlock()
		timer := time.NewTimer(wait)
		select {
		case <-t.ctx.Done():
			timer.Stop()
			return
		case <-t.wake:
			timer.Stop()
		case <-timer.C:
			t.lookNow()
		}
	}
}

// lookNow looks at the session.
func (t *topic) lookNow() {
	t.mu.Lock()
	t.due = time.Now().Add(never)
	told, heard := t.told, t.heard
	t.mu.Unlock()
	ctx, cancel := context.WithTimeout(t.ctx, lookTimeout)
	defer cancel()
	now, err := t.look(ctx)
	switch {
	case t.ctx.Err() != nil:
	case err == nil:
		t.saw(now, told)
		if heard {
			t.settle()
		}
	case errors.Is(err, session.ErrSessionNotFound):
		t.finish(t.ending())
	case errors.Is(err, session.ErrCorrupt):
		// The client is told why when it connects again.
		t.finish("")
	default:
		t.mu.Lock()
		defer t.mu.Unlock()
		t.lookAt(time.Now().Add(lookPause))
	}
}

// ending says how a session has ended that is not there.
func (t *topic) ending() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if time.Now().Before(t.ends) {
		return "deleted"
	}
	return "expired"
}

// saw tells the followers that have missed something what the present state is. told is what the store had told when
// the look began. If it has told more since, the look says nothing about revisions.
func (t *topic) saw(now State, told int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ends = now.Expires
	t.lookAt(t.ends.Add(expiryMargin))
	if t.told != told {
		return
	}
	for f := range t.feeds {
		switch {
		case f.over:
		case f.scoped && f.salt != now.Salt:
			f.finish()
		case f.missed, !t.isSettled() && now.Revision.Revision > f.last.Revision:
			f.see(now)
		}
	}
	if t.latest.Revision != now.Revision {
		if e, err := session.ParseEvent(now.Event); err == nil {
			t.latest = event{e, now.Event}
		}
	}
}

func (t *topic) isSettled() bool {
	select {
	case <-t.settled:
		return true
	default:
		return false
	}
}

func (t *topic) settle() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.isSettled() {
		close(t.settled)
	}
}

// see has the present state told, if it is another one than the follower has seen.
func (f *Feed) see(now State) {
	f.missed = false
	if f.last == now.Revision {
		return
	}
	if len(f.pending) >= maxPending {
		f.pending = nil
	}
	f.last = now.Revision
	f.add(Message{Type: "revision", Event: now.Event, Revision: now.Revision.String()})
}
