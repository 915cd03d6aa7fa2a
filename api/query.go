package api

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/go-json-experiment/json/jsontext"

	"edgeframe/codec"
	"edgeframe/frame"
	"edgeframe/session"
)

// A read query is a GET of data with a condition or an order, for links, or a document, which the methods
// QUERY and POST take. The answer is the same.

// query is a read query. Columns, Offset, Limit and Version of a data request are those of its query.
type query struct {
	frame.Query
	// of is the version that is asked for.
	of session.VersionRef
	// where and sort are the condition and the order as they were sent, "" if they were not, or if they are
	// too long for a URL.
	where, sort string
	// same are the parameters that the link to the next page repeats.
	same url.Values
}

// maxNextURL is the length of the longest URL in next and in Link. Many programs refuse longer ones.
const maxNextURL = 2000

// parseQuery reads the parameters where and sort.
func (d *dataRequest) parseQuery(given url.Values) (err error) {
	q := &query{where: given.Get("where"), sort: given.Get("sort")}
	if q.Where, err = frame.ParseWhere(q.where); err != nil {
		return err
	}
	if q.Sort, err = frame.ParseSort(q.sort); err != nil {
		return err
	}
	if q.Where == nil && q.Sort == nil {
		return nil
	}
	d.setQuery(q, given)
	return nil
}

// setQuery makes d a query for the rows and columns that d asks for.
func (d *dataRequest) setQuery(q *query, given url.Values) {
	q.same = url.Values{}
	for _, name := range queryParams {
		if given.Has(name) {
			q.same[name] = given[name]
		}
	}
	q.Columns, q.Offset, q.Limit, q.of = d.Columns, d.Offset, d.Limit, d.of
	d.query = q
}

// readQuery reads the document of a query.
func readQuery(w http.ResponseWriter, r *http.Request) (*query, error) {
	q := &query{Query: frame.Query{Limit: -1}}
	err := streamDocument(w, r, maxDocumentBytes, q.readMember)
	if err == nil {
		err = q.check()
	}
	return q, err
}

// check returns an error unless the parts of q go together and it has columns to answer with.
func (q *query) check() error {
	if q.Columns != nil && len(q.Columns) == 0 {
		return invalidQuery(frame.Fault{Pointer: "/columns", Value: []byte("[]"), Expected: "names of columns"},
			"columns is empty; name at least one column, or leave columns out for all")
	}
	return q.Check()
}

// invalidQuery returns an error about a part of a query.
func invalidQuery(at frame.Fault, format string, args ...any) error {
	at.Row = -1
	return &codec.Error{Kind: frame.ErrInvalidQuery, Err: &at, Detail: fmt.Sprintf(format, args...)}
}

// readMember reads a member of the document of a query.
func (q *query) readMember(dec *jsontext.Decoder, name string) error {
	var text *string
	switch name {
	case "where":
		text = &q.where
	case "sort":
		text = &q.sort
	case "version":
		return q.readVersion(dec)
	default:
		return frame.ReadQuery(dec, name, &q.Query)
	}
	value, err := dec.ReadValue()
	if err != nil {
		return err
	}
	value = bytes.Clone(value)
	if err := frame.ReadQuery(jsontext.NewDecoder(bytes.NewBuffer(value)), name, &q.Query); err != nil {
		return err
	}
	if value.Kind() != 'n' && len(value) <= maxNextURL && value.Compact() == nil {
		*text = string(value)
	}
	return nil
}

// readVersion reads which version a query is about: its id, or text as the parameter version has it.
func (q *query) readVersion(dec *jsontext.Decoder) (err error) {
	if dec.PeekKind() != '"' {
		err := frame.ReadQuery(dec, "version", &q.Query)
		q.of.ID = q.Version
		return err
	}
	var text string
	if err := textMember(dec, "version", &text); err != nil {
		return err
	}
	if q.of, err = session.ParseVersion("version", text); err != nil {
		return invalidQuery(frame.Fault{Pointer: "/version", Value: encodeJSON(text), Expected: "the id of a version, @ and its name, or a time"}, "%v", err)
	}
	return nil
}

// queryData answers a query that is a document.
func (s *server) queryData(w http.ResponseWriter, r *http.Request) error {
	d, err := parseDataRequest(r)
	if err != nil {
		return err
	}
	q, err := readQuery(w, r)
	if err != nil {
		return err
	}
	d.Columns, d.Offset, d.of = q.Columns, q.Offset, q.of
	switch {
	case q.Limit >= 0 && d.format.Name == "json" && q.Limit > maxLimit:
		return invalidQuery(frame.Fault{Pointer: "/limit", Value: strconv.AppendInt(nil, q.Limit, 10), Expected: fmt.Sprintf("a whole number from 0 to %d", maxLimit)},
			"limit is %d; a page of JSON has at most %d rows, other formats have any number", q.Limit, maxLimit)
	case q.Limit >= 0:
		d.Limit = q.Limit
	}
	d.setQuery(q, r.URL.Query())
	if r.Method == http.MethodPost {
		// For a method that is not safe the header would mean something else.
		r.Header.Del("If-None-Match")
	}
	return s.answerQuery(w, r, d)
}

// representation returns all that the bytes of the answer to a query depend on besides the version.
func (q *query) representation() string {
	return fmt.Sprintf(" query %q %q %q %q %#v %#v %#v %#v", q.SelectionKey(), q.where, q.sort, q.same, q.Group, q.Histogram, q.Distinct, q.Sort)
}

