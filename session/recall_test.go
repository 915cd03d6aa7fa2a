package session

import (
	"context"
	"errors"
	"testing"

	"edgeframe/kv/kvtest"
)

// A service begins a light change with the head that it stored last. Here another service has changed the
// session since then, so nothing of what the first one remembers may show.
func TestALightChangeIsMadeToTheHeadInTheStore(t *testing.T) {
	ctx := context.Background()
	for name, change := range map[string]struct {
		call func(h *harness, c Change) (*Session, error)
		// check looks at the session after the change of the other service and this one.
		check func(sess *Session) bool
	}{
		"snapshot": {
			func(h *harness, c Change) (*Session, error) { return h.Snapshot(ctx, c) },
			func(sess *Session) bool { return sess.Current.Rows == 7 && sess.Current.ID == 3 },
		},
		"undo": {
			func(h *harness, c Change) (*Session, error) { return h.Undo(ctx, c) },
			func(sess *Session) bool { return sess.Current.Rows == 10 && sess.Current.ID == 1 },
		},
		"touch": {
			func(h *harness, c Change) (*Session, error) { return h.Touch(ctx, c.Ref, c.Pre, MinTTL) },
			func(sess *Session) bool { return sess.Current.Rows == 7 && sess.TTL == MinTTL },
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			sess := h.create(10, 2)
			other := &harness{Service: New(h.opt), t: t}
			other.edit(sess, `{"op":"delete_rows","rows":[0,1,2]}`)
			next, err := change.call(h, of(sess))
			if err != nil {
				t.Fatal(err)
			}
			if !change.check(next) || next.Revision.Revision != 3 {
				t.Errorf("version %d has %d rows at revision %s, with a TTL of %s", next.Current.ID, next.Current.Rows, next.Revision, next.TTL)
			}
		})
	}
}

func TestWhatARecalledHeadRefusesIsDecidedByTheStore(t *testing.T) {
	ctx := context.Background()
	h := newHarness(t)
	sess := h.create(10, 2)
	if _, err := h.Undo(ctx, of(sess)); !errors.Is(err, ErrNothingToUndo) {
		t.Errorf("undo of the first version: %v", err)
	}
	other := &harness{Service: New(h.opt), t: t}
	edited := other.edit(sess, `{"op":"delete_rows","rows":[0,1,2]}`)

	// The head that h remembers has one version, and not the revision of the precondition.
	c := of(sess)
	c.Pre = func(now *Session) bool { return now.Revision == edited.Revision }
	if undone := h.must(h.Undo(ctx, c)); undone.Current.ID != 1 {
		t.Errorf("version %d is current after undo", undone.Current.ID)
	}
	c.Pre = func(now *Session) bool { return now.Revision == sess.Revision }
	if _, err := h.Redo(ctx, c); !errors.Is(err, ErrPreconditionFailed) {
		t.Errorf("a precondition on a state that is gone: %v", err)
	}
	asHolder := WithCaller(ctx, Caller{Token: true, Issued: h.now()})
	h.must(h.Snapshot(asHolder, of(sess)))
	other.must(other.RevokeTokens(ctx, Ref{ID: sess.ID}, nil))
	if _, err := h.Snapshot(asHolder, of(sess)); !errors.Is(err, ErrTokenRevoked) {
		t.Errorf("a snapshot with a token that another service has revoked: %v", err)
	}
	if err := other.Delete(ctx, Ref{ID: sess.ID}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Snapshot(ctx, of(sess)); !errors.Is(err, ErrSessionNotFound) {
		t.Errorf("a snapshot of a session that another service has deleted: %v", err)
	}
}

func TestALightChangeAfterAnotherCostsASwapAlone(t *testing.T) {
	h := newHarness(t)
	sess := h.create(10, 2)
	h.must(h.Touch(context.Background(), Ref{ID: sess.ID}, nil, DefaultTTL))
	h.calls.Reset()
	h.must(h.Touch(context.Background(), Ref{ID: sess.ID}, nil, 2*DefaultTTL))
	if reads, swaps := h.calls.Of(kvtest.OpGet).Calls, h.calls.Of(kvtest.OpCompareAndSwap).Calls; reads != 0 || swaps != 1 {
		t.Errorf("%d reads and %d swaps", reads, swaps)
	}
}
