package frame

import (
	"errors"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/document"
	"edgeframe/codec/scalar"
)

// ErrRowNotFound: no row, or more than one, has a key.
var ErrRowNotFound = errors.New("row not found")

// KeyColumns returns the positions of columns, at least one.
func (f *Frame) KeyColumns(names []string) ([]int, error) { return f.indexesAt(names, "/key", "") }

// FindRows returns the row of each of several keys. values has for each column of the key, named in columns, the JSON
// list of the values that the rows have in it. A key that no row has, or several rows, is an error of kind
// [ErrRowNotFound].
func (f *Frame) FindRows(columns []string, values [][]byte) ([]int64, error) {
	at, err := f.KeyColumns(columns)
	if err != nil {
		return nil, err
	}
	wanted := make([]arrow.Array, len(at))
	for i, column := range at {
		if wanted[i], err = f.keyValues(column, values[i]); err != nil {
			return nil, err
		}
	}
	if err := f.LoadColumns(at); err != nil {
		return nil, err
	}
	return f.findKeys(at, wanted)
}

// keyValues reads the values of a column in a key.
func (f *Frame) keyValues(column int, raw []byte) (arrow.Array, error) {
	c := f.Columns[column]
	values, err := document.Values(raw, c.Field.Type, f.Limits)
	if m, ok := errors.AsType[*scalar.Misfit](err); ok {
		return nil, misfitting(c.Field.Name, -1, "", m)
	}
	if err != nil {
		return nil, inColumn(c.Field.Name, err)
	}
	return values, f.reserve(2 * RawBytes(values))
}

// wantedKey is a key that rows are looked for by.
type wantedKey struct {
	// first is the first of the keys that equal it, row where it has been found, -1 before.
	first int
	row   int64
}

// findKeys finds the rows whose values in some columns are those of keys.
func (f *Frame) findKeys(columns []int, wanted []arrow.Array) ([]int64, error) {
	keys, n := newRowKeys(wanted), wanted[0].Len()
	places := make(map[string]*wantedKey, n)
	of := make([]*wantedKey, n)
	if err := f.reserve(int64(n) * 2 * keyBytes); err != nil {
		return nil, err
	}
	for i := range n {
		key, missing := keys.of(i)
		if missing >= 0 {
			return nil, codec.Errorf(codec.ErrMismatch, "a key has no value for the column %s", codec.Quoted(f.Columns[columns[missing]].Field.Name))
		}
		if of[i] = places[string(key)]; of[i] == nil {
			of[i] = &wantedKey{i, -1}
			places[string(key)] = of[i]
		}
	}
	if err := f.lookFor(places, columns, keys); err != nil {
		return nil, err
	}
	rows := make([]int64, n)
	for i, w := range of {
		if w.row < 0 {
			return nil, f.noRow(columns, keys, w.first, "no row has")
		}
		rows[i] = w.row
	}
	return rows, nil
}

// lookFor notes where the rows with the wanted keys are.
func (f *Frame) lookFor(places map[string]*wantedKey, columns []int, keys *rowKeys) error {
	arrays := make([]arrow.Array, len(columns))
	for _, r := range f.groupRanges() {
		if err := f.Ended(); err != nil {
			return err
		}
		for i, column := range columns {
			arrays[i] = f.Columns[column].Chunks[r.group].Data
		}
		here := newRowKeys(arrays)
		for row := range r.to - r.from {
			key, missing := here.of(row)
			if missing >= 0 {
				continue
			}
			w := places[string(key)]
			if w == nil {
				continue
			}
			if w.row >= 0 {
				return f.noRow(columns, keys, w.first, "several rows have")
			}
			w.row = int64(r.from + row)
		}
	}
	return nil
}

// noRow is the error about a key that does not name one row.
func (f *Frame) noRow(columns []int, keys *rowKeys, i int, problem string) error {
	name := f.Columns[columns[0]].Field.Name
	of := "the columns of the key"
	if len(columns) == 1 {
		of = "the column " + codec.Quoted(name)
	}
	return faulty(ErrRowNotFound, Fault{Column: name, Row: -1, Value: scalar.JSON(keys.columns[0])(nil, i), Expected: "a key that one row has"},
		"%s %s in %s", problem, keys.shown(i), of)
}
