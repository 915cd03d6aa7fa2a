package session

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/frame"
)

func ids(sess *Session) (list []uint32) {
	for _, ver := range sess.Versions {
		list = append(list, ver.ID)
	}
	return list
}

func TestUndoAndRedoReturnEveryState(t *testing.T) {
	h := newHarness(t)
	ctx := context.Background()
	sess := h.create(40_000, 10)
	states := []*codec.Table{h.table(sess, 0)}
	for _, op := range []string{
		`{"op":"set_values","column":"column_1","rows":[1,39999],"values":[5,null]}`,
		`{"op":"add_column","column":"extra","values":null}`,
		`{"op":"delete_rows","rows":[0,16384,39999]}`,
		`{"op":"select_columns","columns":["column_10","column_1","extra"]}`,
		`{"op":"rename_columns","columns":{"column_1":"column_10","column_10":"column_1"}}`,
	} {
		sess = h.edit(sess, op)
		states = append(states, h.table(sess, 0))
	}
	for i := len(states) - 2; i >= 0; i-- {
		sess = h.must(h.Undo(ctx, of(sess)))
		wantEqual(t, h.table(sess, 0), states[i])
	}
	_, err := h.Undo(ctx, of(sess))
	wantKind(t, err, ErrNothingToUndo)
	for _, state := range states[1:] {
		sess = h.must(h.Redo(ctx, of(sess)))
		wantEqual(t, h.table(sess, 0), state)
	}
	_, err = h.Redo(ctx, of(sess))
	wantKind(t, err, ErrNothingToRedo)
}

func TestAChangeAfterUndoDropsWhatCouldBeRedone(t *testing.T) {
	h := newHarness(t)
	ctx := context.Background()
	sess := h.create(10, 5)
	sess = h.edit(sess, `{"op":"drop_columns","columns":["column_2"]}`)
	sess = h.edit(sess, `{"op":"drop_columns","columns":["column_3"]}`)
	h.must(h.Undo(ctx, of(sess)))
	sess = h.must(h.Undo(ctx, of(sess)))
	if !sess.CanRedo || sess.CanUndo {
		t.Errorf("can_redo %t, can_undo %t at the oldest of three versions", sess.CanRedo, sess.CanUndo)
	}
	sess = h.edit(sess, `{"op":"drop_columns","columns":["column_4"]}`)
	if got := ids(sess); !slices.Equal(got, []uint32{1, 4}) {
		t.Errorf("versions %v, want 1 and 4: ids are never used again", got)
	}
	if sess.CanRedo {
		t.Error("can_redo after a change")
	}
}

func TestTheOldestVersionsAreDroppedFirst(t *testing.T) {
	h := newHarness(t, func(o *Options) { o.MaxVersions = 3 })
	sess := h.create(10, 5)
	for range 6 {
		sess = h.must(h.Snapshot(context.Background(), of(sess)))
	}
	if got := ids(sess); !slices.Equal(got, []uint32{4, 5, 6, 7}) {
		t.Errorf("versions %v, want 3 previous ones and the current", got)
	}
	_, err := h.Restore(context.Background(), of(sess), 3)
	wantKind(t, err, ErrVersionNotFound)
	if len(sess.head.Schemas) != 1 {
		t.Errorf("%d schemas kept for versions of one schema", len(sess.head.Schemas))
	}
}

func TestRestoreMakesANewVersionOfOldData(t *testing.T) {
	h := newHarness(t)
	sess := h.create(100, 5)
	first := h.table(sess, 0)
	sess = h.edit(sess, `{"op":"delete_rows","rows":[0,1,2]}`)
	sess = h.must(h.Restore(context.Background(), of(sess), 1))
	wantEqual(t, h.table(sess, 0), first)
	if sess.Current.ID != 3 || sess.Current.RowsBefore != 97 || sess.Current.Rows != 100 || sess.Current.NewBytes != 0 {
		t.Errorf("restored version is %+v", sess.Current)
	}
}

func TestAppendLeavesFullRowGroupsAlone(t *testing.T) {
	h := newHarness(t)
	sess := h.create(20_000, 10)
	before := h.manifest(sess)
	more := codectest.Generate(30_000, 10, 2)
	sess = h.must(h.Append(context.Background(), of(sess), more))
	after := h.manifest(sess)
	if !reflect.DeepEqual(before.Groups[0], after.Groups[0]) {
		t.Error("appending rewrote a full row group")
	}
	var rows []int
	for _, g := range after.Groups {
		rows = append(rows, g.Rows)
	}
	if want := []int{codec.RowGroupRows, codec.RowGroupRows, codec.RowGroupRows, 848}; !slices.Equal(rows, want) {
		t.Errorf("row groups %v, want %v", rows, want)
	}
	if n := h.table(sess, 0).NumRows(); n != 50_000 {
		t.Errorf("%d rows, want 50000", n)
	}
}

func TestASmallTableThatGrowsIsPackedAnew(t *testing.T) {
	h := newHarness(t)
	sess := h.create(3, 50)
	if n := len(h.manifest(sess).Layout); n != 1 {
		t.Fatalf("a tiny table has %d segments, want 1", n)
	}
	sess = h.must(h.Append(context.Background(), of(sess), codectest.Generate(40_000, 50, 2)))
	for _, g := range h.manifest(sess).Groups {
		for _, r := range g.Segments {
			if r.Raw > 2*DefaultSegmentTargetBytes {
				t.Errorf("a segment of %d raw bytes, want at most %d", r.Raw, 2*DefaultSegmentTargetBytes)
			}
		}
	}
	if n := h.table(sess, 0).NumRows(); n != 40_003 {
		t.Errorf("%d rows, want 40003", n)
	}
}

