package frame

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"edgeframe/codec"
)

// Operation is one change to a table.
type Operation struct {
	// Name is the name in requests.
	Name string
	operation
}

// operation is the implementation of an Operation.
type operation interface {
	// apply changes f. After an error the state of f is undefined.
	apply(f *Frame) error
	// needs returns the places whose data the operation will read, as far as they are known
	// before any operation of the same edit has run.
	needs(f *Frame) []place
	// did says in a few words what the operation has done.
	did(e Effect) string
}

// newOperation has for each operation, by its name in a request, the members that it takes, and
// makes it from them.
var newOperation = map[string]struct {
	takes []string
	of    func(m *members) operation
}{
	"set_values": {[]string{"column", "rows", "values", "value", "expect", "cells"}, func(m *members) operation {
		if m.cells != nil {
			m.cells.mixed = len(m.given) > 1
			return m.cells
		}
		return &setValues{Column: m.column, Rows: m.rows, Values: m.values, Value: m.value, Expect: m.expect}
	}},
	"add_column": {[]string{"column", "dtype", "values"}, func(m *members) operation {
		return &addColumn{Column: m.column, DType: m.dtype, Values: m.values}
	}},
	"drop_columns":   {[]string{"columns"}, func(m *members) operation { return &dropColumns{m.columns} }},
	"select_columns": {[]string{"columns"}, func(m *members) operation { return &selectColumns{m.columns} }},
	"rename_columns": {[]string{"columns"}, func(m *members) operation { return &renameColumns{m.renames} }},
	"delete_rows":    {[]string{"rows"}, func(m *members) operation { return &deleteRows{m.rows} }},
	"insert_rows": {[]string{"at", "rows"}, func(m *members) operation {
		return &insertRows{At: m.at, hasAt: m.hasAt, Rows: m.inserted}
	}},
	"replace": {[]string{"columns", "find", "with", "regex", "whole_cell", "ignore_case"}, func(m *members) operation {
		return &replaceValues{m.columns, m.find, m.with, m.regex, m.wholeCell, m.ignoreCase}
	}},
	"compute": {[]string{"column", "dtype", "expression"}, func(m *members) operation {
		return &compute{Column: m.column, DType: m.dtype, Expression: m.expression}
	}},
	"cast": {[]string{"column", "dtype", "errors"}, func(m *members) operation {
		return &cast{Column: m.column, DType: m.dtype, Errors: m.errors}
	}},
	"fill_missing": {[]string{"columns", "method", "value", "as", "round"}, func(m *members) operation {
		return &fillMissing{Columns: m.columns, Method: m.method, Value: m.value, As: m.as, Round: m.round}
	}},
	"drop_missing": {[]string{"columns", "how"}, func(m *members) operation {
		return &dropMissing{Columns: m.columns, How: m.how}
	}},
	"drop_duplicates": {[]string{"columns", "keep"}, func(m *members) operation {
		return &dropDuplicates{Columns: m.columns, Keep: m.keep}
	}},
	"sort":   {[]string{"by"}, func(m *members) operation { return &sortRows{m.by} }},
	"filter": {[]string{"where"}, func(m *members) operation { return &filter{m.where} }},
	"mark_missing": {[]string{"column", "rows"}, func(m *members) operation {
		return &markMissing{Column: m.column, Rows: m.rows}
	}},
	"unmark_missing": {[]string{"column", "rows"}, func(m *members) operation {
		return &markMissing{Column: m.column, Rows: m.rows, Remove: true}
	}},
}

// OperationNames lists the operations in the order in which an error names them.
var OperationNames = []string{
	"set_values", "add_column", "drop_columns", "select_columns", "rename_columns", "delete_rows", "insert_rows", "replace",
	"compute", "cast", "fill_missing", "drop_missing", "drop_duplicates", "sort", "filter", "mark_missing", "unmark_missing",
}

// ErrNoOperations is the error of an edit that has no operations.
var ErrNoOperations error = codec.Errorf(ErrInvalidOperation, "operations is empty; give at least one of %s", strings.Join(OperationNames, ", "))

// ReadOperations reads a list of operations: JSON objects with the name of the operation under
// "op". Unknown names and fields, and more than the limits allow, are errors, which come as soon as
// they are read. Errors of the decoder are returned as they are.
func ReadOperations(dec *jsontext.Decoder) ([]Operation, error) {
	p := &parser{dec: dec, names: map[string]string{}}
	var ops []Operation
	var err error
	switch kind := dec.PeekKind(); kind {
	case 'n':
		_, err = dec.ReadToken()
	case '{', '"', '0', 't', 'f':
		return nil, codec.Errorf(codec.ErrMalformed, "the JSON document cannot be read: %s", describeMismatch("operations", nameOfKind(kind), takesList))
	default:
		err = p.elements(func() error {
			if len(ops) == MaxOperations {
				return codec.Errorf(ErrInvalidOperation, "%d operations are too many; an edit takes at most %d", MaxOperations+1, MaxOperations)
			}
			op, err := p.operation()
			if errors.As(err, new(*codec.Error)) {
				return inOperation(len(ops), err)
			}
			if err != nil {
				return err
			}
			ops = append(ops, op)
			return nil
		})
	}
	if err != nil {
		return nil, err
	}
	if len(ops) == 0 {
		return nil, ErrNoOperations
	}
	return ops, nil
}

// Apply runs ops on f in order and returns what each has done. It first loads the data that they
// need, in one call. An error names the operation, and the state of f is then undefined.
func Apply(f *Frame, ops []Operation) ([]Effect, error) {
	var places []place
	for _, op := range ops {
		places = append(places, op.needs(f)...)
	}
	if err := f.load(places); err != nil {
		return nil, err
	}
	effects := make([]Effect, len(ops))
	for i, op := range ops {
		if err := f.Ended(); err != nil {
			return nil, err
		}
		var err error
		if effects[i], err = op.run(f); err != nil {
			return nil, inOperation(i, err)
		}
	}
	return effects, nil
}

// Apply runs op on f, as [Apply] does, and returns what it has done. An error does not name the operation.
func (op Operation) Apply(f *Frame) (Effect, error) {
	if err := f.Ended(); err != nil {
		return Effect{}, err
	}
	if err := f.load(op.needs(f)); err != nil {
		return Effect{}, err
	}
	return op.run(f)
}

// run runs op on f, whose data it has.
func (op Operation) run(f *Frame) (Effect, error) {
	f.effect = Effect{}
	err := op.apply(f)
	done := f.effect
	done.Op = op.Name
	return done, err
}

// inOperation adds the number of the operation to an error and keeps its kind.
func inOperation(i int, err error) error {
	var e *codec.Error
	if errors.As(err, &e) {
		cause := located(element("/operations", i), e.Err)
		return &codec.Error{Kind: e.Kind, Err: cause, Detail: fmt.Sprintf("operation %d: %s", i+1, e.Detail)}
	}
	return fmt.Errorf("operation %d: %w", i+1, err)
}
