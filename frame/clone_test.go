package frame

import (
	"slices"
	"testing"
)

func TestOperationsOnACloneLeaveTheFrameAsItWas(t *testing.T) {
	f := sample(t)
	before, rows := f.show(t), slices.Clone(f.Rows)
	f.TrackRows()
	f.origins.values = map[int]bool{}
	clone := &base{Frame: f.Clone()}
	if got := clone.show(t); !slices.Equal(got, before) {
		t.Fatalf("the clone is %q, want %q", got, before)
	}
	clone.apply(t, `[
		{"op":"set_values","column":"a","rows":[4],"value":7},
		{"op":"rename_columns","columns":{"b":"c"}},
		{"op":"sort","by":[{"column":"c"}]},
		{"op":"delete_rows","rows":[0]}
	]`)
	if got := f.show(t); !slices.Equal(got, before) || !slices.Equal(f.Rows, rows) {
		t.Errorf("the frame became %q with row groups of %d, want %q and %d", got, f.Rows, before, rows)
	}
	if from := f.origins.rows.Rows(); !slices.Equal(from, []int64{0, 1, 2, 3, 4}) || len(f.origins.values) != 0 {
		t.Errorf("the rows of the frame come from %d, and columns %v have changed", from, f.origins.values)
	}
	if got := clone.show(t); slices.Equal(got, before) {
		t.Error("the operations did not change the clone")
	}
}
