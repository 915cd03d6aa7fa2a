package frame

import (
	"errors"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/document"
	"edgeframe/codec/scalar"
	"edgeframe/internal/gather"
	"edgeframe/internal/parallel"
)

// setValues puts values into rows of a column: one each, or one for all.
type setValues struct {
	Column string
	Rows   []int64
	Values value
	Value  value
	// Expect has the values that the cells must hold before, as a list.
	Expect value

	// cells has for each row which of the cells of the operation it is. It is nil for an operation that names
	// rows. expects then has the positions in Rows of the cells that Expect is about.
	cells, expects []int
}

func (op *setValues) needs(f *Frame) []place {
	col := f.find(op.Column)
	if col < 0 {
		return nil
	}
	return op.places(f, col)
}

// places returns where the cells are, whose column is col.
func (op *setValues) places(f *Frame, col int) []place {
	var places []place
	for _, part := range f.split(sorted(op.Rows)) {
		places = append(places, place{col, part.group})
	}
	return places
}

// pointer is where the operation names something about a row: in a list of it, or in a member of a cell.
func (op *setValues) pointer(list, member string, i int) string {
	if op.cells != nil {
		return element("/cells", op.cells[i]) + "/" + member
	}
	return element("/"+list, i)
}

func (op *setValues) apply(f *Frame) error {
	col, err := f.index(op.Column, "/column")
	if err != nil {
		return err
	}
	if err := op.checkExpect(); err != nil {
		return err
	}
	s, err := op.prepare(f, col)
	if err != nil {
		return err
	}
	var wrong unexpected
	if err := wrong.compare(f, op, col); err != nil {
		return err
	}
	if err := wrong.err(); err != nil {
		return err
	}
	return s.put(f)
}

// checkExpect returns an error unless Expect has one value for each row, if it is given.
func (op *setValues) checkExpect() error {
	if op.Expect.raw == nil || op.Expect.n == len(op.Rows) {
		return nil
	}
	given := "something else"
	if op.Expect.n >= 0 {
		given = codec.Plural(op.Expect.n, "value")
	}
	fault := Fault{Pointer: "/expect", Column: op.Column, Row: -1, Expected: "a list with one value for each row; null expects a missing cell"}
	return faulty(ErrInvalidOperation, fault, "expect must be a list with one value for each of the %s; it is %s", codec.Plural(len(op.Rows), "row"), given)
}

// preparedCells are cells of a column and the values to put into them, in ascending order of the rows.
type preparedCells struct {
	name   string
	col    int
	rows   []int64
	values arrow.Array
}

// prepare checks the rows and reads the values.
func (op *setValues) prepare(f *Frame, col int) (*preparedCells, error) {
	order, rows, err := f.checkRowsAt(op.Rows, func(i int) string { return op.pointer("rows", "row", i) })
	if err != nil {
		return nil, err
	}
	values, err := op.parse(f, col)
	if err != nil {
		return nil, err
	}
	values, err = permute(values, order)
	return &preparedCells{op.Column, col, rows, values}, err
}

// put puts the values into the cells.
func (s *preparedCells) put(f *Frame) error {
	if err := f.adoptType(s.col, s.values.DataType()); err != nil {
		return err
	}
	if err := f.replace(s.col, s.rows, s.values); err != nil {
		return err
	}
	f.unmark(s.name, s.rows, s.values)
	f.changes(s.col, len(s.rows))
	return nil
}

// parse returns one value per row, in the order of op.Rows.
func (op *setValues) parse(f *Frame, col int) (arrow.Array, error) {
	raw := op.Values.raw
	switch {
	case op.Values.raw != nil && op.Value.raw != nil:
		return nil, codec.Errorf(ErrInvalidOperation, "set_values takes either values or value, not both")
	case op.Values.raw == nil && op.Value.raw == nil:
		return nil, codec.Errorf(ErrInvalidOperation, "set_values needs values, one per row, or one value for all rows")
	case op.Value.raw != nil:
		raw = slices.Concat([]byte{'['}, op.Value.raw, []byte{']'})
	case op.Values.n >= 0 && op.Values.n != len(op.Rows):
		return nil, codec.Errorf(ErrInvalidOperation, "set_values has %s and %s; give one value per row", codec.Plural(len(op.Rows), "row"), codec.Plural(op.Values.n, "value"))
	}
	// A column that has no values yet takes the type of its first ones.
	want := f.Columns[col].Field.Type
	if want.ID() == arrow.NULL {
		want = nil
	}
	values, err := document.Values(raw, want, f.Limits)
	if m, ok := errors.AsType[*scalar.Misfit](err); ok {
		return nil, op.misfit(m)
	}
	if err != nil {
		return nil, err
	}
	if op.Value.raw != nil {
		return f.repeat(values, len(op.Rows))
	}
	return values, nil
}

