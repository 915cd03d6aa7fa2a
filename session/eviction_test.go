package session

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"edgeframe/frame"
	"edgeframe/kv"
	"edgeframe/kv/kvtest"
	"edgeframe/kv/memory"
	"edgeframe/session/record"
)

// interrupt returns a harness that runs *step once, before the next call of op with a key that
// contains part.
func interrupt(t *testing.T, op, part string, adjust ...func(*Options)) (h *harness, step *func()) {
	t.Helper()
	step = new(func())
	var mu sync.Mutex
	take := func() (run func()) {
		mu.Lock()
		defer mu.Unlock()
		run, *step = *step, nil
		return run
	}
	failing := &kvtest.Failing{Driver: memory.New(), Hook: func(called string, keys []string) error {
		if called != op || !strings.Contains(strings.Join(keys, " "), part) {
			return nil
		}
		if run := take(); run != nil {
			run()
		}
		return nil
	}}
	store := func(o *Options) { o.Store = kv.New(failing, "") }
	return newHarness(t, append(adjust, store)...), step
}

func keepNone(o *Options) { o.MaxVersions = 0 }

func TestReadsOfMarksFollowACommitThatEvictedThem(t *testing.T) {
	h := newHarness(t, inStore, keepNone)
	ctx := context.Background()
	old := h.must(h.SetMarks(ctx, of(h.create(10, 5)), frame.Marks{"column_1": {1}}, false))
	h.must(h.SetMarks(ctx, of(old), frame.Marks{"column_1": {2}}, false))
	page, marks := h.marked(old, 0)
	if page.Version.ID != 3 || page.Session.Current.ID != 3 || !slices.Equal(marks["column_1"], []int64{2}) {
		t.Errorf("marks %v of version %d, want those of version 3", marks, page.Version.ID)
	}
}

