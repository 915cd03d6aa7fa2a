package frame

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// Group returns one row for each group of the rows of s, the selection of q: the columns of q.Group.By, and
// then one for each aggregate. It does what DataFrame.groupby(by, dropna=False) of pandas does: rows without
// a value in a column are a group of their own. The groups are sorted by q.Sort, which names columns of the
// answer, or else by the columns that they were made by; missing values come last. q.Offset and q.Limit say
// which of them are returned. Dictionaries become their values. Without columns to group by there is one
// group, also if there are no rows.
func (f *Frame) Group(s *Selection, q *Query) (*codec.Table, error) {
	t, err := f.group(s.ascending(), q)
	return t, inQuery(err)
}

// ascending returns s with its rows in their order in the table.
func (s *Selection) ascending() *Selection {
	if !s.moved {
		return s
	}
	rows := slices.Clone(s.rows)
	slices.Sort(rows)
	return &Selection{rows: rows, n: s.n}
}

func (f *Frame) group(s *Selection, q *Query) (*codec.Table, error) {
	g, err := f.newGrouper(q)
	if err != nil {
		return nil, err
	}
	if err := g.read(s); err != nil {
		return nil, err
	}
	arrays, err := g.result()
	if err != nil {
		return nil, err
	}
	all := FromTable(tableOf(g.answer.Schema(), arrays, len(g.first)), f.Limits)
	all.Context, all.Reserve = f.Context, f.Reserve
	order, err := all.selectRows(&Query{Sort: g.sort})
	if err != nil {
		return nil, err
	}
	limit := q.Limit
	if limit < 0 {
		limit = order.Len()
	}
	columns, _ := all.indexesOrAll(nil)
	return all.Take(columns, order.Rows(q.Offset, limit))
}

// grouper makes groups of rows.
type grouper struct {
	f          *Frame
	by         []int
	aggregates []aggregate
	// columns are those that are read.
	columns []int
	// answer has the columns of the answer, without values. sort is its order.
	answer *Frame
	sort   []SortKey

	numbers *groupNumbers
	// first is the first row of each group, and lacks says for each of its cells in by whether it has no value.
	first []int64
	lacks []bool
	bytes int64
	parts []*groupPart
}

// aggregate is a column of the answer.
type aggregate struct {
	column int // -1 for none
	field  arrow.Field
	accumulator
}

// newGrouper checks q.Group and q.Sort.
func (f *Frame) newGrouper(q *Query) (*grouper, error) {
	if len(q.Group.By) == 0 && len(q.Group.Aggregates) == 0 {
		return nil, invalid("/group", "by or aggregates", "group is empty; give \"by\", \"aggregates\" or both")
	}
	g := &grouper{f: f, parts: make([]*groupPart, len(f.Rows)), answer: &Frame{Limits: f.Limits}}
	for i, name := range q.Group.By {
		c, err := f.index(name, element("/group/by", i))
		if err != nil {
			return nil, err
		}
		if slices.Contains(g.by, c) {
			return nil, invalid(element("/group/by", i), "another column", "column %q is in by twice", codec.Shorten(name))
		}
		g.by = append(g.by, c)
		field := f.Columns[c].Field
		if err := g.add(plainField(field, name), element("/group/by", i)); err != nil {
			return nil, err
		}
		if scalar.Ordered(field.Type) {
			g.sort = append(g.sort, SortKey{Column: name})
		}
	}
	for i := range q.Group.Aggregates {
		if err := g.addAggregate(&q.Group.Aggregates[i], element("/group/aggregates", i)); err != nil {
			return nil, err
		}
	}
	g.columns = slices.Clone(g.by)
	for _, a := range g.aggregates {
		if a.column >= 0 && !slices.Contains(g.columns, a.column) {
			g.columns = append(g.columns, a.column)
		}
	}
	if q.Sort != nil {
		g.sort = q.Sort
	}
	_, err := g.answer.sortColumns(g.sort)
	return g, err
}

// plainField is a field of the answer that has values of another one.
func plainField(of arrow.Field, name string) arrow.Field {
	if dict, ok := of.Type.(*arrow.DictionaryType); ok {
		of.Type = dict.ValueType
	}
	of.Name, of.Nullable = name, true
	return of
}

// add adds a column to the answer.
func (g *grouper) add(field arrow.Field, pointer string) error {
	switch {
	case field.Name == "" || len(field.Name) > MaxNameBytes:
		return invalid(pointer, "a name", "a column name of %d bytes is not accepted; it must have 1 to %d", len(field.Name), MaxNameBytes)
	case g.answer.find(field.Name) >= 0:
		return invalid(pointer, "another name", "the answer has two columns %q; name one of them with \"as\"", codec.Shorten(field.Name))
	}
	g.answer.Columns = append(g.answer.Columns, &Column{Field: field})
	return nil
}

