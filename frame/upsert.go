package frame

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
	"edgeframe/internal/gather"
)

// Upserted is what an upsert has done.
type Upserted struct {
	// Replaced rows were there, Appended rows are new.
	Replaced, Appended int64
}

// Upsert replaces the rows of f whose key is in t and appends the other rows of t. The key of a row is its
// values in the columns key. Columns that t does not have keep their values in replaced rows, and are missing in
// appended ones. Values in t must fit their columns as for [Append].
//
// A row of t without a key, and a key that is in two rows of t, or of f and in t, are errors of kind
// [codec.ErrMismatch].
func Upsert(f *Frame, t *codec.Table, key []string) (Upserted, error) {
	u := &upsert{f: f, columns: make([]arrow.Array, len(f.Columns))}
	if err := u.match(t.Schema, key); err != nil {
		return Upserted{}, err
	}
	if t.NumRows() == 0 {
		return Upserted{}, nil
	}
	if err := u.read(t); err != nil {
		return Upserted{}, err
	}
	places, err := u.fileKeys()
	if err != nil {
		return Upserted{}, err
	}
	if err := u.find(places); err != nil {
		return Upserted{}, err
	}
	if err := u.replace(); err != nil {
		return Upserted{}, err
	}
	appended, err := u.appendOthers()
	return Upserted{int64(len(u.rows)), appended}, err
}

// upsert is the work on one table.
type upsert struct {
	f *Frame
	// key are the columns of the key, from the position in the file of each column, -1 if it lacks it.
	key, from []int
	// columns has the values in the file of the columns of f, nil for those that the file lacks.
	columns []arrow.Array
	n       int
	// rows are the rows of f that are replaced, ascending, and by the rows of the file that replace them.
	rows []int64
	by   []int
}

// match finds the columns of the file and of the key.
func (u *upsert) match(s *arrow.Schema, key []string) error {
	known := u.f.positions()
	u.from = make([]int, len(u.f.Columns))
	for i := range u.from {
		u.from[i] = -1
	}
	for at, field := range s.Fields() {
		column, ok := known[field.Name]
		if !ok {
			return codec.Errorf(codec.ErrMismatch, "the column %q of the file is not in the table; send only columns of the table", field.Name)
		}
		u.from[column] = at
	}
	for _, name := range key {
		column, ok := known[name]
		if !ok || u.from[column] < 0 {
			return codec.Errorf(ErrColumnNotFound, "key=%s is not accepted; both tables need that column", codec.Shorten(name))
		}
		if slices.Contains(u.key, column) {
			return codec.Errorf(ErrInvalidOperation, "key=%s is given twice", codec.Shorten(name))
		}
		u.key = append(u.key, column)
	}
	return nil
}

// read converts the columns of the file.
func (u *upsert) read(t *codec.Table) error {
	for i, from := range u.from {
		if from < 0 {
			continue
		}
		groups, err := u.f.fitColumn(i, from, t)
		if err != nil {
			return err
		}
		bytes := int64(0)
		for _, values := range groups {
			bytes += RawBytes(values)
		}
		// The values are copied here, and once more where they go.
		if err := u.f.reserve(2 * bytes); err != nil {
			return err
		}
		if u.columns[i], err = Concat(groups); err != nil {
			return inColumn(u.f.Columns[i].Field.Name, err)
		}
		u.n = u.columns[i].Len()
	}
	return nil
}

// keyBytes is about what a key takes in a map besides its text.
const keyBytes = 64

// fileKeys returns the row of the file of each key.
func (u *upsert) fileKeys() (map[string]int, error) {
	columns := make([]arrow.Array, len(u.key))
	for i, column := range u.key {
		columns[i] = u.columns[column]
	}
	keys := newRowKeys(columns)
	places := map[string]int{}
	reserved, taken := int64(0), int64(0)
	for row := range u.n {
		if row%pauseRows == 0 && u.f.Ended() != nil {
			return nil, u.f.Ended()
		}
		key, missing := keys.of(row)
		if missing >= 0 {
			return nil, codec.Errorf(codec.ErrMismatch, "row %d of the file has no value in the key column %.100q; each row needs its key", row, u.f.Columns[u.key[missing]].Field.Name)
		}
		if first, twice := places[string(key)]; twice {
			return nil, codec.Errorf(codec.ErrMismatch, "rows %d and %d of the file have the same key, %s; each key may be there once", first, row, keys.shown(row))
		}
		if taken += keyBytes + int64(len(key)); taken > reserved {
			step := max(taken-reserved, 1<<20)
			if err := u.f.reserve(step); err != nil {
				return nil, err
			}
			reserved += step
		}
		places[string(key)] = row
	}
	return places, nil
}

