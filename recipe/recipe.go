// Package recipe keeps what was done to a table as a document, and does it again to another table.
//
// A recipe says how the first table was read from its file and which operations followed, step by step. It is JSON that
// a person can read and edit. [Parse] reads one strictly: it names the step and the operation that is wrong, and
// refuses a recipe of a later form. [Recipe.Replay] runs one on a [frame.Frame]: either every step applies, or there is
// an error that names the step. Replaying a recipe on the table from which it was made gives the same table, with the
// same row groups.
//
// The package knows neither stores nor HTTP nor file formats.
package recipe

import (
	"errors"
	"fmt"
	"time"

	"edgeframe/codec"
	"edgeframe/frame"
)

// Form is the number of the form of recipes that this program writes, and the highest that it reads.
const Form = 1

const (
	// MaxBytes is the length of the longest document, in bytes.
	MaxBytes = 4 << 20
	// MaxSteps is the largest number of steps.
	MaxSteps = 10_000
)

// Kinds of errors, beside those of codec and frame.
var (
	// ErrInvalid: a document is not a recipe.
	ErrInvalid = errors.New("not a recipe")
	// ErrLater: a recipe has a form that a later version of the program made.
	ErrLater = errors.New("recipe of a later version")
	// ErrPositional: a step says by their positions which rows it changes, and the rows of another file are others.
	ErrPositional = errors.New("step by position")
	// ErrNoOperations: a recipe does not have the operations of a step, for instance because a file made it.
	ErrNoOperations = errors.New("step without operations")
)

// Recipe is what was done to a table.
type Recipe struct {
	// MadeBy is the program that made it, such as "edgeframe 1.2.0".
	MadeBy string
	// From says of what it was made. Nothing depends on it.
	From   Origin
	Import Import
	Steps  []Step
}

// Origin says of which table a recipe was made.
type Origin struct {
	Session  string
	Version  uint32
	Filename string
}

// Import says how the file was read.
type Import struct {
	// Format is the name of its format, "" if it is not known.
	Format string
	// Parameters are the reading parameters as they were given, by the names that they have in requests.
	Parameters codec.Values
	// Columns are those that the table had then.
	Columns []Column
}

// Column is a column of the imported table.
type Column struct{ Name, DType string }

// Step is one change.
type Step struct {
	// Version is the version that it made, 0 if that is not known.
	Version uint32
	Time    time.Time
	Actor   string
	Summary string
	// Made is how a step came about whose operations the recipe does not have: by a file ([Append], [Upsert] or
	// [Replace]), which Filename names, by a list of [Marks], or by operations that are [Unknown].
	Made, Filename string
	Operations     []Operation
}

// How a step can be made whose operations the recipe does not have.
const (
	Append  = "append"
	Upsert  = "upsert"
	Replace = "replace"
	Marks   = "marks"
	Unknown = "unknown"
)

// made says for each of them what keeps a step from being replayed.
var made = map[string]string{
	Append:  "it appended a file, which a recipe does not have",
	Upsert:  "it replaced rows by those of a file, which a recipe does not have",
	Replace: "it replaced the table by a file, which a recipe does not have",
	Marks:   "it set marks of missing cells by position, and another file has other rows",
	Unknown: "its operations are not known; they were too long to be kept",
}

// inStep adds the step to an error and keeps its kind. Positions are counted from 1 in texts, from 0 in pointers.
func (s *Step) inStep(i int, err error) error {
	point(fmt.Sprintf("/steps/%d", i), err)
	called := ""
	if s.Summary != "" {
		called = " (" + codec.Quoted(s.Summary) + ")"
	}
	return prefixed(fmt.Sprintf("step %d%s: ", i+1, called), err)
}

// inOperation adds the operation to an error.
func inOperation(i int, err error) error {
	point(fmt.Sprintf("/operations/%d", i), err)
	return prefixed(fmt.Sprintf("operation %d: ", i+1), err)
}

func prefixed(prefix string, err error) error {
	if e, ok := errors.AsType[*codec.Error](err); ok {
		return &codec.Error{Kind: e.Kind, Err: e.Err, Detail: prefix + e.Detail}
	}
	return fmt.Errorf("%s%w", prefix, err)
}

// point adds the beginning of a pointer to the places that an error names.
func point(prefix string, err error) {
	if cells, ok := errors.AsType[frame.ChangedCells](err); ok {
		for i := range cells {
			cells[i].Pointer = prefix + cells[i].Pointer
		}
	}
	if f, ok := errors.AsType[*frame.Fault](err); ok {
		f.Pointer = prefix + f.Pointer
	}
}

// faulty returns an error about a place of a recipe.
func faulty(kind error, pointer, format string, args ...any) error {
	return &codec.Error{Kind: kind, Err: &frame.Fault{Pointer: pointer, Row: -1}, Detail: fmt.Sprintf(format, args...)}
}
