//go:build !js

package native

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"edgeframe/api"
	"edgeframe/kv"
	"edgeframe/kv/cache"
	"edgeframe/kv/disk"
	"edgeframe/kv/memory"
	"edgeframe/kv/redis"
	"edgeframe/native/live"
	"edgeframe/native/metrics"
	"edgeframe/session"
)

// backend is the storage that was chosen, and what the health document says about the choice.
type backend struct {
	store  *kv.Store
	health api.Backend
	// ttl is how long a session on this storage lives after its last access.
	ttl time.Duration
	// inlineBytes is InlineBytes of [session.Options].
	inlineBytes int
	// changes is the line in which the changes of a session wait.
	changes *line
	// swept is the store that does not remove expired data itself; nil means store.
	swept *kv.Store
	// failover watches Redis; it may be nil.
	failover *failover
	// pool returns the numbers of the connections to Redis. It is nil if there are none.
	pool func() *goredis.PoolStats
	// embedded is the engine in STORAGE_DIR, nil if another one is used.
	embedded *disk.Driver
	// followers are told of changes. It is nil if the store cannot tell of them.
	followers *live.Hub
}

// openBackend chooses and opens the storage: Redis if it is enabled and answers, the embedded store
// if Redis is not enabled. If Redis does not answer, it falls back to the embedded store, unless
// the configuration forbids that. The hooks see the round trips to Redis.
func openBackend(cfg Config, plan memoryPlan, log *Log, hooks ...goredis.Hook) (*backend, error) {
	if !cfg.RedisEnabled {
		return openEmbedded(cfg, plan, log, api.Backend{})
	}
	log.Line(slog.LevelInfo, "[DataManager] Redis enabled in settings", "event", "redis_enabled")
	driver, err := openRedis(cfg, log, hooks...)
	if err == nil {
		return openRemote(cfg, driver, nil, plan, log, hooks)
	}
	log.Line(slog.LevelWarn, "[DataManager] Failed to initialize RedisBackend: "+err.Error(), "event", "backend_failed", "backend", "redis", "addr", cfg.RedisURL.String(), "reason", err.Error())
	if !cfg.StorageFallback {
		return nil, fmt.Errorf("REDIS_ENABLED=true, STORAGE_FALLBACK_TO_MEMORY=false: %w", err)
	}
	log.Line(slog.LevelWarn, "[DataManager] Falling back to InMemoryBackend", "event", "backend_fallback", "backend", "inmemory", "reason", err.Error())
	if cfg.StorageRuntimeFallback {
		return openRemote(cfg, nil, err, plan, log, hooks)
	}
	return openEmbedded(cfg, plan, log, api.Backend{
		RedisEnabled: true,
		Fallback:     api.Fallback{Active: true, Reason: err.Error(), Since: time.Now()},
	})
}

// openRemote returns the storage on Redis, with the embedded store beside it if STORAGE_RUNTIME_FALLBACK is set. Redis
// is opened later if it did not answer because of cause.
func openRemote(cfg Config, driver *redis.Driver, cause error, plan memoryPlan, log *Log, hooks []goredis.Hook) (*backend, error) {
	health := api.Backend{RedisEnabled: true, RedisAvailable: true, Explain: cfg.explainHealth}
	if cfg.BreakerFailures == 0 {
		b := newBackend(cfg, cached(driver, cfg.CacheBytes()/2), cfg.RedisSessionTTL(), health)
		b.pool = driver.PoolStats
		return b, nil
	}
	f := newFailover(cfg, driver, cause, log, hooks)
	health.Present = f.present
	if !cfg.StorageRuntimeFallback {
		b := newBackend(cfg, cached(f.breaker, cfg.CacheBytes()/2), cfg.RedisSessionTTL(), health)
		b.failover, b.pool = f, f.poolStats
		return b, nil
	}
	// The embedded store needs little of the cache: it has few sessions, for a short time.
	share := cfg.CacheBytes() / embeddedShare
	embedded, err := openEmbeddedDriver(cfg, plan.store, share, log)
	if err != nil {
		return nil, errors.Join(err, f.breaker.Close())
	}
	changes := newLine(maxWaiting, turnTimeout)
	if err := f.withEmbedded(context.Background(), embedded, changes); err != nil {
		return nil, errors.Join(err, f.stores.Close())
	}
	b := newBackend(cfg, cached(f.stores, cfg.CacheBytes()/2-share), cfg.RedisSessionTTL(), health)
	b.changes, b.swept, b.failover, b.pool = changes, f.local, f, f.poolStats
	b.embedded, _ = embedded.(*disk.Driver)
	return b, nil
}

// embeddedShare is the divisor of CACHE_SIZE_MB for the cache of the embedded store beside Redis.
const embeddedShare = 8

// blocksShare is the divisor of the half of CACHE_SIZE_MB for the engine's own cache, which keeps whatever the engine
// reads. The rest is a cache in front of the engine, which keeps nothing of a table that is read in passing.
const blocksShare = 4

