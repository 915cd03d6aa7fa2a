package codec

import (
	"bytes"
	"math"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/go-json-experiment/json/jsontext"
)

// jsonKind is the kind of a JSON value that is not an array or object; 0 for null.
func jsonKind(raw []byte) kinds {
	switch raw[0] {
	case 'n':
		return 0
	case 't', 'f':
		return kindBool
	case '"':
		return kindString
	}
	return numberKind(raw)
}

// numberKind is the kind of a JSON number. -0 is a float: integers have no such value.
func numberKind(raw []byte) kinds {
	if !isInteger(raw) {
		if keepsDigits(raw) {
			return kindFloat
		}
		return kindDigits
	}
	if v, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		return intKind(v)
	}
	if keepsDigits(raw) {
		return kindBig
	}
	return kindDigits
}

// isInteger reports whether a JSON number has the spelling of an integer.
func isInteger(raw []byte) bool {
	for _, c := range raw {
		if c == '.' || c == 'e' || c == 'E' {
			return false
		}
	}
	return string(raw) != "-0"
}

const (
	// safeDigits is the number of decimal digits that every normal float64 keeps.
	safeDigits = 15
	// mostDigits is the largest number of digits that a float64 can have.
	mostDigits = 767
	// minNormal is the smallest float64 with all its bits.
	minNormal = 0x1p-1022
)

// keepsDigits reports whether a float64 keeps all digits of a number: written with as many
// digits, or with as few as tell it apart from its neighbours, it has the same ones. Next to
// powers of two the two spellings can differ in the last digit, and programs write either.
func keepsDigits(raw []byte) bool {
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil {
		return false
	}
	var buf, keptBuf, spellBuf [40]byte
	digits := significant(buf[:0], raw)
	switch {
	case len(digits) > mostDigits:
		return false
	case len(digits) == 0:
		return true
	case len(digits) <= safeDigits && math.Abs(f) >= minNormal:
		return true
	}
	kept := strconv.AppendFloat(spellBuf[:0], f, 'e', len(digits)-1, 64)
	if bytes.Equal(digits, significant(keptBuf[:0], kept)) {
		return true
	}
	shortest := strconv.AppendFloat(spellBuf[:0], f, 'e', -1, 64)
	return bytes.Equal(bytes.TrimRight(digits, "0"), bytes.TrimRight(significant(keptBuf[:0], shortest), "0"))
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

// appendJSONTo returns a function that appends a JSON value to b, whose type [scalarType]
// chose. Text is the content of strings and the compact JSON of other values.
func appendJSONTo(b array.Builder) func(raw []byte) {
	switch b := b.(type) {
	case *array.NullBuilder:
		return nil
	case *array.BooleanBuilder:
		return func(raw []byte) { b.UnsafeAppend(raw[0] == 't') }
	case *array.Int64Builder:
		return func(raw []byte) {
			v, _ := strconv.ParseInt(string(raw), 10, 64)
			b.UnsafeAppend(v)
		}
	case *array.Float64Builder:
		return func(raw []byte) {
			v, _ := strconv.ParseFloat(string(raw), 64)
			b.UnsafeAppend(v)
		}
	case *array.StringBuilder:
		var buf []byte
		return func(raw []byte) {
			if content, ok := plainString(raw); ok {
				b.BinaryBuilder.Append(content)
				return
			}
			buf = appendJSONText(buf[:0], raw)
			b.BinaryBuilder.Append(buf)
		}
	}
	panic("no JSON value has type " + b.Type().String())
}

// plainString returns the content of a JSON string without escapes.
func plainString(raw []byte) ([]byte, bool) {
	if raw[0] != '"' || bytes.IndexByte(raw, '\\') >= 0 {
		return nil, false
	}
	return raw[1 : len(raw)-1], true
}

// appendJSONText appends the content of a string, and other values as compact JSON with
// the original spelling of numbers. raw has been validated.
func appendJSONText(dst, raw []byte) []byte {
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
