package api

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"

	"github.com/rs/cors"

	"edgeframe/internal/budget"
)

// The headers that only this API has.
const (
	headerRequestID = "X-Request-Id"
	headerRevision  = "Edgeframe-Revision"
	headerVersion   = "Edgeframe-Version"
	headerTotalRows = "Edgeframe-Total-Rows"
	// headerMatchedRows is in answers to queries.
	headerMatchedRows = "Edgeframe-Matched-Rows"
	headerDTypes      = "Edgeframe-Dtypes"
	headerReplay      = "Idempotent-Replay"
)

// headerETag is ETag as a key of [http.Header].
const headerETag = "Etag"

// known is what is known of a request. It is the context of the request, made once and filled on the way to the
// handler, because each further value would take a copy of the request.
type known struct {
	context.Context
	id     string
	caller caller
	// query are the parameters, nil before they have been parsed. Nothing changes them.
	query url.Values
	// share is the memory that the request has reserved, nil if there is no bound.
	share *budget.Share
}

// Value implements [context.Context].
func (k *known) Value(key any) any {
	switch key {
	case knownKey{}:
		return k
	case budget.Key{}:
		return k.share
	}
	return k.Context.Value(key)
}

type knownKey struct{}

func knownOf(r *http.Request) *known {
	if k, ok := r.Context().Value(knownKey{}).(*known); ok {
		return k
	}
	return &known{}
}

// queryOf returns the parameters of a request, which must not be changed.
func queryOf(r *http.Request) url.Values {
	k := knownOf(r)
	if k.query == nil {
		k.query = r.URL.Query()
	}
	return k.query
}

// maxRequestID is the length of the longest request id that is accepted from a client.
const maxRequestID = 64

// withRequestID gives every request an id and returns it in the response. The id is the client's own
// if it has only letters, digits, "-", "_" and ".", and a random one otherwise. It also gives the request a share of
// the memory.
func (s *server) withRequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := first(r.Header, headerRequestID)
		if !harmless(id) {
			id = newRequestID()
		}
		set(w.Header(), headerRequestID, id)
		share := s.Budget.Open()
		defer share.Close()
		next.ServeHTTP(w, r.WithContext(&known{Context: r.Context(), id: id, share: share}))
	})
}

// first returns the first value of a field, "" if there is none, and set sets a field. The name must be canonical, which
// the methods of [http.Header] would check each time.
func first(h http.Header, name string) string {
	if values := h[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

func set(h http.Header, name, value string) { h[name] = []string{value} }

// newRequestID returns a random id of 26 letters and digits. It is no secret, so it does not take random bytes from
// the system, which a Worker asks JavaScript for.
func newRequestID() string {
	const base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	var id [26]byte
	for half := range 2 {
		bits := rand.Uint64()
		for i := range 13 {
			id[13*half+i] = base32[bits%32]
			bits /= 32
		}
	}
	return string(id[:])
}

func harmless(id string) bool {
	if id == "" || len(id) > maxRequestID {
		return false
	}
	for _, c := range []byte(id) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}

func requestID(r *http.Request) string { return knownOf(r).id }

// rejectMisconfigured rejects all requests under /api/ if the configuration is wrong. The health
// documents report that themselves.
func (s *server) rejectMisconfigured(next http.Handler) http.Handler {
	if s.Misconfigured == "" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/") {
			s.writeError(w, r, s.misconfigured())
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *server) misconfigured() error {
	return problemf(http.StatusServiceUnavailable, "misconfigured", "%s", s.Misconfigured)
}

// recoverPanics answers 500 if a handler panics. It does not recover [http.ErrAbortHandler], with
// which a handler cuts off a response that it cannot finish.
func (s *server) recoverPanics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch p := recover(); {
			case p == nil:
			case errors.Is(asError(p), http.ErrAbortHandler):
				panic(p)
			default:
				s.writeError(w, r, panicked(p))
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// panicked returns an error for a recovered panic, with its stack trace.
func panicked(p any) error { return fmt.Errorf("panic: %v\n%s", p, debug.Stack()) }

func asError(p any) error {
	err, _ := p.(error)
	return err
}

// preflightSeconds is how long browsers may cache the answer to a preflight request.
const preflightSeconds = 7200

func (s *server) corsOptions() cors.Options {
	return cors.Options{
		AllowedOrigins: s.CORSOrigins,
		AllowedMethods: []string{"GET", "HEAD", "QUERY", "POST", "PUT", "PATCH", "DELETE"},
		AllowedHeaders: []string{"*"},
		ExposedHeaders: []string{
			"Date", "ETag", "Link", "Location", "Retry-After", "RateLimit", "RateLimit-Policy", "Content-Disposition",
			headerRequestID, headerRevision, headerVersion, headerTotalRows, headerMatchedRows, headerDTypes, headerReplay,
		},
		MaxAge: preflightSeconds,
		// For the library an empty list means all origins; here it means none.
		AllowOriginFunc:      denyAllIfEmpty(s.CORSOrigins),
		OptionsSuccessStatus: http.StatusNoContent,
	}
}

func denyAllIfEmpty(origins []string) func(string) bool {
	if len(origins) > 0 {
		return nil
	}
	return func(string) bool { return false }
}
