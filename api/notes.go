package api

import (
	"net/http"

	"edgeframe/session"
)

func (s *server) getMissing(w http.ResponseWriter, r *http.Request) error {
	sess, err := s.open(r, session.PrefetchMarks)
	if err != nil {
		return err
	}
	return s.writeMissing(w, r, sess)
}

func (s *server) writeMissing(w http.ResponseWriter, r *http.Request, sess *session.Session) error {
	sess, marks, err := s.Sessions.Marks(r.Context(), sess)
	if err != nil {
		return err
	}
	schema, _, err := s.Sessions.Schema(sess)
	if err != nil {
		return err
	}
	setState(w, sess)
	return writeJSON(w, http.StatusOK, object{{"intentional_missing", marksDocument(schema, marks)}})
}

func (s *server) putMissing(w http.ResponseWriter, r *http.Request) error {
	return s.setMissing(w, r, false)
}

func (s *server) patchMissing(w http.ResponseWriter, r *http.Request) error {
	return s.setMissing(w, r, true)
}

func (s *server) setMissing(w http.ResponseWriter, r *http.Request, merge bool) error {
	c, err := change(r)
	if err != nil {
		return err
	}
	marks, err := readMarks(w, r, s.MaxUploadBytes)
	if err != nil {
		return err
	}
	sess, err := s.Sessions.SetMarks(r.Context(), c, marks, merge)
	if err != nil {
		return err
	}
	return s.writeMissing(w, r, sess)
}

func (s *server) getAudit(w http.ResponseWriter, r *http.Request) error {
	sess, err := s.open(r, session.PrefetchAudit)
	if err != nil {
		return err
	}
	return s.writeAudit(w, r, http.StatusOK, sess)
}

func (s *server) writeAudit(w http.ResponseWriter, r *http.Request, status int, sess *session.Session) error {
	entries, initialRows, err := s.Sessions.Audit(r.Context(), sess)
	if err != nil {
		return err
	}
	lines := make([]string, len(entries))
	for i, e := range entries {
		lines[i] = e.String()
	}
	setState(w, sess)
	return writeJSON(w, status, object{{"entries", lines}, {"initial_rows", initialRows}})
}

func (s *server) addAudit(w http.ResponseWriter, r *http.Request) error {
	c, err := change(r)
	if err != nil {
		return err
	}
	var body struct {
		Entry string `json:"entry"`
	}
	if err := readDocument(w, r, maxDocumentBytes, false, &body); err != nil {
		return err
	}
	sess, err := s.Sessions.AddAudit(r.Context(), c, body.Entry)
	if err != nil {
		return err
	}
	return s.writeAudit(w, r, http.StatusCreated, sess)
}
