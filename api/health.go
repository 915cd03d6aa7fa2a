package api

import (
	"context"
	"errors"
	"math"
	"net/http"
	"time"

	"edgeframe/kv"
)

// Backend is what the health document says about the storage backend and the store does not know.
type Backend struct {
	// Runtime is "native" or "workers", Version the version of the build.
	Runtime, Version string
	RedisEnabled     bool
	// RedisAvailable is true if Redis is in use. It is reported as available while it answers.
	RedisAvailable bool
	// Fallback says whether another backend is in use than the configured one, why, and since
	// when.
	Fallback Fallback
	// Explain says why the store cannot be used, in one sentence without credentials; "" if it does not
	// know. It may be nil.
	Explain func(error) string
	// Present returns what may change while the server runs. Nil means that nothing does.
	Present func() Present
}

// Present is the present state of a backend that has a circuit breaker, and perhaps a second engine.
type Present struct {
	// Info is that of the engine on which new sessions are.
	Info kv.Info
	// RedisAvailable and Fallback are those of [Backend].
	RedisAvailable bool
	Fallback       Fallback
	Breaker        *Breaker
	// Moving is nil if there is no second engine.
	Moving *Moving
}

// Breaker is the state of a circuit breaker: "closed", "open" or "half-open", how often it has opened, and how long
// it is until the next probe.
type Breaker struct {
	State      string
	Opened     int64
	RetryAfter time.Duration
}

// Moving counts the sessions that are on the second engine, those that were moved from there since the
// start, and those that cannot be moved.
type Moving struct {
	Waiting int
	Moved   int64
	Kept    int
}

// present is what Present returns, or what the store and the backend say if nothing changes.
func (s *server) present() Present {
	if s.Backend.Present != nil {
		return s.Backend.Present()
	}
	return Present{Info: s.Store.Info(), RedisAvailable: s.Backend.RedisAvailable, Fallback: s.Backend.Fallback}
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

// storageState is the result of a check of the store. err is set if the store cannot be reached or
// the configuration is wrong, probeErr if the store can be reached but writing, reading and
// deleting a value failed.
type storageState struct {
	latency       time.Duration
	details       map[string]any
	count         kv.Count
	err, probeErr error
	misconfigured bool
	// explained says what err means, if the runtime knows.
	explained string
}

// checkStorage checks the store. With deep it also writes, reads and deletes a value.
func (s *server) checkStorage(ctx context.Context, deep bool) (st storageState) {
	if s.Misconfigured != "" {
		return storageState{err: s.misconfigured(), misconfigured: true}
	}
	defer func() {
		if st.err != nil && s.Backend.Explain != nil {
			st.explained = s.Backend.Explain(st.err)
		}
	}()
	if st.latency, st.details, st.err = s.Store.Health(ctx); st.err != nil {
		return st
	}
	if st.count, st.err = s.Sessions.Count(ctx); st.err != nil || !deep {
		return st
	}
	st.probeErr = s.Store.Probe(ctx)
	return st
}

// status returns the status for the health document. If the store can be reached but rejects writes,
// the reason is in st.details["error"].
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

// cause returns why the store cannot be reached or rejects writes, nil if it works.
func (st storageState) cause() any {
	var reason *kv.Reason
	switch reported := st.details["error"]; {
	case st.explained != "":
		return st.explained
	case errors.As(st.err, &reason):
		return reason.Text
	case st.err != nil:
		return toProblem(st.err).Detail
	case reported == nil && st.probeErr != nil:
		return toProblem(st.probeErr).Detail
	default:
		return reported
	}
}

// complaint returns the text of "error" in the health document, nil if there is none. A store with
// damaged files is healthy, because it serves and stores everything else, but it has an error.
func (st storageState) complaint() any {
	if cause := st.cause(); cause != nil {
		return cause
	}
	return st.details["damage"]
}

// writeHealth answers with a health document, and logs why the store cannot be used.
func (s *server) writeHealth(w http.ResponseWriter, r *http.Request, st storageState, doc object) error {
	if st.err == nil {
		return writeJSON(w, http.StatusOK, doc)
	}
	if !errors.Is(r.Context().Err(), context.Canceled) {
		s.logFailure(r, toProblem(st.err).Code, st.err)
	}
	w.Header().Set("Retry-After", retryAfter(toProblem(st.err).retryAfter))
	return writeJSON(w, http.StatusServiceUnavailable, doc)
}

func (s *server) health(w http.ResponseWriter, r *http.Request) error {
	st := s.checkStorage(r.Context(), false)
	return s.writeHealth(w, r, st, object{{"status", st.status()}, {"active_sessions", st.count.N}})
}

func (s *server) healthLive(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, object{{"status", "alive"}})
}

