package frame

import (
	"bytes"
	"encoding/json"
	"slices"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// The limits of the condition of a filter.
const (
	maxConditions     = 1000
	maxConditionDepth = 63
)

// filter keeps the rows for which a condition holds.
type filter struct {
	Where *condition `json:"where"`
}

// condition is a comparison of the cells of a column, or a combination of conditions.
//
// As in pandas, a comparison with a missing cell is false, except for ne, is_null, and in with null
// in its list. not negates the result, also of missing cells.
type condition struct {
	And []*condition `json:"and"`
	Or  []*condition `json:"or"`
	Not *condition   `json:"not"`

	Column *string         `json:"column"`
	Cmp    string          `json:"cmp"`
	Value  json.RawMessage `json:"value"`
}

func (op *filter) needs(f *Frame) []place {
	if op.Where.check(1, new(int)) != nil {
		return nil
	}
	var names []string
	for _, name := range op.Where.columns(nil) {
		if _, err := f.index(name); err == nil && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if names == nil {
		return nil
	}
	return f.wholeColumns(names)
}

// columns appends the names of the columns that a condition reads.
func (c *condition) columns(names []string) []string {
	if c == nil {
		return names
	}
	if c.Column != nil {
		names = append(names, *c.Column)
	}
	for _, part := range c.parts() {
		names = part.columns(names)
	}
	return names
}

// parts are the conditions that c combines.
func (c *condition) parts() []*condition {
	parts := append(append([]*condition(nil), c.And...), c.Or...)
	if c.Not != nil {
		parts = append(parts, c.Not)
	}
	return parts
}

func (op *filter) apply(f *Frame) error {
	// The conditions of an edit share the limit, because each is evaluated for every row.
	if err := op.Where.check(1, &f.conditions); err != nil {
		return err
	}
	holds, err := f.compile(op.Where)
	if err != nil {
		return err
	}
	var gone []int64
	for _, r := range f.groupRanges() {
		mask, err := holds(r.group)
		if err != nil {
			return err
		}
		for i, keep := range mask {
			if !keep {
				gone = append(gone, int64(r.from+i))
			}
		}
	}
	return f.removeRows(gone)
}

// check returns an error unless c is a valid condition.
func (c *condition) check(depth int, count *int) error {
	if c == nil {
		return codec.Errorf(ErrInvalidOperation, "a condition is missing; it is {\"column\", \"cmp\", \"value\"}, {\"and\": […]}, {\"or\": […]} or {\"not\": …}")
	}
	if *count++; *count > maxConditions || depth > maxConditionDepth {
		return codec.Errorf(ErrInvalidOperation, "the condition is too large; it may have %d parts, nested %d deep", maxConditions, maxConditionDepth)
	}
	forms := 0
	for _, has := range []bool{c.And != nil, c.Or != nil, c.Not != nil, c.Column != nil || c.Cmp != "" || c.Value != nil} {
		if has {
			forms++
		}
	}
	if forms != 1 {
		return codec.Errorf(ErrInvalidOperation, "a condition has to be one of {\"column\", \"cmp\", \"value\"}, {\"and\": […]}, {\"or\": […]} and {\"not\": …}")
	}
	if c.And != nil && len(c.And) == 0 || c.Or != nil && len(c.Or) == 0 {
		return codec.Errorf(ErrInvalidOperation, "the list of and or or is empty; give at least one condition")
	}
	for _, part := range c.parts() {
		if err := part.check(depth+1, count); err != nil {
			return err
		}
	}
	return nil
}

// mask returns for each row of a row group whether a condition holds.
type mask func(group int) ([]bool, error)

// compile prepares a checked condition and loads the columns that it reads.
func (f *Frame) compile(c *condition) (mask, error) {
	switch {
	case c.Not != nil:
		inner, err := f.compile(c.Not)
		return func(group int) ([]bool, error) {
			rows, err := inner(group)
			for i := range rows {
				rows[i] = !rows[i]
			}
			return rows, err
		}, err
	case c.And != nil:
		return f.combine(c.And, func(a, b bool) bool { return a && b })
	case c.Or != nil:
		return f.combine(c.Or, func(a, b bool) bool { return a || b })
	}
	return f.compare(c)
}

// combine joins the results of parts, of which there is at least one.
func (f *Frame) combine(parts []*condition, join func(a, b bool) bool) (mask, error) {
	masks := make([]mask, len(parts))
	for i, part := range parts {
		var err error
		if masks[i], err = f.compile(part); err != nil {
			return nil, err
		}
	}
	return func(group int) ([]bool, error) {
		all, err := masks[0](group)
		if err != nil {
			return nil, err
		}
		for _, m := range masks[1:] {
			rows, err := m(group)
			if err != nil {
				return nil, err
			}
			for i := range all {
				all[i] = join(all[i], rows[i])
			}
		}
		return all, nil
	}, nil
}

// compare prepares a comparison and loads its column.
func (f *Frame) compare(c *condition) (mask, error) {
	if c.Column == nil {
		return nil, codec.Errorf(ErrInvalidOperation, "a comparison has no \"column\"; name the column that it looks at")
	}
	column, err := f.index(*c.Column)
	if err != nil {
		return nil, err
	}
	if err := f.LoadColumns([]int{column}); err != nil {
		return nil, err
	}
	holdsFor, err := f.predicate(column, c)
	if err != nil {
		return nil, err
	}
	return func(group int) ([]bool, error) {
		arr := f.Columns[column].Chunks[group].Data
		missing, holds := scalar.Missing(arr), holdsFor.of(arr)
		rows := make([]bool, arr.Len())
		for i := range rows {
			if missing(i) {
				rows[i] = holdsFor.missing
			} else {
				rows[i] = holds(i)
			}
		}
		return rows, nil
	}, nil
}

// isString reports whether raw is a JSON string.
func isString(raw json.RawMessage) bool { return bytes.HasPrefix(bytes.TrimSpace(raw), []byte(`"`)) }
