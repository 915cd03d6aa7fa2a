package api

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"edgeframe/codec"
	"edgeframe/frame"
	"edgeframe/internal/budget"
	"edgeframe/recipe"
	"edgeframe/session"
)

// recipeFactor is about how many times the size of a recipe it takes in memory: its text, the operations with
// their texts, and the text that is sent.
const recipeFactor = 4

// getRecipe answers with the recipe of a version. It does not make it for HEAD.
func (s *server) getRecipe(w http.ResponseWriter, r *http.Request) error {
	q := queryOf(r)
	of, err := versionOf(q)
	if err != nil {
		return err
	}
	sess, err := s.open(r, session.PrefetchNothing)
	if err != nil {
		return err
	}
	ver, err := versionFound(sess, of)
	if err != nil {
		return err
	}
	representation := "recipe " + strconv.Itoa(recipe.Form) + " " + s.Backend.Version + " " + strconv.Quote(sess.Filename)
	for _, column := range q["key"] {
		representation += " " + strconv.Quote(column)
	}
	setState(w, sess)
	if notModified(w, r, dataTag(ver, representation)) {
		return nil
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	if r.Method == http.MethodHead {
		return nil
	}
	made, err := s.recipeOf(r.Context(), sess, ver, q["key"])
	if err != nil {
		return err
	}
	document, err := made.Document()
	if err != nil {
		return err
	}
	h.Set("Content-Length", strconv.Itoa(len(document)))
	send(w, document)
	return nil
}

// versionFound returns the version of a session that is meant.
func versionFound(sess *session.Session, of session.VersionRef) (session.Version, error) {
	id, err := sess.Resolve(of)
	if err != nil {
		return session.Version{}, err
	}
	return sess.Version(id)
}

// recipeOf returns the recipe of a version. Where its steps name rows by position, they get the values of the rows in
// the columns of key, unless there are none.
func (s *server) recipeOf(ctx context.Context, sess *session.Session, ver session.Version, key []string) (*recipe.Recipe, error) {
	lineage, err := s.Sessions.Lineage(ctx, sess, ver.ID)
	if err != nil {
		return nil, err
	}
	size := int64(0)
	for _, st := range lineage {
		size += int64(len(st.Operations))
	}
	if err := budget.From(ctx).Use(ctx, recipeFactor*size); err != nil {
		return nil, err
	}
	first, further, err := beginning(lineage, ver.ID)
	if err != nil {
		return nil, err
	}
	made := &recipe.Recipe{
		MadeBy: "edgeframe " + s.Backend.Version,
		From:   recipe.Origin{Session: sess.ID, Version: ver.ID, Filename: sess.Filename},
	}
	if made.Import, err = importOf(first.Source); err != nil {
		return nil, err
	}
	for _, st := range further {
		step, ok, err := recipeStep(st)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		if key != nil {
			if err := s.nameRows(ctx, sess, st.Parent, &step, key); err != nil {
				return nil, inVersion(st.Version, err)
			}
		}
		made.Steps = append(made.Steps, step)
	}
	return made, nil
}

// beginning divides the steps to a version into the one that read the file and those after it. A replacement of the
// table makes what was before it irrelevant, unless marks may have been carried over.
func beginning(lineage []session.Step, version uint32) (first session.Step, further []session.Step, err error) {
	if len(lineage) == 0 || lineage[0].Kind != session.StepCreate {
		return first, nil, problemf(http.StatusUnprocessableEntity, "recipe_incomplete", "it is not known how version %d came about: it was made by an earlier release, or it has too many steps; upload the table again to begin anew", version)
	}
	at := 0
	for i, st := range lineage {
		if st.Kind == session.StepReplace {
			at = i
		}
		if mayMark(st) {
			break
		}
	}
	return lineage[at], lineage[at+1:], nil
}

// mayMark reports whether a step may have marked cells as missing on purpose.
func mayMark(st session.Step) bool {
	switch st.Kind {
	case session.StepMarks:
		return true
	case session.StepEdit:
		return st.Operations == nil || bytes.Contains(st.Operations, []byte("mark_missing"))
	}
	return false
}

// recipeStep returns a step of a session as one of a recipe. ok is false if it has changed nothing.
func recipeStep(st session.Step) (step recipe.Step, ok bool, err error) {
	step = recipe.Step{Version: st.Version, Time: st.Time, Actor: st.Actor, Summary: st.Summary}
	switch st.Kind {
	case session.StepSnapshot, session.StepRestore:
		return step, false, nil
	case session.StepEdit:
		if st.Operations == nil {
			step.Made = recipe.Unknown
			return step, true, nil
		}
		step.Operations, err = recipe.ReadOperations(st.Operations)
		return step, true, err
	}
	step.Made = st.Kind.String()
	if st.Source != nil {
		read, err := readSource(st.Source)
		if err != nil {
			return step, false, err
		}
		step.Filename = read.filename
	}
	return step, true, nil
}

// nameRows names the rows of a step by their key. from is the version that it started from.
func (s *server) nameRows(ctx context.Context, sess *session.Session, from uint32, step *recipe.Step, key []string) error {
	if !slices.ContainsFunc(step.Operations, func(o recipe.Operation) bool { return o.Positional() }) {
		return nil
	}
	err := s.Sessions.Use(ctx, sess, from, func(f *frame.Frame) error { return step.NameRows(f, key) })
	if errors.Is(err, session.ErrVersionNotFound) {
		return codec.Errorf(recipe.ErrPositional, "it names rows by position, and version %d, in which they are, is not kept any more; name such versions to keep them, or ask for the recipe without key", from)
	}
	return err
}

// inVersion adds the version to an error about the step that made it.
func inVersion(version uint32, err error) error {
	if e, ok := errors.AsType[*codec.Error](err); ok {
		return &codec.Error{Kind: e.Kind, Err: e.Err, Detail: "the step of version " + strconv.FormatUint(uint64(version), 10) + ": " + e.Detail}
	}
	return err
}

// importOf returns how a file was read, from what is kept about it.
func importOf(of *session.Source) (recipe.Import, error) {
	if of == nil {
		// The table was no file.
		return recipe.Import{}, nil
	}
	read, err := readSource(of)
	if err == nil && read.parametersCut {
		err = problemf(http.StatusUnprocessableEntity, "recipe_incomplete", "the parameters by which the file was read were too long to be kept")
	}
	return read.Import, err
}

// sourceRead is what the document about a file says.
type sourceRead struct {
	recipe.Import
	filename      string
	parametersCut bool
}

// readSource reads the document about a file; see [source].
func readSource(of *session.Source) (read sourceRead, err error) {
	document, err := of.Document()
	if err != nil {
		return read, err
	}
	cut := false
	dec := jsontext.NewDecoder(bytes.NewBuffer(document))
	err = eachMember(dec, func(dec *jsontext.Decoder, name string) error {
		switch name {
		case "filename":
			return textMember(dec, name, &read.filename)
		case "format":
			return textMember(dec, name, &read.Format)
		case "parameters":
			read.Parameters = codec.Values{}
			return readLists(dec, read.Parameters)
		case "parameters_cut":
			read.parametersCut = true
		case "cut":
			cut = true
		case "columns":
			return eachMember(dec, func(dec *jsontext.Decoder, name string) error {
				c := recipe.Column{Name: name}
				err := eachMember(dec, func(dec *jsontext.Decoder, name string) error {
					if name == "dtype" {
						return textMember(dec, name, &c.DType)
					}
					return dec.SkipValue()
				})
				read.Columns = append(read.Columns, c)
				return err
			})
		}
		return dec.SkipValue()
	})
	if cut {
		read.Columns = nil // some are missing
	}
	return read, err
}

// readLists reads an object of lists of texts.
func readLists(dec *jsontext.Decoder, into codec.Values) error {
	return eachMember(dec, func(dec *jsontext.Decoder, name string) error {
		if _, err := dec.ReadToken(); err != nil {
			return err
		}
		for dec.PeekKind() != ']' {
			var value string
			if err := textMember(dec, name, &value); err != nil {
				return err
			}
			into[name] = append(into[name], value)
		}
		_, err := dec.ReadToken()
		return err
	})
}
