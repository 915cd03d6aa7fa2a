package frame

import (
	"errors"
	"maps"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/document"
	"edgeframe/codec/scalar"
)

// MaxNameBytes is the longest column name that an operation may give.
const MaxNameBytes = 1024

// addColumn adds a column at the end. values has one value for each row; without values every cell is
// missing. Without dtype the type is inferred.
type addColumn struct {
	Column string
	DType  string
	Values value
}

func (op *addColumn) needs(*Frame) []place { return nil }

func (op *addColumn) apply(f *Frame) error {
	if err := f.checkNewName(op.Column); err != nil {
		return err
	}
	if len(f.Columns) >= f.Limits.Columns {
		return codec.Errorf(codec.ErrTooLarge, "the table has %d columns; more than %d are not accepted", len(f.Columns), f.Limits.Columns)
	}
	var want arrow.DataType
	if op.DType != "" {
		var err error
		if want, err = scalar.ParseDType(op.DType); err != nil {
			return wrongType(op.DType, err)
		}
	}
	values, err := op.values(f, want)
	if err != nil {
		return err
	}
	col := &Column{Field: arrow.Field{Name: op.Column, Type: values.DataType(), Nullable: true}, Origin: -1}
	for _, r := range f.groupRanges() {
		if err := f.Ended(); err != nil {
			return err
		}
		col.Chunks = append(col.Chunks, Chunk{Data: Compact(slice(values, r.from, r.to))})
	}
	f.Columns = append(f.Columns, col)
	return nil
}

func (op *addColumn) values(f *Frame, want arrow.DataType) (arrow.Array, error) {
	rows := int(f.NumRows())
	if isNull(op.Values.raw) {
		if want == nil {
			want = arrow.Null
		}
		if err := f.spend(MakeNulls(want, 1), rows); err != nil {
			return nil, err
		}
		return MakeNulls(want, rows), nil
	}
	if op.Values.n >= 0 && op.Values.n != rows {
		return nil, codec.Errorf(ErrInvalidOperation, "add_column has %s for %s; give one value per row", codec.Plural(op.Values.n, "value"), codec.Plural(rows, "row"))
	}
	values, err := document.Values(op.Values.raw, want, f.Limits)
	if m, ok := errors.AsType[*scalar.Misfit](err); ok {
		return nil, misfitting(op.Column, int64(m.Position), element("/values", m.Position), m)
	}
	return values, err
}

// checkNewName returns an error if a name is not allowed or is already in use.
func (f *Frame) checkNewName(name string) error {
	if name == "" || len(name) > MaxNameBytes {
		return codec.Errorf(ErrInvalidOperation, "a column name of %d bytes is not accepted; it must have 1 to %d", len(name), MaxNameBytes)
	}
	if f.find(name) >= 0 {
		return codec.Errorf(ErrInvalidOperation, "there is a column %q already", name)
	}
	return nil
}

// dropColumns removes columns.
type dropColumns struct{ Columns []string }

func (op *dropColumns) needs(*Frame) []place { return nil }

func (op *dropColumns) apply(f *Frame) error {
	at, err := f.indexes(op.Columns)
	if err != nil {
		return err
	}
	if len(at) == len(f.Columns) {
		return codec.Errorf(ErrInvalidOperation, "dropping every column is not accepted; delete the session instead")
	}
	for _, i := range at {
		delete(f.Marks, f.Columns[i].Field.Name)
		f.Columns[i] = nil
	}
	f.Columns = slices.DeleteFunc(f.Columns, func(c *Column) bool { return c == nil })
	return nil
}

// selectColumns keeps only some columns, in the order given.
type selectColumns struct{ Columns []string }

func (op *selectColumns) needs(*Frame) []place { return nil }

func (op *selectColumns) apply(f *Frame) error {
	at, err := f.indexes(op.Columns)
	if err != nil {
		return err
	}
	chosen := make([]*Column, len(at))
	marks := Marks{}
	for i, from := range at {
		chosen[i] = f.Columns[from]
		name := chosen[i].Field.Name
		if rows := f.Marks[name]; rows != nil {
			marks[name] = rows
		}
	}
	f.Columns, f.Marks = chosen, marks
	return nil
}

// indexes finds columns by name. It returns an error if the list is empty or has a name twice.
func (f *Frame) indexes(names []string) ([]int, error) { return f.indexesAt(names, "/columns", "") }

// indexesAt is indexes for names that are members of the elements of a list, at these pointers.
func (f *Frame) indexesAt(names []string, list, member string) ([]int, error) {
	if len(names) == 0 {
		return nil, codec.Errorf(ErrInvalidOperation, "columns is empty; name at least one column")
	}
	at := make([]int, len(names))
	known := f.positions()
	seen := make([]bool, len(f.Columns))
	for i, name := range names {
		var ok bool
		if at[i], ok = known[name]; !ok {
			return nil, f.noColumn(name, element(list, i)+member)
		}
		if seen[at[i]] {
			return nil, codec.Errorf(ErrInvalidOperation, "column %q is given twice", name)
		}
		seen[at[i]] = true
	}
	return at, nil
}

// renameColumns gives columns other names, all at once, so that two may swap theirs.
type renameColumns struct{ Columns map[string]string }

func (op *renameColumns) needs(*Frame) []place { return nil }

func (op *renameColumns) apply(f *Frame) error {
	if len(op.Columns) == 0 {
		return codec.Errorf(ErrInvalidOperation, "columns is empty; give at least one old and new name")
	}
	known := f.positions()
	for _, old := range slices.Sorted(maps.Keys(op.Columns)) {
		if _, ok := known[old]; !ok {
			return f.noColumn(old, memberPointer("/columns", old))
		}
		if name := op.Columns[old]; name == "" || len(name) > MaxNameBytes {
			return codec.Errorf(ErrInvalidOperation, "the new name of column %q has %d bytes; it must have 1 to %d", old, len(name), MaxNameBytes)
		}
	}
	seen := make(map[string]bool, len(f.Columns))
	marks := Marks{}
	for _, c := range f.Columns {
		old := c.Field.Name
		if name, ok := op.Columns[old]; ok {
			c.Field.Name = name
		}
		if seen[c.Field.Name] {
			return codec.Errorf(ErrInvalidOperation, "the new names would make two columns %q", c.Field.Name)
		}
		seen[c.Field.Name] = true
		if rows := f.Marks[old]; rows != nil {
			marks[c.Field.Name] = rows
		}
	}
	f.Marks = marks
	return nil
}
