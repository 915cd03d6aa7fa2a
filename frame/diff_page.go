package frame

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
)

// page returns the counts and the differences that are asked for.
func (c *tableComparison) page() (*Diff, error) {
	d := &Diff{Rows: c.Rows}
	counts := make([]int64, len(c.now))
	for _, groups := range c.changed {
		for g, rows := range groups {
			counts[g] += int64(rows.count())
		}
	}
	offset, left := c.Offset, c.Limit
	for g, n := range counts {
		d.Changed += n
		skip := min(offset, n)
		take := min(n-skip, left)
		offset, left = offset-skip, left-take
		if take > 0 {
			if err := c.after.Ended(); err != nil {
				return nil, err
			}
			d.Cells = c.appendCells(d.Cells, g, skip, take)
		}
	}
	skip, take := part(offset, left, c.Rows.Added)
	d.AddedRows = c.Rows.addedRows(skip, take)
	offset, left = offset-skip, left-take
	d.RemovedRows = c.Rows.removedRows(part(offset, left, c.Rows.Removed))
	if err := c.markCells(d.Cells); err != nil {
		return nil, err
	}
	return d, c.spell(d.Cells)
}

// part returns how many of n elements a page skips and takes.
func part(offset, limit, n int64) (skip, take int64) {
	skip = min(offset, n)
	return skip, min(limit, n-skip)
}

// appendCells appends take of the changed cells of a row group, after the first skip, by row and then by column.
func (c *tableComparison) appendCells(cells []CellChange, group int, skip, take int64) []CellChange {
	r := c.now[group]
	var columns []int
	rows := newBitmap(r.to - r.from)
	for column, groups := range c.changed {
		if groups == nil || groups[group] == nil {
			continue
		}
		columns = append(columns, column)
		for i, word := range groups[group] {
			rows[i] |= word
		}
	}
	for row := range rows.ones() {
		for _, column := range columns {
			if !c.changed[column][group].has(row) {
				continue
			}
			if skip--; skip >= 0 {
				continue
			}
			after := int64(r.from + row)
			cells = append(cells, CellChange{RowBefore: c.Rows.from(after), RowAfter: after, Column: column})
			if take--; take == 0 {
				return cells
			}
		}
	}
	return cells
}

// markCells sets which cells are missing on purpose.
func (c *tableComparison) markCells(cells []CellChange) error {
	if len(cells) == 0 {
		return nil
	}
	if err := c.loadMarks(); err != nil {
		return err
	}
	marked := func(f *Frame, column int, row int64) bool {
		_, found := slices.BinarySearch(f.Marks[f.Columns[column].Field.Name], row)
		return found
	}
	for i := range cells {
		cell := &cells[i]
		pair := c.Columns[cell.Column]
		cell.WasMarked, cell.IsMarked = marked(c.before, pair.Before, cell.RowBefore), marked(c.after, pair.After, cell.RowAfter)
	}
	return nil
}

// spell sets the values of cells. It loads the columns that are loaded together one after the other.
func (c *tableComparison) spell(cells []CellChange) error {
	of := map[int][]*CellChange{}
	for i := range cells {
		of[cells[i].Column] = append(of[cells[i].Column], &cells[i])
	}
	for _, unit := range c.units() {
		unit = slices.DeleteFunc(unit, func(column int) bool { return of[column] == nil })
		if len(unit) == 0 {
			continue
		}
		before := cellWriter{comparison: c, f: c.before, ranges: c.old, unit: unit, cells: of}
		before.column = func(p ColumnPair) int { return p.Before }
		before.row = func(cell *CellChange) int64 { return cell.RowBefore }
		before.put = func(cell *CellChange, text []byte) { cell.Before = text }
		after := cellWriter{comparison: c, f: c.after, ranges: c.now, unit: unit, cells: of}
		after.column = func(p ColumnPair) int { return p.After }
		after.row = func(cell *CellChange) int64 { return cell.RowAfter }
		after.put = func(cell *CellChange, text []byte) { cell.After = text }
		if err := before.write(); err != nil {
			return err
		}
		if err := after.write(); err != nil {
			return err
		}
	}
	return nil
}

// cellWriter spells the values of cells in one of the tables.
type cellWriter struct {
	comparison *tableComparison
	f          *Frame
	ranges     []groupRange
	// unit are the columns, cells those of each of them.
	unit  []int
	cells map[int][]*CellChange
	// column and row say where the cells are in the table, and put takes a value.
	column func(ColumnPair) int
	row    func(*CellChange) int64
	put    func(cell *CellChange, text []byte)
}

func (w *cellWriter) write() error {
	columns, home := make([]int, len(w.unit)), groupOf(w.ranges)
	in := map[int][][]*CellChange{} // by row group and column of unit
	for i, column := range w.unit {
		columns[i] = w.column(w.comparison.Columns[column])
		for _, cell := range w.cells[column] {
			g := home(int(w.row(cell)))
			if in[g] == nil {
				in[g] = make([][]*CellChange, len(w.unit))
			}
			in[g][i] = append(in[g][i], cell)
		}
	}
	var groups []groupRange
	for g, r := range w.ranges {
		if in[g] != nil {
			groups = append(groups, r)
		}
	}
	for len(groups) > 0 {
		if err := w.f.Ended(); err != nil {
			return err
		}
		n := w.f.batch(columns, groups)
		arrays, err := w.f.loadBatch(columns, groups[:n])
		if err != nil {
			return err
		}
		for i, r := range groups[:n] {
			if err := w.writeGroup(r, in[r.group], columns, arrays[i*len(columns):]); err != nil {
				return err
			}
		}
		groups = groups[n:]
	}
	return nil
}

// writeGroup spells the cells in a row group, by the columns of the unit.
func (w *cellWriter) writeGroup(r groupRange, cells [][]*CellChange, columns []int, arrays []arrow.Array) error {
	for i, of := range cells {
		spell := w.comparison.Style.Field(w.f.Columns[columns[i]].Field, arrays[i])
		for _, cell := range of {
			text := spell(nil, int(w.row(cell))-r.from)
			// The text is in memory here and in the document.
			if err := w.f.reserve(2 * int64(len(text))); err != nil {
				return err
			}
			w.put(cell, text)
		}
	}
	return nil
}
