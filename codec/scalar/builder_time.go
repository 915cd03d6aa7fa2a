package scalar

import (
	"math/big"

	"github.com/apache/arrow/go/v17/arrow"
)

// timeMaker makes dates, times of day, timestamps and durations.
type timeMaker struct {
	refuses
	words
	timeReader
}

// tick appends a value in the unit of the type.
func (m *timeMaker) tick(v int64) bool {
	if m.width == arrow.Int32SizeBytes && int64(int32(v)) != v {
		return false
	}
	m.put(uint64(v))
	return true
}

func (m *timeMaker) scaled(v *big.Int) bool { return v.IsInt64() && m.tick(v.Int64()) }

func (m *timeMaker) quoted(text []byte) bool { return m.text(text) != NoFit }

func (m *timeMaker) text(text []byte) Fit {
	v, fit := m.read(text)
	if fit != NoFit && !m.tick(v) {
		return NoFit
	}
	return fit
}

// from returns a function that appends a value of another type of dates or times, given in the unit
// of that type: one that means the same here, a date as the timestamp at its beginning, or a timestamp
// at midnight as a date. It returns nil if no value of that type fits.
func (m *timeMaker) from(dt arrow.DataType) func(v int64) bool {
	other, ok := newTimeReader(dt)
	if !ok {
		return nil
	}
	fits := m.takes(other)
	if fits == nil {
		return nil
	}
	return func(v int64) bool {
		sec, nanos := other.unix(v)
		if !fits(sec, nanos) {
			return false
		}
		if m.isDate() {
			day, ok := m.day(sec)
			return ok && m.tick(day)
		}
		tick, ok := joinTicks(sec, nanos, m.perSecond)
		return ok && m.tick(tick)
	}
}

// takes returns which values of another type have the meaning of one of m's type, given in seconds and
// nanoseconds; nil if none has.
func (m *timeMaker) takes(other timeReader) func(sec, nanos int64) bool {
	switch {
	case m.isDate() && (other.isDate() || other.id == arrow.TIMESTAMP):
		return isMidnight
	case m.id == arrow.TIMESTAMP && other.isDate():
		// A date64 that is not a whole day, which Arrow forbids but files hold, is a time without a zone.
		return func(sec, nanos int64) bool { return onCalendar(sec) && (!m.zoned || isMidnight(sec, nanos)) }
	case m.id == arrow.TIMESTAMP && other.id == arrow.TIMESTAMP && m.zoned == other.zoned:
		return func(sec, _ int64) bool { return onCalendar(sec) }
	case m.isClock() && other.isClock():
		return func(sec, _ int64) bool { return 0 <= sec && sec < SecondsPerDay }
	case m.id == arrow.DURATION && other.id == arrow.DURATION:
		return func(int64, int64) bool { return true }
	}
	return nil
}

// onCalendar reports whether a time has a spelling as a date.
func onCalendar(sec int64) bool { return -maxCalendarSeconds < sec && sec < maxCalendarSeconds }

func isMidnight(sec, nanos int64) bool {
	return sec%SecondsPerDay == 0 && nanos == 0 && onCalendar(sec)
}
