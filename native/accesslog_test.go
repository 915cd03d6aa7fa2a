//go:build !js

package native

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRequestsAreLoggedWithTheirIDAndWithoutTheirQuery(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h := accessLog(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Request-Id", "id-1")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte("12345"))
	}), log, telemetry{})
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/a/b?token=geheim", nil))

	var record map[string]any
	if err := json.Unmarshal(out.Bytes(), &record); err != nil {
		t.Fatal(err)
	}
	delete(record, "time")
	delete(record, "duration_ms")
	want := map[string]any{
		"level": "DEBUG", "msg": "request", "method": "POST", "path": "/a/b", "status": 503.0, "bytes": 5.0,
		"remote": "192.0.2.1:1234", "request_id": "id-1",
	}
	if diff := cmp.Diff(want, record); diff != "" {
		t.Error(diff)
	}
}

func TestARequestThatPanicsIsLogged(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h := accessLog(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), log, telemetry{})
	defer func() {
		if recover() != http.ErrAbortHandler {
			t.Error("the panic was not passed on")
		}
		if !strings.Contains(out.String(), "path=/x") {
			t.Errorf("not logged: %s", out.String())
		}
	}()
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/x", nil))
}

func TestAClientThatLeavesIsNoFailure(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	ctx, leave := context.WithCancel(t.Context())
	h := accessLog(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		leave()
		w.WriteHeader(http.StatusServiceUnavailable)
	}), log, telemetry{})
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "PATCH", "/x", nil))
	if line := out.String(); !strings.Contains(line, "level=DEBUG") || !strings.Contains(line, "status=503") {
		t.Errorf("logged: %s", line)
	}
}

func TestOnlySlowRequestsStandOut(t *testing.T) {
	for _, test := range []struct {
		status int
		took   time.Duration
		want   slog.Level
	}{
		{200, time.Millisecond, slog.LevelDebug},
		{404, time.Millisecond, slog.LevelDebug},
		{200, slowRequest, slog.LevelWarn},
		{500, time.Millisecond, slog.LevelDebug},
		{503, slowRequest, slog.LevelDebug},
	} {
		if got := accessLevel(test.status, test.took); got != test.want {
			t.Errorf("%d after %s is %s, want %s", test.status, test.took, got, test.want)
		}
	}
}
