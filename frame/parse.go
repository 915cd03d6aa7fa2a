package frame

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"edgeframe/codec"
)

// The limits of what an edit may name. They hold while it is read, so that a document of any size
// takes memory in proportion to what it may mean.
const (
	// MaxOperations is the largest number of operations in one edit.
	MaxOperations = 1000
	// MaxInValues is the largest number of values in the list of an in.
	MaxInValues = 1_000_000
	// MaxRows is the largest number of rows that the operations of one edit may name.
	MaxRows = 10_000_000
	// MaxNames is the largest number of names in one list of columns.
	MaxNames = 100_000
)

// parser reads operations from a stream of JSON, as encoding/json reads structs: the case of the
// names of members does not matter, and null stands for a member that is not given.
//
// Its methods return errors that end the work: those of the decoder, and limits. A value of the
// wrong type does not, because the error that says so has the name of the operation, which may come
// later.
type parser struct {
	dec *jsontext.Decoder
	// failed is the first problem of the running operation.
	failed string
	// rows and conditions are how many of them there were so far.
	rows, conditions int
	// names has the names that occurred, so that an edit keeps each once.
	names map[string]string
	// compact is room for a value.
	compact jsontext.Value
}

// value is a JSON value without blanks around it; its raw text is nil if it was not given.
type value struct {
	raw []byte
	// n is the number of its elements if it is a list, otherwise -1.
	n int
}

// mismatch skips a value of the wrong type and notes it.
func (p *parser) mismatch(field, takes string) error {
	if p.failed == "" {
		p.failed = describeMismatch(field, nameOfKind(p.dec.PeekKind()), takes)
	}
	return p.dec.SkipValue()
}

// unknown skips a member with an unknown name. fields are the accepted names.
func (p *parser) unknown(name string, fields []string) error {
	if p.failed == "" {
		p.failed = DescribeUnknown(name, fields)
	}
	return p.dec.SkipValue()
}

// DescribeUnknown says that a field is unknown, and lists the accepted ones.
func DescribeUnknown(name string, fields []string) string {
	return fmt.Sprintf("unknown field %q; the fields are %s", codec.Shorten(name), strings.Join(fields, ", "))
}

// nameOfKind is how errors call a kind of JSON values.
func nameOfKind(kind jsontext.Kind) string {
	switch kind {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "bool"
	}
	return "number"
}

// null reads a null if there is one.
func (p *parser) null() (bool, error) {
	if p.dec.PeekKind() != 'n' {
		return false, nil
	}
	_, err := p.dec.ReadToken()
	return true, err
}

// object calls visit with the names of the members of an object. visit reads their values.
func (p *parser) object(visit func(name string) error) error {
	if _, err := p.dec.ReadToken(); err != nil {
		return err
	}
	for p.dec.PeekKind() != '}' {
		name, err := p.name()
		if err != nil {
			return err
		}
		if err := visit(name); err != nil {
			return err
		}
	}
	_, err := p.dec.ReadToken()
	return err
}

// elements calls visit for each element of a list. visit reads it.
func (p *parser) elements(visit func() error) error {
	if _, err := p.dec.ReadToken(); err != nil {
		return err
	}
	for p.dec.PeekKind() != ']' {
		if err := visit(); err != nil {
			return err
		}
	}
	_, err := p.dec.ReadToken()
	return err
}

// name reads a string that probably occurs often.
func (p *parser) name() (string, error) {
	raw, err := p.dec.ReadValue()
	if err != nil {
		return "", err
	}
	if raw.Kind() != '"' || slices.Contains(raw, '\\') {
		unquoted, err := jsontext.AppendUnquote(nil, raw)
		return string(unquoted), err
	}
	if name, ok := p.names[string(raw[1:len(raw)-1])]; ok {
		return name, nil
	}
	name := string(raw[1 : len(raw)-1])
	if len(p.names) < MaxNames {
		p.names[name] = name
	}
	return name, nil
}

