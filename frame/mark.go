package frame

import (
	"slices"

	"edgeframe/codec"
)

// markMissing marks cells as intentionally missing, or removes their marks.
type markMissing struct {
	Column string
	Rows   []int64
	// Remove says that marks are removed.
	Remove bool
}

func (op *markMissing) needs(*Frame) []place { return nil }

func (op *markMissing) apply(f *Frame) error {
	col, err := f.index(op.Column, "/column")
	if err != nil {
		return err
	}
	_, rows, err := f.checkRows(op.Rows)
	if err != nil {
		return err
	}
	before := f.Marks[op.Column]
	var after []int64
	if op.Remove {
		after = slices.DeleteFunc(slices.Clone(before), func(r int64) bool {
			_, found := slices.BinarySearch(rows, r)
			return found
		})
	} else {
		after = slices.Concat(before, rows)
		slices.Sort(after)
		after = slices.Compact(after)
	}
	if err := f.setMarks(op.Column, after); err != nil {
		return err
	}
	f.changes(col, max(len(after)-len(before), len(before)-len(after)))
	return nil
}

// setMarks replaces the marks of a column. rows are ascending and unique.
func (f *Frame) setMarks(name string, rows []int64) error {
	if f.Marks == nil {
		f.Marks = Marks{}
	}
	f.Marks[name] = rows
	total := 0
	for _, rows := range f.Marks {
		total += len(rows)
	}
	if total > MaxMarks {
		return codec.Errorf(codec.ErrTooLarge, "more than %d cells are marked as intentionally missing", MaxMarks)
	}
	if len(rows) == 0 {
		delete(f.Marks, name)
	}
	return nil
}

func (op *markMissing) did(e Effect) string {
	if op.Remove {
		return "unmarked " + count(e.Cells, "cell") + " of " + shownName(op.Column)
	}
	return "marked " + count(e.Cells, "cell") + " of " + shownName(op.Column) + " as missing on purpose"
}
