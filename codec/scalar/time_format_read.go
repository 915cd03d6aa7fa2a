package scalar

import (
	"bytes"
	"math"
	"strconv"
	"strings"
)

// formatted is what a text in a format says.
type formatted struct {
	year, month, day, ofYear    int
	hour, minute, second, nanos int
	// afternoon is 0 for AM, 1 for PM and -1 if the text says neither.
	afternoon int
	east      int64
	zone      Zone
	// respelled says that the format spells the value otherwise.
	respelled bool
}

// read returns the value that a text spells, in the unit of the type. White space around it does not count.
// The fit is [Respelled] if the format spells the value otherwise, for instance with more digits.
func (f *TimeFormat) read(b []byte) (tick int64, fit Fit) {
	text := bytes.TrimSpace(b)
	var sec, nanos int64
	same, ok := true, true
	if f.perSecond > 0 {
		sec, nanos, same, ok = f.epoch(text)
	} else {
		v := formatted{year: 1970, month: 1, day: 1, afternoon: -1}
		for i := range f.items {
			if text, ok = f.items[i].read(text, &v); !ok {
				return 0, NoFit
			}
		}
		if len(text) > 0 {
			return 0, NoFit
		}
		sec, nanos, ok = v.unix()
		// An offset is lost.
		same = !v.respelled && v.zone != OffsetZone
	}
	if !ok {
		return 0, NoFit
	}
	if tick, ok = f.ticks(sec, nanos); !ok {
		return 0, NoFit
	}
	return tick, fitOf(same && len(bytes.TrimSpace(b)) == len(b))
}

// ticks returns a time in the unit of the type.
func (f *TimeFormat) ticks(sec, nanos int64) (int64, bool) {
	switch {
	case f.to.isDate():
		day, ok := f.to.day(sec)
		return day, ok && isMidnight(sec, nanos)
	case !f.to.isClock() && !onCalendar(sec):
		return 0, false
	}
	return joinTicks(sec, nanos, f.to.perSecond)
}

// unix returns the time in seconds and nanoseconds since 1970-01-01T00:00:00Z.
func (v *formatted) unix() (sec, nanos int64, ok bool) {
	switch {
	case v.ofYear > 0:
		if v.ofYear > 365+daysIn(v.year, 2)-28 {
			return 0, 0, false
		}
		sec = (daysSinceEpoch(v.year, 1, 1) + int64(v.ofYear) - 1) * SecondsPerDay
	case v.day > daysIn(v.year, v.month):
		return 0, 0, false
	default:
		sec = daysSinceEpoch(v.year, v.month, v.day) * SecondsPerDay
	}
	hour := v.hour
	if v.afternoon >= 0 {
		hour = hour%12 + 12*v.afternoon
	}
	return sec + int64(hour*3600+v.minute*60+v.second) - v.east, int64(v.nanos), true
}

// read reads one item at the beginning of b and returns the rest.
func (i formatItem) read(b []byte, v *formatted) (rest []byte, ok bool) {
	switch i.directive {
	case 0:
		return bytes.CutPrefix(b, []byte(i.literal))
	case ' ':
		rest = bytes.TrimLeft(b, " \t")
		v.respelled = v.respelled || string(b[:len(b)-len(rest)]) != i.literal
		return rest, len(rest) < len(b)
	case 'b':
		return v.word(b, &v.month, months, 3)
	case 'B':
		return v.word(b, &v.month, months, math.MaxInt)
	case 'p':
		rest, ok = v.word(b, &v.afternoon, []string{"AM", "PM"}, 2)
		v.afternoon--
		return rest, ok
	case 'z':
		return v.offset(b)
	}
	return v.number(b, i.directive, i.exact)
}

var months = []string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}

// word reads one of some words, cut to most letters, in any case, and sets into to its number, from 1.
func (v *formatted) word(b []byte, into *int, words []string, most int) (rest []byte, ok bool) {
	for i, word := range words {
		word = word[:min(len(word), most)]
		if len(b) >= len(word) && strings.EqualFold(string(b[:len(word)]), word) {
			*into = i + 1
			v.respelled = v.respelled || string(b[:len(word)]) != word
			return b[len(word):], true
		}
	}
	return b, false
}

