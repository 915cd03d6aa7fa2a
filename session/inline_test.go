package session

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/frame"
	"edgeframe/kv"
	"edgeframe/kv/kvtest"
	"edgeframe/session/record"
)

// page reads a page of a session that the service does not know, and returns it and how many calls of the
// store that took.
func (h *harness) page(id string) (page *codec.Table, calls int) {
	h.t.Helper()
	h.calls.Reset()
	ctx, sel := context.Background(), Selection{Limit: 100}
	sess := h.must(h.Open(ctx, Ref{ID: id}, PrefetchData(sel)))
	data, err := h.Read(ctx, sess, sel)
	if err != nil {
		h.t.Fatal(err)
	}
	return collect(h.t, data), h.calls.Total().Calls
}

func TestASmallTableNeedsNoCallOfTheStoreBesideItsHead(t *testing.T) {
	for name, adjust := range map[string]func(*Options){"in the head": func(*Options) {}, "in the store": inStore} {
		extra := 0
		if name == "in the store" {
			extra = 1
		}
		h := newHarness(t, adjust)
		table := codectest.Generate(100, 5, 1)
		h.calls.Reset()
		sess := h.must(h.Create(context.Background(), table, "t.csv", 0, nil))
		if n := h.calls.Total().Calls; n != 1+extra {
			t.Errorf("%s: %d calls of an upload", name, n)
		}
		got, calls := h.page(sess.ID)
		wantEqual(t, got, table)
		if calls != 1+extra {
			t.Errorf("%s: %d calls of a page", name, calls)
		}
		h.pass(10 * time.Minute) // the access is noted, and the segments come along
		if _, calls = h.page(sess.ID); calls != 2+extra {
			t.Errorf("%s: %d calls of a page that notes the access", name, calls)
		}
		h.calls.Reset()
		next := h.edit(sess, setFirst)
		if n := h.calls.Total().Calls; n != 2+2*extra {
			t.Errorf("%s: %d calls of an edit", name, n)
		}
		h.calls.Reset()
		marked := h.must(h.SetMarks(context.Background(), of(next), frame.Marks{"column_1": {1}}, false))
		if _, marks := h.marked(marked, 0); !slices.Equal(marks["column_1"], []int64{1}) {
			t.Errorf("%s: marks %v", name, marks)
		}
		if n := h.calls.Total().Calls; n != 2+2*extra {
			t.Errorf("%s: %d calls of setting and reading marks", name, n)
		}
		if keys := h.segmentKeys(); (len(keys) == 0) != (extra == 0) {
			t.Errorf("%s: stored are %q", name, keys)
		}
	}
}

func TestASmallTableThatComesInPiecesTravelsWithTheHead(t *testing.T) {
	every := func(context.Context, time.Duration, func(context.Context)) func() { return func() {} }
	for name, h := range map[string]*harness{"plain": newHarness(t), "leased": newHarness(t, func(o *Options) { o.Every = every })} {
		table := codectest.Generate(50, 4, 1)
		sess := h.must(h.CreateFrom(context.Background(), &rowGroups{Table: table}, "t.csv", 0, nil))
		if keys := h.segmentKeys(); len(keys) != 0 {
			t.Errorf("%s: stored are %q", name, keys)
		}
		wantEqual(t, h.table(sess, 0), table)
		if sess.head.Lease < sess.head.Expires {
			t.Errorf("%s: the lease ends at %d, the session at %d", name, sess.head.Lease, sess.head.Expires)
		}
	}
}

