package codec

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
)

// ReadOptions are the choices of whoever sends a table. The zero value means: find out.
type ReadOptions struct {
	Limits Limits
	// Delimiter separates the fields of delimited text; 0 means that it is detected.
	Delimiter byte
	// NoHeader says that the first line of delimited text is data; columns are then named
	// column_1, column_2, ….
	NoHeader bool
	// NullValues are the spellings of a missing value in delimited text; nil means
	// [scalar.DefaultNullValues]. The empty field is always missing.
	NullValues []string
	// Encoding is the character encoding of delimited text, by its WHATWG name;
	// "" means that it is detected.
	Encoding string
	// Comment begins lines of delimited text that are skipped; 0 means that there are none.
	Comment byte
	// Decimal is the decimal point of numbers in delimited text, '.' or ','; 0 means '.'.
	Decimal byte
	// Thousands stands between groups of three digits in delimited text; 0 means that nothing may.
	Thousands byte
	// DTypes are the types that columns must have, by name, instead of the inferred ones.
	DTypes map[string]arrow.DataType
	// Sheets are the names of the sheets of a workbook to read, one below the other. Nil means its
	// only sheet that is not empty; if there are several, the error is a [*SheetChoice].
	Sheets []string
	// Strict refuses values whose spelling would not survive a round trip.
	Strict bool
	// Orient is the shape of a JSON or MessagePack document; "" means that it is detected.
	Orient Orient
}

// WriteOptions are the choices of whoever fetches a table.
type WriteOptions struct {
	// Orient is the shape of a JSON or MessagePack document; "" means Records.
	Orient Orient
}

// Orient is the shape of a JSON or MessagePack document, named as in pandas.
type Orient string

// The shapes: [{column: value}], {column: [value]}, and {"columns": [], "data": [[value]]}.
const (
	Records Orient = "records"
	Columns Orient = "columns"
	Split   Orient = "split"
)

// Orients lists every Orient.
var Orients = []Orient{Records, Columns, Split}

// check refuses what is neither empty nor one of [Orients].
func (o Orient) Check() error {
	if o == "" || slices.Contains(Orients, o) {
		return nil
	}
	return Errorf(ErrUnsupported, "there is no orient %q; records, columns and split are known", string(o))
}
