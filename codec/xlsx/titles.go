package xlsx

import "edgeframe/codec"

const (
	// maxTitles is how many rows above a header can be a title.
	maxTitles = 20
	// compared is how many rows below a header show what its columns hold.
	compared = 100
)

// belowTitles returns the row of the header if the rows with cells from first on are plainly a title, such
// as the name of a report: each has a single cell, and the row below them has nothing but texts and years,
// one above each column of data. An empty row must separate the two, or a column must hold something else
// than its name. Otherwise it returns first: a table of texts whose columns have no names looks much the
// same.
func (s *sheet) belowTitles(first int) int {
	row, gap := first, false
	for range maxTitles {
		if s.cellsIn(row) != 1 || s.namesGroups(row) {
			break
		}
		next := s.nextRow(row + 1)
		gap = next > row+1
		row = next
		if row >= s.rows {
			return first
		}
	}
	if row > first && gap && s.namesGroups(row) {
		return row
	}
	if row == first || s.nextRow(row+1) == s.rows || !s.namesAll(row) || !gap && !s.holdsOther(row) && !s.countsYears(row) {
		return first
	}
	return row
}

// cellsIn counts the cells of a row.
func (s *sheet) cellsIn(row int) (n int) {
	for _, c := range s.columns {
		if row < len(c.kinds) && c.kinds[row] != kindEmpty {
			n++
		}
	}
	return n
}

// namesAll reports whether a row has at least two cells, all of them texts or years, and one above every
// column that has cells below. Of a table with an index, the first column may lack one.
func (s *sheet) namesAll(row int) bool {
	names, texts, columns := 0, 0, 0
	for _, c := range s.columns {
		if row >= len(c.kinds) {
			continue
		}
		columns++
		switch {
		case c.kinds[row] == kindText:
			names++
			texts++
		case c.isYear(row):
			names++
		case c.kinds[row] != kindEmpty || columns > 1:
			return false
		}
	}
	return names >= 2 && texts > 0
}

// isYear reports whether a cell is a number that is a year of our time.
func (c *sheetColumn) isYear(row int) bool {
	const first, last = 1900, 2100
	return row < len(c.kinds) && c.kinds[row] == kindInteger && first <= c.words[row] && c.words[row] <= last
}

// countsYears reports whether a row has at least two years in ascending order, with no years below them.
func (s *sheet) countsYears(row int) bool {
	years, latest := 0, uint64(0)
	for i := range s.columns {
		c := &s.columns[i]
		if !c.isYear(row) {
			continue
		}
		if c.words[row] <= latest || c.isYear(row+1) {
			return false
		}
		years, latest = years+1, c.words[row]
	}
	return years >= 2
}

// holdsOther reports whether the first rows below a row have a column without texts.
func (s *sheet) holdsOther(row int) bool {
	for _, c := range s.columns {
		if row < len(c.kinds) && c.kinds[row] == kindText && c.only(row+1) != kindText {
			return true
		}
	}
	return false
}

// only is the kind of the cells of a column among the first rows from row on, with one kind for all
// numbers. It is kindText if there are several kinds or no cells.
func (c *sheetColumn) only(row int) kind {
	var found kinds
	for at := row; at < min(len(c.kinds), row+compared); at++ {
		found.has[c.kinds[at]] = true
	}
	if kind := found.value(); kind != kindEmpty {
		return kind
	}
	return kindText
}

// headerSource says whether the row that is taken as the header looks like one. It looks like data if it
// has other cells than texts, and each cell is of the kind of those below it.
func (s *sheet) headerSource(h *header) codec.HeaderSource {
	if h.groups {
		return codec.HeaderFound
	}
	other := false
	for _, i := range h.columns {
		c := &s.columns[i]
		if h.first >= len(c.kinds) || c.kinds[h.first] == kindEmpty {
			continue
		}
		var found kinds
		found.has[c.kinds[h.first]] = true
		if found.value() != c.only(h.data) {
			return codec.HeaderFound
		}
		other = other || found.value() != kindText
	}
	if other {
		return codec.HeaderAssumed
	}
	return codec.HeaderFound
}
