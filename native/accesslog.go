//go:build !js

package native

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"edgeframe/native/metrics"
)

// slowRequest is the duration from which a request is logged as a warning.
const slowRequest = 5 * time.Second

// requestIDHeader is the response header with the id of the request.
const requestIDHeader = "X-Request-Id"

// accessLog logs every request when it has ended: slow requests at level warn, all others at level
// debug, or all of them in a line of the access log, if that is switched on. The handler core has logged
// server errors already, with their causes, so they are no second line here. Queries are not logged, because
// they may contain data. It also counts requests, if metrics are switched on.
func accessLog(next http.Handler, log *slog.Logger, t telemetry) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		recorder := &responseRecorder{ResponseWriter: w, status: http.StatusOK}
		r, x := t.begin(r)
		defer func() {
			took := time.Since(start)
			if w.Header().Get("Content-Type") == "text/event-stream" && !recorder.began.IsZero() {
				// How long a client follows says nothing about the server.
				took = recorder.began.Sub(start)
			}
			t.metrics.End(metrics.Request{Route: x.route, Method: r.Method, Status: recorder.status, Took: took, Received: x.received, Sent: recorder.bytes})
			attrs := []slog.Attr{
				slog.String("method", r.Method),
				slog.String("path", r.URL.Path),
				slog.Int("status", recorder.status),
				slog.Int64("bytes", recorder.bytes),
				slog.Float64("duration_ms", float64(took.Microseconds())/1000),
				slog.String("remote", r.RemoteAddr),
				slog.String("request_id", w.Header().Get(requestIDHeader)),
			}
			if t.access != nil {
				t.access.LogAttrs(r.Context(), slog.LevelInfo, "request", append(attrs, slog.String("route", x.route))...)
				return
			}
			level := accessLevel(recorder.status, took)
			if errors.Is(r.Context().Err(), context.Canceled) {
				// The client has left: whatever the status says, this is no failure of the server.
				level = slog.LevelDebug
			}
			log.LogAttrs(r.Context(), level, "request", attrs...)
		}()
		next.ServeHTTP(recorder, r)
	})
}

func accessLevel(status int, took time.Duration) slog.Level {
	if status < http.StatusInternalServerError && took >= slowRequest {
		return slog.LevelWarn
	}
	return slog.LevelDebug
}

// responseRecorder records the status and the size of a response.
type responseRecorder struct {
	http.ResponseWriter
	status int
	bytes  int64
	// began is when the header was sent.
	began time.Time
}

func (r *responseRecorder) WriteHeader(status int) {
	r.began = time.Now()
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *responseRecorder) Write(p []byte) (int, error) {
	n, err := r.ResponseWriter.Write(p)
	r.bytes += int64(n)
	return n, err
}

func (r *responseRecorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
