package session

import (
	"maps"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
	"edgeframe/frame"
)

// CarriedMarks counts the marks of a table that another one replaces.
type CarriedMarks struct {
	// Kept marks are of cells that are missing in the new table too. Dropped is the number of the others.
	Kept, Dropped int64
}

// carriedBytes is about what a marked row takes while its place in the new table is looked up.
const carriedBytes = 160

// replaceTable makes t the table of f. Marks stay at cells that are missing in t: those of the same column and row
// if both tables have as many rows, or with key those of the same value in that column.
func replaceTable(f *frame.Frame, t *codec.Table, key string) (carried CarriedMarks, err error) {
	marks := f.Marks
	for _, rows := range marks {
		carried.Dropped += int64(len(rows))
	}
	place := func(row int64) (int64, bool) { return row, true }
	switch {
	case key != "":
		if place, err = placesByKey(f, t, key); err != nil {
			return carried, err
		}
	case f.NumRows() != t.NumRows():
		place = func(int64) (int64, bool) { return 0, false }
	}
	frame.Replace(f, t)
	kept := frame.Marks{}
	for name, rows := range marks {
		at := t.Schema.FieldIndices(name)
		if len(at) == 0 {
			continue
		}
		moved := make([]int64, 0, len(rows))
		for _, row := range rows {
			if to, ok := place(row); ok {
				moved = append(moved, to)
			}
		}
		slices.Sort(moved)
		if moved = stillMissing(t, at[0], moved); len(moved) > 0 {
			kept[name] = moved
			carried.Kept += int64(len(moved))
		}
	}
	carried.Dropped -= carried.Kept
	f.Marks = kept
	return carried, nil
}

// stillMissing returns those of rows, which ascend, at which a column of t has no value.
func stillMissing(t *codec.Table, column int, rows []int64) []int64 {
	kept, from := rows[:0], int64(0)
	for _, group := range t.RowGroups {
		end, missing := from+group.NumRows(), scalar.Missing(group.Column(column))
		for len(rows) > 0 && rows[0] < end {
			if missing(int(rows[0] - from)) {
				kept = append(kept, rows[0])
			}
			rows = rows[1:]
		}
		from = end
	}
	return kept
}

// keyed is where a value of the key column is, -1 if it is nowhere.
type keyed struct{ before, after int64 }

// placesByKey returns a function that finds the place in t of a marked row of f, by the value in a column.
func placesByKey(f *frame.Frame, t *codec.Table, key string) (func(row int64) (int64, bool), error) {
	before := slices.IndexFunc(f.Columns, func(c *frame.Column) bool { return c.Field.Name == key })
	after := t.Schema.FieldIndices(key)
	if before < 0 || len(after) == 0 {
		return nil, codec.Errorf(frame.ErrColumnNotFound, "key=%s is not accepted; both tables need that column", codec.Shorten(key))
	}
	marked := map[int64]string{}
	for _, rows := range f.Marks {
		for _, row := range rows {
			marked[row] = ""
		}
	}
	if len(marked) == 0 {
		return func(int64) (int64, bool) { return 0, false }, nil
	}
	if f.Reserve != nil {
		if err := f.Reserve(carriedBytes * int64(len(marked))); err != nil {
			return nil, err
		}
	}
	if err := f.LoadColumns([]int{before}); err != nil {
		return nil, err
	}
	places := map[string]*keyed{}
	old := make([]arrow.Array, len(f.Columns[before].Chunks))
	for i, chunk := range f.Columns[before].Chunks {
		old[i] = chunk.Data
	}
	wanted := slices.Sorted(maps.Keys(marked))
	eachValue(old, func(row int64, value func() string) bool {
		if len(wanted) > 0 && wanted[0] == row {
			wanted = wanted[1:]
			marked[row] = value()
			places[marked[row]] = &keyed{-1, -1}
		}
		return true
	})
	if err := findKeys(old, key, places, func(p *keyed) *int64 { return &p.before }); err != nil {
		return nil, err
	}
	now := make([]arrow.Array, len(t.RowGroups))
	for i, g := range t.RowGroups {
		now[i] = g.Column(after[0])
	}
	if err := findKeys(now, key, places, func(p *keyed) *int64 { return &p.after }); err != nil {
		return nil, err
	}
	return func(row int64) (int64, bool) {
		p := places[marked[row]]
		return max(p.after, 0), p.after >= 0 && p.before == row
	}, nil
}

// findKeys notes at which row each of places is. It returns an error if one of them is in two rows.
func findKeys(column []arrow.Array, key string, places map[string]*keyed, at func(*keyed) *int64) (err error) {
	eachValue(column, func(row int64, value func() string) bool {
		p := places[value()]
		if p == nil {
			return true
		}
		if place := at(p); *place < 0 {
			*place = row
			return true
		}
		err = codec.Errorf(codec.ErrMismatch, "key=%s is not accepted; its value %q is in two rows, so it does not say which row is which", codec.Shorten(key), codec.Shorten(value()))
		return false
	})
	return err
}

// eachValue calls visit for each row of a column whose value is not null, until it returns false. value spells
// the value.
func eachValue(column []arrow.Array, visit func(row int64, value func() string) bool) {
	from := int64(0)
	for _, chunk := range column {
		isNull := scalar.NullChecker(chunk)
		for i := range chunk.Len() {
			if !isNull(i) && !visit(from+int64(i), func() string { return chunk.ValueStr(i) }) {
				return
			}
		}
		from += int64(chunk.Len())
	}
}
