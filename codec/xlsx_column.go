package codec

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// xlsxKinds is a set of kinds of cells, and what is to be known of numbers to choose a type.
type xlsxKinds struct {
	has [xlsxElapsed + 1]bool
	// fraction says that a number is not whole or no float64 keeps all integers as large, partOfDay
	// that a date has a time of day.
	fraction, partOfDay bool
}

// add notes a cell.
func (k *xlsxKinds) add(kind xlsxKind, word uint64) {
	k.has[kind] = true
	v := math.Float64frombits(word)
	switch kind {
	case xlsxNumber:
		const most = 1 << 53
		k.fraction = k.fraction || v != math.Trunc(v) || math.Abs(v) > most || word == 1<<63
	case xlsxDate:
		k.partOfDay = k.partOfDay || v != math.Trunc(v)
	}
}

// value is the one kind of those cells that have a value, xlsxText if they have several.
func (k *xlsxKinds) value() xlsxKind {
	only := xlsxEmpty
	for _, kind := range []xlsxKind{xlsxNumber, xlsxBool, xlsxText, xlsxDate, xlsxTime, xlsxElapsed} {
		switch {
		case !k.has[kind]:
		case only == xlsxEmpty:
			only = kind
		default:
			return xlsxText
		}
	}
	return only
}

// dataType is the type of a column with such cells.
func (k *xlsxKinds) dataType() arrow.DataType {
	switch k.value() {
	case xlsxNumber:
		if k.fraction {
			return arrow.PrimitiveTypes.Float64
		}
		return arrow.PrimitiveTypes.Int64
	case xlsxBool:
		return arrow.FixedWidthTypes.Boolean
	case xlsxText:
		return arrow.BinaryTypes.String
	case xlsxDate:
		if k.partOfDay {
			return cellTypes[cellTimestamp]
		}
		return arrow.FixedWidthTypes.Date32
	case xlsxTime:
		return arrow.FixedWidthTypes.Time64us
	case xlsxElapsed:
		return arrow.FixedWidthTypes.Duration_us
	}
	return arrow.Null
}

// kind is the kind of a cell as a value: texts that spell a missing value are errors, which are
// missing and were not sent so.
func (s *xlsxSheet) kind(kind xlsxKind, word uint64) xlsxKind {
	if kind == xlsxText && s.book.nulls != nil && s.book.nulls.has(s.book.texts.get(int(word))) {
		return xlsxError
	}
	return kind
}

// microsOf is a serial number as microseconds, in whole milliseconds: a serial number has not many
// more digits. Dates begin at 1970.
func (s *xlsxSheet) microsOf(kind xlsxKind, word uint64) int64 {
	v := math.Float64frombits(word)
	if kind == xlsxDate {
		// Excel takes 1900 for a leap year, so that its days before March are one less than they
		// would be.
		if !s.book.since1904 && v < 60 {
			v++
		}
		v -= s.book.serialOfEpoch()
	}
	days := math.Floor(v)
	const millisPerSecond = 1000
	millis := math.Round((v - days) * secondsPerDay * millisPerSecond)
	if kind == xlsxTime {
		millis = min(millis, secondsPerDay*millisPerSecond-1)
	}
	return int64(days)*secondsPerDay*microsPerSecond + int64(millis)*microsPerSecond/millisPerSecond
}

// spell appends a cell as CSV has it.
func (s *xlsxSheet) spell(dst []byte, kind xlsxKind, word uint64) []byte {
	if kind == xlsxText {
		return append(dst, s.book.texts.get(int(word))...)
	}
	var k xlsxKinds
	k.add(kind, word)
	b := array.NewBuilder(memory.DefaultAllocator, k.dataType())
	s.append(b, kind, word)
	return textAppender(b.NewArray())(dst, 0)
}

// append adds a cell of the kind of b's type.
func (s *xlsxSheet) append(b array.Builder, kind xlsxKind, word uint64) {
	switch b := b.(type) {
	case *array.Int64Builder:
		b.Append(int64(math.Float64frombits(word)))
	case *array.Float64Builder:
		b.Append(math.Float64frombits(word))
	case *array.BooleanBuilder:
		b.Append(word == 1)
	case *array.Date32Builder:
		b.Append(arrow.Date32(s.microsOf(kind, word) / (secondsPerDay * microsPerSecond)))
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
