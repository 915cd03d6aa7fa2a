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
}

// newOperation has one entry per operation, by its name in a request.
var newOperation = map[string]func() operation{
	"set_values":      func() operation { return &setValues{} },
	"add_column":      func() operation { return &addColumn{} },
	"drop_columns":    func() operation { return &dropColumns{} },
	"select_columns":  func() operation { return &selectColumns{} },
	"rename_columns":  func() operation { return &renameColumns{} },
	"delete_rows":     func() operation { return &deleteRows{} },
	"cast":            func() operation { return &cast{} },
	"fill_missing":    func() operation { return &fillMissing{} },
	"drop_missing":    func() operation { return &dropMissing{} },
	"drop_duplicates": func() operation { return &dropDuplicates{} },
	"sort":            func() operation { return &sortRows{} },
	"filter":          func() operation { return &filter{} },
}

// OperationNames lists the operations in the order in which an error names them.
var OperationNames = []string{
	"set_values", "add_column", "drop_columns", "select_columns", "rename_columns", "delete_rows",
	"cast", "fill_missing", "drop_missing", "drop_duplicates", "sort", "filter",
}

// ParseOperations parses a list of operations: JSON objects with the name of the operation under
// "op". Unknown names and fields are errors.
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
	var none Operation
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil || fields == nil {
		return none, codec.Errorf(ErrInvalidOperation, "it is not a JSON object")
	}
	var name string
	if err := json.Unmarshal(fields["op"], &name); err != nil || newOperation[name] == nil {
		return none, codec.Errorf(ErrInvalidOperation, "its \"op\" is not one of %s", strings.Join(OperationNames, ", "))
	}
	delete(fields, "op")
	body, err := json.Marshal(fields)
	if err != nil {
		return none, codec.Errorf(ErrInvalidOperation, "%s: %v", name, err)
	}
	op := newOperation[name]()
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	err = dec.Decode(op)
	if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return none, codec.Errorf(ErrInvalidOperation, "%s: %s", name, DescribeMismatch(mismatch))
	}
	if err != nil {
		return none, codec.Errorf(ErrInvalidOperation, "%s: %s", name, strings.TrimPrefix(err.Error(), "json: "))
	}
	return Operation{name, op}, nil
}

// accepted describes the values of fields of requests.
var accepted = map[reflect.Kind]string{
	reflect.Int64:  "whole numbers of 64 bits",
	reflect.String: "text",
	reflect.Slice:  "a list",
	reflect.Map:    "an object",
	reflect.Struct: "an object",
	reflect.Bool:   "true or false",
}

// DescribeMismatch describes in terms of JSON which field has a value of the wrong type, and what
// the field takes.
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
		f.effect = Effect{}
		if err := op.apply(f); err != nil {
			return nil, inOperation(i, err)
		}
		effects[i] = f.effect
		effects[i].Op = op.Name
	}
	return effects, nil
}

// inOperation adds the number of the operation to an error and keeps its kind.
func inOperation(i int, err error) error {
	var e *codec.Error
	if errors.As(err, &e) {
		return codec.Errorf(e.Kind, "operation %d: %s", i+1, e.Detail)
	}
	return fmt.Errorf("operation %d: %w", i+1, err)
}
