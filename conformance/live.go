//go:build !js

package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"
	"github.com/tmaxmax/go-sse"
)

// eventDocument is an event. AllColumns and what follows is not there in events about the end of a session.
type eventDocument struct {
	Type          string   `json:"type"`
	Revision      string   `json:"revision,omitempty"`
	Version       int      `json:"version,omitempty"`
	TotalRows     int64    `json:"total_rows,omitempty"`
	Actor         *string  `json:"actor,omitempty"`
	Summary       *string  `json:"summary,omitempty"`
	Columns       []string `json:"columns,omitempty"`
	AllColumns    bool     `json:"all_columns,omitempty"`
	TokensRevoked bool     `json:"tokens_revoked,omitempty"`
}

// The ways in which the server ends the connection of a follower: a WebSocket is closed with a code, a stream of
// server-sent events ends. open is no end.
const (
	open          = websocket.StatusCode(-1)
	closedForGood = websocket.StatusNormalClosure
	closedUnknown = websocket.StatusCode(4401)
	streamEnded   = websocket.StatusCode(-2)
)

// streams reports whether the server tells by server-sent events, and not over WebSockets.
func (c *client) streams() bool { return c.store.Runtime == "native" }

// notFollowed is the status of a HEAD request for events.
func (c *client) notFollowed() int {
	switch {
	case !c.store.Capabilities.LiveUpdates:
		return http.StatusNotImplemented
	case c.streams():
		return http.StatusOK
	}
	return http.StatusUpgradeRequired
}

// follower follows a session.
type follower struct {
	*sess
	conn *websocket.Conn // nil for a stream
	// event returns the next event of a stream. stop ends the connection.
	event func() (sse.Event, error, bool)
	stop  func()
}

// follow opens a connection, with query parameters and headers as those of do.
func (s *sess) follow(params []string, headers ...string) *follower {
	s.Helper()
	f, response, err := s.dial(params, headers...)
	if err != nil {
		s.Fatalf("follow %s: %v, %+v", s.id, err, response)
	}
	return f
}

func (s *sess) dial(params []string, headers ...string) (*follower, *http.Response, error) {
	header := http.Header{}
	if s.target.Token != "" && !slices.ContainsFunc(params, func(p string) bool { return strings.HasPrefix(p, "token=") }) {
		header.Set("Authorization", "Bearer "+s.target.Token)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		header.Set(name, value)
	}
	url := s.target.URL + s.path("/events", params...)
	if s.streams() {
		return s.openStream(url, header)
	}
	conn, response, err := websocket.Dial(s.Context(), url, &websocket.DialOptions{HTTPHeader: header})
	if err != nil {
		return nil, response, err
	}
	s.Cleanup(func() { _ = conn.CloseNow() })
	return &follower{sess: s, conn: conn, stop: func() { _ = conn.CloseNow() }}, response, nil
}

// openStream asks for server-sent events.
func (s *sess) openStream(url string, header http.Header) (*follower, *http.Response, error) {
	ctx, cancel := context.WithCancel(s.Context())
	s.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, nil, err
	}
	r.Header = header
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, response, errors.Join(fmt.Errorf("status %d", response.StatusCode), response.Body.Close())
	}
	if got := response.Header; got.Get("Content-Type") != "text/event-stream" || got.Get("Cache-Control") != "no-store" || got.Get("X-Accel-Buffering") != "no" {
		s.Errorf("header of a stream: %v", got)
	}
	event, stop := iter.Pull2(sse.Read(response.Body, nil))
	s.Cleanup(stop)
	return &follower{sess: s, event: event, stop: cancel}, response, nil
}

// read returns the next message, or how the server has ended the connection.
func (f *follower) read() (string, websocket.StatusCode) {
	f.Helper()
	if f.conn == nil {
		return f.readStream()
	}
	ctx, cancel := context.WithTimeout(f.Context(), time.Minute)
	defer cancel()
	_, message, err := f.conn.Read(ctx)
	if code := websocket.CloseStatus(err); code != -1 {
		return "", code
	}
	if err != nil {
		f.Fatalf("follower of %s: %v", f.id, err)
	}
	return string(message), open
}

func (f *follower) readStream() (string, websocket.StatusCode) {
	f.Helper()
	limit := time.AfterFunc(time.Minute, f.stop)
	defer limit.Stop()
	e, err, more := f.event()
	switch {
	case !more:
		return "", streamEnded
	case err != nil:
		f.Fatalf("follower of %s: %v", f.id, err)
	}
	var said struct{ Type, Revision string }
	if err := json.Unmarshal([]byte(e.Data), &said); err != nil || e.Type != said.Type || said.Revision != "" && e.LastEventID != said.Revision {
		f.Errorf("event %q with the id %q: %s, %v", e.Type, e.LastEventID, e.Data, err)
	}
	return e.Data, open
}

