package delimited

import (
	"edgeframe/codec/scalar"
)

// Inference is narrower than [scalar.ParseTime], which reads these cells: it accepts the years 0001
// to 9999, fractions that microseconds keep, and no zone but Z. Other cells stay text unless a dtype
// says what they are.

// firstDay is 0001-01-01 in days since 1970-01-01.
const firstDay = -719_162

// parseDateCell reads YYYY-MM-DD as days since 1970-01-01.
func parseDateCell(b []byte) (uint64, scalar.Fit) {
	days, ok := scalar.ParseDate(b)
	if !ok || days < firstDay {
		return 0, scalar.NoFit
	}
	return uint64(days), scalar.Same
}

// parseTimestampCell reads a date and a time of day without a zone, as microseconds since
// 1970-01-01T00:00.
func parseTimestampCell(b []byte) (uint64, scalar.Fit) { return parseMicros(b, scalar.NoZone) }

// parseInstantCell reads a timestamp that ends in Z.
func parseInstantCell(b []byte) (uint64, scalar.Fit) { return parseMicros(b, scalar.UTC) }

func parseMicros(b []byte, zone scalar.Zone) (uint64, scalar.Fit) {
	const day, minutes, mostDigits = len("2006-01-02"), len("2006-01-02T15:04"), 6
	if len(b) < minutes || b[day] != 'T' && b[day] != ' ' {
		return 0, scalar.NoFit
	}
	t, ok := scalar.ParseTime(b)
	if !ok || t.Zone() != zone || t.Digits() > mostDigits || t.Seconds < firstDay*scalar.SecondsPerDay {
		return 0, scalar.NoFit
	}
	const nanosPerMicro = 1000
	micros := t.Seconds*scalar.MicrosPerSecond + int64(t.Nanos/nanosPerMicro)
	if t.Spelled() {
		return uint64(micros), scalar.Same
	}
	return uint64(micros), scalar.Respelled
}
