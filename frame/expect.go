package frame

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/float16"
	"github.com/go-json-experiment/json/jsontext"

	"edgeframe/codec"
	"edgeframe/codec/document"
	"edgeframe/codec/scalar"
)

// ErrCellChanged: a cell does not hold the value that an operation expects.
var ErrCellChanged = errors.New("cell changed")

// MaxChangedCells is the largest number of cells that an error of kind [ErrCellChanged] names.
const MaxChangedCells = 100

// ChangedCells are the first cells that do not hold what an operation expects, in the order of the document.
// They are the cause of an error of kind [ErrCellChanged].
type ChangedCells []ChangedCell

// ChangedCell is a cell that does not hold what an operation expects. The Value of its Fault is what was
// expected.
type ChangedCell struct {
	Fault
	// Current is the value in the cell, as JSON.
	Current []byte
}

// Error implements error. The text is not for clients: the error of which the cells are the cause has that.
func (c ChangedCells) Error() string { return fmt.Sprintf("%d changed cells", len(c)) }

// unexpected collects the cells that do not hold what an operation expects.
type unexpected struct {
	cells ChangedCells
	total int
}

// err returns the error about the cells that hold something else. It is nil if no cell does.
func (u *unexpected) err() error {
	if u.total == 0 {
		return nil
	}
	first := u.cells[0]
	detail := fmt.Sprintf("row %d of column %q holds %s, not %s", first.Row, codec.Shorten(first.Column), codec.Shorten(string(first.Current)), codec.Shorten(string(first.Value)))
	if u.total == 1 {
		detail += " as expected"
	} else {
		detail = fmt.Sprintf("%d cells do not hold what is expected; the first: %s", u.total, detail)
	}
	return &codec.Error{Kind: ErrCellChanged, Err: u.cells, Detail: detail + "; nothing was changed"}
}

// compare compares the cells of op, whose column is col, with the values that it expects.
func (u *unexpected) compare(f *Frame, op *setValues, col int) error {
	if op.Expect.raw == nil {
		return nil
	}
	if err := f.load(op.places(f, col)); err != nil {
		return err
	}
	c := &expectation{frame: f, column: col, ranges: f.groupRanges(), groups: map[int]*expectedGroup{}}
	c.home = groupOf(c.ranges)
	if err := c.read(op.Expect); err != nil {
		return err
	}
	return eachValueOf(op.Expect.raw, func(i int, raw jsontext.Value) error {
		if i%pauseRows == 0 {
			if err := f.Ended(); err != nil {
				return err
			}
		}
		at := i
		if op.expects != nil {
			at = op.expects[i]
		}
		row := op.Rows[at]
		current, holds, err := c.holds(row, i, raw)
		if holds || err != nil {
			return err
		}
		if u.total++; u.total <= MaxChangedCells {
			fault := Fault{Pointer: op.pointer("expect", "expect", at), Column: op.Column, Row: row, Value: bytes.Clone(raw)}
			u.cells = append(u.cells, ChangedCell{fault, bytes.Clone(current)})
		}
		return nil
	})
}

// eachValueOf calls visit for the elements of a list.
func eachValueOf(list []byte, visit func(i int, raw jsontext.Value) error) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(list))
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for i := 0; dec.PeekKind() != ']'; i++ {
		raw, err := dec.ReadValue()
		if err != nil {
			return err
		}
		if err := visit(i, raw); err != nil {
			return err
		}
	}
	return nil
}

// expectation compares cells of a column with values of a list.
type expectation struct {
	frame  *Frame
	column int
	ranges []groupRange
	home   func(row int) int
	groups map[int]*expectedGroup
	// key appends the key of a value of the list, of which fits says whether the type of the column has it.
	// It is nil for nested values and floats.
	key  func(dst []byte, i int) []byte
	fits []bool

	scratch, spelled []byte
}

// expectedGroup is the cells of the column in one row group.
type expectedGroup struct {
	missing    func(row int) bool
	key, spell func(dst []byte, row int) []byte
}

// read makes keys of the values of a list, unless they are compared in another way.
func (c *expectation) read(list value) (err error) {
	dt := valuesOf(c.frame.Columns[c.column].Field.Type)
	b, unsupported := scalar.NewBuilder(dt, codec.NewBudget(c.frame.Limits.WithDefaults().Bytes))
	if unsupported != nil || arrow.IsFloating(dt.ID()) {
		return nil
	}
	defer codec.Guard(&err, codec.ErrMalformed, "the expected values")
	c.fits = make([]bool, list.n)
	b.Reserve(list.n)
	err = eachValueOf(list.raw, func(i int, raw jsontext.Value) error {
		if c.fits[i] = b.AppendJSON(raw); !c.fits[i] {
			b.AppendNull()
		}
		return nil
	})
	c.key = scalar.Keys(b.Array())
	return err
}

// holds reports whether the cell in a row has the value raw, the one at i in the list. current is the value of
// the cell as JSON, if it has another one.
//
// null stands for every cell that is null in JSON, which infinities are too: a client sees them like this.
func (c *expectation) holds(row int64, i int, raw jsontext.Value) (current []byte, holds bool, err error) {
	group := c.home(int(row))
	g := c.groups[group]
	if g == nil {
		arr := c.frame.Columns[c.column].Chunks[group].Data
		g = &expectedGroup{missing: scalar.Missing(arr), key: scalar.Keys(arr), spell: scalar.JSON(arr)}
		c.groups[group] = g
	}
	at := int(row) - c.ranges[group].from
	switch {
	case raw.Kind() == 'n' || g.missing(at):
		c.spelled = g.spell(c.spelled[:0], at)
		return c.spelled, raw.Kind() == 'n' && string(c.spelled) == "null", nil
	case c.key != nil:
		if c.fits[i] {
			c.scratch = c.key(c.scratch[:0], i)
			n := len(c.scratch)
			c.scratch = g.key(c.scratch, at)
			holds = bytes.Equal(c.scratch[:n], c.scratch[n:])
		}
	default:
		holds, err = c.equal(g, at, raw)
	}
	if !holds {
		c.spelled = g.spell(c.spelled[:0], at)
	}
	return c.spelled, holds, err
}

// equal compares a cell that is not missing with a float or a nested value.
func (c *expectation) equal(g *expectedGroup, at int, raw jsontext.Value) (bool, error) {
	dt := c.frame.Columns[c.column].Field.Type
	if values := valuesOf(dt); arrow.IsFloating(values.ID()) {
		nearest, err := strconv.ParseFloat(string(raw), 64)
		if raw.Kind() != '0' || err != nil {
			return false, nil
		}
		if nearest = nearestIn(values, nearest); values.ID() == arrow.FLOAT16 {
			nearest = float64(float16.New(float32(nearest)).Float32())
		}
		c.scratch = g.key(c.scratch[:0], at)
		return wordOf(c.scratch) == scalar.FloatWord(nearest), nil
	}
	value, err := document.Values(append(append([]byte{'['}, raw...), ']'), dt, c.frame.Limits)
	if _, ok := errors.AsType[*scalar.Misfit](err); ok {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	c.scratch = scalar.JSON(value)(c.scratch[:0], 0)
	c.spelled = g.spell(c.spelled[:0], at)
	return bytes.Equal(c.scratch, c.spelled), nil
}
