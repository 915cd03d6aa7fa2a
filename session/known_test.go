package session

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"
	"weak"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/frame"
	"edgeframe/kv/kvtest"
	"edgeframe/session/record"
)

// far makes a service that begins changes of tables with the heads that it knows.
func far(o *Options) { o.FarStore, o.CacheBytes = true, 64<<20 }

// tableChanges are changes of a table of 10 rows, which is the same as [codectest.Generate] makes. rows says how
// many rows it has after another service has deleted three of them before.
var tableChanges = map[string]struct {
	call func(h *harness, c Change) (*Session, error)
	rows int64
}{
	"edit": {func(h *harness, c Change) (*Session, error) {
		sess, _, err := h.Edit(context.Background(), c, operations(h.t, `{"op":"delete_rows","rows":[0]}`))
		return sess, err
	}, 6},
	"append": {func(s *harness, c Change) (*Session, error) {
		return s.Append(context.Background(), c, codectest.Generate(5, 2, 1))
	}, 12},
	"replace": {func(s *harness, c Change) (*Session, error) {
		sess, _, err := s.Replace(context.Background(), c, codectest.Generate(4, 2, 2), "")
		return sess, err
	}, 4},
	"marks": {func(s *harness, c Change) (*Session, error) {
		return s.SetMarks(context.Background(), c, frame.Marks{"column_1": {0}}, false)
	}, 7},
}

const deleteThree = `{"op":"delete_rows","rows":[0,1,2]}`

func TestAChangeOfATableIsMadeToTheHeadInTheStore(t *testing.T) {
	for name, change := range tableChanges {
		for where, apart := range map[string]func(*Options){"in the head": func(*Options) {}, "stored": inStore} {
			t.Run(name+" "+where, func(t *testing.T) {
				h := newHarness(t, far, apart)
				sess := h.edit(h.create(10, 2), `{"op":"set_values","column":"column_1","rows":[0],"value":null}`)
				h.table(sess, 0)
				other := &harness{Service: New(h.opt), t: t}
				other.edit(sess, deleteThree, `{"op":"set_values","column":"column_1","rows":[0],"value":null}`)
				next := h.must(change.call(h, of(sess)))
				if next.Current.Rows != change.rows || next.Revision.Revision != 4 {
					t.Errorf("%d rows at revision %s, want %d", next.Current.Rows, next.Revision, change.rows)
				}
				wantEqual(t, other.table(other.must(other.Open(context.Background(), Ref{ID: sess.ID}, PrefetchNothing)), 0), h.table(next, 0))
				// What the lost attempt has stored is deleted.
				if kept, err := next.head.storedSegments(); err != nil || len(h.segmentKeys()) != len(kept) {
					t.Errorf("%d segments are stored and %d belong to the session; %v", len(h.segmentKeys()), len(kept), err)
				}
			})
		}
	}
}

func TestAChangeOfATableOnAFarStoreReadsNoHead(t *testing.T) {
	h := newHarness(t, far, inStore)
	sess := h.create(10, 2)
	other := &harness{Service: New(h.opt), t: t}
	other.table(other.must(other.Open(context.Background(), Ref{ID: sess.ID}, PrefetchNothing)), 0)
	h.table(sess, 0)
	// The one has stored the head, the other has read it.
	for name, s := range map[string]*harness{"stored": h, "read": other} {
		change := fmt.Sprintf(`{"op":"set_values","column":"column_1","rows":[0],"value":%d}`, len(name))
		s.must(s.Open(context.Background(), Ref{ID: sess.ID}, PrefetchNothing))
		s.table(sess, 1)
		h.calls.Reset()
		s.edit(sess, change)
		if reads, sets, swaps := h.calls.Of(kvtest.OpGet).Calls, h.calls.Of(kvtest.OpSet).Calls, h.calls.Of(kvtest.OpCompareAndSwap).Calls; reads > 0 || sets != 1 || swaps != 1 {
			t.Errorf("%s: %d reads, %d writes and %d swaps", name, reads, sets, swaps)
		}
		sess = s.must(s.Undo(context.Background(), of(sess)))
	}
}

func TestWhatIsWrongWithAChangeIsDecidedByTheHeadInTheStore(t *testing.T) {
	h := newHarness(t, far)
	sess := h.create(10, 2)
	_, _, err := h.Edit(context.Background(), of(sess), operations(t, `{"op":"delete_rows","rows":[10]}`))
	wantKind(t, err, frame.ErrInvalidOperation)
	other := &harness{Service: New(h.opt), t: t}
	other.must(other.Append(context.Background(), of(sess), codectest.Generate(5, 2, 1)))
	if next := h.edit(sess, `{"op":"delete_rows","rows":[10]}`); next.Current.Rows != 14 {
		t.Errorf("%d rows", next.Current.Rows)
	}
}

// typesOf returns the types by which rows that are appended to sess are read.
func typesOf(s *Service, sess *Session) (map[string]arrow.DataType, error) {
	schema, _, err := s.Schema(sess)
	return frame.TypesToAppendTo(schema), err
}

