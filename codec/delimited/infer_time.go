package delimited

import (
	"edgeframe/codec/scalar"
)

// parseDateCell reads YYYY-MM-DD, years 0001 to 9999, as days since 1970-01-01.
func parseDateCell(b []byte) (uint64, cellFit) {
	days, ok := parseDateDays(b)
	if !ok {
		return 0, fitsNot
	}
	return days, fits
}

func parseDateDays(b []byte) (uint64, bool) {
	if len(b) != len("2006-01-02") || b[4] != '-' || b[7] != '-' {
		return 0, false
	}
	century, year := twoDigits(b[0], b[1]), twoDigits(b[2], b[3])
	month, day := twoDigits(b[5], b[6]), twoDigits(b[8], b[9])
	if century|year|month|day < 0 {
		return 0, false
	}
	year += 100 * century
	if year < 1 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return 0, false
	}
	return uint64(daysSinceEpoch(year, month, day)), true
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
// Algorithms": years begin in March, so that the leap day is the last of its year.
func daysSinceEpoch(year, month, day int) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	dayOfYear := (153*(month-3)+2)/5 + day - 1
	return int64(year*365 + year/4 - year/100 + year/400 + dayOfYear - 719468)
}

// parseTimestampCell reads YYYY-MM-DD, T or one space, hh:mm, and optionally :ss and a fraction of
// up to six digits, as microseconds since 1970-01-01T00:00.
func parseTimestampCell(b []byte) (uint64, cellFit) {
	v, ok := parseLocalTime(b)
	if !ok {
		return 0, fitsNot
	}
	return v, spelledSo(isSpelledTimestamp(b))
}

// isSpelledTimestamp reports whether a timestamp has T, seconds and as many fraction digits
// as it needs.
func isSpelledTimestamp(b []byte) bool {
	const seconds = len("2006-01-02T15:04:05")
	if len(b) < seconds || b[10] != 'T' {
		return false
	}
	return len(b) == seconds || b[len(b)-1] != '0'
}

func parseLocalTime(b []byte) (uint64, bool) {
	const minutes, seconds = len("2006-01-02T15:04"), len("2006-01-02T15:04:05")
	if len(b) < minutes || b[10] != 'T' && b[10] != ' ' || b[13] != ':' {
		return 0, false
	}
	days, ok := parseDateDays(b[:10])
	hour, minute := twoDigits(b[11], b[12]), twoDigits(b[14], b[15])
	if !ok || hour < 0 || hour > 23 || minute < 0 || minute > 59 {
		return 0, false
	}
	second, micros := 0, int64(0)
	if len(b) > minutes {
		if len(b) < seconds || b[16] != ':' {
			return 0, false
		}
		second = twoDigits(b[17], b[18])
		micros, ok = parseMicros(b[seconds:])
		if !ok || second < 0 || second > 59 {
			return 0, false
		}
	}
	total := int64(days)*scalar.SecondsPerDay + int64(hour*3600+minute*60+second)
	return uint64(total*scalar.MicrosPerSecond + micros), true
}

// parseMicros reads nothing, or a point and one to six digits, as microseconds.
func parseMicros(b []byte) (int64, bool) {
	if len(b) == 0 {
		return 0, true
	}
	if b[0] != '.' || len(b) < 2 || len(b) > 7 {
		return 0, false
	}
	micros, unit := int64(0), int64(scalar.MicrosPerSecond)
	for _, c := range b[1:] {
		if c -= '0'; c > 9 {
			return 0, false
		}
		unit /= 10
		micros += int64(c) * unit
	}
	return micros, true
}

// parseInstantCell reads a timestamp that ends in Z.
func parseInstantCell(b []byte) (uint64, cellFit) {
	if len(b) == 0 || b[len(b)-1] != 'Z' {
		return 0, fitsNot
	}
	return parseTimestampCell(b[:len(b)-1])
}
