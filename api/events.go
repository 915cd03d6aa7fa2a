package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/rs/cors"

	"edgeframe/session"
)

// Follower is a client that is to be told of the changes of a session.
type Follower struct {
	// Session is the id of the session, Key that of its head in the store, without the prefix, and Revision the
	// one that the client was admitted with.
	Session, Key string
	Revision     session.Token
	// First is the event that tells the client the present revision, nil if the client has seen it.
	First []byte
	// Salt is [session.Session.Salt] of that revision, and Ends when the session expires unless it is accessed.
	Salt int64
	Ends time.Time
	// Look returns the present state of the session. It does not extend it, and asks nobody for a token.
	Look func(ctx context.Context) (*session.Session, error)
	// Scoped says that the client has a scoped token, which the session may revoke. Expires is when it
	// expires.
	Scoped  bool
	Expires time.Time
}

// The errors of [Config.Live].
var (
	// ErrOvertaken: the session has another revision than that of the follower.
	ErrOvertaken = errors.New("the session has changed")
	// ErrFollowers: the session has as many followers as it may have.
	ErrFollowers = errors.New("too many followers")
	// ErrServerFollowers: the server has as many followers as it may have.
	ErrServerFollowers = errors.New("the server has too many followers")
)

// maxAdmissions is how often a follower is admitted again because the session has changed meanwhile.
const maxAdmissions = 5

// getEvents makes the client a follower of the session: over a WebSocket, or by server-sent events. It does not
// extend the session. The events are those of the package session.
func (s *server) getEvents(w http.ResponseWriter, r *http.Request) error {
	seen, err := lastEvent(r)
	if err != nil {
		return err
	}
	for range maxAdmissions {
		to, err := ref(r)
		if err != nil {
			return err
		}
		sess, err := s.Sessions.Peek(r.Context(), to)
		if err != nil {
			return err
		}
		if err := s.canFollow(w, r); err != nil {
			return err
		}
		if r.Method == http.MethodHead {
			w.Header().Set("Content-Type", "text/event-stream")
			return nil
		}
		err = s.Live(w, r, s.follower(r, sess, seen))
		if !errors.Is(err, ErrOvertaken) {
			return refusedFollower(sess.ID, err)
		}
	}
	return &session.Error{Kind: session.ErrStaleRead, Detail: "the session changes too fast for a follower to be admitted; try again shortly"}
}

// lastEvent returns the last revision that the client has seen, zero if it does not say. A client that connects
// again repeats the address, so what the header says is newer.
func lastEvent(r *http.Request) (session.Token, error) {
	text := r.URL.Query().Get("after")
	if id := r.Header.Get("Last-Event-ID"); id != "" {
		text = id
	}
	if text == "" {
		return session.Token{}, nil
	}
	return session.ParseToken(text)
}

// canFollow returns an error if the server does not tell of changes, or not in the way that is asked for.
func (s *server) canFollow(w http.ResponseWriter, r *http.Request) error {
	if s.Live == nil || !s.Store.Capabilities().LiveUpdates {
		return problemf(http.StatusNotImplemented, "no_live_updates", "this server has no live updates, because its storage cannot tell of changes; ask for the session again and again instead, with touch=false and If-None-Match")
	}
	switch asked := wantsWebSocket(r); {
	case s.LiveStreams && asked:
		return problemf(http.StatusNotAcceptable, "not_acceptable", "live updates come as server-sent events here; send the request without Upgrade: websocket")
	case !s.LiveStreams && !asked:
		w.Header().Set("Upgrade", "websocket")
		return problemf(http.StatusUpgradeRequired, "upgrade_required", "live updates come over a WebSocket; open this address with one, or send Upgrade: websocket")
	}
	return nil
}

func wantsWebSocket(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

func (s *server) follower(r *http.Request, sess *session.Session, seen session.Token) Follower {
	f := Follower{Session: sess.ID, Key: sess.Key(), Revision: sess.Revision, Salt: sess.Salt, Ends: sess.Expires}
	f.Look = func(ctx context.Context) (*session.Session, error) {
		return s.Sessions.Peek(ctx, session.Ref{ID: sess.ID})
	}
	if seen != sess.Revision {
		f.First = sess.Event()
	}
	if t := callerOf(r).token; t != nil {
		f.Scoped, f.Expires = true, t.Expires
	}
	return f
}

// fullWait is how long a client waits that was refused because the server has too many followers.
const fullWait = 10 * time.Second

// refusedFollower returns the answer to a client that could not become a follower.
func refusedFollower(id string, err error) error {
	if errors.Is(err, ErrServerFollowers) {
		return &problem{
			Status: http.StatusServiceUnavailable, Code: "live_updates_full", retryAfter: fullWait,
			Detail: "the server has as many followers as it may have; try again later, or ask for the session again and again instead",
		}
	}
	if !errors.Is(err, ErrFollowers) {
		return err
	}
	return &problem{
		Status: http.StatusTooManyRequests, Code: "too_many_followers", retryAfter: time.Minute,
		Detail: "session " + id + " has as many followers as it may have; try again later, or ask for the session again and again instead",
	}
}

// isStrangeFollower reports whether a request for a WebSocket comes from a page of another origin that CORS does
// not allow. Browsers let every page open WebSockets, and read what comes.
func isStrangeFollower(origins *cors.Cors, r *http.Request) bool {
	origin := r.Header.Get("Origin")
	return origin != "" && wantsWebSocket(r) && !isOwnPage(r, origin) && !origins.OriginAllowed(r)
}