// next returns the next event.
func (f *follower) next() (e eventDocument) {
	f.Helper()
	message, code := f.read()
	if code != open {
		f.Fatalf("the connection was closed with %d", code)
	}
	dec := json.NewDecoder(strings.NewReader(message))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&e); err != nil {
		f.Fatalf("%v in %s", err, message)
	}
	return e
}

// tells ends the test unless the next event is about the present state of the session, and has such a
// summary and columns; "*" stands for any columns.
func (f *follower) tells(summary string, columns ...string) eventDocument {
	f.Helper()
	e, now := f.next(), f.do("GET", f.path("", "touch=false"), nil).is(http.StatusOK)
	doc := now.session()
	want := eventDocument{Type: "revision", Revision: now.header.Get("Edgeframe-Revision"), Version: doc.CurrentVersion, TotalRows: int64(doc.Shape[0])}
	want.Actor, want.TokensRevoked = e.Actor, e.TokensRevoked
	if summary != "" {
		want.Summary = &summary
	}
	want.Columns = append([]string{}, columns...)
	if want.AllColumns = slices.Equal(columns, []string{"*"}); want.AllColumns {
		want.Columns = []string{}
	}
	if diff := cmp.Diff(want, e); diff != "" {
		f.Fatalf("event: %s", diff)
	}
	return e
}

// ends checks that the connection is closed with a code, or that the stream ends, after an event of that type unless it is empty.
func (f *follower) ends(event string, want websocket.StatusCode) {
	f.Helper()
	if event != "" {
		if diff := cmp.Diff(eventDocument{Type: event}, f.next()); diff != "" {
			f.Fatalf("event: %s", diff)
		}
	}
	if f.streams() {
		want = streamEnded
	}
	if message, code := f.read(); code != want {
		f.Errorf("%q, closed with %d, want %d", message, code, want)
	}
}

// liveTest is a claim about servers with live updates.
func liveTest(claim string, check func(c *client)) test {
	return test{claim, func(c *client) {
		if c.store.Capabilities.LiveUpdates {
			check(c)
		}
	}}
}

