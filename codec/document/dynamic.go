package document

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// The readers of JSON and MessagePack, whose values carry their own types, work in two
// steps. The first walks the input once and notes for every column where its values are and
// which kinds of values it has; nothing is decoded yet. The second decides on each column's
// type, which is final because every value has been seen, and decodes the values into
// arrays. So no column is ever rebuilt, and one that ends up as text still has the original
// spelling of its numbers.

// maxStructFields is the largest number of different names that the objects of a column may have if it is
// to be a struct. Objects with more names are taken for dictionaries whose keys are data.
const maxStructFields = 1024

// cell is one value that is not null: its row and its bytes in the input.
type cell struct{ row, start, end uint32 }

const (
	cellBytes   = 12
	columnBytes = 256 // about what a column costs before it has values
)

// dynColumn is a column, the elements of a column of lists, or one field of a column of
// objects.
type dynColumn struct {
	name  string
	kinds kinds
	// cells are in the order of their rows. Missing and null values have no cell.
	cells []cell
	// seen is one more than the last row that had this name, null or not.
	seen uint32
	// elem holds the elements of all lists, one after another; ends[i] is the number of
	// elements of the lists up to and including the i-th.
	elem *dynColumn
	ends []uint32
	// fields are the members of objects. They have the rows of the objects.
	fields fieldSet
}

// fieldSet is a set of columns in the order of their first appearance.
type fieldSet struct {
	columns []*dynColumn
	byName  map[string]*dynColumn
	// next is where the next name of the current object probably is: objects tend to have
	// the same names in the same order.
	next int
}

// dynTable is the result of the first step.
type dynTable struct {
	data    []byte
	limits  codec.Limits
	mem     *codec.Budget
	fields  fieldSet
	numRows uint32
	// into returns a function that decodes raw, one value of the input, and appends it to b.
	into func(b array.Builder) func(raw []byte)
}

func newDynTable(data []byte, limits codec.Limits, mem *codec.Budget, into func(array.Builder) func([]byte)) (*dynTable, error) {
	if len(data) > math.MaxInt32 {
		return nil, codec.Errorf(codec.ErrTooLarge, "the input has %d bytes; at most %d can be read at once", len(data), math.MaxInt32)
	}
	return &dynTable{data: data, limits: limits, mem: mem, into: into}, nil
}

// add notes a value. A nil column, of which only the syntax matters, ignores it.
func (t *dynTable) add(c *dynColumn, k kinds, row uint32, start, end int) {
	if c == nil {
		return
	}
	c.kinds |= k
	c.cells = codec.AppendBudgeted(t.mem, c.cells, cell{row, uint32(start), uint32(end)}, cellBytes)
}

// addList notes a list after all its elements.
func (t *dynTable) addList(c *dynColumn, row uint32, start, end int, elements uint32) {
	if c == nil {
		return
	}
	t.add(c, kindList, row, start, end)
	c.ends = codec.AppendBudgeted(t.mem, c.ends, elements, 4)
}

// element returns the column for the elements of c's lists, and how many it has so far.
func (t *dynTable) element(c *dynColumn) (*dynColumn, uint32) {
	if c == nil {
		return nil, 0
	}
	if c.elem == nil {
		t.mem.Take(columnBytes)
		c.elem = &dynColumn{}
	}
	if len(c.ends) == 0 {
		return c.elem, 0
	}
	return c.elem, c.ends[len(c.ends)-1]
}

// member returns the column for a name in an object of column c, which is nil if the object
// is not kept. It returns an error if the object has the name twice.
func (t *dynTable) member(c *dynColumn, name []byte, row uint32) (*dynColumn, error) {
	if c == nil {
		return nil, nil
	}
	member := c.fields.find(name)
	if member == nil {
		if len(c.fields.columns) == maxStructFields {
			c.kinds |= kindOpen
			return nil, nil
		}
		member = t.newMember(&c.fields, name)
	}
	return member, member.mark(row)
}

