//go:build !js

// Package tracing sends traces of a native server to a collector of OpenTelemetry: a span for each request,
// and one for each call of the store in it.
//
// Spans have routes, statuses and operations. They have no query, no header and no token, and of an id only its
// beginning, as lines of the log do. The settings of the SDK of OpenTelemetry hold as well, such as
// OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER and OTEL_EXPORTER_OTLP_HEADERS.
package tracing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"edgeframe/internal/logsafe"
	"edgeframe/kv"
)

// Options say where traces go.
type Options struct {
	// Endpoint is the address of a collector that takes OTLP over HTTP, such as http://localhost:4318. The
	// traces go to /v1/traces below it.
	Endpoint string
	// Version is that of the server.
	Version string
	// Log receives the errors of the export.
	Log *slog.Logger
}

// Tracer makes spans. All methods may be called on a nil *Tracer, which makes none.
type Tracer struct {
	provider *sdktrace.TracerProvider
	store    trace.Tracer
}

// Start begins to export traces. It does not wait for the collector.
func Start(ctx context.Context, opt Options) (*Tracer, error) {
	address, err := url.JoinPath(opt.Endpoint, "v1/traces")
	if err != nil {
		return nil, fmt.Errorf("the address of traces: %w", err)
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(address))
	if err != nil {
		return nil, fmt.Errorf("export traces: %w", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		opt.Log.Error("traces are not exported", "event", "traces_failed", "error", err)
	}))
	attributes := []attribute.KeyValue{attribute.String("service.version", opt.Version)}
	if os.Getenv("OTEL_SERVICE_NAME") == "" {
		attributes = append(attributes, attribute.String("service.name", "edgeframe"))
	}
	// The environment may name more attributes; an error says that some of them cannot be read.
	about, err := resource.New(ctx, resource.WithFromEnv(), resource.WithTelemetrySDK(), resource.WithAttributes(attributes...))
	if err != nil && !errors.Is(err, resource.ErrPartialResource) {
		return nil, fmt.Errorf("describe the server in traces: %w", err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(about))
	return &Tracer{provider, provider.Tracer("edgeframe/kv")}, nil
}

// Close exports what is left, until ctx is done.
func (t *Tracer) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

type urlKey struct{}

// Handler makes a span for each request, in the trace of its traceparent if it has one.
func (t *Tracer) Handler(next http.Handler) http.Handler {
	if t == nil {
		return next
	}
	traced := otelhttp.NewHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL, _ = r.Context().Value(urlKey{}).(*url.URL)
		next.ServeHTTP(w, r)
	}), "request",
		otelhttp.WithTracerProvider(t.provider),
		otelhttp.WithMeterProvider(noop.NewMeterProvider()),
		otelhttp.WithPropagators(propagation.TraceContext{}),
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string { return r.Method }),
	)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shown := &url.URL{Path: string(logsafe.Line([]byte(r.URL.Path)))}
		r2 := r.WithContext(context.WithValue(r.Context(), urlKey{}, r.URL))
		r2.URL = shown
		traced.ServeHTTP(w, r2)
	})
}

// Routed names the span of a request by its route.
func (t *Tracer) Routed(r *http.Request, route string) {
	if t == nil {
		return
	}
	span := trace.SpanFromContext(r.Context())
	span.SetName(r.Method + " " + route)
	span.SetAttributes(attribute.String("http.route", route))
}

// Hook returns a hook that makes a span for each call of a store, nil if t is nil. backend is the type of the
// engine.
func (t *Tracer) Hook(backend string) kv.Hook {
	if t == nil {
		return nil
	}
	system := attribute.String("db.system.name", backend)
	return func(ctx context.Context, op string) (context.Context, func(error)) {
		if !trace.SpanFromContext(ctx).IsRecording() {
			// Work that no request has asked for.
			return ctx, func(error) {}
		}
		ctx, span := t.store.Start(ctx, "kv "+op, trace.WithSpanKind(trace.SpanKindClient),
			trace.WithAttributes(system, attribute.String("db.operation.name", op)))
		return ctx, func(err error) {
			if failed, ok := errors.AsType[*kv.Error](err); ok {
				// The text of the error names keys, which have ids.
				span.SetAttributes(attribute.String("error.type", failed.Kind.Error()))
				span.SetStatus(codes.Error, failed.Kind.Error())
			}
			span.End()
		}
	}
}
