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

func ids(v *Session) (list []uint32) {
	for _, ver := range v.Versions {
		list = append(list, ver.ID)
	}
	return list
}

func TestUndoAndRedoGiveBackEveryState(t *testing.T) {
	h := newHarness(t)
	ctx := context.Background()
	v := h.create(40_000, 10)
	states := []*codec.Table{h.table(v, 0)}
	for _, op := range []string{
		`{"op":"set_values","column":"column_1","rows":[1,39999],"values":[5,null]}`,
		`{"op":"add_column","column":"extra","values":null}`,
		`{"op":"delete_rows","rows":[0,16384,39999]}`,
		`{"op":"select_columns","columns":["column_10","column_1","extra"]}`,
		`{"op":"rename_columns","columns":{"column_1":"column_10","column_10":"column_1"}}`,
	} {
		v = h.edit(v, op)
		states = append(states, h.table(v, 0))
	}
	for i := len(states) - 2; i >= 0; i-- {
		v = h.must(h.Undo(ctx, of(v)))
		wantEqual(t, h.table(v, 0), states[i])
	}
	_, err := h.Undo(ctx, of(v))
	wantKind(t, err, ErrNothingToUndo)
	for _, state := range states[1:] {
		v = h.must(h.Redo(ctx, of(v)))
		wantEqual(t, h.table(v, 0), state)
	}
	_, err = h.Redo(ctx, of(v))
	wantKind(t, err, ErrNothingToRedo)
}

func TestAChangeAfterUndoDropsWhatCouldBeRedone(t *testing.T) {
	h := newHarness(t)
	ctx := context.Background()
	v := h.create(10, 5)
	v = h.edit(v, `{"op":"drop_columns","columns":["column_2"]}`)
	v = h.edit(v, `{"op":"drop_columns","columns":["column_3"]}`)
	h.must(h.Undo(ctx, of(v)))
	v = h.must(h.Undo(ctx, of(v)))
	if !v.CanRedo || v.CanUndo {
		t.Errorf("can_redo %t, can_undo %t at the oldest of three versions", v.CanRedo, v.CanUndo)
	}
	v = h.edit(v, `{"op":"drop_columns","columns":["column_4"]}`)
	if got := ids(v); !slices.Equal(got, []uint32{1, 4}) {
		t.Errorf("versions %v, want 1 and 4: ids are never used again", got)
	}
	if v.CanRedo {
		t.Error("can_redo after a change")
	}
}

func TestOldVersionsGoOldestFirst(t *testing.T) {
	h := newHarness(t, func(o *Options) { o.MaxVersions = 3 })
	v := h.create(10, 5)
	for range 6 {
		v = h.must(h.Snapshot(context.Background(), of(v)))
	}
	if got := ids(v); !slices.Equal(got, []uint32{4, 5, 6, 7}) {
		t.Errorf("versions %v, want 3 previous ones and the current", got)
	}
	_, err := h.Restore(context.Background(), of(v), 3)
	wantKind(t, err, ErrVersionNotFound)
	if len(v.head.Schemas) != 1 {
		t.Errorf("%d schemas kept for versions of one schema", len(v.head.Schemas))
	}
}

func TestRestoreMakesANewVersionOfOldData(t *testing.T) {
	h := newHarness(t)
	v := h.create(100, 5)
	first := h.table(v, 0)
	v = h.edit(v, `{"op":"delete_rows","rows":[0,1,2]}`)
	v = h.must(h.Restore(context.Background(), of(v), 1))
	wantEqual(t, h.table(v, 0), first)
	if v.Current.ID != 3 || v.Current.RowsBefore != 97 || v.Current.Rows != 100 || v.Current.NewBytes != 0 {
		t.Errorf("restored version is %+v", v.Current)
	}
}

func TestAppendLeavesFullRowGroupsAlone(t *testing.T) {
	h := newHarness(t)
	v := h.create(20_000, 10)
	before := h.manifest(v)
	more := codectest.Generate(30_000, 10, 2)
	v = h.must(h.Append(context.Background(), of(v), more))
	after := h.manifest(v)
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
	if n := h.table(v, 0).NumRows(); n != 50_000 {
		t.Errorf("%d rows, want 50000", n)
	}
}

