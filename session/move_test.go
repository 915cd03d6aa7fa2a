//go:build !js

package session

import (
	"context"
	"errors"
	"testing"
	"time"

	"edgeframe/codec/codectest"
	"edgeframe/frame"
	"edgeframe/kv"
	"edgeframe/kv/kvtest"
	"edgeframe/session/record"
)

// moving is a pair whose second store fails as a test says. The calls that fail are numbered.
type moving struct {
	*pair
	mover *Mover
	holds *testHold
	// calls counts the calls of both stores, and fail says which of them fails; after is set if it is made all the same.
	calls, fail int
	after       bool
}

var errBroken = errors.New("broken")

// testHold is a hold that nobody waits for.
type testHold struct {
	moved, doubt, over bool
}

func (h *testHold) Moved()     { h.moved = true }
func (h *testHold) Doubt()     { h.doubt = true }
func (h *testHold) Kept()      { h.doubt = false }
func (h *testHold) Over() bool { return h.over }
func (h *testHold) Release()   {}

// breaking is a store of which a numbered call fails, or is made and its answer lost, and with it all later ones: the
// process has been killed.
type breaking struct {
	kv.Driver
	m *moving
}

func (b breaking) call(do func() error) error {
	b.m.calls++
	switch {
	case b.m.fail == 0 || b.m.calls < b.m.fail:
		return do()
	case b.m.calls == b.m.fail && b.m.after:
		_ = do()
	}
	return errBroken
}

func (b breaking) Get(ctx context.Context, keys []string) (values [][]byte, err error) {
	err = b.call(func() (err error) { values, err = b.Driver.Get(ctx, keys); return err })
	return values, err
}

func (b breaking) Set(ctx context.Context, items []kv.Item, ttl time.Duration) error {
	return b.call(func() error { return b.Driver.Set(ctx, items, ttl) })
}

func (b breaking) CompareAndSwap(ctx context.Context, item kv.Item, old kv.Revision, ttl time.Duration) error {
	return b.call(func() error { return b.Driver.CompareAndSwap(ctx, item, old, ttl) })
}

func (b breaking) Delete(ctx context.Context, keys []string) error {
	return b.call(func() error { return b.Driver.Delete(ctx, keys) })
}

func (b breaking) Touch(ctx context.Context, keys []string, ttl time.Duration) error {
	return b.call(func() error { return b.Driver.Touch(ctx, keys, ttl) })
}

func newMoving(t *testing.T) *moving {
	m := &moving{pair: newPair(t, inStore), holds: &testHold{}}
	m.mover = &Mover{
		From: kv.New(breaking{m.from.calls, m}, ""), To: kv.New(breaking{m.to.calls, m}, ""), Now: m.from.now,
		Hold: func(context.Context, string) (Hold, error) { return m.holds, nil },
	}
	return m
}

func (m *moving) want(want Movement, got Movement, err error) {
	m.Helper()
	if got != want || err != nil {
		m.Errorf("%s, %v, want %s", got, err, want)
	}
}

// left returns the number of keys of a session in the first store.
func (m *moving) left(id string) int {
	m.Helper()
	page, err := m.from.store.ListKeys(m.Context(), record.KeyPrefix(id), "", kv.MaxListLimit)
	if err != nil {
		m.Error(err)
	}
	return len(page.Keys)
}

// long makes a session with a history.
func (m *moving) long() *Session {
	sess := m.from.edit(m.from.create(20_000, 3), setFirst)
	sess = m.from.must(m.from.SetMarks(m.Context(), of(sess), frame.Marks{"column_1": {3, 5}}, false))
	return m.from.must(m.from.Undo(m.Context(), of(sess)))
}

func TestAMovedSessionIsInTheTargetWithItsHistoryAndNotInTheSource(t *testing.T) {
	m := newMoving(t)
	sess := m.long()
	copied := newPair(t, inStore)
	copied.from, copied.to.time = m.from, m.from.time
	copied.copy(CopyReport{Copied: 1})
	got, err := m.mover.Move(t.Context(), sess.ID)
	m.want(Moved, got, err)
	if !m.holds.moved || m.left(sess.ID) != 0 {
		t.Errorf("%d keys are left", m.left(sess.ID))
	}
	// The copy that was made before shows what the session was.
	again := &pair{T: t, from: copied.to, to: m.to}
	again.same(sess.ID)
	m.to.must(m.to.Redo(t.Context(), of(sess)))
}

