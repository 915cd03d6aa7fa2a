package session

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"

	"edgeframe/frame"
	"edgeframe/kv"
	"edgeframe/kv/kvtest"
)

// markedSession is a session whose columns are in another order than their names.
func markedSession(h *harness) (*Session, frame.Marks) {
	h.t.Helper()
	sess := h.edit(h.create(1000, 5), `{"op":"rename_columns","columns":{"column_1":"z","column_3":"a"}}`)
	marks := frame.Marks{"z": {1, 5, 999}, "column_2": {0, 1}, "a": {3, 4, 5, 6}}
	return h.must(h.SetMarks(context.Background(), of(sess), marks, false)), marks
}

func TestMarksArePagedColumnByColumn(t *testing.T) {
	h := newHarness(t)
	ctx := context.Background()
	sess, marks := markedSession(h)
	for _, columns := range [][]string{nil, {"a", "z"}, {"column_5"}, {"column_2", "column_4", "z"}} {
		order := columns
		if order == nil {
			order = []string{"z", "column_2", "a"}
		}
		var want []string
		for _, name := range order {
			for _, row := range marks[name] {
				want = append(want, fmt.Sprintf("%s %d", name, row))
			}
		}
		for limit := int64(1); limit <= 10; limit++ {
			var got []string
			for offset := int64(0); ; offset += limit {
				page, err := h.Marks(ctx, sess, Selection{Columns: columns, Offset: offset, Limit: limit})
				if err != nil {
					t.Fatal(err)
				}
				before := len(got)
				for _, c := range page.Columns {
					for _, row := range c.Rows {
						got = append(got, fmt.Sprintf("%s %d", c.Column, row))
					}
				}
				if page.Total != int64(len(want)) || page.Returned != int64(len(got)-before) {
					t.Fatalf("the page says %d of %d marks; it has %d of %d", page.Returned, page.Total, len(got)-before, len(want))
				}
				if page.Returned == 0 {
					break
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("columns %q in pages of %d: %q, want %q", columns, limit, got, want)
			}
		}
	}
}

func TestAPageOfMarksIsOfTheVersionThatIsNamed(t *testing.T) {
	h := newHarness(t)
	sess, marks := markedSession(h)
	marked := sess.Current.ID
	sess = h.edit(sess, `{"op":"drop_columns","columns":["a"]}`, `{"op":"delete_rows","rows":[0]}`)
	if page, got := h.marked(sess, marked); page.Version.ID != marked || !reflect.DeepEqual(got, marks) {
		t.Errorf("marks %v of version %d, want %v of %d", got, page.Version.ID, marks, marked)
	}
	_, err := h.Marks(context.Background(), sess, Selection{Limit: 1, Version: 99})
	wantKind(t, err, ErrVersionNotFound)
	_, err = h.Marks(context.Background(), sess, Selection{Limit: 1, Columns: []string{"a"}})
	wantKind(t, err, frame.ErrColumnNotFound)
	_, err = h.Marks(context.Background(), sess, Selection{Limit: 1, Columns: []string{"z", "z"}})
	wantKind(t, err, ErrInvalidParameter)
}

func TestAPageWithoutMarksReadsNone(t *testing.T) {
	h := newHarness(t)
	sess, _ := markedSession(h)
	for _, sel := range []Selection{{Limit: 0}, {Offset: 9, Limit: 10}, {Offset: math.MaxInt64, Limit: math.MaxInt64}, {Columns: []string{"column_5"}, Limit: 10}} {
		h.calls.Reset()
		page, err := h.Marks(context.Background(), sess, sel)
		if err != nil {
			t.Fatal(err)
		}
		if n := h.calls.Of(kvtest.OpGet).Keys; n != 0 || page.Returned != 0 || len(page.Columns) != 0 {
			t.Errorf("%+v: %d keys read for %d marks, want none", sel, n, page.Returned)
		}
	}
}

func TestEveryChangeKeepsTheNumbersOfMarks(t *testing.T) {
	h := newHarness(t)
	ctx := context.Background()
	sess, marks := markedSession(h)
	h.countsAre(sess, marks)
	sess = h.must(h.Snapshot(ctx, of(sess)))
	h.countsAre(sess, marks)
	marked := sess.Current.ID
	sess = h.edit(sess, `{"op":"select_columns","columns":["column_5","a","column_2"]}`, `{"op":"delete_rows","rows":[1]}`)
	h.countsAre(sess, frame.Marks{"column_2": {0}, "a": {2, 3, 4, 5}})
	sess = h.must(h.Restore(ctx, of(sess), marked))
	h.countsAre(sess, marks)
	sess = h.must(h.SetMarks(ctx, of(sess), nil, false))
	h.countsAre(sess, frame.Marks{})
	h.countsAre(h.must(h.Undo(ctx, of(sess))), marks)
}

func TestMarksOfAnEarlierReleaseAreCountedWhenTheyAreAskedFor(t *testing.T) {
	h := newHarness(t, inStore)
	ctx := context.Background()
	sess, marks := markedSession(h)
	sess = h.must(h.commit(ctx, Ref{ID: sess.ID}, nil, func(h *head) ([]kv.Item, error) {
		for i := range h.Versions {
			h.Versions[i].MarkCounts = nil
		}
		return nil, nil
	}))
	h.calls.Reset()
	_, counts, err := h.MarkCounts(ctx, sess)
	if want := []int64{3, 2, 4, 0, 0}; err != nil || !slices.Equal(counts, want) {
		t.Errorf("%d marks, %v; want %d", counts, err, want)
	}
	if n := h.calls.Of(kvtest.OpGet).Keys; n != 1 {
		t.Errorf("%d keys read, want those of the marks", n)
	}
	if page, got := h.marked(sess, 0); page.Total != 9 || !reflect.DeepEqual(got, marks) {
		t.Errorf("%d marks %v, want %v", page.Total, got, marks)
	}
	// The next edit counts them.
	h.countsAre(h.edit(sess, `{"op":"drop_columns","columns":["column_5"]}`), marks)
}
