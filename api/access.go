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
		if isStrangeFollower(origins, r) {
			s.writeError(w, r, problemf(http.StatusForbidden, "cross_origin", "pages of the origin %s may not follow changes here; accepted are pages of the server itself and of the origins in CORS_ORIGINS", codec.Quoted(r.Header.Get("Origin"))))
			return
		}
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

// Operators are the tokens of the operator, as hashes. All hashes have the same length, so comparing them does not
// reveal the length of a token.
type Operators [][sha256.Size]byte

// NewOperators returns the tokens of the operator.
func NewOperators(tokens []string) Operators {
	hashes := make(Operators, len(tokens))
	for i, t := range tokens {
		hashes[i] = sha256.Sum256([]byte(t))
	}
	return hashes
}

// Have reports whether token is one of the operator's.
func (o Operators) Have(token string) bool {
	sum := sha256.Sum256([]byte(token))
	found := 0
	for i := range o {
		found |= subtle.ConstantTimeCompare(sum[:], o[i][:])
	}
	return found == 1
}
