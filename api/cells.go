package api

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"

	"edgeframe/session"
)

// cellSelection returns which cell a request asks for.
func cellSelection(q url.Values) (sel session.CellSelection, err error) {
	for _, name := range []string{"row", "column"} {
		if !q.Has(name) {
			return sel, badParameter("%s is needed: a cell is named by its row and its column", name)
		}
	}
	if n := len(q["column"]); n > 1 {
		return sel, badParameter("column is given %d times; give it once", n)
	}
	if sel.Row, err = integer(q, "row", 0, 0, math.MaxInt64); err != nil {
		return sel, err
	}
	version, err := integer(q, "version", 0, 1, math.MaxUint32)
	if err != nil {
		return sel, err
	}
	sel.Version, sel.Column = uint32(version), q.Get("column")
	sel.Style, err = jsonStyle(q)
	return sel, err
}

// getCells answers with what a cell held in each version. It reads no cell for HEAD.
func (s *server) getCells(w http.ResponseWriter, r *http.Request) error {
	sel, err := cellSelection(r.URL.Query())
	if err != nil {
		return err
	}
	sess, err := s.open(r, session.PrefetchNothing)
	if err != nil {
		return err
	}
	version, err := sess.Version(sel.Version)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set(headerRevision, sess.Revision.String())
	if notModified(w, r, historyTag(sess, version, sel)) {
		return nil
	}
	if r.Method == http.MethodHead {
		h.Set(headerVersion, strconv.FormatUint(uint64(version.ID), 10))
		h.Set("Content-Type", "application/json")
		return nil
	}
	found, err := s.Sessions.CellHistory(r.Context(), sess, sel)
	if err != nil {
		return err
	}
	h.Set("ETag", historyTag(found.Session, found.Version, sel))
	h.Set(headerRevision, found.Session.Revision.String())
	h.Set(headerVersion, strconv.FormatUint(uint64(found.Version.ID), 10))
	history := make([]object, len(found.Cells))
	for i := range found.Cells {
		history[i] = cellDocument(&found.Cells[i])
	}
	return writeJSON(w, http.StatusOK, object{
		{"session_id", found.Session.ID},
		{"version", found.Version.ID},
		{"row", sel.Row},
		{"column", sel.Column},
		{"history", history},
	})
}

// historyTag returns the entity tag of the history of a cell. It depends on which versions are kept.
func historyTag(sess *session.Session, version session.Version, sel session.CellSelection) string {
	representation := fmt.Sprintf("cells %d %q %v", sel.Row, sel.Column, sel.Style)
	for i := range sess.Versions {
		representation += " " + sess.Versions[i].Tag
	}
	return dataTag(version, representation)
}

// cellDocument returns the object about a cell in one version. It has a value if the cell is there.
func cellDocument(c *session.CellVersion) object {
	doc := object{
		{"version", c.Version.ID},
		{"timestamp", timestamp(c.Version.Time)},
		{"action_summary", c.Version.Summary},
	}
	if c.Version.Actor != "" {
		doc = append(doc, member{"actor", c.Version.Actor})
	}
	var row, column any
	if c.Row >= 0 {
		row = c.Row
	}
	if c.Column != "" {
		column = c.Column
	}
	doc = append(doc, member{"aligned_by", c.AlignedBy}, member{"row", row}, member{"column", column})
	if c.Value != nil {
		doc = append(doc, member{"value", compact(c.Value)})
	}
	if c.Marked {
		doc = append(doc, member{"marked", true})
	}
	return doc
}