func TestATableThatWasReadForOtherTypesIsNotAppended(t *testing.T) {
	ctx := context.Background()
	for name, change := range map[string]func(s *Service, c Change, t *codec.Table) error{
		"append": func(s *Service, c Change, t *codec.Table) error { _, err := s.Append(ctx, c, t); return err },
		"upsert": func(s *Service, c Change, t *codec.Table) error {
			_, _, err := s.Upsert(ctx, c, t, []string{"column_1"})
			return err
		},
	} {
		h := newHarness(t, far)
		sess := h.create(10, 2)
		other := &harness{Service: New(h.opt), t: t}
		other.edit(sess, `{"op":"cast","column":"column_1","dtype":"utf8"}`)
		c := of(sess)
		var err error
		if c.ReadAs, err = typesOf(h.Service, h.must(h.AppendTo(ctx, c.Ref, false))); err != nil {
			t.Fatal(err)
		}
		err = change(h.Service, c, codectest.Generate(5, 2, 1))
		if !errors.Is(err, ErrOtherTypes) || !errors.Is(err, ErrConflict) {
			t.Errorf("%s: %v", name, err)
		}
		if c.ReadAs, err = typesOf(h.Service, h.must(h.AppendTo(ctx, c.Ref, true))); err != nil {
			t.Fatal(err)
		}
		if err := change(h.Service, c, codectest.Generate(5, 2, 1)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnEventualStoreIsAskedForANewerHeadWhileSegmentsAreStored(t *testing.T) {
	for name, change := range tableChanges {
		t.Run(name, func(t *testing.T) {
			at := locations(t, 2, far, inStore)
			sess := at[0].edit(at[0].create(10, 2), `{"op":"set_values","column":"column_1","rows":[0],"value":null}`)
			at[0].table(sess, 0)
			at[1].edit(sess, deleteThree, `{"op":"set_values","column":"column_1","rows":[0],"value":null}`)
			next := at[0].must(change.call(at[0].harness, of(sess)))
			if next.Current.Rows != change.rows || next.Revision.Revision != 4 {
				t.Errorf("%d rows at revision %s, want %d", next.Current.Rows, next.Revision, change.rows)
			}
			wantEqual(t, at[1].table(at[1].must(at[1].open(Ref{ID: sess.ID})), 0), at[0].table(next, 0))
		})
	}
}

func TestAChangeDoesNotBringBackASessionThatHasEnded(t *testing.T) {
	at := locations(t, 2, far)
	sess := at[0].create(10, 2)
	// The other location shortens the life of the session, and ends it; nothing is left of it after a while.
	at[1].must(at[1].Touch(context.Background(), Ref{ID: sess.ID}, nil, MinTTL))
	if err := at[1].Delete(context.Background(), Ref{ID: sess.ID}, nil); err != nil {
		t.Fatal(err)
	}
	_, _, err := at[0].Edit(context.Background(), of(sess), operations(t, setFirst))
	wantKind(t, err, ErrSessionNotFound)

	gone := at[0].create(10, 2)
	if err := at[1].store.Delete(context.Background(), record.HeadKey(gone.ID)); err != nil {
		t.Fatal(err)
	}
	for _, l := range at {
		l.pass(time.Minute)
	}
	_, err = at[0].describe(Ref{ID: gone.ID}, "again")
	wantKind(t, err, ErrSessionNotFound)
}

// The head that a process knows is made of the one before it, again and again, and is never read anew.
func TestAHeadDoesNotKeepThoseBeforeItInMemory(t *testing.T) {
	for name, change := range map[string]func(h *harness, sess *Session) *Session{
		"snapshot": func(h *harness, sess *Session) *Session { return h.must(h.Snapshot(context.Background(), of(sess))) },
		"edit":     func(h *harness, sess *Session) *Session { return h.edit(sess, setFirst) },
		"note":     func(h *harness, sess *Session) *Session { return h.note(sess, "note") },
		"undo and redo": func(h *harness, sess *Session) *Session {
			h.must(h.Undo(context.Background(), of(sess)))
			return h.must(h.Redo(context.Background(), of(sess)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			sess := h.edit(h.create(10, 2), setFirst)
			before := weak.Make(sess.head)
			for range 3 {
				sess = change(h, sess)
			}
			runtime.GC()
			if before.Value() != nil {
				t.Errorf("the head of revision 2 is in memory beside that of revision %s", sess.Revision)
			}
		})
	}
}

func TestChangesThatEndWithTheSameTableKeepItsManifestOnce(t *testing.T) {
	h := newHarness(t)
	sess := h.create(10, 2)
	for range 40 {
		sess = h.edit(sess, `{"op":"set_values","column":"column_1","rows":[0],"value":null}`,
			`{"op":"set_values","column":"column_1","rows":[0],"value":4711}`)
	}
	kept := sess.head.manifests
	if got, stored := len(kept.list), len(sess.head.Manifests); got > stored {
		t.Errorf("%d decoded manifests are kept for %d stored ones", got, stored)
	}
}
