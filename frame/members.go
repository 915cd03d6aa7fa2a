package frame

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"edgeframe/codec"
)

// members are the members that an operation may have, whichever it is: its name may come last.
type members struct {
	op                                       string
	column, dtype, errors, method, how, keep string
	as, expression                           string
	round                                    bool
	// columns is a list of names or, in renames, an object of them. columnsKind is how errors call
	// what was given.
	columns     []string
	renames     map[string]string
	columnsKind string
	rows        []int64
	values      value
	value       value
	expect      value
	// cells are the cells of several columns, if they are given.
	cells *setCells
	// inserted are the rows if they are objects, otherwise nil. rowsKind is how errors call the first row
	// that is not an object.
	inserted *newRows
	rowsKind string
	at       int64
	hasAt    bool
	// find and with are what replace looks for, and what replaces it.
	find, with                   value
	regex, wholeCell, ignoreCase bool
	by                           []SortKey
	where                        *Condition
	// given are the names of the members that some operation has, as they were given; unknown is the
	// first other one.
	given   []string
	unknown *string
}

// operation reads an operation.
func (p *parser) operation() (Operation, error) {
	p.failed = ""
	m := new(members)
	if p.dec.PeekKind() != '{' {
		if err := p.dec.SkipValue(); err != nil {
			return Operation{}, err
		}
		return Operation{}, codec.Errorf(ErrInvalidOperation, "it is not a JSON object")
	}
	if err := p.object(func(name string) error { return p.member(m, name) }); err != nil {
		return Operation{}, err
	}
	kind, known := newOperation[m.op]
	if !known {
		return Operation{}, codec.Errorf(ErrInvalidOperation, "its \"op\" is not one of %s", strings.Join(OperationNames, ", "))
	}
	if problem := p.problem(m, kind.takes); problem != "" {
		return Operation{}, codec.Errorf(ErrInvalidOperation, "%s: %s", m.op, problem)
	}
	return Operation{m.op, kind.of(m)}, nil
}

// member reads the value of a member.
func (p *parser) member(m *members, name string) (err error) {
	if name == "op" {
		return p.operationName(m)
	}
	m.given = append(m.given, name)
	field := strings.ToLower(name)
	switch {
	case strings.EqualFold(name, "column"):
		return p.text(field, &m.column)
	case strings.EqualFold(name, "dtype"):
		return p.text(field, &m.dtype)
	case strings.EqualFold(name, "errors"):
		return p.text(field, &m.errors)
	case strings.EqualFold(name, "method"):
		return p.text(field, &m.method)
	case strings.EqualFold(name, "how"):
		return p.text(field, &m.how)
	case strings.EqualFold(name, "keep"):
		return p.text(field, &m.keep)
	case strings.EqualFold(name, "as"):
		return p.text(field, &m.as)
	case strings.EqualFold(name, "expression"):
		return p.text(field, &m.expression)
	case strings.EqualFold(name, "round"):
		return p.boolean(field, &m.round)
	case strings.EqualFold(name, "columns"):
		return p.columns(m)
	case strings.EqualFold(name, "rows"):
		err = p.rowsOrObjects(m, field)
	case strings.EqualFold(name, "values"):
		m.values, err = p.value(math.MaxInt)
	case strings.EqualFold(name, "value"):
		m.value, err = p.value(math.MaxInt)
	case strings.EqualFold(name, "expect"):
		m.expect, err = p.value(math.MaxInt)
	case strings.EqualFold(name, "at"):
		m.at, m.hasAt, err = p.row(field)
	case strings.EqualFold(name, "find"):
		m.find, err = p.value(math.MaxInt)
	case strings.EqualFold(name, "with"):
		m.with, err = p.value(math.MaxInt)
	case strings.EqualFold(name, "regex"):
		return p.boolean(field, &m.regex)
	case strings.EqualFold(name, "whole_cell"):
		return p.boolean(field, &m.wholeCell)
	case strings.EqualFold(name, "ignore_case"):
		return p.boolean(field, &m.ignoreCase)
	case strings.EqualFold(name, "cells"):
		m.cells, err = p.cells(field)
	case strings.EqualFold(name, "by"):
		m.by, err = p.sortList(field)
	case strings.EqualFold(name, "where"):
		m.where, err = p.condition(1, field, "/"+field)
	default:
		m.given = m.given[:len(m.given)-1]
		if m.unknown == nil {
			first := name
			m.unknown = &first
		}
		return p.dec.SkipValue()
	}
	return err
}

