// Package frame implements the operations on tables: what each does to columns, rows and marks of
// intentionally missing cells, and what read queries select, group and count.
//
// An operation either applies completely or returns an error that says why. It reads no more data
// than it must: the columns of a [Frame] are loaded chunk by chunk when an operation needs their
// values. Chunks that no operation changes stay marked as stored, so that only changed ones have
// to be written. The package does not know stores or HTTP.
package frame

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec"
	"edgeframe/internal/gather"
	"edgeframe/internal/parallel"
)

// Kinds of errors, beside those of codec.
var (
	// ErrColumnNotFound: an operation names a column that the table does not have.
	ErrColumnNotFound = errors.New("column not found")
	// ErrInvalidOperation: an operation is malformed or cannot be applied.
	ErrInvalidOperation = errors.New("invalid operation")
)

// Chunk is the values of one column in one row group.
type Chunk struct {
	// Stored is true if the chunk is unchanged since it was stored as column Column of row group
	// Group of the base table. Data is then nil until it is loaded.
	Stored        bool
	Group, Column int
	// Data has one value per row of the group. It is never nil unless Stored.
	Data arrow.Array
}

// Column is a column and its chunks, one per row group.
type Column struct {
	Field arrow.Field
	// Origin is the position of the column in the base table, -1 for a new column.
	Origin int
	Chunks []Chunk
}

// Changed reports whether any chunk of the column differs from what is stored.
func (c *Column) Changed() bool {
	return slices.ContainsFunc(c.Chunks, func(chunk Chunk) bool { return !chunk.Stored })
}

// Marks are the cells that are missing on purpose: for each column with any, the rows, zero-based,
// ascending and unique.
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
	// Load fetches stored chunks; nil when every chunk has its data. A query keeps nothing of what a call has
	// returned when it makes the next one.
	Load   Loader
	Limits codec.Limits
	// Context ends operations: they look at it for each row group. Nil never does.
	Context context.Context
	// Reserve, unless nil, is called before an operation makes more values than it replaces, with their
	// size in bytes. Its error ends the operation.
	Reserve func(bytes int64) error
	// Within, unless nil, is called like Reserve for memory that what was reserved for the edit as a whole covers,
	// unless that was more than there is.
	Within func(bytes int64) error
	// LoadBytes, unless nil, returns about how many bytes Load takes for some columns of a row group. Queries
	// load as many row groups at once as take [QueryBatchBytes].
	LoadBytes func(columns []int, group int) int64

	// effect is what the running operation has done so far.
	effect Effect
	// origins, unless nil, tracks which row of the base table each row was.
	origins *origins

	// loaded has the chunks of the base table that Load has returned. The caller of Load keeps the segments
	// that they are a part of, so they take no memory of their own.
	loaded map[place]arrow.Array

	// spent is the number of bytes of values that operations made by repeating one, copied the
	// number of bytes of chunks that they rewrote.
	spent, copied int64
}

// FromTable returns t as a frame without stored chunks.
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

// within calls Within for so many bytes.
func (f *Frame) within(bytes int64) error {
	if f.Within == nil {
		return nil
	}
	return f.Within(bytes)
}

// reserve calls Reserve for values of that many bytes.
func (f *Frame) reserve(bytes int64) error {
	if f.Reserve == nil || bytes <= 0 {
		return nil
	}
	return f.Reserve(bytes)
}

// Ended returns why the context of f is done, nil as long as it is not.
func (f *Frame) Ended() error { return ended(f.Context) }

// ended returns why ctx is done, nil as long as it is not, and lets other work run.
func ended(ctx context.Context) error {
	parallel.Yield()
	if ctx == nil || ctx.Err() == nil {
		return nil
	}
	return context.Cause(ctx)
}

// Clone returns a copy of f. Operations on one do not change the other. They share Load and the
// arrays of chunks, which are immutable.
func (f *Frame) Clone() *Frame {
	c := *f
	c.Columns = make([]*Column, len(f.Columns))
	for i, col := range f.Columns {
		c.Columns[i] = &Column{Field: col.Field, Origin: col.Origin, Chunks: slices.Clone(col.Chunks)}
	}
	c.loaded = nil
	c.Rows, c.Marks = slices.Clone(f.Rows), maps.Clone(f.Marks)
	if f.origins != nil {
		tracked := *f.origins
		tracked.values = maps.Clone(tracked.values)
		c.origins = &tracked
	}
	return &c
}

// Schema is the current schema of the frame.
func (f *Frame) Schema() *arrow.Schema {
	fields := make([]arrow.Field, len(f.Columns))
	for i, c := range f.Columns {
		fields[i] = c.Field
	}
	return arrow.NewSchema(fields, &f.Metadata)
}

