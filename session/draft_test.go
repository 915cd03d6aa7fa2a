package session

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"edgeframe/codec/codectest"
	"edgeframe/frame"
	"edgeframe/kv"
	"edgeframe/kv/kvtest"
	"edgeframe/kv/memory"
	"edgeframe/session/record"
)

// before returns a precondition that runs each of steps once, one per attempt, after the attempt has
// read the head and before it works. The precondition is fulfilled.
func before(steps ...func()) Precondition {
	return func(*Session) bool {
		if len(steps) > 0 {
			step := steps[0]
			steps = steps[1:]
			step()
		}
		return true
	}
}

// patch changes the metadata of a session.
func (h *harness) patch(sess *Session, n int) {
	h.t.Helper()
	h.must(h.UpdateInfo(context.Background(), of(sess), nil, json.RawMessage(fmt.Sprintf(`{"n":%d}`, n))))
}

// wantReferenced checks that the store has the segments of sess and no others, and returns their refs.
func (h *harness) wantReferenced(sess *Session) map[record.SegmentRef]bool {
	h.t.Helper()
	refs, err := sess.head.segments()
	if err != nil {
		h.t.Fatal(err)
	}
	want := []string{}
	for r := range refs {
		want = append(want, record.SegmentKey(sess.ID, r))
	}
	slices.Sort(want)
	if got := h.segmentKeys(); !slices.Equal(got, want) {
		h.t.Errorf("stored segments\n%q\nwant the referenced ones\n%q", got, want)
	}
	return refs
}

func TestALostAttemptIsNotWorkedOutAgainIfTheTableIsAsItWas(t *testing.T) {
	ctx := context.Background()
	for name, between := range map[string]func(h *harness, sess *Session){
		"metadata": func(h *harness, sess *Session) { h.patch(sess, 1) },
		"three patches of metadata": func(h *harness, sess *Session) {
			for n := range 3 {
				h.patch(sess, n)
			}
		},
		"audit":    func(h *harness, sess *Session) { h.note(sess, "entry") },
		"snapshot": func(h *harness, sess *Session) { h.must(h.Snapshot(ctx, of(sess))) },
		"undo and redo": func(h *harness, sess *Session) {
			h.must(h.Undo(ctx, of(sess)))
			h.must(h.Redo(ctx, of(sess)))
		},
		"the end of a chunk of the audit log": func(h *harness, sess *Session) {
			for range auditChunk {
				h.note(sess, "entry")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, inStore)
			sess := h.edit(h.create(1000, 5), `{"op":"drop_columns","columns":["column_3"]}`)
			works := 0
			c := of(sess)
			c.Summary = "work"
			c.Pre = before(func() { between(h, sess) })
			ops := operations(t, setFirst)
			next := h.must(h.commitVersion(ctx, c, func(hd *head, out *sealer) (*record.Version, error) {
				works++
				f, err := h.frame(ctx, hd, hd.current(), true)
				if err != nil {
					return nil, err
				}
				if _, err := frame.Apply(f, ops); err != nil {
					return nil, err
				}
				return h.storeFrame(hd, hd.current(), f, out)
			}))
			if works != 1 {
				t.Errorf("the version was worked out %d times", works)
			}
			quiet := newHarness(t, inStore)
			want := quiet.edit(quiet.edit(quiet.create(1000, 5), `{"op":"drop_columns","columns":["column_3"]}`), setFirst)
			wantEqual(t, h.table(next, 0), quiet.table(want, 0))
			got := next.Current
			got.ID, got.Tag, got.Time, got.Summary = want.Current.ID, want.Current.Tag, want.Current.Time, want.Current.Summary
			if got != want.Current {
				t.Errorf("version %+v, want %+v", got, want.Current)
			}
			// The segments that the lost attempt stored are gone, and the new ones have the revision that
			// stored them.
			born := false
			for r := range h.wantReferenced(next) {
				born = born || r.Born == next.Revision.Revision
			}
			if !born {
				t.Errorf("no segment of the session was born in revision %s", next.Revision)
			}
		})
	}
}

func TestMarksAreTakenOverFromALostAttempt(t *testing.T) {
	h := newHarness(t, inStore)
	sess := h.create(100, 5)
	c := of(sess)
	c.Pre = before(func() { h.patch(sess, 1) }, func() { h.patch(sess, 2) })
	next := h.must(h.SetMarks(context.Background(), c, frame.Marks{"column_1": {1, 7}}, false))
	if next.Current.NewBytes == 0 || string(next.Metadata) != `{"n":2}` {
		t.Errorf("%d new bytes, metadata %s", next.Current.NewBytes, next.Metadata)
	}
	if _, marks := h.marked(next, 0); !slices.Equal(marks["column_1"], []int64{1, 7}) {
		t.Errorf("marks %v", marks)
	}
	h.wantReferenced(next)
}

