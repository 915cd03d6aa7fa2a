package api

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"edgeframe/access"
)

// authorize requires a token under /api/ if the server has tokens or keys of them. Health documents need
// none, except for a deep check, so that probes need no secret.
func (s *server) authorize(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isUnderAPI(r.URL.Path) && r.Method != http.MethodOptions {
			linked, r2 := takeLink(r)
			c, err := s.identify(w, r2, linked)
			if err == nil {
				err = s.limitRate(w, r2, c)
			}
			if err != nil {
				s.writeError(w, r2, err)
				return
			}
			r = c.with(r2)
		}
		next.ServeHTTP(w, r)
	})
}

// sendToken is what a client without a token is told.
const sendToken = "send one of the server's API tokens as Authorization: Bearer <token>"

// identify returns who sends a request, with the token in its link if it has one. The operator's tokens are
// compared before failures are counted, so that nobody can lock out a client that has one.
func (s *server) identify(w http.ResponseWriter, r *http.Request, linked string) (caller, error) {
	if len(s.accepted) == 0 && !s.Keys.Any() {
		return caller{}, nil
	}
	token := Bearer(r)
	switch {
	case linked != "" && r.Header.Get("Authorization") != "":
		return caller{}, badParameter("the token is given in the address and as Authorization; give it once")
	case linked != "":
		return s.identifyLink(w, r, linked)
	case token == "":
		return caller{}, problemf(http.StatusUnauthorized, "unauthorized", sendToken)
	case s.accepted.Have(token):
		return caller{operator: true}, nil
	}
	return s.identifyScoped(w, r, token)
}

// Bearer returns the token in the header Authorization, "" if there is none. The scheme may be in any case.
func Bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// identifyLink returns who sends a request with a token in its address.
func (s *server) identifyLink(w http.ResponseWriter, r *http.Request, token string) (caller, error) {
	c, err := s.identifyScoped(w, r, token)
	if err == nil && !c.token.IsLink() {
		err = invalidToken(problemf(http.StatusUnauthorized, "unauthorized", "a token in the address must have the scope read alone, and an exp at most an hour after its iat; send others as Authorization: Bearer <token>"))
	}
	return c, err
}

// identifyScoped returns who sends a request with a scoped token.
func (s *server) identifyScoped(w http.ResponseWriter, r *http.Request, token string) (caller, error) {
	t, err := s.Keys.Verify(token, s.Now())
	switch {
	case err == nil:
		return caller{token: t}, nil
	case errors.Is(err, access.ErrExpired):
		return caller{}, invalidToken(problemf(http.StatusUnauthorized, "token_expired", "the token has expired; ask for a new one"))
	case !errors.Is(err, access.ErrForged):
		return caller{}, invalidToken(problemf(http.StatusUnauthorized, "unauthorized", "%v", err))
	case s.TokenRefused == nil:
	default:
		if wait := s.TokenRefused(r); wait > 0 {
			// Guessing on needs a new connection for each guess.
			w.Header().Set("Connection", "close")
			return caller{}, &problem{
				Status: http.StatusTooManyRequests, Code: "too_many_attempts", retryAfter: wait,
				Detail: "too many requests from this address had a wrong token; " + sendToken,
			}
		}
	}
	return caller{}, invalidToken(problemf(http.StatusUnauthorized, "unauthorized", sendToken))
}

// invalidToken marks the problem of a request with a token that is not accepted.
func invalidToken(err error) error {
	err.(*problem).invalidToken = true
	return err
}

// requireOperator returns an error unless a request has one of the operator's tokens, or the server has
// neither tokens nor keys.
func (s *server) requireOperator(w http.ResponseWriter, r *http.Request) error {
	c, err := s.identify(w, r, "")
	if err != nil {
		return err
	}
	return permit(c.with(r), r.URL.Path, 0)
}

// takeLink returns the token in the address of a GET or HEAD, and the request without it, so that it gets
// into no log, link or document. Other methods take none: the parameter is refused as an unknown one.
func takeLink(r *http.Request) (token string, without *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead || !strings.Contains(r.URL.RawQuery, "token") {
		return "", r
	}
	var kept []string
	for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if name != "token" {
			kept = append(kept, pair)
			continue
		}
		if text, err := url.QueryUnescape(value); err == nil {
			// Two tokens one after the other are not a token.
			token += text
		}
	}
	u := *r.URL
	u.RawQuery = strings.Join(kept, "&")
	r = r.WithContext(r.Context())
	r.URL, r.RequestURI = &u, u.RequestURI()
	return token, r
}
