package delimited

import (
	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// Options are the choices of whoever sends delimited text. The zero value means: find out.
type Options struct {
	// Delimiter separates fields; 0 means that it is detected.
	Delimiter byte
	// NoHeader says that the first line is data; columns are then named column_1, column_2, ….
	// Header says that there is a header; without both, it is assumed.
	NoHeader, Header bool
	// HeaderRow is the line with the names, counted from 1. SkipRows is how many lines before the table are
	// not read. Both count all lines, blank ones too; 0 means that the table begins with the first line that
	// looks like it.
	HeaderRow, SkipRows int
	// SkipFooter is how many lines at the end of the text are not read. All lines count, blank ones too.
	SkipFooter int
	// Quote encloses fields; 0 means '"', and that quotes mean nothing in text with tabs or bars that is
	// read better without. NoQuotes says that quotes mean nothing.
	Quote    byte
	NoQuotes bool
	// Escape makes the next character ordinary; 0 means that no character does.
	Escape byte
	// FillShort fills lines with too few fields with missing values.
	FillShort bool
	// NullValues are the spellings of a missing value; nil means [scalar.DefaultNullValues]. The
	// empty field is always missing.
	NullValues []string
	// Encoding is the character encoding, by its WHATWG name; "" means that it is detected.
	Encoding string
	// Comment begins lines that are skipped; 0 means that there are none.
	Comment byte
	// Decimal is the decimal point of numbers, '.' or ','; 0 means '.'.
	Decimal byte
	// Thousands stands between groups of three digits; 0 means that nothing may.
	Thousands byte
}

// reading are the parameters that become [Options].
var reading = codec.Params{
	Names: []string{"delimiter", "header", "header_row", "skip_rows", "skip_footer", "short_rows", "quote", "escape", "null_values", "encoding", "decimal", "thousands", "comment"},
	Parse: parseOptions,
}

// delimiterNames are the accepted values of delimiter.
var delimiterNames = map[string]byte{",": ',', ";": ';', "\t": '\t', "|": '|', "comma": ',', "semicolon": ';', "tab": '\t', "pipe": '|', " ": ' ', "space": ' '}

// separatorNames are the characters in numbers that a parameter may name, by the names it may use.
var separatorNames = map[string]byte{
	",": ',', ".": '.', " ": ' ', "'": '\'', "_": '_',
	"comma": ',', "point": '.', "space": ' ', "apostrophe": '\'', "underscore": '_',
}

func parseOptions(given codec.Values) (any, error) {
	header, err := given.Bool("header", true)
	if err != nil {
		return nil, err
	}
	opt := Options{NoHeader: !header, Header: header && given.Has("header"), NullValues: scalar.ParseNullValues(given)}
	if err := opt.parseSyntax(given); err != nil {
		return nil, err
	}
	for _, c := range []struct {
		name   string
		into   *byte
		values map[string]byte
		must   string
	}{
		{"delimiter", &opt.Delimiter, delimiterNames, "comma, semicolon, tab, pipe or space, or the character itself"},
		{"decimal", &opt.Decimal, separatorNames, "point or comma, or the character itself"},
		{"thousands", &opt.Thousands, separatorNames, "comma, point, space, apostrophe or underscore, or the character itself"},
	} {
		if *c.into = c.values[given.Get(c.name)]; *c.into == 0 && given.Has(c.name) {
			return nil, notAccepted(given, c.name, c.must)
		}
	}
	if opt.Decimal != 0 && opt.Decimal != '.' && opt.Decimal != ',' {
		return nil, notAccepted(given, "decimal", "point or comma, or the character itself")
	}
	if given.Has("encoding") {
		if opt.Encoding, err = ParseEncoding(given.Get("encoding")); err != nil {
			return nil, notAccepted(given, "encoding", "one of "+EncodingNames)
		}
	}
	if c := given.Get("comment"); given.Has("comment") {
		if len(c) != 1 {
			return nil, notAccepted(given, "comment", "one ASCII punctuation character")
		}
		opt.Comment = c[0]
	}
	// Two of the characters may not be told from one another.
	_, err = newDialect(opt)
	return opt, err
}

func notAccepted(given codec.Values, name, must string) error {
	return codec.Errorf(codec.ErrUnsupported, "%s=%s is not accepted; it must be %s", name, codec.Shorten(given.Get(name)), must)
}
