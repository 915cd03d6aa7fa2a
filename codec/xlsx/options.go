package xlsx

import (
	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// Options are the options of reading a workbook.
type Options struct {
	// Sheets are the names of the sheets to read, one below the other. Nil means the only sheet that
	// is not empty; if there are several, the error is a [*codec.SheetChoice].
	Sheets []string
	// NoHeader says that the first row is data. The columns are then named column_1, column_2, ….
	NoHeader bool
	// NullValues are the texts that mean a missing value.
	NullValues []string
}

// reading parses the parameters for [Options].
var reading = codec.Params{
	Names: []string{"sheet_name", "header", "null_values"},
	Parse: func(given codec.Values) (any, error) {
		header, err := given.Bool("header", true)
		return Options{Sheets: given["sheet_name"], NoHeader: !header, NullValues: scalar.ParseNullValues(given)}, err
	},
}
