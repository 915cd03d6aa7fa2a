package recipe

import (
	"bytes"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/go-json-experiment/json/jsontext"

	"edgeframe/codec"
	"edgeframe/frame"
)

// Receipt is what a step has done.
type Receipt struct {
	// Summary is that of the step or, if it has none, what its operations have done in a few words.
	Summary               string
	RowsBefore, RowsAfter int64
	// Operations has what each of its operations has done.
	Operations []frame.Effect
}

// Check returns an error, which names the step, if a step cannot be replayed on any file: one that was made by a file,
// or whose operations name rows by position.
func (r *Recipe) Check() error {
	for i := range r.Steps {
		s := &r.Steps[i]
		if s.Made != "" {
			by := ""
			if s.Filename != "" {
				by = " (" + codec.Quoted(s.Filename) + ")"
			}
			return s.inStep(i, faulty(ErrNoOperations, "", "%s%s; replay the recipe of a version before it, or remove the step from the document", made[s.Made], by))
		}
		for at := range s.Operations {
			o := &s.Operations[at]
			switch {
			case o.perRow:
				return s.inStep(i, inOperation(at, faulty(ErrPositional, "/values", "%s gives each row a value by its position, and another file has other rows", o.name)))
			case o.Positional():
				return s.inStep(i, inOperation(at, faulty(ErrPositional, "", "%s names rows by position, and another file has other rows; export the recipe with key=<column>, so that it names them by their values in that column", o.name)))
			}
		}
	}
	return nil
}

// Apply runs a step on f. After an error, which names the step, the state of f is undefined.
func (r *Recipe) Apply(step int, f *frame.Frame) (Receipt, error) {
	s := &r.Steps[step]
	done := Receipt{RowsBefore: f.NumRows(), Operations: make([]frame.Effect, len(s.Operations))}
	operations := make([]frame.Operation, len(s.Operations))
	for i := range s.Operations {
		var err error
		if operations[i], err = s.Operations[i].prepared(f); err == nil {
			done.Operations[i], err = operations[i].Apply(f)
		}
		if err != nil {
			return done, s.inStep(step, inOperation(i, err))
		}
	}
	done.RowsAfter = f.NumRows()
	if done.Summary = s.Summary; done.Summary == "" {
		done.Summary = frame.Summarize(operations, done.Operations)
	}
	return done, nil
}

// prepared returns the operation for the rows that f has.
func (o *Operation) prepared(f *frame.Frame) (frame.Operation, error) {
	if !o.keyed() {
		return o.ready, nil
	}
	rows, err := o.find(f)
	if err != nil {
		return frame.Operation{}, err
	}
	if err := reserve(f, int64(4*len(o.text)+64*len(rows))); err != nil {
		return frame.Operation{}, err
	}
	ops, err := frame.ReadOperations(jsontext.NewDecoder(bytes.NewBuffer(append(append([]byte{'['}, o.at(rows)...), ']'))))
	if err != nil {
		return frame.Operation{}, err
	}
	return ops[0], nil
}

func reserve(f *frame.Frame, bytes int64) error {
	if f.Reserve == nil {
		return nil
	}
	return f.Reserve(bytes)
}

// Replay runs every step, each under the limits of an edit, and returns the result with a receipt of each step. f has
// the data of all its chunks, and changes. After an error, which names the step, there is no result.
func (r *Recipe) Replay(f *frame.Frame) (*frame.Frame, []Receipt, error) {
	if err := r.Check(); err != nil {
		return nil, nil, err
	}
	receipts := make([]Receipt, len(r.Steps))
	for i := range r.Steps {
		// What counts towards the limits of an edit begins anew.
		f = &frame.Frame{
			Columns: f.Columns, Rows: f.Rows, Metadata: f.Metadata, Marks: f.Marks, Limits: f.Limits,
			Context: f.Context, Reserve: f.Reserve, Within: f.Within,
		}
		var err error
		if receipts[i], err = r.Apply(i, f); err != nil {
			return nil, nil, err
		}
	}
	return f, receipts, nil
}

// Table returns a frame that has the data of all its chunks as a table.
func Table(f *frame.Frame) *codec.Table {
	t := &codec.Table{Schema: f.Schema()}
	for g, rows := range f.Rows {
		columns := make([]arrow.Array, len(f.Columns))
		for i, c := range f.Columns {
			columns[i] = c.Chunks[g].Data
		}
		t.RowGroups = append(t.RowGroups, array.NewRecord(t.Schema, columns, int64(rows)))
	}
	return t
}
