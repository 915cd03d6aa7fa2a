package delimited

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec/scalar"
)

// cellKind is what a cell of delimited text, or a column of them, can be read as.
type cellKind uint8

// A column's kind is the join of its cells' kinds: missing cells fit every kind, integers
// fit among floats that lose none of their digits, and everything else that is mixed is
// text. The join is commutative and associative, so the order of cells does not matter.
const (
	cellNull cellKind = iota
	cellBool
	cellInt
	cellFloat
	cellDate
	cellTimestamp
	// cellInstant is a timestamp that ends in Z.
	cellInstant
	cellText
)

// cellParser reads a cell without surrounding blanks as the 64 bits that its kind is kept in
// while a column is read, and says whether the value is written with the same spelling. It fails on
// every text that would lose information.
type cellParser = func([]byte) (uint64, scalar.Fit)

var cellParsers = [cellText]cellParser{
	cellNull:      func([]byte) (uint64, scalar.Fit) { return 0, scalar.NoFit },
	cellBool:      parseBoolCell,
	cellInt:       parseIntCell,
	cellFloat:     parseFloatCell,
	cellDate:      parseDateCell,
	cellTimestamp: parseTimestampCell,
	cellInstant:   parseInstantCell,
}

// inferKind returns the narrowest kind that holds a cell that is not missing and has no
// surrounding blanks.
func inferKind(b []byte, parsers *[cellText]cellParser) cellKind {
	for kind := cellBool; kind < cellText; kind++ {
		if _, fit := parsers[kind](b); fit != scalar.NoFit {
			return kind
		}
	}
	return cellText
}

var cellTypes = [...]arrow.DataType{
	cellNull:      arrow.Null,
	cellBool:      arrow.FixedWidthTypes.Boolean,
	cellInt:       arrow.PrimitiveTypes.Int64,
	cellFloat:     arrow.PrimitiveTypes.Float64,
	cellDate:      arrow.FixedWidthTypes.Date32,
	cellTimestamp: &arrow.TimestampType{Unit: arrow.Microsecond},
	cellInstant:   &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"},
	cellText:      arrow.BinaryTypes.String,
}

func (k cellKind) dataType() arrow.DataType { return cellTypes[k] }

func parseBoolCell(b []byte) (uint64, scalar.Fit) {
	v, fit := scalar.ParseBool(b)
	if v {
		return 1, fit
	}
	return 0, fit
}

// parseIntCell reads the canonical spelling of an int64.
func parseIntCell(b []byte) (uint64, scalar.Fit) {
	n, ok := scalar.ParseInt(b)
	if !ok {
		return 0, scalar.NoFit
	}
	return uint64(n), scalar.Same
}

// parseFloatCell reads the bits of a float64.
func parseFloatCell(b []byte) (uint64, scalar.Fit) {
	v, fit := scalar.ParseFloat(b)
	return math.Float64bits(v), fit
}

// trimBlanks removes the spaces and tabs around b.
func trimBlanks(b []byte) []byte {
	for len(b) > 0 && isBlank(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isBlank(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

func isDigit(c byte) bool { return c-'0' <= 9 }

func isBlank(c byte) bool { return c == ' ' || c == '\t' }
