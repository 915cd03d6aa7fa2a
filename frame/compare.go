package frame

import (
	"bytes"
	"cmp"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/document"
	"edgeframe/codec/scalar"
)

// cellTest is the comparison of the cells of a column with a value or a list of values.
type cellTest struct {
	column int
	// missing says whether it holds for missing cells. negated turns round what follows, for the
	// others.
	missing, negated bool
	relation         relation
	// words says that the cells are compared by their words, otherwise by their keys. word or key is
	// that of the value, or of the greatest value below it.
	words bool
	word  uint64
	key   string
	// wordSet or keySet is the list.
	wordSet map[uint64]struct{}
	keySet  map[string]struct{}
	// fold says that cells are compared by their keys as [foldCase] returns them. pattern is that of matches.
	fold    bool
	pattern *pattern
}

// relation is how a cell has to relate to the value of a comparison for it to hold.
type relation uint8

const (
	never relation = iota
	equal
	less
	atMost
	oneOf
	contains
	startsWith
	endsWith
	matches
)

// relations are those of the comparisons by order, and whether they are negated.
var relations = map[string]struct {
	relation relation
	negated  bool
}{
	"eq": {equal, false}, "ne": {equal, true},
	"lt": {less, false}, "ge": {less, true},
	"le": {atMost, false}, "gt": {atMost, true},
}

// eval implements test.
func (c *cellTest) eval(at *evaluation, rows []int32, holds []bool) error {
	cells := at.cells(c.column)
	rows = at.withValue(cells, rows, holds, c.missing)
	switch {
	case c.relation == never:
		for _, row := range rows {
			holds[row] = c.negated
		}
	case c.words:
		if cells.words == nil {
			cells.words = wordsOf(cells.arr, cells.missing)
		}
		compareAll(c.relation, cells.words, c.word, c.wordSet, c.negated, rows, holds)
	default:
		keys := cells.texts(c.fold)
		if c.relation >= contains {
			return c.evalText(at.f, keys, rows, holds)
		}
		compareAll(c.relation, keys, c.key, c.keySet, c.negated, rows, holds)
	}
	return nil
}

// compareAll sets for some rows whether a relation holds for their cells.
func compareAll[T cmp.Ordered](r relation, cells []T, with T, set map[T]struct{}, negated bool, rows []int32, holds []bool) {
	switch r {
	case equal:
		for _, row := range rows {
			holds[row] = (cells[row] == with) != negated
		}
	case less:
		for _, row := range rows {
			holds[row] = (cells[row] < with) != negated
		}
	case atMost:
		for _, row := range rows {
			holds[row] = (cells[row] <= with) != negated
		}
	case oneOf:
		for _, row := range rows {
			_, in := set[cells[row]]
			holds[row] = in != negated
		}
	}
}

// family are comparisons of one column in an or, or in an and, that can be merged into one.
type family struct {
	column int
	// bound says that they are lt, le, gt or ge, otherwise they ask for some values.
	bound, negated bool
}

// family returns the family of c, if it has one: values that it may have in an or and may not have in an
// and, or bounds on one side.
func (c *cellTest) family(or bool) (family, bool) {
	if c.fold {
		return family{}, false
	}
	switch c.relation {
	case equal, oneOf:
		return family{c.column, false, c.negated}, c.negated != or
	case less, atMost:
		return family{c.column, true, c.negated}, true
	}
	return family{}, false
}

// merge adds another comparison of the same family to c.
func (c *cellTest) merge(other *cellTest, or bool) {
	if c.relation == less || c.relation == atMost {
		// The higher bound counts in the or of bounds from above and in the and of those from below.
		if c.below(other) == (or != c.negated) {
			c.relation, c.word, c.key = other.relation, other.word, other.key
		}
		return
	}
	c.toSet()
	c.missing = c.missing || other.missing
	if other.relation == equal {
		if other.words {
			c.wordSet[other.word] = struct{}{}
		} else {
			c.keySet[other.key] = struct{}{}
		}
		return
	}
	for word := range other.wordSet {
		c.wordSet[word] = struct{}{}
	}
	for key := range other.keySet {
		c.keySet[key] = struct{}{}
	}
}

// below reports whether the bound of c is lower than that of another comparison.
func (c *cellTest) below(other *cellTest) bool {
	return cmp.Or(cmp.Compare(c.word, other.word), cmp.Compare(c.key, other.key), cmp.Compare(c.relation, other.relation)) < 0
}

// toSet makes an equality a list of one value.
func (c *cellTest) toSet() {
	if c.relation == oneOf {
		return
	}
	c.relation = oneOf
	if c.words {
		c.wordSet = map[uint64]struct{}{c.word: {}}
	} else {
		c.keySet = map[string]struct{}{c.key: {}}
	}
}

