//go:build !js

package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"
)

// dial opens a connection. A port that refuses it costs no time to ask, so it is asked again
// by every call; the client's pool would stop asking after some refusals, and then find a
// server that is back only by a look every second. Such a refusal is therefore returned as a
// connection that fails.
func (d *Driver) dial(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: d.opt.ConnectTimeout, KeepAlive: 5 * time.Minute}
	dial := dialer.DialContext
	if d.opt.TLS != nil {
		dial = (&tls.Dialer{NetDialer: dialer, Config: d.opt.TLS}).DialContext
	}
	conn, err := dial(ctx, network, address)
	if errors.Is(err, syscall.ECONNREFUSED) {
		// The client takes one wrapping off what fails while a connection begins.
		return refusedConn{fmt.Errorf("open a connection: %w", err)}, nil
	}
	return conn, err
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
