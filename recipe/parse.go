package recipe

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"edgeframe/codec"
	"edgeframe/frame"
)

// Parse reads a recipe. It checks everything that does not depend on the table: names of members, types of values,
// the operations.
func Parse(document []byte) (*Recipe, error) {
	if len(document) > MaxBytes {
		return nil, codec.Errorf(codec.ErrTooLarge, "the recipe has %d bytes; at most %d are accepted", len(document), MaxBytes)
	}
	if err := checkForm(document); err != nil {
		return nil, err
	}
	r := &reader{jsontext.NewDecoder(bytes.NewBuffer(document))}
	out := &Recipe{}
	err := r.object(map[string]func() error{
		"recipe":    r.dec.SkipValue,
		"made_by":   r.text(&out.MadeBy),
		"made_from": func() error { return r.origin(&out.From) },
		"import":    func() error { return r.imports(&out.Import) },
		"steps":     func() error { return r.steps(out) },
	})
	if err != nil {
		return nil, readable(err)
	}
	for i := range out.Steps {
		if err := out.Steps[i].prepare(); err != nil {
			return nil, out.Steps[i].inStep(i, err)
		}
	}
	return out, nil
}

// checkForm returns an error unless the document is JSON, and a recipe of a form that this program reads. It comes
// first: a later form may have other members.
func checkForm(document []byte) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(document))
	switch kind := dec.PeekKind(); {
	case len(bytes.TrimSpace(document)) == 0:
		return codec.Errorf(ErrInvalid, "the recipe is empty")
	case kind != '{' && kind != jsontext.KindInvalid:
		return codec.Errorf(ErrInvalid, `the recipe must be a JSON object; a list of operations becomes one as {"recipe": %d, "steps": [{"operations": [...]}]}`, Form)
	}
	var form, by jsontext.Value
	err := members(dec, func(name string) error {
		raw, err := dec.ReadValue()
		switch name {
		case "recipe":
			form = bytes.Clone(raw)
		case "made_by":
			by = bytes.Clone(raw)
		}
		return err
	})
	if err == nil {
		if _, err = dec.ReadToken(); err == nil {
			return codec.Errorf(ErrInvalid, "the recipe goes on after the JSON object")
		}
	}
	if err != io.EOF {
		return readable(err)
	}
	number, err := strconv.ParseUint(string(form), 10, 64)
	switch {
	case form == nil:
		return codec.Errorf(ErrInvalid, `the document is not a recipe: it has no member "recipe" with the number of its form; this program writes %d`, Form)
	case (err != nil || number == 0) && !errors.Is(err, strconv.ErrRange):
		return faulty(ErrInvalid, "/recipe", `"recipe" is %s; it must be the number of the form, %d`, codec.Shorten(string(form)), Form)
	case number > Form:
		made := ""
		if by.Kind() == '"' {
			made = ", which " + codec.Shorten(string(by)) + " wrote"
		}
		return faulty(ErrLater, "/recipe", "the recipe has the form %s%s; this program reads forms up to %d: use a later version of it", codec.Shorten(string(form)), made, Form)
	}
	return nil
}

// reader reads the members of a recipe.
type reader struct{ dec *jsontext.Decoder }

