package frame

import (
	"context"
	"math/rand/v2"
	"slices"
)

// divideStep is how many values are divided without looking whether the work has been given up: that takes about a
// hundredth of a second.
const divideStep = 1 << 20

// sortedAtOnce is how many values are sorted to find the one that has a rank among them.
const sortedAtOnce = 4096

// nth changes the order of values so that the one with a rank, counted from 0, is where it is if all are sorted, none
// before it is greater, and none behind it is less. It fails when the work has been given up.
func nth[T any](ctx context.Context, values []T, rank int, compare func(a, b T) int) error {
	for len(values) > sortedAtOnce {
		low, high, err := divide(ctx, values, pivot(values, compare), compare)
		switch {
		case err != nil:
			return err
		case rank < low:
			values = values[:low]
		case rank < high:
			return nil
		default:
			values, rank = values[high:], rank-high
		}
	}
	slices.SortFunc(values, compare)
	return nil
}

// middleOf returns the two values in the middle of all, in order; the upper one is the middle of an odd number of values.
// It changes their order.
func middleOf[T any](ctx context.Context, all []T, compare func(a, b T) int) (lower, upper T, err error) {
	above := len(all) / 2
	if err := nth(ctx, all, above, compare); err != nil {
		return lower, upper, err
	}
	if lower, upper = all[above], all[above]; above > 0 {
		lower = slices.MaxFunc(all[:above], compare)
	}
	return lower, upper, nil
}

// pivot returns a value that is about in the middle, from a random sample: nobody can prepare values of
// which it is not.
func pivot[T any](values []T, compare func(a, b T) int) T {
	sample := make([]T, 255)
	for i := range sample {
		sample[i] = values[rand.IntN(len(values))]
	}
	slices.SortFunc(sample, compare)
	return sample[len(sample)/2]
}

// divide puts the values below a pivot before low, those that equal it from low to high, and the others
// behind.
func divide[T any](ctx context.Context, values []T, pivot T, compare func(a, b T) int) (low, high int, err error) {
	high = len(values)
	for at, steps := 0, 0; at < high; steps++ {
		if steps%divideStep == 0 {
			if err := ended(ctx); err != nil {
				return 0, 0, err
			}
		}
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
	return low, high, nil
}
