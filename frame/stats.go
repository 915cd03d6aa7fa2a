package frame

import "math"

// meanOf is the arithmetic mean of values, of which there is at least one.
func meanOf(values []float64) float64 {
	var total sum
	for _, v := range values {
		total.add(v)
	}
	return total.value() / float64(len(values))
}

// stdOf is the standard deviation of a sample: the sum of squares is divided by one less than the
// number of values, as in pandas. With fewer than two values it is NaN.
func stdOf(values []float64) float64 {
	if len(values) < 2 {
		return math.NaN()
	}
	mean := meanOf(values)
	var squares sum
	for _, v := range values {
		squares.add((v - mean) * (v - mean))
	}
	return math.Sqrt(squares.value() / float64(len(values)-1))
}
