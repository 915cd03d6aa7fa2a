package delimited

import (
	"bytes"

	"edgeframe/codec"
)

// quoted reads the quoted field at pos, where a byte of s.opens is. next is the index of the delimiter or
// line end after it, or the end of the data. It is 0 if no quoted field begins there: blanks may stand
// before other text.
func (s *textScanner) quoted(pos int) (span textSpan, next int, err error) {
	open := pos
	if s.data[pos] != s.quote {
		if open = s.skipBlanks(pos); open == len(s.data) || s.data[open] != s.quote || s.width == 1 {
			return span, 0, nil
		}
	}
	span, next = s.closed(open)
	switch {
	case next > 0 && (next == len(s.data) || s.endsField(s.data[next])):
		return span, next, nil
	case open > pos:
		// Text such as ` "a" and "b"` is not quoted.
		return span, 0, nil
	case next == 0:
		return span, 0, codec.Errorf(codec.ErrMalformed, "the quote that opens a field on line %d is never closed: the field needs a closing quote, and quotes in it must be doubled; with quote=none quotes are ordinary characters", s.line(pos))
	}
	return span, 0, codec.Errorf(codec.ErrMalformed, "line %d has text after the closing quote of a field: a delimiter or the end of the line must follow, and quotes in the field must be doubled; with quote=none quotes are ordinary characters", s.line(next))
}

// closed returns the content of the field whose opening quote is at open, and the index of what follows
// its closing quote and the blanks behind that. next is 0 if there is no closing quote.
func (s *textScanner) closed(open int) (span textSpan, next int) {
	span.start = uint32(open+1) | spanFlag
	for next = open + 1; ; next++ {
		i := bytes.IndexByte(s.data[next:], s.quote)
		if i < 0 {
			return span, 0
		}
		next += i + 1
		if next == len(s.data) || s.data[next] != s.quote {
			break
		}
		span.end = spanFlag
	}
	span.end |= uint32(next - 1)
	return span, s.skipBlanks(next)
}

// skipBlanks returns the index of the first byte from pos on that is not a blank, or is the delimiter.
func (s *textScanner) skipBlanks(pos int) int {
	for pos < len(s.data) && isBlank(s.data[pos]) && s.data[pos] != s.delimiter {
		pos++
	}
	return pos
}

// quotesAreText reports whether quotes in text with tabs or bars, which has them from start on, mean
// nothing. TSV of the IANA and of many databases has no quoting: then a quote may open a field that is
// never closed, or closed some lines below. So quotes mean nothing if they are used in a way that is not
// that of RFC 4180 or that puts line ends into fields, and every line has as many fields without them.
//
// An empty line at the end says that quotes enclose fields; see [driver.Encode].
func (s *textScanner) quotesAreText(start int) bool {
	if s.delimiter != '\t' && s.delimiter != '|' || bytes.HasSuffix(s.data, []byte("\n\n")) {
		return false
	}
	return s.hasStrayQuotes(start) && s.hasEvenLines(start) && !s.isQuotedName(start)
}

// isQuotedName reports whether the line at start is one quoted field: the table has one column.
func (s *textScanner) isQuotedName(start int) bool {
	fields, quoted := 0, false
	_, err := s.record(s.skipBlankLines(start), func(span textSpan) bool {
		fields, quoted = fields+1, span.quoted()
		return fields < 2
	})
	return err == nil && fields == 1 && quoted
}

// hasStrayQuotes reports whether a quote opens a field that has a line end, is never closed, or is
// followed by text.
func (s *textScanner) hasStrayQuotes(start int) bool {
	line := start
	for pos := start; ; {
		i := bytes.IndexByte(s.data[pos:], s.quote)
		if i < 0 {
			return false
		}
		i += pos
		opens := i == start || s.endsField(s.data[i-1])
		if s.comment != 0 {
			line = max(line, pos+1+bytes.LastIndexAny(s.data[pos:i], "\r\n"))
			opens = opens && s.data[line] != s.comment
		}
		if !opens {
			pos = i + 1
			continue
		}
		span, next := s.closed(i)
		if next == 0 || next < len(s.data) && !s.endsField(s.data[next]) {
			return true
		}
		if bytes.ContainsAny(s.data[i+1:span.end&^spanFlag], "\r\n") {
			return true
		}
		pos = next
	}
}

// hasEvenLines reports whether all lines from start on have the same number of fields, and more than one,
// if quotes mean nothing. Blank lines and comments do not count.
func (s *textScanner) hasEvenLines(start int) bool {
	width := 0
	for pos := start; pos < len(s.data); {
		end := len(s.data)
		if i := bytes.IndexAny(s.data[pos:], "\r\n"); i >= 0 {
			end = pos + i
		}
		line := s.data[pos:end]
		pos = min(end+1, len(s.data))
		if len(trimBlanks(line)) == 0 && bytes.IndexByte(line, s.delimiter) < 0 || s.comment != 0 && line[0] == s.comment {
			continue
		}
		fields := 1 + bytes.Count(line, []byte{s.delimiter})
		if width == 0 {
			width = fields
		}
		if fields != width {
			return false
		}
	}
	return width > 1
}