// object reads an object with these members.
func (r *reader) object(known map[string]func() error) error {
	if r.dec.PeekKind() != '{' {
		return r.mismatch("an object")
	}
	return members(r.dec, func(name string) error {
		read, ok := known[name]
		if !ok {
			return faulty(ErrInvalid, string(r.dec.StackPointer()), "the recipe cannot be read: there is no member %s at %s; the members are %s",
				codec.Quoted(name), codec.Shorten(string(r.dec.StackPointer())), strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
		return read()
	})
}

// list reads a list, whose elements element reads.
func (r *reader) list(element func() error) error {
	if r.dec.PeekKind() != '[' {
		return r.mismatch("a list")
	}
	if _, err := r.dec.ReadToken(); err != nil {
		return err
	}
	for r.dec.PeekKind() != ']' {
		if err := element(); err != nil {
			return err
		}
	}
	_, err := r.dec.ReadToken()
	return err
}

// mismatch returns the error about a value of the wrong type, which is still to be read.
func (r *reader) mismatch(takes string) error {
	if _, err := r.dec.ReadValue(); err != nil {
		return err
	}
	at := string(r.dec.StackPointer())
	return faulty(ErrInvalid, at, "the recipe cannot be read: %s must be %s", codec.Shorten(at), takes)
}

// text returns a function that reads text.
func (r *reader) text(into *string) func() error {
	return func() error {
		if r.dec.PeekKind() != '"' {
			return r.mismatch("text")
		}
		token, err := r.dec.ReadToken()
		if err == nil {
			*into = token.String()
		}
		return err
	}
}

// version returns a function that reads the number of a version.
func (r *reader) version(into *uint32) func() error {
	return func() error {
		if r.dec.PeekKind() != '0' {
			return r.mismatch("the number of a version")
		}
		token, err := r.dec.ReadToken()
		if err != nil {
			return err
		}
		n, err := strconv.ParseUint(token.String(), 10, 32)
		*into = uint32(n)
		if err != nil {
			at := string(r.dec.StackPointer())
			return faulty(ErrInvalid, at, "the recipe cannot be read: %s must be the number of a version", codec.Shorten(at))
		}
		return nil
	}
}

func (r *reader) origin(o *Origin) error {
	return r.object(map[string]func() error{
		"session": r.text(&o.Session), "version": r.version(&o.Version), "filename": r.text(&o.Filename),
	})
}

func (r *reader) imports(i *Import) error {
	return r.object(map[string]func() error{
		"format":     r.text(&i.Format),
		"parameters": func() error { return r.parameters(i) },
		"columns": func() error {
			return r.list(func() error {
				var c Column
				err := r.object(map[string]func() error{"name": r.text(&c.Name), "dtype": r.text(&c.DType)})
				i.Columns = append(i.Columns, c)
				return err
			})
		},
	})
}

// parameters reads an object of texts, numbers, true and false, and lists of them.
func (r *reader) parameters(i *Import) error {
	if r.dec.PeekKind() != '{' {
		return r.mismatch("an object")
	}
	i.Parameters = codec.Values{}
	return members(r.dec, func(name string) error {
		if r.dec.PeekKind() == '[' {
			return r.list(func() error { return r.parameter(i, name) })
		}
		return r.parameter(i, name)
	})
}

func (r *reader) parameter(i *Import, name string) error {
	switch r.dec.PeekKind() {
	case '"', '0', 't', 'f':
	default:
		return r.mismatch("text, a number, true or false, or a list of them")
	}
	token, err := r.dec.ReadToken()
	if err == nil {
		i.Parameters[name] = append(i.Parameters[name], token.String())
	}
	return err
}

func (r *reader) steps(out *Recipe) error {
	return r.list(func() error {
		if len(out.Steps) == MaxSteps {
			return codec.Errorf(ErrInvalid, "the recipe has more than %d steps", MaxSteps)
		}
		var s Step
		at, operations := "", false
		err := r.object(map[string]func() error{
			"version":  r.version(&s.Version),
			"time":     r.text(&at),
			"actor":    r.text(&s.Actor),
			"summary":  r.text(&s.Summary),
			"made":     r.text(&s.Made),
			"filename": r.text(&s.Filename),
			"operations": func() error {
				operations = true
				return r.list(func() error { return r.operation(&s) })
			},
		})
		if err != nil {
			return err
		}
		if at != "" {
			if s.Time, err = time.Parse(time.RFC3339Nano, at); err != nil {
				return s.inStep(len(out.Steps), faulty(ErrInvalid, "/time", "time is %s; it must be a time of RFC 3339", codec.Quoted(at)))
			}
		}
		switch {
		case s.Made == "" && !operations:
			return s.inStep(len(out.Steps), faulty(ErrInvalid, "", "it has no operations"))
		case s.Made != "" && made[s.Made] == "":
			return s.inStep(len(out.Steps), faulty(ErrInvalid, "/made", "made is %s; it must be one of %s", codec.Quoted(s.Made), strings.Join(slices.Sorted(maps.Keys(made)), ", ")))
		case s.Made != "" && operations:
			return s.inStep(len(out.Steps), faulty(ErrInvalid, "/operations", "it has operations, and made says that these are not known"))
		}
		out.Steps = append(out.Steps, s)
		return nil
	})
}

func (r *reader) operation(s *Step) error {
	if len(s.Operations) == frame.MaxOperations {
		return codec.Errorf(ErrInvalid, "a step of the recipe has more than %d operations", frame.MaxOperations)
	}
	raw, err := r.dec.ReadValue()
	if err != nil {
		return err
	}
	o, err := readOperation(bytes.Clone(raw))
	s.Operations = append(s.Operations, o)
	return err
}

// readable returns an error of the decoder as one for people.
func readable(err error) error {
	if err == nil || errors.As(err, new(*codec.Error)) {
		return err
	}
	syntax, ok := errors.AsType[*jsontext.SyntacticError](err)
	switch {
	case !ok:
		return codec.Errorf(ErrInvalid, "the recipe cannot be read: %v", err)
	case errors.Is(syntax, jsontext.ErrDuplicateName):
		return codec.Errorf(ErrInvalid, "the recipe cannot be read: the name %q occurs twice in an object", codec.Shorten(syntax.JSONPointer.LastToken()))
	}
	return codec.Errorf(ErrInvalid, "the recipe cannot be read: %v at byte %d", syntax.Err, syntax.ByteOffset)
}

// prepare reads the operations of a step. Those that name rows by their key are only checked, because which rows these
// are depends on the table.
func (s *Step) prepare() error {
	if len(s.Operations) == 0 {
		return nil
	}
	ops, err := readOperations(s.Operations, (*Operation).unplaced)
	if err != nil {
		return err
	}
	for i := range s.Operations {
		o := &s.Operations[i]
		if err := o.checkKeys(); err != nil {
			return inOperation(i, err)
		}
		if !o.keyed() {
			o.ready = ops[i]
		}
	}
	return nil
}

// readOperations reads operations in the form in which text returns each.
func readOperations(list []Operation, text func(*Operation) []byte) ([]frame.Operation, error) {
	joined := []byte{'['}
	for i := range list {
		if i > 0 {
			joined = append(joined, ',')
		}
		joined = append(joined, text(&list[i])...)
	}
	ops, err := frame.ReadOperations(jsontext.NewDecoder(bytes.NewBuffer(append(joined, ']'))))
	if err != nil && !errors.As(err, new(*codec.Error)) {
		return nil, fmt.Errorf("an operation cannot be read: %w", err)
	}
	return ops, err
}
