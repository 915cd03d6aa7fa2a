//go:build !js

// Package live tells the followers of sessions what happens to them: the commits of all servers that share the
// store, that the session was deleted, and that it has expired.
//
// A follower is told of the revisions in their order, each at most once. One that misses some, because it takes
// them too slowly or because the store could not tell of them, is told the newest one only, as the present
// state of the session. So what it takes is bounded, and nobody who is slow holds others up. Sessions are
// looked at when they may have ended and when events may have been lost, once for all followers of a session. A
// look extends nothing.
package live

import (
	"context"
	"errors"
	"sync"
	"time"

	"edgeframe/kv"
	"edgeframe/session"
)

// maxPending is how many events wait for a follower. One that lets more come is told the newest one only.
const maxPending = 64

// The errors of [Hub.Follow].
var (
	// ErrFull: there are as many followers as there may be.
	ErrFull = errors.New("there are as many followers as there may be")
	// ErrClosed: the hub is closed.
	ErrClosed = errors.New("the server stops")
)

// Hub has the followers of a server.
type Hub struct {
	store *kv.Store
	most  int

	mu     sync.Mutex
	topics map[string]*topic // by key
	n      int
	closed bool
	loops  sync.WaitGroup
}

// New returns a hub for at most that many followers of the sessions of a store.
func New(store *kv.Store, most int) *Hub {
	return &Hub{store: store, most: most, topics: map[string]*topic{}}
}

// Follower says whom to tell, and what the follower knows.
type Follower struct {
	// Key is that of [session.Session.Key].
	Key string
	// Seen is what the follower has seen of the session. It needs no Event.
	Seen State
	// Scoped says that the follower has a token that the session may revoke.
	Scoped bool
	// Look reads the session.
	Look func(ctx context.Context) (State, error)
}

// State is what is there of a session.
type State struct {
	Revision session.Token
	// Salt is [session.Session.Salt].
	Salt int64
	// Expires is when it expires unless it is accessed.
	Expires time.Time
	// Event is [session.Session.Event].
	Event []byte
}

// Follow makes f a follower. The caller must close the feed.
func (h *Hub) Follow(f Follower) (*Feed, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.closed:
		return nil, ErrClosed
	case h.n >= h.most:
		return nil, ErrFull
	}
	t := h.topics[f.Key]
	if t == nil || t.isOver() {
		t = newTopic(f)
		stop, err := h.store.Watch(f.Key, t.tell)
		if err != nil {
			return nil, err
		}
		t.stop = stop
		h.topics[f.Key] = t
		h.loops.Go(t.run)
	}
	h.n++
	feed := &Feed{hub: h, topic: t, key: f.Key, scoped: f.Scoped, salt: f.Seen.Salt, last: f.Seen.Revision, ready: make(chan struct{}, 1)}
	t.join(feed)
	return feed, nil
}

// leave ends a feed.
func (h *Hub) leave(f *Feed) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.n--
	if f.topic.part(f) {
		f.topic.end()
		if h.topics[f.key] == f.topic {
			delete(h.topics, f.key)
		}
	}
}

// Followers returns how many followers there are.
func (h *Hub) Followers() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.n
}

// Close ends all feeds, and lets nobody follow any more. It waits until nothing runs any more.
func (h *Hub) Close() {
	h.mu.Lock()
	h.closed = true
	for _, t := range h.topics {
		t.finish("")
	}
	h.mu.Unlock()
	h.loops.Wait()
}

// Message is what a follower is told.
type Message struct {
	// Type is that of the event, and Event its JSON.
	Type  string
	Event []byte
	// Revision is empty for the end of a session.
	Revision string
}

// Feed has what is to be told to a follower.
type Feed struct {
	hub    *Hub
	topic  *topic
	key    string
	scoped bool
	salt   int64
	ready  chan struct{}
	once   sync.Once

	// What follows is guarded by topic.mu. last is the revision that was told, or is pending, last.
	last    session.Token
	pending []Message
	over    bool
	// missed says that the follower may have missed events, so that what comes next is told as the present state.
	missed bool
}

// Settled is closed once the feed misses nothing any more, and what was missed before is there to take. While the
// store cannot be reached that takes until it can.
func (f *Feed) Settled() <-chan struct{} { return f.topic.settled }

// Ready receives when there is something to take.
func (f *Feed) Ready() <-chan struct{} { return f.ready }

// Take returns what was not taken yet, and whether nothing comes any more.
func (f *Feed) Take() (messages []Message, over bool) {
	f.topic.mu.Lock()
	defer f.topic.mu.Unlock()
	messages, f.pending = f.pending, nil
	return messages, f.over
}

// Close ends the feed.
func (f *Feed) Close() { f.once.Do(func() { f.hub.leave(f) }) }

// add has a message told, and wakes the follower.
func (f *Feed) add(m Message) {
	f.pending = append(f.pending, m)
	f.wake()
}

func (f *Feed) wake() {
	select {
	case f.ready <- struct{}{}:
	default:
	}
}

// finish says that nothing comes any more.
func (f *Feed) finish() {
	f.over = true
	f.wake()
}

// take has the event of a commit told, unless the follower has seen it.
func (f *Feed) take(e event) {
	switch {
	case f.over:
		return
	case f.scoped && e.TokensRevoked:
		f.finish()
		return
	case e.Revision == f.last:
		f.missed = false
		return
	case e.Revision.Revision <= f.last.Revision && !f.missed:
		return
	}
	follows := e.Revision.Revision == f.last.Revision+1 && !f.missed
	if len(f.pending) >= maxPending {
		f.pending, follows = nil, false
	}
	text := e.text
	if !follows {
		text = e.Present()
	}
	f.last, f.missed = e.Revision, false
	f.add(Message{Type: e.Type, Event: text, Revision: e.Revision.String()})
}