// find finds the rows of the table that have a key of the file.
func (u *upsert) find(places map[string]int) error {
	if err := u.f.LoadColumns(u.key); err != nil {
		return err
	}
	if err := u.f.reserve(int64(u.n) * 3 * wordBytes); err != nil {
		return err
	}
	found := make([]int64, u.n)
	for i := range found {
		found[i] = -1
	}
	columns := make([]arrow.Array, len(u.key))
	for _, r := range u.f.groupRanges() {
		if err := u.f.Ended(); err != nil {
			return err
		}
		for i, column := range u.key {
			columns[i] = u.f.Columns[column].Chunks[r.group].Data
		}
		keys := newRowKeys(columns)
		for row := range r.to - r.from {
			key, missing := keys.of(row)
			if missing >= 0 {
				continue
			}
			by, ok := places[string(key)]
			if !ok {
				continue
			}
			at := int64(r.from + row)
			if found[by] >= 0 {
				return codec.Errorf(codec.ErrMismatch, "rows %d and %d of the table have the same key, %s, which row %d of the file has too; it does not say which of them to replace", found[by], at, keys.shown(row), by)
			}
			found[by] = at
			u.rows, u.by = append(u.rows, at), append(u.by, by)
		}
	}
	return nil
}

// replace puts the values of the file into the rows that are there.
func (u *upsert) replace() error {
	if len(u.rows) == 0 {
		return nil
	}
	for i, values := range u.columns {
		if values == nil || slices.Contains(u.key, i) {
			continue
		}
		replacing, err := take(values, u.by)
		if err == nil {
			err = u.f.replace(i, u.rows, replacing)
		}
		if err != nil {
			return inColumn(u.f.Columns[i].Field.Name, err)
		}
		u.f.unmark(u.f.Columns[i].Field.Name, u.rows, replacing)
	}
	return nil
}

// appendOthers appends the rows of the file that replace none.
func (u *upsert) appendOthers() (int64, error) {
	replaces := slices.Sorted(slices.Values(u.by))
	var others []int
	for row := range u.n {
		if len(replaces) > 0 && replaces[0] == row {
			replaces = replaces[1:]
		} else {
			others = append(others, row)
		}
	}
	if len(others) == 0 {
		return 0, nil
	}
	values := make([]arrow.Array, len(u.columns))
	for i, c := range u.f.Columns {
		var err error
		if u.columns[i] != nil {
			values[i], err = take(u.columns[i], others)
		} else {
			c.Field.Nullable = true
			values[i], err = u.f.nulls(c.Field.Type, len(others))
		}
		if err != nil {
			return 0, inColumn(c.Field.Name, err)
		}
	}
	if err := u.f.loadLastIfPartial(); err != nil {
		return 0, err
	}
	return int64(len(others)), u.f.appendRows(values)
}

// take returns the values in some rows, in the order of rows.
func take(values arrow.Array, at []int) (arrow.Array, error) {
	var runs []gather.Run
	for _, row := range at {
		if last := len(runs) - 1; last >= 0 && runs[last].To == row {
			runs[last].To++
		} else {
			runs = append(runs, gather.Run{From: row, To: row + 1})
		}
	}
	return rows([]arrow.Array{values}, runs)
}

// rowKeys makes keys of rows out of the values in some columns.
type rowKeys struct {
	columns []arrow.Array
	missing []func(row int) bool
	keys    []func(dst []byte, row int) []byte
	scratch []byte
}

func newRowKeys(columns []arrow.Array) *rowKeys {
	k := &rowKeys{columns: columns}
	for _, arr := range columns {
		k.missing, k.keys = append(k.missing, scalar.Missing(arr)), append(k.keys, scalar.CellKeys(arr))
	}
	return k
}

// of returns the key of a row, valid until the next call, or which of the columns has no value, otherwise -1.
func (k *rowKeys) of(row int) (key []byte, missing int) {
	k.scratch = k.scratch[:0]
	for i, isMissing := range k.missing {
		if isMissing(row) {
			return nil, i
		}
		k.scratch = k.keys[i](k.scratch, row)
	}
	return k.scratch, -1
}

// shown returns the key of a row as an error shows it.
func (k *rowKeys) shown(row int) string {
	var text []byte
	for i, arr := range k.columns {
		if i > 0 {
			text = append(text, ", "...)
		}
		text = scalar.JSON(arr)(text, row)
	}
	return codec.Shorten(string(text))
}
