//go:build !js

package native

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"edgeframe/native/metrics"
	"edgeframe/native/tracing"
)

// routing is a handler core that has one route.
func routing(t telemetry) http.Handler {
	routed := t.routed()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if routed != nil {
			routed(r.WithContext(r.Context()), "/api/v1/sessions/{id}")
		}
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("X-Request-Id", "id-1")
		_, _ = w.Write([]byte("12345"))
	})
}

func TestMetricsOnTheAddressOfTheServerAreForTheOperator(t *testing.T) {
	for _, tt := range []struct {
		environ []string
		host    string
		header  string
		status  int
	}{
		{nil, "127.0.0.1:8000", "", http.StatusOK},
		{nil, "evil.example", "", http.StatusMisdirectedRequest},
		{[]string{"API_TOKENS=operator-token-1,operator-token-2"}, "localhost", "", http.StatusUnauthorized},
		{[]string{"API_TOKENS=operator-token-1,operator-token-2"}, "localhost", "Bearer operator-token-2", http.StatusOK},
		{[]string{"API_TOKENS=operator-token-1,operator-token-2"}, "localhost", "bearer  operator-token-1", http.StatusOK},
		{[]string{"API_TOKENS=operator-token-1,operator-token-2"}, "localhost", "Basic operator-token-1", http.StatusUnauthorized},
		{[]string{"API_TOKENS=operator-token-1,operator-token-2"}, "localhost", "Bearer wrong", http.StatusUnauthorized},
		// Scoped tokens are for clients.
		{[]string{"TOKEN_SECRET=0123456789abcdef0123456789abcdef"}, "localhost", "", http.StatusUnauthorized},
		{[]string{"METRICS_ADDR=127.0.0.1:0"}, "localhost", "", http.StatusNotFound},
	} {
		cfg := mustLoad(t, append(tt.environ, "METRICS=true")...)
		h := serveMetrics(http.NotFoundHandler(), cfg, telemetry{metrics: metrics.New("")}, slog.New(slog.DiscardHandler))
		r := httptest.NewRequest("GET", "/metrics", nil)
		r.Host = tt.host
		r.Header.Set("Authorization", tt.header)
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != tt.status {
			t.Errorf("%q, Host %s, %q: %d %.200s", tt.environ, tt.host, tt.header, w.Code, w.Body)
		}
	}
}

func TestTokensForMetricsCannotBeGuessedQuickly(t *testing.T) {
	cfg := mustLoad(t, "METRICS=true", "API_TOKENS=operator-token-1")
	h := serveMetrics(http.NotFoundHandler(), cfg, telemetry{metrics: metrics.New("")}, slog.New(slog.DiscardHandler))
	send := func(token string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", "http://localhost/metrics", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	for range freeRefusals {
		if w := send("wrong"); w.Code != http.StatusUnauthorized {
			t.Fatalf("%d", w.Code)
		}
	}
	if w := send("wrong"); w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if w := send("operator-token-1"); w.Code != http.StatusOK {
		t.Errorf("the operator gets %d", w.Code)
	}
}

func TestMetricsHaveAnAddressOfTheirOwn(t *testing.T) {
	cfg := mustLoad(t, "METRICS=true", "METRICS_ADDR=127.0.0.1:0", "API_TOKENS=operator-token-1", "LOG_FORMAT=json")
	var out bytes.Buffer
	stop, err := listenForScrapes(t.Context(), cfg, telemetry{metrics: metrics.New("")}, NewLog(cfg, &out))
	if err != nil {
		t.Fatal(err)
	}
	_, url, _ := strings.Cut(out.String(), "📈 Metrics on ")
	url, _, _ = strings.Cut(url, `"`)
	for path, status := range map[string]int{"": http.StatusOK, "/more": http.StatusNotFound} {
		response, err := http.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != status {
			t.Errorf("%s: %d", path, response.StatusCode)
		}
	}
	taken := cfg
	taken.MetricsAddr = strings.TrimSuffix(strings.TrimPrefix(url, "http://"), metricsPath)
	if _, err := listenForScrapes(t.Context(), taken, telemetry{metrics: metrics.New("")}, NewLog(cfg, &out)); err == nil || !strings.Contains(err.Error(), "METRICS_ADDR=") {
		t.Errorf("a taken address gives %v", err)
	}
	stop()
	if _, err := http.Get(url); err == nil {
		t.Error("they are served after the end")
	}
}

func TestTheAccessLogHasEveryRequestWhateverTheLevel(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		cfg := mustLoad(t, "ACCESS_LOG=true", "LOG_LEVEL=error", "LOG_FORMAT="+format)
		var out bytes.Buffer
		log := NewLog(cfg, &out)
		tel := telemetry{access: log.access}
		h := accessLog(routing(tel), log.Logger, tel)
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/api/v1/sessions/0d68f988-099b-4dab-aa35-8cabd3df8472?token=geheim", strings.NewReader("abc")))
		log.Info("not this")
		line := out.String()
		for _, has := range []string{"POST", "/api/v1/sessions/0d68f988…", "200", "duration_ms", "id-1", "/api/v1/sessions/{id}"} {
			if !strings.Contains(line, has) {
				t.Errorf("no %s in %s", has, line)
			}
		}
		if strings.Count(line, "\n") != 1 || strings.Contains(line, "geheim") || strings.Contains(line, "8cabd3df8472") {
			t.Errorf("logged: %s", line)
		}
	}
}

func TestABodyOfUnknownSizeIsCounted(t *testing.T) {
	m := metrics.New("")
	tel := telemetry{metrics: m}
	h := accessLog(routing(tel), slog.New(slog.DiscardHandler), tel)
	r := httptest.NewRequest("POST", "/", strings.NewReader(strings.Repeat("x", 3000)))
	r.ContentLength = -1
	h.ServeHTTP(httptest.NewRecorder(), r)
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, line := range []string{"http_server_request_body_size_bytes_sum 3000", "http_server_response_body_size_bytes_sum 5", `http_server_route_duration_seconds_count{method="POST",route="/api/v1/sessions/{id}",status="2xx"} 1`} {
		if !strings.Contains(w.Body.String(), line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
}

// BenchmarkRequest measures what metrics, the access log and traces cost a request beside its answer.
func BenchmarkRequest(b *testing.B) {
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	defer collector.Close()
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	tracer, err := tracing.Start(b.Context(), tracing.Options{Endpoint: collector.URL, Log: quiet})
	if err != nil {
		b.Fatal(err)
	}
	for name, t := range map[string]telemetry{"off": {}, "metrics": {metrics: metrics.New("")}, "access log": {access: quiet}, "traces": {tracer: tracer}} {
		b.Run(name, func(b *testing.B) {
			h := t.tracer.Handler(accessLog(routing(t), quiet, t))
			r := httptest.NewRequest("GET", "/api/v1/sessions/x", nil)
			b.ReportAllocs()
			for b.Loop() {
				h.ServeHTTP(httptest.NewRecorder(), r)
			}
		})
	}
}
