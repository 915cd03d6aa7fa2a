package xlsx

import (
	"bytes"
	"math"
	"math/big"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"edgeframe/codec/scalar"
)

// kinds is a set of kinds of cells, and what the choice of a type depends on.
type kinds struct {
	has [kindCount]bool
	// big says that there is an integer whose digits a float64 does not keep, places that there is a
	// number with a fraction whose digits it does not keep.
	big, places bool
	// digits is how many digits the longest integer beyond 64 bits has.
	digits int
	// partOfDay says that there is a date with a time of day.
	partOfDay bool
}

// add notes a cell of s.
func (k *kinds) add(s *sheet, kind kind, word uint64) {
	k.has[kind] = true
	switch kind {
	case kindInteger:
		k.big = k.big || !floatKeeps(int64(word))
	case kindDigits:
		text := s.book.texts.get(int(word))
		if !scalar.IsInteger(text) {
			k.places = true
			return
		}
		k.big = true
		k.digits = max(k.digits, len(bytes.TrimPrefix(text, []byte("-"))))
	case kindDate:
		v := math.Float64frombits(word)
		k.partOfDay = k.partOfDay || v != math.Trunc(v)
	}
}

// floatKeeps reports whether a float64 keeps the digits of an integer.
func floatKeeps(v int64) bool {
	const all = 1 << 53
	if -all <= v && v <= all {
		return true
	}
	var buf [20]byte
	return scalar.KeepsDigits(strconv.AppendInt(buf[:0], v, 10))
}

// value is the kind of the cells that have a value, kindNumber for all kinds of numbers, kindText if
// there are several kinds.
func (k *kinds) value() kind {
	only := kindEmpty
	if k.has[kindInteger] || k.has[kindNumber] || k.has[kindDigits] {
		only = kindNumber
	}
	for _, kind := range []kind{kindBool, kindText, kindDate, kindTime, kindElapsed} {
		switch {
		case !k.has[kind]:
		case only == kindEmpty:
			only = kind
		default:
			return kindText
		}
	}
	return only
}

// dataType is the type in which a column with such cells is read. Want is the type that it gets then, nil
// if it keeps this one: text and decimals are made of the digits in the file.
func (k *kinds) dataType(want arrow.DataType) arrow.DataType {
	value := k.value()
	if want != nil && value != kindEmpty && (scalar.IsText(want) || value == kindNumber && arrow.IsDecimal(want.ID())) {
		return arrow.BinaryTypes.String
	}
	switch value {
	case kindNumber:
		return k.numberType(want)
	case kindBool:
		return arrow.FixedWidthTypes.Boolean
	case kindText:
		return arrow.BinaryTypes.String
	case kindDate:
		if k.partOfDay {
			return &arrow.TimestampType{Unit: arrow.Microsecond}
		}
		return arrow.FixedWidthTypes.Date32
	case kindTime:
		return arrow.FixedWidthTypes.Time64us
	case kindElapsed:
		return arrow.FixedWidthTypes.Duration_us
	}
	return arrow.Null
}

// numberType is the type of a column of numbers. Integers beyond 64 bits are decimals. Integers beside
// fractions, of which a float64 would lose digits, are text.
func (k *kinds) numberType(want arrow.DataType) arrow.DataType {
	const maxDigits = 38
	fraction := k.has[kindNumber] || k.places
	switch {
	case fraction && (!k.big || want != nil && arrow.IsFloating(want.ID())):
		return arrow.PrimitiveTypes.Float64
	case fraction || k.digits > maxDigits:
		return arrow.BinaryTypes.String
	case k.digits > 0:
		return &arrow.Decimal128Type{Precision: int32(k.digits)}
	}
	return arrow.PrimitiveTypes.Int64
}