func openEmbedded(cfg Config, plan memoryPlan, log *Log, health api.Backend) (*backend, error) {
	half := cfg.CacheBytes() / 2
	blocks := min(half, max(half/blocksShare, disk.MinCacheBytes))
	driver, err := openEmbeddedDriver(cfg, plan.store, blocks, log)
	if err != nil {
		return nil, err
	}
	engine, onDisk := driver.(*disk.Driver)
	if onDisk {
		driver = cached(driver, half-blocks)
	}
	b := newBackend(cfg, driver, cfg.SessionTTL(), health)
	b.embedded = engine
	// No table travels inside a head: a segment is not a round trip away here, and each change of a session would
	// write its table again.
	b.inlineBytes = -1
	return b, nil
}

func newBackend(cfg Config, driver kv.Driver, ttl time.Duration, health api.Backend) *backend {
	health.Runtime = "native"
	return &backend{store: kv.New(driver, cfg.KeyPrefix), health: health, ttl: ttl, changes: newLine(maxWaiting, turnTimeout)}
}

// cached returns d with a cache of the values that never change.
func cached(d kv.Driver, bytes int64) kv.Driver { return cache.New(d, bytes, session.Immutable) }

// openEmbeddedDriver opens the engine in STORAGE_DIR, or the one in memory if STORAGE_DIR is empty.
// The engine's own cache has cacheBytes. The engine in memory takes at most memoryBytes.
func openEmbeddedDriver(cfg Config, memoryBytes, cacheBytes int64, log *Log) (kv.Driver, error) {
	if cfg.StorageDir == "" {
		return memory.NewBounded(memoryBytes), nil
	}
	driver, err := disk.Open(cfg.StorageDir, disk.Options{
		Sync:       disk.Sync(cfg.StorageSync),
		CacheBytes: cacheBytes,
		OpenFiles:  divideDescriptors(openFiles(), cfg).disk,
		Logger:     log.Logger,
	})
	if errors.Is(err, disk.ErrLocked) {
		return nil, fmt.Errorf("STORAGE_DIR=%s is in use by another edgeframe process; stop it or set another directory", cfg.StorageDir)
	}
	if err != nil {
		return nil, fmt.Errorf("STORAGE_DIR=%s: %w", cfg.StorageDir, err)
	}
	return driver, nil
}

// announce logs which backend is used, and whether Redis is in use.
func (b *backend) announce(ctx context.Context, log *Log) {
	info, fallback := b.store.Info(), b.health.Fallback
	if b.health.Present != nil {
		now := b.health.Present()
		info, fallback = now.Info, now.Fallback
	}
	log.Line(slog.LevelInfo, fmt.Sprintf("[DataManager] DataManager initialized with %s (%s)", info.Class, info.Type), "event", "backend_initialized", "backend", info.Type)
	log.Line(slog.LevelInfo, fmt.Sprintf("💾 Storage backend: %s (%s)", info.Class, info.Type), "event", "backend_chosen", "backend", info.Type)
	switch {
	case fallback.Active:
		log.Line(slog.LevelWarn, "⚠️  Redis: Enabled but not available (using fallback)", "event", "redis_state", "backend", info.Type, "reason", fallback.Reason)
	case !b.health.RedisEnabled:
		log.Line(slog.LevelInfo, "ℹ️  Redis: Disabled (using InMemory backend)", "event", "redis_state", "backend", info.Type)
	default:
		b.announceRedis(ctx, log)
	}
}

func (b *backend) announceRedis(ctx context.Context, log *Log) {
	latency, details, err := b.store.Health(ctx)
	if err != nil {
		log.Line(slog.LevelWarn, "⚠️  Redis: Connected, and does not answer any more", "event", "redis_state", "backend", "redis", "reason", b.health.Explain(err))
		return
	}
	log.Line(slog.LevelInfo, fmt.Sprintf("✅ Redis: Connected (latency: %.1fms)", float64(latency)/float64(time.Millisecond)), "event", "redis_state", "backend", "redis", "latency_ms", float64(latency)/float64(time.Millisecond))
	if policy, _ := details[redis.EvictionPolicy].(string); policy != "" && policy != "noeviction" {
		log.Line(slog.LevelWarn, "⚠️  Redis: maxmemory-policy is "+policy+", so Redis may drop parts of live sessions when its memory is short; set it to noeviction", "event", "redis_warning", "backend", "redis", "reason", "maxmemory-policy "+policy)
	}
}

// availability is what metrics say of Redis.
func (b *backend) availability() metrics.Availability {
	if b.failover == nil {
		return metrics.Availability{FallbackActive: b.health.Fallback.Active}
	}
	breaker := b.failover.breaker.Stats()
	return metrics.Availability{
		FallbackActive: b.failover.present().Fallback.Active,
		BreakerOpen:    breaker.State != "closed", BreakerOpened: breaker.Opened, BreakerRejected: breaker.Rejected,
	}
}
