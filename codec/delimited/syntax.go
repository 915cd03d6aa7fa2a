package delimited

import (
	"math"
	"strconv"

	"edgeframe/codec"
)

// parseSyntax reads the parameters that say which lines are the table and what encloses fields.
func (opt *Options) parseSyntax(given codec.Values) error {
	for _, c := range []struct {
		name string
		into *int
		low  int
		must string
	}{
		{"header_row", &opt.HeaderRow, 1, "the number of the line with the names, counted from 1"},
		{"skip_rows", &opt.SkipRows, 0, "the number of lines before the table"},
		{"skip_footer", &opt.SkipFooter, 0, "the number of lines below the table"},
	} {
		if !given.Has(c.name) {
			continue
		}
		n, err := strconv.Atoi(given.Get(c.name))
		if err != nil || n < c.low || n > math.MaxInt32 {
			return notAccepted(given, c.name, c.must)
		}
		*c.into = n
	}
	switch given.Get("short_rows") {
	case "fill":
		opt.FillShort = true
	case "refuse":
	default:
		if given.Has("short_rows") {
			return notAccepted(given, "short_rows", "fill or refuse")
		}
	}
	if quote := given.Get("quote"); quote == "none" {
		opt.NoQuotes = true
	} else if given.Has("quote") {
		if len(quote) != 1 {
			return notAccepted(given, "quote", "one ASCII punctuation character, or none")
		}
		opt.Quote = quote[0]
	}
	if escape := given.Get("escape"); given.Has("escape") {
		if len(escape) != 1 {
			return notAccepted(given, "escape", "one ASCII punctuation character")
		}
		opt.Escape = escape[0]
	}
	return nil
}

// setSyntax sets what encloses fields and what makes a character ordinary. It rejects characters that
// cannot be told apart, and parameters that contradict each other.
func (d *dialect) setSyntax(opt Options) error {
	switch {
	case opt.NoHeader && opt.HeaderRow > 0:
		return codec.Errorf(codec.ErrUnsupported, "header_row=%d says where the header is, header=false that there is none: give one of them", opt.HeaderRow)
	case opt.HeaderRow > 0 && opt.SkipRows > 0:
		return codec.Errorf(codec.ErrUnsupported, "header_row=%d and skip_rows=%d both say where the table begins: give one of them", opt.HeaderRow, opt.SkipRows)
	case opt.NoQuotes && opt.Quote != 0:
		return codec.Errorf(codec.ErrUnsupported, "%q cannot enclose fields if quotes mean nothing: give one of them", opt.Quote)
	}
	if d.quote = opt.Quote; d.quote == 0 && !opt.NoQuotes {
		d.quote = '"'
	}
	if d.escape = opt.Escape; d.escape == d.quote {
		// A doubled quote is one in any case.
		d.escape = 0
	}
	for _, c := range []struct {
		is   byte
		what string
	}{{d.quote, "enclose fields"}, {d.escape, "make the next character ordinary"}} {
		switch {
		case c.is == 0:
		case !isPunctuation(c.is):
			return codec.Errorf(codec.ErrUnsupported, "%q cannot %s: expected one ASCII punctuation character", c.is, c.what)
		case c.is == d.delimiter:
			return codec.Errorf(codec.ErrUnsupported, "%q cannot both separate fields and %s: name another one for one of them", c.is, c.what)
		case c.is == d.comment:
			return codec.Errorf(codec.ErrUnsupported, "%q cannot both begin lines of comment and %s: name another one for one of them", c.is, c.what)
		}
	}
	return nil
}

// scanner returns a scanner of text in the dialect, whose delimiter is known.
func (d *dialect) scanner(text []byte) textScanner {
	s := textScanner{data: text, delimiter: d.delimiter, comment: d.comment, widthOf: ofHeader}
	if s.quote = d.quote; s.quote != 0 {
		s.opens[s.quote] = true
		for _, blank := range []byte(" \t") {
			s.opens[blank] = blank != d.delimiter
		}
	}
	return s
}

// ofHeader is the usual source of the number of columns.
const ofHeader = "the header"
