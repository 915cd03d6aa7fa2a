package scalar

import (
	"bytes"
	"math"
	"math/bits"
	"strconv"
)

// maxDigits is how many significant digits a number may have that [ParseFloat] reads. It bounds
// the cost of checking that none is lost.
const maxDigits = 64

// powersOfTen are those that a float64 holds exactly.
var powersOfTen = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// ParseFloat reads a decimal number whose digits a float64 keeps: any with up to 15 significant
// digits, and longer ones if the float64 spelled with as many digits, or in its shortest form, has
// the same digits. Numbers with a leading plus or leading zeros, integers beyond int64, and numbers
// that overflow or underflow are refused. Infinities and NaN are those of [ParseNotFinite].
func ParseFloat(b []byte) (float64, Fit) {
	d, ok := scanDecimal(b)
	v, spelled := 0.0, false
	if ok {
		v, ok, spelled = d.float(b)
	} else {
		v, ok = ParseNotFinite(b)
	}
	if !ok {
		return 0, NoFit
	}
	if !spelled && !d.integer && !d.padded {
		var buf [40]byte
		spelled = bytes.Equal(b, AppendFloat(buf[:0], v, 64))
	}
	return v, fitOf(spelled)
}

// decimal is the number mantissa × 10^exponent. With more than 19 digits the mantissa has
// overflowed.
type decimal struct {
	mantissa uint64
	exponent int
	// digits counts the digits from the first that is not zero.
	digits   int
	negative bool
	// integer says that there is neither a point nor an exponent.
	integer bool
	// plain says that there are digits on both sides of a point and no exponent, and padded
	// that there is a zero at their end that is not next to the point; it is then not plain.
	plain, padded bool
}

// float is the number d, which b spells. spelled says that it is certainly written as b:
// with up to 15 digits, of which the last is not a superfluous zero, no shorter number gives
// the same float64.
func (d decimal) float(b []byte) (v float64, ok, spelled bool) {
	if d.integer {
		if v, ok := ParseInt(b); ok {
			return float64(v), ExactInFloat64(v), false
		}
		// "-0" is the one integer that only a float can keep.
		return math.Copysign(0, -1), d.mantissa == 0, false
	}
	if d.digits > SafeDigits || d.exponent < -22 || d.exponent > 22 {
		return d.longFloat(b)
	}
	// Both operands are exact, so the result is correctly rounded (Clinger, "How to read
	// floating point numbers accurately", 1990).
	v = float64(d.mantissa)
	if d.exponent < 0 {
		v /= powersOfTen[-d.exponent]
	} else {
		v *= powersOfTen[d.exponent]
	}
	if d.negative {
		v = -v
	}
	return v, true, d.plain && (math.Abs(v) >= 1e-4 || v == 0)
}

// scanDecimal reads -?digits, with a point anywhere and an exponent. More than one digit
// before the point must not begin with zero.
func scanDecimal(b []byte) (d decimal, ok bool) {
	i := 0
	if len(b) > 0 && b[0] == '-' {
		d.negative = true
		i = 1
	}
	first := i
	d.mantissa, i = addDigits(b, i, 0)
	whole := i - first
	if whole > 1 && b[first] == '0' {
		return d, false
	}
	if d.mantissa != 0 || whole > 1 {
		d.digits = whole
	}
	if i == len(b) {
		d.integer = true
		return d, whole > 0
	}
	places := 0
	if b[i] == '.' {
		point := i + 1
		d.mantissa, i = addDigits(b, point, d.mantissa)
		places = i - point
		d.exponent = -places
		if d.digits == 0 {
			point += leadingZeros(b[point:i])
		}
		d.digits += i - point
	}
	if whole+places == 0 {
		return d, false
	}
	if i == len(b) {
		d.padded = places > 1 && b[i-1] == '0'
		d.plain = places > 0 && whole > 0 && !d.padded
		return d, true
	}
	exponent, ok := scanExponent(b[i:])
	d.exponent += exponent
	return d, ok
}

