package frame

import (
	"github.com/go-json-experiment/json/jsontext"

	"edgeframe/codec"
)

// comparisons are the values of cmp, in the order in which an error names them.
const comparisons = "eq, ne, lt, le, gt, ge, between, in, contains, starts_with, ends_with, matches, is_null or not_null"

// refuse returns an error about c. member is the pointer from c to what it is about.
func (c *Condition) refuse(member, expected, format string, args ...any) error {
	return faulty(ErrInvalidOperation, Fault{Pointer: c.at + member, Row: -1, Expected: expected}, format, args...)
}

// check returns an error unless c is a valid condition, as far as that can be said without a table. It
// compiles the patterns.
func (c *Condition) check() error {
	size := 0
	return c.checkParts(&size)
}

// checkParts is check. size is that of the patterns so far.
func (c *Condition) checkParts(size *int) error {
	if c == nil {
		return codec.Errorf(ErrInvalidOperation, "a condition is missing; it is {\"column\", \"cmp\", \"value\"}, {\"and\": […]}, {\"or\": […]} or {\"not\": …}")
	}
	compares := c.Column != nil || c.Cmp != "" || c.Value.raw != nil || c.IgnoreCase
	forms := 0
	for _, has := range []bool{c.And != nil, c.Or != nil, c.Not != nil, compares} {
		if has {
			forms++
		}
	}
	if forms != 1 {
		return c.refuse("", "one of and, or, not and column", "a condition has to be one of {\"column\", \"cmp\", \"value\"}, {\"and\": […]}, {\"or\": […]} and {\"not\": …}")
	}
	if c.And != nil && len(c.And) == 0 || c.Or != nil && len(c.Or) == 0 {
		return c.refuse("", "at least one condition", "the list of and or or is empty; give at least one condition")
	}
	if compares {
		return c.checkComparison(size)
	}
	for _, part := range c.parts() {
		if err := part.checkParts(size); err != nil {
			return err
		}
	}
	return nil
}

// checkComparison is checkParts for a comparison.
func (c *Condition) checkComparison(size *int) error {
	_, ordered := relations[c.Cmp]
	text := textRelations[c.Cmp] != never
	switch {
	case c.Column == nil:
		return c.refuse("", "column", "a comparison has no \"column\"; name the column that it looks at")
	case c.Cmp == "is_null" || c.Cmp == "not_null":
		if c.Value.raw != nil {
			return c.refuse("/value", "no value", "%s takes no value", c.Cmp)
		}
	case c.Cmp == "in":
		if c.Value.n < 0 || c.Value.raw == nil {
			return c.refuse("/value", takesList, "in needs a value that is a list, for instance [1, 2]")
		}
	case c.Cmp == "between":
		if err := c.checkBetween(); err != nil {
			return err
		}
	case text:
		if err := c.checkText(size); err != nil {
			return err
		}
	case !ordered:
		return c.refuse("/cmp", comparisons, "cmp is %.100q; it must be %s", c.Cmp, comparisons)
	case isNull(c.Value.raw):
		return c.refuse("/value", "a value", "%s needs a value that is not null; is_null and not_null ask for missing cells", c.Cmp)
	}
	if c.IgnoreCase && !text && c.Cmp != "eq" && c.Cmp != "ne" && c.Cmp != "in" {
		return c.refuse("/ignore_case", "no ignore_case", "ignore_case does not go with %s; it goes with eq, ne, in, contains, starts_with, ends_with and matches", c.Cmp)
	}
	return nil
}

func (c *Condition) checkBetween() error {
	if c.Value.n != 2 {
		return c.refuse("/value", "two values", "between needs a value that is a list of two, the least and the greatest, for instance [1, 2]")
	}
	for i, bound := range c.Value.elements() {
		if isNull(bound) {
			return c.refuse(element("/value", i), "a value", "between needs two values that are not null; use le or ge for one bound")
		}
	}
	return nil
}

// elements returns the elements of a list.
func (v value) elements() (elements [][]byte) {
	rest := jsontext.NewDecoder(newReader(v.raw))
	if _, err := rest.ReadToken(); err != nil {
		return nil
	}
	for rest.PeekKind() != ']' {
		raw, err := rest.ReadValue()
		if err != nil {
			return elements
		}
		elements = append(elements, raw.Clone())
	}
	return elements
}
