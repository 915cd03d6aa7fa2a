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

// atTarget reports whether the second store has a session, or an announcement of it.
func (m *moving) atTarget(id string) (announced, there bool) {
	m.Helper()
	h, err := readStored(m.Context(), m.to.store, "target", id)
	if err != nil {
		m.Error(err)
	}
	return isAnnouncement(h), h.head != nil && !isAnnouncement(h)
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
			announced, there := m.atTarget(sess.ID)
			if there && !m.holds.moved && !m.holds.doubt || m.holds.moved && !there {
				t.Errorf("call %d, after %v: in the target is %v, moved %v, in doubt %v", fail, after, there, m.holds.moved, m.holds.doubt)
			}
			// The next start.
			m.fail, m.holds = 0, &testHold{over: true}
			movement, err = m.mover.Settle(t.Context(), sess.ID)
			if as := movement == Arrived || movement == Ended || movement == Moved && announced; err != nil || as && !there && !announced || !as && there {
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

// TestWhatAnotherServerHasEndedStaysSoWhereverAMoveEnds ends the process at each call of a store, then the next one, which
// goes on, and lets another server end the session in the target after the first or the second end.
func TestWhatAnotherServerHasEndedStaysSoWhereverAMoveEnds(t *testing.T) {
	kinds := map[string]func(m *moving, ref Ref) error{
		"deleted": func(m *moving, ref Ref) error { return m.to.Delete(m.Context(), ref, nil) },
		"deleted as seen": func(m *moving, ref Ref) error {
			return m.to.Delete(m.Context(), ref, func(*Session) bool { return true })
		},
		"expired": func(m *moving, ref Ref) error {
			_, err := m.to.Touch(m.Context(), ref, nil, MinTTL)
			if err == nil {
				m.pass(3 * MinTTL)
			}
			return err
		},
	}
	for kind, end := range kinds {
		seen := map[string]int{}
		for n := range 2 * 2 * 20 * 20 {
			m := newMoving(t)
			sess := m.from.create(10, 2)
			late, after, ends := n%2 == 1, n/2%2 == 1, []int{1 + n/4%20, 1 + n/80}
			outcome := "ended nowhere"
			for try, fail := range append(ends, 0) {
				m.calls, m.fail, m.after, m.holds = 0, fail, after, &testHold{over: true}
				if movement, err := m.mover.Settle(t.Context(), sess.ID); err == nil && movement == Kept {
					_, _ = m.mover.Move(t.Context(), sess.ID)
				}
				if late == (try == 1) && try < 2 {
					outcome = m.ended(sess.ID, end)
				}
			}
			seen[outcome]++
			_, err := m.to.Open(t.Context(), Ref{ID: sess.ID}, PrefetchNothing)
			if gone := errors.Is(err, ErrSessionNotFound); gone != (outcome == "ended") || err != nil && !gone {
				t.Errorf("%s, ends at %v, after %v, late %v: %s, and then: %v", kind, ends, after, late, outcome, err)
			}
			if values, err := m.from.store.GetMany(t.Context(), []string{record.HeadKey(sess.ID), record.MovingKey(sess.ID)}); err != nil || values[0] != nil || values[1] != nil {
				t.Errorf("%s, ends at %v, after %v, late %v: the source has the session, %v", kind, ends, after, late, err)
			}
		}
		if seen["ended"] == 0 || seen["unknown"] == 0 || seen["on its way"] == 0 {
			t.Errorf("%s: %v", kind, seen)
		}
	}
}

// ended lets another server end a session, and says what that was told.
func (m *moving) ended(id string, end func(*moving, Ref) error) string {
	m.Helper()
	switch err := end(m, Ref{ID: id}); {
	case err == nil:
		return "ended"
	case errors.Is(err, ErrSessionNotFound):
		return "unknown"
	case errors.Is(err, kv.ErrUnavailable):
		return "on its way"
	default:
		m.Error(err)
		return err.Error()
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

// TestASessionOnItsWayIsUnavailableAndNoOtherServerTakesItsPlace leaves an announcement in the target.
func TestASessionOnItsWayIsUnavailableAndNoOtherServerTakesItsPlace(t *testing.T) {
	key := &Key{Hash: [8]byte{1}, NewID: "123e4567-e89b-42d3-a456-426614174000", Content: func() [8]byte { return [8]byte{2} }}
	create := func(h *harness) (*Session, error) {
		return h.Create(WithKey(t.Context(), key), codectest.Generate(3, 2, 1), "t.csv", 0, nil)
	}
	m := newMoving(t)
	sess := m.from.must(create(m.from))
	for announced := false; !announced; announced, _ = m.atTarget(sess.ID) {
		m.calls = 0
		m.fail++
		if movement, err := m.mover.Move(t.Context(), sess.ID); err == nil {
			t.Fatalf("%s before it was announced", movement)
		}
	}
	calls := map[string]error{
		"open":   func() error { _, err := m.to.Open(t.Context(), Ref{ID: sess.ID}, PrefetchNothing); return err }(),
		"touch":  func() error { _, err := m.to.Touch(t.Context(), Ref{ID: sess.ID}, nil, 0); return err }(),
		"delete": m.to.Delete(t.Context(), Ref{ID: sess.ID}, nil),
		"create": func() error { _, err := create(m.to); return err }(),
	}
	for name, err := range calls {
		if outage, ok := errors.AsType[*kv.Outage](err); !ok || outage.RetryAfter <= 0 || !errors.Is(err, kv.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if list, _, err := m.to.List(t.Context(), "", 10); err != nil || len(list) != 0 {
		t.Errorf("listed %v, %v", list, err)
	}
	// A second server has a session with its id, made by a repeat of the request.
	second := &moving{pair: &pair{T: t, from: newHarness(t), to: m.to}, holds: &testHold{}}
	second.from.time = m.to.time
	mine := second.from.must(create(second.from))
	mover := &Mover{From: second.from.store, To: m.to.store, Now: m.from.now, Hold: func(context.Context, string) (Hold, error) { return second.holds, nil }}
	got, err := mover.Move(t.Context(), mine.ID)
	second.want(Pending, got, err)
	second.copy(CopyReport{Failed: 1})
	m.fail = 0
	got, err = m.mover.Move(t.Context(), sess.ID)
	m.want(Moved, got, err)
	if now := m.to.must(m.to.Open(t.Context(), Ref{ID: key.NewID}, PrefetchNothing)); now.Revision != sess.Revision {
		t.Errorf("revision %s, want %s", now.Revision, sess.Revision)
	}
}

// TestTheAnnouncementOfASessionThatEndsInTheSourceIsWithdrawn has the target fail when the session is handed over.
func TestTheAnnouncementOfASessionThatEndsInTheSourceIsWithdrawn(t *testing.T) {
	m := newMoving(t)
	sess := m.from.create(10, 2)
	full := m.targetFails(kv.ErrFull, 2)
	movement, err := full.Move(t.Context(), sess.ID)
	if announced, _ := m.atTarget(sess.ID); movement != Kept || !errors.Is(err, kv.ErrFull) || !announced || m.holds.doubt {
		t.Errorf("%s, %v, announced %v, in doubt %v", movement, err, announced, m.holds.doubt)
	}
	// It is in the source as before, and the note says so.
	note, err := m.from.store.Get(t.Context(), record.MovingKey(sess.ID))
	if err != nil || MayHaveMoved(note) {
		t.Errorf("note %x, %v", note, err)
	}
	sess = m.from.note(sess, "entry")
	if err := m.from.Delete(t.Context(), Ref{ID: sess.ID}, nil); err != nil {
		t.Error(err)
	}
	m.holds.over = true
	movement, err = m.mover.Move(t.Context(), sess.ID)
	m.want(Ended, movement, err)
	if _, err := m.to.Open(t.Context(), Ref{ID: sess.ID}, PrefetchNothing); !errors.Is(err, ErrSessionNotFound) {
		t.Error(err)
	}
}

// TestAMoveWithoutAnAnswerIsInDoubt has the target not answer when the session is handed over, nor tell what became of it.
func TestAMoveWithoutAnAnswerIsInDoubt(t *testing.T) {
	m := newMoving(t)
	sess := m.from.create(10, 2)
	movement, err := m.targetFails(kv.ErrUnavailable, 2).Move(t.Context(), sess.ID)
	note, noteErr := m.from.store.Get(t.Context(), record.MovingKey(sess.ID))
	if movement != Kept || !errors.Is(err, kv.ErrUnavailable) || !m.holds.doubt || noteErr != nil || !MayHaveMoved(note) {
		t.Errorf("%s, %v, in doubt %v, note %x, %v", movement, err, m.holds.doubt, note, noteErr)
	}
	movement, err = m.mover.Move(t.Context(), sess.ID)
	m.want(Moved, movement, err)
}

// targetFails returns a mover whose target fails at all swaps from a numbered one on.
func (m *moving) targetFails(with error, at int) *Mover {
	swaps := 0
	failing := &kvtest.Failing{Driver: m.to.calls, Hook: func(op string, _ []string) error {
		if op == kvtest.OpCompareAndSwap {
			swaps++
		}
		if op == kvtest.OpCompareAndSwap && swaps >= at {
			return &kv.Error{Op: op, Kind: with}
		}
		return nil
	}}
	return &Mover{From: m.from.store, To: kv.New(failing, ""), Now: m.from.now, Hold: m.mover.Hold}
}

// TestANoteOfAnEarlierReleaseIsUnderstood has such a note of a session that has arrived, and of one that has not.
func TestANoteOfAnEarlierReleaseIsUnderstood(t *testing.T) {
	for _, arrived := range []bool{false, true} {
		m := newMoving(t)
		sess := m.from.create(10, 2)
		if arrived {
			m.copy(CopyReport{Copied: 1})
		}
		note := []byte{1}
		if err := m.from.store.SetMany(t.Context(), []kv.Item{{Key: record.MovingKey(sess.ID), Value: note}}, time.Hour); err != nil || !MayHaveMoved(note) {
			t.Errorf("%v, %v", err, MayHaveMoved(note))
		}
		want := map[bool]Movement{false: Kept, true: Arrived}[arrived]
		got, err := m.mover.Settle(t.Context(), sess.ID)
		m.want(want, got, err)
		if _, err := m.from.store.Get(t.Context(), record.MovingKey(sess.ID)); !errors.Is(err, kv.ErrNotFound) {
			t.Errorf("the note is still there, %v", err)
		}
	}
}

// TestWhatWasChangedInTheSourceSinceIsNotDropped hands a session over, and ends before the source is left. Then a server
// without the target changes it.
func TestWhatWasChangedInTheSourceSinceIsNotDropped(t *testing.T) {
	for _, deleted := range []bool{false, true} {
		m := newMoving(t)
		sess := m.from.create(10, 2)
		for there := false; !there; _, there = m.atTarget(sess.ID) {
			m.calls, m.after = 0, true
			m.fail++
			if movement, err := m.mover.Move(t.Context(), sess.ID); err == nil {
				t.Fatalf("%s without an end", movement)
			}
		}
		newer := m.from.note(sess, "entry")
		if deleted {
			if err := m.to.Delete(t.Context(), Ref{ID: sess.ID}, nil); err != nil {
				t.Error(err)
			}
		}
		m.fail, m.holds = 0, &testHold{}
		got, err := m.mover.Settle(t.Context(), sess.ID)
		m.want(Kept, got, err)
		got, err = m.mover.Move(t.Context(), sess.ID)
		m.want(Moved, got, err)
		if now := m.to.must(m.to.Open(t.Context(), Ref{ID: sess.ID}, PrefetchNothing)); now.Revision != newer.Revision {
			t.Errorf("revision %s, want %s", now.Revision, newer.Revision)
		}
	}
}