// A head has segments up to its bound. The versions are the same whether their segments are in it or not, and
// what no version has any more is neither there nor in the store.
func TestVersionsInTheHeadAndInTheStoreAreTheSame(t *testing.T) {
	const bound = 8 << 10
	h := newHarness(t, func(o *Options) { o.InlineBytes, o.MaxVersions = bound, 4 })
	stored := newHarness(t, inStore, func(o *Options) { o.MaxVersions = 4 })
	sess, twin := h.create(100, 5), stored.create(100, 5)
	ctx := context.Background()
	carried, kept := false, false
	steps := []string{"edit", "edit", "edit", "undo", "undo", "redo", "edit", "marks", "snapshot", "restore", "undo", "edit", "edit", "large", "edit", "edit", "small", "edit", "edit", "edit", "edit"}
	for i, step := range steps {
		change := func(h *harness, sess *Session) *Session {
			switch step {
			case "edit":
				return h.edit(sess, fmt.Sprintf(`{"op":"set_values","column":"column_1","rows":[1],"value":%d}`, i))
			case "undo":
				return h.must(h.Undo(ctx, of(sess)))
			case "redo":
				return h.must(h.Redo(ctx, of(sess)))
			case "marks":
				return h.must(h.SetMarks(ctx, of(sess), frame.Marks{"column_2": {3}}, true))
			case "snapshot":
				return h.must(h.Snapshot(ctx, of(sess)))
			case "restore":
				return h.must(h.Restore(ctx, of(sess), sess.Versions[0].ID))
			}
			rows := map[string]int{"large": 20_000, "small": 60}[step]
			next, _, err := h.Replace(ctx, of(sess), codectest.Generate(rows, 5, 2), "")
			return h.must(next, err)
		}
		sess, twin = change(h, sess), change(stored, twin)
		reopened := h.must(h.Open(ctx, Ref{ID: sess.ID}, PrefetchNothing))
		for _, ver := range reopened.Versions {
			wantEqual(t, h.table(reopened, ver.ID), stored.table(twin, ver.ID))
			_, marks := h.marked(reopened, ver.ID)
			if _, want := stored.marked(twin, ver.ID); fmt.Sprint(marks) != fmt.Sprint(want) {
				t.Fatalf("after %d, %s: marks %v, want %v", i, step, marks, want)
			}
		}
		if n := reopened.head.CarriedBytes(); n > bound {
			t.Errorf("after %d, %s: the head carries %d bytes", i, step, n)
		}
		want := []string{}
		refs, err := reopened.head.storedSegments()
		if err != nil {
			t.Fatal(err)
		}
		for r := range refs {
			want = append(want, record.SegmentKey(sess.ID, r))
		}
		slices.Sort(want)
		if got := h.segmentKeys(); !slices.Equal(got, want) {
			t.Fatalf("after %d, %s: stored are %q, want %q", i, step, got, want)
		}
		carried, kept = carried || len(reopened.head.Inline) > 0, kept || len(want) > 0
	}
	if !carried || !kept {
		t.Errorf("segments in the head: %t, in the store: %t", carried, kept)
	}
}

func TestALostAttemptLeavesNothingOfASmallTable(t *testing.T) {
	h, step := interrupt(t, kvtest.OpCompareAndSwap, ":head")
	sess := h.create(50, 4)
	for _, winner := range []string{setFirst, `{"op":"drop_columns","columns":["column_2"]}`} {
		*step = func() { h.edit(sess, winner) }
		next := h.edit(sess, `{"op":"set_values","column":"column_3","rows":[1],"value":null}`)
		wantEqual(t, h.table(next, 0), h.table(h.must(h.Open(context.Background(), Ref{ID: sess.ID}, PrefetchNothing)), 0))
		if keys := h.segmentKeys(); len(keys) != 0 {
			t.Errorf("stored are %q", keys)
		}
		for _, ver := range next.Versions {
			h.table(next, ver.ID)
		}
	}
}

func TestChunksOfTheAuditLogDoNotTravelWithTheHead(t *testing.T) {
	h := newHarness(t)
	sess := h.create(20, 3)
	for i := range 2 * auditChunk {
		sess = h.note(sess, fmt.Sprintf("entry %d", i))
	}
	if n := len(sess.head.AuditChunks); n != 2 || len(h.segmentKeys()) != n || len(sess.head.Inline) != 1 {
		t.Errorf("%d chunks, stored are %q, %d segments in the head", n, h.segmentKeys(), len(sess.head.Inline))
	}
	if n := len(h.wholeLog(sess).Entries); n != 2*auditChunk+1 {
		t.Errorf("%d entries", n)
	}
}

