package frame

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"edgeframe/codec"
)

// MaxOperations is the largest number of operations in one edit.
const MaxOperations = 1000

// Operation is one change of a table.
type Operation interface {
	// apply changes f. After an error f is in no defined state.
	apply(f *Frame) error
	// needs returns the places whose data the operation will read, as far as they can be
	// told from the frame before any operation of the same edit ran.
	needs(f *Frame) []place
}

// newOperation has one entry per operation, by its name in a request.
var newOperation = map[string]func() Operation{
	"set_values":     func() Operation { return &setValues{} },
	"add_column":     func() Operation { return &addColumn{} },
	"drop_columns":   func() Operation { return &dropColumns{} },
	"select_columns": func() Operation { return &selectColumns{} },
	"rename_columns": func() Operation { return &renameColumns{} },
	"delete_rows":    func() Operation { return &deleteRows{} },
}

// OperationNames lists the operations in the order in which an error names them.
var OperationNames = []string{"set_values", "add_column", "drop_columns", "select_columns", "rename_columns", "delete_rows"}

// ParseOperations reads a list of operations from its JSON form, one object each with the
// operation's name under "op". Unknown names and fields are refused.
func ParseOperations(raw []json.RawMessage) ([]Operation, error) {
	if len(raw) == 0 {
		return nil, codec.Errorf(ErrInvalidOperation, "operations is empty; give at least one of %s", strings.Join(OperationNames, ", "))
	}
	if len(raw) > MaxOperations {
		return nil, codec.Errorf(ErrInvalidOperation, "%d operations are too many; an edit takes at most %d", len(raw), MaxOperations)
	}
	ops := make([]Operation, len(raw))
	for i, r := range raw {
		op, err := parseOperation(r)
		if err != nil {
			return nil, inOperation(i, err)
		}
		ops[i] = op
	}
	return ops, nil
}

func parseOperation(raw json.RawMessage) (Operation, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil || fields == nil {
		return nil, codec.Errorf(ErrInvalidOperation, "it is not a JSON object")
	}
	var name string
	if err := json.Unmarshal(fields["op"], &name); err != nil || newOperation[name] == nil {
		return nil, codec.Errorf(ErrInvalidOperation, "its \"op\" is not one of %s", strings.Join(OperationNames, ", "))
	}
	delete(fields, "op")
	body, err := json.Marshal(fields)
	if err != nil {
		return nil, codec.Errorf(ErrInvalidOperation, "%s: %v", name, err)
	}
	op := newOperation[name]()
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	err = dec.Decode(op)
	if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return nil, codec.Errorf(ErrInvalidOperation, "%s: %s", name, DescribeMismatch(mismatch))
	}
	if err != nil {
		return nil, codec.Errorf(ErrInvalidOperation, "%s: %s", name, strings.TrimPrefix(err.Error(), "json: "))
	}
	return op, nil
}

// accepted names what fields of requests take.
var accepted = map[reflect.Kind]string{
	reflect.Int64:  "whole numbers of 64 bits",
	reflect.String: "text",
	reflect.Slice:  "a list",
	reflect.Map:    "an object",
}

// DescribeMismatch says in the terms of JSON which field cannot hold its value, and what it
// takes.
func DescribeMismatch(err *json.UnmarshalTypeError) string {
	const longest = 40
	field, value := "a field", err.Value
	if err.Field != "" {
		field = fmt.Sprintf("%q", err.Field)
	}
	if len(value) > longest {
		value = value[:longest] + "…"
	}
	return fmt.Sprintf("%s cannot be %s; it takes %s", field, value, accepted[err.Type.Kind()])
}

// Apply runs ops on f one after the other. It first loads in one step what they will read.
// After an error, which names the operation, f is in no defined state.
func Apply(f *Frame, ops []Operation) error {
	var places []place
	for _, op := range ops {
		places = append(places, op.needs(f)...)
	}
	if err := f.load(places); err != nil {
		return err
	}
	for i, op := range ops {
		if err := op.apply(f); err != nil {
			return inOperation(i, err)
		}
	}
	return nil
}

// inOperation says which operation an error is about and keeps its kind.
func inOperation(i int, err error) error {
	var e *codec.Error
	if errors.As(err, &e) {
		return codec.Errorf(e.Kind, "operation %d: %s", i+1, e.Detail)
	}
	return fmt.Errorf("operation %d: %w", i+1, err)
}
