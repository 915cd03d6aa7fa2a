package xlsx

import (
	"math"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec/scalar"
)

// kinds is a set of kinds of cells, and what the choice of a type depends on.
type kinds struct {
	has [kindElapsed + 1]bool
	// fraction says that there is a number that is not whole, or larger than the integers that a
	// float64 keeps; partOfDay says that there is a date with a time of day.
	fraction, partOfDay bool
}

// add notes a cell.
func (k *kinds) add(kind kind, word uint64) {
	k.has[kind] = true
	v := math.Float64frombits(word)
	switch kind {
	case kindNumber:
		const most = 1 << 53
		k.fraction = k.fraction || v != math.Trunc(v) || math.Abs(v) > most || word == 1<<63
	case kindDate:
		k.partOfDay = k.partOfDay || v != math.Trunc(v)
	}
}

// value is the kind of the cells that have a value, kindText if there are several kinds.
func (k *kinds) value() kind {
	only := kindEmpty
	for _, kind := range []kind{kindNumber, kindBool, kindText, kindDate, kindTime, kindElapsed} {
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

// dataType is the type of a column with such cells.
func (k *kinds) dataType() arrow.DataType {
	switch k.value() {
	case kindNumber:
		if k.fraction {
			return arrow.PrimitiveTypes.Float64
		}
		return arrow.PrimitiveTypes.Int64
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
	var alone kinds
	alone.add(kind, word)
	switch v := math.Float64frombits(word); kind {
	case kindNumber:
		if alone.fraction {
			return scalar.AppendFloat(dst, v, 64)
		}
		return strconv.AppendInt(dst, int64(v), 10)
	case kindBool:
		return strconv.AppendBool(dst, word == 1)
	case kindDate:
		if alone.partOfDay {
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

// append adds a cell of the kind of b's type.
func (s *sheet) append(b array.Builder, kind kind, word uint64) {
	switch b := b.(type) {
	case *array.Int64Builder:
		b.Append(int64(math.Float64frombits(word)))
	case *array.Float64Builder:
		b.Append(math.Float64frombits(word))
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
