package session

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func (h *harness) name(sess *Session, id uint32, name string) *Session {
	h.t.Helper()
	return h.must(h.Name(context.Background(), of(sess), VersionRef{ID: id}, name))
}

func TestVersionsWithANameStay(t *testing.T) {
	ctx := context.Background()
	for name, h := range map[string]*harness{"in the head": newHarness(t), "in the store": newHarness(t, inStore)} {
		sess := h.create(20, 2)
		first := h.table(sess, 1)
		sess = h.name(sess, 1, "raw, locked")
		for n := range 9 {
			sess = h.change(sess, fmt.Sprintf(`{"op":"set_values","column":"column_1","rows":[0],"value":%d}`, 1000+n))
		}
		if got, want := ids(sess), []uint32{1, 5, 6, 7, 8, 9, 10}; !slices.Equal(got, want) {
			t.Fatalf("%s: versions %d are kept, want %d", name, got, want)
		}
		wantEqual(t, h.table(sess, 1), first)
		if id, err := sess.Resolve(VersionRef{Name: "raw, locked"}); err != nil || id != 1 {
			t.Errorf("%s: the name is of version %d, %v", name, id, err)
		}
		// Undo goes to it after the others, as to any kept version.
		for range 6 {
			sess = h.must(h.Undo(ctx, of(sess)))
		}
		if sess.Current.ID != 1 || sess.CanUndo {
			t.Errorf("%s: version %d is current after all undos", name, sess.Current.ID)
		}
		// What is undone goes with the next change, except for what has a name. Undo and redo pass that by.
		sess = h.name(sess, 7, "seven")
		sess = h.change(sess, rename)
		if got, want := ids(sess), []uint32{1, 7, 11}; !slices.Equal(got, want) {
			t.Fatalf("%s: versions %d are kept, want %d", name, got, want)
		}
		sess = h.must(h.Undo(ctx, of(sess)))
		if sess.Current.ID != 1 || sess.CanUndo || !sess.CanRedo {
			t.Errorf("%s: version %d is current after an undo, can undo %v, can redo %v", name, sess.Current.ID, sess.CanUndo, sess.CanRedo)
		}
		sess = h.must(h.Redo(ctx, of(sess)))
		if sess.Current.ID != 11 || sess.CanRedo {
			t.Errorf("%s: version %d is current after a redo", name, sess.Current.ID)
		}
		sess = h.must(h.RestoreFrom(ctx, of(sess), VersionRef{Name: "seven"}))
		wantEqual(t, h.table(sess, 0), h.table(sess, 7))
		if got := h.lineage(sess, 0); len(got) != 8 || got[7] != "12 from 7: restore " {
			t.Errorf("%s: the restored version has the steps %q", name, got)
		}
		// Without its name it goes with the next version.
		sess = h.name(sess, 7, "")
		if got := ids(sess); !slices.Contains(got, 7) {
			t.Errorf("%s: versions %d are kept after a name was taken away", name, got)
		}
		sess = h.must(h.Snapshot(ctx, of(sess)))
		if got, want := ids(sess), []uint32{1, 11, 12, 13}; !slices.Equal(got, want) {
			t.Errorf("%s: versions %d are kept, want %d", name, got, want)
		}
		if got := h.lineage(sess, 0); len(got) != 9 {
			t.Errorf("%s: the steps of a version that comes from one that is gone: %q", name, got)
		}
		h.wantReferencedBy(sess)
	}
}

func TestNamesThatAreNotAccepted(t *testing.T) {
	ctx := context.Background()
	h := newHarness(t)
	sess := h.create(2, 1)
	for _, name := range []string{strings.Repeat("é", 101), " a", "a ", "a\nb", "12", "@a", "2026-01-31T09:30:00Z", "a\xff", "a\u200b"} {
		_, err := h.Name(ctx, of(sess), VersionRef{}, name)
		wantKind(t, err, ErrInvalidParameter)
		if _, err := ParseVersion("version", "@"+name); err == nil {
			t.Errorf("a version is called %q", name)
		}
	}
	sess = h.name(sess, 0, strings.Repeat("é", 100))
	sess = h.must(h.Snapshot(ctx, of(sess)))
	_, err := h.Name(ctx, of(sess), VersionRef{ID: 2}, strings.Repeat("é", 100))
	wantKind(t, err, ErrNameTaken)
	_, err = h.Name(ctx, of(sess), VersionRef{ID: 3}, "x")
	wantKind(t, err, ErrVersionNotFound)
	_, err = h.Name(ctx, of(sess), VersionRef{Name: "nobody"}, "x")
	wantKind(t, err, ErrVersionNotFound)
	for n := range MaxNames - 1 {
		sess = h.name(sess, sess.Current.ID, fmt.Sprintf("n%d", n))
		sess = h.must(h.Snapshot(ctx, of(sess)))
	}
	_, err = h.Name(ctx, of(sess), VersionRef{}, "one more")
	wantKind(t, err, ErrTooManyNames)
	// A version that has one may get another.
	sess = h.name(sess, 1, "other")
	// Nothing happens if the version has the name.
	before := h.wholeLog(sess).Total
	if sess = h.name(sess, 1, "other"); h.wholeLog(sess).Total != before {
		t.Error("the log says twice that a version has a name")
	}
	h.name(sess, 1, "")
}