// misfit is the error about a value that does not fit the column.
func (op *setValues) misfit(m *scalar.Misfit) error {
	if op.Value.raw == nil {
		return misfitting(op.Column, op.Rows[m.Position], op.pointer("values", "value", m.Position), m)
	}
	row := int64(-1)
	if len(op.Rows) == 1 {
		row = op.Rows[0]
	}
	return misfitting(op.Column, row, "/value", m)
}

// checkRows returns the rows in ascending order, and for each its position in given. It returns an error
// if a row is outside of the table or occurs twice.
func (f *Frame) checkRows(given []int64) (order []int, ascending []int64, err error) {
	return f.checkRowsAt(given, func(i int) string { return element("/rows", i) })
}

// checkRowsAt is checkRows for rows that the operation names at these pointers.
func (f *Frame) checkRowsAt(given []int64, pointer func(i int) string) (order []int, ascending []int64, err error) {
	n := f.NumRows()
	for i, r := range given {
		if r < 0 || r >= n {
			return nil, nil, outside(r, n, pointer(i))
		}
	}
	order = make([]int, len(given))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(given[a] - given[b]) })
	ascending = make([]int64, len(given))
	for i, at := range order {
		ascending[i] = given[at]
		if i > 0 && ascending[i] == ascending[i-1] {
			fault := Fault{Pointer: pointer(at), Row: ascending[i], Expected: "each row once"}
			return nil, nil, faulty(ErrInvalidOperation, fault, "row %d is given twice", ascending[i])
		}
	}
	return order, ascending, nil
}

// adoptType gives a column of type null, which holds no values, another type.
func (f *Frame) adoptType(col int, dt arrow.DataType) error {
	c := f.Columns[col]
	if c.Field.Type.ID() != arrow.NULL || dt.ID() == arrow.NULL {
		return nil
	}
	if err := f.spend(MakeNulls(dt, 1), int(f.NumRows())); err != nil {
		return err
	}
	c.Field.Type = dt
	c.Field.Nullable = true
	for g, n := range f.Rows {
		c.Chunks[g] = Chunk{Data: MakeNulls(dt, n)}
	}
	return nil
}

// replace puts values into ascending rows of a column.
func (f *Frame) replace(col int, rows []int64, values arrow.Array) error {
	c := f.Columns[col]
	if values.NullN() > 0 && !c.Field.Nullable {
		c.Field.Nullable = true
	}
	parts := f.split(rows)
	places := make([]place, len(parts))
	for i, p := range parts {
		places[i] = place{col, p.group}
	}
	if err := f.load(places); err != nil {
		return err
	}
	for _, p := range parts {
		if err := f.Ended(); err != nil {
			return err
		}
		old := c.Chunks[p.group].Data
		if err := f.rewrite(old); err != nil {
			return err
		}
		data, err := ReplaceRows(old, p.rows, slice(values, p.from, p.from+len(p.rows)))
		if err != nil {
			return err
		}
		if err := f.made(old, data); err != nil {
			return err
		}
		c.Chunks[p.group] = Chunk{Data: data}
	}
	return nil
}

// maxRewrites is how many times the largest table the operations of one edit may copy.
// Without a bound, a thousand operations of a few bytes each would copy a thousand tables.
const maxRewrites = 16

// rewrite accounts for copying a chunk.
func (f *Frame) rewrite(data arrow.Array) error {
	f.copied += RawBytes(data)
	if f.copied/maxRewrites > f.Limits.Bytes {
		return codec.Errorf(ErrInvalidOperation, "the operations copy the same rows too often; put the rows of one column, or all rows to delete, into one operation")
	}
	return nil
}

