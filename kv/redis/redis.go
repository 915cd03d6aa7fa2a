//go:build !js

// Package redis is a [kv.Driver] for Redis 6.2 and newer, and for servers that speak its protocol: one
// server, a master that Sentinel finds, or a Cluster.
//
// It has strong consistency, provided that the server keeps what it has acknowledged. With
// [Options.WaitReplicas] a change is acknowledged when that many replicas have it. The server expires the
// keys. Every call takes one round trip, whatever the number of keys. A count scans
// nothing, because the counted keys are in a sorted set, ordered by expiry. Every call can be
// repeated safely, and is repeated after a broken connection. The driver never sends the commands
// that operators often rename (FLUSHALL, FLUSHDB, CONFIG, SHUTDOWN, KEYS).
package redis

import (
	"cmp"
	"context"
	"crypto/tls"
	"sync"
	"sync/atomic"
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
	// Addrs has the host:port of one server, of nodes of a Cluster or, with SentinelMaster, of
	// Sentinels. A single server that belongs to a Cluster is used as a Cluster.
	Addrs          []string
	SentinelMaster string
	// Username and Password are for the servers with the data, SentinelUsername and
	// SentinelPassword for the Sentinels.
	Username, Password                 string
	SentinelUsername, SentinelPassword string
	// DB is the number of the database, 0 on a Cluster.
	DB int
	// TLS, if not nil, enables encryption. The server's certificate must have the name of the host.
	TLS *tls.Config
	// PoolSize is the largest number of connections, on a Cluster to each node.
	PoolSize int
	// ConnectTimeout limits the time to open a connection.
	ConnectTimeout time.Duration
	// SocketTimeout limits the time of every call, including the wait for a free connection, but
	// not the time to transfer its bytes (see minBytesPerSecond). With RetryOnTimeout it is divided
	// between two attempts.
	SocketTimeout  time.Duration
	RetryOnTimeout bool
	// WaitReplicas is the number of replicas that must have a change before it is acknowledged, 0 for
	// none, and WaitTimeout how long a change waits for them. It is a time of its own, which SocketTimeout
	// does not include.
	WaitReplicas int
	WaitTimeout  time.Duration
	// IdleTimeout is how long an unused connection stays open.
	IdleTimeout time.Duration
	// Index is the key of the sorted set of the counted keys.
	Index string
	// Hooks are called on every round trip, for telemetry; on a Cluster on those to each of its
	// nodes.
	Hooks []goredis.Hook
}

// aside is the time that a call may spend on secondary work, such as finding nodes.
func (o Options) aside() time.Duration { return o.SocketTimeout / 5 }

// Driver is a Redis engine.
type Driver struct {
	opt     Options
	client  goredis.UniversalClient
	cluster bool
	// master is the address of the server that was connected to last. It is not used on a Cluster.
	master atomic.Pointer[string]
	// fsyncs says which servers can wait for the disks of their replicas; see [Driver.learn].
	fsyncs sync.Map
	// subscriber tells those who watch keys. mute says that the user may not publish or subscribe, sharded that channels
	// are sharded.
	subscriber subscriber
	mute       bool
	sharded    bool
}

var (
	_ kv.Driver    = (*Driver)(nil)
	_ kv.Committer = (*Driver)(nil)
	_ kv.Confirmer = (*Driver)(nil)
	_ kv.Watcher   = (*Driver)(nil)
)

// discard switches off the log of the client library: a driver returns errors.
type discard struct{}

func (discard) Printf(context.Context, string, ...any) {}

func init() { goredis.SetLogger(discard{}) }

// Open connects to Redis and returns an error if it does not answer before ctx is done.
func Open(ctx context.Context, opt Options) (*Driver, error) {
	d := &Driver{opt: opt}
	d.subscriber.driver = d
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
	if err == nil {
		// Without an answer the user is taken to be one who may, as the default user of Redis is: a node that hangs must
		// not keep the client from opening.
		d.sharded = d.cluster && d.canTell(ctx, true)
		d.mute = !d.sharded && !d.canTell(ctx, false)
	}
	if err != nil {
		_ = d.client.Close()
		return nil, err
	}
	return d, nil
}

// greet returns the mode of the server, if the server answers and permits the question. On a Cluster
// one node that knows the others must answer.
func (d *Driver) greet(ctx context.Context) (mode string, err error) {
	if d.cluster {
		_, err := d.masterOf(ctx, d.opt.Index)
		return "cluster", err
	}
	info, err := d.client.Info(ctx, "server").Result()
	if goredis.HasErrorPrefix(err, "NOPERM") {
		err = d.client.Ping(ctx).Err()
	}
	// Valkey has another name for it.
	return cmp.Or(infoField(info, "redis_mode"), infoField(info, "server_mode")), err
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
		// PoolSize would not limit a second pool for pipelines.
		PipelinePoolSize: -1,
		ConnMaxIdleTime:  opt.IdleTimeout,

		// Only contexts limit the time of calls.
		ContextTimeoutEnabled: true,
		ReadTimeout:           -1,
		WriteTimeout:          -1,
		PoolTimeout:           opt.SocketTimeout,
		DialTimeout:           opt.ConnectTimeout,
		DialerRetries:         1,
		// The client does not retry transactions; see repeat.
		MaxRetries:      -1,
		MaxRetryBackoff: maxBackoff,

		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
	if opt.WaitReplicas > 0 {
		options.OnConnect = d.learn
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
			LiveUpdates:    !d.mute,
		},
	}
}

// Close implements [kv.Driver].
func (d *Driver) Close() error {
	d.subscriber.close()
	return d.client.Close()
}
