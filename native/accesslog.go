//go:build !js

package native

import (
	"log/slog"
	"net/http"
	"time"
)

// slowRequest is the duration from which a request is worth a warning.
const slowRequest = 5 * time.Second

// requestIDHeader is the response header in which the handler reports the request's id.
const requestIDHeader = "X-Request-Id"

// accessLog records every request when it has ended: failures of the server as errors, slow
// requests as warnings, everything else for debugging. Queries are left out because they may
// hold data.
func accessLog(next http.Handler, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		m := &meter{ResponseWriter: w, status: http.StatusOK}
		defer func() {
			took := time.Since(start)
			log.LogAttrs(r.Context(), accessLevel(m.status, took), "request",
				slog.String("method", r.Method),
				slog.String("path", r.URL.Path),
				slog.Int("status", m.status),
				slog.Int64("bytes", m.bytes),
				slog.Float64("duration_ms", float64(took.Microseconds())/1000),
				slog.String("remote", r.RemoteAddr),
				slog.String("request_id", w.Header().Get(requestIDHeader)),
			)
		}()
		next.ServeHTTP(m, r)
	})
}

func accessLevel(status int, took time.Duration) slog.Level {
	switch {
	case status >= http.StatusInternalServerError:
		return slog.LevelError
	case took >= slowRequest:
		return slog.LevelWarn
	}
	return slog.LevelDebug
}

// meter notes the status and the size of a response.
type meter struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (m *meter) WriteHeader(status int) {
	m.status = status
	m.ResponseWriter.WriteHeader(status)
}

func (m *meter) Write(p []byte) (int, error) {
	n, err := m.ResponseWriter.Write(p)
	m.bytes += int64(n)
	return n, err
}

func (m *meter) Unwrap() http.ResponseWriter { return m.ResponseWriter }