// text reads a string into what into points to.
func (p *parser) text(field string, into *string) error {
	if null, err := p.null(); null || err != nil {
		return err
	}
	if p.dec.PeekKind() != '"' {
		return p.mismatch(field, takesText)
	}
	text, err := p.name()
	*into = text
	return err
}

func (p *parser) boolean(field string, into *bool) error {
	switch p.dec.PeekKind() {
	case 't', 'f':
		token, err := p.dec.ReadToken()
		*into = err == nil && token.Bool()
		return err
	case 'n':
		_, err := p.dec.ReadToken()
		return err
	}
	return p.mismatch(field, takesBool)
}

// nameList reads a list of names of columns.
func (p *parser) nameList(field string) ([]string, error) {
	names := []string{}
	err := p.elements(func() error {
		if len(names) == MaxNames {
			return codec.Errorf(ErrInvalidOperation, "%s has more than %d names, which are more than a table has columns", field, MaxNames)
		}
		var name string
		err := p.text(field, &name)
		names = append(names, name)
		return err
	})
	return names, err
}

// nameMap reads an object of names.
func (p *parser) nameMap(field string) (map[string]string, error) {
	names := map[string]string{}
	err := p.object(func(old string) error {
		if len(names) == MaxNames {
			return codec.Errorf(ErrInvalidOperation, "%s has more than %d names, which are more than a table has columns", field, MaxNames)
		}
		var name string
		err := p.text(field, &name)
		names[old] = name
		return err
	})
	return names, err
}

// rowList reads a list of rows.
func (p *parser) rowList(field string) ([]int64, error) {
	if null, err := p.null(); null || err != nil {
		return nil, err
	}
	if p.dec.PeekKind() != '[' {
		return nil, p.mismatch(field, takesList)
	}
	var rows pieces[int64]
	err := p.elements(func() error { return p.listedRow(field, &rows) })
	return rows.all(), err
}

// listedRow reads an element of a list of rows.
func (p *parser) listedRow(field string, rows *pieces[int64]) error {
	if err := p.countRow(); err != nil {
		return err
	}
	raw, err := p.dec.ReadValue()
	if err != nil {
		return err
	}
	row, ok := wholeNumber(raw)
	if !ok && p.failed == "" {
		given := nameOfKind(raw.Kind())
		if raw.Kind() == '0' {
			given += " " + codec.Shorten(string(raw))
		}
		p.failed = describeMismatch(field, given, takesRows)
	}
	rows.add(row)
	return nil
}

// countRow counts a row that the document names.
func (p *parser) countRow() error {
	if p.rows++; p.rows > MaxRows {
		return codec.Errorf(codec.ErrTooLarge, "the document names more than %d rows", MaxRows)
	}
	return nil
}

