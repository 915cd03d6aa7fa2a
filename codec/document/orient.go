package document

import (
	"errors"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec"
)

// dynReader walks one document and notes its values in a dynTable. Errors about the input
// say where in it they are.
type dynReader interface {
	// opens is '[' or '{' if the next value is an array or an object, and 0 otherwise.
	opens() byte
	// array reads an array; each reads its i-th element.
	array(each func(i uint32) error) error
	// record reads an object as one row of the table.
	record(row uint32) error
	// names reads an object; each reads the value of one name.
	names(each func(name []byte) error) error
	// value reads one value of a column.
	value(c *dynColumn, row uint32) error
	// skip reads a value of which nothing is kept, and returns its place.
	skip() (cell, error)
	// end returns an error if there is anything after the document.
	end() error
	// seek goes to a value that has been read before.
	seek(c cell)
	// locate adds the place where the reader is to an error that does not have one.
	locate(err error) error
	// fail returns an error about the place where the reader is.
	fail(kind error, format string, args ...any) error
}

// readDocument reads a document, or the part of it that is the table, of the given shape or of the shape
// that it has.
func readDocument(r dynReader, t *dynTable, given Options) error {
	path, err := splitPointer(given.Records)
	if err == nil && len(path) > 0 {
		err = t.enterAt(r, path)
	}
	if err != nil {
		return err
	}
	return readShape(r, t, given.Orient)
}

func readShape(r dynReader, t *dynTable, orient Orient) error {
	switch opens := r.opens(); {
	case opens == '[' && (orient == "" || orient == Records):
		return readRecords(r, t)
	case opens == '{' && orient != Records:
		return readObject(r, t, orient)
	}
	switch orient {
	case Records:
		return r.fail(codec.ErrMalformed, "orient=records expects an array of objects, [{column: value}, …]")
	case Columns:
		return r.fail(codec.ErrMalformed, "orient=columns expects an object of arrays, {column: [value, …], …}")
	case Split:
		return r.fail(codec.ErrMalformed, `orient=split expects an object {"columns": [name, …], "data": [[value, …], …]}`)
	}
	return r.fail(codec.ErrMalformed, `a table must be an array of objects, an object of arrays, or {"columns": [name, …], "data": [[value, …], …]}`)
}

func readRecords(r dynReader, t *dynTable) error {
	if err := readRows(r, t); err != nil {
		return err
	}
	return r.end()
}

func readRows(r dynReader, t *dynTable) error {
	return r.array(func(i uint32) error {
		if r.opens() != '{' {
			return r.fail(codec.ErrMalformed, "record %d is not an object; every record must be {column: value, …}", i)
		}
		t.numRows = i + 1
		return r.record(i)
	})
}

// readObject reads an object. It is first read as if it were a single record; the elements of arrays and
// the values of objects are then the columns, unless the document turns out to have another shape.
func readObject(r dynReader, t *dynTable, orient Orient) error {
	var l labels
	kind, err := readMembers(r, t, &l, orient)
	if err == errManyMembers {
		return readByRow(r, t)
	}
	if err == nil {
		err = r.end()
	}
	if err != nil {
		return err
	}
	switch {
	case orient == Split || orient == "" && looksSplit(t):
		return readSplit(r, t)
	case orient == "" && looksSchema(t):
		return readSchema(r, t)
	case kind == kindObject:
		return readObjects(r, t, &l, orient)
	case orient == "" && kind&kindList == 0 && len(t.fields.columns) > 0:
		return readSingle(r, t)
	}
	return readColumns(t)
}

// errManyMembers says that an object of objects has more members than a table can have columns.
var errManyMembers = errors.New("more members than columns")

// readMembers reads the members of an object, each as a column with one value, and values of objects by their
// labels. It returns kindList, kindObject and kindBool for the members that are arrays, objects and
// anything else.
func readMembers(r dynReader, t *dynTable, l *labels, orient Orient) (found kinds, err error) {
	t.fields.next = 0
	err = r.names(func(name []byte) error {
		opens := r.opens()
		if orient == "" && opens == '{' && found == kindObject && len(t.fields.columns) == t.limits.Columns {
			return errManyMembers
		}
		column, err := t.column(name, 0)
		switch {
		case err != nil:
			return r.locate(err)
		case opens == '{':
			found |= kindObject
			return readLabelled(r, t, column, l)
		case opens == '[':
			found |= kindList
		default:
			found |= kindBool
		}
		return r.value(column, 0)
	})
	return found, err
}

// readSingle reads an object as the only row of a table.
func readSingle(r dynReader, t *dynTable) error {
	t.fields, t.numRows = fieldSet{}, 1
	r.seek(t.root)
	err := r.record(0)
	t.noteChoices("a single record")
	return err
}

// readColumns makes a table of the elements of arrays.
func readColumns(t *dynTable) error {
	columns := t.fields.columns
	for _, c := range columns {
		if c.kinds != kindList {
			return codec.Errorf(codec.ErrMalformed, "column %s is not an array; an object of columns must be {column: [value, …], …}, and a single record must be in an array, [{column: value, …}]%s", codec.Quoted(c.name), t.hint())
		}
		if c.ends[0] != columns[0].ends[0] {
			return codec.Errorf(codec.ErrMalformed, "column %s has %d values and column %s has %d; all columns must have the same number%s",
				codec.Quoted(c.name), c.ends[0], codec.Quoted(columns[0].name), columns[0].ends[0], t.choices())
		}
	}
	if len(columns) > 0 {
		t.numRows = columns[0].ends[0]
	}
	if len(columns) == 1 {
		t.noteChoices("one column of objects")
	}
	t.takeElements()
	return nil
}