// addDigits reads the digits from b[i] on as further digits of n, and returns where they end.
func addDigits(b []byte, i int, n uint64) (uint64, int) {
	for ; i < len(b) && isDigit(b[i]); i++ {
		n = n*10 + uint64(b[i]-'0')
	}
	return n, i
}

func leadingZeros(b []byte) int {
	n := 0
	for n < len(b) && b[n] == '0' {
		n++
	}
	return n
}

// scanExponent reads e or E, a sign, and up to four digits.
func scanExponent(b []byte) (int, bool) {
	if b[0] != 'e' && b[0] != 'E' {
		return 0, false
	}
	digits := b[1:]
	if len(digits) > 0 && (digits[0] == '+' || digits[0] == '-') {
		digits = digits[1:]
	}
	exponent, end := addDigits(digits, 0, 0)
	if len(digits) == 0 || len(digits) > 4 || end < len(digits) {
		return 0, false
	}
	if b[1] == '-' {
		return -int(exponent), true
	}
	return int(exponent), true
}

// longFloat reads a number that one exact operation does not give.
func (d decimal) longFloat(b []byte) (v float64, ok, spelled bool) {
	if v, ok, shortest := d.nearest(); ok {
		return v, true, shortest && d.plain
	}
	if d.digits > maxDigits {
		return 0, false, false
	}
	v, err := strconv.ParseFloat(string(b), 64)
	return v, err == nil && KeepsDigits(b), false
}

// nearest returns the float64 nearest to d if it keeps the digits of d. It works for most
// numbers of up to 19 digits between 0.0005 and 2^52, and reports false for all others.
//
// With d = m/10^k and a float64 f = M/2^q, let D = M·10^k - m·2^q, which is exact in 128
// bits. Then f is the float64 nearest to d if |f-d| < 1/2·2^-q, that is 2|D| < 10^k; and d is
// the decimal with k places nearest to f if |f-d| < 1/2·10^-k, that is 2|D| < 2^q. A first
// guess of f is at most one unit off.
//
// shortest says that no number with fewer places gives f: then d is what f is written as.
func (d decimal) nearest() (v float64, ok, shortest bool) {
	const hidden = 1 << 52
	k := -d.exponent
	if k < 1 || k > 19 || d.digits > 19 {
		return 0, false, false
	}
	ten := uint64(powersOfTen[k])
	guess := math.Float64bits(float64(d.mantissa) / powersOfTen[k])
	q := 52 - (int(guess>>52) - 1023)
	if q < 1 || q > 63 {
		return 0, false, false
	}
	m := guess&(hidden-1) | hidden
	hi, lo := bits.Mul64(m, ten)
	lo, borrow := bits.Sub64(lo, d.mantissa<<q, 0)
	hi, _ = bits.Sub64(hi, d.mantissa>>(64-q), borrow)
	step := uint64(1)
	if hi == math.MaxUint64 {
		lo = -lo
	} else {
		step = -step
	}
	if lo > ten/2 && lo < ten {
		lo = ten - lo
		m += step
	}
	if hi+1 > 1 || lo >= ten/2 || lo >= 1<<(q-1) || m <= hidden || m >= 2*hidden {
		return 0, false, false
	}
	v = math.Float64frombits(guess&^(hidden-1) | m&(hidden-1))
	if d.negative {
		v = -v
	}
	return v, true, d.isShortest(lo, ten, q)
}

// isShortest reports whether both numbers next to d with one place less are too far from f
// to be read as f. distance is |D|, for which see nearest; the answer false may be wrong.
func (d decimal) isShortest(distance, ten uint64, q int) bool {
	last := d.mantissa % 10
	step := min(last, 10-last)
	if step == 0 {
		return false
	}
	// Such a number is at least step·10^-k from d.
	hi, lo := bits.Mul64(step, 1<<q)
	return hi > 0 || lo > ten/2+distance
}
