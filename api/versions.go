package api

import (
	"net/http"
	"strconv"

	"edgeframe/codec"
	"edgeframe/session"
)

func (s *server) getVersions(w http.ResponseWriter, r *http.Request) error {
	sess, err := s.open(r, session.PrefetchNothing)
	if err != nil {
		return err
	}
	return writeVersions(w, http.StatusOK, sess)
}

func writeVersions(w http.ResponseWriter, status int, sess *session.Session) error {
	list := make([]object, len(sess.Versions))
	for i, ver := range sess.Versions {
		list[i] = append(summary(ver),
			member{"shape", []int64{ver.Rows, int64(ver.Columns)}},
			member{"stored_bytes", ver.StoredBytes},
			member{"new_bytes", ver.NewBytes},
		)
		if ver.Actor != "" {
			list[i] = append(list[i], member{"actor", ver.Actor})
		}
		if ver.Source != nil && ver.Source.Version == ver.ID {
			source, err := sourceDocument(ver.Source)
			if err != nil {
				return err
			}
			list[i] = append(list[i], member{"source", source})
		}
	}
	setState(w, sess)
	return writeJSON(w, status, object{{"current_version", sess.Current.ID}, {"versions", list}})
}

// summaryBody is the optional body of requests that make a version without new data.
type summaryBody struct {
	Summary string `json:"action_summary"`
}

func (s *server) snapshot(w http.ResponseWriter, r *http.Request) error {
	c, err := change(r)
	if err != nil {
		return err
	}
	var body summaryBody
	if err := readDocument(w, r, maxDocumentBytes, true, &body); err != nil {
		return err
	}
	c.Summary = body.Summary
	sess, err := s.Sessions.Snapshot(r.Context(), c)
	if err != nil {
		return err
	}
	setReplay(w, sess)
	return writeVersions(w, http.StatusCreated, sess)
}

func (s *server) restore(w http.ResponseWriter, r *http.Request) error {
	id, err := strconv.ParseUint(r.PathValue("version"), 10, 32)
	if err != nil {
		return badParameter("%q is not a version id; it must be a whole number", codec.Shorten(r.PathValue("version")))
	}
	return s.change(w, r, func(c session.Change) (*session.Session, error) {
		var body summaryBody
		if err := readDocument(w, r, maxDocumentBytes, true, &body); err != nil {
			return nil, err
		}
		c.Summary = body.Summary
		return s.Sessions.Restore(r.Context(), c, uint32(id))
	})
}

func (s *server) undo(w http.ResponseWriter, r *http.Request) error {
	return s.change(w, r, func(c session.Change) (*session.Session, error) {
		return s.Sessions.Undo(r.Context(), c)
	})
}

func (s *server) redo(w http.ResponseWriter, r *http.Request) error {
	return s.change(w, r, func(c session.Change) (*session.Session, error) {
		return s.Sessions.Redo(r.Context(), c)
	})
}
