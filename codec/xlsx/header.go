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
	// rows is the number of rows above the first row of data.
	rows int
}

// header finds the columns of a sheet and their names. Columns without cells are left out.
//
// The first row with cells is the header. A merged cell in it names all columns that it covers. The
// row below belongs to the header too if a merged cell covers several columns and all cells of the
// row are text. So do all rows that a merged cell extends to. The names of a column are joined with a
// space. Names that repeat only because of merged cells are numbered as in pandas.
func (s *sheet) header(opt Options, limits codec.Limits) (*header, error) {
	h := &header{}
	for c := range s.columns {
		if len(s.columns[c].kinds) > 0 {
			h.columns = append(h.columns, c)
		}
	}
	if len(h.columns) > limits.Columns {
		return nil, codec.Errorf(codec.ErrTooLarge, "sheet %s has %d columns: at most %d are accepted", codec.Quoted(s.name), len(h.columns), limits.Columns)
	}
	if opt.NoHeader {
		for i := range h.columns {
			h.names = append(h.names, fmt.Sprintf("column_%d", i+1))
		}
		return h, nil
	}
	h.rows = s.headerRows()
	covered, err := s.coveredNames(h.rows)
	if err != nil {
		return nil, err
	}
	seen, repeats := map[string]int{}, map[string]int{}
	for _, c := range h.columns {
		name, merged := s.columnName(c, h.rows, covered)
		if name == "" {
			return nil, s.unnamed(c, h.rows)
		}
		if first, ok := seen[name]; ok && !merged {
			return nil, s.malformed("has two columns named %s, %s and %s: names must differ", codec.Quoted(name), cellRef(s.top, first), cellRef(s.top, c))
		}
		name = numbered(name, seen, repeats)
		seen[name] = c
		h.names = append(h.names, name)
	}
	return h, nil
}

// numbered returns name, with a number appended if it is taken. repeats has the last number of each
// name.
func numbered(name string, seen, repeats map[string]int) string {
	unique := name
	for {
		if _, ok := seen[unique]; !ok {
			return unique
		}
		repeats[name]++
		unique = fmt.Sprintf("%s.%d", name, repeats[name])
	}
}

// maxHeaderRows is the largest number of rows of a header. A merged cell over more rows is data.
const maxHeaderRows = 10

// headerRows is the number of rows of the header.
func (s *sheet) headerRows() int {
	rows, wide := 1, false
	for _, m := range s.merged {
		if high := m.bottom - m.top + 1; m.top == s.top && high <= maxHeaderRows {
			rows = max(rows, high)
			wide = wide || m.right > m.left
		}
	}
	if wide && rows == 1 && s.onlyText(1) {
		rows = 2
	}
	return min(rows, s.rows)
}

// onlyText reports whether a row has cells and all of them are text.
func (s *sheet) onlyText(row int) bool {
	found := false
	for _, c := range s.columns {
		if row < len(c.kinds) && c.kinds[row] != kindEmpty {
			if c.kinds[row] != kindText {
				return false
			}
			found = true
		}
	}
	return found
}

// coveredNames returns, for each row of the header, the first column of the merged cell that covers a
// column. Only merged cells of several columns count.
func (s *sheet) coveredNames(rows int) ([]map[int]int, error) {
	covered := make([]map[int]int, rows)
	for i := range covered {
		covered[i] = map[int]int{}
	}
	for _, m := range s.merged {
		if m.top < s.top || m.top >= s.top+rows || m.left == m.right {
			continue
		}
		for c := m.left; c <= min(m.right, len(s.columns)-1); c++ {
			// Rejecting overlaps also bounds the work.
			if _, ok := covered[m.top-s.top][c]; ok {
				return nil, s.malformed("has merged cells that overlap at %s", cellRef(m.top, c))
			}
			covered[m.top-s.top][c] = m.left
		}
	}
	return covered, nil
}

// columnName joins the parts of the name of a column. It reports whether one of them is from a merged
// cell, which names other columns too.
func (s *sheet) columnName(column, rows int, covered []map[int]int) (name string, merged bool) {
	var parts []string
	for row := range rows {
		from := column
		if left, ok := covered[row][column]; ok {
			from, merged = left, true
		}
		c := &s.columns[from]
		if row < len(c.kinds) && c.kinds[row] != kindEmpty && c.kinds[row] != kindError {
			parts = append(parts, string(s.spell(nil, c.kinds[row], c.words[row])))
		}
	}
	return strings.Join(parts, " "), merged
}

// unnamed returns the error about a column with cells but no name.
func (s *sheet) unnamed(column, rows int) error {
	kinds := s.columns[column].kinds
	for row := rows; row < len(kinds); row++ {
		if kinds[row] != kindEmpty {
			return s.malformed("has cell %s in a column without a name: every column needs one in row %d", cellRef(s.top+row, column), s.top+1)
		}
	}
	return s.malformed("has a column without a name at %s: every column needs one", cellRef(s.top, column))
}
