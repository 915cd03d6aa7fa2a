package frame

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec/scalar"
	"edgeframe/internal/parallel"
)

// ColumnPair is a column that two tables have: its positions before and after.
type ColumnPair struct{ Before, After int }

// DiffOptions say which rows and columns of two tables are compared, and which of the differences are returned.
type DiffOptions struct {
	Rows *Alignment
	// Columns are in the order of the columns after.
	Columns []ColumnPair
	// Same, unless nil, reports whether the chunk of a column in a row group before is known to be that in a row
	// group after. Such chunks are not loaded.
	Same func(c ColumnPair, before, after int) bool
	// Untouched, unless nil, reports whether each row is known to have the same value in a column before and after. Such
	// columns are not loaded.
	Untouched func(c ColumnPair) bool
	// Segment, unless nil, says where a column after is stored. Columns of one segment are loaded together.
	Segment func(after int) int
	// SameMarks says that the marks of both tables are equal, column by column of Columns, and that all rows are
	// where they were.
	SameMarks bool
	// LoadMarks, unless nil, sets the marks of the tables. It is called at most once, when they are needed.
	LoadMarks func() error
	// The page: Limit of the differences from the one at Offset on.
	Offset, Limit int64
	// Style is how values are spelled.
	Style scalar.JSONStyle
}

// Diff is what differs between two tables. A page of the differences has the changed cells, by their row after
// and then by their column, then the added rows and then the removed ones.
type Diff struct {
	Rows *Alignment
	// Changed is the number of changed cells in rows and columns that both tables have.
	Changed int64
	Cells   []CellChange
	// AddedRows and RemovedRows are those of the page.
	AddedRows, RemovedRows []int64
}

// Total is the number of differences on all pages.
func (d *Diff) Total() int64 { return d.Changed + d.Rows.Added + d.Rows.Removed }

// CellChange is a changed cell.
type CellChange struct {
	RowBefore, RowAfter int64
	// Column is a position in [DiffOptions.Columns].
	Column int
	// Before and After are the values as JSON.
	Before, After []byte
	// WasMarked and IsMarked say that the cell is missing on purpose.
	WasMarked, IsMarked bool
}

// CompareTables returns what differs between two tables. Chunks are loaded in batches, and none are kept.
func CompareTables(before, after *Frame, opt DiffOptions) (*Diff, error) {
	c := &tableComparison{
		DiffOptions: opt, before: before, after: after,
		old: before.groupRanges(), now: after.groupRanges(),
		changed: make([][]bitmap, len(opt.Columns)),
	}
	if err := c.align(); err != nil {
		return nil, err
	}
	for _, unit := range c.units() {
		if err := c.compareUnit(unit); err != nil {
			return nil, err
		}
	}
	if err := c.compareMarks(); err != nil {
		return nil, err
	}
	return c.page()
}

// tableComparison is the work of [CompareTables].
type tableComparison struct {
	DiffOptions
	before, after *Frame
	// old and now are the row groups before and after.
	old, now []groupRange
	groups   []alignedGroup
	// scattered says that the rows of most row groups come from many, so that the row groups before are kept
	// while those after are compared with them.
	scattered bool
	// changed has for each of Columns, by row groups after, the rows whose cells differ; nil for none.
	changed [][]bitmap
}

// align finds out what the row groups after consist of.
func (c *tableComparison) align() error {
	needed := 0
	c.groups = make([]alignedGroup, len(c.now))
	for g, r := range c.now {
		if err := c.after.Ended(); err != nil {
			return err
		}
		c.groups[g] = c.Rows.group(r, c.old)
		needed += len(c.groups[g].needs)
	}
	// Rows that keep their order need each row group before once, and once more where a row group ends.
	c.scattered = needed > 2*(len(c.old)+len(c.now))
	return nil
}

// units returns the positions in Columns of the columns that are loaded together.
func (c *tableComparison) units() (units [][]int) {
	at := map[int]int{}
	for i, pair := range c.Columns {
		unit, ok := len(units), false
		if c.Segment != nil {
			segment := c.Segment(pair.After)
			if unit, ok = at[segment]; !ok {
				unit = len(units)
				at[segment] = unit
			}
		}
		if !ok {
			units = append(units, nil)
		}
		units[unit] = append(units[unit], i)
	}
	return units
}

// differing returns those of a unit, and the row groups after, that may differ.
func (c *tableComparison) differing(unit []int) (columns []int, groups []groupRange) {
	in := make([]bool, len(c.groups))
	for _, i := range unit {
		differs := false
		for g := range c.groups {
			if len(c.groups[g].needs) == 0 || c.same(i, g) {
				continue
			}
			differs, in[g] = true, true
		}
		if differs {
			columns = append(columns, i)
		}
	}
	for g, in := range in {
		if in {
			groups = append(groups, c.now[g])
		}
	}
	return columns, groups
}

