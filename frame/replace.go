package frame

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/go-json-experiment/json/jsontext"

	"edgeframe/codec"
	"edgeframe/codec/document"
	"edgeframe/codec/scalar"
)

// replaceValues replaces a part of the text in cells or, with WholeCell, cells that have a value. Missing cells
// stay missing.
type replaceValues struct {
	Columns []string
	// Find is a text or, for whole cells, a value. With is what replaces it; null makes whole cells missing.
	Find, With value
	// Regex says that Find is a pattern of RE2 and With a template.
	Regex, WholeCell, IgnoreCase bool
}

func (op *replaceValues) needs(f *Frame) []place {
	if len(op.Columns) == 0 {
		return nil
	}
	return f.wholeColumns(op.Columns)
}

func (op *replaceValues) apply(f *Frame) error {
	columns, err := f.indexes(op.Columns)
	if err != nil {
		return err
	}
	replacing, err := op.replacing()
	if err != nil {
		return err
	}
	if err := f.LoadColumns(columns); err != nil {
		return err
	}
	for i, column := range columns {
		c := f.Columns[column]
		if c.Field.Type.ID() == arrow.NULL {
			continue
		}
		var in cellReplacer
		if replacing == nil {
			in, err = op.wholeCells(f, c.Field)
		} else if in = replacing; !isTextType(c.Field.Type) {
			fault := Fault{Pointer: element("/columns", i), Column: c.Field.Name, Row: -1, Expected: "a column of text; with whole_cell a column of any type"}
			err = faulty(ErrInvalidOperation, fault, "column %.100q is %s; without whole_cell, and with regex or ignore_case, replace is for text", c.Field.Name, scalar.DType(c.Field.Type))
		}
		if err == nil {
			err = f.replaceCells(column, in)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (op *replaceValues) did(e Effect) string {
	return ofColumns("replaced "+count(e.Cells, "cell"), "in", op.Columns)
}

// replacing checks the members. It returns nil if cells are compared as values.
func (op *replaceValues) replacing() (*textReplacer, error) {
	refuse := func(pointer, expected, text string) error {
		return faulty(ErrInvalidOperation, Fault{Pointer: pointer, Row: -1, Expected: expected}, "%s", text)
	}
	switch {
	case isNull(op.Find.raw):
		return nil, refuse("/find", "a value that is not null", "replace needs find, a value that is not null; fill_missing gives missing cells a value")
	case op.With.raw == nil:
		return nil, refuse("/with", "the value that replaces it", "replace needs with, the value that replaces it; with whole_cell, null makes cells missing")
	case op.WholeCell && !op.Regex && !op.IgnoreCase:
		return nil, nil
	case jsontext.Value(op.Find.raw).Kind() != '"':
		return nil, refuse("/find", takesText, "find must be text; with whole_cell and without regex and ignore_case it can be any value")
	case isNull(op.With.raw) && !op.WholeCell:
		return nil, refuse("/with", takesText, "with cannot be null; only whole cells can become missing, with whole_cell")
	case !isNull(op.With.raw) && jsontext.Value(op.With.raw).Kind() != '"':
		return nil, refuse("/with", takesText, "with must be text, as find is")
	}
	r := &textReplacer{null: isNull(op.With.raw)}
	if err := errors.Join(json.Unmarshal(op.Find.raw, &r.find), json.Unmarshal(op.With.raw, &r.with)); err != nil {
		return nil, err
	}
	if r.find == "" && !op.Regex && !op.WholeCell {
		return nil, refuse("/find", "a text that is not empty", "find is empty; give the text that is replaced")
	}
	return r, op.compile(r)
}

// cellReplacer replaces cells of one column.
type cellReplacer interface {
	// replace returns the rows of an array that get other values, ascending, and these values.
	replace(f *Frame, arr arrow.Array) (rows []int, values arrow.Array, err error)
}

// replaceCells replaces cells of a column, row group by row group.
func (f *Frame) replaceCells(column int, in cellReplacer) error {
	c := f.Columns[column]
	var given []int64
	changed := 0
	for _, r := range f.groupRanges() {
		if err := f.Ended(); err != nil {
			return err
		}
		old := c.Chunks[r.group].Data
		at, values, err := in.replace(f, old)
		if err != nil {
			return inColumn(c.Field.Name, err)
		}
		if len(at) == 0 {
			continue
		}
		if err := f.rewrite(old); err != nil {
			return err
		}
		if values, err = scalar.Convert(values, c.Field.Type, f.Limits); err != nil {
			return inColumn(c.Field.Name, err)
		}
		data, err := ReplaceRows(old, at, values)
		if err != nil {
			return inColumn(c.Field.Name, err)
		}
		if err := f.made(old, data); err != nil {
			return err
		}
		c.Chunks[r.group] = Chunk{Data: data}
		if values.NullN() > 0 {
			c.Field.Nullable = true
		}
		if f.Marks[c.Field.Name] != nil {
			for i, row := range at {
				if values.IsValid(i) {
					given = append(given, int64(r.from+row))
				}
			}
		}
		changed += len(at)
	}
	f.unmarkRows(c.Field.Name, given)
	f.changes(column, changed)
	return nil
}

// unmarkRows removes the marks of cells in rows, which are ascending.
func (f *Frame) unmarkRows(name string, rows []int64) {
	if len(rows) == 0 {
		return
	}
	kept := slices.DeleteFunc(slices.Clone(f.Marks[name]), func(r int64) bool {
		_, found := slices.BinarySearch(rows, r)
		return found
	})
	if f.Marks[name] = kept; len(kept) == 0 {
		delete(f.Marks, name)
	}
}

// valueReplacer replaces the cells that equal a value.
type valueReplacer struct {
	// key is that of the value, nil if the type does not have it. with is the one value that replaces it.
	key  []byte
	with arrow.Array
}

// wholeCells prepares the replacement of the values of a column.
func (op *replaceValues) wholeCells(f *Frame, field arrow.Field) (cellReplacer, error) {
	at, err := f.position(field, op.Find.raw, "/find")
	if err != nil {
		return nil, err
	}
	r := &valueReplacer{}
	if !at.between && at.outside == 0 {
		r.key = at.key
		if r.key == nil {
			r.key = []byte{}
		}
	}
	if isNull(op.With.raw) {
		r.with = MakeNulls(field.Type, 1)
		return r, nil
	}
	r.with, err = document.Values(slices.Concat([]byte{'['}, op.With.raw, []byte{']'}), field.Type, f.Limits)
	if m, ok := errors.AsType[*scalar.Misfit](err); ok {
		return nil, misfitting(field.Name, -1, "/with", m)
	}
	return r, err
}

func (r *valueReplacer) replace(f *Frame, arr arrow.Array) (at []int, values arrow.Array, err error) {
	if r.key == nil {
		return nil, nil, nil
	}
	missing, key := scalar.Missing(arr), scalar.Keys(arr)
	var scratch []byte
	for row := range arr.Len() {
		if missing(row) {
			continue
		}
		if scratch = key(scratch[:0], row); bytes.Equal(scratch, r.key) {
			at = append(at, row)
		}
	}
	if len(at) == 0 {
		return nil, nil, nil
	}
	values, err = f.repeat(r.with, len(at))
	return at, values, err
}

// newTexts returns a builder of texts whose memory f accounts for.
func (f *Frame) newTexts(dt arrow.DataType) (*scalar.Builder, *codec.Budget, error) {
	mem := codec.NewBudget(f.Limits.WithDefaults().Bytes)
	if f.Reserve != nil {
		mem.Reserving(f.Reserve)
	}
	b, err := scalar.NewBuilder(valuesOf(dt), mem)
	return b, mem, err
}
