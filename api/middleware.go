package api

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/rs/cors"
)

// The header names of the API's own.
const (
	headerRequestID = "X-Request-Id"
	headerRevision  = "Edgeframe-Revision"
	headerVersion   = "Edgeframe-Version"
	headerTotalRows = "Edgeframe-Total-Rows"
)

type requestIDKey struct{}

// maxRequestID is the longest request id that is taken over from a client.
const maxRequestID = 64

// withRequestID gives every request an id, the client's own if it is harmless, and returns
// it in the response.
func withRequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(headerRequestID)
		if !harmless(id) {
			id = rand.Text()
		}
		w.Header().Set(headerRequestID, id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id)))
	})
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

func requestID(r *http.Request) string {
	id, _ := r.Context().Value(requestIDKey{}).(string)
	return id
}

// refuseMisconfigured answers for the API while the configuration is wrong. The health documents
// answer for themselves.
func (s *server) refuseMisconfigured(next http.Handler) http.Handler {
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

// recoverPanics answers 500 for a handler that panicked. An abort is passed on: it is how a
// handler ends a response that it cannot finish.
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

// panicked is the error of a recovered panic, with the stack that led to it.
func panicked(p any) error { return fmt.Errorf("panic: %v\n%s", p, debug.Stack()) }

func asError(p any) error {
	err, _ := p.(error)
	return err
}

// authorize demands a bearer token where tokens are configured. Health stays open, so that
// probes need no secret.
func (s *server) authorize(next http.Handler) http.Handler {
	if len(s.Tokens) == 0 {
		return next
	}
	// Hashes have one length, so that comparing them tells nothing of a token's.
	accepted := make([][sha256.Size]byte, len(s.Tokens))
	for i, t := range s.Tokens {
		accepted[i] = sha256.Sum256([]byte(t))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		open := !strings.HasPrefix(r.URL.Path, "/api/") || r.Method == http.MethodOptions
		if !open && !tokenAccepted(r, accepted) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="edgeframe"`)
			s.writeError(w, r, problemf(http.StatusUnauthorized, "unauthorized", "send one of the server's API tokens as Authorization: Bearer <token>"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func tokenAccepted(r *http.Request, accepted [][sha256.Size]byte) bool {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return false
	}
	sum := sha256.Sum256([]byte(strings.TrimSpace(token)))
	found := 0
	for i := range accepted {
		found |= subtle.ConstantTimeCompare(sum[:], accepted[i][:])
	}
	return found == 1
}

// preflightSeconds is how long browsers may remember a preflight answer.
const preflightSeconds = 7200

func (s *server) corsOptions() cors.Options {
	return cors.Options{
		AllowedOrigins: s.CORSOrigins,
		AllowedMethods: []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"},
		AllowedHeaders: []string{"*"},
		ExposedHeaders: []string{
			"ETag", "Link", "Location", "Retry-After", "Content-Disposition",
			headerRequestID, headerRevision, headerVersion, headerTotalRows,
		},
		MaxAge: preflightSeconds,
		// An empty list means all origins to the library, but none here.
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
