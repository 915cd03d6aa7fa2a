package delimited

import (
	"bytes"
	"fmt"
	"strings"

	"edgeframe/codec"
)

// footer is the last lines of a text, which are not part of the table.
type footer struct {
	text []byte
	// lines is the number of lines, first the number of the first one.
	lines, first int
}

// cutFooter returns text without its last n lines, and these. All lines count, blank ones too.
func cutFooter(text []byte, n int) (table []byte, f footer, err error) {
	start := len(text)
	for ; f.lines < n && start > 0; f.lines++ {
		start = lastLine(text[:start])
	}
	if n == 0 {
		return text, f, nil
	}
	at := textScanner{data: text}
	f.text, f.first = text[start:], at.line(start)
	if len(trimBlankLines(text[:start])) == 0 {
		return nil, f, codec.Errorf(codec.ErrMalformed, "skip_footer is %d, but the text has only %s: expected the table before them", n, codec.Plural(f.first-1+f.lines, "line"))
	}
	return text[:start], f, nil
}

// lastLine is the index of the last line of text.
func lastLine(text []byte) int {
	end := len(text) - 1
	if end > 0 && text[end] == '\n' && text[end-1] == '\r' {
		end--
	}
	return 1 + bytes.LastIndexAny(text[:end], "\r\n")
}

func trimBlankLines(text []byte) []byte { return bytes.Trim(text, " \t\r\n") }

// shownLines is how many lines that are left out a receipt shows.
const shownLines = 3

// note is the sentence of the receipt about the lines that are left out, with the first of them.
func (f footer) note() string {
	var shown []string
	for rest := f.text; len(rest) > 0 && len(shown) < shownLines; {
		line := rest
		if end := bytes.IndexAny(rest, "\r\n"); end >= 0 {
			line = rest[:end]
		}
		if rest = rest[min(len(line)+1, len(rest)):]; len(trimBlanks(line)) > 0 {
			shown = append(shown, codec.QuotedBytes(line))
		}
	}
	note := fmt.Sprintf("the last %s, from line %d on, are not part of the table, as skip_footer says", codec.Plural(f.lines, "line"), f.first)
	if f.lines == 1 {
		note = fmt.Sprintf("the last line, line %d, is not part of the table, as skip_footer says", f.first)
	}
	if len(shown) > 0 {
		note += ": " + strings.Join(shown, ", ")
	}
	return note
}

// maxFooter is how many lines at the end of a text may look like a footer.
const maxFooter = 20

// footerAt is the number of lines from the one at start to the end of the text if they look like a footer: the
// one at start has not as many fields as the table has columns, there are more lines before them, and no
// line below it has as many fields either. Otherwise it is 0.
func (s *textScanner) footerAt(start int) (lines int) {
	for pos := start; pos < len(s.data); lines++ {
		if lines == maxFooter {
			return 0
		}
		line := s.data[pos:]
		if end := bytes.IndexAny(line, "\r\n"); end >= 0 {
			line = line[:end]
		}
		pos = s.skipLineEnd(pos + len(line))
		fields, below := 0, *s
		below.data = line
		if _, err := below.record(0, func(textSpan) bool { fields++; return fields <= s.width }); err == nil && fields == s.width && len(trimBlanks(line)) > 0 {
			return 0
		}
	}
	if lines >= s.line(start)-1 {
		return 0
	}
	return lines
}
