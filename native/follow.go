//go:build !js

package native

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/tmaxmax/go-sse"

	"edgeframe/api"
	"edgeframe/kv"
	"edgeframe/native/live"
)

const (
	// heartbeat is the longest time without a byte on a stream of events.
	heartbeat = 20 * time.Second
	// settleTime is how long a stream waits at its beginning until nothing can be missed any more.
	settleTime = time.Second
	// minReconnect and maxReconnect bound the time after which a client connects again. Each is given another
	// one, so that the clients of a server that has stopped do not come all at once.
	minReconnect, maxReconnect = time.Second, 4 * time.Second
)

// followerShare is the divisor of the connections for those of followers, so that others get through.
const followerShare = 2

// newHub returns the hub of the followers of a server, nil if its store cannot tell of changes.
func newHub(store *kv.Store, connections int) *live.Hub {
	if !store.Capabilities().LiveUpdates {
		return nil
	}
	return live.New(store, max(1, connections/followerShare))
}

// isStream reports whether the answer to a request is a stream of events. It is not compressed, because each
// event has to arrive at once.
func isStream(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/events") }

// follow returns what answers the requests of followers, nil without a hub.
func follow(hub *live.Hub) func(http.ResponseWriter, *http.Request, api.Follower) error {
	if hub == nil {
		return nil
	}
	return func(w http.ResponseWriter, r *http.Request, f api.Follower) error {
		feed, err := hub.Follow(live.Follower{
			Key: f.Key, Scoped: f.Scoped,
			Seen: live.State{Revision: f.Revision, Salt: f.Salt, Expires: f.Ends},
			Look: func(ctx context.Context) (live.State, error) {
				sess, err := f.Look(ctx)
				if err != nil {
					return live.State{}, err
				}
				return live.State{Revision: sess.Revision, Salt: sess.Salt, Expires: sess.Expires, Event: sess.Event()}, nil
			},
		})
		switch {
		case errors.Is(err, live.ErrFull):
			return api.ErrServerFollowers
		case errors.Is(err, live.ErrClosed):
			return &kv.Error{Op: "follow", Key: f.Key, Kind: kv.ErrUnavailable, Err: err}
		case err != nil:
			return err
		}
		defer feed.Close()
		select {
		case <-feed.Settled():
		case <-feed.Ready():
		case <-time.After(settleTime):
		case <-r.Context().Done():
		}
		newStream(w, r, f).run(r, feed, f)
		return nil
	}
}

// stream is the answer to a follower. Its errors mean that the client is gone, or does not take what is sent.
type stream struct {
	session *sse.Session
	err     error
}

func newStream(w http.ResponseWriter, r *http.Request, f api.Follower) *stream {
	w.Header().Set("Cache-Control", "no-store")
	// nginx passes on what comes without collecting it.
	w.Header().Set("X-Accel-Buffering", "no")
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	out := &stream{}
	out.session, out.err = sse.Upgrade(flushed{w, http.NewResponseController(w)}, r)
	first := &sse.Message{Retry: minReconnect + rand.N(maxReconnect-minReconnect)}
	if f.First == nil {
		first.AppendComment("following")
	} else {
		first.Type, first.ID = sse.Type("revision"), sse.ID(f.Revision.String())
		first.AppendData(string(f.First))
	}
	out.send(first)
	return out
}

// run sends what comes until the session has ended, the token has expired, the client is gone, or the server stops.
func (s *stream) run(r *http.Request, feed *live.Feed, f api.Follower) {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	var expired <-chan time.Time
	if !f.Expires.IsZero() {
		timer := time.NewTimer(time.Until(f.Expires))
		defer timer.Stop()
		expired = timer.C
	}
	alive := &sse.Message{}
	alive.AppendComment("heartbeat")
	for s.err == nil {
		messages, over := feed.Take()
		for _, m := range messages {
			s.send(eventOf(m))
		}
		if over {
			return
		}
		if len(messages) > 0 {
			beat.Reset(heartbeat)
		}
		select {
		case <-r.Context().Done():
			return
		case <-expired:
			return
		case <-feed.Ready():
		case <-beat.C:
			s.send(alive)
		}
	}
}

func eventOf(m live.Message) *sse.Message {
	e := &sse.Message{Type: sse.Type(m.Type)}
	if m.Revision != "" {
		e.ID = sse.ID(m.Revision)
	}
	e.AppendData(string(m.Event))
	return e
}

func (s *stream) send(m *sse.Message) {
	if s.err == nil {
		s.err = s.session.Send(m)
	}
	if s.err == nil {
		s.err = s.session.Flush()
	}
}

// flushed is a writer that sends at once. What it is written to bounds the time of a write, see [pace]; between
// writes there is no bound.
type flushed struct {
	http.ResponseWriter
	control *http.ResponseController
}

// FlushError sends what was written.
func (f flushed) FlushError() error {
	err := f.control.Flush()
	// The error is ignored: not every connection supports deadlines.
	_ = f.control.SetWriteDeadline(time.Time{})
	if err != nil {
		return fmt.Errorf("send to a follower: %w", err)
	}
	return nil
}
