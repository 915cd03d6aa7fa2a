package api

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"

	"edgeframe/codec"
	"edgeframe/session"
)

// The page sizes of marks.
const (
	defaultMarks = 10_000
	maxMarks     = 100_000
)

// marksSelection returns the marks that a request asks for, without their version, and that.
func marksSelection(q url.Values) (sel session.Selection, of session.VersionRef, err error) {
	sel.Columns = q["column"]
	if sel.Offset, sel.Limit, err = pageOf(q, defaultMarks, maxMarks); err != nil {
		return sel, of, err
	}
	of, err = versionOf(q)
	return sel, of, err
}

func (s *server) getMissing(w http.ResponseWriter, r *http.Request) error {
	sel, of, err := marksSelection(r.URL.Query())
	if err != nil {
		return err
	}
	sess, err := s.open(r, session.PrefetchVersion(of, func(id uint32) session.Prefetch {
		sel.Version = id
		return session.PrefetchMarks(sel)
	}))
	if err != nil {
		return err
	}
	if sel.Version, err = sess.Resolve(of); err != nil {
		return err
	}
	version, err := sess.Version(sel.Version)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set(headerRevision, sess.Revision.String())
	representation := fmt.Sprintf("missing %d %d %q", sel.Offset, sel.Limit, sel.Columns)
	if notModified(w, r, dataTag(version, representation)) {
		return nil
	}
	marks, err := s.Sessions.Marks(r.Context(), sess, sel)
	if err != nil {
		return err
	}
	h.Set("ETag", dataTag(marks.Version, representation))
	h.Set(headerRevision, marks.Session.Revision.String())
	h.Set(headerVersion, strconv.FormatUint(uint64(marks.Version.ID), 10))
	linkNext(w.Header(), r.URL, marks.Version.ID, sel.Offset, marks.Returned, marks.Total, 0)
	columns := make(object, len(marks.Columns))
	for i, c := range marks.Columns {
		columns[i] = member{c.Column, c.Rows}
	}
	return writeJSON(w, http.StatusOK, object{
		{"intentional_missing", columns},
		{"total", marks.Total},
		{"offset", sel.Offset},
		{"returned", marks.Returned},
	})
}

// pageOf returns which page of a list a request asks for: the offset of its first element, and the
// largest number of elements.
func pageOf(q url.Values, fallback, most int64) (offset, limit int64, err error) {
	if limit, err = integer(q, "limit", fallback, 0, most); err != nil {
		return 0, 0, err
	}
	offset, err = integer(q, "offset", 0, 0, math.MaxInt64)
	return offset, limit, err
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
	return s.writeChanged(w, r, http.StatusOK, sess)
}

// The page sizes of the audit log.
const (
	defaultEntries = 1000
	maxEntries     = 10_000
)

// auditSelection returns the part of the audit log that a request asks for.
func auditSelection(q url.Values) (sel session.AuditSelection, err error) {
	if order := q.Get("order"); q.Has("order") && order != "asc" && order != "desc" {
		return sel, badParameter("order=%s is not accepted; it must be asc or desc", codec.Shorten(order))
	}
	sel.NewestFirst = q.Get("order") == "desc"
	sel.Offset, sel.Limit, err = pageOf(q, defaultEntries, maxEntries)
	return sel, err
}

func (s *server) getAudit(w http.ResponseWriter, r *http.Request) error {
	sel, err := auditSelection(r.URL.Query())
	if err != nil {
		return err
	}
	sess, err := s.open(r, session.PrefetchAudit(sel))
	if err != nil {
		return err
	}
	log, err := s.Sessions.Audit(r.Context(), sess, sel)
	if err != nil {
		return err
	}
	lines := make([]string, len(log.Entries))
	for i, e := range log.Entries {
		lines[i] = e.String()
	}
	setState(w, log.Session)
	linkNext(w.Header(), r.URL, 0, sel.Offset, int64(len(lines)), log.Total, 0)
	return writeJSON(w, http.StatusOK, object{
		{"entries", lines},
		{"initial_rows", log.InitialRows},
		{"total", log.Total},
		{"offset", sel.Offset},
	})
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
	added, err := s.Sessions.AddAudit(r.Context(), c, body.Entry)
	if err != nil {
		return err
	}
	setState(w, added.Session)
	setReplay(w, added.Session)
	doc := object{{"entry", added.String()}, {"index", added.Index}}
	if added.Index < 0 {
		doc[1].value = nil
	}
	return writeJSON(w, http.StatusCreated, doc)
}
