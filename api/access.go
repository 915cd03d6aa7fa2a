package api

import (
	"cmp"
	"crypto/sha256"
	"crypto/subtle"
	"maps"
	"net/http"
	"strings"

	"github.com/rs/cors"

	"edgeframe/codec"
)

// SetSecurityHeaders sets the headers that tell browsers what they must not do with an answer: guess
// its type, send its address to other sites, embed it in pages of other origins, or load anything for
// it. A handler that serves a page sets a Content-Security-Policy of its own. The headers do not stop
// fetch of the origins that CORS allows.
func SetSecurityHeaders(h http.Header) { maps.Copy(h, securityHeaders) }

// securityHeaders shares its values with every answer. Nothing changes them: Set and Add make new ones.
var securityHeaders = http.Header{
	"X-Content-Type-Options":       {"nosniff"},
	"Referrer-Policy":              {"no-referrer"},
	"Cross-Origin-Resource-Policy": {"same-origin"},
	"Content-Security-Policy":      {"default-src 'none'; frame-ancestors 'none'"},
}

func withSecurityHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		SetSecurityHeaders(w.Header())
		next.ServeHTTP(w, r)
	})
}

// rejectHosts rejects requests whose Host is not one of the server's. A page whose name its owner has
// pointed at the server's address (DNS rebinding) is of the same origin as the server to the browser,
// and only the Host shows the difference.
func (s *server) rejectHosts(next http.Handler) http.Handler {
	if s.HostAllowed == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.HostAllowed(r.Host) {
			s.writeError(w, r, problemf(http.StatusMisdirectedRequest, "host_not_allowed", "the host %s is not accepted; accepted are localhost, loopback addresses and the names in ALLOWED_HOSTS", codec.Quoted(r.Host)))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// rejectCrossOrigin rejects requests that change something and that a page of another origin has made
// a browser send, unless CORS allows the origin. CORS alone keeps such a page from reading the answer,
// not from sending the request.
func (s *server) rejectCrossOrigin(origins *cors.Cors, next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if protection.Check(r) != nil && !origins.OriginAllowed(r) {
			origin := codec.Quoted(cmp.Or(r.Header.Get("Origin"), "null"))
			s.writeError(w, r, problemf(http.StatusForbidden, "cross_origin", "pages of the origin %s may not change anything here; accepted are pages of the server itself and of the origins in CORS_ORIGINS", origin))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// reportOrigins reports the origins of pages that are refused. The page itself learns from its browser only that
// the request has failed.
func (s *server) reportOrigins(origins *cors.Cors, next http.Handler) http.Handler {
	if s.OriginRefused == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if origin := r.Header.Get("Origin"); origin != "" && !isOwnPage(r, origin) && !origins.OriginAllowed(r) {
			s.OriginRefused(codec.Shorten(origin))
		}
		next.ServeHTTP(w, r)
	})
}

// isOwnPage reports whether a request comes from a page of the server itself. Old browsers do not say so.
func isOwnPage(r *http.Request, origin string) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" {
		return site == "same-origin" || site == "none"
	}
	_, host, _ := strings.Cut(origin, "://")
	return strings.EqualFold(host, r.Host)
}

// tokenHash is the hash of a token. All hashes have the same length, so comparing them does not reveal
// the length of a token.
type tokenHash = [sha256.Size]byte

func hashTokens(tokens []string) []tokenHash {
	hashes := make([]tokenHash, len(tokens))
	for i, t := range tokens {
		hashes[i] = sha256.Sum256([]byte(t))
	}
	return hashes
}

// authorize requires a bearer token under /api/ if tokens are configured. Health documents need none,
// except for a deep check, so that probes need no secret.
func (s *server) authorize(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/") && r.Method != http.MethodOptions {
			if err := s.requireToken(w, r); err != nil {
				s.writeError(w, r, err)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// requireToken returns an error unless the request has one of the tokens, or there are none. The token
// is compared before failures are counted, so that nobody can lock out a client that has one.
func (s *server) requireToken(w http.ResponseWriter, r *http.Request) error {
	if len(s.accepted) == 0 {
		return nil
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	given := strings.EqualFold(scheme, "Bearer") && token != ""
	if given && s.accepts(token) {
		return nil
	}
	h := w.Header()
	if given && s.TokenRefused != nil {
		if wait := s.TokenRefused(r); wait > 0 {
			// Guessing on needs a new connection for each guess.
			h.Set("Connection", "close")
			return &problem{
				Status: http.StatusTooManyRequests, Code: "too_many_attempts", retryAfter: wait,
				Detail: "too many requests from this address had a wrong token; send one of the server's API tokens as Authorization: Bearer <token>",
			}
		}
	}
	h.Set("WWW-Authenticate", `Bearer realm="edgeframe"`)
	return problemf(http.StatusUnauthorized, "unauthorized", "send one of the server's API tokens as Authorization: Bearer <token>")
}

func (s *server) accepts(token string) bool {
	sum := sha256.Sum256([]byte(token))
	found := 0
	for i := range s.accepted {
		found |= subtle.ConstantTimeCompare(sum[:], s.accepted[i][:])
	}
	return found == 1
}
