package metamorphic

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"edgeframe/codec"
	"edgeframe/frame"
)

// The types of the model's columns. A column of type null has never had a value.
const (
	typeInt   = "int64"
	typeFloat = "float64"
	typeText  = "utf8"
	typeBool  = "bool"
	typeNull  = "null"
)

// table is the model of a version's table: rows of cells. A table is never changed; what
// changes it makes a copy.
type table struct {
	columns []column
	rows    []row
	// origin is equal in tables whose rows are known to be those of another one, or new.
	origin int64
}

type column struct {
	name, typ string
	nullable  bool
	// origin is that of the same column in other tables.
	origin int64
}

type row struct {
	cells []cell
	// origin is that of the same row in other tables.
	origin int64
	// group is the row group that the row is stored in. Groups count from 0 and have no gaps.
	group int
}

// cell is nil, an int64, a float64, a string or a bool, and may be marked as intentionally
// missing.
type cell struct {
	value  any
	marked bool
}

// takeMarks marks the missing cells of t that are marked in the table that it replaces.
func (t *table) takeMarks(before *table) {
	if len(t.rows) != len(before.rows) {
		return
	}
	for i, c := range t.columns {
		at := before.position(c.name)
		for r := range t.rows {
			t.rows[r].cells[i].marked = at >= 0 && t.rows[r].cells[i].value == nil && before.rows[r].cells[at].marked
		}
	}
}

func (t *table) clone() *table {
	c := &table{columns: slices.Clone(t.columns), rows: slices.Clone(t.rows), origin: t.origin}
	for i := range c.rows {
		c.rows[i].cells = slices.Clone(c.rows[i].cells)
	}
	return c
}

// equal reports whether two tables have the same columns and cells.
func (t *table) equal(other *table) bool {
	same := func(a, b column) bool { return a.name == b.name && a.typ == b.typ && a.nullable == b.nullable }
	return slices.EqualFunc(t.columns, other.columns, same) && slices.EqualFunc(t.rows, other.rows, func(a, b row) bool {
		return a.group == b.group && slices.Equal(a.cells, b.cells)
	})
}

// newTable is the table that data stands for. Columns with missing values are nullable.
func newTable(data *Table) *table {
	t := &table{origin: newOrigin()}
	for _, c := range data.Columns {
		t.columns = append(t.columns, column{name: c.Name, typ: c.Type, origin: newOrigin()})
	}
	size := data.Group
	if size == 0 {
		size = codec.RowGroupRows
	}
	for r := range data.Rows {
		cells := make([]cell, len(data.Columns))
		for i, c := range data.Columns {
			value, ok := fit(c.Values[r%len(c.Values)], c.Type)
			if !ok {
				panic("a table has a value that is not of its column's type")
			}
			cells[i].value = value
			t.columns[i].nullable = t.columns[i].nullable || value == nil
		}
		t.rows = append(t.rows, row{cells, newOrigin(), r / size})
	}
	return t
}

// position returns where the column called name is, -1 if there is none.
func (t *table) position(name string) int {
	return slices.IndexFunc(t.columns, func(c column) bool { return c.name == name })
}

// positions is position for distinct names; nil names all columns.
func (t *table) positions(names []string) (at []int, err error) {
	if names == nil {
		for i := range t.columns {
			at = append(at, i)
		}
		return at, nil
	}
	for _, name := range names {
		i := t.position(name)
		if i < 0 {
			return nil, frame.ErrColumnNotFound
		}
		if slices.Contains(at, i) {
			return nil, frame.ErrInvalidOperation
		}
		at = append(at, i)
	}
	return at, nil
}

// groups returns the number of rows of each row group.
func (t *table) groups() (sizes []int) {
	for _, r := range t.rows {
		for r.group >= len(sizes) {
			sizes = append(sizes, 0)
		}
		sizes[r.group]++
	}
	return sizes
}

// keep leaves only the rows for which keep holds. Row groups without rows go.
func (t *table) keep(keep func(r int) bool) {
	var kept []row
	for r := range t.rows {
		if keep(r) {
			kept = append(kept, t.rows[r])
		}
	}
	before, group := -1, -1
	for i := range kept {
		if kept[i].group != before {
			before = kept[i].group
			group++
		}
		kept[i].group = group
	}
	t.rows = kept
}

// missing reports whether the cell has neither a value nor a mark.
func (c cell) missing() bool { return c.value == nil && !c.marked }

// fit returns a value of a step as one of a column's type.
func fit(v any, typ string) (any, bool) {
	switch v := v.(type) {
	case nil:
		return nil, true
	case json.Number:
		f, err := v.Float64()
		switch {
		case err != nil:
		case typ == typeFloat:
			return f, true
		case typ == typeInt && f == float64(int64(f)):
			return int64(f), true
		}
	case string:
		return v, typ == typeText
	case bool:
		return v, typ == typeBool
	}
	return nil, false
}

// fitAll is fit for many values. It refuses all if one does not fit.
func fitAll(values []any, typ string) ([]any, error) {
	fitted := make([]any, len(values))
	for i, v := range values {
		var ok bool
		if fitted[i], ok = fit(v, typ); !ok {
			return nil, codec.ErrMismatch
		}
	}
	return fitted, nil
}

// infer is the type of the values of a step, all of one kind.
func infer(values []any) string {
	typ := typeNull
	for _, v := range values {
		switch v := v.(type) {
		case json.Number:
			if strings.Contains(v.String(), ".") {
				return typeFloat
			}
			typ = typeInt
		case string:
			typ = typeText
		case bool:
			typ = typeBool
		}
	}
	return typ
}

// spellValue is a value as text. Whole floats have a fraction.
func spellValue(v any) string {
	switch v := v.(type) {
	case int64:
		return strconv.FormatInt(v, 10)
	case bool:
		return strconv.FormatBool(v)
	case float64:
		text := strconv.FormatFloat(v, 'f', -1, 64)
		if !strings.Contains(text, ".") {
			text += ".0"
		}
		return text
	}
	return v.(string)
}

// castValue is a value, not nil, as cast makes it one of another type.
func castValue(v any, typ string) (any, bool) {
	text := spellValue(v)
	switch typ {
	case typeText:
		return text, true
	case typeBool:
		switch text {
		case "true", "1", "1.0":
			return true, true
		case "false", "0", "0.0":
			return false, true
		}
		return nil, false
	}
	if b, ok := v.(bool); ok {
		text = map[bool]string{true: "1", false: "0"}[b]
	}
	f, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil:
		return nil, false
	case typ == typeFloat:
		return f, true
	}
	return int64(f), f == float64(int64(f))
}

// appended is a value of a table that is appended to a column of another type.
func appended(v any, from, to string) (any, bool) {
	switch {
	case from == to:
		return v, true
	case v == nil:
		return nil, true
	case to == typeText:
		return spellValue(v), true
	}
	switch v := v.(type) {
	case string:
		n, err := strconv.ParseInt(v, 10, 64)
		return n, to == typeInt && err == nil && strconv.FormatInt(n, 10) == v
	case int64:
		return float64(v), to == typeFloat
	case float64:
		return int64(v), to == typeInt && v == float64(int64(v))
	}
	return nil, false
}

// less orders values of one type.
func less(a, b any) bool {
	switch a := a.(type) {
	case int64:
		return a < b.(int64)
	case float64:
		return a < b.(float64)
	case string:
		return a < b.(string)
	}
	return !a.(bool) && b.(bool)
}
