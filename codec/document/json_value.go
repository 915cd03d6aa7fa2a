package document

import (
	"strconv"

	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec/scalar"
)

// jsonKind is the kind of a JSON value, or of an infinity, that is not an array or object; 0 for null.
func jsonKind(raw []byte) kinds {
	switch raw[0] {
	case 'n':
		return 0
	case 't', 'f':
		return kindBool
	case '"':
		return kindString
	}
	if raw[len(raw)-1] == 'y' {
		return kindFloat // Infinity or -Infinity
	}
	return numberKind(raw)
}

// numberKind is the kind of a JSON number. -0 is a float: integers have no such value.
func numberKind(raw []byte) kinds {
	if v, ok := shortInteger(raw); ok {
		return intKind(v)
	}
	k := kindFloat
	if scalar.IsInteger(raw) {
		if v, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
			return intKind(v)
		}
		k = kindBig
	}
	switch kept, same := scalar.DigitsKept(raw); {
	case !kept:
		return kindDigits
	case !same:
		return k | kindRespelled
	}
	return k
}

// shortInteger is the value of a JSON number that is an integer of at most 18 digits, other than -0.
func shortInteger(raw []byte) (v int64, ok bool) {
	negative := raw[0] == '-'
	digits := raw
	if negative {
		digits = raw[1:]
	}
	if len(digits) > 18 || negative && digits[0] == '0' {
		return 0, false
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = 10*v + int64(c-'0')
	}
	if negative {
		v = -v
	}
	return v, true
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
			v, ok := shortInteger(raw)
			if !ok {
				v, _ = strconv.ParseInt(string(raw), 10, 64)
			}
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
			if content, ok := scalar.PlainString(raw); ok {
				b.BinaryBuilder.Append(content)
				return
			}
			buf = scalar.AppendJSONText(buf[:0], raw)
			b.BinaryBuilder.Append(buf)
		}
	}
	panic("no JSON value has type " + b.Type().String())
}
