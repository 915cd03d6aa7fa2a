package delimited

import (
	"bytes"
	"unicode/utf8"
)

const (
	// sampleBytes and sampleRows bound the part of a text that detection reads.
	sampleBytes = 64 << 10
	sampleRows  = 100
)

// delimiters lists the delimiters that can be detected. The first one is taken for text without a
// delimiter.
var delimiters = []byte(",;\t|")

// mostCandidates is the largest number of delimiters that are compared.
const mostCandidates = 4

// sampleRecord is a line of the sample that has text, or several lines if quotes hold line ends.
type sampleRecord struct {
	// start is its index in the sample.
	start int
	// fields is the number of fields with each of the candidates; open says that the last one is empty.
	fields [mostCandidates]int
	open   [mostCandidates]bool
	// afterBlank says that a blank line stands before it.
	afterBlank bool
}

// detector compares delimiters on the first lines of a text.
type detector struct {
	text       []byte
	candidates []byte
	// which has the number of each candidate, counted from 1.
	which   [256]uint8
	dialect *dialect
	records []sampleRecord
}

// newDetector reads the first lines of text. It leaves out blank lines and comments.
func newDetector(text []byte, d *dialect, candidates []byte) *detector {
	p := &detector{text: text[:min(len(text), sampleBytes)], candidates: candidates, dialect: d}
	for i, c := range candidates {
		p.which[c] = uint8(i + 1)
	}
	afterBlank := false
	for pos := 0; pos < len(p.text) && len(p.records) < sampleRows; {
		if d.comment != 0 && p.text[pos] == d.comment {
			// Quotes in comments open nothing.
			end := bytes.IndexAny(p.text[pos:], "\r\n")
			if end < 0 {
				break
			}
			pos += end + 1
			continue
		}
		r := sampleRecord{start: pos, afterBlank: afterBlank}
		end, finished := p.countFields(&r)
		afterBlank = len(bytes.Trim(p.text[pos:end], " \t\r\n")) == 0
		pos = end
		if !finished && len(p.records) > 0 {
			break
		}
		if !afterBlank {
			p.records = append(p.records, r)
		}
	}
	return p
}

// countFields counts the fields of the line at r.start for each of the candidates and returns where the
// next line begins. A quote after any candidate, or after blanks behind one, opens a field; delimiters
// inside it do not count.
func (p *detector) countFields(r *sampleRecord) (next int, finished bool) {
	text, quote, escape := p.text, p.dialect.quote, p.dialect.escape
	for i := range r.fields {
		r.fields[i] = 1
	}
	at, begins := -1, true
	for i := r.start; i < len(text); i++ {
		c := text[i]
		if isLineEnd(c) {
			if at >= 0 {
				r.open[at] = true
			}
			return i + lineEndLength(text[i:]), true
		}
		if begins && c == quote && quote != 0 {
			end := p.closingQuote(i)
			if end < 0 {
				break
			}
			afterBlank := i > r.start && isBlank(text[i-1]) && p.which[text[i-1]] == 0
			if !afterBlank || p.endsQuoted(end+1) {
				i = end
			}
			at, begins = -1, false
			continue
		}
		if escape != 0 && c == escape {
			i++
			at, begins = -1, false
			continue
		}
		if at = int(p.which[c]) - 1; at >= 0 {
			r.fields[at]++
		}
		begins = at >= 0 || begins && isBlank(c)
	}
	return len(text), false
}

// closingQuote returns the index of the quote that closes the one at pos, -1 if there is none.
func (p *detector) closingQuote(pos int) int {
	quote, escape := p.dialect.quote, p.dialect.escape
	for i := pos + 1; i < len(p.text); i++ {
		switch c := p.text[i]; {
		case escape != 0 && escape != quote && c == escape:
			i++
		case c != quote:
		case i+1 < len(p.text) && p.text[i+1] == quote:
			i++
		default:
			return i
		}
	}
	return -1
}

// endsQuoted reports whether a field may end at pos, behind its closing quote.
func (p *detector) endsQuoted(pos int) bool {
	for pos < len(p.text) && isBlank(p.text[pos]) && p.which[p.text[pos]] == 0 {
		pos++
	}
	return pos == len(p.text) || isLineEnd(p.text[pos]) || p.which[p.text[pos]] > 0
}

func isLineEnd(c byte) bool { return c == '\n' || c == '\r' }

// lineEndLength is the length of the CRLF, LF or CR that b begins with.
func lineEndLength(b []byte) int {
	if bytes.HasPrefix(b, []byte("\r\n")) {
		return 2
	}
	return 1
}

// agrees reports whether two lines have as many fields, but for one empty field at the end of either.
func (a sampleRecord) agrees(b sampleRecord, with int) bool {
	switch a.fields[with] - b.fields[with] {
	case 0:
		return true
	case 1:
		return a.open[with]
	case -1:
		return b.open[with]
	}
	return false
}

// delimiterShape is what lines look like with one delimiter.
type delimiterShape struct {
	// rows were read, and agree of them have as many fields as the first.
	rows, agree, fields int
	// rank is how unlikely the delimiter is to be part of a text or number.
	rank int
}

// The ranks of delimiters that split all lines into as many fields.
const (
	// rankDecimals: the commas of one field at least are those of decimal numbers.
	rankDecimals = 1 + iota
	// rankTab: text hardly ever has tabs.
	rankTab
)

