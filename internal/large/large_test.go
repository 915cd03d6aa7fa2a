package large

import (
	"slices"
	"testing"
)

func numbers(from, n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = from + i
	}
	return list
}

func TestGrow(t *testing.T) {
	for _, n := range []int{0, 1, part, part + 1, 3*part - 1} {
		list := numbers(0, n)
		grown := Grow(list, 5)
		if !slices.Equal(grown, list) || cap(grown) != n+5 {
			t.Errorf("%d elements: %d with room for %d", n, len(grown), cap(grown))
		}
		if again := Grow(grown, 5); n > 0 && &again[0] != &grown[0] {
			t.Errorf("%d elements were copied although there was room", n)
		}
	}
}

func TestConcat(t *testing.T) {
	for _, sizes := range [][]int{{}, {0}, {3}, {2, 0, 1}, {part + 1, 1, 2*part + 3}} {
		var parts [][]int
		n := 0
		for _, size := range sizes {
			parts = append(parts, numbers(n, size))
			n += size
		}
		if all := Concat(parts...); !slices.Equal(all, numbers(0, n)) {
			t.Errorf("parts of %v: %d elements", sizes, len(all))
		}
	}
}
