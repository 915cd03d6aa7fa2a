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
// of that type: what has the same meaning there, a date as the timestamp at its beginning, and a
// timestamp at midnight as a date. It is nil if no value of the type fits.
func (m *timeMaker) from(dt arrow.DataType) func(v int64) bool {
	other, ok := newTimeReader(dt)
	if !ok {
		return nil
	}
	isDay := func(id arrow.Type) bool { return id == arrow.DATE32 || id == arrow.DATE64 }
	isClock := func(id arrow.Type) bool { return id == arrow.TIME32 || id == arrow.TIME64 }
	switch {
	case isDay(m.id) && isDay(other.id), isDay(m.id) && other.id == arrow.TIMESTAMP:
		return func(v int64) bool {
			sec, nanos := other.unix(v)
			days, ofDay := splitDays(sec)
			return ofDay == 0 && nanos == 0 && onCalendar(sec) && m.tick(days*m.ticksPerDay())
		}
	case m.id == arrow.TIMESTAMP && isDay(other.id), m.id == other.id && m.id == arrow.TIMESTAMP && m.zoned == other.zoned:
		return func(v int64) bool {
			sec, nanos := other.unix(v)
			tick, ok := joinTicks(sec, nanos, m.perSecond)
			return ok && onCalendar(sec) && m.tick(tick)
		}
	case isClock(m.id) && isClock(other.id):
		return func(v int64) bool {
			sec, nanos := other.unix(v)
			tick, ok := joinTicks(sec, nanos, m.perSecond)
			return ok && 0 <= sec && sec < SecondsPerDay && m.tick(tick)
		}
	case m.id == other.id && m.id == arrow.DURATION:
		return func(v int64) bool {
			sec, nanos := other.unix(v)
			tick, ok := joinTicks(sec, nanos, m.perSecond)
			return ok && m.tick(tick)
		}
	}
	return nil
}

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

// onCalendar reports whether a time has a spelling as a date.
func onCalendar(sec int64) bool { return -maxCalendarSeconds < sec && sec < maxCalendarSeconds }
