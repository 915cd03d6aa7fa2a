package api

import (
	"net/http"
	"strings"

	"edgeframe/access"
	"edgeframe/codec"
	"edgeframe/session"
)

// routeScopes says which scope a token needs for a route under /api/. A route that is not here is for the
// operator alone. docs/security.md has the same table.
var routeScopes = map[string]access.Scope{
	"GET /api/v1/sessions":                                access.Read,
	"POST /api/v1/sessions":                               access.Create,
	"GET " + sessionPath:                                  access.Read,
	"PATCH " + sessionPath:                                access.Edit,
	"DELETE " + sessionPath:                               access.Own,
	"POST " + sessionPath + "/touch":                      access.Own,
	"GET " + sessionPath + "/data":                        access.Read,
	"QUERY " + sessionPath + "/data":                      access.Read,
	"POST " + sessionPath + "/data/query":                 access.Read,
	"PUT " + sessionPath + "/data":                        access.Edit,
	"POST " + sessionPath + "/data":                       access.Edit,
	"PATCH " + sessionPath + "/data":                      access.Edit,
	"GET " + sessionPath + "/describe":                    access.Read,
	"GET " + sessionPath + "/recipe":                      access.Read,
	"GET " + sessionPath + "/diff":                        access.Read,
	"GET " + sessionPath + "/cells":                       access.Read,
	"GET " + sessionPath + "/versions":                    access.Read,
	"POST " + sessionPath + "/versions":                   access.Edit,
	"GET " + sessionPath + "/versions/{version}":          access.Read,
	"POST " + sessionPath + "/versions/{version}/restore": access.Edit,
	"PUT " + sessionPath + "/versions/{version}/name":     access.Edit,
	"DELETE " + sessionPath + "/versions/{version}/name":  access.Edit,
	"POST " + sessionPath + "/undo":                       access.Edit,
	"POST " + sessionPath + "/redo":                       access.Edit,
	"GET " + sessionPath + "/missing":                     access.Read,
	"PUT " + sessionPath + "/missing":                     access.Edit,
	"PATCH " + sessionPath + "/missing":                   access.Edit,
	"GET " + sessionPath + "/audit":                       access.Read,
	"POST " + sessionPath + "/audit":                      access.Edit,
	"GET " + sessionPath + "/events":                      access.Read,
	"POST " + sessionPath + "/tokens":                     access.Own,
	"DELETE " + sessionPath + "/tokens":                   access.Own,
	"GET " + uploadPath:                                   access.Create,
	"GET " + uploadPath + "/data":                         access.Create,
	"POST " + uploadPath + "/select":                      access.Create,
	"DELETE " + uploadPath:                                access.Create,
}

// caller is who sends a request.
type caller struct {
	// token is nil for the operator, and on a server without tokens.
	token *access.Token
	// operator says that the request has one of the operator's tokens.
	operator bool
}

// with returns r with c as its caller. The sessions learn of a token from the context.
func (c caller) with(r *http.Request) *http.Request {
	knownOf(r).caller = c
	t := c.token
	if t == nil {
		return r
	}
	who := session.Caller{Actor: t.Actor, OwnerOnly: t.Session == "", Token: true, Issued: t.Issued}
	if t.Salt != nil {
		who.Salted, who.Salt = true, *t.Salt
	}
	return r.WithContext(session.WithCaller(r.Context(), who))
}

func callerOf(r *http.Request) caller { return knownOf(r).caller }

// permit returns an error unless the token of a request is for a path that requires a scope, 0 if it is for
// the operator, and for the session in the path. Which sessions of a store a token without a session is for
// shows when they are read.
func permit(r *http.Request, path string, required access.Scope) error {
	t := callerOf(r).token
	switch {
	case t == nil:
		return nil
	case required == 0:
		return problemf(http.StatusForbidden, "forbidden", "this is for the operator of the server; send one of the tokens in API_TOKENS")
	case !t.Scope.Has(required):
		return insufficientScope(required, "the token has the scope %q; this needs %q", t.Scope, required)
	case t.Session != "" && (!strings.HasPrefix(path, sessionPath) || t.Session != r.PathValue("id")):
		return problemf(http.StatusForbidden, "forbidden", "the token is for the session %s alone", codec.Shorten(t.Session))
	}
	return nil
}

// insufficientScope returns the error for a token that lacks a scope. The scopes that required includes are
// not named.
func insufficientScope(required access.Scope, format string, args ...any) error {
	p := problemf(http.StatusForbidden, "insufficient_scope", format, args...).(*problem)
	p.scope = required
	return p
}

// setChallenge sets the header that says which token is needed (RFC 6750, section 3).
func (p *problem) setChallenge(h http.Header) {
	const realm = `Bearer realm="edgeframe"`
	switch {
	case p.scope != 0:
		h.Set("WWW-Authenticate", realm+`, error="insufficient_scope", scope="`+p.scope.String()+`"`)
	case p.invalidToken, p.Code == "token_revoked":
		h.Set("WWW-Authenticate", realm+`, error="invalid_token"`)
	case p.Status == http.StatusUnauthorized:
		h.Set("WWW-Authenticate", realm)
	}
}

// creator is the actor who stages an upload. It is nil unless the request has a scoped token.
func (c caller) creator() *string {
	if c.token == nil {
		return nil
	}
	return &c.token.Actor
}

// mayUse returns an error for an upload that a caller with a scoped token has not made itself.
func (c caller) mayUse(note stagedNote) error {
	if c.token == nil || note.Creator != nil && *note.Creator == c.token.Actor {
		return nil
	}
	return problemf(http.StatusForbidden, "forbidden", "the token is for the uploads that were made under its sub; this upload is of another one")
}

// isUnderAPI reports whether a path is one that needs a token.
func isUnderAPI(path string) bool { return strings.HasPrefix(path, "/api/") }
