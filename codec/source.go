package codec

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// Source is a table that is written: it is read row group by row group, so that it need not be in
// memory as a whole. A [Table] is one.
type Source interface {
	// NumRows returns the number of rows in all row groups.
	NumRows() int64
	// Open begins to read the columns at these positions, nil for all. It reads nothing yet. A format
	// may open a source several times, but reads only what was opened last.
	Open(columns []int) RowGroups
	// Together returns how many columns from column first on, at least one, a format that is written
	// column by column should keep in memory as a whole, because reading them one by one costs more.
	Together(first int) int
}

// RowGroups is a table that comes row group by row group.
type RowGroups interface {
	Schema() *arrow.Schema
	// Next returns the next row group, nil after the last. All have the schema.
	Next() (arrow.Record, error)
}

// Passing are [RowGroups] whose memory can be used again for those that follow.
type Passing interface {
	// InPassing says that no row group is used any more when Next is called again.
	InPassing()
}

// EachInPassing is [EachGroup] for a use that keeps nothing of a row group.
func EachInPassing(groups RowGroups, use func(arrow.Record) error) error {
	if p, ok := groups.(Passing); ok {
		p.InPassing()
	}
	return EachGroup(groups, use)
}

// EachGroup calls use with the row groups that are left, until one of the calls fails.
func EachGroup(groups RowGroups, use func(arrow.Record) error) error {
	for {
		group, err := groups.Next()
		if err != nil || group == nil {
			return err
		}
		if err := use(group); err != nil {
			return err
		}
	}
}

// Collect reads all row groups of a source into memory.
func Collect(src Source) (*Table, error) { return CollectColumns(src, nil) }

// CollectColumns reads the columns at these positions, nil for all, into memory.
func CollectColumns(src Source, columns []int) (*Table, error) {
	groups := src.Open(columns)
	t := &Table{Schema: groups.Schema()}
	err := EachGroup(groups, func(group arrow.Record) error {
		t.RowGroups = append(t.RowGroups, group)
		return nil
	})
	return t, err
}

// Open implements [Source].
func (t *Table) Open(columns []int) RowGroups {
	return &tableGroups{schema: SelectFields(t.Schema, columns), columns: columns, left: t.RowGroups}
}

// Together implements [Source]: all columns are in memory.
func (t *Table) Together(first int) int { return t.Schema.NumFields() - first }

// tableGroups reads a table in memory.
type tableGroups struct {
	schema  *arrow.Schema
	columns []int
	left    []arrow.Record
}

// Schema implements [RowGroups].
func (g *tableGroups) Schema() *arrow.Schema { return g.schema }

// Next implements [RowGroups].
func (g *tableGroups) Next() (arrow.Record, error) {
	if len(g.left) == 0 {
		return nil, nil
	}
	group := g.left[0]
	g.left = g.left[1:]
	return SelectColumns(group, g.schema, g.columns), nil
}

// SelectFields returns the schema of the columns at these positions, nil for all.
func SelectFields(schema *arrow.Schema, columns []int) *arrow.Schema {
	if columns == nil || isEvery(columns, schema.NumFields()) {
		return schema
	}
	fields := make([]arrow.Field, len(columns))
	for i, c := range columns {
		fields[i] = schema.Field(c)
	}
	meta := schema.Metadata()
	return arrow.NewSchema(fields, &meta)
}

// isEvery reports whether columns are the positions of all of n columns in their order.
func isEvery(columns []int, n int) bool {
	for i, c := range columns {
		if c != i {
			return false
		}
	}
	return len(columns) == n
}

// SelectColumns returns a record of the columns of rec at these positions, nil for all. schema is
// what [SelectFields] returns for them.
func SelectColumns(rec arrow.Record, schema *arrow.Schema, columns []int) arrow.Record {
	if columns == nil {
		return rec
	}
	arrays := make([]arrow.Array, len(columns))
	for i, c := range columns {
		arrays[i] = rec.Column(c)
	}
	return array.NewRecord(schema, arrays, rec.NumRows())
}