// takeElements makes columns of the elements of the columns.
func (t *dynTable) takeElements() {
	elements := make([]*dynColumn, len(t.fields.columns))
	for i, c := range t.fields.columns {
		elements[i] = c.elem
		elements[i].name = c.name
	}
	t.fields.columns = elements
}

// looksSchema reports whether the document is {"schema": {…}, "data": [{…}, …]}, which pandas writes with
// orient=table.
func looksSchema(t *dynTable) bool {
	schema, data := t.fields.byName["schema"], t.fields.byName[splitData]
	return len(t.fields.columns) == 2 && schema != nil && schema.kinds == kindObject && listOf(data, kindObject)
}

// readSchema reads the records of a document with a schema. An index that only counts the rows is left out.
func readSchema(r dynReader, t *dynTable) error {
	data := t.fields.byName[splitData].cells[0]
	t.fields = fieldSet{}
	r.seek(data)
	if err := readRows(r, t); err != nil {
		return err
	}
	if columns := t.fields.columns; len(columns) > 0 && columns[0].name == splitIndex && t.isCount(columns[0]) {
		t.fields.columns = columns[1:]
	}
	return nil
}

// The members of a document of shape split.
const (
	splitColumns = "columns"
	splitIndex   = "index"
	splitData    = "data"
)

// looksSplit reports whether the document has the members of shape split, with their types.
func looksSplit(t *dynTable) bool {
	for _, c := range t.fields.columns {
		if c.name != splitColumns && c.name != splitIndex && c.name != splitData {
			return false
		}
	}
	names, data := t.fields.byName[splitColumns], t.fields.byName[splitData]
	return listOf(names, labelKinds) && listOf(data, kindList)
}

// labelKinds are the kinds of the names in a document of shape split: pandas writes numbers if the names are
// numbers.
const labelKinds = kindString | allNumbers

// listOf reports whether c is one list whose elements are of the kinds in k and not null.
func listOf(c *dynColumn, k kinds) bool {
	return c != nil && c.kinds == kindList && c.elem.kinds&^k == 0 && len(c.elem.cells) == int(c.ends[0])
}

func readSplit(r dynReader, t *dynTable) error {
	names, index, data := t.fields.byName[splitColumns], t.fields.byName[splitIndex], t.fields.byName[splitData]
	switch {
	case !listOf(names, labelKinds):
		return codec.Errorf(codec.ErrMalformed, `"columns" must be an array of strings or numbers, the names of the columns`)
	case !listOf(data, kindList):
		return codec.Errorf(codec.ErrMalformed, `"data" must be an array of arrays, the rows`)
	}
	t.fields = fieldSet{}
	if err := t.addNamed(names.elem); err != nil {
		return err
	}
	if err := readTuples(r, t, data); err != nil {
		return err
	}
	return t.addIndex(index)
}

// addNamed adds a column for each string in names. They may have the same name.
func (t *dynTable) addNamed(names *dynColumn) error {
	n := uint32(len(names.cells))
	if int(n) > t.limits.Columns {
		return t.tooManyColumns()
	}
	texts := t.build(names, arrow.BinaryTypes.String, 0, n).(*array.String)
	for i := range int(n) {
		t.newMember(&t.fields, []byte(texts.Value(i)))
	}
	return nil
}

func readTuples(r dynReader, t *dynTable, data *dynColumn) error {
	columns := t.fields.columns
	r.seek(data.cells[0])
	return r.array(func(row uint32) error {
		t.numRows = row + 1
		var n int
		err := r.array(func(i uint32) error {
			n++
			if n > len(columns) {
				return r.fail(codec.ErrMalformed, `row %d of "data" has more than %d values, one for each column`, row, len(columns))
			}
			return r.value(columns[i], row)
		})
		if err == nil && n < len(columns) {
			err = r.fail(codec.ErrMalformed, `row %d of "data" has %d values; there are %d columns`, row, n, len(columns))
		}
		return err
	})
}

// addIndex makes the index the first column, unless it only counts the rows.
func (t *dynTable) addIndex(index *dynColumn) error {
	switch {
	case index == nil || index.kinds == 0:
		return nil
	case index.kinds != kindList || index.ends[0] != t.numRows:
		return codec.Errorf(codec.ErrMalformed, `"index" must be an array of %d values, one for each row`, t.numRows)
	case t.isCount(index.elem):
		return nil
	}
	t.insertIndex(index.elem)
	return nil
}

// isCount reports whether c is 0, 1, 2, ….
func (t *dynTable) isCount(c *dynColumn) bool {
	if t.numRows > 0 && c.kinds != kindInt || len(c.cells) != int(t.numRows) {
		return false
	}
	values := t.build(c, arrow.PrimitiveTypes.Int64, 0, t.numRows).(*array.Int64)
	for i, v := range values.Int64Values() {
		if v != int64(i) {
			return false
		}
	}
	return true
}