// made accounts for the memory of a chunk that takes the place of another one, which stays in memory.
func (f *Frame) made(old, data arrow.Array) error {
	before, now := RawBytes(old), RawBytes(data)
	if err := f.within(min(before, now)); err != nil {
		return err
	}
	return f.reserve(now - before)
}

// deleteRows removes rows.
type deleteRows struct{ Rows []int64 }

func (op *deleteRows) needs(f *Frame) []place {
	var places []place
	for _, part := range f.split(sorted(op.Rows)) {
		for c := range f.Columns {
			places = append(places, place{c, part.group})
		}
	}
	return places
}

func (op *deleteRows) apply(f *Frame) error {
	_, rows, err := f.checkRows(op.Rows)
	if err != nil {
		return err
	}
	return f.removeRows(rows)
}

// removeRows removes rows, which are ascending, and their marks. Row groups without such rows stay as they
// are.
func (f *Frame) removeRows(rows []int64) error {
	parts := f.split(rows)
	var places []place
	for _, part := range parts {
		for c := range f.Columns {
			places = append(places, place{c, part.group})
		}
	}
	if err := f.load(places); err != nil {
		return err
	}
	for _, part := range parts {
		for _, c := range f.Columns {
			if err := f.rewrite(c.Chunks[part.group].Data); err != nil {
				return err
			}
		}
	}
	err := parallel.Do(len(parts), func(i int) error {
		if err := f.Ended(); err != nil {
			return err
		}
		return f.removeFromGroup(parts[i])
	})
	if err != nil {
		return err
	}
	for _, part := range parts {
		f.Rows[part.group] -= len(part.rows)
	}
	f.dropEmptyGroups()
	f.Marks.removeRows(rows)
	f.effect.Rows += int64(len(rows))
	return f.move(func() RowMap { return without(f.NumRows()+int64(len(rows)), rows) })
}

// removeFromGroup removes rows of a row group from its chunks.
func (f *Frame) removeFromGroup(part groupRows) error {
	n := f.Rows[part.group]
	keep := complement(part.rows, n)
	places := scattered(keep, n-len(part.rows))
	for _, c := range f.Columns {
		chunk := &c.Chunks[part.group]
		var data arrow.Array
		var err error
		if places != nil {
			data, err = takeRows(chunk.Data, places)
		} else {
			data, err = KeepRows(chunk.Data, keep)
		}
		if err != nil {
			return err
		}
		if err := f.made(chunk.Data, data); err != nil {
			return err
		}
		*chunk = Chunk{Data: data}
	}
	return nil
}

// scattered returns the places of the n rows of spans if the spans are so short that rows are taken one by one, and nil
// otherwise.
func scattered(spans []Span, n int) []gather.Place {
	const short = 32
	if n > short*len(spans) {
		return nil
	}
	places := make([]gather.Place, 0, n)
	for _, s := range spans {
		for row := s.From; row < s.To; row++ {
			places = append(places, gather.Place{Row: uint32(row)})
		}
	}
	return places
}

func (f *Frame) dropEmptyGroups() {
	var rows []int
	kept := make([][]Chunk, len(f.Columns))
	for g, n := range f.Rows {
		if n == 0 {
			continue
		}
		rows = append(rows, n)
		for i, c := range f.Columns {
			kept[i] = append(kept[i], c.Chunks[g])
		}
	}
	f.Rows = rows
	for i, c := range f.Columns {
		c.Chunks = kept[i]
	}
}

// complement returns the spans of 0 to n that are not in rows, which are ascending.
func complement(rows []int, n int) []Span {
	var spans []Span
	at := 0
	for _, r := range rows {
		if r > at {
			spans = append(spans, Span{at, r})
		}
		at = r + 1
	}
	if at < n {
		spans = append(spans, Span{at, n})
	}
	return spans
}

func sorted(rows []int64) []int64 {
	rows = slices.Clone(rows)
	slices.Sort(rows)
	return rows
}

// isNull reports whether raw, without blanks around it, is absent or JSON's null.
func isNull(raw []byte) bool { return raw == nil || string(raw) == "null" }
