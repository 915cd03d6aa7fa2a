package api

import (
	"encoding/json"
	"errors"
	"net/http"

	"edgeframe/codec"
	"edgeframe/session"
)

// created is a new session with the receipt of the file that it was made from, or, if it was made from a query,
// with what from says about that.
type created struct {
	session       *session.Session
	receipt, from object
	// replayed says what a recipe has done, if one was replayed on the file.
	replayed object
}

// origin is the member of the document of a new session that says what it was made from.
func (c created) origin() member {
	if c.from != nil {
		return member{"from", c.from}
	}
	return member{"upload", c.receipt}
}

func (s *server) createSession(w http.ResponseWriter, r *http.Request) error {
	create := s.createFromFile
	switch {
	case s.isLongStream(r):
		create = s.createFromStream
	case isFrom(r):
		create = s.createFromQuery
	}
	return create(w, r)
}

// writeCreated answers with the document of a new session.
func (s *server) writeCreated(w http.ResponseWriter, r *http.Request, c created) error {
	w.Header().Set("Location", "/api/v1/sessions/"+c.session.ID)
	setReplay(w, c.session)
	further, err := s.createdMembers(r, c)
	if err != nil {
		return err
	}
	return s.writeSession(w, r, http.StatusCreated, c.session, further...)
}

// createFromFile creates a session from a file that is read as a whole. A workbook of several sheets
// is stored until the client has selected sheets.
func (s *server) createFromFile(w http.ResponseWriter, r *http.Request) error {
	up, err := s.readUpload(w, r, createParams)
	if err != nil {
		return err
	}
	lifetime, err := ttl(up.form)
	if err != nil {
		return err
	}
	preview, err := previewOf(up.form)
	if err != nil {
		return err
	}
	if up.recipe, err = s.recipeOfUpload(r, up); err != nil {
		return err
	}
	if err := begin(r, ""); err != nil {
		return err
	}
	opt, err := s.understand(up)
	if err != nil {
		return err
	}
	table, groups, err := decode(up, opt)
	if up.recipe != nil {
		return s.createReplayed(w, r, up, preview, lifetime, table, groups, err)
	}
	if preview.dry {
		return s.previewUpload(w, r, up, preview, table, groups, err)
	}
	if choice, ok := errors.AsType[*codec.SheetChoice](err); ok {
		return s.stageUpload(w, r, up, choice)
	}
	if err != nil {
		return err
	}
	if groups != nil {
		sess, err := s.Sessions.CreateFrom(r.Context(), groups, up.filename, lifetime, up.source(groups.Receipt))
		if err != nil {
			return err
		}
		return s.writeMade(w, r, sess, up.format, groups.Receipt())
	}
	sess, err := s.Sessions.Create(r.Context(), table, up.filename, lifetime, up.source(func() codec.Receipt { return table.Receipt }))
	if err != nil {
		return err
	}
	return s.writeMade(w, r, sess, up.format, table.Receipt)
}

// longRows is the number of rows above which a file is stored row group by row group. This takes a round
// trip for each row group, and saves memory.
const longRows = 16 * codec.RowGroupRows

// decode reads a file: as a table or, if it is long and its format allows it, as row groups, which need
// not be in memory all at once.
func decode(up *upload, opt codec.ReadOptions) (*codec.Table, *codec.Reader, error) {
	if !up.format.Streams() {
		table, err := up.format.Decode(up.body, opt)
		return table, nil, err
	}
	in, err := up.format.Open(up.body, opt)
	if err != nil {
		return nil, nil, err
	}
	if in.Rows > longRows && opt.DTypes == nil {
		return nil, in, nil
	}
	table, err := in.Table()
	return table, nil, err
}

// writeMade answers with the document of a session that was created from a whole file.
func (s *server) writeMade(w http.ResponseWriter, r *http.Request, sess *session.Session, format *codec.Format, of codec.Receipt) error {
	c, err := s.made(sess, format, of)
	if err != nil {
		return err
	}
	return s.writeCreated(w, r, c)
}

// made returns a session that was created from a whole file, with its receipt.
func (s *server) made(sess *session.Session, format *codec.Format, of codec.Receipt) (created, error) {
	if sess.Replayed {
		// Its receipt was in the first answer. The session may have other columns by now.
		return created{session: sess}, nil
	}
	schema, missing, err := s.Sessions.Schema(sess)
	return created{session: sess, receipt: receipt(format, of, schema, missing)}, err
}

func (s *server) getSession(w http.ResponseWriter, r *http.Request) error {
	sess, err := s.open(r, session.PrefetchNothing)
	if err != nil {
		return err
	}
	setState(w, sess)
	if notModified(w, r, sessionTag(sess)) {
		return nil
	}
	return s.writeSession(w, r, http.StatusOK, sess)
}

// open returns the session of a request that reads, and extends it unless touch=false. prefetch says what the
// request will read.
func (s *server) open(r *http.Request, prefetch session.Prefetch) (*session.Session, error) {
	to, err := ref(r)
	if err != nil {
		return nil, err
	}
	touch, err := boolean(queryOf(r), "touch", true)
	if err != nil {
		return nil, err
	}
	if !touch {
		return s.Sessions.Peek(r.Context(), to)
	}
	return s.Sessions.Open(r.Context(), to, prefetch)
}

func (s *server) patchSession(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Filename *string         `json:"filename"`
		Metadata json.RawMessage `json:"metadata"`
	}
	return s.change(w, r, func(c session.Change) (*session.Session, error) {
		if err := readDocument(w, r, maxDocumentBytes, false, &body); err != nil {
			return nil, err
		}
		if body.Filename != nil {
			*body.Filename = baseName(*body.Filename)
		}
		return s.Sessions.UpdateInfo(r.Context(), c, body.Filename, body.Metadata)
	})
}

func (s *server) deleteSession(w http.ResponseWriter, r *http.Request) error {
	c, err := change(r)
	if err != nil {
		return err
	}
	if err := s.Sessions.Delete(r.Context(), c.Ref, c.Pre); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *server) touchSession(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Seconds *int64 `json:"ttl_seconds"`
	}
	return s.change(w, r, func(c session.Change) (*session.Session, error) {
		if err := readDocument(w, r, maxDocumentBytes, true, &body); err != nil {
			return nil, err
		}
		lifetime, err := touchTTL(r.URL.Query(), body.Seconds)
		if err != nil {
			return nil, err
		}
		return s.Sessions.Touch(r.Context(), c.Ref, c.Pre, lifetime)
	})
}

// change runs a change of the request's session and answers with the session document.
func (s *server) change(w http.ResponseWriter, r *http.Request, run func(session.Change) (*session.Session, error)) error {
	c, err := change(r)
	if err != nil {
		return err
	}
	sess, err := run(c)
	if err != nil {
		return err
	}
	return s.writeChanged(w, r, http.StatusOK, sess)
}
