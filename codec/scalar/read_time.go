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

// Time is a date, with or without a time of day, as a text spells it.
type Time struct {
	// Days is the date, in days since 1970-01-01.
	Days int64
	// Nanos is the time of day in nanoseconds since midnight.
	Nanos int64
	// HasClock says that the text has a time of day.
	HasClock bool
	// Digits is the number of digits in the fraction of a second.
	Digits uint8
	Zone   Zone
	// East is how many seconds the zone is ahead of UTC.
	East int64
	// Spelled says that [Text] gives the date and the time of day the same spelling.
	Spelled bool
}

// ParseTime reads YYYY-MM-DD; then optionally T or one blank, hh:mm, :ss and a fraction of up to
// nine digits; then optionally Z or, behind a time of day, an offset from UTC. Years before 0000
// have a minus, years after 9999 up to ten digits.
func ParseTime(b []byte) (t Time, ok bool) {
	days, rest, canonical, ok := parseDate(b)
	if !ok {
		return t, false
	}
	t.Days, t.Spelled = days, canonical
	if len(rest) == 0 {
		return t, true
	}
	if separator := rest[0]; separator == 'T' || separator == ' ' {
		var complete bool
		if t.Nanos, t.Digits, complete, rest, ok = parseClock(rest[1:]); !ok {
			return t, false
		}
		t.HasClock = true
		t.Spelled = canonical && complete && separator == 'T'
		if len(rest) == 0 {
			return t, true
		}
	}
	if len(rest) == 1 && rest[0] == 'Z' {
		t.Zone = UTC
		return t, true
	}
	t.Zone = OffsetZone
	t.East, ok = parseOffset(rest)
	return t, ok && t.HasClock
}

// Unix returns the seconds since 1970-01-01T00:00:00Z, rounded down, and the nanoseconds that
// remain. A time without a zone is taken for one in UTC.
func (t Time) Unix() (sec, nanos int64) {
	const nanosPerSecond = 1e9
	return t.Days*SecondsPerDay + t.Nanos/nanosPerSecond - t.East, t.Nanos % nanosPerSecond
}

// ParseDate reads a date of ten characters, of the years 0000 to 9999, as days since 1970-01-01.
func ParseDate(b []byte) (days int64, ok bool) {
	if len(b) != len("2006-01-02") {
		return 0, false
	}
	return parseShortDate(b)
}

// parseDate reads a date at the beginning of b. canonical says that [Text] spells it so.
func parseDate(b []byte) (days int64, rest []byte, canonical, ok bool) {
	const short = len("2006-01-02")
	if len(b) >= short {
		if days, ok = parseShortDate(b); ok {
			return days, b[short:], true, true
		}
	}
	return parseLongDate(b)
}

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
func parseLongDate(b []byte) (days int64, rest []byte, canonical, ok bool) {
	const leastYearDigits, mostYearDigits, monthAndDay = 4, 10, len("-01-02")
	digits := bytes.TrimPrefix(b, []byte("-"))
	n := bytes.IndexByte(digits, '-')
	if n < leastYearDigits || n > mostYearDigits || n > leastYearDigits && digits[0] == '0' || len(digits) < n+monthAndDay {
		return 0, nil, false, false
	}
	year, err := strconv.ParseUint(string(digits[:n]), 10, 64)
	end := digits[n:]
	month, day := twoDigits(end[1], end[2]), twoDigits(end[4], end[5])
	if err != nil || end[3] != '-' || month < 1 || month > 12 || day < 1 || day > daysIn(int(year), month) {
		return 0, nil, false, false
	}
	negative := len(digits) < len(b)
	if days = daysSinceEpoch(int(year), month, day); negative {
		days = daysSinceEpoch(-int(year), month, day)
	}
	const most = maxCalendarSeconds / SecondsPerDay
	return days, end[monthAndDay:], !negative || year > 0, -most < days && days < most
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

// parseClock reads hh:mm, and optionally :ss and a fraction, at the beginning of b. complete says
// that [Text] spells it so: with seconds, and without zeros at the end of a fraction.
func parseClock(b []byte) (nanos int64, digits uint8, complete bool, rest []byte, ok bool) {
	const minutes, seconds = len("15:04"), len("15:04:05")
	if len(b) < minutes || b[2] != ':' {
		return 0, 0, false, nil, false
	}
	hour, minute, second := twoDigits(b[0], b[1]), twoDigits(b[3], b[4]), 0
	if hour < 0 || hour > 23 || minute < 0 || minute > 59 {
		return 0, 0, false, nil, false
	}
	rest = b[minutes:]
	if complete = len(rest) > 0 && rest[0] == ':'; complete {
		if len(b) < seconds {
			return 0, 0, false, nil, false
		}
		if second = twoDigits(b[6], b[7]); second < 0 || second > 59 {
			return 0, 0, false, nil, false
		}
		if rest = b[seconds:]; len(rest) > 0 && rest[0] == '.' {
			if nanos, digits, rest, ok = parseFraction(rest[1:]); !ok {
				return 0, 0, false, nil, false
			}
			complete = b[seconds+int(digits)] != '0'
		}
	}
	return int64(hour*3600+minute*60+second)*1e9 + nanos, digits, complete, rest, true
}

// parseFraction reads one to nine digits behind a point.
func parseFraction(b []byte) (nanos int64, digits uint8, rest []byte, ok bool) {
	unit := int64(1e9)
	for ; int(digits) < len(b) && isDigit(b[digits]); digits++ {
		if unit /= 10; unit == 0 {
			return 0, 0, nil, false
		}
		nanos += int64(b[digits]-'0') * unit
	}
	return nanos, digits, b[digits:], digits > 0
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
		var rest []byte
		if nanos, _, rest, ok = parseFraction(fraction); !ok || len(rest) > 0 {
			return 0, 0, false
		}
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
	if !ok || t.Nanos != 0 || t.Zone == OffsetZone {
		return 0, false, false
	}
	return t.Days * r.ticksPerDay(), t.Spelled && !t.HasClock && t.Zone == NoZone, true
}

// ticksPerDay is the unit of a date.
func (r timeReader) ticksPerDay() int64 {
	if r.id == arrow.DATE64 {
		return MillisPerDay
	}
	return 1
}

// timestamp accepts a date alone as the timestamp at its beginning, in UTC if the type has a zone.
func (r timeReader) timestamp(b []byte) (tick int64, same, ok bool) {
	t, ok := ParseTime(b)
	if !ok || !r.zoned && t.Zone != NoZone || r.zoned && t.Zone == NoZone && t.HasClock {
		return 0, false, false
	}
	sec, nanos := t.Unix()
	tick, ok = joinTicks(sec, nanos, r.perSecond)
	return tick, t.Spelled && t.HasClock && t.Zone != OffsetZone, ok
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
	nanos, _, complete, rest, ok := parseClock(b)
	if !ok || len(rest) > 0 {
		return 0, false, false
	}
	tick, ok = joinTicks(nanos/1e9, nanos%1e9, r.perSecond)
	return tick, complete, ok
}
