package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"edgeframe/codec"
	"edgeframe/codec/formats"
	"edgeframe/internal/budget"
	"edgeframe/session"
	"edgeframe/staging"
)

const uploadPath = "/api/v1/uploads/{id}"

// maxSelected is the largest number of sheets that one request can select. The workbook is opened once
// for each session.
const maxSelected = 100

// maxSheetList is the longest list of the sheets of a workbook, in bytes of JSON. A small file can repeat
// a long text in every cell of a preview.
const maxSheetList = 8 << 20

// stagedNote is what is stored with a workbook whose sheets have to be chosen.
type stagedNote struct {
	Filename string `json:"filename"`
	// Form has the parameters that were sent with the file.
	Form url.Values `json:"form"`
	// Sheets is the list of its sheets, as the client gets it.
	Sheets json.RawMessage `json:"sheets"`
	// Bytes is the size of the file. Notes of earlier versions lack it.
	Bytes int64 `json:"bytes,omitempty"`
	// Seconds is for how long the file is stored. Notes of earlier versions lack it.
	Seconds int64 `json:"seconds,omitempty"`
	// Creator is the actor of the scoped token that the file came with, nil if it came with none.
	Creator *string `json:"creator,omitempty"`
}

// stageUpload stages a workbook whose sheets have to be chosen, and answers with the list of the sheets.
func (s *server) stageUpload(w http.ResponseWriter, r *http.Request, up *upload, choice *codec.SheetChoice) error {
	sheets, err := sheetDocuments(choice)
	if err != nil {
		return err
	}
	lifetime, err := ttl(up.form)
	if err != nil {
		return err
	}
	lifetime = cmp.Or(lifetime, staging.StageTime)
	note := stagedNote{Filename: up.filename, Form: up.form, Sheets: sheets, Bytes: int64(len(up.body)), Seconds: int64(lifetime / time.Second), Creator: callerOf(r).creator()}
	staged, note, err := s.stage(w, r, up, note, lifetime)
	if err != nil {
		return err
	}
	w.Header().Set("Location", strings.Replace(uploadPath, "{id}", staged.ID, 1))
	return s.writeStaged(w, http.StatusAccepted, staged, note)
}

// stage stages a workbook. If the request has a key and has been sent before, it returns what is staged already.
func (s *server) stage(w http.ResponseWriter, r *http.Request, up *upload, note stagedNote, lifetime time.Duration) (*staging.Upload, stagedNote, error) {
	q := requestOf(r.Context())
	if q == nil {
		staged, err := s.staging.Stage(r.Context(), up.body, encodeJSON(note), lifetime)
		return staged, note, err
	}
	staged, repeated, err := s.staging.StageOnce(r.Context(), q.heldUpload, up.body, encodeJSON(note), lifetime)
	if err != nil || !repeated {
		return staged, note, err
	}
	w.Header().Set(headerReplay, "true")
	note = stagedNote{}
	return staged, note, json.Unmarshal(staged.Note, &note)
}

// sheetDocuments describes the sheets of a workbook, as a JSON array.
func sheetDocuments(choice *codec.SheetChoice) ([]byte, error) {
	list := make([]json.RawMessage, len(choice.Sheets))
	left, suggested := maxSheetList, choice.Suggested()
	for i := range choice.Sheets {
		var err error
		if list[i], err = sheetDocument(&choice.Sheets[i], i == suggested, left); err != nil {
			return nil, err
		}
		left -= len(list[i])
	}
	return encodeJSON(list), nil
}

// sheetDocument describes a sheet in most bytes.
func sheetDocument(sheet *codec.Sheet, suggested bool, most int) ([]byte, error) {
	preview := &previewBuffer{left: most}
	for _, name := range sheet.Columns {
		preview.left -= len(name)
	}
	if sheet.Err != nil {
		preview.WriteString("[]")
	} else if err := formats.ByName("json").Encode(preview, sheet.Preview, codec.WriteOptions{}); err != nil {
		return nil, err
	}
	doc := object{
		{"name", sheet.Name},
		{"hidden", sheet.Hidden},
		{"rows", sheet.Rows},
		{"columns", len(sheet.Columns)},
		{"column_names", append([]string{}, sheet.Columns...)},
		{"preview_data", json.RawMessage(preview.Bytes())},
		{"missing_count", sheet.Missing},
		{"score", sheet.Score()},
		{"is_suggested", suggested},
	}
	if sheet.Err != nil {
		doc = append(doc, member{"error", sheet.Err.Error()})
	}
	encoded := encodeJSON(doc)
	if len(encoded) > most {
		return nil, errSheetList
	}
	return encoded, nil
}

var errSheetList = codec.Errorf(codec.ErrTooLarge, "the list of the sheets takes more than %d bytes as JSON; name the sheets to read with sheet_name", maxSheetList)

// previewBuffer is a buffer for the bytes that are left of a list of sheets.
type previewBuffer struct {
	bytes.Buffer
	left int
}

func (b *previewBuffer) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, errSheetList
	}
	return b.Buffer.Write(p)
}

func (s *server) writeStaged(w http.ResponseWriter, status int, staged *staging.Upload, note stagedNote) error {
	var sheets []json.RawMessage
	if err := json.Unmarshal(note.Sheets, &sheets); err != nil {
		return err
	}
	return writeJSON(w, status, object{
		{"status", "selection_required"},
		{"temp_id", staged.ID},
		{"filename", note.Filename},
		{"expires_at", timestamp(staged.Expires)},
		{"ttl_seconds", cmp.Or(note.Seconds, int64(staging.StageTime/time.Second))},
		{"total_sheets", len(sheets)},
		{"sheets", note.Sheets},
	})
}

