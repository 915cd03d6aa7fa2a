package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"edgeframe/codec/codectest"
	"edgeframe/kv/kvtest"
	"edgeframe/session/record"
)

// apart makes each column a segment of its own, none of which travels with the head of an upload.
func apart(o *Options) { o.InlineBytes, o.SegmentTargetBytes = -1, 1<<10 }

// anew returns a service on the store and at the time of h that knows no session.
func (h *harness) anew() *harness {
	opt := h.opt
	opt.Now = h.now
	return &harness{Service: New(opt), t: h.t, calls: h.calls}
}

// A change of a stored table that a new instance makes waits for three calls, and one of an instance that knows it for
// one of the store besides the swap. Whatever travels with the head, and moves to the store afterwards, the versions
// are those of a session whose segments never do; nothing else is stored than what it refers to.
func TestAColdChangeStoresItsSegmentsWithTheHead(t *testing.T) {
	h, twin := newHarness(t, far, apart), newHarness(t, apart)
	sess, same := h.create(100, 5), twin.create(100, 5)
	ctx := context.Background()
	carried, moved := false, false
	steps := []string{"cold", "cold", "cold", "warm", "warm", "cold", "undo", "cold", "snapshot", "warm", "cold", "large", "cold", "cold", "restore", "cold", "warm"}
	for i, step := range steps {
		before := sess.head.CarriedBytes()
		at := h
		if step == "cold" {
			at = h.anew()
		}
		change := func(h *harness, sess *Session) *Session {
			switch step {
			case "undo":
				return h.must(h.Undo(ctx, of(sess)))
			case "snapshot":
				return h.must(h.Snapshot(ctx, of(sess)))
			case "restore":
				return h.must(h.Restore(ctx, of(sess), sess.Versions[0].ID))
			case "large":
				next, _, err := h.Replace(ctx, of(sess), codectest.Generate(200_000, 5, 2), "")
				return h.must(next, err)
			}
			return h.edit(sess, fmt.Sprintf(`{"op":"set_values","column":"column_%d","rows":[%d,%d,%d],"value":null}`, 1+i%3, i, i+30, i+60))
		}
		if step == "warm" {
			h.table(h.must(h.Open(ctx, Ref{ID: sess.ID}, PrefetchNothing)), 0)
		}
		h.calls.Reset()
		sess, same = change(at, sess), change(twin, same)
		reads, sets := h.calls.Of(kvtest.OpGet).Calls, h.calls.Of(kvtest.OpSet).Calls
		if step == "cold" && (reads > 2 || sets > 0) {
			t.Errorf("%d, %s: %d reads and %d writes besides the swap; the head carried %d bytes", i, step, reads, sets, before)
		}
		if step == "warm" && (reads != 0 || sets != 1) {
			t.Errorf("%d, %s: %d reads and %d writes besides the swap", i, step, reads, sets)
		}
		reopened := h.must(h.anew().Open(ctx, Ref{ID: sess.ID}, PrefetchNothing))
		for _, ver := range reopened.Versions {
			wantEqual(t, h.anew().table(reopened, ver.ID), twin.table(same, ver.ID))
		}
		if n := reopened.head.CarriedBytes(); n > coldBytes || step == "warm" && n > 0 {
			t.Errorf("after %d, %s: the head carries %d bytes", i, step, n)
		}
		carried, moved = carried || len(reopened.head.Inline) > 0, moved || before > 0 && len(reopened.head.Inline) == 0
		h.wantStored(reopened)
	}
	if !carried || !moved {
		t.Errorf("segments in the head: %t; moved: %t", carried, moved)
	}
}

// wantStored fails the test unless the segments in the store are those that sess refers to.
func (h *harness) wantStored(sess *Session) {
	h.t.Helper()
	refs, err := sess.head.storedSegments()
	if err != nil {
		h.t.Fatal(err)
	}
	want := []string{}
	for r := range refs {
		want = append(want, record.SegmentKey(sess.ID, r))
	}
	slices.Sort(want)
	if got := h.segmentKeys(); !slices.Equal(got, want) {
		h.t.Fatalf("stored are %q, want %q", got, want)
	}
}

