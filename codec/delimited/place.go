package delimited

import (
	"bytes"

	"edgeframe/codec"
)

// place is where a table begins in a text.
type place struct {
	// start is the index of the line with the names or, without a header, of the first line of data. Blank
	// lines and comments may stand before it.
	start int
	// source is why the names are there; the zero value means that the first line is taken. With
	// codec.HeaderFound, detection skipped a title: lines that are not part of the table.
	source codec.HeaderSource
	titled bool
}

// locate returns the dialect of a text, with its delimiter, and where the table begins. usual is the
// delimiter if none is given; 0 means that it is detected.
func locate(text []byte, opt Options, usual byte) (*dialect, place, error) {
	at := place{}
	if named, next := separatorLine(text); named != 0 {
		if opt.Delimiter == 0 {
			opt.Delimiter = named
		}
		at.start, at.source = next, codec.HeaderFound
	}
	if opt.Delimiter == 0 {
		opt.Delimiter = usual
	}
	d, err := newDialect(opt)
	if err != nil {
		return nil, at, err
	}
	switch {
	case opt.HeaderRow > 0:
		at.start, err = d.headerLine(text, opt.HeaderRow)
	case opt.SkipRows > 0:
		at.start = skipLines(text, opt.SkipRows)
	}
	if err != nil {
		return nil, at, err
	}
	switch {
	case opt.NoHeader:
		at.source = codec.HeaderAbsent
	case opt.HeaderRow > 0 || opt.SkipRows > 0 || opt.Header:
		at.source = codec.HeaderGiven
	}
	skipped, titled, err := d.detect(text[at.start:], opt)
	if err != nil {
		return nil, at, err
	}
	if titled {
		at = place{at.start + skipped, codec.HeaderFound, true}
	}
	return d, at, nil
}

// detect finds the delimiter, unless the dialect has one, and the first line of the table: lines before it,
// such as a title, are not read. It is not looked for if a parameter says where the table begins.
func (d *dialect) detect(text []byte, opt Options) (start int, titled bool, err error) {
	s := textScanner{data: text, comment: d.comment}
	first := s.skipBlankLines(0)
	candidates := delimiters
	if d.delimiter != 0 {
		candidates = []byte{d.delimiter}
	}
	if len(candidates) > 1 && d.isSpaced(text, first, opt) {
		d.delimiter = ' '
		return 0, false, nil
	}
	p := newDetector(text[first:], d, candidates)
	usable := func(c byte) bool {
		return len(candidates) == 1 || c != d.decimal && c != d.comment && c != d.quote && c != d.escape
	}
	with, shape := p.best(usable)
	if len(candidates) > 1 && candidates[with] == d.thousands && shape.fields < 2 {
		// In a table of one column, that is what separates thousands.
		without := func(c byte) bool { return usable(c) && c != d.thousands }
		with, shape = p.best(without)
	}
	var named byte
	if !opt.NoHeader && !shape.even() {
		named = d.delimiterOfRows(text, first, func(c byte) bool { return bytes.IndexByte(candidates, c) >= 0 && usable(c) }, opt)
	}
	if !opt.NoHeader && opt.HeaderRow == 0 && opt.SkipRows == 0 {
		if by, record := p.belowTitle(usable, with, shape); record > 0 {
			d.delimiter = candidates[by]
			return first + p.records[record].start, true, d.checkDelimiter()
		}
	}
	if d.delimiter = candidates[with]; named != 0 {
		d.delimiter = named
	}
	return 0, false, d.checkDelimiter()
}

// separatorLine returns the delimiter that the first line names as Excel does, such as in sep=;, and the
// index of the next line. The delimiter is 0 if the line is another one. A quoted line is a name.
func separatorLine(text []byte) (delimiter byte, next int) {
	const word = "sep="
	line := text[:min(len(text), len(word)+2)]
	if len(line) < len(word)+2 || !bytes.EqualFold(line[:len(word)], []byte(word)) || !isLineEnd(line[len(word)+1]) {
		return 0, 0
	}
	if delimiter = line[len(word)]; delimiter == '"' || !isPunctuation(delimiter) && !isBlank(delimiter) {
		return 0, 0
	}
	return delimiter, len(word) + 1 + lineEndLength(text[len(word)+1:])
}

// skipLines returns the index of the line behind the first n lines, whatever they have, or the length of
// the text.
func skipLines(text []byte, n int) (pos int) {
	for ; n > 0 && pos < len(text); n-- {
		end := bytes.IndexAny(text[pos:], "\r\n")
		if end < 0 {
			return len(text)
		}
		pos += end + lineEndLength(text[pos+end:])
	}
	return pos
}

// headerLine returns the index of the line with the names, which is counted from 1.
func (d *dialect) headerLine(text []byte, line int) (int, error) {
	pos := skipLines(text, line-1)
	if pos == len(text) {
		return 0, codec.Errorf(codec.ErrMalformed, "header_row is %d, but the text has fewer lines", line)
	}
	s := textScanner{data: text, comment: d.comment, delimiter: d.delimiter}
	if s.skipBlankLines(pos) != pos {
		return 0, codec.Errorf(codec.ErrMalformed, "header_row is %d, but that line is blank or a comment: expected the line with the names of the columns", line)
	}
	return pos, nil
}

// trimMarks removes byte order marks: some programs write more than one.
func trimMarks(text []byte) []byte {
	mark := []byte("\ufeff")
	for bytes.HasPrefix(text, mark) {
		text = text[len(mark):]
	}
	return text
}
