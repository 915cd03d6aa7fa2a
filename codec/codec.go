// Package codec holds what all file formats agree on: tables, limits, the memory budget, errors,
// and [Format], which is concrete over a [Driver] for each format. The formats are packages below
// it, and package formats lists them.
//
// It promises that nothing is lost silently. What a format or an inference cannot keep is
// an [Error] that says where it is and what would be accepted. Every input is
// treated as hostile: memory, columns and nesting are bounded by [Limits], and no input
// makes a decoder panic. The package knows nothing of stores, sessions or HTTP.
package codec

import (
	"errors"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/internal/fault"
)

// Table is a table in memory: one schema and any number of row groups, in order. Column
// names are unique and not empty. Tables are immutable and live on the Go heap; nobody
// releases them.
type Table struct {
	Schema *arrow.Schema
	// RowGroups all have Schema. A table without rows has none.
	RowGroups []arrow.Record
	// Receipt says how the file was understood from which the table was read.
	Receipt Receipt
}

// Receipt says how a file was understood. What does not apply to its format is zero.
type Receipt struct {
	// Encoding is the character encoding of text, by its name in the WHATWG Encoding standard.
	Encoding string
	// Delimiter separates the fields of delimited text.
	Delimiter byte
	// Changed has for each column how many cells would not be given back as they were sent:
	// those that strict reading refuses. Nil means none in any column.
	Changed []int64
	// Sheets are the sheets of a workbook that the table was made of, in order.
	Sheets []SheetReceipt
}

// SheetReceipt is the part of one sheet in a table.
type SheetReceipt struct {
	Name string
	Rows int64
	// Absent are the columns of the table that the sheet does not have. They are missing in its
	// rows.
	Absent []string
}

// NumRows is the number of rows in all row groups.
func (t *Table) NumRows() int64 {
	var n int64
	for _, g := range t.RowGroups {
		n += g.NumRows()
	}
	return n
}

// RowGroupRows is the default and largest number of rows in a row group.
const RowGroupRows = 16384

// Limits bounds what decoding one input may cost. Zero fields mean the defaults.
type Limits struct {
	// Bytes is the memory that the decoded table, and any single step on the way to it, may
	// take.
	Bytes int64
	// Columns is the largest number of columns.
	Columns int
	// Depth is the deepest nesting of lists, structs and JSON values.
	Depth int
}

// The default limits.
const (
	DefaultMaxBytes   = 500 << 20
	DefaultMaxColumns = 10_000
	// DefaultMaxDepth is one less than what arrow-go writes.
	DefaultMaxDepth = 63
)

// WithDefaults returns l with defaults in place of zero fields.
func (l Limits) WithDefaults() Limits {
	if l.Bytes <= 0 {
		l.Bytes = DefaultMaxBytes
	}
	if l.Columns <= 0 {
		l.Columns = DefaultMaxColumns
	}
	if l.Depth <= 0 {
		l.Depth = DefaultMaxDepth
	}
	return l
}

// The kinds of errors that reading and writing tables can have. Every error of this package
// that is about its input matches exactly one of them with errors.Is.
var (
	// ErrMalformed: the bytes are not what they claim to be.
	ErrMalformed = errors.New("malformed input")
	// ErrTooLarge: decoding would exceed a limit.
	ErrTooLarge = errors.New("dataframe too large")
	// ErrMismatch: a value or column does not fit the type it is wanted as.
	ErrMismatch = errors.New("schema mismatch")
	// ErrUnsupported: the format cannot express this table, or an option is not known.
	ErrUnsupported = errors.New("unsupported")
	// ErrCorrupt: a stored segment fails its checks.
	ErrCorrupt = errors.New("corrupt segment")
)

// Error is an error about an input. Its text is one sentence for the person who sent it.
type Error = fault.Error

// Errorf returns an [*Error] of the given kind.
func Errorf(kind error, format string, args ...any) error {
	return fault.Errorf(kind, format, args...)
}
