package frame

import (
	"fmt"
	"math"
	"strings"

	"edgeframe/codec"
)

// MaxCells is the largest number of cells that one operation may name one by one.
const MaxCells = 100_000

// setCells puts values into cells of several columns. What it expects is compared before any cell is changed.
type setCells struct {
	// Columns has the cells of each column, in the order in which the document names the columns.
	Columns []*setValues
	// mixed says that there are members beside cells.
	mixed bool
}

func (op *setCells) needs(f *Frame) []place {
	known := f.positions()
	var places []place
	for _, of := range op.Columns {
		if col, ok := known[of.Column]; ok {
			places = append(places, of.places(f, col)...)
		}
	}
	return places
}

func (op *setCells) apply(f *Frame) error {
	if op.mixed {
		return faulty(ErrInvalidOperation, Fault{Pointer: "/cells", Row: -1, Expected: "cells alone, or column and rows"},
			"set_values takes either cells, or column and rows with values or value, not both")
	}
	known := f.positions()
	prepared := make([]*preparedCells, len(op.Columns))
	var wrong unexpected
	for i, of := range op.Columns {
		if err := f.Ended(); err != nil {
			return err
		}
		col, ok := known[of.Column]
		if !ok {
			return f.noColumn(of.Column, of.pointer("", "column", 0))
		}
		var err error
		if prepared[i], err = of.prepare(f, col); err != nil {
			return err
		}
		if err := wrong.compare(f, of, col); err != nil {
			return err
		}
	}
	if err := wrong.err(); err != nil {
		return err
	}
	for _, s := range prepared {
		if err := s.put(f); err != nil {
			return err
		}
	}
	return nil
}

func (op *setCells) did(e Effect) string {
	names := make([]string, len(op.Columns))
	for i, of := range op.Columns {
		names[i] = of.Column
	}
	return ofColumns("set "+count(e.Cells, "cell"), "of", names)
}

// cellReader groups cells by their columns while they are read.
type cellReader struct {
	op      *setCells
	columns map[string]*cellTexts
	n       int
}

// cellTexts are the cells of one column. The texts are those of lists, without the bracket at the end.
type cellTexts struct {
	of             *setValues
	values, expect []byte
}

// appendElement appends an element to the text of a list.
func appendElement(list, raw []byte) []byte {
	separator := byte(',')
	if len(list) == 0 {
		separator = '['
	}
	return append(append(list, separator), raw...)
}

// oneCell is a cell as the document names it.
type oneCell struct {
	row               int64
	column            string
	hasRow, hasColumn bool
	value, expect     value
}

// cells reads a list of cells.
func (p *parser) cells(field string) (*setCells, error) {
	if null, err := p.null(); null || err != nil {
		return nil, err
	}
	if p.dec.PeekKind() != '[' {
		return nil, p.mismatch(field, takesList)
	}
	r := &cellReader{op: &setCells{}, columns: map[string]*cellTexts{}}
	err := p.elements(func() error {
		if r.n == MaxCells {
			return codec.Errorf(ErrInvalidOperation, "%s has more than %d cells; put the others into another operation", field, MaxCells)
		}
		if err := p.countRow(); err != nil {
			return err
		}
		c, err := p.cell(field)
		if err != nil {
			return err
		}
		if missing := c.missing(); missing != "" && p.failed == "" {
			p.failed = fmt.Sprintf("cell %d has no %q; a cell is {\"row\", \"column\", \"value\"}, with \"expect\" if it must hold a value before", r.n, missing)
		}
		if p.failed == "" {
			r.add(c)
		}
		if len(r.op.Columns) > maxRowNames {
			return codec.Errorf(ErrInvalidOperation, "%s has more than %d names, which are more than a table has columns", field, maxRowNames)
		}
		r.n++
		return nil
	})
	for _, of := range r.op.Columns {
		r.columns[of.Column].finish()
	}
	return r.op, err
}

// cell reads one cell.
func (p *parser) cell(field string) (c oneCell, err error) {
	if p.dec.PeekKind() != '{' {
		return c, p.mismatch(field, takesCells)
	}
	return c, p.object(func(name string) (err error) {
		switch {
		case strings.EqualFold(name, "row"):
			c.row, c.hasRow, err = p.row(field + ".row")
		case strings.EqualFold(name, "column"):
			c.hasColumn = p.dec.PeekKind() != 'n'
			err = p.text(field+".column", &c.column)
		case strings.EqualFold(name, "value"):
			c.value, err = p.value(math.MaxInt)
		case strings.EqualFold(name, "expect"):
			c.expect, err = p.value(math.MaxInt)
		default:
			err = p.unknown(name, []string{"row", "column", "value", "expect"})
		}
		return err
	})
}

// row reads a row. It is not given if it is null or of the wrong type.
func (p *parser) row(field string) (row int64, given bool, err error) {
	if null, err := p.null(); null || err != nil {
		return 0, false, err
	}
	raw, err := p.dec.ReadValue()
	if err != nil {
		return 0, false, err
	}
	if row, given = wholeNumber(raw); !given && p.failed == "" {
		p.failed = describeMismatch(field, nameOfKind(raw.Kind()), takesRows)
	}
	return row, given, nil
}

// missing returns the name of a member that is not given, or "".
func (c *oneCell) missing() string {
	switch {
	case !c.hasRow:
		return "row"
	case !c.hasColumn:
		return "column"
	case c.value.raw == nil:
		return "value"
	}
	return ""
}

func (r *cellReader) add(c oneCell) {
	t := r.columns[c.column]
	if t == nil {
		t = &cellTexts{of: &setValues{Column: c.column}}
		r.columns[c.column] = t
		r.op.Columns = append(r.op.Columns, t.of)
	}
	if c.expect.raw != nil {
		t.of.expects = append(t.of.expects, len(t.of.Rows))
		t.expect = appendElement(t.expect, c.expect.raw)
	}
	t.of.Rows = append(t.of.Rows, c.row)
	t.of.cells = append(t.of.cells, r.n)
	t.values = appendElement(t.values, c.value.raw)
}

// finish completes the cells of a column.
func (t *cellTexts) finish() {
	t.of.Values = value{append(t.values, ']'), len(t.of.Rows)}
	if t.expect != nil {
		t.of.Expect = value{append(t.expect, ']'), len(t.of.expects)}
	}
}