func (s *server) healthReady(w http.ResponseWriter, r *http.Request) error {
	if s.Stopping != nil && s.Stopping() {
		w.Header().Set("Retry-After", "1")
		return writeJSON(w, http.StatusServiceUnavailable, object{{"status", "shutting down"}})
	}
	err := s.misconfigured()
	if s.Misconfigured == "" {
		_, _, err = s.Store.Health(r.Context())
	}
	ready := map[bool]string{true: "ready", false: "not ready"}[err == nil]
	return s.writeHealth(w, r, storageState{err: err}, object{{"status", ready}})
}

// healthStorage requires a token of the operator for a deep check, because that writes to the store.
func (s *server) healthStorage(w http.ResponseWriter, r *http.Request) error {
	deep, err := boolean(r.URL.Query(), "deep", false)
	if err == nil && deep {
		err = s.requireOperator(w, r)
	}
	if err != nil {
		return err
	}
	st := s.checkStorage(r.Context(), deep)
	return s.writeHealth(w, r, st, s.storageDocument(st))
}

// storageDocument has the fields of the previous service's document, under the same names, and more.
func (s *server) storageDocument(st storageState) object {
	info, now := s.Store.Info(), s.present()
	info.Capabilities.LiveUpdates = info.Capabilities.LiveUpdates && s.Live != nil
	doc := object{
		{"status", st.status()},
		{"backend_type", now.Info.Type},
		{"backend_class", now.Info.Class},
		{"reachable", st.err == nil},
		{"latency_ms", milliseconds(st.latency)},
		{"active_sessions", st.count.N},
		{"active_sessions_exact", st.count.Exact},
		{"redis_enabled", s.Backend.RedisEnabled},
		{"redis_available", now.RedisAvailable && st.err == nil},
		{"runtime", s.Backend.Runtime},
		{"version", s.Backend.Version},
		{"fallback", now.Fallback.document()},
		// With compare-and-swap no change is made from a state that does not show an earlier one.
		{"capabilities", append(capabilitiesDocument(info.Capabilities), member{"exact_repeats", info.Capabilities.CompareAndSwap})},
	}
	doc = append(doc, now.members()...)
	for _, name := range []string{"storage_dirs", "redis_info", "replication", "kv_info", "damaged"} {
		if d, ok := st.details[name]; ok {
			doc = append(doc, member{name, d})
		}
	}
	if cause := st.complaint(); cause != nil {
		doc = append(doc, member{"error", cause})
	}
	return doc
}

// members returns the members of a backend that has them.
func (p Present) members() (doc object) {
	if b := p.Breaker; b != nil {
		doc = append(doc, member{"breaker", object{{"state", b.State}, {"opened", b.Opened}, {"retry_after_ms", b.RetryAfter.Milliseconds()}}})
	}
	if m := p.Moving; m != nil {
		doc = append(doc, member{"moving", object{{"waiting", m.Waiting}, {"moved", m.Moved}, {"kept", m.Kept}}})
	}
	return doc
}

// capabilitiesDocument is the JSON of c. Monitors ask for it often, and encoding/json would look at each field
// again.
func capabilitiesDocument(c kv.Capabilities) object {
	return object{
		{"consistency", string(c.Consistency)},
		{"compare_and_swap", c.CompareAndSwap},
		{"native_expiry", c.NativeExpiry},
		{"min_ttl_seconds", c.MinTTLSeconds},
		{"max_value_bytes", c.MaxValueBytes},
		{"max_key_bytes", c.MaxKeyBytes},
		{"writes_per_key_per_second", c.WritesPerKeyPerSec},
		{"touch_rewrites", c.TouchRewrites},
		{"late_values", c.LateValues},
		{"repeats_keys", c.RepeatsKeys},
		{"live_updates", c.LiveUpdates},
	}
}

// milliseconds rounds to microseconds.
func milliseconds(d time.Duration) float64 {
	return math.Round(float64(d)/float64(time.Microsecond)) / 1000
}