// even reports whether all lines have as many fields, and more than one.
func (a delimiterShape) even() bool { return a.fields > 1 && a.agree == a.rows }

// better reports whether a splits more lines consistently than b or, if equal, has a higher rank or
// splits into more fields.
func (a delimiterShape) better(b delimiterShape) bool {
	switch {
	case a.fields < 2 || b.fields < 2:
		return a.fields > 1 && b.fields < 2
	case a.agree != b.agree:
		return a.agree > b.agree
	case a.even() && a.rank != b.rank:
		return a.rank > b.rank
	}
	return a.fields > b.fields
}

// shape is the shape of the records from one on with a candidate.
func (p *detector) shape(with, from int) (s delimiterShape) {
	if from >= len(p.records) {
		return s
	}
	first := p.records[from]
	s.fields = first.fields[with]
	for _, r := range p.records[from:] {
		s.rows++
		if first.agrees(r, with) {
			s.agree++
		}
	}
	if !s.even() {
		return s
	}
	switch delimiter := p.candidates[with]; {
	case delimiter == '\t' && !p.tabsArePadding():
		s.rank = rankTab
	case delimiter != ',' && p.hasDecimals(with, from):
		s.rank = rankDecimals
	}
	return s
}

// tabsArePadding reports whether every tab follows another delimiter.
func (p *detector) tabsArePadding() bool {
	tabs := bytes.Count(p.text, []byte("\t"))
	return tabs == bytes.Count(p.text, []byte(",\t")) || tabs == bytes.Count(p.text, []byte(";\t"))
}

// hasDecimals reports whether the cells of some column are numbers with a decimal comma. Of several
// records it leaves out the first, which may have names.
func (p *detector) hasDecimals(with, from int) bool {
	if from+1 < len(p.records) {
		from++
	}
	var is, isNot []bool
	for _, r := range p.records[from:] {
		column := 0
		p.eachCell(with, r, func(cell []byte) {
			if column == len(is) {
				is, isNot = append(is, false), append(isNot, false)
			}
			if len(cell) > 0 {
				decimal := isDecimalComma(cell)
				is[column], isNot[column] = is[column] || decimal, isNot[column] || !decimal
			}
			column++
		})
	}
	for i := range is {
		if is[i] && !isNot[i] {
			return true
		}
	}
	return false
}

// isDecimalComma reports whether b is a number with digits on both sides of one comma.
func isDecimalComma(b []byte) bool {
	if b[0] == '-' || b[0] == '+' {
		b = b[1:]
	}
	whole, part, ok := bytes.Cut(b, []byte{','})
	digits := func(b []byte) bool { return len(b) > 0 && bytes.IndexFunc(b, notDigit) < 0 }
	return ok && digits(whole) && digits(part)
}

// eachCell calls use with the cells of a record, without the blanks around them.
func (p *detector) eachCell(with int, r sampleRecord, use func(cell []byte)) {
	d := *p.dialect
	d.delimiter = p.candidates[with]
	s := d.scanner(p.text)
	var scratch []byte
	// A quote that is not closed ends the record early.
	_, _ = s.record(r.start, func(span textSpan) bool {
		use(trimBlanks(span.content(p.text, &scratch)))
		return true
	})
}

// best returns, of the candidates that usable accepts, the one that splits most lines into as many fields
// as the first. For text without a delimiter, which has one column, it returns the first one.
func (p *detector) best(usable func(byte) bool) (with int, shape delimiterShape) {
	with = -1
	for i, c := range p.candidates {
		if !usable(c) {
			continue
		}
		if s := p.shape(i, 0); with < 0 || s.better(shape) {
			with, shape = i, s
		}
	}
	return with, shape
}

// looksDelimited reports whether data, or its beginning, is text with the same number of
// fields on all lines, and which delimiter it has. Text without a delimiter needs a second
// line. Text that begins like JSON, HTML or XML does not count as delimited.
func looksDelimited(data []byte) (delimiter byte, ok bool) {
	data = sampleText(data)
	if !isPlainText(data) {
		return 0, false
	}
	if named, next := separatorLine(data); named != 0 {
		return named, next < len(data)
	}
	text := bytes.TrimLeft(data, " \t\r\n")
	if len(text) == 0 || bytes.IndexByte([]byte("{[<"), text[0]) >= 0 {
		return 0, false
	}
	plain, err := newDialect(Options{})
	if err != nil {
		return 0, false
	}
	p := newDetector(data, plain, delimiters)
	with, shape := p.best(func(byte) bool { return true })
	if named := plain.namesRows(data, shape); named != 0 {
		return named, true
	}
	if shape.fields > 1 {
		return delimiters[with], shape.agree == shape.rows
	}
	several := shape.rows > 1 && bytes.IndexByte(text, '\t') < 0
	return delimiters[with], several && shape.agree == shape.rows
}

// isPlainText reports whether data is UTF-8 without control characters. The last character may
// be cut off.
func isPlainText(data []byte) bool {
	for cut := 1; cut < utf8.UTFMax && cut <= len(data); cut++ {
		if tail := data[len(data)-cut:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) {
				data = data[:len(data)-cut]
			}
			break
		}
	}
	control := func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7f }
	return utf8.Valid(data) && bytes.IndexFunc(data, control) < 0
}
