package scalar

import (
	"math"
	"strconv"
)

// AppendFloat spells f with the fewest digits that read back as f. Whole numbers keep a
// ".0", so that inference finds a float again.
func AppendFloat(dst []byte, f float64, bits int) []byte {
	abs := math.Abs(f)
	switch {
	case math.IsNaN(f):
		return append(dst, "NaN"...)
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	case abs != 0 && (abs < 1e-4 || abs >= 1e16):
		return strconv.AppendFloat(dst, f, 'e', -1, bits)
	}
	if bits == 64 {
		if micros, ok := inMicros(abs); ok {
			if math.Signbit(f) {
				dst = append(dst, '-')
			}
			return appendMicros(dst, micros)
		}
	}
	dst = strconv.AppendFloat(dst, f, 'f', -1, bits)
	if abs == math.Trunc(abs) {
		dst = append(dst, ".0"...)
	}
	return dst
}

// inMicros returns abs in millionths, if it is the float64 that is nearest to a whole number of them, which is below
// 1e15. Two decimals of up to 15 digits never have the same nearest float64. So these are the fewest digits that read
// back as abs, and strconv, which is several times slower, would find the same ones.
func inMicros(abs float64) (micros uint64, ok bool) {
	if abs >= 1e9 {
		return 0, false
	}
	micros = uint64(abs*1e6 + 0.5)
	return micros, float64(micros)/1e6 == abs
}

// appendMicros spells a number of millionths with at least one digit after the point, and without further zeros.
func appendMicros(dst []byte, micros uint64) []byte {
	dst = append(strconv.AppendUint(dst, micros/1e6, 10), '.')
	fraction := int(micros % 1e6)
	dst = appendTwoDigits(dst, fraction/10_000)
	if fraction %= 10_000; fraction > 0 {
		dst = appendTwoDigits(dst, fraction/100)
		if fraction %= 100; fraction > 0 {
			dst = appendTwoDigits(dst, fraction)
		}
	}
	if end := len(dst) - 1; dst[end] == '0' && dst[end-1] != '.' {
		return dst[:end]
	}
	return dst
}
