package document

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec"
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
	// lost are the values that are read as missing.
	lost []cell
	// values, unless nil, has the values instead of cells: those of an index.
	values arrow.Array
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
	// root is the place of the document, or of the part of it that is the table; from then says which part.
	root cell
	from string
	// note, unless empty, says how the shape of the document was understood.
	note string
	// inLines says that each row is a line, and blank has for each blank line the number of rows before it.
	inLines bool
	blank   []uint32
	// into returns a function that decodes raw, one value of the input, and appends it to b.
	into func(b array.Builder) func(raw []byte)
}

func newDynTable(data []byte, limits codec.Limits, mem *codec.Budget, into func(array.Builder) func([]byte)) (*dynTable, error) {
	if len(data) > math.MaxInt32 {
		return nil, codec.Errorf(codec.ErrTooLarge, "the input has %d bytes; at most %d can be read at once", len(data), math.MaxInt32)
	}
	return &dynTable{data: data, limits: limits, mem: mem, root: cell{end: uint32(len(data))}, into: into}, nil
}

// add notes a value. A nil column, of which only the syntax matters, ignores it.
func (t *dynTable) add(c *dynColumn, k kinds, row uint32, start, end int) {
	if c == nil {
		return
	}
	c.kinds |= k
	c.cells = codec.AppendBudgeted(t.mem, c.cells, cell{row, uint32(start), uint32(end)}, cellBytes)
}

// addLost notes a value that is read as missing.
func (t *dynTable) addLost(c *dynColumn, row uint32, start, end int) {
	if c != nil {
		c.lost = codec.AppendBudgeted(t.mem, c.lost, cell{row, uint32(start), uint32(end)}, cellBytes)
	}
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
		if len(t.fields.columns) == t.limits.Columns {
			return nil, t.tooManyColumns()
		}
		column = t.newMember(&t.fields, name)
	}
	return column, column.mark(row)
}

func (t *dynTable) tooManyColumns() error {
	return codec.Errorf(codec.ErrTooLarge, "there are more than %d columns", t.limits.Columns)
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

// table decides on the types of all columns and decodes their values, with the types that opt asks for.
func (t *dynTable) table(opt codec.ReadOptions) *codec.Table {
	fields := make([]arrow.Field, len(t.fields.columns))
	for i, c := range t.fields.columns {
		fields[i] = arrow.Field{Name: c.name, Type: c.typeFor(opt.Wanted(c.name)), Nullable: true}
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
