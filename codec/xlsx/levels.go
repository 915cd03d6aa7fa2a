package xlsx

// This file finds headers of two rows whose merged cells only go sideways: the first row names groups of
// columns, the second row the columns of each group.

// namesGroups reports whether a row names groups of columns, and the row below it has the names of the
// columns:
//
//   - a merged cell of the row covers several columns. If it is the only cell of the row, it covers all
//     columns but the first ones: otherwise it would be a title;
//   - below it, each column has a text or year of its own;
//   - each other column has a name in one of the two rows, not in both: otherwise the second row may be data;
//   - some column of a group holds something else than its name in the second row.
func (s *sheet) namesGroups(row int) bool {
	below := row + 1
	if len(s.merged) == 0 || s.nextRow(below) != below || s.nextRow(below+1) == s.rows {
		return false
	}
	grouped := make([]bool, len(s.columns))
	groups, holds, last := 0, false, 0
	for _, m := range s.merged {
		right := min(m.right, len(s.columns)-1)
		if m.top != s.top+row || m.left >= right || !s.columns[m.left].named(row) {
			continue
		}
		for c := m.left; c <= right; c++ {
			// Merged cells that overlap are rejected later.
			if grouped[c] {
				return false
			}
			grouped[c] = true
		}
		distinct, other := s.namesGroup(below, m.left, right)
		if !distinct {
			return false
		}
		groups++
		holds, last = holds || other, max(last, right)
	}
	if groups == 0 || !holds {
		return false
	}
	before, after := 0, 0
	for i := range s.columns {
		c := &s.columns[i]
		switch {
		case grouped[i] && c.mayName(row), len(c.kinds) <= row:
			continue
		case grouped[i], c.named(row) == c.named(below), !c.mayName(row), !c.mayName(below):
			return false
		case i < last:
			before++
		default:
			after++
		}
	}
	return groups > 1 || s.cellsIn(row) > 1 || before > 0 && after == 0
}

// namesGroup reports whether a row has a text or year for each of some columns, all of them distinct, and
// whether some of the columns hold something else below. Years must ascend, and years below them are data.
func (s *sheet) namesGroup(row, left, right int) (distinct, other bool) {
	seen := map[string]bool{}
	latest := uint64(0)
	for i := left; i <= right; i++ {
		c := &s.columns[i]
		switch {
		case !c.named(row) || !c.mayName(row):
			return false, false
		case c.isYear(row):
			if c.words[row] <= latest || c.isYear(row+1) {
				return false, false
			}
			latest, other = c.words[row], other || c.only(row+1) != kindText
		default:
			name := string(s.spell(nil, c.kinds[row], c.words[row]))
			if seen[name] {
				return false, false
			}
			seen[name], other = true, other || c.only(row+1) != kindText
		}
	}
	return true, other
}

// named reports whether a row has a cell.
func (c *sheetColumn) named(row int) bool {
	return row < len(c.kinds) && c.kinds[row] != kindEmpty
}

// mayName reports whether a cell is a text, a year or empty.
func (c *sheetColumn) mayName(row int) bool {
	return !c.named(row) || c.kinds[row] == kindText || c.isYear(row)
}
