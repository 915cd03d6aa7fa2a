package delimited

import (
	"bytes"
	"math"
	"math/bits"
	"strconv"
	"strings"

	"edgeframe/codec/scalar"
)

// parseIntCell reads the canonical spelling of an int64: an optional minus and digits without
// leading zeros. "+5", "007" and "-0" are not integers, because writing them back would not
// give the same text.
func parseIntCell(b []byte) (uint64, cellFit) {
	n, ok := parseInt(b)
	if !ok {
		return 0, fitsNot
	}
	return n, fits
}

func parseInt(b []byte) (uint64, bool) {
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

// parseFloatCell reads the bits of a float64 with parseFloat.
func parseFloatCell(b []byte) (uint64, cellFit) {
	d, ok := scanDecimal(b)
	v, spelled := 0.0, false
	if ok {
		v, ok, spelled = d.float(b)
	} else {
		v, ok = parseNotFinite(b)
	}
	if !ok {
		return 0, fitsNot
	}
	if !spelled && !d.integer && !d.padded {
		var buf [40]byte
		spelled = bytes.Equal(b, scalar.AppendFloat(buf[:0], v, 64))
	}
	return math.Float64bits(v), spelledSo(spelled)
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
	v, ok, _ := d.float(b)
	return v, ok
}

// float is the number d, which b spells. spelled says that it is certainly written as b:
// with up to 15 digits, of which the last is not a superfluous zero, no shorter number gives
// the same float64.
func (d decimal) float(b []byte) (v float64, ok, spelled bool) {
	if d.integer {
		if v, ok := parseInt(b); ok {
			return float64(int64(v)), scalar.ExactInFloat64(int64(v)), false
		}
		// "-0" is the one integer that only a float can keep.
		return math.Copysign(0, -1), d.mantissa == 0, false
	}
	if d.digits > scalar.SafeDigits || d.exponent < -22 || d.exponent > 22 {
		return parseLongFloat(b, d)
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
		d.padded = d.exponent < -1 && b[i-1] == '0'
		d.plain = d.exponent < 0 && whole+d.exponent > 0 && !d.padded
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
func parseLongFloat(b []byte, d decimal) (v float64, ok, spelled bool) {
	if v, ok, shortest := d.nearest(); ok {
		return v, true, shortest && d.plain
	}
	if d.digits > maxDigits {
		return 0, false, false
	}
	v, err := strconv.ParseFloat(string(b), 64)
	return v, err == nil && scalar.KeepsDigits(b), false
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

// parseNotFinite reads infinities, and those spellings of NaN that [scalar.DefaultNullValues] has:
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
