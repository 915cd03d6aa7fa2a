//go:build !js

package metrics

import (
	"github.com/prometheus/client_golang/prometheus"
	goredis "github.com/redis/go-redis/v9"

	"edgeframe/internal/budget"
	"edgeframe/internal/lru"
)

// countOf and valueOf register numbers that exist, which are read at each scrape.
func (m *Metrics) countOf(name, help string, labels prometheus.Labels, read func() float64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: labels}, read))
}

func (m *Metrics) valueOf(name, help string, labels prometheus.Labels, read func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels}, read))
}

// WatchCache counts a cache under a name.
func (m *Metrics) WatchCache(name string, stats func() lru.Stats) {
	if m == nil {
		return
	}
	cache := prometheus.Labels{"cache": name}
	m.countOf("edgeframe_cache_hits_total", "Values that were in the cache.", cache, func() float64 { return float64(stats().Hits) })
	m.countOf("edgeframe_cache_misses_total", "Values that were not in the cache.", cache, func() float64 { return float64(stats().Misses) })
	m.valueOf("edgeframe_cache_bytes", "Memory that the cache takes.", cache, func() float64 { return float64(stats().Used) })
}

// WatchBudget counts the memory that requests share.
func (m *Metrics) WatchBudget(b *budget.Budget) {
	if m == nil {
		return
	}
	m.valueOf("edgeframe_memory_reserved_bytes", "Memory that requests have reserved.", nil, func() float64 { return float64(b.Stats().Reserved) })
	m.valueOf("edgeframe_memory_limit_bytes", "Memory that requests share.", nil, func() float64 { return float64(b.Stats().Bytes) })
	m.valueOf("edgeframe_memory_waiting_requests", "Requests that wait for memory or for a processor.", nil, func() float64 { return float64(b.Stats().Waiting) })
	m.countOf("edgeframe_memory_refused_total", "Requests that were refused because there was no memory or no processor for them in time, or because they need more memory than there is.", nil, func() float64 { return float64(b.Stats().Refused) })
}

// WatchPool counts the connections to Redis. It does nothing if stats is nil.
func (m *Metrics) WatchPool(stats func() *goredis.PoolStats) {
	if m == nil || stats == nil {
		return
	}
	m.countOf("edgeframe_redis_pool_hits_total", "Times that a connection to Redis was free.", nil, func() float64 { return float64(stats().Hits) })
	m.countOf("edgeframe_redis_pool_misses_total", "Times that no connection to Redis was free, so that one was opened.", nil, func() float64 { return float64(stats().Misses) })
	m.countOf("edgeframe_redis_pool_timeouts_total", "Times that the wait for a connection to Redis took too long.", nil, func() float64 { return float64(stats().Timeouts) })
	m.valueOf("edgeframe_redis_pool_connections", "Open connections to Redis.", nil, func() float64 { return float64(stats().TotalConns) })
	m.valueOf("edgeframe_redis_pool_idle_connections", "Open connections to Redis that nobody uses.", nil, func() float64 { return float64(stats().IdleConns) })
}

// Availability is what stands between a server and its Redis.
type Availability struct {
	// FallbackActive says that new sessions are kept in the embedded store, because Redis is not there.
	FallbackActive bool
	// BreakerOpen says that calls of Redis fail at once.
	BreakerOpen bool
	// BreakerOpened and BreakerRejected count how often that began, and the calls that failed so.
	BreakerOpened, BreakerRejected int64
}

// WatchAvailability counts the fallback and the breaker.
func (m *Metrics) WatchAvailability(read func() Availability) {
	if m == nil {
		return
	}
	m.valueOf("edgeframe_fallback_active", "1 while new sessions are kept in the embedded store, because Redis is not there.", nil, func() float64 { return oneIf(read().FallbackActive) })
	m.valueOf("edgeframe_breaker_open", "1 while calls of Redis fail at once, because it has failed too often.", nil, func() float64 { return oneIf(read().BreakerOpen) })
	m.countOf("edgeframe_breaker_opened_total", "Times that calls of Redis began to fail at once.", nil, func() float64 { return float64(read().BreakerOpened) })
	m.countOf("edgeframe_breaker_rejected_total", "Calls of Redis that failed at once.", nil, func() float64 { return float64(read().BreakerRejected) })
}
