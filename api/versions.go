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
		ver := &sess.Versions[i]
		parts, err := s.versionParts(sess, ver)
		if err != nil {
			return err
		}
		list[i] = object{{"", parts.summary}, {"", parts.rest}}
		if ver.Source != nil && ver.Source.Version == ver.ID {
			source, err := s.sourceDocument(ver.Source)
			if err != nil {
				return err
			}
			list[i] = append(list[i], member{"source", source})
		}
	}
	setState(w, sess)
	return writeJSON(w, status, object{{"current_version", sess.Current.ID}, {"versions", list}})
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
