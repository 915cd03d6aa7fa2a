package scalar

import (
	"encoding/base64"
	"math"
	"math/big"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/decimal256"
	"github.com/apache/arrow/go/v17/arrow/float16"
)

// canFit reports whether fitTo knows how to make values of a type that is not nested.
func canFit(dt arrow.DataType) bool {
	switch id := dt.ID(); id {
	case arrow.NULL, arrow.BOOL, arrow.FLOAT16, arrow.FLOAT32, arrow.FLOAT64,
		arrow.STRING, arrow.LARGE_STRING, arrow.STRING_VIEW,
		arrow.BINARY, arrow.LARGE_BINARY, arrow.BINARY_VIEW, arrow.FIXED_SIZE_BINARY,
		arrow.DATE32, arrow.DATE64, arrow.TIMESTAMP, arrow.TIME32, arrow.TIME64, arrow.DURATION:
		return true
	case arrow.DECIMAL128, arrow.DECIMAL256:
		scale := dt.(arrow.DecimalType).GetScale()
		return -maxDecimalScale <= scale && scale <= maxDecimalScale
	default:
		return arrow.IsInteger(id)
	}
}

// fitTo returns a function that appends a JSON value to b if it fits b's type, and reports
// whether it does.
func fitTo(b array.Builder) func(raw []byte) bool {
	switch b := b.(type) {
	case *array.Int8Builder:
		return fitInt(b.Append)
	case *array.Int16Builder:
		return fitInt(b.Append)
	case *array.Int32Builder:
		return fitInt(b.Append)
	case *array.Int64Builder:
		return fitInt(b.Append)
	case *array.Uint8Builder:
		return fitInt(b.Append)
	case *array.Uint16Builder:
		return fitInt(b.Append)
	case *array.Uint32Builder:
		return fitInt(b.Append)
	case *array.Uint64Builder:
		return fitUint64(b)
	case *array.Float16Builder:
		return fitFloat(32, func(f float64) bool {
			v := float16.New(float32(f))
			b.Append(v)
			return !v.IsInf() && (f != math.Trunc(f) || float64(v.Float32()) == f)
		})
	case *array.Float32Builder:
		return fitFloat(32, func(f float64) bool { b.Append(float32(f)); return true })
	case *array.Float64Builder:
		return fitFloat(64, func(f float64) bool { b.Append(f); return true })
	case *array.BooleanBuilder:
		return func(raw []byte) bool {
			b.Append(raw[0] == 't')
			return raw[0] == 't' || raw[0] == 'f'
		}
	case *array.Decimal128Builder:
		return fitDecimal(b.Type(), func(n *big.Int) { b.Append(decimal128.FromBigInt(n)) })
	case *array.Decimal256Builder:
		return fitDecimal(b.Type(), func(n *big.Int) { b.Append(decimal256.FromBigInt(n)) })
	}
	return fitString(stringFitter(b))
}

// fitString returns a function that hands the content of JSON strings to fit.
func fitString(fit func(text []byte) bool) func(raw []byte) bool {
	var buf []byte
	return func(raw []byte) bool {
		if raw[0] != '"' || fit == nil {
			return false
		}
		text, ok := PlainString(raw)
		if !ok {
			buf = AppendJSONText(buf[:0], raw)
			text = buf
		}
		return fit(text)
	}
}

// stringFitter is fitTo for the types whose values are strings; nil for the null type.
func stringFitter(b array.Builder) func(text []byte) bool {
	switch b := b.(type) {
	case *array.StringBuilder:
		return func(text []byte) bool { b.BinaryBuilder.Append(text); return true }
	case *array.LargeStringBuilder:
		return func(text []byte) bool { b.BinaryBuilder.Append(text); return true }
	case *array.StringViewBuilder:
		return func(text []byte) bool { b.BinaryViewBuilder.Append(text); return true }
	case *array.BinaryBuilder:
		return fitBase64(-1, b.Append)
	case *array.BinaryViewBuilder:
		return fitBase64(-1, b.Append)
	case *array.FixedSizeBinaryBuilder:
		return fitBase64(b.Type().(*arrow.FixedSizeBinaryType).ByteWidth, b.Append)
	case *array.Date32Builder:
		return fitParsed(func(s string) (int64, bool) { return parseDays(s, 1) }, func(v arrow.Date32) { b.Append(v) })
	case *array.Date64Builder:
		return fitParsed(func(s string) (int64, bool) { return parseDays(s, MillisPerDay) }, func(v arrow.Date64) { b.Append(v) })
	case *array.TimestampBuilder:
		t := b.Type().(*arrow.TimestampType)
		per := TicksPerSecond(t.Unit)
		return fitParsed(func(s string) (int64, bool) { return parseTimestamp(s, per, t.TimeZone != "") }, b.Append)
	case *array.Time32Builder:
		per := TicksPerSecond(b.Type().(*arrow.Time32Type).Unit)
		return fitParsed(func(s string) (int64, bool) { return parseTimeOfDay(s, per) }, b.Append)
	case *array.Time64Builder:
		per := TicksPerSecond(b.Type().(*arrow.Time64Type).Unit)
		return fitParsed(func(s string) (int64, bool) { return parseTimeOfDay(s, per) }, b.Append)
	case *array.DurationBuilder:
		per := TicksPerSecond(b.Type().(*arrow.DurationType).Unit)
		return fitParsed(func(s string) (int64, bool) { return parseDuration(s, per) }, b.Append)
	}
	return nil
}

