package frame

import (
	"errors"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
	"edgeframe/internal/gather"
)

// Append adds the rows of t, whose columns are matched by name and may come in any order.
// The last row group is filled before new ones start. Missing and unknown columns, and values
// that do not fit their column, are errors of kind [codec.ErrMismatch].
func Append(f *Frame, t *codec.Table) error {
	from, err := f.match(t.Schema)
	if err != nil {
		return err
	}
	groups, err := f.fit(from, t)
	if err != nil || len(groups) == 0 {
		return err
	}
	if err := f.loadLastIfPartial(); err != nil {
		return err
	}
	for _, values := range groups {
		if err := f.appendRows(values); err != nil {
			return err
		}
	}
	return nil
}

// TypesToAppendTo returns the types by which appended text is read, by the names of the columns of a table.
// Columns that never had a value and columns of nested values have none: the types of their values are
// inferred.
func TypesToAppendTo(schema *arrow.Schema) map[string]arrow.DataType {
	types := make(map[string]arrow.DataType, schema.NumFields())
	for _, field := range schema.Fields() {
		dt := valuesOf(field.Type)
		if isTextType(dt) || isNumeric(dt) || isBool(dt) || isTicking(dt) || scalar.IsUUID(field) {
			types[field.Name] = dt
		}
	}
	return types
}

// match returns for each column of f its position in s.
func (f *Frame) match(s *arrow.Schema) ([]int, error) {
	known := f.positions()
	for _, field := range s.Fields() {
		if _, ok := known[field.Name]; !ok {
			return nil, codec.Errorf(codec.ErrMismatch, "the appended column %q is not in the table; append exactly its columns", field.Name)
		}
	}
	from := make([]int, len(f.Columns))
	for i, c := range f.Columns {
		at := s.FieldIndices(c.Field.Name)
		if len(at) == 0 {
			return nil, codec.Errorf(codec.ErrMismatch, "column %q is missing from the appended rows; append exactly the columns of the table", c.Field.Name)
		}
		from[i] = at[0]
	}
	return from, nil
}

// fit returns for each row group of t its columns, in the order and with the types of f. A
// column of f that never had a value adopts the type of its first ones.
func (f *Frame) fit(from []int, t *codec.Table) ([][]arrow.Array, error) {
	groups := make([][]arrow.Array, len(t.RowGroups))
	for i := range f.Columns {
		fitting, err := f.fitColumn(i, from[i], t)
		if err != nil {
			return nil, err
		}
		for g, values := range fitting {
			groups[g] = append(groups[g], values)
		}
	}
	return groups, nil
}

// fitColumn is fit for one column of f, which is the one at from in t.
func (f *Frame) fitColumn(column, from int, t *codec.Table) ([]arrow.Array, error) {
	c := f.Columns[column]
	field := t.Schema.Field(from)
	if c.Field.Type.ID() == arrow.NULL && scalar.IsUUID(field) {
		c.Field.Metadata = scalar.WithUUID(c.Field.Metadata)
	}
	if err := f.adoptType(column, field.Type); err != nil {
		return nil, err
	}
	groups := make([]arrow.Array, len(t.RowGroups))
	for g, rec := range t.RowGroups {
		if err := f.Ended(); err != nil {
			return nil, err
		}
		values, err := scalar.ConvertField(field, rec.Column(from), c.Field.Type, f.Limits)
		if err != nil {
			return nil, inColumn(c.Field.Name, err)
		}
		if values.NullN() > 0 {
			c.Field.Nullable = true
		}
		groups[g] = values
	}
	return groups, nil
}

// inColumn adds the name of a column to an error about an input.
func inColumn(name string, err error) error {
	var e *codec.Error
	if errors.As(err, &e) {
		return codec.Errorf(e.Kind, "column %q: %s", name, e.Detail)
	}
	return err
}

// loadLastIfPartial loads the last row group if rows will be added to it.
func (f *Frame) loadLastIfPartial() error {
	last := len(f.Rows) - 1
	if last < 0 || f.Rows[last] >= codec.RowGroupRows {
		return nil
	}
	places := make([]place, len(f.Columns))
	for c := range f.Columns {
		places[c] = place{c, last}
	}
	return f.load(places)
}

// appendRows adds rows, given as one array for each column.
func (f *Frame) appendRows(values []arrow.Array) error {
	for at, n := 0, values[0].Len(); at < n; {
		if err := f.Ended(); err != nil {
			return err
		}
		last := len(f.Rows) - 1
		if last < 0 || f.Rows[last] >= codec.RowGroupRows {
			f.Rows = append(f.Rows, 0)
			last++
		}
		take := min(n-at, codec.RowGroupRows-f.Rows[last])
		for i, c := range f.Columns {
			if err := c.grow(last, slice(values[i], at, at+take)); err != nil {
				return inColumn(c.Field.Name, err)
			}
		}
		f.Rows[last] += take
		at += take
	}
	return nil
}

// grow adds values to the end of the chunk of a row group, which may be a new one.
func (c *Column) grow(group int, values arrow.Array) error {
	if group == len(c.Chunks) {
		c.Chunks = append(c.Chunks, Chunk{Data: Compact(values)})
		return nil
	}
	data, err := Concat([]arrow.Array{c.Chunks[group].Data, values})
	if err != nil {
		return err
	}
	c.Chunks[group] = Chunk{Data: data}
	return nil
}

// Replace replaces the table of f by t. All marks are dropped.
func Replace(f *Frame, t *codec.Table) {
	next := FromTable(t, f.Limits)
	next.Context = f.Context
	*f = *next
}

// permute returns the values in the given order of positions.
func permute(values arrow.Array, order []int) (arrow.Array, error) {
	if slices.IsSorted(order) {
		return values, nil
	}
	runs := make([]gather.Run, len(order))
	for i, from := range order {
		runs[i] = gather.Run{From: from, To: from + 1}
	}
	return rows([]arrow.Array{values}, runs)
}

// repeat returns n copies of the one value in values.
func (f *Frame) repeat(values arrow.Array, n int) (arrow.Array, error) {
	if err := f.spend(values, n); err != nil {
		return nil, err
	}
	if n == 0 {
		return slice(values, 0, 0), nil
	}
	for values.Len() < n {
		var err error
		more := slice(values, 0, min(values.Len(), n-values.Len()))
		if values, err = Concat([]arrow.Array{values, more}); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// spend accounts for n copies of a value. It returns an error if all copies of an edit take more
// than a table may: a small request must not allocate any amount of memory.
func (f *Frame) spend(value arrow.Array, n int) error {
	bytes := RawBytes(value)
	if bytes > 0 && int64(n) > (f.Limits.Bytes-f.spent)/bytes {
		return codec.Errorf(codec.ErrTooLarge, "the new values take more than %d bytes, which is the most that a table may have", f.Limits.Bytes)
	}
	f.spent += bytes * int64(n)
	// The values are made for all rows, and then cut into row groups.
	return f.reserve(2 * bytes * int64(n))
}
