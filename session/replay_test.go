package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/frame"
	"edgeframe/session/record"
)

// replayedEdits are edits of codectest.Generate(_, 6, 1), one of which changes nothing, with operations of most kinds.
var replayedEdits = [][]string{
	{`{"op":"rename_columns","columns":{"column_1":"first"}}`},
	{`{"op":"drop_columns","columns":["column_2"]}`},
	{`{"op":"set_values","column":"first","rows":[0,7],"value":4711}`, `{"op":"mark_missing","column":"column_3","rows":[1,2,9]}`},
	{`{"op":"sort","by":[{"column":"first","descending":true}]}`},
	{`{"op":"set_values","column":"first","rows":[],"value":1}`},
	{`{"op":"delete_rows","rows":[3,4,5]}`, `{"op":"insert_rows","at":2,"rows":[{"first":5}]}`},
	{`{"op":"add_column","column":"new","dtype":"utf8"}`},
	{`{"op":"fill_missing","columns":["new"],"method":"constant","value":"x"}`, `{"op":"compute","column":"double","expression":"first * 2"}`},
	{`{"op":"select_columns","columns":["double","column_3","first","new"]}`},
	{`{"op":"drop_duplicates","columns":["first"]}`},
}

// replay creates a session of a table by edits.
func (h *harness) replay(t *codec.Table, edits [][]string) (*Session, []uint32, error) {
	return h.CreateReplayed(context.Background(), t, "t.csv", 0, nil, len(edits), func(i int, f *frame.Frame) (Done, error) {
		ops := operations(h.t, edits[i]...)
		effects, err := frame.Apply(f, ops)
		if err != nil {
			return Done{}, err
		}
		return Done{Summary: frame.Summarize(ops, effects), Operations: []byte(`[` + edits[i][0] + `]`)}, nil
	})
}

// content is what makes up a version besides where its segments are.
func (h *harness) content(sess *Session, ver *record.Version) string {
	h.t.Helper()
	m, err := sess.head.manifest(ver)
	if err != nil {
		h.t.Fatal(err)
	}
	text := fmt.Sprintf("%d %d %x %q\n%v", ver.ID, ver.RowsBefore, sess.head.Schemas[ver.Schema], ver.Summary, m.Layout)
	if ver.Marks != nil {
		text += fmt.Sprintf("\nmarks %x", ver.Marks.Hash)
	}
	for _, g := range m.Groups {
		text += fmt.Sprintf("\n%d %v", g.Rows, g.Missing)
		for _, r := range g.Segments {
			text += fmt.Sprintf(" %x", r.Hash)
		}
	}
	return text
}

// TestAReplayMakesTheVersionsThatEditsMake compares each kept version of a session that was edited with the same
// version of one that was replayed, down to the hashes of the segments.
func TestAReplayMakesTheVersionsThatEditsMake(t *testing.T) {
	for name, adjust := range map[string]func(*Options){
		"segments in the head":   func(*Options) {},
		"segments in the store":  inStore,
		"every version is kept":  func(o *Options) { o.MaxVersions, o.InlineBytes = 20, -1 },
		"only one is kept":       func(o *Options) { o.MaxVersions, o.InlineBytes = 0, -1 },
		"small segments":         func(o *Options) { o.MaxVersions, o.InlineBytes, o.SegmentTargetBytes = 20, -1, 1<<10 },
		"several columns in one": func(o *Options) { o.MaxVersions, o.InlineBytes, o.SegmentTargetBytes = 20, -1, 16<<20 },
	} {
		t.Run(name, func(t *testing.T) {
			edited, replayed := newHarness(t, adjust), newHarness(t, adjust)
			table := codectest.Generate(codec.RowGroupRows+1000, 6, 1)
			want := edited.must(edited.Create(context.Background(), table, "t.csv", 0, nil))
			for _, ops := range replayedEdits {
				want = edited.edit(want, ops...)
			}
			got, versions, err := replayed.replay(table, replayedEdits)
			if err != nil {
				t.Fatal(err)
			}
			if expected := []uint32{2, 3, 4, 5, 0, 6, 7, 8, 9, 10}; !slices.Equal(versions, expected) {
				t.Errorf("the steps made the versions %d instead of %d", versions, expected)
			}
			if len(got.Versions) != len(want.Versions) {
				t.Fatalf("%d versions instead of %d", len(got.Versions), len(want.Versions))
			}
			for i := range want.head.Versions {
				if a, b := edited.content(want, &want.head.Versions[i]), replayed.content(got, &got.head.Versions[i]); a != b {
					t.Errorf("version %d differs\nedited:   %s\nreplayed: %s", want.Versions[i].ID, a, b)
				}
				wantEqual(t, replayed.table(got, got.Versions[i].ID), edited.table(want, want.Versions[i].ID))
			}
			keys := got.head.segmentKeys()
			slices.Sort(keys)
			if stored := replayed.segmentKeys(); !slices.Equal(stored, keys) {
				t.Errorf("stored are %d segments, of which the head has %d", len(stored), len(keys))
			}
			steps, err := replayed.Lineage(context.Background(), got, 0)
			if err != nil || len(steps) != 10 || string(steps[9].Operations) != "["+replayedEdits[9][0]+"]" {
				t.Errorf("the steps are %v, %v", steps, err)
			}
			wantRows, wantAligned, _ := edited.rowMap(context.Background(), want.head, want.Versions[0].ID, 0)
			gotRows, gotAligned, err := replayed.rowMap(context.Background(), got.head, got.Versions[0].ID, 0)
			if err != nil || wantAligned != gotAligned || !slices.Equal(wantRows, gotRows) {
				t.Errorf("the rows are aligned otherwise: %t instead of %t, %v", gotAligned, wantAligned, err)
			}
			replayed.edit(got, `{"op":"sort","by":[{"column":"first"}]}`)
		})
	}
}

// TestAReplayThatFailsLeavesNothing lets the last step fail.
func TestAReplayThatFailsLeavesNothing(t *testing.T) {
	h := newHarness(t, inStore)
	edits := append(slices.Clone(replayedEdits), []string{`{"op":"drop_columns","columns":["column_2"]}`})
	sess, versions, err := h.replay(codectest.Generate(1000, 6, 1), edits)
	if !errors.Is(err, frame.ErrColumnNotFound) || sess != nil {
		t.Errorf("%v, %v, %v", sess, versions, err)
	}
	if n := h.calls.Total().Calls; n != 0 {
		t.Errorf("%d calls of the store", n)
	}
}

// TestAReplayIsOneCommit counts the calls of the store.
func TestAReplayIsOneCommit(t *testing.T) {
	h := newHarness(t, inStore)
	h.create(1000, 6)
	plain := h.calls.Total()
	h.calls.Reset()
	if _, _, err := h.replay(codectest.Generate(1000, 6, 1), replayedEdits); err != nil {
		t.Fatal(err)
	}
	if got := h.calls.Total(); got.Calls != plain.Calls {
		t.Errorf("%d calls of the store; to create a session takes %d", got.Calls, plain.Calls)
	}
}