func TestNothingIsRenewedOfASmallTable(t *testing.T) {
	h := newHarness(t)
	sess := h.create(20, 3)
	h.calls.Reset()
	for range 30 {
		h.pass(50 * time.Minute)
		sess = h.must(h.Open(context.Background(), Ref{ID: sess.ID}, PrefetchNothing))
	}
	if n := h.calls.Of(kvtest.OpTouch).Calls; n != 0 {
		t.Errorf("%d calls to renew segments", n)
	}
	h.table(sess, 0)
	if err := h.Delete(context.Background(), Ref{ID: sess.ID}, nil); err != nil {
		t.Fatal(err)
	}
	if keys := slices.Concat(h.calls.KeysRead(), h.calls.KeysWritten()); slices.ContainsFunc(keys, func(k string) bool { return strings.Contains(k, ":seg:") }) {
		t.Errorf("segments were asked for: %q", keys)
	}
}

// On an eventually consistent store an upload waits for one write, and a change of a small table for a read
// and a write.
func TestCallsOneAfterAnotherOnAnEventualStore(t *testing.T) {
	l := locations(t, 1)[0]
	l.left = &[]func(){}
	ctx := context.Background()
	var sess *Session
	for _, step := range []struct {
		name               string
		reads, writes, set int
		call               func() *Session
	}{
		{"upload", 0, 1, 1, func() *Session { return l.create(50, 4) }},
		{"upload with a key", 1, 1, 2, func() *Session {
			return l.must(l.Create(withKey("key", "a"), codectest.Generate(50, 4, 1), "t.csv", 0, nil))
		}},
		{"edit", 1, 1, 2, func() *Session { return l.edit(sess, setFirst) }},
		{"undo", 1, 1, 2, func() *Session { return l.must(l.Undo(ctx, of(sess))) }},
		{"page", 1, 0, 0, func() *Session { l.table(l.must(l.open(Ref{ID: sess.ID})), 0); return sess }},
		{"delete", 1, 1, 1, func() *Session {
			if err := l.Delete(ctx, Ref{ID: sess.ID}, nil); err != nil {
				t.Fatal(err)
			}
			return sess
		}},
	} {
		l.calls.Reset()
		sess = step.call()
		reads, writes := l.calls.Of(kvtest.OpGet), l.calls.Of(kvtest.OpSet)
		if reads.Calls != step.reads || writes.Calls != step.writes || writes.Keys != step.set || l.calls.Total().Calls != step.reads+step.writes {
			t.Errorf("%s: %d calls, %d reads and %d writes of %d keys, want %d, %d of %d", step.name,
				l.calls.Total().Calls, reads.Calls, writes.Calls, writes.Keys, step.reads, step.writes, step.set)
		}
	}
	for _, work := range *l.left {
		work()
	}
	if n, err := l.Count(ctx); n.N != 1 || err != nil {
		t.Errorf("%d sessions, %v, want the one that was not deleted", n.N, err)
	}
}

// Of a head and its copy, either may be stored when the other is not.
func TestACommitOfWhichOnlyAPartIsStored(t *testing.T) {
	ctx := context.Background()
	for _, lost := range []string{"head", "copy"} {
		at := locations(t, 2)
		sess := at[0].create(20, 3)
		before, err := at[0].store.Get(ctx, record.HeadKey(sess.ID))
		if err != nil {
			t.Fatal(err)
		}
		half := at[0].edit(sess, setFirst)
		if lost == "copy" {
			err = at[0].store.Delete(ctx, record.HeadCopyKey(sess.ID, half.Revision))
		} else {
			err = at[0].store.SetMany(ctx, []kv.Item{{Key: record.HeadKey(sess.ID), Value: before}}, time.Hour)
		}
		if err != nil {
			t.Fatal(err)
		}
		at[0].forget(sess.ID) // as after the error
		want := sess.Revision.Revision
		if lost == "copy" {
			want++
		}
		for i, l := range at {
			if got := l.must(l.open(Ref{ID: sess.ID})); got.Revision.Revision != want {
				t.Errorf("without the %s, location %d has revision %s", lost, i, got.Revision)
			}
		}
		for i := range 4 {
			next := at[i%2].edit(sess, fmt.Sprintf(`{"op":"set_values","column":"column_1","rows":[2],"value":%d}`, i))
			for _, l := range at {
				got := l.must(l.open(Ref{ID: sess.ID, After: next.Revision}))
				wantEqual(t, l.table(got, 0), at[0].table(next, 0))
			}
		}
	}
}