// wholeNumber reads a number of 64 bits as encoding/json does, for which null is 0.
func wholeNumber(raw jsontext.Value) (int64, bool) {
	if raw.Kind() == 'n' {
		return 0, true
	}
	n := int64(0)
	for _, c := range raw {
		if c < '0' || c > '9' || len(raw) > 18 {
			n, err := strconv.ParseInt(string(raw), 10, 64)
			return n, err == nil
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// value reads any value. A list may have at most most elements.
func (p *parser) value(most int) (value, error) {
	if p.dec.PeekKind() == '[' {
		return p.list(most)
	}
	raw, err := p.plain()
	return value{slices.Clone(raw), -1}, err
}

// list reads a list and keeps its text.
func (p *parser) list(most int) (value, error) {
	var text pieces[byte]
	n := 0
	err := p.elements(func() error {
		raw, err := p.plain()
		if err != nil {
			return err
		}
		if n++; n > most {
			return codec.Errorf(ErrInvalidOperation, "the list of a condition has more than %d values, which is the most that is accepted", most)
		}
		if n == 1 {
			text.add('[')
		} else {
			text.add(',')
		}
		text.add(raw...)
		return nil
	})
	if err != nil {
		return value{}, err
	}
	if n == 0 {
		text.add('[')
	}
	text.add(']')
	return value{text.all(), n}, nil
}

// plain reads a value without the blanks in it. It is valid until the next one is read.
func (p *parser) plain() (jsontext.Value, error) {
	raw, err := p.dec.ReadValue()
	if err == nil && (raw.Kind() == '{' || raw.Kind() == '[') {
		p.compact = append(p.compact[:0], raw...)
		err = p.compact.Compact()
		return p.compact, err
	}
	return raw, err
}

// The fields of conditions and of the columns of a sort.
var (
	conditionFields = []string{"column", "cmp", "value", "ignore_case", "and", "or", "not"}
	sortFields      = []string{"column", "descending"}
)

// condition reads a condition, which is nested so deep,
// and called by path in errors about the wrong kind of JSON. at is the pointer to it.
func (p *parser) condition(depth int, path, at string) (*Condition, error) {
	if null, err := p.null(); null || err != nil {
		return nil, err
	}
	if p.dec.PeekKind() != '{' {
		return nil, p.mismatch(path, takesCondition)
	}
	if p.conditions++; p.conditions > maxConditions || depth > maxConditionDepth {
		return nil, errTooManyConditions
	}
	c := &Condition{at: at}
	below := func(name string) string { return path + "." + name }
	return c, p.object(func(name string) (err error) {
		switch field := strings.ToLower(name); {
		case strings.EqualFold(name, "and"):
			c.And, err = p.conditionList(depth+1, below(field), at+"/"+field)
		case strings.EqualFold(name, "or"):
			c.Or, err = p.conditionList(depth+1, below(field), at+"/"+field)
		case strings.EqualFold(name, "not"):
			c.Not, err = p.condition(depth+1, below(field), at+"/"+field)
		case strings.EqualFold(name, "column"):
			c.Column = nil
			if p.dec.PeekKind() != 'n' {
				c.Column = new(string)
			}
			err = p.text(below(field), c.Column)
		case strings.EqualFold(name, "cmp"):
			err = p.text(below(field), &c.Cmp)
		case strings.EqualFold(name, "value"):
			c.Value, err = p.value(MaxInValues)
		case strings.EqualFold(name, "ignore_case"):
			err = p.boolean(below(field), &c.IgnoreCase)
		default:
			err = p.unknown(name, conditionFields)
		}
		return err
	})
}

func (p *parser) conditionList(depth int, path, at string) ([]*Condition, error) {
	if null, err := p.null(); null || err != nil {
		return nil, err
	}
	if p.dec.PeekKind() != '[' {
		return nil, p.mismatch(path, takesList)
	}
	list := []*Condition{}
	return list, p.elements(func() error {
		if len(list) == maxConditions {
			return errTooManyConditions
		}
		c, err := p.condition(depth, path, element(at, len(list)))
		list = append(list, c)
		return err
	})
}

// sortList reads the columns of a sort.
func (p *parser) sortList(field string) (list []SortKey, err error) {
	if null, err := p.null(); null || err != nil {
		return nil, err
	}
	if p.dec.PeekKind() != '[' {
		return nil, p.mismatch(field, takesList)
	}
	err = p.elements(func() error {
		if len(list) == MaxNames {
			return codec.Errorf(ErrInvalidOperation, "%s has more than %d columns, which are more than a table has", field, MaxNames)
		}
		list = append(list, SortKey{})
		if null, err := p.null(); null || err != nil {
			return err
		}
		if p.dec.PeekKind() != '{' {
			return p.mismatch(field, takesSortKeys)
		}
		by := &list[len(list)-1]
		return p.object(func(name string) error {
			switch {
			case strings.EqualFold(name, "column"):
				return p.text(field+".column", &by.Column)
			case strings.EqualFold(name, "descending"):
				return p.boolean(field+".descending", &by.Descending)
			}
			return p.unknown(name, sortFields)
		})
	})
	return list, err
}
