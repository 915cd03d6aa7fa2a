// Package frame holds the operations on tables: what each of them does to columns, rows and
// marks of intentionally missing cells.
//
// It promises that an operation either applies whole or leaves an error that says why, and
// that it touches no more data than it must: columns of a [Frame] are loaded chunk by chunk
// when an operation needs their values, and every chunk that an operation leaves alone stays
// recognisable, so that whoever stores the result writes only what changed. The package
// knows no stores and no HTTP.
package frame

import (
	"errors"
	"maps"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec"
)

// Kinds of errors, beside those of codec.
var (
	// ErrColumnNotFound: an operation names a column that the table does not have.
	ErrColumnNotFound = errors.New("column not found")
	// ErrInvalidOperation: an operation is not well-formed or cannot be applied.
	ErrInvalidOperation = errors.New("invalid operation")
)

// Chunk is the values of one column in one row group.
type Chunk struct {
	// Stored says that the chunk is unchanged since it was stored, as column Column of row
	// group Group of the base table. Data may then be nil until it is loaded.
	Stored        bool
	Group, Column int
	// Data has one value per row of the group. It is never nil unless Stored.
	Data arrow.Array
}

// Column is a named, typed column and its chunks, one per row group.
type Column struct {
	Field arrow.Field
	// Origin is the position of the column in the base table, -1 for a column that is new.
	Origin int
	Chunks []Chunk
}

// Changed reports whether any chunk of the column is not as it was stored.
func (c *Column) Changed() bool {
	return slices.ContainsFunc(c.Chunks, func(chunk Chunk) bool { return !chunk.Stored })
}

// Marks names cells that are missing on purpose: for a column the zero-based rows,
// ascending and unique. Columns without marks are absent.
type Marks map[string][]int64

// Loader returns the values of stored chunks, in order.
type Loader func(chunks []Chunk) ([]arrow.Array, error)

// Frame is a table under edit.
type Frame struct {
	Columns []*Column
	// Rows holds the number of rows of each row group, each at least 1.
	Rows     []int
	Metadata arrow.Metadata
	Marks    Marks
	// Load fetches stored chunks; nil when every chunk has its data.
	Load   Loader
	Limits codec.Limits

	// effect is what the operation that runs has done so far.
	effect Effect
	// origins, unless it is nil, follows where rows come from.
	origins *origins

	// spent is the bytes of values that operations made by repeating one, copied those of the
	// chunks that they wrote anew.
	spent, copied int64
	// conditions is the number of conditions of all filters so far.
	conditions int
}

// FromTable returns t as a frame in which nothing is stored yet.
func FromTable(t *codec.Table, limits codec.Limits) *Frame {
	f := &Frame{Metadata: t.Schema.Metadata(), Limits: limits.WithDefaults()}
	for i, field := range t.Schema.Fields() {
		col := &Column{Field: field, Origin: -1}
		for _, g := range t.RowGroups {
			col.Chunks = append(col.Chunks, Chunk{Data: g.Column(i)})
		}
		f.Columns = append(f.Columns, col)
	}
	for _, g := range t.RowGroups {
		f.Rows = append(f.Rows, int(g.NumRows()))
	}
	return f
}

// Clone returns a copy of f: operations on one of the two do not change the other. They share
// Load and the arrays of chunks, which are immutable.
func (f *Frame) Clone() *Frame {
	c := *f
	c.Columns = make([]*Column, len(f.Columns))
	for i, col := range f.Columns {
		c.Columns[i] = &Column{Field: col.Field, Origin: col.Origin, Chunks: slices.Clone(col.Chunks)}
	}
	c.Rows, c.Marks = slices.Clone(f.Rows), maps.Clone(f.Marks)
	if f.origins != nil {
		c.origins = &origins{rows: slices.Clone(f.origins.rows), values: maps.Clone(f.origins.values)}
	}
	return &c
}

// Schema is the schema of the frame as it is now.
func (f *Frame) Schema() *arrow.Schema {
	fields := make([]arrow.Field, len(f.Columns))
	for i, c := range f.Columns {
		fields[i] = c.Field
	}
	return arrow.NewSchema(fields, &f.Metadata)
}

// NumRows is the number of rows of the frame as it is now.
func (f *Frame) NumRows() int64 {
	var n int64
	for _, r := range f.Rows {
		n += int64(r)
	}
	return n
}

// index returns the position of the column called name.
func (f *Frame) index(name string) (int, error) {
	i := slices.IndexFunc(f.Columns, func(c *Column) bool { return c.Field.Name == name })
	if i < 0 {
		return 0, noColumn(name)
	}
	return i, nil
}

// positions is index for many names.
func (f *Frame) positions() map[string]int {
	at := make(map[string]int, len(f.Columns))
	for i, c := range f.Columns {
		at[c.Field.Name] = i
	}
	return at
}

func noColumn(name string) error {
	return codec.Errorf(ErrColumnNotFound, "there is no column %.100q in this table", name)
}

// LoadAll makes sure that the chunks of the given columns and row groups hold their data, in
// one call of Load.
func (f *Frame) LoadAll(columns, groups []int) error {
	var places []place
	for _, c := range columns {
		for _, g := range groups {
			places = append(places, place{c, g})
		}
	}
	return f.load(places)
}

// LoadColumns is LoadAll for every row group.
func (f *Frame) LoadColumns(columns []int) error {
	groups := make([]int, len(f.Rows))
	for g := range groups {
		groups[g] = g
	}
	return f.LoadAll(columns, groups)
}

// load makes sure that the chunks at the given places hold their data, in one call of Load.
func (f *Frame) load(places []place) error {
	var missing []*Chunk
	asked := map[place]bool{}
	for _, p := range places {
		if c := &f.Columns[p.column].Chunks[p.group]; c.Data == nil && !asked[p] {
			asked[p] = true
			missing = append(missing, c)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	want := make([]Chunk, len(missing))
	for i, c := range missing {
		want[i] = *c
	}
	arrays, err := f.Load(want)
	if err != nil {
		return err
	}
	for i, c := range missing {
		c.Data = arrays[i]
	}
	return nil
}

// place is where a chunk is in the frame as it is now.
type place struct{ column, group int }

// groupRange is a row group and the rows of the whole table that it holds.
type groupRange struct{ group, from, to int }

// groupRanges returns the ranges of all row groups.
func (f *Frame) groupRanges() []groupRange {
	ranges := make([]groupRange, len(f.Rows))
	at := 0
	for g, n := range f.Rows {
		ranges[g] = groupRange{g, at, at + n}
		at += n
	}
	return ranges
}

// split cuts ascending rows of the table into those of each row group, as positions within
// the group. from is where in rows each part begins. Groups without rows are left out.
func (f *Frame) split(rows []int64) (parts []groupRows) {
	i := 0
	for _, r := range f.groupRanges() {
		p := groupRows{group: r.group, from: i}
		for i < len(rows) && rows[i] < int64(r.to) {
			p.rows = append(p.rows, int(rows[i])-r.from)
			i++
		}
		if len(p.rows) > 0 {
			parts = append(parts, p)
		}
	}
	return parts
}

type groupRows struct {
	group int
	rows  []int
	from  int
}

// slice returns the values from..to of arr, which it shares.
func slice(arr arrow.Array, from, to int) arrow.Array {
	return array.NewSlice(arr, int64(from), int64(to))
}
