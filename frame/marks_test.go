package frame

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCheckPutsMarksInOrder(t *testing.T) {
	b := sample(t)
	given := Marks{"a": {4, 0, 4}, "b": {}, "n": nil}
	got, err := given.Check(b.Frame)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Marks{"a": {0, 4}}, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int64{4, 0, 4}, given["a"]); diff != "" {
		t.Errorf("what was given has changed: %s", diff)
	}
}

func TestCheckRefusesMarksOutsideTheTable(t *testing.T) {
	tests := []struct {
		name  string
		marks Marks
		kind  error
		want  string
	}{
		{"an unknown column", Marks{"zz": {0}}, ErrColumnNotFound, `"zz"`},
		{"a row past the end", Marks{"a": {0, 5}}, ErrInvalidOperation, "row 5 of column"},
		{"a negative row", Marks{"a": {3, -2}}, ErrInvalidOperation, "row -2 of column"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := tt.marks.Check(sample(t).Frame)
			if !errors.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestMarksFollowTheDeletionOfRows(t *testing.T) {
	tests := []struct {
		name          string
		marks, delete []int64
		want          Marks
	}{
		{"those before stay", []int64{0, 1}, []int64{2, 3}, Marks{"a": {0, 1}}},
		{"those after move up", []int64{3, 9}, []int64{0, 5}, Marks{"a": {2, 7}}},
		{"those on deleted rows go", []int64{1, 2, 3}, []int64{2}, Marks{"a": {1, 2}}},
		{"a column without any left is gone", []int64{1, 2}, []int64{1, 2}, Marks{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := Marks{"a": tt.marks}
			m.removeRows(tt.delete)
			if diff := cmp.Diff(tt.want, m); diff != "" {
				t.Error(diff)
			}
		})
	}
}