// NumRows is the current number of rows of the frame.
func (f *Frame) NumRows() int64 {
	var n int64
	for _, r := range f.Rows {
		n += int64(r)
	}
	return n
}

// find returns the position of the column called name, -1 if there is none.
func (f *Frame) find(name string) int {
	return slices.IndexFunc(f.Columns, func(c *Column) bool { return c.Field.Name == name })
}

// index is find with an error. pointer is where the name is in the operation.
func (f *Frame) index(name, pointer string) (int, error) {
	i := f.find(name)
	if i < 0 {
		return 0, f.noColumn(name, pointer)
	}
	return i, nil
}

// positions returns the position of every column, by name.
func (f *Frame) positions() map[string]int {
	at := make(map[string]int, len(f.Columns))
	for i, c := range f.Columns {
		at[c.Field.Name] = i
	}
	return at
}

// LoadAll loads the data of the chunks of the given columns and row groups that do not have it, in
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

// load loads the data of the chunks at the given places that do not have it, in one call of Load.
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
	if f.loaded == nil {
		f.loaded = make(map[place]arrow.Array, len(missing))
	}
	for i, c := range missing {
		c.Data = arrays[i]
		f.loaded[place{c.Column, c.Group}] = arrays[i]
	}
	return nil
}

// RestoreStored makes chunks that have the same values as in base, a clone of f before operations changed it, ones that
// are stored, so that they are not stored again. The rows must be those of base.
func (f *Frame) RestoreStored(base *Frame) error {
	groups := len(f.Rows)
	err := parallel.Do(groups*len(f.Columns), func(i int) error {
		c, g := f.Columns[i/groups], i%groups
		was, ok := f.loaded[place{c.Origin, g}]
		if ok && !c.Chunks[g].Stored && equalArrays(was, c.Chunks[g].Data) {
			c.Chunks[g] = Chunk{Stored: true, Group: g, Column: c.Origin, Data: was}
		}
		return f.Ended()
	})
	if err != nil {
		return err
	}
	return f.restoreColumns(base)
}

// comparedFirst is how many rows are compared before all are. Where rows have moved these mostly differ.
const comparedFirst = 64

// equalArrays is [gather.Equal], which looks at the validity of all rows before their values.
func equalArrays(a, b arrow.Array) bool {
	if a.Len() != b.Len() {
		return false
	}
	first := int64(min(a.Len(), comparedFirst))
	return array.SliceEqual(a, 0, first, b, 0, first) && gather.Equal(a, b)
}

// restoreColumns takes the columns of base if they are equal to those of f, of which some are new or at the place of
// another one.
func (f *Frame) restoreColumns(base *Frame) error {
	var others []int
	for i, c := range f.Columns {
		if len(f.Columns) != len(base.Columns) || !c.Field.Equal(base.Columns[i].Field) {
			return nil
		}
		switch {
		case c.Origin != base.Columns[i].Origin:
			others = append(others, i)
		case c.Changed():
			return nil
		}
	}
	if len(others) == 0 {
		return nil
	}
	for g := range f.Rows {
		if err := errors.Join(base.LoadAll(others, []int{g}), f.LoadAll(others, []int{g}), f.Ended()); err != nil {
			return err
		}
		for _, i := range others {
			if !equalArrays(base.Columns[i].Chunks[g].Data, f.Columns[i].Chunks[g].Data) {
				return nil
			}
		}
	}
	for _, i := range others {
		f.Columns[i] = base.Columns[i]
	}
	return nil
}

// place is where a chunk currently is in the frame.
type place struct{ column, group int }

// groupRange is a row group and its rows, numbered within the table.
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

// split divides ascending rows of the table by row groups. Groups without rows are left out.
func (f *Frame) split(rows []int64) (parts []groupRows) {
	i := 0
	for _, r := range f.groupRanges() {
		within, _ := slices.BinarySearch(rows[i:], int64(r.to))
		if within == 0 {
			continue
		}
		p := groupRows{group: r.group, from: i, rows: make([]int, within)}
		for at := range p.rows {
			p.rows[at] = int(rows[i+at]) - r.from
		}
		i += within
		parts = append(parts, p)
	}
	return parts
}

// groupRows are some rows of a row group, numbered within it. from is the index of the first among
// the rows that were split.
type groupRows struct {
	group int
	rows  []int
	from  int
}

// slice returns the values from..to of arr and shares its memory.
func slice(arr arrow.Array, from, to int) arrow.Array {
	return array.NewSlice(arr, int64(from), int64(to))
}
