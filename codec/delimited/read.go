package delimited

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
	"edgeframe/internal/parallel"
)

// textSizes are the sizes of the units of work. They do not change the result.
type textSizes struct {
	// groupRows is the number of rows in a row group.
	groupRows int
	// windowFields is how many fields are cut before the columns read them, so that windows
	// and their text stay in the processor's cache. Each window has at least windowRows rows,
	// so that there is enough work for a column.
	windowFields, windowRows int
}

var defaultSizes = textSizes{groupRows: codec.RowGroupRows, windowFields: windowFields(), windowRows: 32}

// windowFields returns how many fields a window has. Processors that work on one wait for one another after it, for a
// time that does not depend on its size, so it is larger for several.
func windowFields() int {
	if parallel.Processors() == 1 {
		return 16 << 10
	}
	return 64 << 10
}

// textReader reads the rows of delimited text into columns.
type textReader struct {
	scan    textScanner
	start   int
	names   []string
	columns []textColumn
	nulls   *scalar.NullSet
	dialect *dialect
	// plain reads plain cells.
	plain  *[cellText]plainParser
	limits codec.Limits
	mem    *codec.Budget
	sizes  textSizes
	// mostRows is at least the number of rows, unless some of them end in CR and some in LF.
	mostRows int
	// rows is the number of rows, once the input has been read.
	rows          int
	current, next *textWindow
}

// textColumnBytes is the approximate cost of a column beside its values.
const textColumnBytes = 1024

func newTextReader(s textScanner, names []string, opt codec.ReadOptions, nulls []string, d *dialect, mem *codec.Budget, sizes textSizes) (*textReader, error) {
	r := &textReader{
		scan:    s,
		start:   s.pos,
		names:   names,
		columns: make([]textColumn, len(names)),
		nulls:   scalar.NewNullSet(nulls),
		dialect: d,
		plain:   plainParsersOf(d, nulls),
		limits:  opt.Limits,
		mem:     mem,
		sizes:   sizes,
	}
	d.single = len(names) == 1
	r.mem.Take(int64(len(names)) * textColumnBytes)
	for i := range r.columns {
		r.mem.Take(int64(len(names[i])))
		r.columns[i] = textColumn{index: i, mem: r.mem}
		if err := r.columns[i].setWanted(opt.Wanted(names[i]), opt.TimeFormats[names[i]], d); err != nil {
			return nil, err
		}
	}
	rest := s.data[s.pos:]
	r.mostRows = 1 + min(countLines(rest), len(rest)/s.width)
	rows := min(max(sizes.windowRows, sizes.windowFields/s.width), sizes.groupRows, r.mostRows)
	r.current, r.next = newTextWindow(rows, s.width, r.mem), newTextWindow(rows, s.width, r.mem)
	return r, nil
}

// read reads all columns. Columns that turn out to be text late are read a second time.
func (r *textReader) read() (*codec.Table, error) {
	columns := make([]*textColumn, len(r.columns))
	for i := range columns {
		columns[i] = &r.columns[i]
	}
	if err := r.readColumns(columns); err != nil {
		return nil, err
	}
	again := slices.DeleteFunc(columns, func(c *textColumn) bool { return !c.mustReadAgain() })
	if len(again) > 0 {
		for _, c := range again {
			c.forget()
		}
		if err := r.readColumns(again); err != nil {
			return nil, err
		}
	}
	if err := r.firstMisfit(); err != nil {
		return nil, err
	}
	return r.table()
}

func (r *textReader) readColumns(columns []*textColumn) error {
	err := r.eachWindow(len(columns), func(i, row int) {
		c := columns[i]
		c.add(row, textCells{
			data:    r.scan.data,
			spans:   r.current.column(c.index),
			nulls:   r.nulls,
			parsers: r.dialect.parsers,
			plain:   r.plain,
			single:  r.dialect.single,
			rows:    min(r.sizes.groupRows, r.mostRows-row/r.sizes.groupRows*r.sizes.groupRows),
		})
		if (row+r.current.rows)%r.sizes.groupRows == 0 {
			c.finish()
		}
	})
	if err != nil || r.rows%r.sizes.groupRows == 0 {
		return err
	}
	return parallel.Do(len(columns), func(i int) error { columns[i].finish(); return nil })
}

// eachWindow cuts the input into windows, none of which crosses a row group. While work runs
// in parallel for 0 to n-1 with r.current, whose first row is row, the next window is cut.
func (r *textReader) eachWindow(n int, work func(i, row int)) error {
	r.scan.pos = r.start
	r.scan.short.reset()
	if err := r.scan.fill(r.current, r.sizes.groupRows); err != nil {
		return err
	}
	row := 0
	for r.current.rows > 0 {
		after := row + r.current.rows
		err := parallel.Do(n+1, func(i int) error {
			if i == 0 {
				return r.scan.fill(r.next, r.sizes.groupRows-after%r.sizes.groupRows)
			}
			work(i-1, row)
			return nil
		})
		if err != nil {
			return err
		}
		row, r.current, r.next = after, r.next, r.current
	}
	r.rows = row
	return nil
}

// table returns the table that has been read.
func (r *textReader) table() (*codec.Table, error) {
	fields := make([]arrow.Field, len(r.columns))
	for i := range r.columns {
		fields[i] = r.columns[i].field(r.names[i])
	}
	table := &codec.Table{Schema: arrow.NewSchema(fields, nil)}
	for first := 0; first < r.rows; first += r.sizes.groupRows {
		arrays := make([]arrow.Array, len(r.columns))
		for i := range r.columns {
			c := &r.columns[i]
			var err error
			if arrays[i], err = r.converted(c, c.array(&c.chunks[first/r.sizes.groupRows])); err != nil {
				return nil, err
			}
		}
		rows := min(r.sizes.groupRows, r.rows-first)
		table.RowGroups = append(table.RowGroups, codec.NewRecord(table.Schema, arrays, uint32(rows)))
	}
	changed := make([]int64, len(r.columns))
	for i := range r.columns {
		changed[i] = r.columns[i].changed
	}
	if slices.Max(changed) > 0 {
		table.Receipt.Changed = changed
		table.Receipt.Samples = r.samples(table)
	}
	return table, nil
}
