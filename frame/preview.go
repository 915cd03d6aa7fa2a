package frame

import (
	"cmp"
	"math"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// Preview is what operations would do to a frame.
type Preview struct {
	Effects []Effect
	// RowsAffected is the number of rows that are removed or inserted, have a cell that changes, or move
	// among the remaining rows.
	RowsAffected int64
	RowsRemoved  int64
	// Statistics describe the numeric columns whose values change, or all numeric columns if rows
	// are removed or inserted, in the order before the operations.
	Statistics []ColumnStatistics
	// Samples are some of the cells that change, sorted by row.
	Samples []Sample
	// Head has the first rows of the result; nil if none were asked for.
	Head *codec.Table
}

// PreviewOptions say how much a preview shows.
type PreviewOptions struct {
	// Samples is the largest number of sample cells, at most [MostSamples]; 0 means [DefaultSamples].
	Samples int
	// Rows is how many of the first rows of the result it has.
	Rows int
}

// ColumnStatistics describes a column before and after. Name is its name before.
type ColumnStatistics struct {
	Name          string
	Before, After Statistics
}

// Statistics describes the values of a column. Cells that are marked as intentionally missing do
// not count as missing. Mean and Std are NaN if there are too few values or no numbers.
type Statistics struct {
	Mean, Std float64
	Missing   int64
}

// The numbers of sample cells of a preview.
const (
	DefaultSamples = 5
	MostSamples    = 100
)

// Sample is a cell that changes, as JSON. Row is its row before. After is nil if the row is removed.
type Sample struct {
	Row           int64
	Column        string
	Before, After []byte
}

// DryRun applies operations to f and compares the result with before, a clone of f from before.
func DryRun(before, f *Frame, ops []Operation, opt PreviewOptions) (*Preview, error) {
	f.TrackRows()
	if f.origins == nil {
		return nil, codec.Errorf(codec.ErrTooLarge, "a dry run is for tables of at most %d rows; this one has %d", maxTrackedRows, f.NumRows())
	}
	f.origins.values = map[int]bool{}
	effects, err := Apply(f, ops)
	if err != nil {
		return nil, err
	}
	c := &comparison{before: before, after: f, rows: f.origins.rows.Rows(), changed: make([]bool, before.NumRows()), samples: min(cmp.Or(opt.Samples, DefaultSamples), MostSamples)}
	for _, from := range c.rows {
		if from < 0 {
			c.inserted++
		}
	}
	p := &Preview{Effects: effects, RowsRemoved: before.NumRows() + c.inserted - f.NumRows(), RowsAffected: c.inserted}
	if err := c.cells(p); err != nil {
		return nil, err
	}
	if err := c.removed(p); err != nil {
		return nil, err
	}
	if err := c.statistics(p); err != nil {
		return nil, err
	}
	c.moved()
	for _, changed := range c.changed {
		if changed {
			p.RowsAffected++
		}
	}
	if opt.Rows > 0 {
		p.Head, err = f.head(int64(opt.Rows))
	}
	return p, err
}

// head returns the first n rows.
func (f *Frame) head(n int64) (*codec.Table, error) {
	t := &codec.Table{Schema: f.Schema()}
	all := make([]int, len(f.Columns))
	for i := range all {
		all[i] = i
	}
	for _, r := range f.groupRanges() {
		rows := min(n-int64(r.from), int64(r.to-r.from))
		if rows <= 0 {
			break
		}
		if err := f.LoadAll(all, []int{r.group}); err != nil {
			return nil, err
		}
		arrays := make([]arrow.Array, len(f.Columns))
		for i, c := range f.Columns {
			arrays[i] = slice(c.Chunks[r.group].Data, 0, int(rows))
		}
		t.RowGroups = append(t.RowGroups, codec.NewRecord(t.Schema, arrays, uint32(rows)))
	}
	return t, nil
}

// comparison compares two states of a frame.
type comparison struct {
	before, after *Frame
	// rows has for each row of after which row of before it was, -1 for a new one.
	rows []int64
	// samples is how many sample cells are kept, inserted the number of new rows.
	samples  int
	inserted int64
	// changed has for each row of before whether it is affected.
	changed []bool
}

// survivors calls each for the columns that both states have, in the order after.
func (c *comparison) survivors(each func(before, after int) error) error {
	for i, col := range c.after.Columns {
		if col.Origin >= 0 {
			if err := each(col.Origin, i); err != nil {
				return err
			}
		}
	}
	return nil
}

// cells finds the cells whose values change.
func (c *comparison) cells(p *Preview) error {
	return c.survivors(func(before, after int) error {
		if !c.after.origins.values[before] {
			return nil
		}
		old, err := c.before.reader(before)
		if err != nil {
			return err
		}
		now, err := c.after.reader(after)
		if err != nil {
			return err
		}
		sampled := 0
		for row, from := range c.rows {
			if row%pauseRows == 0 && c.after.Ended() != nil {
				return c.after.Ended()
			}
			if from < 0 {
				continue
			}
			a, b := old(from), now(int64(row))
			if string(a) == string(b) {
				continue
			}
			c.changed[from] = true
			if sampled < c.samples {
				sampled++
				p.Samples = append(p.Samples, Sample{from, c.before.Columns[before].Field.Name, slices.Clone(a), slices.Clone(b)})
			}
		}
		c.cut(p)
		return nil
	})
}

// cut keeps the samples of the first rows.
func (c *comparison) cut(p *Preview) {
	slices.SortStableFunc(p.Samples, func(a, b Sample) int { return cmp.Compare(a.Row, b.Row) })
	p.Samples = p.Samples[:min(len(p.Samples), c.samples)]
}

// removed finds the removed rows. Their first cell is the sample.
func (c *comparison) removed(p *Preview) error {
	if p.RowsRemoved == 0 {
		return nil
	}
	stays := make([]bool, len(c.changed))
	for _, from := range c.rows {
		if from >= 0 {
			stays[from] = true
		}
	}
	first, err := c.before.reader(0)
	if err != nil {
		return err
	}
	sampled := 0
	for row, stays := range stays {
		if stays {
			continue
		}
		c.changed[row] = true
		if sampled < c.samples {
			sampled++
			p.Samples = append(p.Samples, Sample{int64(row), c.before.Columns[0].Field.Name, slices.Clone(first(int64(row))), nil})
		}
	}
	c.cut(p)
	return nil
}

// moved finds the rows that move among the remaining ones.
func (c *comparison) moved() {
	rows := slices.DeleteFunc(slices.Clone(c.rows), func(from int64) bool { return from < 0 })
	inOrder := slices.Clone(rows)
	slices.Sort(inOrder)
	for i, from := range rows {
		if inOrder[i] != from {
			c.changed[from] = true
		}
	}
}

// statistics describes numeric columns before and after.
func (c *comparison) statistics(p *Preview) error {
	return c.survivors(func(before, after int) error {
		if !c.after.origins.values[before] && p.RowsRemoved == 0 && c.inserted == 0 {
			return nil
		}
		old, now := c.before.Columns[before], c.after.Columns[after]
		if !isNumeric(old.Field.Type) && !isNumeric(now.Field.Type) {
			return nil
		}
		s := ColumnStatistics{Name: old.Field.Name}
		var err error
		if s.Before, err = c.before.describe(before); err != nil {
			return err
		}
		s.After, err = c.after.describe(after)
		p.Statistics = append(p.Statistics, s)
		return err
	})
}

// describe computes the statistics of a column.
func (f *Frame) describe(column int) (Statistics, error) {
	if err := f.LoadColumns([]int{column}); err != nil {
		return Statistics{}, err
	}
	s := Statistics{Mean: math.NaN(), Std: math.NaN()}
	var values []float64
	cells := f.missingCells(column)
	for g, chunk := range f.Columns[column].Chunks {
		if err := f.Ended(); err != nil {
			return s, err
		}
		cells.enter(g)
		value := scalar.Numbers(chunk.Data)
		for row := range chunk.Data.Len() {
			switch {
			case !cells.isMissing(row):
				if value != nil {
					values = append(values, value(row))
				}
			case !cells.marked(row):
				s.Missing++
			}
		}
	}
	if len(values) > 0 {
		s.Mean, s.Std = meanOf(values), stdOf(values)
	}
	return s, nil
}

// reader returns a function that formats cells of a column as JSON. Its result is valid until the
// next call.
func (f *Frame) reader(column int) (func(row int64) []byte, error) {
	if err := f.LoadColumns([]int{column}); err != nil {
		return nil, err
	}
	ranges := f.groupRanges()
	cells := make([]func(dst []byte, row int) []byte, len(ranges))
	for g := range ranges {
		cells[g] = scalar.FieldJSON(f.Columns[column].Field, f.Columns[column].Chunks[g].Data)
	}
	home := groupOf(ranges)
	var scratch []byte
	return func(row int64) []byte {
		g := home(int(row))
		scratch = cells[g](scratch[:0], int(row)-ranges[g].from)
		return scratch
	}, nil
}
