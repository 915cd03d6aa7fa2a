package session

import (
	"context"
	"testing"
	"time"

	"edgeframe/codec/codectest"
	"edgeframe/kv/kvtest"
)

func TestSessionLivesItsTTLAfterTheLastAccessAndDiesWhenItSays(t *testing.T) {
	h := newHarness(t)
	sess := h.create(10, 5)
	for range 5 {
		h.pass(DefaultTTL - time.Second)
		sess = h.must(h.Open(context.Background(), Ref{ID: sess.ID}, PrefetchNothing))
	}
	h.pass(DefaultTTL)
	if h.time.After(sess.Expires) {
		t.Fatalf("a session that was just read states an expiry before its TTL")
	}
	h.pass(sess.Expires.Sub(h.time) - time.Millisecond)
	sess = h.must(h.Open(context.Background(), Ref{ID: sess.ID}, PrefetchNothing))
	h.pass(sess.Expires.Sub(h.time))
	_, err := h.Open(context.Background(), Ref{ID: sess.ID}, PrefetchNothing)
	wantKind(t, err, ErrSessionNotFound)
}

func TestAccessesThatAreNotNotedNeverShortenTheLifetime(t *testing.T) {
	h := newHarness(t)
	sess := h.create(10, 5)
	h.pass(h.keep.touchInterval(DefaultTTL) - time.Millisecond)
	h.calls.Reset()
	h.must(h.Open(context.Background(), Ref{ID: sess.ID}, PrefetchNothing))
	if n := h.calls.Of(kvtest.OpCompareAndSwap).Calls; n != 0 {
		t.Errorf("an access soon after the last one rewrote the head %d times", n)
	}
	h.pass(DefaultTTL)
	h.must(h.Open(context.Background(), Ref{ID: sess.ID}, PrefetchNothing))
}

func TestAnAccessAMinuteAfterTheLastOneIsNotedWhateverTheTTL(t *testing.T) {
	for _, ttl := range []time.Duration{DefaultTTL, MaxTTL} {
		h := newHarness(t)
		sess := h.must(h.Create(context.Background(), codectest.Generate(10, 5, 1), "t.csv", ttl, nil))
		if most := h.time.Add(ttl + time.Minute); sess.Expires.After(most) {
			t.Errorf("TTL %s: expires at %s, want at most a minute after the TTL", ttl, sess.Expires)
		}
		h.pass(time.Minute)
		now := h.must(h.Open(context.Background(), Ref{ID: sess.ID}, PrefetchNothing))
		if got := now.LastAccessed.Sub(sess.LastAccessed); got != time.Minute {
			t.Errorf("TTL %s: the noted access moved by %s, want a minute", ttl, got)
		}
	}
}

func TestAccessMakesNoRevision(t *testing.T) {
	h := newHarness(t)
	sess := h.create(10, 5)
	h.pass(DefaultTTL / 2)
	now := h.must(h.Open(context.Background(), Ref{ID: sess.ID}, PrefetchNothing))
	if now.Revision != sess.Revision {
		t.Errorf("revision went from %s to %s", sess.Revision, now.Revision)
	}
	if !now.Expires.After(sess.Expires) {
		t.Errorf("expires at %s, not after %s", now.Expires, sess.Expires)
	}
	now = h.must(h.Touch(context.Background(), Ref{ID: sess.ID}, nil, 0))
	if now.Revision != sess.Revision {
		t.Errorf("a touch made revision %s of %s", now.Revision, sess.Revision)
	}
}

func TestSegmentsAreRenewedInOneBatchPerTTL(t *testing.T) {
	h := newHarness(t)
	sess := h.create(20_000, 50)
	h.calls.Reset()
	const steps = 40
	for range steps {
		h.pass(DefaultTTL / 4)
		sess = h.must(h.Open(context.Background(), Ref{ID: sess.ID}, PrefetchNothing))
		if lease := sess.head.Lease; lease < sess.Expires.UnixMilli() {
			t.Fatalf("segments are kept until %d, the session until %d", lease, sess.Expires.UnixMilli())
		}
	}
	if n := h.calls.Of(kvtest.OpTouch).Calls; n < 1 || n > steps/4 {
		t.Errorf("%d renewals in %d TTLs, want one each at most", n, steps/4)
	}
}

func TestTouchChangesTheTTL(t *testing.T) {
	h := newHarness(t)
	sess := h.create(10, 5)
	now := h.must(h.Touch(context.Background(), Ref{ID: sess.ID}, nil, 48*time.Hour))
	if now.TTL != 48*time.Hour || now.Expires.Before(h.time.Add(48*time.Hour)) {
		t.Errorf("ttl %s, expires %s", now.TTL, now.Expires)
	}
	if now.head.Lease < now.Expires.UnixMilli() {
		t.Errorf("segments expire before the session")
	}
	for _, ttl := range []time.Duration{time.Millisecond, MaxTTL + time.Second, -time.Second} {
		_, err := h.Touch(context.Background(), Ref{ID: sess.ID}, nil, ttl)
		wantKind(t, err, ErrInvalidParameter)
	}
}

func TestExpiredSessionIsGoneForEveryCall(t *testing.T) {
	h := newHarness(t)
	sess := h.create(10, 5)
	h.pass(h.keep.headTTL(DefaultTTL))
	ctx := context.Background()
	calls := map[string]error{}
	_, calls["open"] = h.Open(ctx, Ref{ID: sess.ID}, PrefetchNothing)
	_, _, calls["edit"] = h.Edit(ctx, of(sess), operations(t, `{"op":"delete_rows","rows":[0]}`))
	_, calls["undo"] = h.Undo(ctx, of(sess))
	_, calls["snapshot"] = h.Snapshot(ctx, of(sess))
	_, calls["touch"] = h.Touch(ctx, Ref{ID: sess.ID}, nil, 0)
	_, calls["marks"] = h.SetMarks(ctx, of(sess), nil, false)
	_, calls["audit"] = h.AddAudit(ctx, of(sess), "x")
	_, calls["describe"] = h.UpdateInfo(ctx, of(sess), nil, nil)
	calls["delete"] = h.Delete(ctx, Ref{ID: sess.ID}, nil)
	for name, err := range calls {
		t.Run(name, func(t *testing.T) { wantKind(t, err, ErrSessionNotFound) })
	}
}

func TestMalformedIDsAreRefused(t *testing.T) {
	h := newHarness(t)
	for _, id := range []string{"", "x", "../../etc/passwd", "{}", "123E4567-E89B-42D3-A456-426614174000", "urn:uuid:123e4567-e89b-42d3-a456-426614174000"} {
		_, err := h.Open(context.Background(), Ref{ID: id}, PrefetchNothing)
		wantKind(t, err, ErrInvalidParameter)
	}
}
