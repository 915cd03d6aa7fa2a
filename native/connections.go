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
	// silentGrace is how long a new connection may send no request before it is closed for
	// another one, if there are too many.
	silentGrace = 2 * time.Second
	// fullWarning is how often the log may say that there are too many connections.
	fullWarning = time.Minute
)

// connections limits how many connections are open. One more is accepted, and waits. For it, the
// connection is closed that has been idle longest, or else one that has sent no request for
// silentGrace. If there is none, it waits until there is.
type connections struct {
	limit int
	log   *slog.Logger

	mu   sync.Mutex
	open map[net.Conn]*list.Element // nil: a request is being answered
	// idle and silent have the connections between two requests and those before their first one,
	// each with the oldest in front.
	idle, silent list.List
	// changed receives a value when a connection was closed or has become idle.
	changed chan struct{}
	warned  time.Time
}

// waiter is a connection without a request, since a time.
type waiter struct {
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
	waiting, known := c.open[conn]
	if !known && state != http.StateNew {
		return // closed by makeRoom
	}
	if waiting != nil {
		c.idle.Remove(waiting)
		c.silent.Remove(waiting)
	}
	switch state {
	case http.StateNew:
		c.open[conn] = c.silent.PushBack(waiter{conn, time.Now()})
	case http.StateActive:
		c.open[conn] = nil
	case http.StateIdle:
		c.open[conn] = c.idle.PushBack(waiter{conn: conn})
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
	if oldest := c.idle.Front(); oldest != nil {
		c.close(&c.idle, oldest)
		return 0, true
	}
	again = silentGrace
	if oldest := c.silent.Front(); oldest != nil {
		again -= time.Since(oldest.Value.(waiter).since)
		if again <= 0 {
			c.close(&c.silent, oldest)
			return 0, true
		}
	}
	if now := time.Now(); now.Sub(c.warned) >= fullWarning {
		c.warned = now
		c.log.Warn("there are too many connections: new ones wait", "limit", c.limit)
	}
	return again, false
}

// close closes a connection. The server reports it later, when it is forgotten already.
func (c *connections) close(of *list.List, e *list.Element) {
	conn := of.Remove(e).(waiter).conn
	delete(c.open, conn)
	conn.Close()
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
