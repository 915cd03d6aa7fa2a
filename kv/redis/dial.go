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

// dial opens a connection. A port that refuses it costs no time to ask, so it is asked again
// by every call; the client's pool would stop asking after some refusals, and then find a
// server that is back only by a look every second. Such a refusal is therefore returned as a
// connection that fails.
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
		// The client takes one wrapping off what fails while a connection begins.
		return refusedConn{fmt.Errorf("open a connection: %w", err)}, nil
	}
	if sentinel && err == nil {
		conn = sentinelConn{conn, timeout}
	}
	return conn, err
}

// sentinelShare is the part of ConnectTimeout that each answer of a Sentinel may take. The
// client asks for the master whenever it opens a connection, three times before it gives up a
// Sentinel for another; one that hangs must leave it the time for that.
const sentinelShare = 5

// sentinelConn is a connection to a Sentinel. Whoever waits on it for ever, for news, may.
type sentinelConn struct {
	net.Conn
	patience time.Duration
}

// SetReadDeadline brings a deadline forward.
func (c sentinelConn) SetReadDeadline(t time.Time) error {
	if latest := time.Now().Add(c.patience); t.After(latest) {
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
