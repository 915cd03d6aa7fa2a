package session

import (
	"context"
	"time"

	"edgeframe/kv"
)

// Caller is who a request comes from, if that is the holder of a scoped token. The zero value is anybody
// else, who may do everything.
type Caller struct {
	// Actor is named as the owner of new sessions and as who made a version.
	Actor string
	// OwnerOnly limits the caller to the sessions whose owner is Actor.
	OwnerOnly bool
	// Token says that the caller has a token, which the session may have revoked: one with a salt if the
	// session has another, one without if it was issued before, or does not say when.
	Token  bool
	Salted bool
	Salt   int64
	Issued time.Time
}

type callerKey struct{}

// WithCaller returns a context for the work of a request of c. Everything that reads the head of a session
// with it checks whether the session admits c, so that no request can forget it, and so that the check
// takes no round trip.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

func callerOf(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}

// admit returns an error if c may not touch the session.
func (h *head) admit(c Caller) error {
	if c.OwnerOnly && h.Owner != c.Actor {
		return fail(ErrForbidden, "the token is for the sessions that %q has created; session %s is of another owner", c.Actor, h.ID)
	}
	if !c.Token || h.Revoked == 0 && !c.Salted {
		return nil
	}
	// Claims have whole seconds, so a token of the second of the revocation may be older.
	revoked := c.Issued.Unix() <= h.Revoked/1000
	if c.Salted {
		revoked = c.Salt != h.Revoked
	}
	if revoked {
		return fail(ErrTokenRevoked, "the tokens of session %s have been revoked; ask for a new one", h.ID)
	}
	return nil
}

// RevokeTokens makes a session refuse the scoped tokens that were issued for it so far.
func (s *Service) RevokeTokens(ctx context.Context, ref Ref, pre Precondition) (*Session, error) {
	return s.commitLight(ctx, ref, pre, func(h *head) ([]kv.Item, error) {
		h.Revoked = max(h.Revoked+1, s.now().UnixMilli())
		return nil, nil
	})
}
