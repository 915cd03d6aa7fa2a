package api

import (
	"cmp"
	"net/http"
	"time"

	"edgeframe/access"
	"edgeframe/session"
)

const (
	// defaultTokenTime is how long an issued token lives unless ttl_seconds says otherwise.
	defaultTokenTime = time.Hour
	// createdTokenTime is how long the token of a new session lives at least.
	createdTokenTime = 24 * time.Hour
)

// issueToken answers with a scoped token of a session.
func (s *server) issueToken(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Scope   string `json:"scope"`
		Seconds *int64 `json:"ttl_seconds"`
		Actor   string `json:"actor"`
	}
	if err := readDocument(w, r, maxDocumentBytes, false, &body); err != nil {
		return err
	}
	t := access.Token{Actor: body.Actor}
	var err error
	if t.Scope, err = issuedScope(r, body.Scope); err != nil {
		return err
	}
	if err := access.CheckActor(t.Actor); err != nil {
		return badParameter("the actor is not accepted; %v", err)
	}
	if c := callerOf(r); c.token != nil {
		t.Actor = cmp.Or(t.Actor, c.token.Actor)
	}
	life, err := touchTTL(nil, body.Seconds)
	if err != nil {
		return err
	}
	sess, err := s.open(r, session.PrefetchNothing)
	if err != nil {
		return err
	}
	if !s.Keys.CanIssue() {
		return problemf(http.StatusNotImplemented, "not_configured", "this server issues no tokens, because it has no TOKEN_SECRET; set one, or issue tokens where the private key of TOKEN_PUBLIC_KEY is")
	}
	text, err := s.issue(sess, &t, cmp.Or(life, defaultTokenTime))
	if err != nil {
		return err
	}
	setState(w, sess)
	return writeJSON(w, http.StatusCreated, object{
		{"token", text},
		{"session_id", sess.ID},
		{"scope", t.Scope.String()},
		{"actor", t.Actor},
		{"expires_at", timestamp(t.Expires)},
	})
}

// issuedScope reads the scope of a token to issue. The caller must have all of it.
func issuedScope(r *http.Request, text string) (access.Scope, error) {
	scope, err := access.ParseScope(text)
	if err != nil {
		return 0, badParameter("%v", err)
	}
	if scope.Has(access.Create) {
		return 0, badParameter("the scope create is not for one session; the token of a session may have read, edit and own")
	}
	if c := callerOf(r); c.token != nil && !c.token.Scope.Has(scope) {
		return 0, insufficientScope(scope, "the token has the scope %q; it cannot issue one with %q", c.token.Scope, scope)
	}
	return scope, nil
}

// issue signs t for a session, to live for that long from now on.
func (s *server) issue(sess *session.Session, t *access.Token, life time.Duration) (string, error) {
	t.Session, t.Salt = sess.ID, &sess.Salt
	t.Issued = s.Now().Truncate(time.Second)
	t.Expires = t.Issued.Add(life)
	return s.Keys.Issue(*t)
}

// revokeTokens makes a session refuse the tokens that were issued for it so far.
func (s *server) revokeTokens(w http.ResponseWriter, r *http.Request) error {
	c, err := change(r)
	if err != nil {
		return err
	}
	sess, err := s.Sessions.RevokeTokens(r.Context(), c.Ref, c.Pre)
	if err != nil {
		return err
	}
	setState(w, sess)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// createdMembers returns what the document of a new session has besides that of a session. A client that may
// only create gets a token with which it owns the session.
func (s *server) createdMembers(r *http.Request, c created) ([]member, error) {
	var further []member
	if !c.session.Replayed {
		further = []member{c.origin()}
		if c.replayed != nil {
			further = append(further, member{"recipe", c.replayed})
		}
	}
	of := callerOf(r).token
	if of == nil || of.Scope != access.Create || !s.Keys.CanIssue() {
		return further, nil
	}
	text, err := s.issue(c.session, &access.Token{Scope: access.Own, Actor: of.Actor}, max(createdTokenTime, c.session.TTL))
	return append(further, member{"token", text}), err
}