func TestAVersionIsFoundByATime(t *testing.T) {
	ctx := context.Background()
	h := newHarness(t)
	start := h.now()
	at := func(minute int) time.Time { return start.Add(time.Duration(minute)*time.Minute + time.Second) }
	step := func(sess *Session) *Session { h.pass(time.Minute); return sess }
	sess := step(h.create(2, 1)) // version 1 in minute 0
	sess = step(h.must(h.Snapshot(ctx, of(sess))))
	sess = step(h.must(h.Snapshot(ctx, of(sess))))
	if sess.head.Moments != nil {
		t.Errorf("what follows from the versions is stored: %v", sess.head.Moments)
	}
	sess = step(h.must(h.Undo(ctx, of(sess)))) // version 2 in minute 3
	sess = step(h.must(h.Undo(ctx, of(sess))))
	sess = step(h.must(h.Redo(ctx, of(sess)))) // version 2 in minute 5
	want := []uint32{1, 2, 3, 2, 1, 2}
	check := func() {
		t.Helper()
		for minute, id := range want {
			got, err := sess.Resolve(VersionRef{Time: at(minute)})
			if id == 0 {
				wantKind(t, err, ErrVersionNotFound)
			} else if err != nil || got != id {
				t.Errorf("in minute %d version %d was current, not %d; %v", minute, id, got, err)
			}
		}
		if _, err := sess.Resolve(VersionRef{Time: start.Add(-time.Second)}); err == nil {
			t.Error("a version was current before the first")
		}
		if id, err := sess.Resolve(VersionRef{Time: start.Add(24 * time.Hour)}); err != nil || id != sess.Current.ID {
			t.Errorf("version %d is current later, not %d; %v", id, sess.Current.ID, err)
		}
	}
	check()
	sess = step(h.must(h.Snapshot(ctx, of(sess)))) // version 3 is gone
	want = []uint32{1, 2, 0, 2, 1, 2, 4}
	check()
	sess = h.name(sess, 2, "two")
	for id := uint32(5); id < 12; id++ {
		sess = step(h.must(h.Snapshot(ctx, of(sess))))
		want = append(want, id)
	}
	// Versions 6 to 11 are kept, and 2.
	want = []uint32{0, 2, 0, 2, 0, 2, 0, 0, 6, 7, 8, 9, 10, 11}
	check()
	sess = h.name(sess, 2, "")
	sess = step(h.must(h.Snapshot(ctx, of(sess))))
	if sess.head.Moments != nil {
		t.Errorf("what follows from the versions is stored: %v", sess.head.Moments)
	}
}

func TestVersionsAreNamedInThreeWays(t *testing.T) {
	for text, want := range map[string]VersionRef{
		"1": {ID: 1}, "4294967295": {ID: 4294967295}, "@raw, locked": {Name: "raw, locked"},
		"2026-01-31T09:30:00Z":        {Time: time.Date(2026, 1, 31, 9, 30, 0, 0, time.UTC)},
		"2026-01-31T09:30:00.5 02:00": {Time: time.Date(2026, 1, 31, 7, 30, 0, 5e8, time.UTC)},
	} {
		got, err := ParseVersion("version", text)
		if err != nil || got.ID != want.ID || got.Name != want.Name || !got.Time.Equal(want.Time) {
			t.Errorf("%s is read as %+v, %v", text, got, err)
		}
		again, err := ParseVersion("version", got.String())
		if err != nil || !again.Time.Equal(got.Time) || again.ID != got.ID || again.Name != got.Name {
			t.Errorf("%s is written as %s", text, got)
		}
	}
	for _, text := range []string{"", "0", "-1", "4294967296", "1.5", "@", "raw", "2026-01-31", "2026-01-31T09:30:00"} {
		if got, err := ParseVersion("version", text); err == nil {
			t.Errorf("%q is read as %+v", text, got)
		}
	}
}