// read reads the rows of a selection.
func (g *grouper) read(s *Selection) error {
	g.numbers = newGroupNumbers(len(g.by))
	if len(g.by) == 0 {
		// There is one group, also without rows.
		g.first = []int64{-1}
		g.grow()
	}
	return g.f.scanSelected(s, g.columns, func(r selectedRange, rows []int32, arrays []arrow.Array) error {
		p := &groupPart{f: g.f, from: r.from, rows: rows, cells: map[int]*cells{}}
		for i, c := range g.columns {
			p.cells[c] = g.f.valuesIn(c, r.groupRange, arrays[i])
		}
		p.divide(g.by)
		for _, a := range g.aggregates {
			p.partials = append(p.partials, a.read(p, p.cells[a.column]))
		}
		p.cells = nil
		g.parts[r.group] = p
		return nil
	}, func(r selectedRange) error {
		err := g.merge(g.parts[r.group])
		g.parts[r.group] = nil
		return err
	})
}

// valuesIn returns the cells of a column in a row group. Cells that are marked as intentionally missing
// count as missing, even if they have a value.
func (f *Frame) valuesIn(column int, r groupRange, arr arrow.Array) *cells {
	c := &cells{group: r.group, arr: arr}
	c.countMissing()
	marks := f.Marks[f.Columns[column].Field.Name]
	at, _ := slices.BinarySearch(marks, int64(r.from))
	for ; at < len(marks) && marks[at] < int64(r.to); at++ {
		if c.missing == nil {
			c.missing = make([]bool, arr.Len())
		}
		c.missing[marks[at]-int64(r.from)] = true
	}
	return c
}

// has reports whether a row has a value.
func (c *cells) has(row int32) bool { return c.missing == nil || !c.missing[row] }

// merge adds the groups of a part.
func (g *grouper) merge(p *groupPart) error {
	numbers, more := g.numbers.merge(p)
	for group, number := range numbers {
		if int(number) < len(g.first) {
			continue
		}
		g.first = append(g.first, p.first[group])
		for at := range g.by {
			g.lacks = append(g.lacks, p.values[at][p.of[group*len(g.by)+at]] == keyOfMissing)
		}
		more += groupBytes + int64(len(g.by))
		for _, a := range g.aggregates {
			more += a.bytes()
		}
	}
	g.grow()
	for i, a := range g.aggregates {
		more += a.add(p.partials[i], numbers)
	}
	if g.bytes += more; g.bytes > g.f.Limits.WithDefaults().Bytes {
		return codec.Errorf(codec.ErrTooLarge, "%d groups and what is counted of them take more than the %d bytes of memory that a table may have; select fewer rows or group by a column with fewer values", len(g.first), g.f.Limits.WithDefaults().Bytes)
	}
	return g.f.reserve(more)
}

func (g *grouper) grow() {
	for _, a := range g.aggregates {
		a.grow(len(g.first))
	}
}

// result returns the columns of the answer in row groups.
func (g *grouper) result() ([][]arrow.Array, error) {
	g.numbers = nil
	n := len(g.first)
	out := make([][]arrow.Array, (n+codec.RowGroupRows-1)/codec.RowGroupRows)
	take := func(column int, rows []int64) error {
		arrays, err := g.f.take([]int{column}, rows, true)
		for i, group := range arrays {
			out[i] = append(out[i], group[0])
		}
		return err
	}
	for i, c := range g.by {
		rows := slices.Clone(g.first)
		for at := range rows {
			if g.lacks[at*len(g.by)+i] {
				rows[at] = -1
			}
		}
		if err := take(c, rows); err != nil {
			return nil, err
		}
	}
	for i, a := range g.aggregates {
		if err := g.f.Ended(); err != nil {
			return nil, err
		}
		if rows, ok := a.accumulator.(interface{ rows() []int64 }); ok {
			if err := take(a.column, rows.rows()); err != nil {
				return nil, err
			}
			continue
		}
		arr, err := a.values(g.f, a.field)
		if err != nil {
			return nil, located(element("/group/aggregates", i), err)
		}
		for at := range out {
			out[at] = append(out[at], slice(arr, at*codec.RowGroupRows, min((at+1)*codec.RowGroupRows, n)))
		}
	}
	return out, nil
}
