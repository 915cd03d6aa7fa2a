package delimited

import (
	"fmt"

	"edgeframe/codec"
)

// shortRows says which lines may have fewer fields than the header, and counts them.
type shortRows struct {
	// fill says that missing values fill them.
	fill bool
	// spare says that the last column has no name, so that lines may lack its field.
	spare          bool
	filled, spared someLines
}

// someLines are a number of lines, the first of which begins at first.
type someLines struct{ count, first int }

func (l *someLines) add(start int) {
	if l.count++; l.count == 1 {
		l.first = start
	}
}

// accepts reports whether the line at start may lack so many fields.
func (r *shortRows) accepts(start, lacks int) bool {
	switch {
	case r.spare && lacks == 1:
		r.spared.add(start)
	case r.fill:
		r.filled.add(start)
	default:
		return false
	}
	return true
}

// reset forgets the lines, which are read again.
func (r *shortRows) reset() { r.filled, r.spared = someLines{}, someLines{} }

// uneven is the error about a row whose number of fields is not the number of columns.
func (s *textScanner) uneven(rowStart int) error {
	fields := 0
	if _, err := s.record(rowStart, func(textSpan) bool { fields++; return true }); err != nil {
		return err
	}
	return s.unevenFields(rowStart, fields, s.width)
}

func (s *textScanner) unevenFields(rowStart, fields, width int) error {
	hint, footer := "", s.footerAt(rowStart)
	switch {
	case fields < width && footer > 0:
		hint = fmt.Sprintf("; short_rows=fill fills short lines with missing values, and skip_footer=%d leaves out the end of the text from this line on", footer)
	case fields < width:
		hint = "; short_rows=fill fills short lines with missing values"
	case footer > 0:
		hint = fmt.Sprintf("; skip_footer=%d leaves out the end of the text from this line on", footer)
	case s.widthOf == ofHeader && 2*width <= fields:
		hint = "; if the names are on another line, header_row names it"
	}
	return codec.Errorf(codec.ErrMalformed, "line %d has %s, %s has %d: every line must have as many, and a field with %q inside must be quoted%s",
		s.line(rowStart), codec.Plural(fields, "field"), s.widthOf, width, s.delimiter, hint)
}

// note is the sentence of the receipt about lines that were filled.
func (l someLines) note(s *textScanner) string {
	verb := "have"
	if l.count == 1 {
		verb = "has"
	}
	return fmt.Sprintf("%s %s fewer fields than the header; missing values fill them (line %d first)", codec.Plural(l.count, "line"), verb, s.line(l.first))
}
