package frame

import (
	"slices"
	"testing"
)

// TestOnlyWhatIsTheSameIsTakenForStored is about zeros, which are equal whatever their sign is but are not spelled alike.
func TestOnlyWhatIsTheSameIsTakenForStored(t *testing.T) {
	columns := []column{
		{"n", "int64", []string{`[2,1]`, `[3]`}},
		{"f", "float64", []string{`[0.0,-0.0]`, `[1.5]`}},
		{"g", "float32", []string{`[-0.0,0.0]`, `[null]`}},
	}
	for operations, want := range map[string][]string{
		`[{"op":"set_values","column":"f","rows":[0,2],"values":[0.0,1.5]}]`: {
			"n int64 [2,1]= [3]=", "f float64 [0.0,-0.0]= [1.5]=", "g float32 [-0.0,0.0]= [null]=",
		},
		`[{"op":"set_values","column":"f","rows":[0,2],"values":[-0.0,1.5]}]`: {
			"n int64 [2,1]= [3]=", "f float64 [-0.0,-0.0] [1.5]=", "g float32 [-0.0,0.0]= [null]=",
		},
		`[{"op":"set_values","column":"g","rows":[1,2],"values":[-0.0,null]}]`: {
			"n int64 [2,1]= [3]=", "f float64 [0.0,-0.0]= [1.5]=", "g float32 [-0.0,-0.0] [null]=",
		},
		`[{"op":"sort","by":[{"column":"n"}]}]`: {
			"n int64 [1,2] [3]=", "f float64 [-0.0,0.0] [1.5]=", "g float32 [0.0,-0.0] [null]=",
		},
	} {
		b := stored(t, columns...)
		before := b.Clone()
		b.apply(t, operations)
		if err := b.RestoreStored(before); err != nil {
			t.Fatal(err)
		}
		if got := b.show(t); !slices.Equal(got, want) {
			t.Errorf("%s makes\n%q, want\n%q", operations, got, want)
		}
	}
}
