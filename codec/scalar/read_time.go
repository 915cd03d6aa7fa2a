package scalar

import (
	"bytes"
	"math"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"
)

// This file is the one reader of dates and times. Delimited text, JSON values, operations and
// workbooks all use it, so that what one of them accepts all accept. The section on types of
// docs/api.md lists the spellings.

// Zone says how a text ends that spells a date and a time of day.
type Zone uint8

const (
	// NoZone means that the text names no time zone.
	NoZone Zone = iota
	// UTC is a Z.
	UTC
	// OffsetZone is ±hh:mm, ±hhmm or ±hh.
	OffsetZone
)

// Time is a date, with or without a time of day, as a text spells it. It has only four fields of four
// words in all, so that the compiler keeps it in registers: delimited text has many dates.
type Time struct {
	// Seconds count from 1970-01-01T00:00:00 in the zone of the text, Nanos from there.
	Seconds int64
	Nanos   int32
	// East is how many seconds the zone is ahead of UTC.
	East int32
	form form
}

// form says how a time is spelled. Its lowest bits are the number of digits in the fraction of a second.
type form uint32

const (
	digitsMask form = 0xf
	hasClock   form = 1 << 4
	// complete says that [Text] spells the time of day so: with seconds, without zeros at the end of a
	// fraction. spelled says so of the date and the time of day.
	complete   form = 1 << 5
	spelled    form = 1 << 6
	zoneShift       = 8
	inUTC           = form(UTC) << zoneShift
	withOffset      = form(OffsetZone) << zoneShift
)

// HasClock reports whether the text has a time of day.
func (t Time) HasClock() bool { return t.form&hasClock != 0 }

// Digits is the number of digits in the fraction of a second.
func (t Time) Digits() int { return int(t.form & digitsMask) }

// Zone says which time zone the text names.
func (t Time) Zone() Zone { return Zone(t.form >> zoneShift) }

// Spelled reports whether [Text] gives the date and the time of day the same spelling.
func (t Time) Spelled() bool { return t.form&spelled != 0 }

// Unix returns the seconds since 1970-01-01T00:00:00Z, rounded down, and the nanoseconds that
// remain. A time without a zone is taken for one in UTC.
func (t Time) Unix() (sec, nanos int64) {
	return t.Seconds - int64(t.East), int64(t.Nanos)
}

// ParseTime reads YYYY-MM-DD; then optionally T or one blank, hh:mm, :ss and a fraction of up to
// nine digits; then optionally Z or, behind a time of day, an offset from UTC. Years before 0000
// have a minus, years after 9999 up to ten digits.
func ParseTime(b []byte) (t Time, ok bool) {
	days, end, form := int64(0), shortDate, spelled
	if len(b) >= shortDate {
		days, ok = parseShortDate(b)
	}
	if !ok {
		if days, end, form, ok = parseLongDate(b); !ok {
			return t, false
		}
	}
	sec, nanos := days*SecondsPerDay, 0
	if len(b) == end {
		return Time{Seconds: sec, form: form}, true
	}
	if b[end] == 'T' || b[end] == ' ' {
		ofDay, fraction, n, clock, ok := parseClock(b[end+1:])
		if !ok {
			return t, false
		}
		if form |= clock; b[end] == ' ' || clock&complete == 0 {
			form &^= spelled
		}
		sec, nanos = sec+int64(ofDay), fraction
		if end += 1 + n; len(b) == end {
			return Time{Seconds: sec, Nanos: int32(nanos), form: form}, true
		}
	}
	if b[end] == 'Z' && len(b) == end+1 {
		return Time{Seconds: sec, Nanos: int32(nanos), form: form | inUTC}, true
	}
	east, ok := parseOffset(b[end:])
	return Time{Seconds: sec, Nanos: int32(nanos), East: int32(east), form: form | withOffset}, ok && form&hasClock != 0
}

