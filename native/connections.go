//go:build !js

package native

import (
	"container/list"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// unusedGrace is how long a connection may have no request before it is closed for another
	// one, if there are too many. Clients that are at work keep theirs.
	unusedGrace = 500 * time.Millisecond
	// fullWarning is how often the log may say that there are too many connections.
	fullWarning = time.Minute
)

// connections limits how many connections are open. One more is accepted, and waits until there is
// room. For it, the connection is closed that has been without a request longest, and at least for
// unusedGrace: since its last one, or since it was opened.
type connections struct {
	limit int
	log   *slog.Logger

	mu   sync.Mutex
	open map[net.Conn]*list.Element // nil: a request is being answered
	// unused has the connections without a request, with the oldest in front.
	unused list.List
	// changed receives a value when a connection was closed or has no request any more.
	changed chan struct{}
	warned  time.Time
}

// unused is a connection without a request, since a time.
type unused struct {
	conn  net.Conn
	since time.Time
}

func newConnections(limit int, log *slog.Logger) *connections {
	return &connections{limit: limit, log: log, open: map[net.Conn]*list.Element{}, changed: make(chan struct{}, 1)}
}

// track is the ConnState hook of a server.
func (c *connections) track(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	entry, known := c.open[conn]
	if !known && state != http.StateNew {
		return // closed by makeRoom
	}
	if entry != nil {
		c.unused.Remove(entry)
	}
	switch state {
	case http.StateNew, http.StateIdle:
		c.open[conn] = c.unused.PushBack(unused{conn, time.Now()})
	case http.StateActive:
		c.open[conn] = nil
	case http.StateClosed, http.StateHijacked:
		delete(c.open, conn)
	}
	if state != http.StateActive {
		select {
		case c.changed <- struct{}{}:
		default:
		}
	}
}

// makeRoom waits until another connection may be open. It returns false if closed is closed before.
func (c *connections) makeRoom(closed <-chan struct{}) bool {
	for {
		again, ok := c.tryRoom()
		if ok {
			return true
		}
		timer := time.NewTimer(again)
		select {
		case <-c.changed:
		case <-timer.C:
		case <-closed:
			timer.Stop()
			return false
		}
		timer.Stop()
	}
}

// tryRoom reports whether another connection may be open, after it closed one if necessary. If not, it
// returns after which time to try again, at the latest.
func (c *connections) tryRoom() (again time.Duration, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.open) < c.limit {
		return 0, true
	}
	again = unusedGrace
	if front := c.unused.Front(); front != nil {
		oldest := front.Value.(unused)
		again -= time.Since(oldest.since)
		if again <= 0 {
			// The server reports its end later, when it is forgotten already.
			c.unused.Remove(front)
			delete(c.open, oldest.conn)
			oldest.conn.Close()
			return 0, true
		}
	}
	if now := time.Now(); now.Sub(c.warned) >= fullWarning {
		c.warned = now
		c.log.Warn("there are too many connections: new ones wait", "limit", c.limit, "event", "connections_full")
	}
	return again, false
}

// limitedListener accepts connections while there is room for them.
type limitedListener struct {
	net.Listener
	connections *connections
	once        sync.Once
	closed      chan struct{}
}

func limitListener(ln net.Listener, c *connections) net.Listener {
	return &limitedListener{Listener: ln, connections: c, closed: make(chan struct{})}
}

// Accept implements [net.Listener]. It accepts before it waits, so that no connection is closed
// unless another one is there.
func (l *limitedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if !l.connections.makeRoom(l.closed) {
		conn.Close()
		return nil, net.ErrClosed
	}
	return conn, nil
}

// Close implements [net.Listener].
func (l *limitedListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}