// TestAMoveThatEndsAnywhereIsFinishedByTheNext ends the process at each call of a store, before the call or after it.
func TestAMoveThatEndsAnywhereIsFinishedByTheNext(t *testing.T) {
	for _, after := range []bool{false, true} {
		for fail := 1; ; fail++ {
			m := newMoving(t)
			sess := m.long()
			m.fail, m.after = fail, after
			movement, err := m.mover.Move(t.Context(), sess.ID)
			if err == nil {
				m.want(Moved, movement, err)
				if fail < 8 {
					t.Errorf("only %d calls could fail", fail-1)
				}
				break
			}
			if !errors.Is(err, errBroken) {
				t.Errorf("call %d: %v", fail, err)
			}
			atTarget, _ := m.to.store.GetMany(t.Context(), []string{record.HeadKey(sess.ID)})
			if there := atTarget[0] != nil; there && !m.holds.moved && !m.holds.doubt || m.holds.moved && !there {
				t.Errorf("call %d, after %v: in the target is %v, moved %v, in doubt %v", fail, after, atTarget[0] != nil, m.holds.moved, m.holds.doubt)
			}
			// The next start.
			m.fail, m.holds = 0, &testHold{}
			movement, err = m.mover.Settle(t.Context(), sess.ID)
			if arrived := atTarget[0] != nil; err != nil || m.left(sess.ID) > 0 && (movement == Arrived) != arrived {
				t.Errorf("call %d, after %v: settled as %s, %v", fail, after, movement, err)
			}
			if movement == Kept {
				// It is changed before it moves.
				sess = m.from.note(sess, "entry")
				m.from.edit(sess, setFirst)
				movement, err = m.mover.Move(t.Context(), sess.ID)
				m.want(Moved, movement, err)
			}
			if got := m.to.must(m.to.Open(t.Context(), Ref{ID: sess.ID}, PrefetchNothing)); m.to.table(got, 0).NumRows() != 20_000 || got.Revision.Revision < sess.Revision.Revision {
				t.Errorf("call %d, after %v: revision %s after %s", fail, after, got.Revision, sess.Revision)
			}
			// Of a deletion that was interrupted segments may be left, which expire.
			if values, err := m.from.store.GetMany(t.Context(), []string{record.HeadKey(sess.ID)}); err != nil || values[0] != nil {
				t.Errorf("call %d, after %v: the source has the session, %v", fail, after, err)
			}
		}
	}
}

func TestALaterStateInTheTargetIsNotReplaced(t *testing.T) {
	m := newMoving(t)
	sess := m.from.create(10, 2)
	m.copy(CopyReport{Copied: 1})
	newer := m.to.note(sess, "entry")
	got, err := m.mover.Settle(t.Context(), sess.ID)
	m.want(Arrived, got, err)
	if now := m.to.must(m.to.Open(t.Context(), Ref{ID: sess.ID}, PrefetchNothing)); now.Revision != newer.Revision || m.left(sess.ID) != 0 {
		t.Errorf("revision %s, want %s", now.Revision, newer.Revision)
	}
}

func TestAnEarlierStateInTheTargetIsReplaced(t *testing.T) {
	m := newMoving(t)
	sess := m.long()
	m.copy(CopyReport{Copied: 1})
	newer := m.from.edit(sess, setFirst)
	got, err := m.mover.Settle(t.Context(), sess.ID)
	m.want(Kept, got, err)
	got, err = m.mover.Move(t.Context(), sess.ID)
	m.want(Moved, got, err)
	if now := m.to.must(m.to.Open(t.Context(), Ref{ID: sess.ID}, PrefetchNothing)); now.Revision != newer.Revision {
		t.Errorf("revision %s, want %s", now.Revision, newer.Revision)
	}
}

func TestASessionThatWasChangedInBothStoresStays(t *testing.T) {
	m := newMoving(t)
	sess := m.from.create(10, 2)
	m.copy(CopyReport{Copied: 1})
	m.from.note(sess, "here")
	m.to.note(sess, "there")
	got, err := m.mover.Move(t.Context(), sess.ID)
	if own, ok := errors.AsType[*Error](err); got != Kept || !ok || !errors.Is(own, ErrConflict) || m.holds.moved || m.holds.doubt {
		t.Errorf("%s, %v", got, err)
	}
}

// TestARepeatedRequestMakesOneSession makes a session with a key in both stores.
func TestARepeatedRequestMakesOneSession(t *testing.T) {
	key := &Key{Hash: [8]byte{1}, NewID: "123e4567-e89b-42d3-a456-426614174000", Content: func() [8]byte { return [8]byte{2} }}
	make := func(h *harness) *Session {
		return h.must(h.Create(WithKey(t.Context(), key), codectest.Generate(3, 2, 1), "t.csv", 0, nil))
	}
	m := newMoving(t)
	make(m.to)
	mine := m.from.note(make(m.from), "entry")
	got, err := m.mover.Move(t.Context(), key.NewID)
	m.want(Moved, got, err)
	if now := m.to.must(m.to.Open(t.Context(), Ref{ID: key.NewID}, PrefetchNothing)); now.Revision != mine.Revision {
		t.Errorf("revision %s, want %s", now.Revision, mine.Revision)
	}

	m = newMoving(t)
	m.to.note(make(m.to), "there")
	make(m.from)
	if got, err := m.mover.Move(t.Context(), key.NewID); got != Kept || !errors.Is(err, ErrConflict) {
		t.Errorf("%s, %v", got, err)
	}
}

func TestASessionThatHasEndedIsForgotten(t *testing.T) {
	m := newMoving(t)
	sess := m.from.create(10, 2)
	m.pass(sess.Expires.Sub(m.from.now()))
	got, err := m.mover.Move(t.Context(), sess.ID)
	m.want(Pending, got, err)
	m.holds.over = true
	got, err = m.mover.Move(t.Context(), sess.ID)
	m.want(Ended, got, err)
	if m.left(sess.ID) != 0 || m.to.calls.Of(kvtest.OpCompareAndSwap).Calls != 0 {
		t.Errorf("%d keys are left", m.left(sess.ID))
	}
}

func TestADamagedSessionStays(t *testing.T) {
	m := newMoving(t)
	sess := m.long()
	if err := m.from.store.Delete(t.Context(), sess.head.segmentKeys()[0]); err != nil {
		t.Error(err)
	}
	got, err := m.mover.Move(t.Context(), sess.ID)
	if own, ok := errors.AsType[*Error](err); got != Kept || !ok || !errors.Is(own, ErrCorrupt) || m.holds.moved {
		t.Errorf("%s, %v", got, err)
	}
}
