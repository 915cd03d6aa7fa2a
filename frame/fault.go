package frame

import (
	"errors"
	"fmt"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// Fault says which part of an edit an error is about. It is the cause of the error, see [errors.As].
type Fault struct {
	// Pointer is a JSON pointer (RFC 6901) into the document of the edit.
	Pointer string
	// Column is the column that the error is about, "" if it is about none.
	Column string
	// Row is a row of the table, counted from 0, or -1.
	Row int64
	// Value is what was given, as JSON; nil if nothing was.
	Value []byte
	// Expected says what would be accepted; "" if nothing would.
	Expected string
}

// Error implements error. The text is not for clients: the error of which the fault is the cause has that.
func (f *Fault) Error() string { return "fault at " + f.Pointer }

// faulty returns an error that has a fault.
func faulty(kind error, f Fault, format string, args ...any) error {
	return &codec.Error{Kind: kind, Err: &f, Detail: fmt.Sprintf(format, args...)}
}

// located adds the beginning of a pointer to the faults of an error.
func located(prefix string, err error) error {
	if cells, ok := errors.AsType[ChangedCells](err); ok {
		for i := range cells {
			cells[i].Pointer = prefix + cells[i].Pointer
		}
	}
	if f, ok := errors.AsType[*Fault](err); ok {
		f.Pointer = prefix + f.Pointer
	}
	return err
}

// misfitting returns the error about a value of an operation that does not fit its column. pointer is where
// the value is in the operation, row is -1 for a value of no row.
func misfitting(column string, row int64, pointer string, m *scalar.Misfit) error {
	accepted := scalar.Accepted(m.Type)
	at := fmt.Sprintf("column %q", codec.Shorten(column))
	if row >= 0 {
		at += fmt.Sprintf(", row %d", row)
	}
	return faulty(codec.ErrMismatch, Fault{Pointer: pointer, Column: column, Row: row, Value: m.Value, Expected: scalar.DType(m.Type) + ": " + accepted},
		"%s: the value %s does not fit %s, which takes %s", at, m.Shown(), scalar.DType(m.Type), accepted)
}

// wrongType adds a fault to the error about a dtype that is not accepted.
func wrongType(dtype string, err error) error {
	return faulty(codec.ErrUnsupported, Fault{Pointer: "/dtype", Row: -1, Value: scalar.AppendQuoted(nil, dtype), Expected: "a dtype such as int64"}, "%s", err)
}

// inQuotes returns a value with quotes around it, which JSON has around strings only.
func inQuotes(value string) string {
	if value[0] == '"' {
		return value
	}
	return codec.Quoted(value)
}

// castMisfit is the error about a value of the table that a cast cannot keep.
func castMisfit(column string, m *scalar.Misfit) error {
	return faulty(codec.ErrMismatch, Fault{Column: column, Row: int64(m.Position), Value: m.Value, Expected: scalar.DType(m.Type) + ": " + scalar.Accepted(m.Type)},
		"column %.100q: the value %s of row %d does not fit %s; with errors=coerce such values become missing", column, inQuotes(m.Shown()), m.Position, scalar.DType(m.Type))
}