// offset reads Z, ±hh, ±hhmm or ±hh:mm.
func (v *formatted) offset(b []byte) (rest []byte, ok bool) {
	if len(b) > 0 && b[0] == 'Z' {
		v.zone = UTC
		return b[1:], true
	}
	for _, n := range []int{len("+01:00"), len("+0100"), len("+01")} {
		if len(b) < n {
			continue
		}
		if v.east, ok = parseOffset(b[:n]); ok {
			v.zone = OffsetZone
			return b[n:], true
		}
	}
	return b, false
}

// number reads the number of a directive.
func (v *formatted) number(b []byte, directive byte, exact bool) (rest []byte, ok bool) {
	width := numberWidths[directive]
	n, value := 0, 0
	for ; n < width && n < len(b) && isDigit(b[n]); n++ {
		value = value*10 + int(b[n]-'0')
	}
	least, most := 0, 59
	switch directive {
	case 'f':
		if n == 0 {
			return b, false
		}
		v.nanos, _ = parseFraction(b[:n])
		return b[n:], true
	case 'Y':
		v.year, most = value, 9999
		exact = true
	case 'y':
		if v.year = 2000 + value; value >= 69 { // as POSIX says
			v.year = 1900 + value
		}
		most, exact = 99, true
	case 'm':
		v.month, least, most = value, 1, 12
	case 'd':
		v.day, least, most = value, 1, 31
	case 'j':
		v.ofYear, least, most = value, 1, 366
	case 'H':
		v.hour, most = value, 23
	case 'I':
		v.hour, least, most = value, 1, 12
	case 'M':
		v.minute = value
	case 'S':
		v.second = value
	}
	v.respelled = v.respelled || n < width
	return b[n:], n > 0 && (!exact || n == width) && least <= value && value <= most
}

// epoch reads a number of units since 1970-01-01T00:00:00Z, which may have a fraction.
func (f *TimeFormat) epoch(b []byte) (sec, nanos int64, same, ok bool) {
	n, ok := ScanNumber(b)
	if !ok || len(b) > maxEpochBytes {
		return 0, 0, false, false
	}
	magnitude, fraction := uint64(0), int64(0)
	if len(n.Exponent) > 0 {
		magnitude, _, ok = wholeNumber(b)
	} else {
		magnitude, ok = epochWhole(n.Whole)
		var exact bool
		fraction, exact = epochFraction(n.Places, 1_000_000_000/f.perSecond)
		ok = ok && exact
	}
	if !ok || magnitude > math.MaxInt64 {
		return 0, 0, false, false
	}
	sec, nanos = SplitTicks(int64(magnitude), f.perSecond)
	if nanos += fraction; n.Negative {
		if sec, nanos = -sec, -nanos; nanos < 0 {
			sec, nanos = sec-1, nanos+1_000_000_000
		}
	}
	plain := len(n.Exponent) == 0 && !n.Pointed && !n.Positive && (n.Whole[0] != '0' || len(b) == 1)
	return sec, nanos, plain, true
}

// maxEpochBytes is more than a number of nanoseconds with a fraction of zeros needs.
const maxEpochBytes = 60

func epochWhole(digits []byte) (uint64, bool) {
	if len(digits) == 0 {
		return 0, true
	}
	v, err := strconv.ParseUint(string(digits), 10, 64)
	return v, err == nil
}

// epochFraction returns the fraction of a unit of so many nanoseconds. exact is false if nanoseconds do not
// keep it.
func epochFraction(places []byte, unit int64) (nanos int64, exact bool) {
	places = bytes.TrimRight(places, "0")
	power := int64(1)
	for _, c := range places {
		if power >= unit {
			return 0, false
		}
		power *= 10
		nanos = nanos*10 + int64(c-'0')
	}
	return nanos * (unit / power), true
}
