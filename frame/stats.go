package frame

import "math"

// Mean is the arithmetic mean of values, of which there is at least one. Its sum is compensated
// (Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen", 1974), so
// that the order of the values and their number hardly matter.
func Mean(values []float64) float64 {
	sum, lost := 0.0, 0.0
	for _, v := range values {
		next := sum + v
		if math.Abs(sum) >= math.Abs(v) {
			lost += (sum - next) + v
		} else {
			lost += (v - next) + sum
		}
		sum = next
	}
	if math.IsInf(sum, 0) || math.IsNaN(sum) {
		return sum / float64(len(values))
	}
	return (sum + lost) / float64(len(values))
}

// Std is the standard deviation of a sample: the sum of squares is divided by one less than the
// number of values, as in pandas. With fewer than two values it is NaN.
func Std(values []float64) float64 {
	if len(values) < 2 {
		return math.NaN()
	}
	mean := Mean(values)
	squares := make([]float64, len(values))
	for i, v := range values {
		squares[i] = (v - mean) * (v - mean)
	}
	n := float64(len(values))
	return math.Sqrt(Mean(squares) * n / (n - 1))
}