// staged returns the upload that a request is about.
func (s *server) staged(r *http.Request) (*staging.Upload, stagedNote, error) {
	var note stagedNote
	staged, err := s.staging.Find(r.Context(), r.PathValue("id"))
	if err == nil {
		// The list of the sheets is copied, and written in a buffer that grows by doubling.
		err = budget.From(r.Context()).Use(r.Context(), 5*int64(len(staged.Note)))
	}
	if err != nil {
		return nil, note, err
	}
	if err := json.Unmarshal(staged.Note, &note); err != nil {
		return nil, note, err
	}
	return staged, note, callerOf(r).mayUse(note)
}

func (s *server) getUpload(w http.ResponseWriter, r *http.Request) error {
	staged, note, err := s.staged(r)
	if err != nil {
		return err
	}
	return s.writeStaged(w, http.StatusOK, staged, note)
}

func (s *server) deleteUpload(w http.ResponseWriter, r *http.Request) error {
	staged, _, err := s.staged(r)
	if err != nil {
		return err
	}
	if err := s.staging.Discard(r.Context(), staged); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// selectSheets creates sessions from the selected sheets of a workbook: one session of all of them with
// merge, otherwise one of each. The workbook stays staged, so that other sheets can be selected later.
func (s *server) selectSheets(w http.ResponseWriter, r *http.Request) error {
	staged, note, err := s.staged(r)
	if err != nil {
		return err
	}
	var body struct {
		Selected []string `json:"selected_sheets"`
		Merge    bool     `json:"merge"`
	}
	if err := readDocument(w, r, maxDocumentBytes, false, &body); err != nil {
		return err
	}
	if n := len(body.Selected); n == 0 || n > maxSelected {
		return malformed("selected_sheets has %d sheets; name 1 to %d", n, maxSelected)
	}
	choices := slices.Collect(slices.Chunk(body.Selected, 1))
	if body.Merge {
		choices = [][]string{body.Selected}
	}
	up, err := s.stagedFile(r, staged, note)
	if err != nil {
		return err
	}
	made, err := s.createFromSheets(r, up, choices)
	if err != nil {
		return err
	}
	if len(made) == 1 {
		return s.writeCreated(w, r, made[0])
	}
	return s.writeAllCreated(w, r, made)
}

// stagedFile reads the file of a staged upload.
func (s *server) stagedFile(r *http.Request, staged *staging.Upload, note stagedNote) (*upload, error) {
	if err := budget.From(r.Context()).Reserve(r.Context(), uploadFactor*cmp.Or(note.Bytes, s.MaxUploadBytes)); err != nil {
		return nil, err
	}
	file, err := s.staging.Read(r.Context(), staged)
	return &upload{filename: note.Filename, body: file, form: note.Form, reserve: reserver(r)}, err
}

// createFromSheets creates a session from each choice of sheets. If one fails, it deletes the others.
func (s *server) createFromSheets(r *http.Request, up *upload, choices [][]string) (made []created, err error) {
	lifetime, err := ttl(up.form)
	if err != nil {
		return nil, err
	}
	if err := begin(r, ""); err != nil {
		return nil, err
	}
	if err := distinct(choices); err != nil {
		return nil, err
	}
	// Only one table at a time is in memory.
	for i, sheets := range choices {
		up.form["sheet_name"] = sheets
		c, err := s.createFromTable(r.WithContext(forSession(r.Context(), i)), up, lifetime)
		if err != nil {
			s.deleteUnfinished(r, made, err)
			return nil, err
		}
		made = append(made, c)
	}
	return made, nil
}

// distinct returns an error if two choices begin with the same sheet, which would become two sessions.
func distinct(choices [][]string) error {
	for i, sheets := range choices {
		if slices.ContainsFunc(choices[:i], func(c []string) bool { return c[0] == sheets[0] }) {
			return badParameter("the sheet %q is named twice; name each sheet once", codec.Shorten(sheets[0]))
		}
	}
	return nil
}

// deleteUnfinished deletes the sessions that a request has created which failed with err, even if its client has
// disconnected. Errors are ignored, because sessions that stay expire. If the request has a key and may succeed
// when it is repeated, they stay: the repeat makes the others.
func (s *server) deleteUnfinished(r *http.Request, made []created, err error) {
	status := toProblem(err).Status
	if requestOf(r.Context()) != nil && (status >= http.StatusInternalServerError || status == http.StatusTooManyRequests) {
		return
	}
	for _, c := range made {
		if c.session.Replayed {
			continue
		}
		_ = s.Sessions.Delete(context.WithoutCancel(r.Context()), session.Ref{ID: c.session.ID}, nil)
	}
}

func (s *server) createFromTable(r *http.Request, up *upload, lifetime time.Duration) (created, error) {
	t, err := s.table(up)
	if err != nil {
		return created{}, err
	}
	sess, err := s.Sessions.Create(r.Context(), t, up.filename, lifetime, up.source(func() codec.Receipt { return t.Receipt }))
	if err != nil {
		return created{}, err
	}
	return s.made(sess, up.format, t.Receipt)
}

// writeAllCreated answers with the documents of several new sessions.
func (s *server) writeAllCreated(w http.ResponseWriter, r *http.Request, made []created) error {
	docs := make([]object, len(made))
	for i, c := range made {
		further, err := s.createdMembers(r, c)
		if err != nil {
			return err
		}
		if docs[i], _, err = s.sessionDocument(r, c.session, further...); err != nil {
			return err
		}
	}
	if !slices.ContainsFunc(made, func(c created) bool { return !c.session.Replayed }) {
		setReplay(w, made[0].session)
	}
	return writeJSON(w, http.StatusCreated, object{{"status", "ready"}, {"sessions", docs}})
}
