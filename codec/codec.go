// Package codec has what all file formats agree on: tables, limits, the memory budget, errors, and
// [Format], a concrete type over a [Driver] for each format. The formats are packages below this one;
// package formats lists them.
//
// Nothing is lost silently: if a format or type inference cannot keep a value, it returns an [Error]
// that says where the value is and what would be accepted. Every input is treated as hostile: [Limits]
// bounds memory, columns and nesting, and no input makes a decoder panic. The package knows nothing of
// stores, sessions or HTTP.
package codec

import (
	"errors"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/internal/fault"
)

// Table is a table in memory: one schema and any number of row groups, in order. Column names are
// unique and not empty. Tables are immutable. They are on the Go heap and need not be released.
type Table struct {
	Schema *arrow.Schema
	// RowGroups all have Schema. A table without rows has no row groups.
	RowGroups []arrow.Record
	// Receipt says how the file was understood that the table was read from.
	Receipt Receipt
}

// NumRows returns the number of rows in all row groups.
func (t *Table) NumRows() int64 {
	var n int64
	for _, g := range t.RowGroups {
		n += g.NumRows()
	}
	return n
}

// RowGroupRows is the largest number of rows in a row group, and the default.
const RowGroupRows = 16384

// Limits bounds the cost of decoding one input. A zero field means the default.
type Limits struct {
	// Bytes is the memory that the decoded table, or any single step of decoding, may take.
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
	// DefaultMaxDepth is one less than the nesting that arrow-go can write.
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

// The kinds of errors of reading and writing tables. Every error about an input matches exactly one of
// them with errors.Is.
var (
	// ErrMalformed: the bytes are not valid in the format that they claim to be in.
	ErrMalformed = errors.New("malformed input")
	// ErrTooLarge: decoding would exceed a limit.
	ErrTooLarge = errors.New("dataframe too large")
	// ErrMismatch: a value or column does not fit the expected type.
	ErrMismatch = errors.New("schema mismatch")
	// ErrUnsupported: the format cannot express this table, or an option is unknown.
	ErrUnsupported = errors.New("unsupported")
	// ErrCorrupt: a stored segment is damaged.
	ErrCorrupt = errors.New("corrupt segment")
)

// Error is an error about an input. Its text is one sentence for the sender of the input.
type Error = fault.Error

// Errorf returns an [*Error] of the given kind.
func Errorf(kind error, format string, args ...any) error {
	return fault.Errorf(kind, format, args...)
}
