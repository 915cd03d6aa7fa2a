package api

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"edgeframe/access"
	"edgeframe/codec"
	"edgeframe/frame"
	"edgeframe/internal/budget"
	"edgeframe/recipe"
	"edgeframe/session"
)

// replaying is a recipe that is replayed on an uploaded file.
type replaying struct {
	*recipe.Recipe
	// parameters are those by which the file was read, left the names of those that its format does not take.
	parameters codec.Values
	left       []string
	// differences are those of its columns, receipts what the steps have done.
	differences recipe.Differences
	receipts    []recipe.Receipt
}

// recipeOfUpload returns the recipe that an upload names, nil if it names none.
func (s *server) recipeOfUpload(r *http.Request, up *upload) (*replaying, error) {
	given := up.form.Get("recipe")
	if given == "" {
		return nil, nil
	}
	delete(up.form, "recipe")
	var of *recipe.Recipe
	var err error
	if text := strings.TrimSpace(given); strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") {
		if err = budget.From(r.Context()).Use(r.Context(), recipeFactor*int64(len(given))); err == nil {
			of, err = recipe.Parse([]byte(given))
		}
	} else {
		of, err = s.recipeOfSession(r, given)
	}
	if err == nil {
		err = of.Check()
	}
	if err != nil {
		return nil, err
	}
	return &replaying{Recipe: of}, nil
}

// recipeOfSession returns the recipe of a session, which is named as id, or as id@ with a version.
func (s *server) recipeOfSession(r *http.Request, name string) (*recipe.Recipe, error) {
	if t := callerOf(r).token; t != nil && !t.Scope.Has(access.Read) {
		return nil, insufficientScope(access.Read, "the token has the scope %q; a recipe of a session needs %q as well", t.Scope, access.Read)
	}
	to, err := ref(r)
	if err != nil {
		return nil, err
	}
	id, version, named := strings.Cut(name, "@")
	to.ID = id
	var of session.VersionRef
	if named {
		if of, err = session.ParseVersion("recipe", version); err != nil {
			// Names look neither like ids nor like times.
			of, err = session.ParseVersion("recipe", "@"+version)
		}
		if err != nil {
			return nil, badParameter("recipe=%s is not accepted; it must be the document of a recipe, the id of a session, or id@ with the id, the name or the time of a version", codec.Shorten(name))
		}
	}
	sess, err := s.Sessions.Open(r.Context(), to, session.PrefetchNothing)
	if err != nil {
		return nil, err
	}
	ver, err := versionFound(sess, of)
	if err != nil {
		return nil, err
	}
	return s.recipeOf(r.Context(), sess, ver, nil)
}

// fill gives an upload the reading parameters of the recipe. Those that the request has take precedence.
func (p *replaying) fill(up *upload) error {
	for name := range p.Import.Parameters {
		if !slices.Contains(parseParams, name) {
			return codec.Errorf(recipe.ErrInvalid, "the recipe has the reading parameter %s, which no format takes", codec.Quoted(name))
		}
	}
	given, left := p.Given(codec.Values(up.form), up.format)
	p.left = left
	maps.Copy(up.form, given)
	p.parameters = readingParameters(up)
	return nil
}

// readingParameters returns the parameters by which a file is read.
func readingParameters(up *upload) codec.Values {
	given := codec.Values{}
	for _, name := range parseParams {
		if up.form.Has(name) {
			given[name] = up.form[name]
		}
	}
	return given
}

// run applies a step to a frame.
func (p *replaying) run(step int, f *frame.Frame) (session.Done, error) {
	done, err := p.Apply(step, f)
	if err != nil {
		return session.Done{}, p.failed(err)
	}
	p.receipts = append(p.receipts, done)
	return session.Done{Summary: cmp.Or(p.Steps[step].Summary, done.Summary), Operations: p.Steps[step].JSON()}, nil
}

// missingColumns are columns that a file lacks.
type missingColumns struct {
	error
	faults []fault
}

// Unwrap returns the error of the step.
func (m *missingColumns) Unwrap() error { return m.error }

// failed adds to the error of a step which columns the file lacks: other steps may need them too.
func (p *replaying) failed(err error) error {
	if !errors.Is(err, frame.ErrColumnNotFound) || len(p.differences.Missing) == 0 {
		return err
	}
	m := &missingColumns{error: err}
	for _, c := range p.differences.Missing[:min(len(p.differences.Missing), maxMissing)] {
		m.faults = append(m.faults, fault{Pointer: "/import/columns", Column: c.Name, Expected: cmp.Or(c.Nearest, "a column of the file")})
	}
	return m
}

