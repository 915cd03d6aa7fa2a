package frame

import (
	"errors"
	"fmt"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/document"
	"edgeframe/codec/scalar"
	"edgeframe/internal/gather"
)

// insertRows puts new rows before the row At, or at the end if At is the number of rows. Their cells without a
// value are missing.
type insertRows struct {
	At    int64
	hasAt bool
	// Rows is nil if there are no rows.
	Rows *newRows
}

func (op *insertRows) needs(f *Frame) []place {
	if op.check(f) != nil || op.Rows == nil {
		return nil
	}
	if to := f.insertionAt(int(op.At), op.Rows.n); !to.apart {
		return f.groupPlaces(to.group)
	}
	return nil
}

// check returns an error unless there is a place for the rows.
func (op *insertRows) check(f *Frame) error {
	n := f.NumRows()
	if op.hasAt && op.At >= 0 && op.At <= n {
		return nil
	}
	expected := fmt.Sprintf("a row from 0 to %d, before which the new rows come; %d is the end of the table", n, n)
	fault := Fault{Pointer: "/at", Row: -1, Expected: expected}
	if !op.hasAt {
		fault.Pointer = ""
		return faulty(ErrInvalidOperation, fault, "insert_rows needs at: %s", expected)
	}
	fault.Value = fmt.Append(nil, op.At)
	return faulty(ErrInvalidOperation, fault, "at is %d; it must be %s", op.At, expected)
}

func (op *insertRows) apply(f *Frame) error {
	if err := op.check(f); err != nil {
		return err
	}
	if op.Rows == nil {
		return nil
	}
	known := f.positions()
	for _, v := range op.Rows.columns {
		if _, ok := known[v.column]; !ok {
			return f.noColumn(v.column, v.pointer(0))
		}
	}
	values := make([]arrow.Array, len(f.Columns))
	for i, c := range f.Columns {
		if err := f.Ended(); err != nil {
			return err
		}
		var err error
		if values[i], err = f.newColumn(i, op.Rows.byName[c.Field.Name], op.Rows.n); err != nil {
			return err
		}
		if values[i].NullN() > 0 {
			c.Field.Nullable = true
		}
	}
	return f.insertRows(int(op.At), values)
}

func (op *insertRows) did(e Effect) string {
	return "inserted " + count(e.Rows, "row") + fmt.Sprintf(" at %d", op.At)
}

// newColumn makes the values of a column in n new rows. v is nil if none of them has one.
func (f *Frame) newColumn(column int, v *newValues, n int) (arrow.Array, error) {
	c := f.Columns[column]
	if v == nil {
		return f.nulls(c.Field.Type, n)
	}
	want := c.Field.Type
	if want.ID() == arrow.NULL {
		want = nil
	}
	values, err := document.Values(v.values, want, f.Limits)
	if m, ok := errors.AsType[*scalar.Misfit](err); ok {
		return nil, misfitting(v.column, -1, v.pointer(m.Position), m)
	}
	if err != nil {
		return nil, err
	}
	if err := f.adoptType(column, values.DataType()); err != nil {
		return nil, err
	}
	if err := f.reserve(2 * RawBytes(values)); err != nil || values.Len() == n {
		return values, err
	}
	nulls, err := f.nulls(values.DataType(), n)
	if err != nil {
		return nil, err
	}
	var runs []gather.Run
	done := 0
	for i, row := range v.rows {
		runs = append(runs, gather.Run{Source: 1, To: int(row) - done}, gather.Run{From: i, To: i + 1})
		done = int(row) + 1
	}
	runs = append(runs, gather.Run{Source: 1, To: n - done})
	return rows([]arrow.Array{values, nulls}, runs)
}

// nulls returns n missing values, for which it accounts.
func (f *Frame) nulls(dt arrow.DataType, n int) (arrow.Array, error) {
	if err := f.spend(MakeNulls(dt, 1), n); err != nil {
		return nil, err
	}
	return MakeNulls(dt, n), nil
}

// groupPlaces returns the places of all columns in a row group.
func (f *Frame) groupPlaces(group int) []place {
	places := make([]place, len(f.Columns))
	for c := range f.Columns {
		places[c] = place{c, group}
	}
	return places
}

// insertion is where new rows go: into a row group before its row offset or, if apart is true, into row groups
// of their own before that row group.
type insertion struct {
	group, offset int
	apart         bool
}

// insertionAt returns where n new rows go that come before the row at. A row group that does not keep its size is
// read and written as a whole. So rows that come between two row groups go into the one before, if it has room
// for them, and otherwise into new ones unless there is room in the one behind.
func (f *Frame) insertionAt(at, n int) insertion {
	ranges := f.groupRanges()
	to := insertion{group: len(ranges)}
	if at < int(f.NumRows()) {
		to.group = groupOf(ranges)(at)
		to.offset = at - ranges[to.group].from
	}
	switch {
	case to.offset > 0:
	case to.group > 0 && f.Rows[to.group-1]+n <= codec.RowGroupRows:
		to.group--
		to.offset = f.Rows[to.group]
	case to.group == len(ranges) || f.Rows[to.group]+n > codec.RowGroupRows:
		to.apart = true
	}
	return to
}

// insertRows inserts rows before the row at, given as one array for each column.
func (f *Frame) insertRows(at int, values []arrow.Array) error {
	n := values[0].Len()
	to := f.insertionAt(at, n)
	old, end := 0, to.group
	if !to.apart {
		if err := f.load(f.groupPlaces(to.group)); err != nil {
			return err
		}
		old, end = f.Rows[to.group], to.group+1
	}
	sizes := evenly(old + n)
	for i, c := range f.Columns {
		if err := f.Ended(); err != nil {
			return err
		}
		sources := []arrow.Array{values[i]}
		if !to.apart {
			sources = append(sources, c.Chunks[to.group].Data)
			if err := f.rewrite(sources[1]); err != nil {
				return err
			}
		}
		chunks := make([]Chunk, len(sizes))
		from := 0
		for g, size := range sizes {
			data, err := rows(sources, to.runs(from, from+size, n, old))
			if err != nil {
				return inColumn(c.Field.Name, err)
			}
			chunks[g] = Chunk{Data: data}
			from += size
		}
		c.Chunks = slices.Replace(c.Chunks, to.group, end, chunks...)
	}
	f.Rows = slices.Replace(f.Rows, to.group, end, sizes...)
	f.Marks.insertRows(int64(at), int64(n))
	f.effect.Rows += int64(n)
	return f.move(func() RowMap { return inserted(f.NumRows()-int64(n), int64(at), int64(n)) })
}

// evenly divides rows into as few row groups as they need, of about the same size, so that each has room for
// further rows.
func evenly(n int) []int {
	groups := (n + codec.RowGroupRows - 1) / codec.RowGroupRows
	sizes := make([]int, groups)
	for g := range sizes {
		sizes[g] = n*(g+1)/groups - n*g/groups
	}
	return sizes
}

// runs returns the rows from to end of a row group of old rows into which n have been inserted. The new rows are
// source 0, the others source 1.
func (to insertion) runs(from, end, n, old int) (runs []gather.Run) {
	at := 0
	for _, part := range []gather.Run{{Source: 1, To: to.offset}, {To: n}, {Source: 1, From: to.offset, To: old}} {
		low, high := max(from-at, 0), min(end-at, part.To-part.From)
		if low < high {
			runs = append(runs, gather.Run{Source: part.Source, From: part.From + low, To: part.From + high})
		}
		at += part.To - part.From
	}
	return runs
}
