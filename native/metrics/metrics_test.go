//go:build !js

package metrics_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"edgeframe/internal/budget"
	"edgeframe/internal/lru"
	"edgeframe/kv"
	"edgeframe/kv/cache"
	"edgeframe/kv/memory"
	"edgeframe/native/metrics"
)

func scrape(m *metrics.Metrics) string {
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}

func has(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("no line %q", line)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

func TestRequestsAreCountedByRouteMethodAndStatus(t *testing.T) {
	m := metrics.New("1.2.3")
	for _, r := range []metrics.Request{
		{Route: "/api/v1/sessions/{id}", Method: "HEAD", Status: 200, Took: 60 * time.Millisecond, Sent: 2000},
		{Route: "/api/v1/sessions/{id}", Method: "GET", Status: 304, Took: time.Millisecond},
		{Method: "BREW", Status: 404, Received: 5000},
		{Route: "/docs/{file}", Method: "GET", Status: 200, Took: time.Second},
		{Route: "/console/{file...}", Method: "GET", Status: 200, Took: time.Second},
		{Method: "GET", Status: 999},
	} {
		m.Begin()
		m.End(r)
	}
	m.Begin()
	has(t, scrape(m),
		`edgeframe_build_info{goversion="`+runtime.Version()+`",version="1.2.3"} 1`,
		`http_server_active_requests 1`,
		`http_server_route_duration_seconds_sum{method="GET",route="/api/v1/sessions/{id}",status="2xx"} 0.06`,
		`http_server_route_duration_seconds_count{method="GET",route="/api/v1/sessions/{id}",status="3xx"} 1`,
		`http_server_route_duration_seconds_count{method="any",route="none",status="4xx"} 1`,
		`http_server_route_duration_seconds_count{method="any",route="none",status="5xx"} 1`,
		`http_server_request_duration_seconds_bucket{method="GET",le="0.05"} 1`,
		`http_server_request_duration_seconds_bucket{method="GET",le="0.075"} 2`,
		`http_server_route_duration_seconds_sum{method="GET",route="pages",status="2xx"} 2`,
		`http_server_request_body_size_bytes_count 1`,
		`http_server_response_body_size_bytes_count 6`,
	)
}

// TestPrometheusGetsADurationWithBucketsForEachRoute asks as Prometheus does that knows native histograms. In text, the
// same are a sum and a count, and no time series more.
func TestPrometheusGetsADurationWithBucketsForEachRoute(t *testing.T) {
	m := metrics.New("")
	for _, took := range []time.Duration{10 * time.Millisecond, 10 * time.Millisecond, 3 * time.Second} {
		m.Begin()
		m.End(metrics.Request{Route: "/api/v1/sessions", Method: "POST", Status: 201, Took: took})
	}
	r := httptest.NewRequest("GET", "/metrics", nil)
	r.Header.Set("Accept", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,text/plain;version=0.0.4;q=0.3")
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, r)
	decoder := expfmt.NewDecoder(w.Body, expfmt.ResponseFormat(w.Header()))
	for {
		var family dto.MetricFamily
		if err := decoder.Decode(&family); err != nil {
			t.Fatalf("there is no such histogram: %v", err)
		}
		if family.GetName() != "http_server_route_duration_seconds" {
			continue
		}
		h := family.GetMetric()[0].GetHistogram()
		if len(family.GetMetric()) != 1 || h.GetSampleCount() != 3 || len(h.GetBucket()) != 0 || !slices.Equal(h.GetPositiveDelta(), []int64{2, -1}) || h.GetSchema() < 3 {
			t.Errorf("got %v", &family)
		}
		break
	}
	text := scrape(m)
	has(t, text, `http_server_route_duration_seconds_count{method="POST",route="/api/v1/sessions",status="2xx"} 3`)
	if n := strings.Count(text, "\nhttp_server_route_duration_seconds"); n != 2 {
		t.Errorf("%d time series in text, want 2", n)
	}
}

func TestCallsOfTheStoreAreCountedWithTheirResults(t *testing.T) {
	m := metrics.New("")
	engine := memory.NewBounded(1 << 20)
	plain := kv.New(cache.New(engine, 1<<20, func(string) bool { return true }), "")
	m.WatchStore(plain)
	s := plain.WithHook(m.Hook("inmemory"))
	ctx, value := t.Context(), []byte("0123456789abcdef")
	_ = s.SetMany(ctx, []kv.Item{{Key: "a", Value: value, Counted: true}}, time.Minute)
	_, _ = s.Get(ctx, "a")
	_, _ = s.Get(ctx, "a")
	_, _ = s.Commit(ctx, kv.Commit{Swap: kv.Item{Key: "a", Value: value}})
	gone, cancel := context.WithCancel(ctx)
	cancel()
	_, _ = s.Count(gone)
	has(t, scrape(m),
		`edgeframe_kv_operation_duration_seconds_count{backend="inmemory",operation="set",result="ok"} 1`,
		`edgeframe_kv_operation_duration_seconds_count{backend="inmemory",operation="get",result="ok"} 2`,
		`edgeframe_kv_operation_duration_seconds_count{backend="inmemory",operation="commit",result="conflict"} 1`,
		`edgeframe_kv_operation_duration_seconds_count{backend="inmemory",operation="count",result="canceled"} 1`,
		`edgeframe_commit_conflicts_total 1`,
		`edgeframe_cache_hits_total{cache="store"} 1`,
		`edgeframe_cache_misses_total{cache="store"} 1`,
		`edgeframe_sessions 1`, `edgeframe_store_up 1`, `edgeframe_store_writable 1`,
	)
}

// brokenStore is an engine that is gone, and before that full.
type brokenStore struct {
	*memory.Driver
	gone bool
}

func (b *brokenStore) Health(context.Context) (map[string]any, error) {
	if b.gone {
		return nil, errors.New("connection refused")
	}
	return map[string]any{"error": "it is full", "redis_info": struct {
		MB float64 `json:"used_memory_mb"`
	}{1.5}}, nil
}

func TestAStoreThatIsFullOrGoneShows(t *testing.T) {
	m := metrics.New("")
	engine := &brokenStore{Driver: memory.New()}
	m.WatchStore(kv.New(engine, ""))
	has(t, scrape(m), `edgeframe_store_up 1`, `edgeframe_store_writable 0`, `redis_memory_used_bytes 1.572864e+06`, `edgeframe_sessions 0`)
	engine.gone = true
	text := scrape(m)
	has(t, text, `edgeframe_store_up 0`, `edgeframe_store_writable 0`)
	if strings.Contains(text, "edgeframe_sessions ") {
		t.Error("it tells the number of sessions that it cannot know")
	}
}

func TestWhatTheServerCountsAnywayIsReadAtEachScrape(t *testing.T) {
	m := metrics.New("")
	b := budget.New(budget.Options{Bytes: 100})
	m.WatchBudget(b)
	share := b.Open()
	_ = share.Reserve(t.Context(), 60)
	_ = b.Open().Reserve(t.Context(), 60)
	m.WatchCache("pages", func() lru.Stats { return lru.Stats{Hits: 3, Misses: 2, Used: 7} })
	m.WatchAvailability(func() metrics.Availability {
		return metrics.Availability{FallbackActive: true, BreakerOpen: true, BreakerOpened: 2, BreakerRejected: 9}
	})
	m.Failed("corrupt_session")
	m.Sweeping()
	m.Swept(3, nil)
	m.Swept(1, errors.New("disk on fire"))
	enter := m.Line(func(_ context.Context, id string) (func(int), error) {
		if id == "busy" {
			return nil, errors.New("busy")
		}
		return func(int) {}, nil
	})
	leave, _ := enter(t.Context(), "a")
	leave(4)
	_, _ = enter(t.Context(), "busy")
	has(t, scrape(m),
		`edgeframe_memory_reserved_bytes 60`, `edgeframe_memory_limit_bytes 100`, `edgeframe_memory_refused_total 1`, `edgeframe_memory_waiting_requests 0`,
		`edgeframe_cache_hits_total{cache="pages"} 3`, `edgeframe_cache_misses_total{cache="pages"} 2`, `edgeframe_cache_bytes{cache="pages"} 7`,
		`edgeframe_fallback_active 1`, `edgeframe_breaker_open 1`, `edgeframe_breaker_opened_total 2`, `edgeframe_breaker_rejected_total 9`,
		`edgeframe_failures_total{code="corrupt_session"} 1`, `edgeframe_failures_total{code="storage_unavailable"} 0`,
		`edgeframe_sweeps_total{result="ok"} 1`, `edgeframe_sweeps_total{result="error"} 1`, `edgeframe_sweep_removed_items_total 4`,
		`edgeframe_commit_retries_total 4`, `edgeframe_changes_refused_total 1`, `edgeframe_changes_waiting 0`,
	)
}

func TestMetricsThatAreOffDoNothing(t *testing.T) {
	var off *metrics.Metrics
	off.Begin()
	off.End(metrics.Request{})
	off.Failed("x")
	off.Sweeping()
	off.Swept(1, nil)
	off.WatchStore(nil)
	off.WatchBudget(nil)
	off.WatchCache("x", nil)
	off.WatchAvailability(nil)
	if off.Hook("x") != nil || off.RedisHooks() != nil {
		t.Error("there are hooks")
	}
}
