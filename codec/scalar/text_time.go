package scalar

import (
	"math/big"
	"strconv"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// MicrosPerSecond is the number of microseconds in a second.
const MicrosPerSecond = 1_000_000

// The seconds and milliseconds in a day.
const (
	SecondsPerDay = 24 * 60 * 60
	MillisPerDay  = SecondsPerDay * 1000
	// maxCalendarSeconds bounds the timestamps that are spelled as dates. It is about a
	// billion years; beyond it the calendar of package time overflows, and the plain number
	// of units is spelled.
	maxCalendarSeconds = 1 << 55
	// maxDecimalScale is the largest number of digits that an Arrow decimal can have.
	maxDecimalScale = 76
)

// temporalAppender spells dates, times, timestamps, durations and intervals. It returns nil
// for other arrays.
func temporalAppender(arr arrow.Array) Appender {
	switch a := arr.(type) {
	case *array.Date32:
		return func(dst []byte, row int) []byte { return AppendDate(dst, int64(a.Value(row))*SecondsPerDay) }
	case *array.Date64:
		return date64s(a)
	case *array.Timestamp:
		return Timestamps(a)
	case *array.Time32:
		per := TicksPerSecond(a.DataType().(*arrow.Time32Type).Unit)
		return func(dst []byte, row int) []byte { return AppendTimeOfDay(dst, int64(a.Value(row)), per) }
	case *array.Time64:
		per := TicksPerSecond(a.DataType().(*arrow.Time64Type).Unit)
		return func(dst []byte, row int) []byte { return AppendTimeOfDay(dst, int64(a.Value(row)), per) }
	case *array.Duration:
		per := TicksPerSecond(a.DataType().(*arrow.DurationType).Unit)
		return func(dst []byte, row int) []byte { return AppendDuration(dst, int64(a.Value(row)), per) }
	case *array.MonthInterval:
		return func(dst []byte, row int) []byte { return appendCount(append(dst, 'P'), int64(a.Value(row)), 'M') }
	case *array.DayTimeInterval:
		return func(dst []byte, row int) []byte {
			v := a.Value(row)
			dst = appendCount(append(dst, 'P'), int64(v.Days), 'D')
			return appendSeconds(dst, int64(v.Milliseconds), 1e3)
		}
	case *array.MonthDayNanoInterval:
		return func(dst []byte, row int) []byte {
			v := a.Value(row)
			dst = appendCount(append(dst, 'P'), int64(v.Months), 'M')
			dst = appendCount(dst, int64(v.Days), 'D')
			return appendSeconds(dst, v.Nanoseconds, 1e9)
		}
	}
	return nil
}

// TicksPerSecond is the number of units in a second.
func TicksPerSecond(unit arrow.TimeUnit) int64 { return int64(time.Second / unit.Multiplier()) }

// SplitTicks returns whole seconds, rounded down, and the nanoseconds that remain.
func SplitTicks(v, perSecond int64) (sec, nanos int64) {
	sec, rest := v/perSecond, v%perSecond
	if rest < 0 {
		sec, rest = sec-1, rest+perSecond
	}
	return sec, rest * (1e9 / perSecond)
}

// Timestamps returns a function that appends a timestamp in ISO 8601.
func Timestamps(a *array.Timestamp) Appender {
	t := a.DataType().(*arrow.TimestampType)
	per := TicksPerSecond(t.Unit)
	return func(dst []byte, row int) []byte {
		return AppendTimestamp(dst, int64(a.Value(row)), per, t.TimeZone != "")
	}
}

// AppendTimestamp spells a timestamp: in UTC with a Z if the type has a time zone, else without. Named
// zones are not applied: their offsets depend on a time zone database, which not every machine has.
func AppendTimestamp(dst []byte, v, perSecond int64, zoned bool) []byte {
	sec, nanos := SplitTicks(v, perSecond)
	if sec <= -maxCalendarSeconds || sec >= maxCalendarSeconds {
		return strconv.AppendInt(dst, v, 10)
	}
	dst = append(AppendDate(dst, sec), 'T')
	_, ofDay := splitDays(sec)
	dst = appendFraction(appendClock(dst, ofDay), nanos)
	if zoned {
		dst = append(dst, 'Z')
	}
	return dst
}

// date64s spells dates. Values that are not whole days are spelled as timestamps: Arrow forbids them, but
// files have them.
func date64s(a *array.Date64) Appender {
	return func(dst []byte, row int) []byte {
		ms := int64(a.Value(row))
		if ms%MillisPerDay != 0 {
			return AppendTimestamp(dst, ms, 1e3, false)
		}
		return AppendDate(dst, ms/1e3)
	}
}

// splitDays returns whole days, rounded down, and the seconds that remain.
func splitDays(sec int64) (days, ofDay int64) {
	days, ofDay = sec/SecondsPerDay, sec%SecondsPerDay
	if ofDay < 0 {
		days, ofDay = days-1, ofDay+SecondsPerDay
	}
	return days, ofDay
}

// AppendDate spells the day of a Unix time. Years have at least four digits; negative
// ones have a minus.
func AppendDate(dst []byte, sec int64) []byte {
	year, month, day := time.Unix(sec, 0).UTC().Date()
	if year < 0 {
		dst, year = append(dst, '-'), -year
	}
	if year > 9999 {
		dst = strconv.AppendInt(dst, int64(year), 10)
	} else {
		dst = appendTwoDigits(appendTwoDigits(dst, year/100), year%100)
	}
	dst = appendTwoDigits(append(dst, '-'), int(month))
	return appendTwoDigits(append(dst, '-'), day)
}

func appendTwoDigits(dst []byte, n int) []byte { return append(dst, byte('0'+n/10), byte('0'+n%10)) }

// AppendTimeOfDay spells a time of day. Times outside of a day get a sign or more hours: Arrow forbids
// them, but files have them.
func AppendTimeOfDay(dst []byte, v, perSecond int64) []byte {
	if v < 0 {
		dst, v = append(dst, '-'), -v
	}
	sec, nanos := SplitTicks(v, perSecond)
	return appendFraction(appendClock(dst, sec), nanos)
}

func appendClock(dst []byte, sec int64) []byte {
	hours := sec / 3600
	if hours > 99 {
		dst = strconv.AppendInt(dst, hours, 10)
	} else {
		dst = appendTwoDigits(dst, int(hours))
	}
	dst = appendTwoDigits(append(dst, ':'), int(sec/60%60))
	return appendTwoDigits(append(dst, ':'), int(sec%60))
}

// appendFraction spells a fraction of a second with as many digits as it needs.
func appendFraction(dst []byte, nanos int64) []byte {
	if nanos == 0 {
		return dst
	}
	var digits [9]byte
	last := 0
	for i := 8; i >= 0; i-- {
		digits[i] = byte('0' + nanos%10)
		if last == 0 && digits[i] != '0' {
			last = i + 1
		}
		nanos /= 10
	}
	return append(append(dst, '.'), digits[:last]...)
}

// AppendDuration spells a duration in seconds as ISO 8601 does, PT1.5S.
func AppendDuration(dst []byte, v, perSecond int64) []byte {
	return appendSeconds(append(dst, 'P'), v, perSecond)
}

// appendSeconds spells the part of an ISO 8601 duration that counts seconds.
func appendSeconds(dst []byte, v, perSecond int64) []byte {
	dst = append(dst, 'T')
	magnitude := uint64(v)
	if v < 0 {
		dst, magnitude = append(dst, '-'), -magnitude
	}
	per := uint64(perSecond)
	dst = strconv.AppendUint(dst, magnitude/per, 10)
	return append(appendFraction(dst, int64(magnitude%per*(1e9/per))), 'S')
}

func appendCount(dst []byte, n int64, designator byte) []byte {
	return append(strconv.AppendInt(dst, n, 10), designator)
}

// bigInt is what the two widths of decimals have in common.
type bigInt interface{ BigInt() *big.Int }

func decimals(t arrow.DecimalType, value func(row int) bigInt) Appender {
	scale := int(t.GetScale())
	return func(dst []byte, row int) []byte {
		return appendDecimal(dst, value(row).BigInt(), scale)
	}
}

// appendDecimal spells n / 10^scale. Scales below zero or beyond any decimal become an
// exponent, so that no type can ask for more digits than its numbers have.
func appendDecimal(dst []byte, n *big.Int, scale int) []byte {
	if n.Sign() < 0 {
		dst = append(dst, '-')
	}
	var buf [maxDecimalScale + 4]byte
	digits := new(big.Int).Abs(n).Append(buf[:0], 10)
	if scale < 0 || scale > maxDecimalScale {
		return strconv.AppendInt(append(append(dst, digits...), 'e'), -int64(scale), 10)
	}
	whole := max(len(digits)-scale, 0)
	if whole == 0 {
		dst = append(dst, '0')
	}
	dst = append(dst, digits[:whole]...)
	if scale == 0 {
		return dst
	}
	dst = append(dst, '.')
	for range scale - (len(digits) - whole) {
		dst = append(dst, '0')
	}
	return append(dst, digits[whole:]...)
}
