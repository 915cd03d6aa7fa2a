//go:build !js

package redis

import (
	"context"
	"testing"
	"time"

	"edgeframe/internal/testenv"
	"edgeframe/kv"
	"edgeframe/kv/kvtest"
)

// options returns the options of a test. Its server answers at once, but the race detector may delay
// the test for seconds when it frees a value of hundreds of megabytes.
func options(addrs ...string) Options {
	return Options{
		Addrs:          addrs,
		PoolSize:       10,
		ConnectTimeout: 20 * time.Second,
		SocketTimeout:  20 * time.Second,
		IdleTimeout:    30 * time.Second,
		Index:          "edgeframe:index",
	}
}

// open connects to a server, and closes the driver at the end of the test.
func open(t testing.TB, opt Options) *Driver {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), opt.ConnectTimeout)
	defer cancel()
	d, err := Open(ctx, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func TestRedisKeepsTheContract(t *testing.T) {
	server := testenv.StartRedis(t)
	kvtest.Run(t, func(t *testing.T) kv.Driver {
		server.Do("FLUSHALL")
		return open(t, options(server.Addr))
	})
}
