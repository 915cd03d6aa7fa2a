package delimited

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
)

// This file reads the most usual cells, eight bytes at a time. Such a plain cell is written with the spelling that it
// has, and spells no missing value, so nothing else has to be asked about it. All others are for [cellParsers], which
// read plain cells too, as the same values.

// plainParser appends the values of cells from the beginning of spans, up to the first that is not plain. The flags of
// a quoted field are no part of its place; one with doubled quotes is not plain.
type plainParser = func(words []uint64, data []byte, spans []textSpan) []uint64

var plainParsers = [cellText]plainParser{
	cellBool:  plainBools,
	cellInt:   plainInts,
	cellFloat: plainFloats,
	cellDate:  plainDates,
}

// plainParsersOf returns the parsers for a dialect. They leave out a kind with a plain cell that spells a missing
// value, such as -999.
func plainParsersOf(d *dialect, nulls []string) *[cellText]plainParser {
	parsers := plainParsers
	if !d.plainNumbers() {
		parsers[cellInt], parsers[cellFloat] = nil, nil
	}
	for kind, parse := range parsers {
		if parse != nil && slices.ContainsFunc(nulls, func(null string) bool { return isPlain(parse, null) }) {
			parsers[kind] = nil
		}
	}
	return &parsers
}

func isPlain(parse plainParser, cell string) bool {
	data := append(make([]byte, twoWords), cell...)
	return len(parse(nil, data, []textSpan{{twoWords, uint32(len(data))}})) > 0
}

// twoWords is how many bytes two words have. Plain numbers are not longer, and the text before them is: they are read
// from their end.
const twoWords = 16

const everyZero = '0' * everyByte

// areDigits reports whether each byte of a word is at most 9.
func areDigits(word uint64) bool { return (word|(word+(0x80-10)*everyByte))&highBits == 0 }

// number returns the number of which a word has the digits, the first in its lowest byte.
func number(digits uint64) uint64 {
	digits = (digits * (10<<8 + 1) >> 8) & 0x00ff00ff00ff00ff
	digits = (digits * (100<<16 + 1) >> 16) & 0x0000ffff0000ffff
	return digits * (10_000<<32 + 1) >> 32
}

// lastBytes returns the n bytes before end, less '0', in two words: the last of them is the highest byte of low.
// What is before them is 0. end must be at least twoWords, n at most.
func lastBytes(data []byte, end, n int) (high, low uint64) {
	words := data[end-twoWords : end : end]
	high = binary.LittleEndian.Uint64(words) ^ everyZero
	low = binary.LittleEndian.Uint64(words[8:]) ^ everyZero
	return high & (math.MaxUint64 << (8 * uint(twoWords-n))), low & (math.MaxUint64 << (8 * uint(max(8-n, 0))))
}

// plainInts reads integers of up to 16 digits.
func plainInts(words []uint64, data []byte, spans []textSpan) []uint64 {
	for _, span := range spans {
		start, end := int(span.start&^spanFlag), int(span.end)
		if end > len(data) || end < twoWords || start >= end {
			return words
		}
		first, negative := data[start], uint64(0)
		if first == '-' {
			if start++; start == end {
				return words
			}
			first, negative = data[start], 1
		}
		n := end - start
		if n > twoWords || first == '0' && uint64(n)+negative > 1 {
			return words
		}
		high, low := lastBytes(data, end, n)
		if !areDigits(low) || !areDigits(high) {
			return words
		}
		v := number(low)
		if n > 8 {
			v += 100_000_000 * number(high)
		}
		words = append(words, (v^-negative)+negative)
	}
	return words
}

var plainPowers = [twoWords]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// plainFloats reads numbers of up to 15 digits on both sides of a point. The mantissa and the power of ten are exact,
// so the quotient is correctly rounded, and no shorter number gives the same float64; see [scalar.ParseFloat].
func plainFloats(words []uint64, data []byte, spans []textSpan) []uint64 {
	for _, span := range spans {
		start, end := int(span.start&^spanFlag), int(span.end)
		if end > len(data) || end < twoWords || end-start < len("0.0") {
			return words
		}
		first, negative := data[start], uint64(0)
		if first == '-' {
			start++
			first, negative = data[start], 1
		}
		n := end - start
		if n > twoWords || first == '.' || first == '0' && data[start+1] != '.' {
			return words
		}
		high, low, places := withoutPoint(lastBytes(data, end, n))
		if places == 0 || places > 1 && data[end-1] == '0' || !areDigits(low) || !areDigits(high) {
			return words
		}
		v := float64(number(high)*100_000_000+number(low)) / plainPowers[places]
		if v < 1e-4 && v != 0 {
			return words // written with an exponent
		}
		words = append(words, math.Float64bits(v)|negative<<63)
	}
	return words
}

