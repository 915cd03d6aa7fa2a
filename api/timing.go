package api

import (
	"net/http"

	"edgeframe/internal/timing"
)

// withTiming adds the header Server-Timing to each answer, if that is configured.
func (s *server) withTiming(next http.Handler) http.Handler {
	if !s.ServerTiming {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, phases := timing.NewContext(r.Context())
		next.ServeHTTP(&timedWriter{ResponseWriter: w, phases: phases}, r.WithContext(ctx))
	})
}

// timedWriter sets the header Server-Timing when the answer begins.
type timedWriter struct {
	http.ResponseWriter
	phases *timing.Phases
	begun  bool
}

// WriteHeader implements [http.ResponseWriter].
func (w *timedWriter) WriteHeader(status int) {
	if !w.begun {
		w.begun = true
		w.Header().Set("Server-Timing", w.phases.String())
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements [io.Writer].
func (w *timedWriter) Write(p []byte) (int, error) {
	if !w.begun {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap is for [http.ResponseController].
func (w *timedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// phasesOf returns the phases of the request that w answers, nil if they are not measured.
func phasesOf(w http.ResponseWriter) *timing.Phases {
	if timed, ok := w.(*timedWriter); ok {
		return timed.phases
	}
	return nil
}
