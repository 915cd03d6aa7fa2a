package xlsx

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec/scalar"
)

// kinds is a set of kinds of cells, and what is to be known of numbers to choose a type.
type kinds struct {
	has [kindElapsed + 1]bool
	// fraction says that a number is not whole or no float64 keeps all integers as large, partOfDay
	// that a date has a time of day.
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

// value is the one kind of those cells that have a value, kindText if they have several.
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

// kind is the kind of a cell as a value: texts that spell a missing value are errors, which are
// missing and were not sent so.
func (s *sheet) kind(kind kind, word uint64) kind {
	if kind == kindText && s.book.nulls != nil && s.book.nulls.Has(s.book.texts.get(int(word))) {
		return kindError
	}
	return kind
}

// microsOf is a serial number as microseconds, in whole milliseconds: a serial number has not many
// more digits. Dates begin at 1970.
func (s *sheet) microsOf(kind kind, word uint64) int64 {
	v := math.Float64frombits(word)
	if kind == kindDate {
		// Excel takes 1900 for a leap year, so that its days before March are one less than they
		// would be.
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

// spell appends a cell as CSV has it.
func (s *sheet) spell(dst []byte, kind kind, word uint64) []byte {
	if kind == kindText {
		return append(dst, s.book.texts.get(int(word))...)
	}
	var k kinds
	k.add(kind, word)
	b := array.NewBuilder(memory.DefaultAllocator, k.dataType())
	s.append(b, kind, word)
	return scalar.Text(b.NewArray())(dst, 0)
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
		b.BinaryBuilder.Append(s.spell(nil, kind, word))
	}
}
