package frame

import (
	"context"
	"math/rand/v2"
)

// sortStep is the largest number of values that are sorted without looking whether the work has been given
// up: that takes about a tenth of a second.
const sortStep = 1 << 20

// sortSteps sorts values by compare. It divides them until each part has at most sortStep values, which sort
// then puts in order, and fails when the work has been given up.
func sortSteps[T any](ctx context.Context, values []T, compare func(a, b T) int, sort func([]T)) error {
	for len(values) > sortStep {
		if err := ended(ctx); err != nil {
			return err
		}
		low, high := divide(values, pivot(values, sort), compare)
		if err := sortSteps(ctx, values[:low], compare, sort); err != nil {
			return err
		}
		values = values[high:]
	}
	if err := ended(ctx); err != nil {
		return err
	}
	sort(values)
	return nil
}

// pivot returns a value that is about in the middle, from a random sample: nobody can prepare values of
// which it is not.
func pivot[T any](values []T, sort func([]T)) T {
	sample := make([]T, 255)
	for i := range sample {
		sample[i] = values[rand.IntN(len(values))]
	}
	sort(sample)
	return sample[len(sample)/2]
}

// divide puts the values below a pivot before low, those that equal it from low to high, and the others
// behind.
func divide[T any](values []T, pivot T, compare func(a, b T) int) (low, high int) {
	high = len(values)
	for at := 0; at < high; {
		switch c := compare(values[at], pivot); {
		case c < 0:
			values[low], values[at] = values[at], values[low]
			low++
			at++
		case c > 0:
			high--
			values[high], values[at] = values[at], values[high]
		default:
			at++
		}
	}
	return low, high
}
