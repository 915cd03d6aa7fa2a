//go:build !js

package tracing_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"edgeframe/kv"
	"edgeframe/kv/memory"
	"edgeframe/native/tracing"
)

// receiver takes traces as a collector does.
type receiver struct {
	mu    sync.Mutex
	spans []*spans.Span
	// about are the attributes of the senders.
	about map[string]string
}

func (c *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var request collector.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(body, &request)
	}
	if err != nil || r.URL.Path != "/base/v1/traces" {
		http.Error(w, "no traces", http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, of := range request.ResourceSpans {
		for _, a := range of.Resource.Attributes {
			c.about[a.Key] = a.Value.GetStringValue()
		}
		for _, scope := range of.ScopeSpans {
			c.spans = append(c.spans, scope.Spans...)
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

func (c *receiver) span(t *testing.T, name string) *spans.Span {
	t.Helper()
	i := slices.IndexFunc(c.spans, func(s *spans.Span) bool { return s.Name == name })
	if i < 0 {
		t.Fatalf("no span %q in %v", name, c.spans)
	}
	return c.spans[i]
}

func attribute(s *spans.Span, key string) string {
	for _, a := range s.Attributes {
		if a.Key == key {
			return a.Value.GetStringValue()
		}
	}
	return ""
}

func TestTracesHaveRequestsAndCallsOfTheStoreWithoutSecrets(t *testing.T) {
	c := &receiver{about: map[string]string{}}
	server := httptest.NewServer(c)
	defer server.Close()
	var out bytes.Buffer
	log := slog.New(tracing.LogHandler(slog.NewTextHandler(&out, nil)))
	tracer, err := tracing.Start(t.Context(), tracing.Options{Endpoint: server.URL + "/base", Version: "1.2.3", Log: log})
	if err != nil {
		t.Fatal(err)
	}
	store := kv.New(memory.New(), "").WithHook(tracer.Hook("inmemory"))
	const id = "0d68f988-099b-4dab-aa35-8cabd3df8472"
	h := tracer.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/sessions/"+id || r.URL.Query().Get("token") != "geheim" {
			t.Errorf("the handler sees %s", r.URL)
		}
		tracer.Routed(r.WithContext(r.Context()), "/api/v1/sessions/{id}")
		if err := http.NewResponseController(w).SetReadDeadline(time.Time{}); err != nil {
			t.Errorf("the connection is hidden: %v", err)
		}
		_ = store.CompareAndSwap(r.Context(), kv.Item{Key: id, Value: []byte("0123456789abcdef")}, kv.Revision{1}, 0)
		log.InfoContext(r.Context(), "inside")
		w.WriteHeader(http.StatusTeapot)
	}))
	api := httptest.NewServer(h)
	defer api.Close()
	r, _ := http.NewRequestWithContext(t.Context(), "GET", api.URL+"/api/v1/sessions/"+id+"?token=geheim", nil)
	r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	r.Header.Set("Authorization", "Bearer geheim")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	// Work that no request has asked for.
	_, _ = store.Count(t.Context())
	if err := tracer.Close(t.Context()); err != nil {
		t.Fatal(err)
	}

	request, call := c.span(t, "GET /api/v1/sessions/{id}"), c.span(t, "kv compare-and-swap")
	if len(c.spans) != 2 {
		t.Errorf("%d spans", len(c.spans))
	}
	for key, want := range map[string]string{"http.route": "/api/v1/sessions/{id}", "url.path": "/api/v1/sessions/0d68f988…", "http.request.method": "GET"} {
		if got := attribute(request, key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	if !bytes.Equal(call.ParentSpanId, request.SpanId) || attribute(call, "db.system.name") != "inmemory" || attribute(call, "error.type") != "conflict" {
		t.Errorf("the call is %v", call)
	}
	const trace = "0af7651916cd43dd8448eb211c80319c"
	if !strings.Contains(out.String(), "msg=inside trace_id="+trace) {
		t.Errorf("the log has %s", out.String())
	}
	if c.about["service.name"] != "edgeframe" || c.about["service.version"] != "1.2.3" {
		t.Errorf("the sender is %v", c.about)
	}
	for _, s := range c.spans {
		if text := s.String(); strings.Contains(text, "geheim") || strings.Contains(text, id) {
			t.Errorf("a secret is in %s", text)
		}
	}
}

func TestACollectorThatIsGoneIsLoggedAndStopsNothing(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	var out bytes.Buffer
	tracer, err := tracing.Start(t.Context(), tracing.Options{Endpoint: server.URL, Log: slog.New(slog.NewTextHandler(&out, nil))})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	tracer.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })).
		ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != http.StatusNoContent {
		t.Errorf("status %d", w.Code)
	}
	err = tracer.Close(t.Context())
	if err == nil && !strings.Contains(out.String(), "traces are not exported") {
		t.Errorf("nobody is told: %s", out.String())
	}
}

func TestATracerThatIsOffDoesNothing(t *testing.T) {
	var off *tracing.Tracer
	h := http.NewServeMux()
	if off.Handler(h) != http.Handler(h) || off.Hook("x") != nil || off.Close(context.Background()) != nil {
		t.Error("it does something")
	}
	off.Routed(httptest.NewRequest("GET", "/", nil), "/")
	if errors.Is(off.Close(t.Context()), context.Canceled) {
		t.Error("it waits")
	}
}
