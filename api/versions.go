package api

import (
	"net/http"
	"slices"
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
	listed, err := s.listedVersions(sess)
	if err != nil {
		return err
	}
	list := make([]object, len(listed))
	for i := range listed {
		if list[i], err = s.versionDocument(&listed[i], &sess.Versions[i]); err != nil {
			return err
		}
	}
	setState(w, sess)
	return writeJSON(w, status, object{{"current_version", sess.Current.ID}, {"versions", list}})
}

// versionDocument returns the object of a version in the list of versions.
func (s *server) versionDocument(listed *listedVersion, ver *session.Version) (object, error) {
	doc := slices.Clip(listed.whole)
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
	listed, err := listVersion(&ver)
	if err != nil {
		return err
	}
	doc, err := s.versionDocument(&listed, &ver)
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

// listedVersion is a version as it is listed. Nobody may change it.
type listedVersion struct {
	tag string
	// summary has what the session document says about the version, and whole what the list of versions does, except for
	// its name and its source.
	summary, whole object
}

// size is about what v takes in memory, in bytes.
func (v *listedVersion) size() int {
	size := listedBytes + len(v.tag)
	for _, m := range v.whole {
		size += len(m.value.(members))
	}
	return size
}

// listedBytes is about what a listed version takes besides its texts.
const listedBytes = 250

// listedVersions returns the versions of sess as they are listed. They are kept, and those that were listed before are
// not made again.
func (s *server) listedVersions(sess *session.Session) ([]listedVersion, error) {
	key := versionsKey(sess)
	kept, _ := s.encoded.parts.Get(key)
	list, known := make([]listedVersion, len(sess.Versions)), kept.versions
	changed := len(list) != len(known)
	for i := range sess.Versions {
		ver := &sess.Versions[i]
		if at := slices.IndexFunc(known, func(v listedVersion) bool { return v.tag == ver.Tag }); at >= 0 {
			list[i], known = known[at], known[at+1:]
			continue
		}
		var err error
		if list[i], err = listVersion(ver); err != nil {
			return nil, err
		}
		changed = true
	}
	if changed {
		s.encoded.keepVersions(key, list)
	}
	return list, nil
}

// listVersion returns a version as it is listed.
func listVersion(ver *session.Version) (v listedVersion, err error) {
	summary, err := encodeMembers(object{
		{"version_id", ver.ID},
		{"timestamp", timestamp(ver.Time)},
		{"action_summary", ver.Summary},
		{"rows_before", ver.RowsBefore},
		{"rows_after", ver.Rows},
	})
	if err != nil {
		return v, err
	}
	rest := object{
		{"shape", []int64{ver.Rows, int64(ver.Columns)}},
		{"stored_bytes", ver.StoredBytes},
		{"new_bytes", ver.NewBytes},
	}
	if ver.Actor != "" {
		rest = append(rest, member{"actor", ver.Actor})
	}
	more, err := encodeMembers(rest)
	v = listedVersion{tag: ver.Tag, whole: object{{"", summary}, {"", more}}}
	v.summary = v.whole[:1:1]
	return v, err
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
