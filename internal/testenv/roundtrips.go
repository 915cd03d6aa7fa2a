//go:build !js

package testenv

import (
	"context"
	"sync/atomic"

	goredis "github.com/redis/go-redis/v9"
)

// RoundTrips is a hook of a Redis client that counts its round trips: a pipeline or a
// transaction is one, as a single command is. Opening a connection does not count.
type RoundTrips struct{ n atomic.Int64 }

// Take returns the number so far and begins again.
func (r *RoundTrips) Take() int { return int(r.n.Swap(0)) }

// DialHook implements [goredis.Hook].
func (r *RoundTrips) DialHook(next goredis.DialHook) goredis.DialHook { return next }

// ProcessHook implements [goredis.Hook].
func (r *RoundTrips) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook {
	return func(ctx context.Context, cmd goredis.Cmder) error {
		r.n.Add(1)
		return next(ctx, cmd)
	}
}

// ProcessPipelineHook implements [goredis.Hook].
func (r *RoundTrips) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return func(ctx context.Context, commands []goredis.Cmder) error {
		r.n.Add(1)
		return next(ctx, commands)
	}
}
