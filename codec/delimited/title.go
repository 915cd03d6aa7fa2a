package delimited

import (
	"bytes"

	"edgeframe/codec/scalar"
)

// belowTitle looks for a table below lines such as a title, if the first line is not like the others. It
// returns the delimiter and the record with the names; record is 0 if there is no such table. best and
// shape are those of a table that begins at once.
//
// Lines are taken as a title only if all lines below have as many fields, they themselves have fewer
// values, and the first line below looks like names: see [detector.titleEnds]. Other such files are
// rejected, because their lines are uneven.
func (p *detector) belowTitle(usable func(byte) bool, best int, shape delimiterShape) (with, record int) {
	var found delimiterShape
	for i, c := range p.candidates {
		if !usable(c) || shape.even() && i != best {
			continue
		}
		start := p.titleEnds(i)
		if start == 0 {
			continue
		}
		if s := p.shape(i, start); record == 0 || start < record || start == record && s.better(found) {
			with, record, found = i, start, s
		}
	}
	return with, record
}

// titleEnds returns the first record of a table with a candidate, 0 if no title stands before it.
func (p *detector) titleEnds(with int) int {
	n := len(p.records)
	if n < 3 {
		return 0
	}
	last, start := p.records[n-1], n-1
	for start > 0 && p.records[start-1].agrees(last, with) {
		start--
	}
	// Spreadsheets fill a title up with delimiters.
	const wide = 3
	width := p.records[start].fields[with]
	for start < n-1 && width >= wide {
		if values, _ := p.values(with, p.records[start]); values > 1 {
			break
		}
		start++
	}
	// A block of lines with as many delimiters as the table ends at a blank line.
	for i := n - 2; i > start; i-- {
		if p.records[i].afterBlank && p.records[i].fields[with] > 1 && p.titles(with, i) {
			return i
		}
	}
	if start == 0 || start > n-2 || p.records[start].fields[with] < 2 || !p.titles(with, start) {
		return 0
	}
	return start
}

// values is the number of cells of a record that are not empty, and the first of them.
func (p *detector) values(with int, r sampleRecord) (n int, first []byte) {
	p.eachCell(with, r, func(cell []byte) {
		if len(cell) == 0 {
			return
		}
		if n++; n == 1 {
			first = bytes.Clone(cell)
		}
	})
	return n, first
}

// titles reports whether the records before start are a title and the one at start has names. The names
// must differ and must not look like values. Some column below a name must have values such as numbers, or
// the title must be plain: one phrase in each line, and a blank line or three columns below.
func (p *detector) titles(with, start int) bool {
	width := p.records[start].fields[with]
	plain := true
	for _, r := range p.records[:start] {
		values, first := p.values(with, r)
		switch {
		case values > max(2, width/2) || values >= width:
			return false
		case values > 1 && p.dialect.looksLikeValue(first):
			return false
		}
		plain = plain && r.fields[with] == 1 && bytes.IndexByte(first, ' ') > 0
	}
	names, ok := p.names(with, start)
	if !ok {
		return false
	}
	return p.hasTypedColumn(with, start, names) || plain && (p.records[start].afterBlank || width > 2)
}

// names returns the cells of a record if they can be the names of columns: not what spells a missing value.
// The last one may be empty.
func (p *detector) names(with, record int) (names [][]byte, ok bool) {
	seen, ok := map[string]bool{}, true
	missing := scalar.NewNullSet(nil)
	r := p.records[record]
	p.eachCell(with, r, func(cell []byte) {
		last := len(names) == r.fields[with]-1
		if len(cell) == 0 && !last || len(cell) > 0 && missing.Has(cell) || seen[string(cell)] || p.dialect.looksLikeValue(cell) && !isYear(cell) {
			ok = false
		}
		seen[string(cell)] = true
		names = append(names, bytes.Clone(cell))
	})
	return names, ok && len(names) > 1
}

// hasTypedColumn reports whether all values of some column below a name look like values. Below a year none
// of them may be a year.
func (p *detector) hasTypedColumn(with, start int, names [][]byte) bool {
	typed, text := make([]bool, len(names)), make([]bool, len(names))
	for _, r := range p.records[start+1:] {
		column := 0
		p.eachCell(with, r, func(cell []byte) {
			if len(cell) > 0 && column < len(names) {
				is := p.dialect.looksLikeValue(cell) && !(isYear(names[column]) && isYear(cell))
				typed[column], text[column] = typed[column] || is, text[column] || !is
			}
			column++
		})
	}
	for i, name := range names {
		if typed[i] && !text[i] && len(name) > 0 {
			return true
		}
	}
	return false
}

// looksLikeValue reports whether a cell is read as a number, bool or time, or has digits and no letters, as
// have numbers and dates of other dialects.
func (d *dialect) looksLikeValue(cell []byte) bool {
	if len(cell) == 0 || len(cell) > maxNumberBytes {
		return false
	}
	if inferKind(cell, d.parsers) != cellText {
		return true
	}
	digits := bytes.IndexFunc(cell, func(r rune) bool { return !notDigit(r) }) >= 0
	letters := bytes.IndexFunc(cell, func(r rune) bool { return r|0x20 >= 'a' && r|0x20 <= 'z' || r > 0x7f }) >= 0
	return digits && !letters
}

// isYear reports whether a cell is a year, which names columns too.
func isYear(cell []byte) bool {
	return len(cell) == len("2026") && bytes.IndexFunc(cell, notDigit) < 0 && (cell[0] == '1' || cell[0] == '2')
}
