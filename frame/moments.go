package frame

import "math"

// moments are n values' mean and the sums of the second, third and fourth powers of their distances from it.
type moments struct{ n, mean, m2, m3, m4 float64 }

// constant reports whether the values are equal: what their distances add up to is then the error of the mean.
func (m moments) constant() bool {
	const epsilon = 0x1p-52
	limit := epsilon * m.mean
	return m.m2 <= m.n*limit*limit
}

// skewness is the adjusted Fisher-Pearson standardized moment coefficient, as DataFrame.skew of pandas: NaN
// for fewer than three values, 0 for equal ones.
func (m moments) skewness() float64 {
	switch {
	case m.n < 3:
		return math.NaN()
	case m.constant():
		return 0
	}
	return m.n * math.Sqrt(m.n-1) / (m.n - 2) * (m.m3 / math.Pow(m.m2, 1.5))
}

// kurtosis is the unbiased excess kurtosis, as DataFrame.kurt of pandas: NaN for fewer than four values, 0 for
// equal ones.
func (m moments) kurtosis() float64 {
	switch {
	case m.n < 4:
		return math.NaN()
	case m.constant():
		return 0
	}
	adjust := 3 * (m.n - 1) * (m.n - 1) / ((m.n - 2) * (m.n - 3))
	return m.n*(m.n+1)*(m.n-1)*m.m4/((m.n-2)*(m.n-3)*m.m2*m.m2) - adjust
}
