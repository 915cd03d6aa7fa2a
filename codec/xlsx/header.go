package xlsx

import (
	"fmt"
	"strings"

	"edgeframe/codec"
)

// header is the header of a sheet and the positions of the columns.
type header struct {
	// names are the names of the columns, columns their positions in the sheet.
	names   []string
	columns []int
	// renamed are the columns that have no name of their own in the sheet.
	renamed []codec.Renamed
	source  codec.HeaderSource
	// first is the first row of the header, data the first row of data. Both count from the first row
	// with cells, and are equal if there is no header.
	first, data int
	// titles says that rows above the header were found to be a title.
	titles bool
	// groups says that the first row was found to name groups of columns, and the second one the columns.
	groups bool
}

// header finds the columns of a sheet and their names. Columns without cells are left out.
//
// The header is the row that the options name, otherwise the first row with cells that is not a title. It
// takes more rows only if a merged cell extends to them, or if its merged cells are found to name groups of
// columns; the names of a column are then joined with a space. A merged cell names all columns that it covers. Columns without a name and columns with a name
// that is taken are named as [codec.NameColumns] does.
func (s *sheet) header(opt Options, limits codec.Limits) (*header, error) {
	h := &header{}
	if err := s.findHeader(h, opt); err != nil {
		return nil, err
	}
	for c := range s.columns {
		if len(s.columns[c].kinds) > h.first {
			h.columns = append(h.columns, c)
		}
	}
	if len(h.columns) > limits.Columns {
		return nil, codec.Errorf(codec.ErrTooLarge, "sheet %s has %d columns: at most %d are accepted", codec.Quoted(s.name), len(h.columns), limits.Columns)
	}
	if opt.NoHeader {
		h.source = codec.HeaderAbsent
		for i := range h.columns {
			h.names = append(h.names, fmt.Sprintf("column_%d", i+1))
		}
		return h, nil
	}
	h.data = h.first + s.headerRows(h.first)
	if h.groups = h.data == h.first+1 && s.namesGroups(h.first); h.groups {
		h.data++
	}
	if h.source == "" {
		h.source = s.headerSource(h)
	}
	return h, s.nameColumns(h)
}

// findHeader sets the first row of h, and of the data if there is no header.
func (s *sheet) findHeader(h *header, opt Options) error {
	switch {
	case opt.HeaderRow > 0:
		h.first, h.source = opt.HeaderRow-1-s.top, codec.HeaderGiven
		if h.first < 0 || h.first >= s.rows || s.nextRow(h.first) != h.first {
			return s.malformed("has no cells in row %d, which header_row=%d names: its cells are in rows %d to %d", opt.HeaderRow, opt.HeaderRow, s.top+1, s.top+s.rows)
		}
	case opt.SkipRows > s.top:
		if h.first = s.nextRow(opt.SkipRows - s.top); h.first == s.rows {
			return s.malformed("has no cells below row %d, so that skip_rows=%d leaves out all of them: its cells are in rows %d to %d", opt.SkipRows, opt.SkipRows, s.top+1, s.top+s.rows)
		}
	}
	if h.source == "" && !opt.NoHeader {
		first := s.belowTitles(h.first)
		if h.titles = first > h.first; h.titles {
			h.source = codec.HeaderFound
		}
		h.first = first
	}
	h.data = h.first
	return nil
}

// nextRow is the first row with cells that is not above row; the number of rows if there is none.
func (s *sheet) nextRow(row int) int {
	next := s.rows
	for _, c := range s.columns {
		for at := row; at < min(len(c.kinds), next); at++ {
			if c.kinds[at] != kindEmpty {
				next = at
			}
		}
	}
	return next
}

// nameColumns sets the names of the columns of h.
func (s *sheet) nameColumns(h *header) error {
	covered, err := s.coveredNames(h)
	if err != nil {
		return err
	}
	given := make([]string, len(h.columns))
	merged := make([]bool, len(h.columns))
	for i, c := range h.columns {
		given[i], merged[i] = s.columnName(c, h, covered)
	}
	names, renamed := codec.NameColumns(given)
	h.names = names
	for _, r := range renamed {
		// A merged cell is the name of all columns that it covers, in the order of their numbers.
		if !merged[r.Column] || r.From == "" {
			h.renamed = append(h.renamed, r)
		}
	}
	return nil
}

// refuseRenamed is the error of strict reading about columns without names of their own.
func (s *sheet) refuseRenamed(h *header) error {
	return codec.RefuseRenamed(h.renamed, fmt.Sprintf("row %d of sheet %s", s.top+h.first+1, codec.Quoted(s.name)))
}

// maxHeaderRows is the largest number of rows of a header. A merged cell over more rows is data.
const maxHeaderRows = 10

// headerRows is the number of rows of the header that begins at a row: those that merged cells of this
// row extend to.
func (s *sheet) headerRows(first int) int {
	rows := 1
	for _, m := range s.merged {
		if high := m.bottom - m.top + 1; m.top == s.top+first && high <= maxHeaderRows {
			rows = max(rows, high)
		}
	}
	return min(rows, s.rows-first)
}

// coveredNames returns, for each row of the header, the first column of the merged cell that covers a
// column. Only merged cells of several columns count.
func (s *sheet) coveredNames(h *header) ([]map[int]int, error) {
	covered := make([]map[int]int, h.data-h.first)
	for i := range covered {
		covered[i] = map[int]int{}
	}
	top := s.top + h.first
	for _, m := range s.merged {
		if m.top < top || m.top >= s.top+h.data || m.left == m.right {
			continue
		}
		for c := m.left; c <= min(m.right, len(s.columns)-1); c++ {
			// Rejecting overlaps also bounds the work.
			if _, ok := covered[m.top-top][c]; ok {
				return nil, s.malformed("has merged cells that overlap at %s", cellRef(m.top, c))
			}
			covered[m.top-top][c] = m.left
		}
	}
	return covered, nil
}

// columnName joins the parts of the name of a column. It reports whether one of them is from a merged
// cell, which names other columns too.
func (s *sheet) columnName(column int, h *header, covered []map[int]int) (name string, merged bool) {
	var parts []string
	for row := h.first; row < h.data; row++ {
		from := column
		if left, ok := covered[row-h.first][column]; ok {
			from, merged = left, true
		}
		c := &s.columns[from]
		if row < len(c.kinds) && hasName(c.kinds[row]) {
			parts = append(parts, string(s.spell(nil, c.kinds[row], c.words[row])))
		}
	}
	return strings.Join(parts, " "), merged
}

// hasName reports whether a cell of that kind can name a column.
func hasName(kind kind) bool {
	return kind != kindEmpty && kind != kindError && kind != kindFormula
}
