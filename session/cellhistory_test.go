package session

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edgeframe/frame"
)

// history spells what a cell held in each version, the newest first.
func (h *harness) history(sess *Session, version uint32, row int64, column string) (lines []string) {
	h.t.Helper()
	cells, err := h.CellHistory(h.t.Context(), sess, CellSelection{Version: version, Row: row, Column: column})
	if err != nil {
		h.t.Fatal(err)
	}
	for _, c := range cells.Cells {
		line := fmt.Sprintf("%d: %s of row %d, %s", c.Version.ID, c.Value, c.Row, c.Column)
		if c.Marked {
			line += ", marked"
		}
		lines = append(lines, line)
	}
	return lines
}

func TestTheHistoryOfACellHasItsValueInEachVersion(t *testing.T) {
	h := newHarness(t, inStore)
	sess := h.send(h.small(), `{"op":"set_values","column":"dose","rows":[1],"values":[7.5]}`)
	sess = h.send(sess, `{"op":"rename_columns","columns":{"dose":"mg"}}`)
	sess = h.send(sess, `{"op":"set_values","column":"mg","rows":[1],"value":null}`, `{"op":"mark_missing","column":"mg","rows":[1]}`)
	h.calls.Reset()
	want := []string{"4: null of row 1, mg, marked", "3: 7.5 of row 1, mg", "2: 7.5 of row 1, dose", "1: null of row 1, dose"}
	if diff := cmp.Diff(want, h.history(sess, 0, 1, "mg")); diff != "" {
		t.Error(diff)
	}
	if n := h.segmentsRead(); n != 3 {
		t.Errorf("%d segments read, want those of two tables and one of marks", n)
	}
	if diff := cmp.Diff(want, h.history(sess, 2, 1, "dose")); diff != "" {
		t.Error(diff)
	}
	for _, tt := range []struct {
		sel  CellSelection
		kind error
	}{
		{CellSelection{Column: "dose"}, frame.ErrColumnNotFound},
		{CellSelection{Column: "mg", Row: 4}, ErrRowNotFound},
		{CellSelection{Column: "mg", Version: 9}, ErrVersionNotFound},
	} {
		if _, err := h.CellHistory(t.Context(), sess, tt.sel); !errors.Is(err, tt.kind) {
			t.Errorf("%+v: %v", tt.sel, err)
		}
	}
}