// compare prepares a comparison. level is the number of combinations around it.
func (f *Frame) compare(c *Condition, level int) (test, error) {
	if c.Column == nil {
		return nil, c.refuse("", "column", "a comparison has no \"column\"; name the column that it looks at")
	}
	column, err := f.index(*c.Column, c.at+"/column")
	if err != nil {
		return nil, err
	}
	if c.Cmp == "between" {
		return f.between(column, c, level)
	}
	return f.cellTest(column, c)
}

func (f *Frame) cellTest(column int, c *Condition) (*cellTest, error) {
	field := f.Columns[column].Field
	out := &cellTest{column: column, words: fitsWord(valuesOf(field.Type)), fold: c.IgnoreCase}
	if c.IgnoreCase && !isTextType(field.Type) {
		return nil, c.refuse("/ignore_case", "a column of text", "ignore_case is for text; column %.100q is %s", field.Name, scalar.DType(field.Type))
	}
	null := c.Cmp == "is_null"
	switch {
	case null || c.Cmp == "not_null":
		out.missing, out.negated = null, !null
		return out, nil
	case c.Cmp == "in":
		err := f.in(out, field, c.Value, c.at+"/value")
		out.foldKeys()
		return out, err
	case textRelations[c.Cmp] != never:
		return out, out.text(field, c)
	}
	return out, f.ordered(out, c, c.Cmp, c.Value.raw, c.at+"/value")
}

// ordered makes out hold for cells that relate to a value as cmp says. at is the pointer to the value.
func (f *Frame) ordered(out *cellTest, c *Condition, cmp string, raw []byte, at string) error {
	field := f.Columns[out.column].Field
	if cmp != "eq" && cmp != "ne" && !scalar.Ordered(field.Type) {
		return c.refuse("/cmp", "eq, ne, in, is_null or not_null", "column %.100q cannot be compared with %s: %s values have no order", field.Name, c.Cmp, scalar.DType(field.Type))
	}
	p, err := f.position(field, raw, at)
	r := relations[cmp]
	out.missing = cmp == "ne"
	out.relation, out.negated = p.relation(r.relation, r.negated)
	out.key = string(p.key)
	out.word = wordOf(p.key)
	out.foldKeys()
	return err
}

// between returns a test that holds for cells that are at least the first and at most the second of two values.
func (f *Frame) between(column int, c *Condition, level int) (test, error) {
	both := &combination{level: level}
	bounds := c.Value.elements()
	for i, cmp := range []string{"ge", "le"} {
		bound := &cellTest{column: column, words: fitsWord(valuesOf(f.Columns[column].Field.Type))}
		if err := f.ordered(bound, c, cmp, bounds[i], element(c.at+"/value", i)); err != nil {
			return nil, err
		}
		both.parts = append(both.parts, bound)
	}
	return both, nil
}

// position is where a value lies among the values of a type.
type position struct {
	// key is the key of the value or, if the type does not have it, of the greatest value below it.
	key []byte
	// between says that the type does not have the value.
	between bool
	// outside is -1 if all values of the type are greater, 1 if all are less.
	outside int
}

// relation returns how cells relate to the key of p where they relate to its value as given.
func (p position) relation(r relation, negated bool) (relation, bool) {
	switch {
	case r == equal && (p.outside != 0 || p.between):
		return never, negated
	case p.outside != 0:
		return never, negated != (p.outside > 0)
	case p.between:
		return atMost, negated
	}
	return r, negated
}

// position returns where a JSON value that is not null lies among the values of a column.
// An integer may be spelled in quotes. at is the pointer to the value.
func (f *Frame) position(field arrow.Field, raw []byte, at string) (position, error) {
	dt := valuesOf(field.Type)
	if arrow.IsInteger(dt.ID()) {
		raw = bareInteger(raw)
	}
	if isNumeric(dt) && isNumber(raw) {
		return numberPosition(dt, string(raw), f.Limits)
	}
	arr, err := document.Values(append(append([]byte{'['}, raw...), ']'), dt, f.Limits)
	if err != nil {
		return position{}, incomparable(at, field.Name, dt, raw)
	}
	return position{key: scalar.Keys(arr)(nil, 0)}, nil
}

// incomparable is the error about a value that is none of the type of a column.
// at is the pointer to it.
func incomparable(at, column string, dt arrow.DataType, raw []byte) error {
	accepted := scalar.Accepted(dt)
	return faulty(codec.ErrMismatch, Fault{Pointer: at, Column: column, Row: -1, Value: bytes.Clone(raw), Expected: scalar.DType(dt) + ": " + accepted},
		"the value %s cannot be compared with column %.100q, which is %s and takes %s", codec.Shorten(string(raw)), column, scalar.DType(dt), accepted)
}
