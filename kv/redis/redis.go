//go:build !js

// Package redis is a [kv.Driver] on Redis 6.2 and newer and what speaks its protocol: one
// server, a master found by Sentinel, or a Cluster.
//
// It promises strong consistency as far as the server keeps what it acknowledged, expiry by
// the server, one round trip for each call whatever the number of keys, and a count that
// scans nothing: the counted keys stand in a sorted set, by the time of their expiry. Every
// call may be repeated without harm, so what a broken connection cut off is repeated.
// Commands that operators like to rename away (FLUSHALL, FLUSHDB, CONFIG, SHUTDOWN, KEYS) are
// never sent.
package redis

import (
	"context"
	"crypto/tls"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"edgeframe/kv"
)

const (
	maxKeyBytes = 512
	// maxValueBytes is the longest string of Redis, proto-max-bulk-len.
	maxValueBytes = 512 << 20
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
	// Hooks are asked on every round trip, for telemetry; those of a Cluster are the ones to
	// each of its nodes.
	Hooks []goredis.Hook
}

// aside is the time that a call may spend on what is not its task.
func (o Options) aside() time.Duration { return o.SocketTimeout / 5 }

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
	var mode string
	greet := func(ctx context.Context) (err error) {
		mode, err = d.greet(ctx)
		return err
	}
	err := d.repeat(ctx, greet)
	if err == nil && !d.cluster && mode == "cluster" {
		_ = d.client.Close()
		d.connect(true)
		err = d.repeat(ctx, greet)
	}
	if err != nil {
		_ = d.client.Close()
		return nil, err
	}
	return d, nil
}

// greet returns how the server runs, if it answers and may say so. Of a Cluster any node will
// do that knows the others.
func (d *Driver) greet(ctx context.Context) (mode string, err error) {
	if d.cluster {
		_, err := d.masterOf(ctx, d.opt.Index)
		return "cluster", err
	}
	info, err := d.client.Info(ctx, "server").Result()
	if goredis.HasErrorPrefix(err, "NOPERM") {
		err = d.client.Ping(ctx).Err()
	}
	return infoField(info, "redis_mode"), err
}

func (d *Driver) connect(cluster bool) {
	opt := d.opt
	d.cluster = cluster
	options := &goredis.UniversalOptions{
		Addrs:            opt.Addrs,
		MasterName:       opt.SentinelMaster,
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
		// The client would not repeat transactions; see repeat.
		MaxRetries:      -1,
		MaxRetryBackoff: maxBackoff,

		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
	if cluster {
		d.client = newCluster(options.Cluster(), opt)
		return
	}
	d.client = goredis.NewUniversalClient(options)
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