// ParseDate reads a date of ten characters, of the years 0000 to 9999, as days since 1970-01-01.
func ParseDate(b []byte) (days int64, ok bool) {
	if len(b) != shortDate {
		return 0, false
	}
	return parseShortDate(b)
}

// shortDate is the length of a date of the years 0000 to 9999.
const shortDate = len("2006-01-02")

// parseShortDate reads the first ten bytes of b.
func parseShortDate(b []byte) (days int64, ok bool) {
	if b[4] != '-' || b[7] != '-' {
		return 0, false
	}
	century, year := twoDigits(b[0], b[1]), twoDigits(b[2], b[3])
	month, day := twoDigits(b[5], b[6]), twoDigits(b[8], b[9])
	if century|year|month|day < 0 {
		return 0, false
	}
	year += 100 * century
	if month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return 0, false
	}
	return daysSinceEpoch(year, month, day), true
}

// parseLongDate reads a date with a year that is negative or has more than four digits.
func parseLongDate(b []byte) (days int64, end int, form form, ok bool) {
	const leastYearDigits, mostYearDigits, monthAndDay = 4, 10, len("-01-02")
	digits := bytes.TrimPrefix(b, []byte("-"))
	n := bytes.IndexByte(digits, '-')
	if n < leastYearDigits || n > mostYearDigits || n > leastYearDigits && digits[0] == '0' || len(digits) < n+monthAndDay {
		return 0, 0, 0, false
	}
	year, err := strconv.ParseUint(string(digits[:n]), 10, 64)
	rest := digits[n:]
	month, day := twoDigits(rest[1], rest[2]), twoDigits(rest[4], rest[5])
	if err != nil || rest[3] != '-' || month < 1 || month > 12 || day < 1 || day > daysIn(int(year), month) {
		return 0, 0, 0, false
	}
	if len(digits) == len(b) || year > 0 {
		form = spelled
	}
	if days = daysSinceEpoch(int(year), month, day); len(digits) < len(b) {
		days = daysSinceEpoch(-int(year), month, day)
	}
	const most = maxCalendarSeconds / SecondsPerDay
	return days, len(b) - len(rest) + monthAndDay, form, -most < days && days < most
}

