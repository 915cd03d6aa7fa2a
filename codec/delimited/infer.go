package delimited

import (
	"github.com/apache/arrow/go/v17/arrow"
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

// cellFit says whether a cell can be read as a kind, and whether it would be written back
// with the same spelling.
type cellFit uint8

const (
	fitsNot cellFit = iota
	fitsRespelled
	fits
)

// spelledSo is the fit of a cell that can be read.
func spelledSo(same bool) cellFit {
	if same {
		return fits
	}
	return fitsRespelled
}

// cellParser reads a cell without surrounding blanks as the 64 bits that its kind is kept in
// while a column is read. It fails on every text that would lose information.
type cellParser = func([]byte) (uint64, cellFit)

var cellParsers = [cellText]cellParser{
	cellNull:      func([]byte) (uint64, cellFit) { return 0, fitsNot },
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
		if _, fit := parsers[kind](b); fit != fitsNot {
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

func parseBoolCell(b []byte) (uint64, cellFit) {
	switch string(b) {
	case "true":
		return 1, fits
	case "false":
		return 0, fits
	case "True", "TRUE":
		return 1, fitsRespelled
	case "False", "FALSE":
		return 0, fitsRespelled
	}
	return 0, fitsNot
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

func isBlank(c byte) bool { return c == ' ' || c == '\t' }
