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
	return s.writeVersions(w, http.StatusOK, sess)
}

func (s *server) writeVersions(w http.ResponseWriter, status int, sess *session.Session) error {
	list := make([]object, len(sess.Versions))
	for i := range sess.Versions {
		var err error
		if list[i], err = s.versionDocument(sess, &sess.Versions[i]); err != nil {
			return err
		}
	}
	setState(w, sess)
	return writeJSON(w, status, object{{"current_version", sess.Current.ID}, {"versions", list}})
}

// versionDocument returns the object of a version in the list of versions.
func (s *server) versionDocument(sess *session.Session, ver *session.Version) (object, error) {
	parts, err := s.versionParts(sess, ver)
	if err != nil {
		return nil, err
	}
	doc := object{{"", parts.summary}, {"", parts.rest}}
	if ver.Name != "" {
		doc = append(doc, member{"name", ver.Name})
	}
	if ver.Source != nil && ver.Source.Version == ver.ID {
		source, err := s.sourceDocument(ver.Source)
		if err != nil {
			return nil, err
		}
		doc = append(doc, member{"source", source})
	}
	return doc, nil
}

// versionInPath returns the version that the path of a request names.
func versionInPath(r *http.Request) (session.VersionRef, error) {
	text := r.PathValue("version")
	if id, err := strconv.ParseUint(text, 10, 32); err == nil && id == 0 {
		return session.VersionRef{}, problemf(http.StatusNotFound, "version_not_found", "version 0 does not exist; versions begin at 1")
	}
	of, err := session.ParseVersion("version", text)
	if err != nil {
		return of, badParameter("%q is not a version id; it must be a whole number, @ and the name of a version, or a time such as 2026-01-31T09:30:00Z", codec.Shorten(text))
	}
	return of, nil
}

// getVersion answers with a version and how it was made.
func (s *server) getVersion(w http.ResponseWriter, r *http.Request) error {
	of, err := versionInPath(r)
	if err != nil {
		return err
	}
	sess, err := s.open(r, session.PrefetchNothing)
	if err != nil {
		return err
	}
	id, err := sess.Resolve(of)
	if err != nil {
		return err
	}
	ver, err := sess.Version(id)
	if err != nil {
		return err
	}
	step, err := s.Sessions.Step(r.Context(), sess, id)
	if err != nil {
		return err
	}
	doc, err := s.versionDocument(sess, &ver)
	if err != nil {
		return err
	}
	doc = append(doc, member{"kind", step.Kind.String()})
	if step.Parent > 0 {
		doc = append(doc, member{"parent", step.Parent})
	}
	if step.Key != nil {
		doc = append(doc, member{"key", step.Key})
	}
	if step.Operations != nil {
		doc = append(doc, member{"operations", compact(step.Operations)})
	}
	setState(w, sess)
	return writeJSON(w, http.StatusOK, doc)
}

func (s *server) nameVersion(w http.ResponseWriter, r *http.Request) error {
	return s.setName(w, r, func() (string, error) {
		var body struct {
			Name string `json:"name"`
		}
		err := readDocument(w, r, maxDocumentBytes, false, &body)
		if err == nil && body.Name == "" {
			err = malformed("the document has no \"name\"; give the version one, or take it away with DELETE")
		}
		return body.Name, err
	})
}

func (s *server) unnameVersion(w http.ResponseWriter, r *http.Request) error {
	return s.setName(w, r, func() (string, error) { return "", nil })
}

// setName gives a version the name that read returns, and answers with the versions.
func (s *server) setName(w http.ResponseWriter, r *http.Request, read func() (string, error)) error {
	of, err := versionInPath(r)
	if err != nil {
		return err
	}
	c, err := change(r)
	if err != nil {
		return err
	}
	name, err := read()
	if err != nil {
		return err
	}
	sess, err := s.Sessions.Name(r.Context(), c, of, name)
	if err != nil {
		return err
	}
	setReplay(w, sess)
	return s.writeVersions(w, http.StatusOK, sess)
}

// versionParts are members of the object of a version: those that the session document has too, and the rest without
// the source.
type versionParts struct{ summary, rest members }

// versionParts returns the members of the object of a version, which are kept.
func (s *server) versionParts(sess *session.Session, ver *session.Version) (parts versionParts, err error) {
	key := versionKey("version", sess, ver)
	if kept, ok := s.encoded.parts.Get(key); ok {
		return versionParts{kept[0], kept[1]}, nil
	}
	parts.summary, err = encodeMembers(object{
		{"version_id", ver.ID},
		{"timestamp", timestamp(ver.Time)},
		{"action_summary", ver.Summary},
		{"rows_before", ver.RowsBefore},
		{"rows_after", ver.Rows},
	})
	if err != nil {
		return parts, err
	}
	rest := object{
		{"shape", []int64{ver.Rows, int64(ver.Columns)}},
		{"stored_bytes", ver.StoredBytes},
		{"new_bytes", ver.NewBytes},
	}
	if ver.Actor != "" {
		rest = append(rest, member{"actor", ver.Actor})
	}
	if parts.rest, err = encodeMembers(rest); err == nil {
		s.encoded.keepParts(key, []members{parts.summary, parts.rest})
	}
	return parts, err
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
	return s.writeVersions(w, http.StatusCreated, sess)
}

func (s *server) restore(w http.ResponseWriter, r *http.Request) error {
	of, err := versionInPath(r)
	if err != nil {
		return err
	}
	return s.change(w, r, func(c session.Change) (*session.Session, error) {
		var body summaryBody
		if err := readDocument(w, r, maxDocumentBytes, true, &body); err != nil {
			return nil, err
		}
		c.Summary = body.Summary
		return s.Sessions.RestoreFrom(r.Context(), c, of)
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