// twoDigits returns the number that two decimal digits spell, or -1.
func twoDigits(tens, ones byte) int {
	tens -= '0'
	ones -= '0'
	if tens > 9 || ones > 9 {
		return -1
	}
	return int(tens)*10 + int(ones)
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// daysSinceEpoch is days_from_civil of Howard Hinnant's "chrono-Compatible Low-Level Date
// Algorithms": years begin in March, so that the leap day is the last of its year. The calendar
// repeats every 400 years; adding many such cycles makes every year positive.
func daysSinceEpoch(year, month, day int) int64 {
	const cycles, yearsPerCycle, daysPerCycle = 30_000_000, 400, 146_097
	y, m := int64(year)+cycles*yearsPerCycle, int64(month)
	if m <= 2 {
		y--
		m += 12
	}
	dayOfYear := (153*(m-3)+2)/5 + int64(day) - 1
	return y*365 + y/4 - y/100 + y/400 + dayOfYear - 719_468 - cycles*daysPerCycle
}

// parseClock reads hh:mm, and optionally :ss and a fraction, at the beginning of b and returns where it
// ends.
func parseClock(b []byte) (sec, nanos, end int, f form, ok bool) {
	const minutes, seconds = len("15:04"), len("15:04:05")
	if len(b) < minutes || b[2] != ':' {
		return 0, 0, 0, 0, false
	}
	hour, minute, second := twoDigits(b[0], b[1]), twoDigits(b[3], b[4]), 0
	if uint(hour) > 23 || uint(minute) > 59 {
		return 0, 0, 0, 0, false
	}
	f, end = hasClock, minutes
	if len(b) >= seconds && b[minutes] == ':' {
		if second = twoDigits(b[6], b[7]); uint(second) > 59 {
			return 0, 0, 0, 0, false
		}
		if f, end = hasClock|complete, seconds; len(b) > seconds && b[seconds] == '.' {
			var n int
			if nanos, n = parseFraction(b[seconds+1:]); n == 0 {
				return 0, 0, 0, 0, false
			}
			f |= form(n)
			if end += 1 + n; b[end-1] == '0' {
				f &^= complete
			}
		}
	}
	return hour*3600 + minute*60 + second, nanos, end, f, true
}

// parseFraction reads the digits behind a point. There have to be one to nine: else digits is 0.
func parseFraction(b []byte) (nanos, digits int) {
	unit := 1_000_000_000
	for ; digits < len(b) && isDigit(b[digits]); digits++ {
		if unit /= 10; unit == 0 {
			return 0, 0
		}
		nanos += int(b[digits]-'0') * unit
	}
	return nanos, digits
}

// parseOffset reads ±hh:mm, ±hhmm or ±hh and returns seconds.
func parseOffset(b []byte) (east int64, ok bool) {
	if len(b) < len("+01") || b[0] != '+' && b[0] != '-' {
		return 0, false
	}
	hour, minute := twoDigits(b[1], b[2]), 0
	switch rest := b[3:]; {
	case len(rest) == len("00"):
		minute = twoDigits(rest[0], rest[1])
	case len(rest) == len(":00") && rest[0] == ':':
		minute = twoDigits(rest[1], rest[2])
	case len(rest) > 0:
		return 0, false
	}
	if hour < 0 || hour > 23 || minute < 0 || minute > 59 {
		return 0, false
	}
	if east = int64(hour*3600 + minute*60); b[0] == '-' {
		east = -east
	}
	return east, true
}

// parseDuration reads PT1.5S or PT-1.5S as seconds, rounded down, and nanoseconds.
func parseDuration(b []byte) (sec, nanos int64, ok bool) {
	b, ok1 := bytes.CutPrefix(b, []byte("PT"))
	b, ok2 := bytes.CutSuffix(b, []byte("S"))
	whole, fraction, pointed := bytes.Cut(b, []byte("."))
	sec, err := strconv.ParseInt(string(whole), 10, 64)
	if !ok1 || !ok2 || err != nil || whole[0] == '+' {
		return 0, 0, false
	}
	if pointed {
		ns, digits := parseFraction(fraction)
		if digits == 0 || digits < len(fraction) {
			return 0, 0, false
		}
		nanos = int64(ns)
	}
	if whole[0] == '-' && nanos > 0 {
		if sec == math.MinInt64 {
			return 0, 0, false
		}
		sec, nanos = sec-1, 1e9-nanos
	}
	return sec, nanos, true
}

// joinTicks returns the number of units, if they can express the time exactly.
func joinTicks(sec, nanos, perSecond int64) (v int64, ok bool) {
	const near = 1 << 33 // about 270 years, which nanoseconds can express
	if nanos == 0 && -near < sec && sec < near {
		return sec * perSecond, true
	}
	tick := 1e9 / perSecond
	if nanos%tick != 0 {
		return 0, false
	}
	rest := nanos / tick
	if sec < 0 && rest > 0 { // so that the smallest values do not overflow on the way
		sec, rest = sec+1, rest-perSecond
	}
	v = sec * perSecond
	sum := v + rest
	overflows := v/perSecond != sec || rest > 0 && sum < v || rest < 0 && sum > v
	return sum, !overflows
}

// timeReader reads the texts of the values of one type of dates, times, timestamps or durations.
type timeReader struct {
	id        arrow.Type
	perSecond int64
	zoned     bool
}

// newTimeReader returns false for other types.
func newTimeReader(dt arrow.DataType) (r timeReader, ok bool) {
	r = timeReader{id: dt.ID(), perSecond: 1}
	switch t := dt.(type) {
	case *arrow.Date32Type, *arrow.Date64Type:
	case *arrow.TimestampType:
		r.perSecond, r.zoned = TicksPerSecond(t.Unit), t.TimeZone != ""
	case *arrow.Time32Type:
		r.perSecond = TicksPerSecond(t.Unit)
	case *arrow.Time64Type:
		r.perSecond = TicksPerSecond(t.Unit)
	case *arrow.DurationType:
		r.perSecond = TicksPerSecond(t.Unit)
	default:
		return r, false
	}
	return r, true
}

func (r timeReader) isDate() bool  { return r.id == arrow.DATE32 || r.id == arrow.DATE64 }
func (r timeReader) isClock() bool { return r.id == arrow.TIME32 || r.id == arrow.TIME64 }

// unix returns a value of the type in seconds, rounded down, and the nanoseconds that remain.
func (r timeReader) unix(v int64) (sec, nanos int64) {
	switch r.id {
	case arrow.DATE32:
		return v * SecondsPerDay, 0
	case arrow.DATE64:
		return SplitTicks(v, MillisPerDay/SecondsPerDay)
	}
	return SplitTicks(v, r.perSecond)
}

// read returns the value in the unit of the type. White space around it does not count.
func (r timeReader) read(b []byte) (tick int64, fit Fit) {
	text := bytes.TrimSpace(b)
	tick, same, ok := int64(0), false, false
	switch {
	case r.isDate():
		tick, same, ok = r.date(text)
	case r.isClock():
		tick, same, ok = r.clock(text)
	case r.id == arrow.TIMESTAMP:
		tick, same, ok = r.timestamp(text)
	default:
		tick, same, ok = r.duration(text)
	}
	switch {
	case !ok:
		return 0, NoFit
	case same && len(text) == len(b):
		return tick, Same
	}
	return tick, Respelled
}

// date accepts a time of day that is midnight.
func (r timeReader) date(b []byte) (tick int64, same, ok bool) {
	t, ok := ParseTime(b)
	if !ok || !isMidnight(t.Unix()) || t.Zone() == OffsetZone {
		return 0, false, false
	}
	tick, ok = r.day(t.Seconds)
	return tick, t.form == spelled, ok
}

// day returns the day that begins at sec in the unit of the type of dates. The calendar has days that
// milliseconds cannot hold.
func (r timeReader) day(sec int64) (tick int64, ok bool) {
	if r.id == arrow.DATE64 {
		return joinTicks(sec, 0, MillisPerDay/SecondsPerDay)
	}
	return sec / SecondsPerDay, true
}

// timestamp accepts a date alone as the timestamp at its beginning, in UTC if the type has a zone.
func (r timeReader) timestamp(b []byte) (tick int64, same, ok bool) {
	t, ok := ParseTime(b)
	zone := t.Zone()
	if !ok || !r.zoned && zone != NoZone || r.zoned && zone == NoZone && t.HasClock() {
		return 0, false, false
	}
	sec, nanos := t.Unix()
	tick, ok = joinTicks(sec, nanos, r.perSecond)
	return tick, t.Spelled() && t.HasClock() && zone != OffsetZone, ok
}

func (r timeReader) duration(b []byte) (tick int64, same, ok bool) {
	sec, nanos, ok := parseDuration(b)
	if !ok {
		return 0, false, false
	}
	tick, ok = joinTicks(sec, nanos, r.perSecond)
	var buf [40]byte
	return tick, bytes.Equal(b, AppendDuration(buf[:0], tick, r.perSecond)), ok
}

func (r timeReader) clock(b []byte) (tick int64, same, ok bool) {
	sec, nanos, end, form, ok := parseClock(b)
	if !ok || end < len(b) {
		return 0, false, false
	}
	tick, ok = joinTicks(int64(sec), int64(nanos), r.perSecond)
	return tick, form&complete != 0, ok
}
