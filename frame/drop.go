package frame

import (
	"slices"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
	"edgeframe/internal/parallel"
)

// dropMissing removes the rows in which any, or all, cells of some columns are missing, as
// DataFrame.dropna of pandas does. Cells that are marked as intentionally missing do not count as
// missing.
type dropMissing struct {
	Columns []string
	How     string
}

func (op *dropMissing) needs(f *Frame) []place { return f.wholeColumns(op.Columns) }

func (op *dropMissing) apply(f *Frame) error {
	columns, err := f.indexesOrAll(op.Columns)
	if err != nil {
		return err
	}
	all := op.How == "all"
	if !all && op.How != "any" && op.How != "" {
		return codec.Errorf(ErrInvalidOperation, "how is %.100q; it must be any or all", op.How)
	}
	if err := f.LoadColumns(columns); err != nil {
		return err
	}
	rows, err := f.missingRows(columns, all)
	if err != nil {
		return err
	}
	return f.removeRows(rows)
}

// missingRows returns the rows in which any, or all, cells of loaded columns are missing.
func (f *Frame) missingRows(columns []int, all bool) ([]int64, error) {
	found, ranges := make([]bool, f.NumRows()), f.groupRanges()
	err := parallel.Do(len(ranges), func(g int) error {
		f.findMissing(columns, all, ranges[g], found[ranges[g].from:ranges[g].to])
		return f.Ended()
	})
	return rowsOf(found), err
}

// findMissing sets found for the rows of a row group in which any, or all, cells are missing.
func (f *Frame) findMissing(columns []int, all bool, r groupRange, found []bool) {
	for i := range found {
		found[i] = all
	}
	for _, column := range columns {
		c := &cells{arr: f.Columns[column].Chunks[r.group].Data}
		switch c.countMissing(); {
		case c.missing == nil && all:
			clear(found)
			return
		case c.missing == nil:
			continue
		}
		f.forgive(column, r, c.missing)
		for row, missing := range c.missing {
			// The first present cell decides about all, the first missing one about any.
			if missing != all {
				found[row] = !all
			}
		}
	}
}

// forgive makes cells that are marked as intentionally missing ones that are not.
func (f *Frame) forgive(column int, r groupRange, missing []bool) {
	marks := f.Marks[f.Columns[column].Field.Name]
	first, _ := slices.BinarySearch(marks, int64(r.from))
	for _, row := range marks[first:] {
		if row >= int64(r.to) {
			return
		}
		missing[row-int64(r.from)] = false
	}
}

// missingCells reports, row group by row group, which cells of a loaded column are missing and not
// marked as intentionally missing.
type missingCells struct {
	f         *Frame
	column    int
	marks     []int64
	from      int64
	isMissing func(row int) bool
}

func (f *Frame) missingCells(column int) *missingCells {
	return &missingCells{f: f, column: column, marks: f.Marks[f.Columns[column].Field.Name]}
}

// enter moves to a row group. Every group is entered once, in order.
func (m *missingCells) enter(group int) {
	if group > 0 {
		m.from += int64(m.f.Rows[group-1])
	}
	m.isMissing = scalar.Missing(m.f.Columns[m.column].Chunks[group].Data)
}

// marked reports whether the cell is marked as intentionally missing. Rows ascend.
func (m *missingCells) marked(row int) bool {
	for len(m.marks) > 0 && m.marks[0] < m.from+int64(row) {
		m.marks = m.marks[1:]
	}
	return len(m.marks) > 0 && m.marks[0] == m.from+int64(row)
}

// indexesOrAll is indexes, with nil for all columns.
func (f *Frame) indexesOrAll(names []string) ([]int, error) {
	if names != nil {
		return f.indexes(names)
	}
	columns := make([]int, len(f.Columns))
	for i := range columns {
		columns[i] = i
	}
	return columns, nil
}

// wholeColumns returns the places of the named columns in all row groups; nil names all columns.
func (f *Frame) wholeColumns(names []string) (places []place) {
	columns, err := f.indexesOrAll(names)
	if err != nil {
		return nil
	}
	for _, c := range columns {
		for g := range f.Rows {
			places = append(places, place{c, g})
		}
	}
	return places
}

// dropDuplicates removes rows that are equal in some columns, as DataFrame.drop_duplicates of
// pandas does. It keeps the first or the last of equal rows, or none. Missing cells are equal.
type dropDuplicates struct {
	Columns []string
	Keep    string
}

func (op *dropDuplicates) needs(f *Frame) []place { return f.wholeColumns(op.Columns) }

func (op *dropDuplicates) apply(f *Frame) error {
	columns, err := f.indexesOrAll(op.Columns)
	if err != nil {
		return err
	}
	switch op.Keep {
	case "", "first", "last", "none":
	default:
		return codec.Errorf(ErrInvalidOperation, "keep is %.100q; it must be first, last or none", op.Keep)
	}
	digests, err := f.digests(columns)
	if err != nil {
		return err
	}
	gone, err := f.duplicated(digests, op.Keep)
	if err != nil {
		return err
	}
	return f.removeRows(rowsOf(gone))
}

// rowsOf returns the rows that are marked, ascending.
func rowsOf(marked []bool) (rows []int64) {
	n := 0
	for _, is := range marked {
		if is {
			n++
		}
	}
	rows = make([]int64, 0, n)
	for row, is := range marked {
		if is {
			rows = append(rows, int64(row))
		}
	}
	return rows
}