func TestASmallTableThatGrowsIsPackedAnew(t *testing.T) {
	h := newHarness(t)
	v := h.create(3, 50)
	if n := len(h.manifest(v).Layout); n != 1 {
		t.Fatalf("a tiny table has %d segments, want 1", n)
	}
	v = h.must(h.Append(context.Background(), of(v), codectest.Generate(40_000, 50, 2)))
	for _, g := range h.manifest(v).Groups {
		for _, r := range g.Segments {
			if r.Raw > 2*DefaultSegmentTargetBytes {
				t.Errorf("a segment of %d raw bytes, want at most %d", r.Raw, 2*DefaultSegmentTargetBytes)
			}
		}
	}
	if n := h.table(v, 0).NumRows(); n != 40_003 {
		t.Errorf("%d rows, want 40003", n)
	}
}

func TestColumnsAddedOneByOneShareSegments(t *testing.T) {
	h := newHarness(t)
	v := h.create(10, 5)
	for i := range 20 {
		v = h.edit(v, fmt.Sprintf(`{"op":"add_column","column":"x%d","values":[1,2,3,4,5,6,7,8,9,10]}`, i))
	}
	if n := len(h.manifest(v).Layout); n != 1 {
		t.Errorf("%d segments for 25 tiny columns, want 1", n)
	}
	if n := len(h.table(v, 0).Schema.Fields()); n != 25 {
		t.Errorf("%d columns, want 25", n)
	}
}

func TestMarksFollowTheTable(t *testing.T) {
	h := newHarness(t)
	ctx := context.Background()
	v := h.create(100, 5)
	marks := func(v *Session) frame.Marks {
		t.Helper()
		_, m, err := h.Marks(ctx, v)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	want := func(v *Session, want frame.Marks) {
		t.Helper()
		if got := marks(v); !reflect.DeepEqual(got, want) {
			t.Errorf("marks %v, want %v", got, want)
		}
	}
	v = h.must(h.SetMarks(ctx, of(v), frame.Marks{"column_1": {7, 3, 3, 50}, "column_2": {0}}, false))
	want(v, frame.Marks{"column_1": {3, 7, 50}, "column_2": {0}})
	v = h.must(h.SetMarks(ctx, of(v), frame.Marks{"column_2": {}, "column_3": {9}}, true))
	want(v, frame.Marks{"column_1": {3, 7, 50}, "column_3": {9}})
	v = h.edit(v, `{"op":"delete_rows","rows":[0,7,9]}`)
	want(v, frame.Marks{"column_1": {2, 47}})
	v = h.edit(v, `{"op":"rename_columns","columns":{"column_1":"z"}}`)
	want(v, frame.Marks{"z": {2, 47}})
	v = h.edit(v, `{"op":"set_values","column":"z","rows":[2,47],"values":[1,null]}`)
	want(v, frame.Marks{"z": {47}})
	h.must(h.Undo(ctx, of(v)))
	h.must(h.Undo(ctx, of(v)))
	v = h.must(h.Undo(ctx, of(v)))
	want(v, frame.Marks{"column_1": {3, 7, 50}, "column_3": {9}})

	_, err := h.SetMarks(ctx, of(v), frame.Marks{"nope": {1}}, false)
	wantKind(t, err, frame.ErrColumnNotFound)
	_, err = h.SetMarks(ctx, of(v), frame.Marks{"column_1": {100}}, false)
	wantKind(t, err, frame.ErrInvalidOperation)
	_, err = h.SetMarks(ctx, of(v), frame.Marks{"column_1": {-1}}, true)
	wantKind(t, err, frame.ErrInvalidOperation)
}

func TestLongAuditLogIsKeptWholeAndTheHeadStaysSmall(t *testing.T) {
	h := newHarness(t)
	ctx := context.Background()
	v := h.create(10, 5)
	const entries = 3*auditChunk + 5
	for i := range entries {
		v = h.must(h.AddAudit(ctx, of(v), fmt.Sprintf("entry %d", i)))
	}
	got, rows, err := h.Audit(ctx, v)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != entries+1 || rows != 10 {
		t.Fatalf("%d entries and %d initial rows, want %d and 10", len(got), rows, entries+1)
	}
	if !strings.HasSuffix(got[0].String(), "] Session created. Original file: 't.csv'. Initial rows: 10") {
		t.Errorf("first entry %q", got[0])
	}
	for i, e := range got[1:] {
		if want := fmt.Sprintf("entry %d", i); e.Text != want {
			t.Fatalf("entry %d is %q, want %q", i+1, e.Text, want)
		}
	}
	if n := len(v.head.Audit); n >= auditChunk {
		t.Errorf("the head holds %d entries", n)
	}
	for _, text := range []string{"", strings.Repeat("x", maxAuditEntry+1)} {
		_, err := h.AddAudit(ctx, of(v), text)
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