// same reports whether a column is known to be equal in a row group after.
func (c *tableComparison) same(column, group int) bool {
	if c.Untouched != nil && c.Untouched(c.Columns[column]) {
		return true
	}
	whole := c.groups[group].whole
	return whole >= 0 && c.Same != nil && c.Same(c.Columns[column], whole, group)
}

// compareUnit compares the values of columns that are loaded together.
func (c *tableComparison) compareUnit(unit []int) error {
	columns, groups := c.differing(unit)
	if len(columns) == 0 {
		return nil
	}
	old, now := make([]int, len(columns)), make([]int, len(columns))
	for i, column := range columns {
		old[i], now[i] = c.Columns[column].Before, c.Columns[column].After
		c.changed[column] = make([]bitmap, len(c.now))
	}
	source := &sourceGroups{f: c.before, columns: old}
	if c.scattered {
		if err := source.load(c.needs(groups)); err != nil {
			return err
		}
	}
	for len(groups) > 0 {
		if err := c.after.Ended(); err != nil {
			return err
		}
		n := c.after.batch(now, groups)
		if err := source.load(c.needs(groups[:n])); err != nil {
			return err
		}
		arrays, err := c.after.loadBatch(now, groups[:n])
		if err != nil {
			return err
		}
		if err := c.compareBatch(columns, groups[:n], source, arrays); err != nil {
			return err
		}
		groups = groups[n:]
	}
	return nil
}

// needs returns the row groups before that have rows of some row groups after, ascending.
func (c *tableComparison) needs(groups []groupRange) (needs []int) {
	for _, r := range groups {
		needs = append(needs, c.groups[r.group].needs...)
	}
	slices.Sort(needs)
	return slices.Compact(needs)
}

// compareBatch compares the values of columns in some row groups after. arrays has these, group after group.
func (c *tableComparison) compareBatch(columns []int, groups []groupRange, source *sourceGroups, arrays []arrow.Array) error {
	found := make([]bitmap, len(arrays))
	err := parallel.Do(len(groups), func(g int) error {
		r := groups[g]
		runs := c.Rows.runs(r, c.old)
		for i, column := range columns {
			if err := c.after.Ended(); err != nil {
				return err
			}
			if c.same(column, r.group) {
				continue
			}
			at, pair := g*len(columns)+i, c.Columns[column]
			was, is := c.before.Columns[pair.Before].Field, c.after.Columns[pair.After].Field
			found[at] = changedCells(was, is, runs, source.chunk(i), arrays[at])
		}
		return nil
	})
	if err != nil {
		return err
	}
	for at, rows := range found {
		if err := c.add(columns[at%len(columns)], groups[at/len(columns)].group, rows); err != nil {
			return err
		}
	}
	return nil
}

// add notes that cells of a column differ in some rows of a row group.
func (c *tableComparison) add(column, group int, rows bitmap) error {
	if rows == nil {
		return nil
	}
	if err := c.after.reserve(int64(len(rows)) * wordBytes); err != nil {
		return err
	}
	if c.changed[column] == nil {
		c.changed[column] = make([]bitmap, len(c.now))
	}
	if have := c.changed[column][group]; have != nil {
		for i, word := range have {
			rows[i] |= word
		}
	}
	c.changed[column][group] = rows
	return nil
}

// sourceGroups has the chunks of some columns in some row groups before.
type sourceGroups struct {
	f       *Frame
	columns []int
	// groups are ascending, arrays has them one after the other.
	groups []int
	arrays []arrow.Array
}

// load loads some row groups, ascending, unless it has them. The others are not kept.
func (s *sourceGroups) load(groups []int) error {
	if has := func(g int) bool { _, ok := slices.BinarySearch(s.groups, g); return ok }; !slices.ContainsFunc(groups, func(g int) bool { return !has(g) }) {
		return nil
	}
	ranges := make([]groupRange, len(groups))
	for i, g := range groups {
		ranges[i] = groupRange{group: g}
	}
	var err error
	s.groups, s.arrays = groups, nil
	s.arrays, err = s.f.loadBatch(s.columns, ranges)
	for _, arr := range s.arrays {
		makeDictionaries(arr)
	}
	return err
}

// chunk returns the chunks of a column by their row groups, which must be loaded.
func (s *sourceGroups) chunk(column int) func(group int) arrow.Array {
	return func(group int) arrow.Array {
		at, _ := slices.BinarySearch(s.groups, group)
		return s.arrays[at*len(s.columns)+column]
	}
}