// fitParsed appends what parse makes of a text, if it is in T's range.
func fitParsed[T ~int32 | ~int64](parse func(string) (int64, bool), add func(T)) func(text []byte) bool {
	return func(text []byte) bool {
		v, ok := parse(string(text))
		if !ok || int64(T(v)) != v {
			return false
		}
		add(T(v))
		return true
	}
}

func fitBase64(width int, add func([]byte)) func(text []byte) bool {
	var buf []byte
	return func(text []byte) bool {
		var err error
		buf, err = base64.StdEncoding.Strict().AppendDecode(buf[:0], text)
		if err != nil || width >= 0 && len(buf) != width {
			return false
		}
		add(buf)
		return true
	}
}

func isNumber(raw []byte) bool { return raw[0] == '-' || '0' <= raw[0] && raw[0] <= '9' }

// fitInt appends whole numbers in T's range, 1.0 and 1e3 included.
func fitInt[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32](add func(T)) func(raw []byte) bool {
	return func(raw []byte) bool {
		v, err := strconv.ParseInt(string(raw), 10, 64)
		if err != nil {
			whole, ok := wholeFloat(raw)
			if !ok {
				return false
			}
			v = int64(whole)
		}
		if int64(T(v)) != v {
			return false
		}
		add(T(v))
		return true
	}
}

func fitUint64(b *array.Uint64Builder) func(raw []byte) bool {
	return func(raw []byte) bool {
		v, err := strconv.ParseUint(string(raw), 10, 64)
		if err != nil {
			whole, ok := wholeFloat(raw)
			if !ok || whole < 0 {
				return false
			}
			v = uint64(whole)
		}
		b.Append(v)
		return true
	}
}

// wholeFloat returns the value of a number that is whole although it is not spelled so.
// Beyond 2^53 there are none: who knows so many digits spells an integer.
func wholeFloat(raw []byte) (float64, bool) {
	const most = 1 << 53
	if !isNumber(raw) || IsInteger(raw) || !KeepsDigits(raw) {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	return f, err == nil && f == math.Trunc(f) && -most <= f && f <= most
}

// fitFloat appends numbers that are in range, integers only if all their digits are kept.
func fitFloat(bits int, add func(float64) bool) func(raw []byte) bool {
	return func(raw []byte) bool {
		if !isNumber(raw) {
			return false
		}
		f, err := strconv.ParseFloat(string(raw), bits)
		if err != nil {
			return false
		}
		if IsInteger(raw) && !sameInteger(raw, f) {
			return false
		}
		return add(f)
	}
}

// sameInteger reports whether f is exactly the integer that raw spells.
func sameInteger(raw []byte, f float64) bool {
	var buf [32]byte
	return string(raw) == string(strconv.AppendFloat(buf[:0], f, 'f', 0, 64))
}

func fitDecimal(dt arrow.DataType, add func(*big.Int)) func(raw []byte) bool {
	t := dt.(arrow.DecimalType)
	fitText := func(text []byte) bool {
		n, ok := parseDecimal(string(text), int(t.GetPrecision()), int(t.GetScale()))
		if ok {
			add(n)
		}
		return ok
	}
	fitQuoted := fitString(fitText)
	return func(raw []byte) bool {
		if isNumber(raw) {
			return fitText(raw)
		}
		return fitQuoted(raw)
	}
}