// column is member for the columns of the table itself.
func (t *dynTable) column(name []byte, row uint32) (*dynColumn, error) {
	column := t.fields.find(name)
	if column == nil {
		switch {
		case len(name) == 0:
			return nil, codec.Errorf(codec.ErrMalformed, "a column has an empty name")
		case len(t.fields.columns) == t.limits.Columns:
			return nil, codec.Errorf(codec.ErrTooLarge, "there are more than %d columns", t.limits.Columns)
		}
		column = t.newMember(&t.fields, name)
	}
	return column, column.mark(row)
}

func (t *dynTable) newMember(s *fieldSet, name []byte) *dynColumn {
	t.mem.Take(columnBytes + 2*int64(len(name)))
	if s.byName == nil {
		s.byName = make(map[string]*dynColumn)
	}
	column := &dynColumn{name: string(name)}
	s.columns = append(s.columns, column)
	s.byName[column.name] = column
	s.next = len(s.columns)
	return column
}

func (s *fieldSet) find(name []byte) *dynColumn {
	if s.next < len(s.columns) && s.columns[s.next].name == string(name) {
		s.next++
		return s.columns[s.next-1]
	}
	return s.byName[string(name)]
}

func (c *dynColumn) mark(row uint32) error {
	if c.seen == row+1 {
		return codec.Errorf(codec.ErrMalformed, "the name %s occurs twice in one object", codec.Quoted(c.name))
	}
	c.seen = row + 1
	return nil
}

// finish returns the table with the types that opt asks for. Its receipt counts the cells that became text
// although they are not; strict reading refuses them.
func (t *dynTable) finish(opt codec.ReadOptions, isText func(raw []byte) bool) (*codec.Table, error) {
	table := t.table(opt)
	changed, any := make([]int64, len(t.fields.columns)), false
	for i, c := range t.fields.columns {
		if c.kinds == 0 || c.kinds == kindString || !c.becomesText(opt.Wanted(c.name)) {
			continue
		}
		for _, cell := range c.cells {
			if raw := t.data[cell.start:cell.end]; !isText(raw) {
				if opt.Strict {
					return nil, codec.Errorf(codec.ErrMalformed, "row %d, column %s: the value is not text but would be given back as text, which strict=true refuses", cell.row+1, codec.Quoted(c.name))
				}
				changed[i]++
				any = true
			}
		}
	}
	if any {
		table.Receipt.Changed = changed
	}
	return table, nil
}

// becomesText reports whether the values of a column become text: because want is a type of text or, if
// want is nil, because no other type has all of them.
func (c *dynColumn) becomesText(want arrow.DataType) bool {
	if want != nil {
		return scalar.IsText(want)
	}
	return c.unified() == nil
}

// table decides on the types of all columns and decodes their values. What shall be text is decoded as text,
// so that numbers keep their spelling.
func (t *dynTable) table(opt codec.ReadOptions) *codec.Table {
	fields := make([]arrow.Field, len(t.fields.columns))
	for i, c := range t.fields.columns {
		fields[i] = arrow.Field{Name: c.name, Type: c.dataType(), Nullable: true}
		if want := opt.Wanted(c.name); want != nil && scalar.IsText(want) && c.kinds != 0 && c.kinds < kindBinary {
			fields[i].Type = arrow.BinaryTypes.String
		}
	}
	out := &codec.Table{Schema: arrow.NewSchema(fields, nil)}
	for lo := uint32(0); lo < t.numRows; lo += codec.RowGroupRows {
		hi := min(lo+codec.RowGroupRows, t.numRows)
		arrays := make([]arrow.Array, len(fields))
		for i, c := range t.fields.columns {
			arrays[i] = t.build(c, fields[i].Type, lo, hi)
		}
		out.RowGroups = append(out.RowGroups, codec.NewRecord(out.Schema, arrays, hi-lo))
	}
	return out
}
