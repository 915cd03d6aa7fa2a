package frame

import (
	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// AlignByKey returns for each row of after which row of before has the same key, -1 for none. The key of a row is
// its values in the columns key, which both tables must have, with values of the same type. A row without a key
// and a key that is in two rows of a table are errors of kind [codec.ErrMismatch]. names are what errors call the
// tables.
func AlignByKey(before, after *Frame, key []string, names [2]string) ([]int64, error) {
	m := &keyMatch{names: names}
	var err error
	if m.before, err = keyColumns(before, key, names[0]); err != nil {
		return nil, err
	}
	if m.after, err = keyColumns(after, key, names[1]); err != nil {
		return nil, err
	}
	for i, name := range key {
		was, is := before.Columns[m.before[i]].Field.Type, after.Columns[m.after[i]].Field.Type
		if !arrow.TypeEqual(valuesOf(was), valuesOf(is)) {
			return nil, codec.Errorf(codec.ErrMismatch, "key=%s is not accepted: the column is %s in %s and %s in %s, and values of different types are no key", codec.Shorten(name), scalar.DType(was), names[0], scalar.DType(is), names[1])
		}
	}
	if err := after.reserve(wordBytes * after.NumRows()); err != nil {
		return nil, err
	}
	m.rows, m.places = make([]int64, after.NumRows()), map[string]keyPlace{}
	if err := m.read(before, m.before, 0); err != nil {
		return nil, err
	}
	return m.rows, m.read(after, m.after, 1)
}

// keyColumns returns the positions of the columns of a key.
func keyColumns(f *Frame, key []string, table string) ([]int, error) {
	known := f.positions()
	columns := make([]int, len(key))
	for i, name := range key {
		at, ok := known[name]
		if !ok {
			return nil, codec.Errorf(ErrColumnNotFound, "key=%s is not accepted; %s has no such column, and both versions need it", codec.Shorten(name), table)
		}
		columns[i] = at
	}
	return columns, nil
}

// keyMatch finds the rows of two tables that have the same key.
type keyMatch struct {
	names         [2]string
	before, after []int
	rows          []int64
	places        map[string]keyPlace
	// taken is about the memory of places in bytes, reserved what was reserved for it.
	taken, reserved int64
}

// keyPlace is a row of each table that has a key, one more than its number; 0 for none.
type keyPlace [2]int64

// read reads the keys of a table: 0 for the one before, 1 for the one after.
func (m *keyMatch) read(f *Frame, columns []int, table int) error {
	groups := f.groupRanges()
	for len(groups) > 0 {
		if err := f.Ended(); err != nil {
			return err
		}
		n := f.batch(columns, groups)
		arrays, err := f.loadBatch(columns, groups[:n])
		if err != nil {
			return err
		}
		for i, r := range groups[:n] {
			if err := m.readGroup(f, r, arrays[i*len(columns):(i+1)*len(columns)], table); err != nil {
				return err
			}
		}
		groups = groups[n:]
	}
	return nil
}

func (m *keyMatch) readGroup(f *Frame, r groupRange, arrays []arrow.Array, table int) error {
	if err := f.Ended(); err != nil {
		return err
	}
	keys := newRowKeys(arrays)
	for i := range r.to - r.from {
		row := int64(r.from + i)
		key, missing := keys.of(i)
		if missing >= 0 {
			column := []([]int){m.before, m.after}[table][missing]
			return codec.Errorf(codec.ErrMismatch, "row %d of %s has no value in the key column %.100q; each row needs its key", row, m.names[table], f.Columns[column].Field.Name)
		}
		place, known := m.places[string(key)]
		if place[table] > 0 {
			return codec.Errorf(codec.ErrMismatch, "rows %d and %d of %s have the same key, %s; each key may be there once", place[table]-1, row, m.names[table], keys.shown(i))
		}
		if !known {
			if err := m.reserve(f, keyBytes+int64(len(key))); err != nil {
				return err
			}
		}
		place[table] = row + 1
		m.places[string(key)] = place
		if table == 1 {
			m.rows[row] = place[0] - 1
		}
	}
	return nil
}

// reserve reserves memory for one more key.
func (m *keyMatch) reserve(f *Frame, bytes int64) error {
	if m.taken += bytes; m.taken <= m.reserved {
		return nil
	}
	step := max(m.taken-m.reserved, 1<<20)
	if err := f.reserve(step); err != nil {
		return err
	}
	m.reserved += step
	return nil
}