func (s *server) answerQuery(w http.ResponseWriter, r *http.Request, d *dataRequest) error {
	q := d.query
	document := q.Histogram != nil || q.Distinct != nil
	if document && d.format.Name != "json" {
		return problemf(http.StatusNotAcceptable, "not_acceptable", "a histogram and distinct values are JSON documents; the format %s has none, ask for json", d.format.Name)
	}
	sess, _, known, err := s.openVersion(w, r, d, session.PrefetchNothing)
	if known || err != nil {
		return err
	}
	if r.Method == http.MethodHead {
		return s.headQuery(w, d, sess)
	}
	found, err := s.Sessions.Query(r.Context(), sess, &q.Query)
	if err != nil {
		return err
	}
	a := &answer{dataRequest: d, Answer: found}
	switch {
	case document:
		return a.writeDocument(w)
	case found.Data != nil:
		defer found.Data.Close()
		a.rows, a.schema, a.total = found.Data, found.Data.Schema, found.Matched
	default:
		a.rows, a.schema, a.total = found.Table, found.Table.Schema, found.Groups
	}
	a.describe(w.Header())
	return s.writeSpooled(w, r, a.write, nil)
}

// headQuery answers HEAD. It selects no rows, so it does not know how many there are and whether there is a
// next page.
func (s *server) headQuery(w http.ResponseWriter, d *dataRequest, sess *session.Session) error {
	data, err := s.Sessions.Select(sess, d.Selection)
	if err != nil {
		return err
	}
	d.describeTable(w.Header(), data.Session, data.Version, data.Schema)
	return unwritable(d.encode(io.Discard, schemaOnly{data}))
}

// writeDocument answers with the document about a histogram or about distinct values.
func (a *answer) writeDocument(w http.ResponseWriter) error {
	name := "histogram"
	if a.query.Distinct != nil {
		name = "distinct"
	}
	h := w.Header()
	h.Set("ETag", a.tag(a.Version))
	h.Set(headerRevision, a.Session.Revision.String())
	h.Set(headerVersion, strconv.FormatUint(uint64(a.Version.ID), 10))
	return writeJSON(w, http.StatusOK, object{
		{"session_id", a.Session.ID},
		{"version", a.Version.ID},
		{"total_rows", a.Version.Rows},
		{"matched_rows", a.Matched},
		{name, compact(a.JSON)},
	})
}

// answer is an answer to a query that is a table.
type answer struct {
	*dataRequest
	*session.Answer
	rows   codec.Source
	schema *arrow.Schema
	// total is the number of rows on all pages.
	total int64
}

// describe sets the header of an answer to a query.
func (a *answer) describe(h http.Header) {
	a.describeTable(h, a.Session, a.Version, a.schema)
	h.Set(headerMatchedRows, strconv.FormatInt(a.Matched, 10))
	if next := a.nextURL(); next != "" {
		h.Set("Link", fmt.Sprintf(`<%s>; rel="next"`, next))
	}
}

// nextOffset returns where the next page begins, false if this is the last page.
func (a *answer) nextOffset() (int64, bool) {
	returned := a.rows.NumRows()
	next := a.Offset + returned
	return next, a.Limit > 0 && returned > 0 && next < a.total
}

// nextURL returns the path and the parameters of the next page of rows, for GET. It is "" without a next page, or if
// it cannot be asked for in this way.
func (a *answer) nextURL() string {
	q := a.query
	offset, more := a.nextOffset()
	if !more || a.Data == nil || q.Where != nil && q.where == "" || q.Sort != nil && q.sort == "" {
		return ""
	}
	params := maps.Clone(q.same)
	set := func(name, value string) {
		if value != "" {
			params.Set(name, value)
		}
	}
	set("where", q.where)
	set("sort", q.sort)
	set("format", a.format.Name)
	set("offset", strconv.FormatInt(offset, 10))
	set("limit", strconv.FormatInt(a.Limit, 10))
	set("version", strconv.FormatUint(uint64(a.Version.ID), 10))
	if q.Columns != nil {
		params["column"] = q.Columns
	}
	next := "/api/v1/sessions/" + a.Session.ID + "/data?" + params.Encode()
	if len(next) > maxNextURL {
		return ""
	}
	return next
}

// nextMembers are the members of the document of a query that ask for the next page. The last page has nil.
func (a *answer) nextMembers() any {
	offset, more := a.nextOffset()
	if !more {
		return nil
	}
	return object{{"offset", offset}, {"limit", a.Limit}, {"version", a.Version.ID}}
}

// write writes the answer to a query: a file as it is, a page of JSON with what it belongs to.
func (a *answer) write(w io.Writer) error {
	if a.format.Name != "json" {
		return a.encode(w, a.rows)
	}
	doc := a.head(a.Session, a.Version, a.schema, a.rows.NumRows())
	doc = append(doc, member{"matched_rows", a.Matched})
	if a.Data == nil {
		doc = append(doc, member{"groups", a.Groups})
	}
	var next any
	if link := a.nextURL(); link != "" {
		next = link
	}
	doc = append(doc, member{"next", next}, member{"next_query", a.nextMembers()})
	if a.Data != nil {
		doc = append(doc, member{"row_numbers", a.Data.RowNumbers()})
	}
	return a.writePage(w, doc, a.rows)
}
