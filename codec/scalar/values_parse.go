package scalar

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// These functions read what Text writes.

// parseDays reads a date and returns the days since 1970 times perDay.
func parseDays(s string, perDay int64) (v int64, ok bool) {
	sec, rest, ok := parseDate(s)
	return sec / SecondsPerDay * perDay, ok && rest == ""
}

// parseDate reads a date at the beginning of s and returns its Unix time.
func parseDate(s string) (sec int64, rest string, ok bool) {
	const mostYearDigits = 10
	digits := strings.TrimPrefix(s, "-")
	n := strings.IndexByte(digits, '-')
	if n < 4 || n > mostYearDigits || n > 4 && digits[0] == '0' {
		return 0, "", false
	}
	year, ok1 := number(digits[:n])
	month, rest, ok2 := two(digits[n:], '-')
	day, rest, ok3 := two(rest, '-')
	if !ok1 || !ok2 || !ok3 {
		return 0, "", false
	}
	if len(digits) < len(s) {
		year = -year
	}
	t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if t.Month() != time.Month(month) || t.Day() != day {
		return 0, "", false
	}
	sec = t.Unix()
	return sec, rest, -maxCalendarSeconds < sec && sec < maxCalendarSeconds
}

// number reads decimal digits.
func number(s string) (n int, ok bool) {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, s != ""
}

// two reads a separator, unless it is 0, and two digits at the beginning of s.
func two(s string, separator byte) (n int, rest string, ok bool) {
	if separator != 0 {
		if s == "" || s[0] != separator {
			return 0, "", false
		}
		s = s[1:]
	}
	if len(s) < 2 {
		return 0, "", false
	}
	n, ok = number(s[:2])
	return n, s[2:], ok
}

// parseClock reads a time of day with an optional fraction at the beginning of s.
func parseClock(s string) (sec, nanos int64, rest string, ok bool) {
	hour, rest, ok1 := two(s, 0)
	minute, rest, ok2 := two(rest, ':')
	second, rest, ok3 := two(rest, ':')
	if !ok1 || !ok2 || !ok3 || hour > 23 || minute > 59 || second > 59 {
		return 0, 0, "", false
	}
	nanos, rest, ok = parseFraction(rest)
	return int64(hour*3600 + minute*60 + second), nanos, rest, ok
}

// parseFraction reads a point and up to nine digits, if there is a point.
func parseFraction(s string) (nanos int64, rest string, ok bool) {
	if s == "" || s[0] != '.' {
		return 0, s, true
	}
	n := 0
	for s = s[1:]; n < len(s) && '0' <= s[n] && s[n] <= '9'; n++ {
		nanos = nanos*10 + int64(s[n]-'0')
		if n == 9 {
			return 0, "", false
		}
	}
	for range 9 - n {
		nanos *= 10
	}
	return nanos, s[n:], n > 0
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

// parseTimestamp reads a date, a T or blank, and a time of day, then Z or an offset if and
// only if the type has a time zone.
func parseTimestamp(s string, perSecond int64, zoned bool) (v int64, ok bool) {
	day, rest, ok := parseDate(s)
	if !ok || rest == "" || rest[0] != 'T' && rest[0] != ' ' {
		return 0, false
	}
	ofDay, nanos, rest, ok := parseClock(rest[1:])
	if !ok {
		return 0, false
	}
	var offset int64
	if zoned {
		if offset, ok = parseOffset(rest); !ok {
			return 0, false
		}
	} else if rest != "" {
		return 0, false
	}
	return joinTicks(day+ofDay-offset, nanos, perSecond)
}

// parseOffset reads Z, +01:00 or -01:00 and returns seconds.
func parseOffset(s string) (sec int64, ok bool) {
	if s == "Z" {
		return 0, true
	}
	if s == "" || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	hour, rest, ok1 := two(s, s[0])
	minute, rest, ok2 := two(rest, ':')
	if !ok1 || !ok2 || rest != "" || hour > 23 || minute > 59 {
		return 0, false
	}
	sec = int64(hour*3600 + minute*60)
	if s[0] == '-' {
		sec = -sec
	}
	return sec, true
}

func parseTimeOfDay(s string, perSecond int64) (v int64, ok bool) {
	sec, nanos, rest, ok := parseClock(s)
	if !ok || rest != "" {
		return 0, false
	}
	return joinTicks(sec, nanos, perSecond)
}

// parseDuration reads PT1.5S or PT-1.5S.
func parseDuration(s string, perSecond int64) (v int64, ok bool) {
	s, ok1 := strings.CutPrefix(s, "PT")
	s, ok2 := strings.CutSuffix(s, "S")
	whole, _, _ := strings.Cut(s, ".")
	nanos, rest, ok3 := parseFraction(s[len(whole):])
	sec, err := strconv.ParseInt(whole, 10, 64)
	if !ok1 || !ok2 || !ok3 || rest != "" || err != nil || whole[0] == '+' {
		return 0, false
	}
	if whole[0] == '-' && nanos > 0 {
		if sec == math.MinInt64 {
			return 0, false
		}
		sec, nanos = sec-1, 1e9-nanos
	}
	return joinTicks(sec, nanos, perSecond)
}

// parseDecimal reads a number and returns it times 10^scale, if that is an integer of at
// most precision digits.
func parseDecimal(s string, precision, scale int) (n *big.Int, ok bool) {
	const mostBytes = 200 // far more than any decimal needs
	if len(s) > mostBytes {
		return nil, false
	}
	mantissa, exponent := s, 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		var err error
		if exponent, err = strconv.Atoi(s[i+1:]); err != nil || exponent < -mostBytes || exponent > mostBytes {
			return nil, false
		}
		mantissa = s[:i]
	}
	unsigned, negative := strings.CutPrefix(mantissa, "-")
	whole, fraction, pointed := strings.Cut(unsigned, ".")
	integer, ok := new(big.Int).SetString(whole+fraction, 10)
	if !ok || whole == "" || pointed && fraction == "" || strings.ContainsAny(unsigned, "+-_") {
		return nil, false
	}
	if n, ok = shiftDecimal(integer, exponent-len(fraction)+scale); !ok {
		return nil, false
	}
	if len(n.Text(10)) > min(precision, maxDecimalScale) {
		return nil, false
	}
	if negative {
		n.Neg(n)
	}
	return n, true
}

// shiftDecimal returns n times 10^shift, if that is an integer of bearable size.
func shiftDecimal(n *big.Int, shift int) (*big.Int, bool) {
	const most = 500
	if n.Sign() == 0 {
		return n, true
	}
	if shift < -most || shift > most {
		return nil, false
	}
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(shift, -shift))), nil)
	if shift >= 0 {
		return n.Mul(n, power), true
	}
	quotient, rest := new(big.Int).QuoRem(n, power, new(big.Int))
	return quotient, rest.Sign() == 0
}
