//go:build !js

package metrics

import (
	"context"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	goredis "github.com/redis/go-redis/v9"

	"edgeframe/kv"
)

// callBuckets are for calls of the store, in seconds, roundTripBuckets those of OpenTelemetry for
// db.client.operation.duration.
var (
	callBuckets      = []float64{0.001, 0.01, 0.1, 1}
	roundTripBuckets = []float64{0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10}
)

type storeMetrics struct {
	calls     *prometheus.HistogramVec
	conflicts prometheus.Counter
}

func newStoreMetrics(m *Metrics) storeMetrics {
	return storeMetrics{
		calls:     m.histogram("edgeframe_kv_operation_duration_seconds", "How long calls of the store took, those that its cache answered included.", callBuckets, "backend", "operation", "result"),
		conflicts: m.counter("edgeframe_commit_conflicts_total", "Changes of sessions that lost against another one when they were stored.").WithLabelValues(),
	}
}

// Hook returns a hook that counts the calls of a store, nil if m is nil. backend is the type of the engine.
func (m *Metrics) Hook(backend string) kv.Hook {
	if m == nil {
		return nil
	}
	return func(ctx context.Context, op string) (context.Context, func(error)) {
		start := time.Now()
		return ctx, func(err error) {
			result := resultOf(err)
			m.store.calls.WithLabelValues(backend, operationLabel(op), result).Observe(time.Since(start).Seconds())
			if op == "commit" && result == "conflict" {
				m.store.conflicts.Inc()
			}
		}
	}
}

func operationLabel(op string) string { return strings.NewReplacer(" ", "_", "-", "_").Replace(op) }

// resultOf returns the label of the outcome of a call: ok, canceled, or the kind of its error.
func resultOf(err error) string {
	if err == nil {
		return "ok"
	}
	if errors.Is(err, context.Canceled) {
		return "canceled"
	}
	if failed, ok := errors.AsType[*kv.Error](err); ok {
		return strings.ReplaceAll(failed.Kind.Error(), " ", "_")
	}
	return "error"
}

type redisMetrics struct {
	operations *prometheus.CounterVec
	duration   prometheus.Histogram
}

// newRedisMetrics returns metrics that are registered when there is a Redis.
func newRedisMetrics() redisMetrics {
	return redisMetrics{
		operations: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "redis_operations_total", Help: "Round trips to Redis, retries included."}, []string{"result"}),
		duration:   prometheus.NewHistogram(prometheus.HistogramOpts{Name: "redis_operation_duration_seconds", Help: "How long round trips to Redis took.", Buckets: roundTripBuckets}),
	}
}

// RedisHooks returns the hooks that count round trips to Redis, none if m is nil. It is called once.
func (m *Metrics) RedisHooks() []goredis.Hook {
	if m == nil {
		return nil
	}
	m.registry.MustRegister(m.redis.operations, m.redis.duration)
	for _, result := range []string{"ok", "error"} {
		m.redis.operations.WithLabelValues(result)
	}
	return []goredis.Hook{m.redis}
}

func (r redisMetrics) count(start time.Time, err error) {
	result := "ok"
	if err != nil && !errors.Is(err, goredis.Nil) {
		result = "error"
	}
	r.operations.WithLabelValues(result).Inc()
	r.duration.Observe(time.Since(start).Seconds())
}

// DialHook implements [goredis.Hook].
func (redisMetrics) DialHook(next goredis.DialHook) goredis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

// ProcessHook implements [goredis.Hook].
func (r redisMetrics) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook {
	return func(ctx context.Context, cmd goredis.Cmder) error {
		start := time.Now()
		err := next(ctx, cmd)
		r.count(start, err)
		return err
	}
}

// ProcessPipelineHook implements [goredis.Hook].
func (r redisMetrics) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []goredis.Cmder) error {
		start := time.Now()
		err := next(ctx, cmds)
		r.count(start, err)
		return err
	}
}
