package document

import (
	"slices"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// A document {column: {label: value}} is what pandas writes without parameters, and {label: {column: value}}
// what it writes with orient=index. Both are objects of objects: their names and values show which one it is.

// labels are the names in the objects of a document, in order.
type labels struct {
	names []string
	seen  map[string]bool
	// objects is how many objects have been read, and differ says that they have not all the same names in
	// the same order.
	objects int
	differ  bool
}

// labelBytes is about what a label costs besides its text.
const labelBytes = 64

// add takes the i-th name of the current object.
func (l *labels) add(mem *codec.Budget, name []byte, i int) error {
	if l.objects > 0 {
		l.differ = l.differ || i >= len(l.names) || l.names[i] != string(name)
		return nil
	}
	if l.seen[string(name)] {
		return codec.Errorf(codec.ErrMalformed, "the name %s occurs twice in one object", codec.QuotedBytes(name))
	}
	mem.Take(labelBytes + int64(len(name)))
	if l.seen == nil {
		l.seen = make(map[string]bool)
	}
	text := string(name)
	l.seen[text] = true
	l.names = append(l.names, text)
	return nil
}

// end ends an object with n names.
func (l *labels) end(n int) {
	l.differ = l.differ || n != len(l.names)
	l.objects++
}

// isCount reports whether names are "0", "1", "2", ….
func isCount(names []string) bool {
	for i, name := range names {
		if name != strconv.Itoa(i) {
			return false
		}
	}
	return true
}

// column is the index that the labels make: whole numbers if all of them are spelled as such.
func (l *labels) column(mem *codec.Budget) *dynColumn {
	numbers := array.NewInt64Builder(mem)
	numbers.Reserve(len(l.names))
	for _, name := range l.names {
		v, ok := scalar.ParseInt([]byte(name))
		if !ok {
			texts := array.NewStringBuilder(mem)
			texts.AppendValues(l.names, nil)
			return &dynColumn{values: texts.NewArray()}
		}
		numbers.UnsafeAppend(v)
	}
	return &dynColumn{values: numbers.NewArray()}
}

// readLabelled reads the object at r as the values of column c, by their labels.
func readLabelled(r dynReader, t *dynTable, c *dynColumn, l *labels) error {
	n := 0
	elem, _ := t.element(c)
	c.kinds |= kindObject
	err := r.names(func(name []byte) error {
		if err := l.add(t.mem, name, n); err != nil {
			return r.locate(err)
		}
		n++
		return r.value(elem, uint32(n-1))
	})
	l.end(n)
	return err
}

// readObjects reads a document whose members are all objects. They have been read as columns; l are the labels
// of their values.
func readObjects(r dynReader, t *dynTable, l *labels, orient Orient) error {
	byColumn := t.fields
	numbered := isCount(byColumn.names())
	switch {
	case orient == Columns && l.differ:
		return codec.Errorf(codec.ErrMalformed, "the members are objects with different names; orient=columns expects {column: {label: value, …}, …} with the same labels in the same order for every column")
	case orient == Columns || !l.differ && isCount(l.names):
		return t.addColumns(l)
	case !l.differ && !numbered && byColumn.unified():
		t.note = "The document was read as {column: {label: value}}. If it is {label: {column: value}}, send an array of objects instead."
		return t.addColumns(l)
	case l.differ && !numbered:
		return codec.Errorf(codec.ErrMalformed, "the members are objects with different names, so they can be columns, rows or a single record; send an array of objects, [{column: value, …}, …]%s", t.hint())
	}
	if err := readByRow(r, t); err != nil || numbered || t.fields.unified() {
		return err
	}
	t.fields, t.note = byColumn, ""
	return t.addColumns(l)
}

// addColumns makes a table of the columns, whose values have been read by their labels.
func (t *dynTable) addColumns(l *labels) error {
	t.takeElements()
	t.numRows = uint32(len(l.names))
	if isCount(l.names) {
		return nil
	}
	t.insertIndex(l.column(t.mem))
	return nil
}

// readByRow reads {label: {column: value}}.
func readByRow(r dynReader, t *dynTable) error {
	var l labels
	t.fields, t.numRows = fieldSet{}, 0
	r.seek(t.root)
	err := r.names(func(name []byte) error {
		if r.opens() != '{' {
			return r.fail(codec.ErrMalformed, "the member %s is not an object; a document of rows must be {label: {column: value, …}, …}", codec.QuotedBytes(name))
		}
		if err := l.add(t.mem, name, len(l.names)); err != nil {
			return r.locate(err)
		}
		row := t.numRows
		t.numRows++
		return r.record(row)
	})
	if err != nil || isCount(l.names) {
		return err
	}
	t.note = "The document was read as {label: {column: value}}, with a row for each label."
	t.insertIndex(l.column(t.mem))
	return nil
}

// insertIndex makes c the first column. Its name is index, unless there is a column of that name.
func (t *dynTable) insertIndex(c *dynColumn) {
	if !slices.Contains(t.fields.names(), splitIndex) {
		c.name = splitIndex
	}
	t.fields.columns = slices.Insert(t.fields.columns, 0, c)
}

// names are the names of the columns.
func (s *fieldSet) names() []string {
	names := make([]string, len(s.columns))
	for i, c := range s.columns {
		names[i] = c.name
	}
	return names
}

// unified reports whether no column has to be text because of values of several kinds.
func (s *fieldSet) unified() bool {
	return !slices.ContainsFunc(s.columns, func(c *dynColumn) bool { return c.values == nil && c.content().unified() == nil })
}

// content is the column of the values of c by their labels, or c itself.
func (c *dynColumn) content() *dynColumn {
	if c.kinds == kindObject && c.elem != nil {
		return c.elem
	}
	return c
}