func TestColumnsAddedOneByOneShareSegments(t *testing.T) {
	h := newHarness(t)
	sess := h.create(10, 5)
	for i := range 20 {
		sess = h.edit(sess, fmt.Sprintf(`{"op":"add_column","column":"x%d","values":[1,2,3,4,5,6,7,8,9,10]}`, i))
	}
	if n := len(h.manifest(sess).Layout); n != 1 {
		t.Errorf("%d segments for 25 tiny columns, want 1", n)
	}
	if n := len(h.table(sess, 0).Schema.Fields()); n != 25 {
		t.Errorf("%d columns, want 25", n)
	}
}

func TestMarksFollowTheTable(t *testing.T) {
	h := newHarness(t)
	ctx := context.Background()
	sess := h.create(100, 5)
	want := func(sess *Session, want frame.Marks) {
		t.Helper()
		if _, got := h.marked(sess, 0); !reflect.DeepEqual(got, want) {
			t.Errorf("marks %v, want %v", got, want)
		}
		h.countsAre(sess, want)
	}
	sess = h.must(h.SetMarks(ctx, of(sess), frame.Marks{"column_1": {7, 3, 3, 50}, "column_2": {0}}, false))
	want(sess, frame.Marks{"column_1": {3, 7, 50}, "column_2": {0}})
	sess = h.must(h.SetMarks(ctx, of(sess), frame.Marks{"column_2": {}, "column_3": {9}}, true))
	want(sess, frame.Marks{"column_1": {3, 7, 50}, "column_3": {9}})
	sess = h.edit(sess, `{"op":"delete_rows","rows":[0,7,9]}`)
	want(sess, frame.Marks{"column_1": {2, 47}})
	sess = h.edit(sess, `{"op":"rename_columns","columns":{"column_1":"z"}}`)
	want(sess, frame.Marks{"z": {2, 47}})
	sess = h.edit(sess, `{"op":"set_values","column":"z","rows":[2,47],"values":[1,null]}`)
	want(sess, frame.Marks{"z": {47}})
	h.must(h.Undo(ctx, of(sess)))
	h.must(h.Undo(ctx, of(sess)))
	sess = h.must(h.Undo(ctx, of(sess)))
	want(sess, frame.Marks{"column_1": {3, 7, 50}, "column_3": {9}})

	_, err := h.SetMarks(ctx, of(sess), frame.Marks{"nope": {1}}, false)
	wantKind(t, err, frame.ErrColumnNotFound)
	_, err = h.SetMarks(ctx, of(sess), frame.Marks{"column_1": {100}}, false)
	wantKind(t, err, frame.ErrInvalidOperation)
	_, err = h.SetMarks(ctx, of(sess), frame.Marks{"column_1": {-1}}, true)
	wantKind(t, err, frame.ErrInvalidOperation)
}

func TestLongAuditLogIsKeptWholeAndTheHeadStaysSmall(t *testing.T) {
	h := newHarness(t)
	ctx := context.Background()
	sess := h.create(10, 5)
	const entries = 3*auditChunk + 5
	for i := range entries {
		sess = h.note(sess, fmt.Sprintf("entry %d", i))
	}
	log := h.wholeLog(sess)
	got := log.Entries
	if len(got) != entries+1 || log.Total != entries+1 || log.InitialRows != 10 {
		t.Fatalf("%d entries of %d and %d initial rows, want %d and 10", len(got), log.Total, log.InitialRows, entries+1)
	}
	if !strings.HasSuffix(got[0].String(), "] Session created. Original file: 't.csv'. Initial rows: 10") {
		t.Errorf("first entry %q", got[0])
	}
	for i, e := range got[1:] {
		if want := fmt.Sprintf("entry %d", i); e.Text != want {
			t.Fatalf("entry %d is %q, want %q", i+1, e.Text, want)
		}
	}
	if n := len(sess.head.Audit); n >= auditChunk {
		t.Errorf("the head holds %d entries", n)
	}
	for _, text := range []string{"", strings.Repeat("x", maxAuditEntry+1)} {
		_, err := h.AddAudit(ctx, of(sess), text)
		wantKind(t, err, ErrInvalidParameter)
	}
}

// The examples of RFC 7396, appendix A, whose patch is an object.
func TestMetadataIsMergedAsRFC7396Says(t *testing.T) {
	for _, tc := range []struct{ target, patch, want string }{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`{"e":null}`, `{"a":1}`, `{"a":1,"e":null}`},
		{`[1,2]`, `{"a":"b","c":null}`, `{"a":"b"}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
		{``, `{"n":12345678901234567890}`, `{"n":12345678901234567890}`},
	} {
		got, err := mergePatch(json.RawMessage(tc.target), json.RawMessage(tc.patch))
		if err != nil || string(got) != tc.want {
			t.Errorf("merge %s into %s: %s, %v; want %s", tc.patch, tc.target, got, err, tc.want)
		}
	}
	for _, patch := range []string{`null`, `1`, `"x"`, `[]`, `{`} {
		if got, err := mergePatch(nil, json.RawMessage(patch)); err == nil {
			t.Errorf("merge %s: %s, want an error", patch, got)
		}
	}
}
