//go:build !js

// Package redis is a [kv.Driver] on Redis 6.2 and newer and what speaks its protocol: one
// server, a master found by Sentinel, or a Cluster.
//
// It promises strong consistency as far as the server keeps what it acknowledged, expiry by
// the server, one round trip for each call whatever the number of keys, and a count that
// scans nothing: the counted keys stand in a sorted set, by the time of their expiry. Every
// call may be repeated without harm, so the client repeats what a broken connection cut off.
// Commands that operators like to rename away (FLUSHALL, FLUSHDB, CONFIG, SHUTDOWN, KEYS) are
// never sent.
package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"edgeframe/kv"
)

const (
	maxKeyBytes = 512
	// maxValueBytes is the longest string of Redis, proto-max-bulk-len.
	maxValueBytes = 512 << 20

	// maxRetries is how often a call is repeated that failed for another reason than time: a
	// broken connection, a server that is still loading its data.
	maxRetries = 3
	// maxRetryBackoff is the longest pause before it is.
	maxRetryBackoff = 100 * time.Millisecond
)

// Options say where Redis is and how long to wait for it.
type Options struct {
	// Addrs are host:port of one server, of nodes of a Cluster, or with SentinelMaster of
	// Sentinels. One server that says it is of a Cluster is taken for one.
	Addrs          []string
	SentinelMaster string
	// Username and Password are for the servers that keep data, SentinelUsername and
	// SentinelPassword for the Sentinels.
	Username, Password                 string
	SentinelUsername, SentinelPassword string
	// DB is the number of the database, 0 on a Cluster.
	DB int
	// TLS switches encryption on. The name in the server's certificate must be the host's.
	TLS *tls.Config
	// PoolSize is the largest number of connections, to each node of a Cluster.
	PoolSize int
	// ConnectTimeout bounds the opening of a connection.
	ConnectTimeout time.Duration
	// SocketTimeout bounds every call, waiting for a free connection included, but for the time
	// that its bytes need (see minBytesPerSecond). With RetryOnTimeout it is spent on two tries.
	SocketTimeout  time.Duration
	RetryOnTimeout bool
	// IdleTimeout is how long an unused connection is trusted to be still there.
	IdleTimeout time.Duration
	// Index is the key of the sorted set that holds the counted keys.
	Index string
	// Hooks are asked on every round trip, for telemetry.
	Hooks []goredis.Hook
}

// Driver is a Redis engine.
type Driver struct {
	opt     Options
	client  goredis.UniversalClient
	cluster bool
}

var (
	_ kv.Driver    = (*Driver)(nil)
	_ kv.Committer = (*Driver)(nil)
)

// discard keeps the client library from logging: a driver returns errors.
type discard struct{}

func (discard) Printf(context.Context, string, ...any) {}

func init() { goredis.SetLogger(discard{}) }

// Open connects to Redis and returns an error if it does not answer before ctx is done.
func Open(ctx context.Context, opt Options) (*Driver, error) {
	d := &Driver{opt: opt}
	d.connect(opt.SentinelMaster == "" && len(opt.Addrs) > 1)
	info, err := d.client.Info(ctx, "server").Result()
	if goredis.HasErrorPrefix(err, "NOPERM") {
		err = d.client.Ping(ctx).Err()
	}
	if err == nil && !d.cluster && infoField(info, "redis_mode") == "cluster" {
		_ = d.client.Close()
		d.connect(true)
		err = d.client.Ping(ctx).Err()
	}
	if err != nil {
		_ = d.client.Close()
		return nil, err
	}
	return d, nil
}

func (d *Driver) connect(cluster bool) {
	opt := d.opt
	d.cluster = cluster
	d.client = goredis.NewUniversalClient(&goredis.UniversalOptions{
		Addrs:            opt.Addrs,
		MasterName:       opt.SentinelMaster,
		IsClusterMode:    cluster,
		ClientName:       "edgeframe",
		Username:         opt.Username,
		Password:         opt.Password,
		SentinelUsername: opt.SentinelUsername,
		SentinelPassword: opt.SentinelPassword,
		DB:               opt.DB,
		Dialer:           d.dial,

		PoolSize:       opt.PoolSize,
		MaxActiveConns: opt.PoolSize,
		// The second pool, for pipelines, would not be bounded by PoolSize.
		PipelinePoolSize: -1,
		ConnMaxIdleTime:  opt.IdleTimeout,

		// Calls are bounded by their contexts alone.
		ContextTimeoutEnabled: true,
		ReadTimeout:           -1,
		WriteTimeout:          -1,
		PoolTimeout:           opt.SocketTimeout,
		DialTimeout:           opt.ConnectTimeout,
		DialerRetries:         1,
		MaxRetries:            maxRetries,
		MaxRetryBackoff:       maxRetryBackoff,

		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	for _, h := range opt.Hooks {
		d.client.AddHook(h)
	}
}

// Info implements [kv.Driver].
func (d *Driver) Info() kv.Info {
	return kv.Info{
		Type:  "redis",
		Class: "RedisBackend",
		Capabilities: kv.Capabilities{
			Consistency:    kv.Strong,
			CompareAndSwap: true,
			NativeExpiry:   true,
			MaxValueBytes:  maxValueBytes,
			MaxKeyBytes:    maxKeyBytes,
			RepeatsKeys:    true,
		},
	}
}

// Close implements [kv.Driver].
func (d *Driver) Close() error { return d.client.Close() }

// minBytesPerSecond is the slowest transfer that is waited for: so much longer than
// SocketTimeout may a call take.
const minBytesPerSecond = 4 << 20

func transferTime(bytes int) time.Duration {
	return time.Duration(bytes) * time.Second / minBytesPerSecond
}

// within runs call under the time-outs that are configured, and once more if it ran out of
// time and that is wanted. transfer is the time that it may take beyond them.
func (d *Driver) within(ctx context.Context, transfer time.Duration, call func(context.Context) error) error {
	// A little is kept for what is done with the answer.
	patience, tries := d.opt.SocketTimeout*49/50, 1
	if d.opt.RetryOnTimeout {
		patience, tries = patience/2, 2
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		bounded, cancel := context.WithTimeout(ctx, patience+transfer)
		err := call(bounded)
		// The deadline of the socket may pass a moment before that of the context.
		var slow net.Error
		outOfTime := bounded.Err() != nil || errors.As(err, &slow) && slow.Timeout()
		cancel()
		if tries--; err == nil || !outOfTime {
			return classify(err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if tries == 0 {
			return fmt.Errorf("%w after %s", context.DeadlineExceeded, d.opt.SocketTimeout)
		}
	}
}

// classify wraps what Redis answered with the sentinel that says what it means. Older servers
// put their text around the errors of commands in scripts.
func classify(err error) error {
	if err == nil {
		return nil
	}
	switch text := err.Error(); {
	case strings.Contains(text, "OOM command not allowed"):
		return fmt.Errorf("%w: %w", kv.ErrFull, err)
	case strings.Contains(text, "WRONGTYPE "):
		return fmt.Errorf("%w: %w", kv.ErrCorrupt, err)
	}
	return err
}
