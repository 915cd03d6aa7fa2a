package delimited

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// dialect is how delimited text is written: the characters between fields and in numbers.
type dialect struct {
	// delimiter is 0 until it is detected; comment is 0 if there are no comments.
	delimiter, comment byte
	// quote is 0 if quotes mean nothing, escape if no character makes the next one ordinary.
	quote, escape byte
	// single says that the table has one column.
	single bool
	// decimal is '.' or ','; thousands is 0 if groups of digits are not numbers.
	decimal, thousands byte
	parsers            *[cellText]cellParser
}

// newDialect rejects characters that cannot be told apart.
func newDialect(opt Options) (*dialect, error) {
	d := &dialect{delimiter: opt.Delimiter, comment: opt.Comment, decimal: opt.Decimal, thousands: opt.Thousands, parsers: &cellParsers}
	if d.decimal == 0 {
		d.decimal = '.'
	}
	in := func(c byte, set string) bool { return c != 0 && strings.IndexByte(set, c) >= 0 }
	switch {
	case d.delimiter >= utf8.RuneSelf || in(d.delimiter, "\"\r\n"):
		return nil, codec.Errorf(codec.ErrUnsupported, "the delimiter %q is not usable: expected one ASCII character other than a quote or a line end", d.delimiter)
	case !in(d.decimal, ".,"):
		return nil, codec.Errorf(codec.ErrUnsupported, "the decimal point %q is not usable: expected a point or a comma", d.decimal)
	case d.thousands != 0 && !in(d.thousands, ",. '_"):
		return nil, codec.Errorf(codec.ErrUnsupported, "the separator of thousands %q is not usable: expected a comma, point, space, apostrophe or underscore", d.thousands)
	case d.comment != 0 && !isPunctuation(d.comment) || d.comment == '"':
		return nil, codec.Errorf(codec.ErrUnsupported, "comment lines cannot begin with %q: expected one ASCII punctuation character other than a double quote", d.comment)
	case d.thousands == d.decimal:
		return nil, codec.Errorf(codec.ErrUnsupported, "%q cannot be both the decimal point and the separator of thousands: name another one for one of them", d.decimal)
	case d.delimiter != 0 && d.delimiter == d.comment:
		return nil, codec.Errorf(codec.ErrUnsupported, "%q cannot both separate fields and begin lines of comment: name another one for one of them", d.comment)
	}
	if d.delimiter != 0 {
		if err := d.checkDelimiter(); err != nil {
			return nil, err
		}
	}
	if err := d.setSyntax(opt); err != nil {
		return nil, err
	}
	if !d.plainNumbers() {
		parsers := cellParsers
		parsers[cellInt] = d.plainly(parseIntCell)
		parsers[cellFloat] = d.plainly(parseFloatCell)
		d.parsers = &parsers
	}
	return d, nil
}

// plainNumbers reports whether numbers have a decimal point and no separators of thousands.
func (d *dialect) plainNumbers() bool { return d.decimal == '.' && d.thousands == 0 }

func isPunctuation(c byte) bool {
	return c > ' ' && c < 0x7f && !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'z')
}

// checkDelimiter rejects the decimal point as delimiter. The separator of thousands may be the
// delimiter, because such numbers are quoted.
func (d *dialect) checkDelimiter() error {
	if d.delimiter == d.decimal {
		return codec.Errorf(codec.ErrUnsupported, "%q cannot both separate fields and be the decimal point: name another delimiter or decimal", d.delimiter)
	}
	return nil
}

// plainly returns a parser for numbers of the dialect, from a parser for numbers with only a
// decimal point. Whether a cell counts as changed depends on its plain spelling, because the
// user has named the dialect.
func (d *dialect) plainly(parse cellParser) cellParser {
	return func(b []byte) (uint64, scalar.Fit) {
		var buf [40]byte
		plain, ok := d.appendPlain(buf[:0], b)
		if !ok {
			return 0, scalar.NoFit
		}
		return parse(plain)
	}
}

// maxNumberBytes is the longest text that is tried as a number or time, so that longer text is
// not copied for nothing.
const maxNumberBytes = 1 << 10

// appendPlain appends a number without separators of thousands and with a decimal point. It
// rejects most text that is not a number of the dialect, but may return text that is not a valid
// number; the caller checks.
func (d *dialect) appendPlain(dst, b []byte) (plain []byte, ok bool) {
	if len(b) > maxNumberBytes {
		return dst, false
	}
	whole, rest := b, []byte(nil)
	if end := bytes.IndexFunc(b, func(r rune) bool { return r == rune(d.decimal) || r == 'e' || r == 'E' }); end >= 0 {
		whole, rest = b[:end], b[end:]
	}
	if d.thousands != 0 && bytes.IndexFunc(whole, d.separates) >= 0 {
		if dst, ok = d.appendUngrouped(dst, whole); !ok {
			return dst, false
		}
	} else {
		dst = append(dst, whole...)
	}
	if d.decimal != '.' && bytes.IndexByte(dst, '.') >= 0 || bytes.IndexByte(rest, '.') >= 0 && d.decimal != '.' {
		return dst, false
	}
	if len(rest) > 0 && rest[0] == d.decimal {
		dst = append(dst, '.')
		rest = rest[1:]
	}
	return append(dst, rest...), true
}

// separates reports whether a character stands between groups of three digits. With the space go the
// spaces that do not break the line, which programs write there in French, Polish and other languages, and with the
// apostrophe the typographic one.
func (d *dialect) separates(r rune) bool {
	switch r {
	case rune(d.thousands):
		return true
	case '\u00a0', '\u2009', '\u202f':
		return d.thousands == ' '
	case '\u2019':
		return d.thousands == '\''
	}
	return false
}

// appendUngrouped appends the digits of a whole number in groups of three. The first group may be
// shorter.
func (d *dialect) appendUngrouped(dst, b []byte) ([]byte, bool) {
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		dst, b = append(dst, b[0]), b[1:]
	}
	for first := true; ; first = false {
		group, rest, more := b, []byte(nil), false
		if end := bytes.IndexFunc(b, d.separates); end >= 0 {
			_, size := utf8.DecodeRune(b[end:])
			group, rest, more = b[:end], b[end+size:], true
		}
		if len(group) > 3 || len(group) < 3 && !first || len(group) == 0 || bytes.IndexFunc(group, notDigit) >= 0 {
			return dst, false
		}
		dst = append(dst, group...)
		if !more {
			return dst, true
		}
		b = rest
	}
}

func notDigit(r rune) bool { return r < '0' || r > '9' }

// spells reports whether a field has the spelling of a value of that type, without regard to the
// separators in numbers of the dialect.
func (d *dialect) spells(field, spelled []byte, dt arrow.DataType) bool {
	if bytes.Equal(field, spelled) || d.single && len(spelled) == 0 && string(field) == singleMissing {
		return true
	}
	if d.plainNumbers() || !isNumeric(dt) {
		return false
	}
	plain, ok := d.appendPlain(nil, field)
	return ok && bytes.Equal(plain, spelled)
}

func isNumeric(dt arrow.DataType) bool {
	id := scalar.ValueType(dt).ID()
	return arrow.IsInteger(id) || arrow.IsFloating(id) || arrow.IsDecimal(id)
}
