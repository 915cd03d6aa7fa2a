package document

import (
	"slices"

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
	// value reads one value of a column.
	value(c *dynColumn, row uint32) error
	// end returns an error if there is anything after the document.
	end() error
	// seek goes to an array that has been read before.
	seek(c cell)
	// fail returns an error about the place where the reader is.
	fail(kind error, format string, args ...any) error
}

// readDocument reads a document of the given shape, or of the shape that it has.
func readDocument(r dynReader, t *dynTable, orient Orient) error {
	switch opens := r.opens(); {
	case opens == '[' && (orient == "" || orient == Records):
		return readRecords(r, t)
	case opens == '{' && orient != Records:
		return readColumns(r, t, orient)
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
	err := r.array(func(i uint32) error {
		if r.opens() != '{' {
			return r.fail(codec.ErrMalformed, "record %d is not an object; every record must be {column: value, …}", i)
		}
		t.numRows = i + 1
		return r.record(i)
	})
	if err != nil {
		return err
	}
	return r.end()
}

// readColumns reads an object. It is first read as if it were a single record with a list
// in every column; the elements of these lists are then the columns.
func readColumns(r dynReader, t *dynTable, orient Orient) error {
	if err := r.record(0); err != nil {
		return err
	}
	if err := r.end(); err != nil {
		return err
	}
	if orient == Split || orient == "" && looksSplit(t) {
		return readSplit(r, t)
	}
	columns := t.fields.columns
	for _, c := range columns {
		if c.kinds != kindList {
			return codec.Errorf(codec.ErrMalformed, "column %s is not an array; an object of columns must be {column: [value, …], …}", codec.Quoted(c.name))
		}
		if c.ends[0] != columns[0].ends[0] {
			return codec.Errorf(codec.ErrMalformed, "column %s has %d values and column %s has %d; all columns must have the same number",
				codec.Quoted(c.name), c.ends[0], codec.Quoted(columns[0].name), columns[0].ends[0])
		}
	}
	elements := make([]*dynColumn, len(columns))
	for i, c := range columns {
		elements[i], t.numRows = c.elem, c.ends[0]
		elements[i].name = c.name
	}
	t.fields.columns = elements
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
	return listOf(names, kindString) && listOf(data, kindList)
}

// listOf reports whether c is one list whose elements are of kind k and not null.
func listOf(c *dynColumn, k kinds) bool {
	return c != nil && c.kinds == kindList && c.elem.kinds&^k == 0 && len(c.elem.cells) == int(c.ends[0])
}

func readSplit(r dynReader, t *dynTable) error {
	names, index, data := t.fields.byName[splitColumns], t.fields.byName[splitIndex], t.fields.byName[splitData]
	switch {
	case !listOf(names, kindString):
		return codec.Errorf(codec.ErrMalformed, `"columns" must be an array of strings, the names of the columns`)
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

// addNamed adds a column for each string in names.
func (t *dynTable) addNamed(names *dynColumn) error {
	n := uint32(len(names.cells))
	texts := t.build(names, arrow.BinaryTypes.String, 0, n).(*array.String)
	for i := range int(n) {
		if name := texts.Value(i); t.fields.byName[name] != nil {
			return codec.Errorf(codec.ErrMalformed, `the name %s occurs twice in "columns"`, codec.Quoted(name))
		}
		if _, err := t.column([]byte(texts.Value(i)), 0); err != nil {
			return err
		}
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

// addIndex makes the index the first column, named index, unless it only counts the rows.
func (t *dynTable) addIndex(index *dynColumn) error {
	switch {
	case index == nil || index.kinds == 0:
		return nil
	case index.kinds != kindList || index.ends[0] != t.numRows:
		return codec.Errorf(codec.ErrMalformed, `"index" must be an array of %d values, one for each row`, t.numRows)
	case t.isCount(index.elem):
		return nil
	case t.fields.byName[splitIndex] != nil:
		return codec.Errorf(codec.ErrMalformed, `"index" would become a column, but there already is a column of that name`)
	}
	index.elem.name = splitIndex
	t.fields.columns = slices.Insert(t.fields.columns, 0, index.elem)
	return nil
}

// isCount reports whether c is 0, 1, 2, ….
func (t *dynTable) isCount(c *dynColumn) bool {
	if c.kinds != kindInt || len(c.cells) != int(t.numRows) {
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
