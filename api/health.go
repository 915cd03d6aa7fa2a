package api

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"time"

	"edgeframe/kv"
)

// Backend is what a runtime knows of the storage backend beyond what the store itself says.
type Backend struct {
	// Runtime is "native" or "workers", Version the version of the build.
	Runtime, Version string
	RedisEnabled     bool
	// RedisAvailable says that Redis is in use: as long as it answers it is available.
	RedisAvailable bool
	// Fallback says whether another backend than the configured one is in use, why, and since
	// when.
	Fallback Fallback
}

// Fallback is the state of the fallback to the embedded store.
type Fallback struct {
	Active bool
	Reason string
	Since  time.Time
}

func (f Fallback) document() object {
	doc := object{{"active", f.Active}, {"reason", nil}, {"since", nil}}
	if f.Active {
		doc[1].value, doc[2].value = f.Reason, timestamp(f.Since)
	}
	return doc
}

// storageState is what one look at the store found: err if it cannot be reached or the
// configuration does not let it be asked, probeErr if it can but a value could not be written,
// read and deleted.
type storageState struct {
	latency       time.Duration
	details       map[string]any
	count         kv.Count
	err, probeErr error
	misconfigured bool
}

func (s *server) lookAtStorage(ctx context.Context, deep bool) (st storageState) {
	if s.Misconfigured != "" {
		return storageState{err: s.misconfigured(), misconfigured: true}
	}
	if st.latency, st.details, st.err = s.Store.Health(ctx); st.err != nil {
		return st
	}
	if st.count, st.err = s.Sessions.Count(ctx); st.err != nil || !deep {
		return st
	}
	st.probeErr = s.Store.Probe(ctx)
	return st
}

// status is what a health document calls the state of the store. A store that can be reached
// but refuses writes says why under "error".
func (st storageState) status() string {
	switch {
	case st.misconfigured:
		return "error"
	case st.err != nil:
		return "unhealthy"
	case st.cause() != nil:
		return "error"
	}
	return "healthy"
}

// cause is the text under "error", nil if all is well.
func (st storageState) cause() any {
	switch refused := st.details["error"]; {
	case st.err != nil:
		return toProblem(st.err).Detail
	case refused == nil && st.probeErr != nil:
		return toProblem(st.probeErr).Detail
	default:
		return refused
	}
}

// writeHealth answers with a health document.
func writeHealth(w http.ResponseWriter, st storageState, doc object) error {
	if st.err == nil {
		return writeJSON(w, http.StatusOK, doc)
	}
	w.Header().Set("Retry-After", strconv.Itoa(retryAfterSeconds))
	return writeJSON(w, http.StatusServiceUnavailable, doc)
}

func (s *server) health(w http.ResponseWriter, r *http.Request) error {
	st := s.lookAtStorage(r.Context(), false)
	return writeHealth(w, st, object{{"status", st.status()}, {"active_sessions", st.count.N}})
}

func (s *server) healthLive(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, object{{"status", "alive"}})
}

func (s *server) healthReady(w http.ResponseWriter, r *http.Request) error {
	err := s.misconfigured()
	if s.Misconfigured == "" {
		_, _, err = s.Store.Health(r.Context())
	}
	ready := map[bool]string{true: "ready", false: "not ready"}[err == nil]
	return writeHealth(w, storageState{err: err}, object{{"status", ready}})
}

func (s *server) healthStorage(w http.ResponseWriter, r *http.Request) error {
	deep, err := boolean(r.URL.Query(), "deep", false)
	if err != nil {
		return err
	}
	st := s.lookAtStorage(r.Context(), deep)
	return writeHealth(w, st, s.storageDocument(st))
}

// storageDocument has the fields of the seed's document under its names, and ours.
func (s *server) storageDocument(st storageState) object {
	info := s.Store.Info()
	doc := object{
		{"status", st.status()},
		{"backend_type", info.Type},
		{"backend_class", info.Class},
		{"reachable", st.err == nil},
		{"latency_ms", milliseconds(st.latency)},
		{"active_sessions", st.count.N},
		{"active_sessions_exact", st.count.Exact},
		{"redis_enabled", s.Backend.RedisEnabled},
		{"redis_available", s.Backend.RedisAvailable && st.err == nil},
		{"runtime", s.Backend.Runtime},
		{"version", s.Backend.Version},
		{"fallback", s.Backend.Fallback.document()},
		{"capabilities", info.Capabilities},
	}
	for _, name := range []string{"storage_dirs", "redis_info", "kv_info"} {
		if d, ok := st.details[name]; ok {
			doc = append(doc, member{name, d})
		}
	}
	if cause := st.cause(); cause != nil {
		doc = append(doc, member{"error", cause})
	}
	return doc
}

// milliseconds rounds to microseconds.
func milliseconds(d time.Duration) float64 {
	return math.Round(float64(d)/float64(time.Microsecond)) / 1000
}
