//go:build !js

package native

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"edgeframe/kv"
	"edgeframe/native/metrics"
	"edgeframe/native/tracing"
)

// telemetry is what the server tells of its work besides the log. Without the settings for it, its fields are
// nil, which do nothing.
type telemetry struct {
	metrics *metrics.Metrics
	tracer  *tracing.Tracer
	// access receives a line for each request.
	access *slog.Logger
}

func newTelemetry(ctx context.Context, cfg Config, version string, log *Log) (telemetry, error) {
	t := telemetry{access: log.access}
	if cfg.Metrics {
		t.metrics = metrics.New(version)
	}
	if cfg.TracesTo == "" {
		return t, nil
	}
	var err error
	t.tracer, err = tracing.Start(ctx, tracing.Options{Endpoint: cfg.TracesTo, Version: version, Log: log.Logger})
	if err != nil {
		return t, fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT=%s: %w", cfg.TracesTo, err)
	}
	log.Line(slog.LevelInfo, "🔭 Traces are sent to "+cfg.TracesTo, "event", "traces", "addr", cfg.TracesTo)
	return t, nil
}

// tracesGrace is how long the last traces may take after the server has stopped.
const tracesGrace = 2 * time.Second

// close sends the last traces.
func (t telemetry) close() {
	ctx, cancel := context.WithTimeout(context.Background(), tracesGrace)
	defer cancel()
	_ = t.tracer.Close(ctx) // the error handler has logged why
}

// watch counts a store from now on, and returns it with hooks for its calls.
func (t telemetry) watch(s *kv.Store) *kv.Store {
	t.metrics.WatchStore(s)
	backend := s.Info().Type
	return s.WithHook(t.metrics.Hook(backend)).WithHook(t.tracer.Hook(backend))
}

// exchange is what is learnt of a request on its way.
type exchange struct {
	route string
	// received is how much of a body of unknown size has been read.
	received int64
}

type exchangeKey struct{}

// begin returns a request whose route is noted, if anybody wants to know it.
func (t telemetry) begin(r *http.Request) (*http.Request, *exchange) {
	x := &exchange{}
	if t.metrics == nil && t.access == nil {
		return r, x
	}
	r = r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x))
	if r.ContentLength < 0 {
		r.Body = &countedBody{r.Body, x}
	} else {
		x.received = r.ContentLength
	}
	t.metrics.Begin()
	return r, x
}

// routed returns what the handler core calls with the route of a request, nil if nobody wants to know it.
func (t telemetry) routed() func(r *http.Request, path string) {
	if t.metrics == nil && t.access == nil && t.tracer == nil {
		return nil
	}
	return func(r *http.Request, path string) {
		if x, ok := r.Context().Value(exchangeKey{}).(*exchange); ok {
			x.route = path
		}
		t.tracer.Routed(r, path)
	}
}

// countedBody counts the bytes of a body of unknown size.
type countedBody struct {
	io.ReadCloser
	x *exchange
}

// Read implements [io.Reader].
func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.x.received += int64(n)
	return n, err
}