// A cold change that fails, or loses, at any of its calls leaves the session as it was, and nothing in the store.
func TestAColdChangeIsMadeWhollyOrNotAtAll(t *testing.T) {
	for _, failing := range []string{kvtest.OpGet, kvtest.OpCompareAndSwap} {
		h, step := interrupt(t, failing, "", far, apart)
		sess := h.anew().edit(h.create(100, 5), setFirst)
		if sess.head.CarriedBytes() == 0 {
			t.Fatal("the head carries nothing")
		}
		*step = func() { h.anew().edit(sess, `{"op":"set_values","column":"column_2","rows":[1],"value":null}`) }
		next := h.anew().edit(sess, `{"op":"set_values","column":"column_3","rows":[1],"value":null}`)
		if next.Revision.Revision != sess.Revision.Revision+2 {
			t.Errorf("%s: revision %s after two changes of %s", failing, next.Revision, sess.Revision)
		}
		for _, ver := range next.Versions {
			h.anew().table(next, ver.ID)
		}
		h.wantStored(next)
	}
}

// On an eventually consistent store a cold change waits for three calls too, and sees the change that another location
// has made while it read the segments.
func TestAColdChangeOnAnEventualStore(t *testing.T) {
	at := locations(t, 3, far, apart)
	sess := at[0].create(100, 5)
	sess = at[1].edit(sess, setFirst)
	if sess.head.CarriedBytes() == 0 {
		t.Fatal("the head carries nothing")
	}
	if sets := at[1].calls.Of(kvtest.OpSet); sets.Calls != 1 || sets.Keys != 2 {
		t.Errorf("%d writes of %d keys, want one of the head and its copy", sets.Calls, sets.Keys)
	}
	raced := false
	at[2].hook.Hook = func(op string, keys []string) error {
		if op == kvtest.OpGet && strings.Contains(keys[0], ":seg:") && !raced {
			raced = true
			at[0].must(at[0].describe(Ref{ID: sess.ID, After: sess.Revision}, "between"))
		}
		return nil
	}
	_, _, err := at[2].Edit(context.Background(), of(sess), operations(t, `{"op":"set_values","column":"column_2","rows":[1],"value":null}`))
	wantKind(t, err, ErrConflict)
	at[0].pass(time.Minute)
	now := at[0].must(at[0].open(Ref{ID: sess.ID}))
	at[0].table(now, 0)
	next := at[0].edit(now, `{"op":"set_values","column":"column_2","rows":[3],"value":null}`)
	if n := next.head.CarriedBytes(); n != 0 {
		t.Errorf("the head still carries %d bytes", n)
	}
	for i, l := range at {
		got := l.must(l.open(Ref{ID: sess.ID, After: next.Revision}))
		for _, ver := range got.Versions {
			wantEqual(t, l.table(got, ver.ID), at[0].table(next, ver.ID))
		}
		if got.Filename != "between" {
			t.Errorf("location %d has %q", i, got.Filename)
		}
	}
}

// A cold change whose read of the segments fails can be made again.
func TestAColdChangeWhoseReadFailsCanBeRepeated(t *testing.T) {
	l := locations(t, 1, far, apart)[0]
	sess := l.create(100, 5)
	l.forgetAll()
	sess = l.edit(sess, setFirst)
	broken := errors.New("broken")
	l.hook.Hook = func(op string, keys []string) error {
		if op == kvtest.OpGet && strings.Contains(keys[0], ":seg:") {
			return broken
		}
		return nil
	}
	l.forgetAll()
	if _, _, err := l.Edit(context.Background(), of(sess), operations(t, `{"op":"set_values","column":"column_2","rows":[1],"value":null}`)); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	l.hook.Hook = nil
	got := l.must(l.open(Ref{ID: sess.ID}))
	next := l.edit(got, `{"op":"set_values","column":"column_2","rows":[3],"value":null}`)
	wantEqual(t, l.table(next, got.Current.ID), l.table(got, 0))
}

// forgetAll makes a new service of l.
func (l *location) forgetAll() {
	opt := l.opt
	l.Service = New(opt)
}