// kind is the kind of a cell as a value: a text that spells a missing value counts as an error, because
// it becomes missing and is not given back as it was sent.
func (s *sheet) kind(kind kind, word uint64) kind {
	if kind == kindText && s.book.nulls != nil && s.book.nulls.Has(s.book.texts.get(int(word))) {
		return kindError
	}
	return kind
}

// microsOf is a serial number in microseconds, rounded to milliseconds: a serial number has few more
// digits. Dates count from 1970.
func (s *sheet) microsOf(kind kind, word uint64) int64 {
	v := math.Float64frombits(word)
	if kind == kindDate {
		// Excel takes 1900 for a leap year, so its serial numbers before March 1900 are one too low.
		if !s.book.since1904 && v < 60 {
			v++
		}
		v -= s.book.serialOfEpoch()
	}
	days := math.Floor(v)
	const millisPerSecond = 1000
	millis := math.Round((v - days) * scalar.SecondsPerDay * millisPerSecond)
	if kind == kindTime {
		millis = min(millis, scalar.SecondsPerDay*millisPerSecond-1)
	}
	return int64(days)*scalar.SecondsPerDay*scalar.MicrosPerSecond + int64(millis)*scalar.MicrosPerSecond/millisPerSecond
}

// spell appends a cell as CSV has it, that is, as a column of the type that the cell alone would get.
func (s *sheet) spell(dst []byte, kind kind, word uint64) []byte {
	switch v := math.Float64frombits(word); kind {
	case kindInteger:
		return strconv.AppendInt(dst, int64(word), 10)
	case kindNumber:
		return scalar.AppendFloat(dst, v, 64)
	case kindBool:
		return strconv.AppendBool(dst, word == 1)
	case kindDate:
		if v != math.Trunc(v) {
			return scalar.AppendTimestamp(dst, s.microsOf(kind, word), scalar.MicrosPerSecond, false)
		}
		return scalar.AppendDate(dst, s.microsOf(kind, word)/scalar.MicrosPerSecond)
	case kindTime:
		return scalar.AppendTimeOfDay(dst, s.microsOf(kind, word), scalar.MicrosPerSecond)
	case kindElapsed:
		return scalar.AppendDuration(dst, s.microsOf(kind, word), scalar.MicrosPerSecond)
	}
	return append(dst, s.book.texts.get(int(word))...)
}

// float is the float64 nearest to a number.
func (s *sheet) float(kind kind, word uint64) float64 {
	switch kind {
	case kindInteger:
		return float64(int64(word))
	case kindDigits:
		v, _ := strconv.ParseFloat(string(s.book.texts.get(int(word))), 64)
		return v
	}
	return math.Float64frombits(word)
}

// decimal is a whole number.
func (s *sheet) decimal(kind kind, word uint64) decimal128.Num {
	if kind == kindInteger {
		return decimal128.FromI64(int64(word))
	}
	v, _ := new(big.Int).SetString(string(s.book.texts.get(int(word))), 10)
	return decimal128.FromBigInt(v)
}

// append adds a cell of the kind of b's type.
func (s *sheet) append(b array.Builder, kind kind, word uint64) {
	switch b := b.(type) {
	case *array.Int64Builder:
		b.Append(int64(word))
	case *array.Float64Builder:
		b.Append(s.float(kind, word))
	case *array.Decimal128Builder:
		b.Append(s.decimal(kind, word))
	case *array.BooleanBuilder:
		b.Append(word == 1)
	case *array.Date32Builder:
		b.Append(arrow.Date32(s.microsOf(kind, word) / (scalar.SecondsPerDay * scalar.MicrosPerSecond)))
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(s.microsOf(kind, word)))
	case *array.Time64Builder:
		b.Append(arrow.Time64(s.microsOf(kind, word)))
	case *array.DurationBuilder:
		b.Append(arrow.Duration(s.microsOf(kind, word)))
	case *array.StringBuilder:
		var buf [64]byte
		b.BinaryBuilder.Append(s.spell(buf[:0], kind, word))
	}
}