// operationName reads the name of an operation, which stays empty if it is no text.
func (p *parser) operationName(m *members) error {
	if p.dec.PeekKind() != '"' {
		return p.dec.SkipValue()
	}
	token, err := p.dec.ReadToken()
	if err == nil {
		m.op = token.String()
	}
	return err
}

// columns reads names of columns: a list, or the object of a rename.
func (p *parser) columns(m *members) (err error) {
	m.columns, m.renames, m.columnsKind = nil, nil, ""
	switch kind := p.dec.PeekKind(); kind {
	case 'n':
		_, err = p.dec.ReadToken()
		return err
	case '[':
		m.columns, err = p.nameList("columns")
	case '{':
		m.renames, err = p.nameMap("columns")
	default:
		err = p.dec.SkipValue()
		m.columnsKind = nameOfKind(kind)
		return err
	}
	return err
}

// problem says what is wrong with the members of an operation that takes some of them; empty if
// nothing is.
func (p *parser) problem(m *members, takes []string) string {
	for _, name := range m.given {
		if !slices.ContainsFunc(takes, func(known string) bool { return strings.EqualFold(known, name) }) {
			return DescribeUnknown(name, takes)
		}
	}
	if m.op == "insert_rows" && m.rowsKind != "" {
		return describeMismatch("rows", m.rowsKind, takesNewRows)
	}
	if m.unknown != nil {
		return DescribeUnknown(*m.unknown, takes)
	}
	if p.failed != "" {
		return p.failed
	}
	if m.op != "insert_rows" && m.inserted != nil {
		return describeMismatch("rows", "object", takesRows)
	}
	kind, want := m.columnsKind, takesList
	if m.op == "rename_columns" {
		want = takesObject
		if m.columns != nil {
			kind = "array"
		}
	} else if m.renames != nil {
		kind = "object"
	}
	if kind != "" {
		return describeMismatch("columns", kind, want)
	}
	return ""
}

// What fields of requests take.
const (
	takesRows    = "whole numbers of 64 bits"
	takesNewRows = "objects with the values of new rows"
	takesText    = "text"
	takesList    = "a list"
	takesObject  = "an object"
	takesBool    = "true or false"

	takesSortKeys  = `objects {"column", "descending"}`
	takesCells     = `objects {"row", "column", "value"}`
	takesCondition = `an object: {"column", "cmp", "value"}, {"and": […]}, {"or": […]} or {"not": …}`
)

// accepted describes the values of fields of requests.
var accepted = map[reflect.Kind]string{
	reflect.Int64:  takesRows,
	reflect.String: takesText,
	reflect.Slice:  takesList,
	reflect.Map:    takesObject,
	reflect.Struct: takesObject,
	reflect.Bool:   takesBool,
}

// DescribeMismatch describes in terms of JSON which field has a value of the wrong type, and what
// the field takes.
func DescribeMismatch(err *json.UnmarshalTypeError) string {
	return describeMismatch(err.Field, err.Value, accepted[err.Type.Kind()])
}

func describeMismatch(field, value, takes string) string {
	const longest = 40
	if field == "" {
		field = "a field"
	} else {
		field = fmt.Sprintf("%q", field)
	}
	if len(value) > longest {
		value = value[:longest] + "…"
	}
	return fmt.Sprintf("%s cannot be %s; it takes %s", field, value, takes)
}
