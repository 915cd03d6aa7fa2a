//go:build !js

package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"syscall"
	"time"
)

// dial opens a connection. If the connection is refused, dial returns a connection that fails instead
// of an error: after some errors the client's pool would only try once per second, and notice late
// that the server is back. A refused connection costs little time, so every call can try.
func (d *Driver) dial(ctx context.Context, network, address string) (net.Conn, error) {
	timeout := d.opt.ConnectTimeout
	sentinel := d.opt.SentinelMaster != "" && slices.Contains(d.opt.Addrs, address)
	if sentinel {
		timeout /= sentinelShare
	}
	dialer := &net.Dialer{Timeout: timeout, KeepAlive: 5 * time.Minute}
	dial := dialer.DialContext
	if d.opt.TLS != nil {
		dial = (&tls.Dialer{NetDialer: dialer, Config: d.opt.TLS}).DialContext
	}
	conn, err := dial(ctx, network, address)
	if errors.Is(err, syscall.ECONNREFUSED) {
		// The client unwraps the error of a new connection once.
		return refusedConn{fmt.Errorf("open a connection: %w", err)}, nil
	}
	switch {
	case err != nil:
	case sentinel:
		conn = sentinelConn{conn, timeout}
	default:
		d.master.Store(&address)
	}
	return conn, err
}

// sentinelShare is the divisor of ConnectTimeout for each answer of a Sentinel. The client asks for the
// master whenever it opens a connection, and asks a Sentinel three times before it tries another.
// If a Sentinel hangs, there must be time left for the others.
const sentinelShare = 5

// sentinelConn is a connection to a Sentinel with earlier deadlines. Reads without a deadline, which
// wait for messages, are not limited.
type sentinelConn struct {
	net.Conn
	timeout time.Duration
}

// SetReadDeadline sets a deadline that is at most the timeout from now.
func (c sentinelConn) SetReadDeadline(t time.Time) error {
	if latest := time.Now().Add(c.timeout); t.After(latest) {
		t = latest
	}
	return c.Conn.SetReadDeadline(t)
}

// refusedConn is a connection that was refused with err.
type refusedConn struct{ err error }

func (c refusedConn) Read([]byte) (int, error)         { return 0, c.err }
func (c refusedConn) Write([]byte) (int, error)        { return 0, c.err }
func (c refusedConn) Close() error                     { return nil }
func (c refusedConn) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (c refusedConn) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (c refusedConn) SetDeadline(time.Time) error      { return nil }
func (c refusedConn) SetReadDeadline(time.Time) error  { return nil }
func (c refusedConn) SetWriteDeadline(time.Time) error { return nil }
