package codec

import (
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// parseIntCell reads the canonical spelling of an int64: an optional minus and digits without
// leading zeros. "+5", "007" and "-0" are not integers, because writing them back would not
// give the same text.
func parseIntCell(b []byte) (uint64, bool) {
	negative := len(b) > 0 && b[0] == '-'
	digits := b
	if negative {
		digits = b[1:]
	}
	// 19 digits cannot overflow a uint64.
	if len(digits) == 0 || len(digits) > 19 || digits[0] == '0' && len(b) > 1 {
		return 0, false
	}
	var n uint64
	for _, c := range digits {
		if c -= '0'; c > 9 {
			return 0, false
		}
		n = n*10 + uint64(c)
	}
	if negative {
		return -n, n <= 1<<63
	}
	return n, n <= math.MaxInt64
}

// maxDigits is how many significant digits a float64 cell may have. It bounds the cost of
// checking that none is lost.
const maxDigits = 64

// powersOfTen are those that a float64 holds exactly.
var powersOfTen = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// parseFloatCell reads the bits of a float64.
func parseFloatCell(b []byte) (uint64, bool) {
	v, ok := parseFloat(b)
	return math.Float64bits(v), ok
}

// parseFloat reads a decimal number whose digits a float64 keeps: any with up to 15
// significant digits, and longer ones if the float64 spelled with as many digits, or in its
// shortest form, has the same digits. Numbers with a leading plus or leading zeros, integers
// beyond int64, and numbers that overflow or underflow are refused. inf and infinity are
// read in upper and lower case.
func parseFloat(b []byte) (float64, bool) {
	d, ok := scanDecimal(b)
	if !ok {
		return parseNotFinite(b)
	}
	if d.integer {
		if v, ok := parseIntCell(b); ok {
			return float64(int64(v)), exactInFloat64(int64(v))
		}
		// "-0" is the one integer that only a float can keep.
		return math.Copysign(0, -1), d.mantissa == 0
	}
	if d.digits > safeDigits || d.exponent < -22 || d.exponent > 22 {
		return parseLongFloat(b, d)
	}
	// Both operands are exact, so the result is correctly rounded (Clinger, "How to read
	// floating point numbers accurately", 1990).
	v := float64(d.mantissa)
	if d.exponent < 0 {
		v /= powersOfTen[-d.exponent]
	} else {
		v *= powersOfTen[d.exponent]
	}
	if d.negative {
		v = -v
	}
	return v, true
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
	for ; i < len(b) && isDigit(b[i]); i++ {
		d.mantissa = d.mantissa*10 + uint64(b[i]-'0')
	}
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
	if b[i] == '.' {
		i++
		point := i
		for ; i < len(b) && isDigit(b[i]); i++ {
			d.mantissa = d.mantissa*10 + uint64(b[i]-'0')
			if d.digits > 0 || b[i] != '0' {
				d.digits++
			}
		}
		d.exponent = point - i
		whole += i - point
	}
	if whole == 0 {
		return d, false
	}
	if i == len(b) {
		return d, true
	}
	exponent, ok := scanExponent(b[i:])
	d.exponent += exponent
	return d, ok
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
	if len(digits) == 0 || len(digits) > 4 {
		return 0, false
	}
	exponent := 0
	for _, c := range digits {
		if !isDigit(c) {
			return 0, false
		}
		exponent = exponent*10 + int(c-'0')
	}
	if b[1] == '-' {
		exponent = -exponent
	}
	return exponent, true
}

func isDigit(c byte) bool { return c-'0' <= 9 }

// parseLongFloat reads a number that one exact operation does not give.
func parseLongFloat(b []byte, d decimal) (float64, bool) {
	if v, ok := d.nearest(); ok {
		return v, true
	}
	if d.digits > maxDigits {
		return 0, false
	}
	v, err := strconv.ParseFloat(string(b), 64)
	return v, err == nil && keepsDigits(b)
}

// nearest returns the float64 nearest to d if it keeps the digits of d. It works for most
// numbers of up to 19 digits between 0.0005 and 2^52, and reports false for all others.
//
// With d = m/10^k and a float64 f = M/2^q, let D = M·10^k - m·2^q, which is exact in 128
// bits. Then f is the float64 nearest to d if |f-d| < 1/2·2^-q, that is 2|D| < 10^k; and d is
// the decimal with k places nearest to f if |f-d| < 1/2·10^-k, that is 2|D| < 2^q. A first
// guess of f is at most one unit off.
func (d decimal) nearest() (float64, bool) {
	const hidden = 1 << 52
	k := -d.exponent
	if k < 1 || k > 19 || d.digits > 19 {
		return 0, false
	}
	ten := uint64(powersOfTen[k])
	guess := math.Float64bits(float64(d.mantissa) / powersOfTen[k])
	q := 52 - (int(guess>>52) - 1023)
	if q < 1 || q > 63 {
		return 0, false
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
		return 0, false
	}
	v := math.Float64frombits(guess&^(hidden-1) | m&(hidden-1))
	if d.negative {
		v = -v
	}
	return v, true
}

// parseNotFinite reads infinities, and those spellings of NaN that [DefaultNullValues] has:
// others would be written as one that is missing when it is read again.
func parseNotFinite(b []byte) (float64, bool) {
	word, sign := b, 1
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		word = b[1:]
		if b[0] == '-' {
			sign = -1
		}
	}
	for _, inf := range []string{"inf", "infinity"} {
		if len(word) == len(inf) && strings.EqualFold(string(word), inf) {
			return math.Inf(sign), true
		}
	}
	return math.NaN(), string(b) == "NaN" || string(b) == "nan"
}
