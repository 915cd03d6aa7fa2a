package scalar

import (
	"bytes"
	"math"
	"strconv"
	"strings"
)

// Fit says whether a text can be read as a value of some type.
type Fit uint8

const (
	// NoFit means that the text is no value of the type.
	NoFit Fit = iota
	// Respelled means that it is one, but that [Text] spells that value otherwise.
	Respelled
	// Same means that it is one, and that [Text] spells it the same.
	Same
)

// fitOf is the fit of a text that can be read.
func fitOf(same bool) Fit {
	if same {
		return Same
	}
	return Respelled
}

// ParseBool reads true and false, also with a capital or in capitals.
func ParseBool(b []byte) (v bool, fit Fit) {
	switch string(b) {
	case "true":
		return true, Same
	case "false":
		return false, Same
	case "True", "TRUE":
		return true, Respelled
	case "False", "FALSE":
		return false, Respelled
	}
	return false, NoFit
}

// ParseInt reads the canonical spelling of an int64: an optional minus and digits without
// leading zeros. "+5", "007" and "-0" are not accepted, because writing the number back would not
// give the same text.
func ParseInt(b []byte) (int64, bool) {
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
		return int64(-n), n <= 1<<63
	}
	return int64(n), n <= math.MaxInt64
}

// ParseNotFinite reads infinities in upper and lower case, and those spellings of NaN that
// [DefaultNullValues] has: others would be written as one that is missing when it is read again.
func ParseNotFinite(b []byte) (float64, bool) {
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

// Number is a decimal number as people spell it: with a plus or leading zeros, with a point at
// the beginning or end.
type Number struct {
	// Negative and Positive say which sign there is, if there is one.
	Negative, Positive bool
	// Whole and Places are the digits before and behind the point; Pointed says that there is one.
	Whole, Places []byte
	Pointed       bool
	// Exponent is empty or begins with e or E.
	Exponent []byte
}

// ScanNumber cuts a number into its parts.
func ScanNumber(b []byte) (n Number, ok bool) {
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		n.Negative, n.Positive = b[0] == '-', b[0] == '+'
		b = b[1:]
	}
	n.Whole, b = cutDigits(b)
	if n.Pointed = len(b) > 0 && b[0] == '.'; n.Pointed {
		n.Places, b = cutDigits(b[1:])
	}
	if len(n.Whole)+len(n.Places) == 0 {
		return n, false
	}
	if n.Exponent = b; len(b) == 0 {
		return n, true
	}
	if b[0] != 'e' && b[0] != 'E' {
		return n, false
	}
	if b = b[1:]; len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		b = b[1:]
	}
	digits, rest := cutDigits(b)
	return n, len(digits) > 0 && len(rest) == 0
}

func cutDigits(b []byte) (digits, rest []byte) {
	i := 0
	for i < len(b) && isDigit(b[i]) {
		i++
	}
	return b[:i], b[i:]
}

func isDigit(c byte) bool { return c-'0' <= 9 }

// AppendJSON appends the number as JSON, without a plus and leading zeros.
func (n Number) AppendJSON(dst []byte) []byte {
	if n.Negative {
		dst = append(dst, '-')
	}
	if whole := bytes.TrimLeft(n.Whole, "0"); len(whole) > 0 {
		dst = append(dst, whole...)
	} else {
		dst = append(dst, '0')
	}
	if len(n.Places) > 0 {
		dst = append(append(dst, '.'), n.Places...)
	}
	return append(dst, n.Exponent...)
}

// jsonInt is the int64 that a JSON number is: 1.0 and 1e3 are some too.
func jsonInt(raw []byte) (int64, bool) {
	if v, ok := ParseInt(raw); ok {
		return v, true
	}
	magnitude, negative, ok := wholeNumber(raw)
	if negative {
		return int64(-magnitude), ok && magnitude <= 1<<63
	}
	return int64(magnitude), ok && magnitude <= math.MaxInt64
}

// jsonUint is the uint64 that a JSON number is.
func jsonUint(raw []byte) (uint64, bool) {
	if v, err := strconv.ParseUint(string(raw), 10, 64); err == nil {
		return v, true
	}
	magnitude, negative, ok := wholeNumber(raw)
	return magnitude, ok && (!negative || magnitude == 0)
}

// wholeNumber returns the magnitude of a number that is whole although it is not spelled as an integer,
// such as 1.0 and 1e18. It is exact: no float is on the way.
func wholeNumber(raw []byte) (magnitude uint64, negative, ok bool) {
	const most = 20 // digits of a uint64
	n, ok := ScanNumber(raw)
	if !ok || IsInteger(raw) {
		return 0, false, false
	}
	digits, places := bytes.TrimLeft(n.Whole, "0"), bytes.TrimRight(n.Places, "0")
	if len(digits) == 0 && len(places) == 0 {
		return 0, n.Negative, true
	}
	shift := 0
	if len(n.Exponent) > 0 {
		var err error
		if shift, err = strconv.Atoi(string(n.Exponent[1:])); err != nil || shift < -len(raw) || shift > len(raw)+most {
			return 0, false, false
		}
	}
	digits = append(bytes.Clone(digits), places...)
	short := bytes.TrimRight(digits, "0")
	zeros := shift - len(places) + len(digits) - len(short)
	if short = bytes.TrimLeft(short, "0"); zeros < 0 || len(short)+zeros > most {
		return 0, false, false
	}
	magnitude, err := strconv.ParseUint(string(short)+strings.Repeat("0", zeros), 10, 64)
	return magnitude, n.Negative, err == nil
}

// isWhole reports whether f is an integer that cannot have been rounded.
func isWhole(f float64) bool {
	const most = 1 << 53
	return f == math.Trunc(f) && -most <= f && f <= most
}

// jsonFloat returns the float of so many bits that is nearest to a JSON number. It fails if the
// number is out of range, or if it is an integer and a digit would be lost.
func jsonFloat(raw []byte, bits int) (float64, bool) {
	f, err := strconv.ParseFloat(string(raw), bits)
	return f, err == nil && (!IsInteger(raw) || sameInteger(raw, f))
}

// sameInteger reports whether f is exactly the integer that raw spells.
func sameInteger(raw []byte, f float64) bool {
	var buf [32]byte
	return string(raw) == string(strconv.AppendFloat(buf[:0], f, 'f', 0, 64))
}