// Two equal edits lose against one commit. The first one takes its draft over and wins; then the
// second one deletes the segment that it has stored in vain, which has the same content.
func TestASegmentThatWasTakenOverSurvivesTheCleaningUpOfAnEqualAttempt(t *testing.T) {
	swaps := 0
	steps := map[int]func(){}
	failing := &kvtest.Failing{Driver: memory.New(), Hook: func(op string, _ []string) error {
		if op == kvtest.OpCompareAndSwap {
			swaps++
			if step := steps[swaps]; step != nil {
				step()
			}
		}
		return nil
	}}
	h := newHarness(t, inStore, func(o *Options) { o.Store = kv.New(failing, "") })
	sess := h.create(1000, 5)
	swaps = 0
	var winner *Session
	steps[1] = func() { winner = h.edit(sess, setFirst) } // before the swap of the second edit
	steps[2] = func() { h.patch(sess, 1) }                // before the swap of the first edit
	c := of(sess)
	c.Pre = func(now *Session) bool { return now.Revision == sess.Revision }
	_, _, err := h.Edit(context.Background(), c, operations(t, setFirst))
	wantKind(t, err, ErrPreconditionFailed)
	if swaps != 4 {
		t.Fatalf("%d swaps, want one of the patch, two of the first edit and one of the second", swaps)
	}
	h.table(winner, 0)
	h.wantReferenced(winner)
}

func TestALostAttemptThatSharesADroppedSegmentIsWorkedOutAgain(t *testing.T) {
	h := newHarness(t, inStore, func(o *Options) { o.MaxVersions = 1 })
	sess := h.create(1000, 5)
	first := h.table(sess, 0)
	original := fmt.Sprintf(`{"op":"set_values","column":"column_1","rows":[0],"value":%s}`, first.RowGroups[0].Column(0).ValueStr(0))
	sess = h.edit(sess, setFirst)
	c := of(sess)
	// The snapshot drops the first version, whose segment the edit shares, and keeps the table.
	c.Pre = before(func() { h.must(h.Snapshot(context.Background(), of(sess))) })
	next, _, err := h.Edit(context.Background(), c, operations(t, original))
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, h.table(next, 0), first)
	h.wantReferenced(next)
}

func TestALostAttemptIsWorkedOutAgainIfTheTableHasChanged(t *testing.T) {
	const fill = `{"op":"fill_missing","columns":["column_1"],"method":"constant","value":4}`
	h := newHarness(t, inStore)
	sess := h.create(100, 5)
	c := of(sess)
	c.Pre = before(func() { h.must(h.Append(context.Background(), of(sess), codectest.Generate(10, 5, 1))) })
	next, effects, err := h.Edit(context.Background(), c, operations(t, fill))
	if err != nil {
		t.Fatal(err)
	}
	quiet := newHarness(t, inStore)
	longer := quiet.must(quiet.Append(context.Background(), of(quiet.create(100, 5)), codectest.Generate(10, 5, 1)))
	want, wantEffects, err := quiet.Edit(context.Background(), of(longer), operations(t, fill))
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, h.table(next, 0), quiet.table(want, 0))
	if !slices.Equal(effects, wantEffects) {
		t.Errorf("effects %v, want %v", effects, wantEffects)
	}
	h.wantReferenced(next)
}

func TestALostAttemptWithAPreconditionIsRefused(t *testing.T) {
	h := newHarness(t, inStore)
	sess := h.create(100, 5)
	other := before(func() { h.patch(sess, 1) })
	c := of(sess)
	c.Pre = func(now *Session) bool {
		matches := now.Revision == sess.Revision
		return other(now) && matches
	}
	_, _, err := h.Edit(context.Background(), c, operations(t, setFirst))
	wantKind(t, err, ErrPreconditionFailed)
	h.wantReferenced(h.must(h.Open(context.Background(), Ref{ID: sess.ID}, PrefetchNothing)))
}

func TestAChangeThatAlwaysLosesIsAConflict(t *testing.T) {
	h := newHarness(t, inStore)
	sess := h.create(10, 5)
	attempts, told := 0, 0
	h.opt.Line = func(context.Context, string) (func(int), error) {
		return func(lost int) { told = max(told, lost) }, nil
	}
	c := of(sess)
	c.Pre = func(*Session) bool {
		attempts++
		h.patch(sess, attempts)
		h.pass(minTrying / maxAttempts / 2)
		return true
	}
	_, _, err := h.Edit(context.Background(), c, operations(t, setFirst))
	wantKind(t, err, ErrConflict)
	if want := 2 * maxAttempts; told < want-1 || told > want+1 {
		t.Errorf("it gave up after %d losses, want about %d, for that is how many there are in %s", told, want, minTrying)
	}
	h.wantReferenced(h.must(h.Open(context.Background(), Ref{ID: sess.ID}, PrefetchNothing)))
}

// A column that is dropped and added again as it was leaves the table as it is, whatever its segment has besides. One
// with other values does not.
func TestAColumnThatIsAddedAgainAsItWasMakesNoVersion(t *testing.T) {
	h := newHarness(t)
	again := []string{`{"op":"select_columns","columns":["column_1","column_2"]}`, `{"op":"add_column","column":"b","dtype":"int64"}`}
	sess := h.edit(h.create(10, 2), again...)
	same := h.edit(sess, again...)
	if same.Current.ID != sess.Current.ID {
		t.Errorf("version %d is made after version %d", same.Current.ID, sess.Current.ID)
	}
	other := h.edit(same, append(again, `{"op":"set_values","column":"b","rows":[3],"value":7}`)...)
	if other.Current.ID != sess.Current.ID+1 {
		t.Errorf("version %d is made after version %d", other.Current.ID, sess.Current.ID)
	}
}
