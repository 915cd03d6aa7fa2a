package scalar

import (
	"bytes"
	"math"
	"math/bits"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// ExactInFloat64 reports whether v has at most 53 significant bits.
func ExactInFloat64(v int64) bool {
	const all = 1 << 53
	if -all <= v && v <= all {
		return true
	}
	magnitude := uint64(v)
	if v < 0 {
		magnitude = -magnitude
	}
	return bits.LeadingZeros64(magnitude)+bits.TrailingZeros64(magnitude) >= 64-53
}

// IsInteger reports whether a JSON number has the spelling of an integer.
func IsInteger(raw []byte) bool {
	for _, c := range raw {
		if c == '.' || c == 'e' || c == 'E' {
			return false
		}
	}
	return string(raw) != "-0"
}

const (
	// SafeDigits is the number of decimal digits that every normal float64 keeps.
	SafeDigits = 15
	// mostDigits is the largest number of digits that a float64 can have.
	mostDigits = 767
	// minNormal is the smallest float64 with all its bits.
	minNormal = 0x1p-1022
)

// KeepsDigits reports whether a float64 keeps all digits of a number: if the float64 is
// written with as many digits, or with as few as distinguish it from its neighbours, the digits are the
// same. Next to powers of two the two spellings can differ in the last digit, and programs write either.
func KeepsDigits(raw []byte) bool {
	kept, _ := DigitsKept(raw)
	return kept
}

// DigitsKept is [KeepsDigits]. It also reports whether the shortest spelling of the float64, the one of
// [AppendFloat], has the same digits.
func DigitsKept(raw []byte) (kept, shortest bool) {
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil {
		return false, false
	}
	var buf, keptBuf, spellBuf [40]byte
	digits := significant(buf[:0], raw)
	switch {
	case len(digits) > mostDigits:
		return false, false
	case len(digits) == 0:
		return true, true
	case len(digits) <= SafeDigits && math.Abs(f) >= minNormal:
		return true, true
	}
	spelled := strconv.AppendFloat(spellBuf[:0], f, 'e', -1, 64)
	if bytes.Equal(bytes.TrimRight(digits, "0"), bytes.TrimRight(significant(keptBuf[:0], spelled), "0")) {
		return true, true
	}
	spelled = strconv.AppendFloat(spellBuf[:0], f, 'e', len(digits)-1, 64)
	return bytes.Equal(digits, significant(keptBuf[:0], spelled)), false
}

// SameDigits reports whether two numbers have the same digits, apart from zeros before and after them.
func SameDigits(a, b []byte) bool {
	var bufA, bufB [40]byte
	return bytes.Equal(bytes.TrimRight(significant(bufA[:0], a), "0"), bytes.TrimRight(significant(bufB[:0], b), "0"))
}

// significant appends the digits of a number without leading zeros, sign, point and
// exponent.
func significant(dst, raw []byte) []byte {
	for _, c := range raw {
		if c == 'e' || c == 'E' {
			break
		}
		if '0' <= c && c <= '9' && (c != '0' || len(dst) > 0) {
			dst = append(dst, c)
		}
	}
	return dst
}

// PlainString returns the content of a JSON string that has no escapes; for other values it returns false.
func PlainString(raw []byte) ([]byte, bool) {
	if raw[0] != '"' || bytes.IndexByte(raw, '\\') >= 0 {
		return nil, false
	}
	return raw[1 : len(raw)-1], true
}

// AppendJSONText appends the content of a string, and other values as compact JSON with
// the original spelling of numbers. raw is valid JSON.
func AppendJSONText(dst, raw []byte) []byte {
	switch raw[0] {
	case '"':
		dst, _ = jsontext.AppendUnquote(dst, raw)
	case '[', '{':
		dst, _ = jsontext.AppendFormat(dst, raw, jsontext.AllowDuplicateNames(true))
	default:
		dst = append(dst, raw...)
	}
	return dst
}
