package api

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
	"edgeframe/session"
)

// The page sizes of differences.
const (
	defaultDifferences = 100
	maxDifferences     = 10_000
)

// comparedVersions returns the versions that a request compares, the current one as the zero value.
func comparedVersions(q url.Values) (of [2]session.VersionRef, err error) {
	if !q.Has("from") {
		return of, badParameter("from is needed: the version that the other one is compared with")
	}
	for i, name := range []string{"from", "to"} {
		if !q.Has(name) {
			continue
		}
		if of[i], err = session.ParseVersion(name, q.Get(name)); err != nil {
			return of, err
		}
	}
	return of, nil
}

// diffSelection returns what a request asks for, except for the versions.
func diffSelection(q url.Values) (sel session.DiffSelection, err error) {
	sel.Key = q["key"]
	if sel.Offset, sel.Limit, err = pageOf(q, defaultDifferences, maxDifferences); err != nil {
		return sel, err
	}
	sel.Style, err = jsonStyle(q)
	return sel, err
}

// jsonStyle reads int64, which says how JSON spells values.
func jsonStyle(q url.Values) (style scalar.JSONStyle, err error) {
	switch text := q.Get("int64"); {
	case !q.Has("int64") || text == "number":
	case text == "string":
		style.Int64Strings = true
	default:
		err = badParameter("int64=%s is not accepted; it must be number or string", codec.Shorten(text))
	}
	return style, err
}

// openDiff opens the session of a request, and returns what of it is compared.
func (s *server) openDiff(r *http.Request) (sess *session.Session, sel session.DiffSelection, err error) {
	of, err := comparedVersions(r.URL.Query())
	if err != nil {
		return nil, sel, err
	}
	if sel, err = diffSelection(r.URL.Query()); err != nil {
		return nil, sel, err
	}
	if sess, err = s.open(r, session.PrefetchNothing); err != nil {
		return nil, sel, err
	}
	if sel.From, err = sess.Resolve(of[0]); err != nil {
		return nil, sel, err
	}
	sel.To, err = sess.Resolve(of[1])
	return sess, sel, err
}

// getDiff answers with what differs between two versions. It compares nothing for HEAD.
func (s *server) getDiff(w http.ResponseWriter, r *http.Request) error {
	sess, sel, err := s.openDiff(r)
	if err != nil {
		return err
	}
	from, err := sess.Version(sel.From)
	if err != nil {
		return err
	}
	to, err := sess.Version(sel.To)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set(headerRevision, sess.Revision.String())
	tag := func(from, to session.Version) string {
		return dataTag(to, fmt.Sprintf("diff %s %q %d %d %v", from.Tag, sel.Key, sel.Offset, sel.Limit, sel.Style))
	}
	if notModified(w, r, tag(from, to)) {
		return nil
	}
	if r.Method == http.MethodHead {
		h.Set(headerVersion, strconv.FormatUint(uint64(to.ID), 10))
		h.Set("Content-Type", "application/json")
		return nil
	}
	d, err := s.Sessions.Diff(r.Context(), sess, sel)
	if err != nil {
		return err
	}
	h.Set("ETag", tag(d.From, d.To))
	h.Set(headerRevision, d.Session.Revision.String())
	h.Set(headerVersion, strconv.FormatUint(uint64(d.To.ID), 10))
	return writeJSON(w, http.StatusOK, diffDocument(h, r.URL, d, sel.Offset))
}

// diffDocument returns the document of a diff, and sets the link to the next page.
func diffDocument(h http.Header, u *url.URL, d *session.Diff, offset int64) object {
	changes := make([]object, len(d.Cells))
	for i := range d.Cells {
		c := &d.Cells[i]
		changes[i] = object{
			{"row_from", c.RowBefore},
			{"row_to", c.RowAfter},
			{"column", d.Columns.Names[c.Column]},
			{"before", compact(c.Before)},
			{"after", compact(c.After)},
		}
		if c.WasMarked {
			changes[i] = append(changes[i], member{"before_marked", true})
		}
		if c.IsMarked {
			changes[i] = append(changes[i], member{"after_marked", true})
		}
	}
	returned := int64(len(d.Cells) + len(d.AddedRows) + len(d.RemovedRows))
	var next any
	if link := nextDifferences(u, d, offset, returned); link != "" {
		h.Set("Link", "<"+link+`>; rel="next"`)
		next = link
	}
	return object{
		{"session_id", d.Session.ID},
		{"from", d.From.ID},
		{"to", d.To.ID},
		{"aligned_by", d.AlignedBy},
		{"columns", columnDiffDocument(&d.Columns)},
		{"rows", object{{"from", d.From.Rows}, {"to", d.To.Rows}, {"added", d.Rows.Added}, {"removed", d.Rows.Removed}, {"moved", d.Rows.Moved}}},
		{"cells_changed", d.Changed},
		{"total", d.Total()},
		{"offset", offset},
		{"returned", returned},
		{"next", next},
		{"changes", changes},
		{"added_rows", listOf(d.AddedRows)},
		{"removed_rows", listOf(d.RemovedRows)},
	}
}

// nextDifferences returns the path and the parameters of the page after one that begins at offset, "" if that is the
// last one. They name both versions, so that the pages are of one comparison.
func nextDifferences(u *url.URL, d *session.Diff, offset, returned int64) string {
	if returned == 0 || offset+returned >= d.Total() {
		return ""
	}
	q := u.Query()
	q.Set("from", strconv.FormatUint(uint64(d.From.ID), 10))
	q.Set("to", strconv.FormatUint(uint64(d.To.ID), 10))
	q.Set("offset", strconv.FormatInt(offset+returned, 10))
	return u.EscapedPath() + "?" + q.Encode()
}

func columnDiffDocument(d *session.ColumnDiff) object {
	fields := func(list []arrow.Field) []object {
		docs := make([]object, len(list))
		for i, f := range list {
			docs[i] = object{{"name", f.Name}, {"dtype", scalar.DType(f.Type)}}
		}
		return docs
	}
	renamed, retyped := make([]object, len(d.Renamed)), make([]object, len(d.Retyped))
	for i, c := range d.Renamed {
		renamed[i] = object{{"from", c.From}, {"to", c.To}}
	}
	for i, c := range d.Retyped {
		retyped[i] = object{{"name", c.Name}, {"from", scalar.DType(c.From)}, {"to", scalar.DType(c.To)}}
	}
	return object{
		{"added", fields(d.Added)},
		{"dropped", fields(d.Dropped)},
		{"renamed", renamed},
		{"retyped", retyped},
		{"moved", listOf(d.Moved)},
	}
}

// listOf returns a list that JSON does not spell as null.
func listOf[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