var liveTests = []test{
	{"a server says whether it has live updates", func(c *client) {
		s := c.create(people)
		if !c.store.Capabilities.LiveUpdates {
			s.do("GET", s.path("/events"), nil, "Upgrade: websocket", "Connection: Upgrade").refused(http.StatusNotImplemented, "no_live_updates", "touch=false", "If-None-Match")
		} else if c.streams() {
			s.do("GET", s.path("/events"), nil, "Upgrade: websocket", "Connection: Upgrade").refused(http.StatusNotAcceptable, "not_acceptable", "server-sent events")
			s.do("HEAD", s.path("/events"), nil).is(http.StatusOK).has("Content-Type", "text/event-stream")
		} else {
			s.do("GET", s.path("/events"), nil).refused(http.StatusUpgradeRequired, "upgrade_required", "WebSocket")
		}
		s.do("GET", s.path("/events", "after=x"), nil).refused(http.StatusBadRequest, "invalid_parameter", "revision")
		if c.target.TokenSecret != "" {
			for _, why := range c.wrongTokens("create", "read", s) {
				c.refusedFor(why, "GET", s.path("/events"), nil, nil)
			}
		}
	}},
	liveTest("a follower is told of every change of others, in order", func(c *client) {
		s := c.create(people)
		f := s.follow(nil)
		if e := f.tells("", "*"); e.Actor != nil {
			c.Errorf("the first event names %q", *e.Actor)
		}
		s.edit(op{"op": "set_values", "column": "age", "rows": []int{0}, "values": []int{50}})
		f.tells("set 1 cell of age", "age")
		s.post("/undo")
		f.tells("Undo: version 1 is current", "name", "age", "score", "active")
		s.post("/redo")
		f.tells("Redo: version 2 is current", "name", "age", "score", "active")
		s.edit(op{"op": "delete_rows", "rows": []int{0}})
		f.tells("deleted 1 row", "*")
		s.do("POST", s.path("/audit"), map[string]any{"entry": "checked"}).is(http.StatusCreated)
		f.tells("checked")
		s.describe(`{"metadata":{"a":1}}`)
		f.tells("")
		s.do("POST", s.path("/touch", "ttl_seconds=1000"), nil).is(http.StatusOK)
		f.tells("")
	}),
	liveTest("a follower that connects again is told what it has missed", func(c *client) {
		s := c.create(people)
		revision := s.get("").header.Get("Edgeframe-Revision")
		f := s.follow([]string{"after=" + revision})
		s.edit(op{"op": "delete_rows", "rows": []int{0}})
		seen := f.tells("deleted 1 row", "*").Revision // it was told nothing before
		f.stop()
		s.post("/undo")
		s.follow([]string{"after=" + seen}).tells("", "*")
		s.follow([]string{"after=" + revision}, "Last-Event-ID: "+seen).tells("", "*")
	}),
	liveTest("followers are told that a session is deleted", func(c *client) {
		for _, precondition := range []string{"", "If-Match: *"} {
			s := c.create(people)
			f, g := s.follow(nil), s.follow(nil)
			f.next()
			g.next()
			headers := []string{}
			if precondition != "" {
				headers = append(headers, precondition)
			}
			s.do("DELETE", s.path(""), nil, headers...).is(http.StatusNoContent)
			f.ends("deleted", closedForGood)
			g.ends("deleted", closedForGood)
		}
	}),
	liveTest("following does not extend a session, and followers are told that it has expired", func(c *client) {
		s := c.create(people, "ttl_seconds=4")
		f := s.follow(nil)
		f.next()
		f.ends("expired", closedForGood)
		s.isGone()
	}),
	liveTest("a ping is answered, and other messages are ignored", func(c *client) {
		s := c.create(people)
		f := s.follow(nil)
		f.next()
		if f.conn == nil {
			return // a stream goes one way
		}
		for _, message := range []string{"{}", strings.Repeat("x", 10_000), "ping"} {
			if err := f.conn.Write(c.Context(), websocket.MessageText, []byte(message)); err != nil {
				c.Fatal(err)
			}
		}
		if message, code := f.read(); message != "pong" {
			c.Errorf("%q, closed with %d", message, code)
		}
		s.do("POST", s.path("/versions"), nil).is(http.StatusCreated)
		f.tells("Snapshot")
	}),
	liveTest("pages of foreign origins cannot follow", func(c *client) {
		s := c.create(people)
		for origin, allowed := range map[string]bool{c.target.Origin: true, "https://evil.example": false, "null": false} {
			_, response, err := s.dial(nil, "Origin: "+origin)
			if c.streams() {
				// The browser keeps what comes from a page that CORS does not allow.
				if may := response.Header.Get("Access-Control-Allow-Origin") == origin; may != allowed {
					c.Errorf("a page of %s: %v", origin, response.Header)
				}
				continue
			}
			if refused := errors.Is(err, nil); refused != allowed || !allowed && (response == nil || response.StatusCode != http.StatusForbidden) {
				c.Errorf("a page of %s: %v, %+v", origin, err, response)
			}
		}
	}),
	liveTest("a follower is told nothing once its token is revoked or has expired", func(c *client) {
		if c.target.TokenSecret == "" {
			return
		}
		s := c.as(c.signed("scope", "create")).create(people)
		s = &sess{c, s.id, s.made}
		byOperator := s.follow(nil)
		byOperator.next()
		link := func(life int64) string {
			return "token=" + c.signed("scope", "read", "session", s.id, "iat", time.Now().Unix(), "exp", time.Now().Unix()+life)
		}
		brief := s.follow([]string{link(4)})
		brief.next()
		brief.ends("", closedUnknown)
		byLink := s.follow([]string{link(600)})
		byLink.next()
		s.do("DELETE", s.path("/tokens"), nil).is(http.StatusNoContent)
		byLink.ends("", closedUnknown)
		if e := byOperator.tells(""); !e.TokensRevoked {
			c.Errorf("event %+v", e)
		}
	}),
	liveTest("whoever begins to follow while the session changes misses nothing", func(c *client) {
		s := c.create(people)
		last := make(chan uint64)
		go func() {
			var revision uint64
			for range 40 {
				if a, err := s.try("POST", s.path("/versions"), nil); err != nil || a.status != http.StatusCreated {
					c.Errorf("snapshot: %v %v", a, err)
					break
				} else if n := revisionOf(a.header.Get("Edgeframe-Revision")); n > revision {
					revision = n
				}
			}
			last <- revision
		}()
		var followers []*follower
		for range 15 {
			followers = append(followers, s.follow(nil))
		}
		end := <-last
		for i, f := range followers {
			for seen := uint64(0); seen < end; {
				n := revisionOf(f.next().Revision)
				if seen != 0 && n != seen+1 {
					c.Fatalf("follower %d was told revision %d after %d", i, n, seen)
				}
				seen = n
			}
		}
	}),
	liveTest("every follower of many is told of every change", func(c *client) {
		s := c.create(people)
		followers := make([]*follower, 200)
		for i := range followers {
			followers[i] = s.follow(nil)
		}
		var told []string
		for range 10 {
			told = append(told, s.do("POST", s.path("/versions"), nil).is(http.StatusCreated).header.Get("Edgeframe-Revision"))
		}
		for i, f := range followers {
			f.next()
			for _, revision := range told {
				if got := f.next().Revision; got != revision {
					c.Fatalf("follower %d was told %s, want %s", i, got, revision)
				}
			}
		}
	}),
}

// revisionOf returns the number of an Edgeframe-Revision.
func revisionOf(token string) uint64 {
	number, _, _ := strings.Cut(token, "-")
	n, _ := strconv.ParseUint(number, 10, 64)
	return n
}
