package xlsx

import (
	"strconv"

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
	// HeaderRow is the row of the sheet that has the names of the columns, counted from 1. The rows above
	// it are left out. Zero means to find it.
	HeaderRow int
	// SkipRows is how many rows at the top of the sheet are left out.
	SkipRows int
	// SkipFooter is how many rows at the bottom of the sheet, up to the last one with a cell, are left out.
	SkipFooter int
	// NullValues are the texts that mean a missing value.
	NullValues []string
}

// reading parses the parameters for [Options].
var reading = codec.Params{
	Names: []string{"sheet_name", "header", "header_row", "skip_rows", "skip_footer", "null_values"},
	Parse: func(given codec.Values) (any, error) {
		header, err := given.Bool("header", true)
		if err != nil {
			return nil, err
		}
		opt := Options{Sheets: given["sheet_name"], NoHeader: !header, NullValues: scalar.ParseNullValues(given)}
		if opt.HeaderRow, err = rowNumber(given, "header_row", 1); err != nil {
			return nil, err
		}
		if opt.SkipRows, err = rowNumber(given, "skip_rows", 0); err != nil {
			return nil, err
		}
		if opt.SkipFooter, err = rowNumber(given, "skip_footer", 0); err != nil {
			return nil, err
		}
		switch {
		case opt.HeaderRow > 0 && opt.NoHeader:
			return nil, codec.Errorf(codec.ErrUnsupported, "header_row and header=false are not accepted together: with header=false no row has the names")
		case opt.HeaderRow > 0 && opt.SkipRows > 0:
			return nil, codec.Errorf(codec.ErrUnsupported, "header_row and skip_rows are not accepted together: header_row leaves out the rows above it")
		}
		return opt, nil
	},
}

// rowNumber reads a parameter that is a number of rows of a sheet, 0 if it is not given.
func rowNumber(given codec.Values, name string, least int) (int, error) {
	if !given.Has(name) {
		return 0, nil
	}
	n, err := strconv.Atoi(given.Get(name))
	if err != nil || n < least || n > maxSheetRows {
		return 0, codec.Errorf(codec.ErrUnsupported, "%s=%s is not accepted; it must be a whole number from %d to %d", name, codec.Shorten(given.Get(name)), least, maxSheetRows)
	}
	return n, nil
}
