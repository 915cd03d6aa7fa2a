package xlsx

import (
	"fmt"
	"strings"

	"edgeframe/codec"
)

// shownRows is how many rows that are left out a receipt shows.
const shownRows = 3

// cutFooter leaves out the last n rows of a sheet. All rows up to the last one with a cell count, empty ones
// too.
func (s *sheet) cutFooter(n int) error {
	if n == 0 {
		return nil
	}
	if n >= s.rows {
		return s.malformed("has %s with cells and between them, so that skip_footer=%d leaves out all of them", codec.Plural(s.rows, "row"), n)
	}
	first := s.rows - n
	var shown []string
	for row := s.nextRow(first); row < s.rows && len(shown) < shownRows; row = s.nextRow(row + 1) {
		shown = append(shown, codec.Quoted(s.firstCell(row)))
	}
	s.footer = fmt.Sprintf("The rows from row %d of the sheet %s on are not part of the table, as skip_footer says: %s.", s.top+first+1, codec.Quoted(s.name), strings.Join(shown, ", "))
	s.rows = first
	for i := range s.columns {
		c := &s.columns[i]
		end := min(len(c.kinds), first)
		for end > 0 && c.kinds[end-1] == kindEmpty {
			end--
		}
		c.kinds, c.words = c.kinds[:end], c.words[:end]
	}
	return nil
}

// firstCell is the first cell of a row, about as a program displays it.
func (s *sheet) firstCell(row int) string {
	for _, c := range s.columns {
		if row < len(c.kinds) && c.kinds[row] != kindEmpty {
			return s.displayed(c.kinds[row], c.words[row])
		}
	}
	return ""
}