func TestADryRunFollowsACommitThatEvictedItsVersion(t *testing.T) {
	h, step := interrupt(t, kvtest.OpGet, ":seg:", keepNone, inStore)
	sess := h.create(10, 5)
	*step = func() { h.edit(sess, `{"op":"delete_rows","rows":[0,1,2]}`) }
	p, err := h.DryRun(context.Background(), of(sess), operations(t, `{"op":"delete_rows","rows":[0]}`), frame.PreviewOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if p.RowsBefore != 7 || p.RowsAfter != 6 || p.Session.Revision.Revision != 2 {
		t.Errorf("%d rows become %d at revision %s, want 7 and 6 at 2", p.RowsBefore, p.RowsAfter, p.Session.Revision)
	}
}

func TestADryRunThatFollowsACommitAsksItsPreconditionAgain(t *testing.T) {
	h, step := interrupt(t, kvtest.OpGet, ":seg:", keepNone, inStore)
	sess := h.create(10, 5)
	*step = func() { h.edit(sess, `{"op":"delete_rows","rows":[0,1,2]}`) }
	c := of(sess)
	c.Pre = func(now *Session) bool { return now.Revision == sess.Revision }
	_, err := h.DryRun(context.Background(), c, operations(t, `{"op":"delete_rows","rows":[0]}`), frame.PreviewOptions{})
	wantKind(t, err, ErrPreconditionFailed)
}

func TestLostMarksAreCorruption(t *testing.T) {
	h := newHarness(t, inStore)
	ctx := context.Background()
	sess := h.must(h.SetMarks(ctx, of(h.create(10, 5)), frame.Marks{"column_1": {1}}, false))
	if err := h.store.Delete(ctx, record.SegmentKey(sess.ID, *sess.head.current().Marks)); err != nil {
		t.Fatal(err)
	}
	_, err := h.Marks(ctx, sess, Selection{Limit: -1})
	wantKind(t, err, ErrCorrupt)
	_, err = h.DryRun(ctx, of(sess), operations(t, `{"op":"delete_rows","rows":[0]}`), frame.PreviewOptions{})
	wantKind(t, err, ErrCorrupt)
}

func TestADeleteWithAPreconditionDeletesNoOtherState(t *testing.T) {
	h := newHarness(t)
	sess := h.create(10, 5)
	ref := Ref{ID: sess.ID}
	edited := func(now *Session) bool {
		if now.Revision == sess.Revision {
			h.edit(sess, `{"op":"drop_columns","columns":["column_2"]}`)
		}
		return now.Revision == sess.Revision
	}
	wantKind(t, h.Delete(context.Background(), ref, edited), ErrPreconditionFailed)
	now := h.must(h.Open(context.Background(), ref, PrefetchNothing))
	if err := h.Delete(context.Background(), ref, func(sess *Session) bool { return sess.Revision == now.Revision }); err != nil {
		t.Fatal(err)
	}
	_, err := h.Open(context.Background(), ref, PrefetchNothing)
	wantKind(t, err, ErrSessionNotFound)
	page, err := h.store.ListKeys(context.Background(), "", "", kv.MaxListLimit)
	if err != nil || len(page.Keys) != 0 {
		t.Errorf("a deleted session leaves %q, %v", page.Keys, err)
	}
}

func TestACommitThatLostTheRaceLeavesNoSegments(t *testing.T) {
	h, step := interrupt(t, kvtest.OpCompareAndSwap, ":head", inStore)
	sess := h.create(100, 5)
	set := func(row int) string {
		return fmt.Sprintf(`{"op":"set_values","column":"column_1","rows":[%d],"value":7777777}`, row)
	}
	for _, other := range []int{1, 0} {
		*step = func() { h.edit(sess, set(other)) }
		sess = h.edit(sess, set(0))
	}
	refs, err := sess.head.segments()
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for r := range refs {
		want = append(want, record.SegmentKey(sess.ID, r))
	}
	slices.Sort(want)
	if got := h.segmentKeys(); !slices.Equal(got, want) {
		t.Errorf("stored segments\n%q\nwant the referenced ones\n%q", got, want)
	}
	for _, kept := range sess.Versions {
		h.table(sess, kept.ID)
	}
}

func TestAnAccessThatCannotBeNotedDoesNotExtendTheSession(t *testing.T) {
	readOnly := false
	failing := &kvtest.Failing{Driver: memory.New(), Hook: func(op string, _ []string) error {
		if readOnly && op == kvtest.OpCompareAndSwap {
			return fmt.Errorf("disk full")
		}
		return nil
	}}
	h := newHarness(t, func(o *Options) { o.Store = kv.New(failing, "") })
	sess := h.create(10, 5)
	readOnly = true
	h.pass(DefaultTTL / 2)
	now := h.must(h.Open(context.Background(), Ref{ID: sess.ID}, PrefetchNothing))
	if !now.Expires.Equal(sess.Expires) || !now.LastAccessed.Equal(sess.LastAccessed) {
		t.Errorf("states %s and %s, the store has %s and %s", now.LastAccessed, now.Expires, sess.LastAccessed, sess.Expires)
	}
	h.pass(sess.Expires.Sub(h.time) - time.Millisecond)
	h.must(h.Open(context.Background(), Ref{ID: sess.ID}, PrefetchNothing))
}

func TestEveryChangeSealsTheAuditLog(t *testing.T) {
	ctx := context.Background()
	for name, change := range map[string]func(*harness, Change) (*Session, error){
		"undo":     func(h *harness, c Change) (*Session, error) { return h.Undo(ctx, c) },
		"redo":     func(h *harness, c Change) (*Session, error) { return h.Redo(ctx, c) },
		"snapshot": func(h *harness, c Change) (*Session, error) { return h.Snapshot(ctx, c) },
		"marks": func(h *harness, c Change) (*Session, error) {
			return h.SetMarks(ctx, c, frame.Marks{"column_1": {1}}, false)
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			sess := h.create(10, 5)
			h.must(h.Snapshot(ctx, of(sess)))
			h.must(h.Snapshot(ctx, of(sess)))
			sess = h.must(h.Undo(ctx, of(sess)))
			for len(sess.head.Audit) < auditChunk-1 {
				sess = h.note(sess, "entry")
			}
			sess = h.must(change(h, of(sess)))
			if len(sess.head.Audit) != 0 || len(sess.head.AuditChunks) != 1 {
				t.Fatalf("%d entries in the head, %d chunks; want 0 and 1", len(sess.head.Audit), len(sess.head.AuditChunks))
			}
			if n := len(h.wholeLog(sess).Entries); n != auditChunk {
				t.Errorf("%d entries, want %d", n, auditChunk)
			}
		})
	}
}
