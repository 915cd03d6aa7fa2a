package delimited

import "bytes"

// This file finds the names of rows that R's write.table writes: every line of data has one field more than
// the header, and the first of them has no name there. pandas takes it as the index.

// rowNamesNote is the sentence of the receipt about such a table.
const rowNamesNote = "every line has one field more than the header, as write.table of R writes tables: the first column has the names of the rows"

// sampledLine is what [textScanner.hasRowNames] looks at in a line of data.
type sampledLine struct {
	fields int
	// nameQuoted says that the first field is quoted.
	nameQuoted bool
	// digits and blank say of each field whether it has only digits, and whether it begins with a blank.
	digits, blank []bool
}

// hasRowNames reports whether the lines below the header at start, in the sample, have the names of rows. R
// quotes the names unless it is told not to. If they are not quoted, one field more may also be a decimal
// comma, or a text with a delimiter in it: such files are rejected, because their lines are uneven.
func (s *textScanner) hasRowNames(start int, opt Options) bool {
	names, namesQuoted, ok := s.namesOfColumns(start)
	if !ok {
		return false
	}
	rows, rowsQuoted := 0, true
	seen := map[string]bool{}
	// A column below is suspicious as long as all of its cells are.
	var digits, blank []bool
	for pos := s.skipBlankLines(s.pos); pos < len(s.data) && pos < start+sampleBytes && rows < sampleRows; rows++ {
		line, name, next := s.sampleLine(pos, names+1)
		if line.fields != names+1 || len(name) == 0 || seen[name] {
			return false
		}
		seen[name] = true
		rowsQuoted = rowsQuoted && line.nameQuoted
		if rows == 0 {
			digits, blank = line.digits, line.blank
		}
		for i := range digits {
			digits[i], blank[i] = digits[i] && line.digits[i], blank[i] && line.blank[i]
		}
		pos = s.skipBlankLines(next)
	}
	switch {
	case rows > 0 && namesQuoted && rowsQuoted:
		return true
	case rows < 2:
		return false
	case isBlank(s.delimiter):
		return true
	case names < 2:
		return false
	}
	for i := range digits {
		decimals := i > 0 && digits[i-1] && digits[i] && s.delimiter == ',' && opt.Decimal != '.'
		if decimals || blank[i] {
			return false
		}
	}
	return true
}

// namesOfColumns returns the number of names in the line at start, and whether all are quoted. It moves s to
// the line below. It is not ok if a name is empty, is not in the sample, or looks like a value and is not
// quoted.
func (s *textScanner) namesOfColumns(start int) (n int, quoted, ok bool) {
	quoted, ok = true, true
	plain := dialect{parsers: &cellParsers}
	next, err := s.record(start, func(span textSpan) bool {
		name := trimBlanks(span.raw(s.data))
		quoted = quoted && span.quoted()
		ok = len(name) > 0 && int(span.end&^spanFlag) < start+sampleBytes && (span.quoted() || isYear(name) || !plain.looksLikeValue(name))
		n++
		return ok
	})
	s.pos = next
	return n, quoted, ok && err == nil
}

// sampleLine looks at the line at pos, but not at more than most fields and one. It also returns the first
// field, and where the next line begins.
func (s *textScanner) sampleLine(pos, most int) (line sampledLine, name string, next int) {
	next, err := s.record(pos, func(span textSpan) bool {
		cell := span.raw(s.data)
		if line.fields == 0 {
			name, line.nameQuoted = string(cell[:min(len(cell), maxNumberBytes)]), span.quoted()
		}
		line.digits = append(line.digits, !span.quoted() && len(cell) > 0 && bytes.IndexFunc(bytes.TrimLeft(cell, "-+"), notDigit) < 0)
		line.blank = append(line.blank, !span.quoted() && len(cell) > 0 && isBlank(cell[0]))
		line.fields++
		return line.fields <= most
	})
	if err != nil {
		line.fields = 0
	}
	return line, name, next
}

// delimiterOfRows returns the delimiter with which a text that begins at start has names of rows; 0 if it has
// none with any that usable accepts.
func (d *dialect) delimiterOfRows(text []byte, start int, usable func(byte) bool, opt Options) byte {
	for _, c := range delimiters {
		if !usable(c) {
			continue
		}
		with := *d
		with.delimiter = c
		if s := with.scanner(text); s.hasRowNames(start, opt) {
			return c
		}
	}
	return 0
}

// isSpaced reports whether a text that begins at start is the space-delimited one that write.table of R
// writes: the header has only quoted names with single spaces between them, and the lines below have as many
// fields or one more. No other delimiter can read such a text.
func (d *dialect) isSpaced(text []byte, start int, opt Options) bool {
	if start == len(text) || d.quote == 0 || text[start] != d.quote || d.escape != 0 {
		return false
	}
	with := *d
	with.delimiter = ' '
	s := with.scanner(text)
	n, quoted, ok := s.namesOfColumns(start)
	if !ok || !quoted {
		return false
	}
	rows, width, rowsQuoted := 0, 0, true
	for pos := s.skipBlankLines(s.pos); pos < len(text) && pos < start+sampleBytes && rows < sampleRows; rows++ {
		line, _, next := s.sampleLine(pos, n+1)
		if rows == 0 {
			width = line.fields
		}
		if line.fields != width {
			return false
		}
		rowsQuoted = rowsQuoted && line.nameQuoted
		pos = s.skipBlankLines(next)
	}
	switch {
	case rows == 0:
		return false
	case width == n:
		return n > 1
	}
	return width == n+1 && !opt.NoHeader && rowsQuoted
}

// nameRows gives the first column of a table that has names of rows an empty name, as if the text had it.
func (h *header) nameRows() {
	h.given, h.rowNames = append([]string{""}, h.given...), true
}

// namesRows returns the delimiter of the beginning of a text of which write.table of R wrote names of rows;
// 0 if it is another text. shape is that of the lines.
func (d *dialect) namesRows(data []byte, shape delimiterShape) byte {
	if shape.even() {
		return 0
	}
	if len(data) == sampleBytes {
		data = data[:1+bytes.LastIndexByte(data, '\n')]
	}
	s := textScanner{data: data}
	start := s.skipBlankLines(0)
	if d.isSpaced(data, start, Options{}) {
		return ' '
	}
	return d.delimiterOfRows(data, start, func(byte) bool { return true }, Options{})
}