// maxMissing is the largest number of missing columns that a problem document names.
const maxMissing = 100

// createReplayed creates a session from a file and the recipe of its upload. The file was decoded with err as a table or
// as row groups.
func (s *server) createReplayed(w http.ResponseWriter, r *http.Request, up *upload, view preview, lifetime time.Duration, table *codec.Table, groups *codec.Reader, err error) error {
	if choice, ok := errors.AsType[*codec.SheetChoice](err); ok {
		return badParameter("the workbook has %d sheets, and the recipe does not say which to read; give sheet_name", len(choice.Sheets))
	}
	if err == nil && groups != nil {
		table, err = groups.Table()
	}
	if err != nil {
		return err
	}
	if view.dry {
		return s.previewReplayed(w, r, up, view, table)
	}
	p := up.recipe
	p.differences = p.Compare(table.Schema)
	imported := func() codec.Receipt { return table.Receipt }
	sess, versions, err := s.Sessions.CreateReplayed(r.Context(), table, up.filename, lifetime, up.source(imported), len(p.Steps), p.run)
	if err != nil {
		return err
	}
	c := created{session: sess}
	if !sess.Replayed {
		c.receipt = receipt(up.format, table.Receipt, table.Schema, missingValues(table))
		c.replayed = p.document(versions)
	}
	return s.writeCreated(w, r, c)
}

// previewReplayed answers with what would become of a table by the recipe of its upload.
func (s *server) previewReplayed(w http.ResponseWriter, r *http.Request, up *upload, view preview, table *codec.Table) error {
	p := up.recipe
	p.differences = p.Compare(table.Schema)
	f := frame.FromTable(table, s.Sessions.Limits())
	f.Context, f.Reserve = r.Context(), up.reserve
	f, receipts, err := p.Replay(f)
	if err != nil {
		return p.failed(err)
	}
	p.receipts = receipts
	doc, err := view.document(r, up, recipe.Table(f).Open(nil), func() codec.Receipt { return codec.Receipt{} })
	if err != nil {
		return err
	}
	doc[len(doc)-1] = member{"upload", receipt(up.format, table.Receipt, table.Schema, missingValues(table))}
	return writeJSON(w, http.StatusOK, append(doc, member{"recipe", p.document(nil)}))
}

// document says what a replay has done. versions are those that its steps made, nil if it made none.
func (p *replaying) document(versions []uint32) object {
	steps := make([]object, len(p.receipts))
	for i, done := range p.receipts {
		steps[i] = object{
			{"summary", cmp.Or(p.Steps[i].Summary, done.Summary)},
			{"rows_before", done.RowsBefore},
			{"rows_after", done.RowsAfter},
			{"operations", effectDocuments(done.Operations)},
		}
		if versions != nil && versions[i] > 0 {
			steps[i] = append(object{{"version_id", versions[i]}}, steps[i]...)
		}
	}
	return object{
		{"steps", steps},
		{"parameters", parametersDocument(p.parameters)},
		{"parameters_left", append([]string{}, p.left...)},
		{"differences", differencesDocument(&p.differences)},
	}
}

// parametersDocument has the values of each parameter as a list.
func parametersDocument(given codec.Values) object {
	doc := object{}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		doc = append(doc, member{name, given[name]})
	}
	return doc
}

func differencesDocument(d *recipe.Differences) object {
	missing, added, retyped := make([]object, len(d.Missing)), make([]object, len(d.Added)), make([]object, len(d.Retyped))
	for i, c := range d.Missing {
		missing[i] = object{{"column", c.Name}, {"dtype", c.DType}}
		if c.Nearest != "" {
			missing[i] = append(missing[i], member{"nearest", c.Nearest})
		}
	}
	for i, c := range d.Added {
		added[i] = object{{"column", c.Name}, {"dtype", c.DType}}
	}
	for i, c := range d.Retyped {
		retyped[i] = object{{"column", c.Name}, {"dtype_before", c.Was}, {"dtype", c.Is}}
	}
	return object{{"missing", missing}, {"added", added}, {"retyped", retyped}}
}
