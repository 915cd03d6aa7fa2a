package frame

import "github.com/apache/arrow/go/v17/arrow"

// isTextType, isNumeric and isBool report whether a type belongs to a family. For a dictionary, the
// type of its values counts.
func isTextType(dt arrow.DataType) bool {
	switch valuesOf(dt).ID() {
	case arrow.STRING, arrow.LARGE_STRING, arrow.STRING_VIEW:
		return true
	}
	return false
}

func isNumeric(dt arrow.DataType) bool {
	id := valuesOf(dt).ID()
	return arrow.IsInteger(id) || arrow.IsFloating(id) || arrow.IsDecimal(id)
}

func isBool(dt arrow.DataType) bool { return valuesOf(dt).ID() == arrow.BOOL }

// isTicking reports whether values of a type are dates, times or durations in whole units.
func isTicking(dt arrow.DataType) bool {
	switch dt.ID() {
	case arrow.DATE32, arrow.DATE64, arrow.TIME32, arrow.TIME64, arrow.TIMESTAMP, arrow.DURATION:
		return true
	}
	return false
}