// withoutPoint takes the first point out of two words of [lastBytes], and returns how many bytes follow it. If there is
// none, or nothing follows it, that is 0.
func withoutPoint(high, low uint64) (_, _ uint64, places int) {
	const point = ('.' ^ '0') * everyByte
	if at := firstZero(high ^ point); at < 8 {
		return withoutByte(high, at), low, twoWords - 1 - at
	}
	at := firstZero(low ^ point)
	if at == 8 {
		return high, low, 0
	}
	return high << 8, withoutByte(low, at) | high>>56, 7 - at
}

// withoutByte moves the bytes below one byte of a word up by one, onto that byte.
func withoutByte(word uint64, at int) uint64 {
	below := uint64(1)<<(8*uint(at)) - 1
	return word&^(below<<8|0xff) | (word&below)<<8
}

// firstZero returns the index of the lowest byte of a word that is 0, or 8.
func firstZero(word uint64) int {
	return bits.TrailingZeros64((word-everyByte)&^word&highBits) >> 3
}

// plainBools reads true and false.
func plainBools(words []uint64, data []byte, spans []textSpan) []uint64 {
	yes, no := binary.LittleEndian.Uint32([]byte("true")), binary.LittleEndian.Uint32([]byte("fals"))
	for _, span := range spans {
		start, end := int(span.start&^spanFlag), int(span.end)
		if end > len(data) || start+len("true") > end {
			return words
		}
		word, value := binary.LittleEndian.Uint32(data[start:]), uint64(0)
		if end == start+len("true") {
			value = 1
		}
		// It depends on the length which of both it can be, so that there is no jump that cannot be foreseen.
		if word != no^(no^yes)&-uint32(value) || end != start+len("false")-int(value) || data[end-1] != 'e' {
			return words
		}
		words = append(words, value)
	}
	return words
}

var daysOfMonths = [...]uint32{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

// plainDates reads YYYY-MM-DD of the years from 0001 on.
func plainDates(words []uint64, data []byte, spans []textSpan) []uint64 {
	const length = len("2006-01-02")
	shape := binary.LittleEndian.Uint64([]byte("0000-00-"))
	for _, span := range spans {
		start, end := int(span.start&^spanFlag), int(span.end)
		if end > len(data) || end-start != length {
			return words
		}
		date := data[start:end:end]
		digits := binary.LittleEndian.Uint64(date) ^ shape
		tens, ones := uint32(date[8]-'0'), uint32(date[9]-'0')
		if digits&0xff0000ff_00000000 != 0 || !areDigits(digits) || tens > 9 || ones > 9 {
			return words
		}
		pairs := uint32(digits) * (10<<8 + 1) >> 8
		year := pairs&0xff*100 + pairs>>16&0xff
		month, day := uint32(digits>>40)&0xff*10+uint32(digits>>48)&0xff, 10*tens+ones
		if year == 0 || month-1 > 11 || day-1 >= daysOfMonths[month] && (month != 2 || day != 29 || !isLeap(year)) {
			return words
		}
		words = append(words, daysSinceEpoch(year, month, day))
	}
	return words
}

func isLeap(year uint32) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

// daysSinceEpoch is the algorithm of Neri and Schneider ("Euclidean affine functions and their application to calendar
// algorithms", 2023): years begin in March, so that the leap day is the last of its year.
func daysSinceEpoch(year, month, day uint32) uint64 {
	const epoch = 719_469 // 1970-01-01, counted from the first of March of the year 0, and one more
	if month <= 2 {
		year, month = year-1, month+12
	}
	century := year / 100
	days := 1461*year/4 - century + century/4 + (979*month-2919)/32 + day
	return uint64(int64(days) - epoch)
}
