package metamorphic

import (
	"fmt"
	"slices"
	"strings"

	"edgeframe/codec"
	"edgeframe/frame"
)

// edit returns t after operations, or the kind of error with which they are refused.
func (t *table) edit(ops []Op) (*table, error) {
	t = t.clone()
	for _, op := range ops {
		if err := apply[op.Op](t, op); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// apply has the model of each operation.
var apply = map[string]func(*table, Op) error{
	"set_values":      (*table).setValues,
	"add_column":      (*table).addColumn,
	"drop_columns":    (*table).dropColumns,
	"select_columns":  (*table).selectColumns,
	"rename_columns":  (*table).renameColumns,
	"delete_rows":     (*table).deleteRows,
	"cast":            (*table).cast,
	"fill_missing":    (*table).fillMissing,
	"drop_missing":    (*table).dropMissing,
	"drop_duplicates": (*table).dropDuplicates,
	"sort":            (*table).sort,
	"filter":          (*table).filter,
	"mark_missing":    func(t *table, op Op) error { return t.setMarks(op, true) },
	"unmark_missing":  func(t *table, op Op) error { return t.setMarks(op, false) },
}

// checkRows refuses rows that the table does not have, and repeated ones.
func (t *table) checkRows(rows []int64) error {
	for i, r := range rows {
		if r < 0 || r >= int64(len(t.rows)) || slices.Contains(rows[:i], r) {
			return frame.ErrInvalidOperation
		}
	}
	return nil
}

// adopt gives a column that never had a value the type of its first ones.
func (c *column) adopt(typ string) {
	if c.typ == typeNull && typ != typeNull {
		c.typ, c.nullable = typ, true
	}
}

func (t *table) setValues(op Op) error {
	at := t.position(op.Column)
	if at < 0 {
		return frame.ErrColumnNotFound
	}
	if err := t.checkRows(op.Rows); err != nil {
		return err
	}
	values := op.Values
	if op.Value != nil {
		values = slices.Repeat([]any{op.Value}, len(op.Rows))
	}
	c := &t.columns[at]
	typ := c.typ
	if typ == typeNull {
		typ = infer(values)
	}
	fitted, err := fitAll(values, typ)
	if err != nil {
		return err
	}
	if len(fitted) != len(op.Rows) {
		return frame.ErrInvalidOperation
	}
	c.adopt(typ)
	for i, r := range op.Rows {
		to := &t.rows[r].cells[at]
		to.value = fitted[i]
		if fitted[i] == nil {
			c.nullable = true
		} else {
			to.marked = false
		}
	}
	return nil
}

func (t *table) addColumn(op Op) error {
	if t.position(op.Column) >= 0 {
		return frame.ErrInvalidOperation
	}
	typ, values := op.DType, op.Values
	if values == nil {
		values = make([]any, len(t.rows))
	}
	if typ == "" {
		typ = infer(values)
	}
	fitted, err := fitAll(values, typ)
	if err != nil {
		return err
	}
	if len(fitted) != len(t.rows) {
		return frame.ErrInvalidOperation
	}
	t.columns = append(t.columns, column{op.Column, typ, true, newOrigin()})
	for i := range t.rows {
		t.rows[i].cells = append(t.rows[i].cells, cell{value: fitted[i]})
	}
	return nil
}

// choose leaves only some columns, in that order.
func (t *table) choose(at []int) {
	pick := func(i int) column { return t.columns[i] }
	columns := mapped(at, pick)
	for r := range t.rows {
		t.rows[r].cells = mapped(at, func(i int) cell { return t.rows[r].cells[i] })
	}
	t.columns = columns
}

func mapped[T any](at []int, pick func(int) T) []T {
	picked := make([]T, len(at))
	for i, from := range at {
		picked[i] = pick(from)
	}
	return picked
}

func (t *table) dropColumns(op Op) error {
	at, err := t.positions(op.Columns)
	if err != nil {
		return err
	}
	if len(at) == len(t.columns) {
		return frame.ErrInvalidOperation
	}
	var rest []int
	for i := range t.columns {
		if !slices.Contains(at, i) {
			rest = append(rest, i)
		}
	}
	t.choose(rest)
	return nil
}

func (t *table) selectColumns(op Op) error {
	at, err := t.positions(op.Columns)
	if err == nil {
		t.choose(at)
	}
	return err
}

func (t *table) renameColumns(op Op) error {
	for old := range op.Rename {
		if t.position(old) < 0 {
			return frame.ErrColumnNotFound
		}
	}
	seen := map[string]bool{}
	for i := range t.columns {
		if name, ok := op.Rename[t.columns[i].name]; ok {
			t.columns[i].name = name
		}
		if seen[t.columns[i].name] {
			return frame.ErrInvalidOperation
		}
		seen[t.columns[i].name] = true
	}
	return nil
}

func (t *table) deleteRows(op Op) error {
	if err := t.checkRows(op.Rows); err != nil {
		return err
	}
	t.keep(func(r int) bool { return !slices.Contains(op.Rows, int64(r)) })
	return nil
}

func (t *table) setMarks(op Op, marked bool) error {
	at := t.position(op.Column)
	if at < 0 {
		return frame.ErrColumnNotFound
	}
	if err := t.checkRows(op.Rows); err != nil {
		return err
	}
	for _, r := range op.Rows {
		t.rows[r].cells[at].marked = marked
	}
	return nil
}

func (t *table) cast(op Op) error {
	at := t.position(op.Column)
	if at < 0 {
		return frame.ErrColumnNotFound
	}
	if t.columns[at].typ == op.DType {
		return nil
	}
	for r := range t.rows {
		c := &t.rows[r].cells[at]
		if c.value == nil {
			continue
		}
		value, ok := castValue(c.value, op.DType)
		if !ok && op.Errors != "coerce" {
			return codec.ErrMismatch
		}
		if !ok {
			value = nil
		}
		c.value = value
	}
	t.columns[at].typ, t.columns[at].nullable = op.DType, true
	return nil
}

// fillMissing fills the cells that are missing and not marked.
func (t *table) fillMissing(op Op) error {
	at, err := t.positions(op.Columns)
	if err != nil {
		return err
	}
	for _, i := range at {
		fill := func(r int, v any) {
			if t.rows[r].cells[i].missing() && v != nil {
				t.rows[r].cells[i].value = v
			}
		}
		holes := slices.ContainsFunc(t.rows, func(r row) bool { return r.cells[i].missing() })
		switch {
		case !holes:
		case op.Method == "constant":
			c := &t.columns[i]
			typ := c.typ
			if typ == typeNull {
				typ = infer([]any{op.Value})
			}
			value, ok := fit(op.Value, typ)
			if !ok {
				return codec.ErrMismatch
			}
			c.adopt(typ)
			for r := range t.rows {
				fill(r, value)
			}
		case op.Method == "mode":
			value := t.mode(i)
			for r := range t.rows {
				fill(r, value)
			}
		case op.Method == "ffill":
			t.nearest(i, 0, 1, fill)
		case op.Method == "bfill":
			t.nearest(i, len(t.rows)-1, -1, fill)
		}
	}
	return nil
}

// nearest calls fill for each row in turn with the last stored value on the way to it.
func (t *table) nearest(column, from, step int, fill func(r int, v any)) {
	var last any
	for r := from; r >= 0 && r < len(t.rows); r += step {
		if value := t.rows[r].cells[column].value; value != nil {
			last = value
		}
		fill(r, last)
	}
}

// mode is the most frequent value of a column, the smallest of several, nil if there is no
// value.
func (t *table) mode(column int) (best any) {
	counts := map[any]int{}
	for _, r := range t.rows {
		if v := r.cells[column].value; v != nil {
			counts[v]++
		}
	}
	for v, n := range counts {
		if best == nil || n > counts[best] || n == counts[best] && less(v, best) {
			best = v
		}
	}
	return best
}

func (t *table) dropMissing(op Op) error {
	at, err := t.positions(op.Columns)
	if err != nil {
		return err
	}
	t.keep(func(r int) bool {
		n := 0
		for _, i := range at {
			if t.rows[r].cells[i].missing() {
				n++
			}
		}
		if op.How == "all" {
			return n < len(at)
		}
		return n == 0
	})
	return nil
}

func (t *table) dropDuplicates(op Op) error {
	at, err := t.positions(op.Columns)
	if err != nil {
		return err
	}
	rows := map[string][]int{}
	keys := make([]string, len(t.rows))
	for r := range t.rows {
		keys[r] = t.key(r, at)
		rows[keys[r]] = append(rows[keys[r]], r)
	}
	t.keep(func(r int) bool {
		equal := rows[keys[r]]
		switch op.Keep {
		case "last":
			return r == equal[len(equal)-1]
		case "none":
			return len(equal) == 1
		}
		return r == equal[0]
	})
	return nil
}

// key is equal for rows that have equal values in some columns.
func (t *table) key(r int, at []int) string {
	var b strings.Builder
	for _, i := range at {
		fmt.Fprintf(&b, "%T %q;", t.rows[r].cells[i].value, fmt.Sprint(t.rows[r].cells[i].value))
	}
	return b.String()
}

// sort orders the rows. Missing values come last. Row groups keep their sizes.
func (t *table) sort(op Op) error {
	names := make([]string, len(op.By))
	for i, by := range op.By {
		names[i] = by.Column
	}
	at, err := t.positions(names)
	if err != nil {
		return err
	}
	groups := make([]int, len(t.rows))
	for r := range t.rows {
		groups[r] = t.rows[r].group
	}
	slices.SortStableFunc(t.rows, func(a, b row) int {
		for i, c := range at {
			x, y := a.cells[c].value, b.cells[c].value
			switch {
			case x == y:
				continue
			case y == nil, x != nil && less(x, y) != op.By[i].Descending:
				return -1
			}
			return 1
		}
		return 0
	})
	for r := range t.rows {
		t.rows[r].group = groups[r]
	}
	return nil
}

func (t *table) filter(op Op) error {
	at := t.position(op.Where.Column)
	if at < 0 {
		return frame.ErrColumnNotFound
	}
	holds, err := op.Where.on(t.columns[at].typ)
	if err != nil {
		return err
	}
	t.keep(func(r int) bool { return holds(t.rows[r].cells[at].value) })
	return nil
}

// on returns the condition for the values of a column.
func (w *Where) on(typ string) (func(v any) bool, error) {
	switch w.Cmp {
	case "is_null":
		return func(v any) bool { return v == nil }, nil
	case "not_null":
		return func(v any) bool { return v != nil }, nil
	}
	if typ == typeInt && infer([]any{w.Value}) == typeFloat {
		typ = typeFloat
	}
	value, ok := fit(w.Value, typ)
	if !ok {
		return nil, codec.ErrMismatch
	}
	return func(v any) bool {
		if n, isInt := v.(int64); isInt && typ == typeFloat {
			v = float64(n)
		}
		switch {
		case v == nil:
			return w.Cmp == "ne"
		case w.Cmp == "eq":
			return v == value
		case w.Cmp == "ne":
			return v != value
		case w.Cmp == "lt":
			return less(v, value)
		}
		return !less(v, value) // ge
	}, nil
}

// append returns t with the rows of more, whose columns are found by name.
func (t *table) append(more *table) (*table, error) {
	t = t.clone()
	if len(more.columns) != len(t.columns) {
		return nil, codec.ErrMismatch
	}
	from := make([]int, len(t.columns))
	for i, c := range t.columns {
		if from[i] = more.position(c.name); from[i] < 0 {
			return nil, codec.ErrMismatch
		}
		t.columns[i].adopt(more.columns[from[i]].typ)
	}
	last, n := -1, 0
	if sizes := t.groups(); len(sizes) > 0 {
		last, n = len(sizes)-1, sizes[len(sizes)-1]
	}
	for _, r := range more.rows {
		cells := make([]cell, len(from))
		for i, at := range from {
			value, ok := appended(r.cells[at].value, more.columns[at].typ, t.columns[i].typ)
			if !ok {
				return nil, codec.ErrMismatch
			}
			cells[i].value = value
			t.columns[i].nullable = t.columns[i].nullable || value == nil
		}
		if last < 0 || n == codec.RowGroupRows {
			last, n = last+1, 0
		}
		t.rows = append(t.rows, row{cells, r.origin, last})
		n++
	}
	return t, nil
}
