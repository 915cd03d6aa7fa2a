package frame

import (
	"math/rand/v2"

	"github.com/zeebo/xxh3"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
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
func (f *Frame) missingRows(columns []int, all bool) (rows []int64, err error) {
	cells := make([]*missingCells, len(columns))
	for i, c := range columns {
		cells[i] = f.missingCells(c)
	}
	for _, r := range f.groupRanges() {
		if err := f.Ended(); err != nil {
			return nil, err
		}
		for _, m := range cells {
			m.enter(r.group)
		}
		for row := range r.to - r.from {
			if rowMissing(cells, row, all) {
				rows = append(rows, int64(r.from+row))
			}
		}
	}
	return rows, nil
}

// rowMissing reports whether any, or all, cells of a row of the current row group are missing.
func rowMissing(cells []*missingCells, row int, all bool) bool {
	for _, m := range cells {
		// The first present cell decides about all, the first missing one about any.
		if m.at(row) != all {
			return !all
		}
	}
	return all
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

// at reports whether the cell of a row of the group is missing. Rows ascend from call to call.
func (m *missingCells) at(row int) bool { return m.isMissing(row) && !m.marked(row) }

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
	rows, err := op.duplicates(f, digests)
	if err != nil {
		return err
	}
	return f.removeRows(rows)
}

// duplicates lists the rows to remove, ascending.
func (op *dropDuplicates) duplicates(f *Frame, digests []xxh3.Uint128) (rows []int64, _ error) {
	// first and last have the first and the last row with a digest.
	first, last := make(map[xxh3.Uint128]int32), make(map[xxh3.Uint128]int32)
	for row, d := range digests {
		if row%pauseRows == 0 && f.Ended() != nil {
			return nil, f.Ended()
		}
		if _, ok := first[d]; !ok {
			first[d] = int32(row)
		}
		if op.Keep == "last" || op.Keep == "none" {
			last[d] = int32(row)
		}
	}
	for row, d := range digests {
		if row%pauseRows == 0 && f.Ended() != nil {
			return nil, f.Ended()
		}
		isFirst, isLast := first[d] == int32(row), last[d] == int32(row)
		keep := isFirst
		switch op.Keep {
		case "last":
			keep = isLast
		case "none":
			keep = isFirst && isLast
		}
		if !keep {
			rows = append(rows, int64(row))
		}
	}
	return rows, nil
}

// duplicateBytes is about the memory for a row while duplicates are searched.
const duplicateBytes = 128

// digests returns for each row a digest of its cells in some columns. Rows with equal digests count
// as equal: XXH3 has 128 bits, and its seed is random so that nobody can prepare a collision.
func (f *Frame) digests(columns []int) ([]xxh3.Uint128, error) {
	rows := f.NumRows()
	if rows > f.Limits.Bytes/duplicateBytes {
		return nil, codec.Errorf(codec.ErrTooLarge, "looking for equal ones among %d rows takes more than the %d bytes of memory that a table may have", rows, f.Limits.Bytes)
	}
	if err := f.LoadColumns(columns); err != nil {
		return nil, err
	}
	digests := make([]xxh3.Uint128, 0, rows)
	seed := rand.Uint64()
	var row []byte
	for _, r := range f.groupRanges() {
		if err := f.Ended(); err != nil {
			return nil, err
		}
		cells := make([]func(dst []byte, row int) []byte, len(columns))
		for i, c := range columns {
			cells[i] = scalar.CellKeys(f.Columns[c].Chunks[r.group].Data)
		}
		for i := range r.to - r.from {
			row = row[:0]
			for _, cell := range cells {
				row = cell(row, i)
			}
			digests = append(digests, xxh3.Hash128Seed(row, seed))
		}
	}
	return digests, nil
}
