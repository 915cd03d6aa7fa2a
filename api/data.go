package api

import (
	"cmp"
	"context"
	"errors"
	"io"
	"math"
	"mime"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/arrowipc"
	"edgeframe/codec/formats"
	"edgeframe/frame"
	"edgeframe/session"
)

// The page sizes of JSON. The other formats send all rows by default.
const (
	defaultLimit = 100
	maxLimit     = 10_000
)

// dataRequest has the parameters of a request for data.
type dataRequest struct {
	session.Selection
	// of is the version that is asked for, which is then in Selection too.
	of     session.VersionRef
	format *codec.Format
	opt    codec.WriteOptions
	// shape says what of opt the bytes depend on.
	shape string
	// query is nil for a request that asks for rows as they are in the table.
	query *query
}

func parseDataRequest(r *http.Request) (*dataRequest, error) {
	q := queryOf(r)
	format, err := outputFormat(r)
	if err != nil {
		return nil, err
	}
	d := &dataRequest{format: format}
	if d.opt.Options, err = formatOptions(q, format, formats.Writing); err != nil {
		return nil, err
	}
	for _, name := range format.Writing.Names {
		d.shape += q.Get(name)
	}
	fallback, most := int64(-1), int64(math.MaxInt64)
	if format.Name == "json" {
		fallback, most = defaultLimit, maxLimit
	}
	if d.Limit, err = integer(q, "limit", fallback, 0, most); err != nil {
		return nil, err
	}
	if d.Offset, err = integer(q, "offset", 0, 0, math.MaxInt64); err != nil {
		return nil, err
	}
	if d.of, err = versionOf(q); err != nil {
		return nil, err
	}
	d.Columns = q["column"]
	return d, d.parseQuery(q)
}

// representation returns all that the bytes of the answer depend on besides the version. Each page asks for it a few
// times, so it is put together without fmt.
func (d *dataRequest) representation() string {
	b := append(make([]byte, 0, 64), d.format.Name...)
	b = append(append(b, ' '), d.shape...)
	b = strconv.AppendInt(append(b, ' '), d.Offset, 10)
	b = strconv.AppendInt(append(b, ' '), d.Limit, 10)
	b = append(b, ' ', '[')
	for i, name := range d.Columns {
		if i > 0 {
			b = append(b, ' ')
		}
		b = strconv.AppendQuote(b, name)
	}
	b = append(b, ']')
	if d.query != nil {
		b = append(b, d.query.representation()...)
	}
	return string(b)
}

// tag returns the entity tag of the answer about a version.
func (d *dataRequest) tag(ver session.Version) string { return dataTag(ver, d.representation()) }

func (s *server) getData(w http.ResponseWriter, r *http.Request) error {
	d, err := parseDataRequest(r)
	if err != nil {
		return err
	}
	if d.query != nil {
		return s.answerQuery(w, r, d)
	}
	bodiless := r.Method == http.MethodHead
	prefetch := session.PrefetchVersion(d.of, func(id uint32) session.Prefetch {
		sel := d.Selection
		sel.Version = id
		return session.PrefetchData(sel)
	})
	if bodiless {
		prefetch = session.PrefetchNothing
	}
	sess, ver, known, err := s.openVersion(w, r, d, prefetch)
	if known || err != nil {
		return err
	}
	if bodiless {
		return s.headData(w, r, d, sess)
	}
	if page := s.encodedPage(d, sess, &ver); page != nil {
		d.sendPage(w, r, sess, &ver, page)
		return nil
	}
	data, err := s.Sessions.Read(r.Context(), sess, d.Selection)
	if err != nil {
		return err
	}
	defer data.Close()
	d.describe(w.Header(), r.URL, data)
	return s.writeData(w, r, d, data)
}

// openVersion opens the session of a request for data, and returns the version that it asks for. known says that
// the client has the answer: it has been told so.
func (s *server) openVersion(w http.ResponseWriter, r *http.Request, d *dataRequest, prefetch session.Prefetch) (sess *session.Session, ver session.Version, known bool, err error) {
	if sess, err = s.open(r, prefetch); err != nil {
		return nil, ver, false, err
	}
	if d.Version, err = sess.Resolve(d.of); err != nil {
		return nil, ver, false, err
	}
	if d.query != nil {
		d.query.Version = d.Version
	}
	if ver, err = sess.Version(d.Version); err != nil {
		return nil, ver, false, err
	}
	w.Header().Set(headerRevision, sess.Revision.String())
	w.Header().Add("Vary", "Accept")
	return sess, ver, notModified(w, r, d.tag(ver)), nil
}

// headData answers HEAD. It reads no data, so it does not know how long the answer to GET is, and not
// that a value cannot be written.
func (s *server) headData(w http.ResponseWriter, r *http.Request, d *dataRequest, sess *session.Session) error {
	data, err := s.Sessions.Select(sess, d.Selection)
	if err != nil {
		return err
	}
	d.describe(w.Header(), r.URL, data)
	return unwritable(d.encode(io.Discard, schemaOnly{data}))
}

// schemaOnly is a table whose rows are never read.
type schemaOnly struct{ *session.Data }

// Open implements [codec.Source].
func (t schemaOnly) Open(columns []int) codec.RowGroups {
	return (&codec.Table{Schema: t.Schema}).Open(columns)
}

// describe sets the header of an answer with data.
func (d *dataRequest) describe(h http.Header, u *url.URL, data *session.Data) {
	d.describeTable(h, data.Session, data.Version, data.Schema)
	d.linkNextPage(h, u, &data.Version, data.NumRows())
}

// linkNextPage sets the link to the page after one with so many rows.
func (d *dataRequest) linkNextPage(h http.Header, u *url.URL, ver *session.Version, rows int64) {
	if d.Limit > 0 {
		linkNext(h, u, ver.ID, d.Offset, rows, ver.Rows, d.Limit)
	}
}

// describeTable sets the header of an answer with a table, without a link to the next page.
func (d *dataRequest) describeTable(h http.Header, sess *session.Session, ver session.Version, schema *arrow.Schema) {
	d.describeVersion(h, sess, ver)
	setDTypes(h, d.format.Name, schema)
}

// describeVersion sets the header of an answer with a table, except for what is about its columns.
func (d *dataRequest) describeVersion(h http.Header, sess *session.Session, ver session.Version) {
	set(h, headerETag, d.tag(ver))
	set(h, headerRevision, sess.Revision.String())
	set(h, headerVersion, strconv.FormatUint(uint64(ver.ID), 10))
	set(h, headerTotalRows, strconv.FormatInt(ver.Rows, 10))
	set(h, "Content-Type", d.format.MediaTypes[0])
	if d.format.Name != "json" {
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": d.filename(sess)}))
	}
}

// writeData answers with data: with a file, or with the JSON document of a page.
func (s *server) writeData(w http.ResponseWriter, r *http.Request, d *dataRequest, data *session.Data) error {
	return s.writeThrough(d.spool(w, data.Version), r, func(out io.Writer) error { return d.write(out, data) }, func(body []byte) {
		s.keepPage(d, data, w.Header(), body)
	})
}

// spool returns the spool for an answer about a version. Of a whole table as Arrow it is known before how large it
// is: about as large as the table. One of at most wholeBytes is collected in a buffer of that size, so that it is sent
// at once and can be kept. Of a larger one nothing is held back: its client can read the first part while the others
// are written.
func (d *dataRequest) spool(w http.ResponseWriter, ver session.Version) *spool {
	out := &spool{w: w, most: spoolBytes}
	if d.format != arrowipc.Stream || d.Limit >= 0 || d.Offset != 0 || d.Columns != nil || ver.RawBytes <= spoolBytes {
		return out
	}
	if out.most = 0; ver.RawBytes <= wholeBytes {
		const schemaBytes = 16 << 10 // more for wide tables, for which the buffer grows
		out.most = 2 * wholeBytes
		out.held = make([]byte, 0, ver.RawBytes+schemaBytes)
	}
	return out
}

// unwritable returns the problem document for an error of a format, which may say that it cannot express
// the table.
func unwritable(err error) error {
	if errors.Is(err, codec.ErrUnsupported) {
		return problemf(http.StatusNotAcceptable, "not_acceptable", "%s", err)
	}
	return err
}

// write writes the answer: a file as it is, a page of JSON with what it belongs to.
func (d *dataRequest) write(w io.Writer, data *session.Data) error {
	if d.format.Name != "json" {
		return d.encode(w, data)
	}
	return d.writePage(w, d.head(data.Session, data.Version, data.Schema, data.NumRows()), data)
}

// head returns the members of a page of JSON that come before the data.
func (d *dataRequest) head(sess *session.Session, ver session.Version, schema *arrow.Schema, returned int64) object {
	return object{
		{"session_id", sess.ID},
		{"version", ver.ID},
		{"etag", d.tag(ver)},
		{"total_rows", ver.Rows},
		{"offset", d.Offset},
		{"returned_rows", returned},
		{"columns", columnNames(schema)},
		{"dtypes", dtypes(schema)},
	}
}

// writePage writes the document of a page: some members, and then the data.
func (d *dataRequest) writePage(w io.Writer, members object, data codec.Source) error {
	head := encodeJSON(members)
	if _, err := w.Write(append(head[:len(head)-1], `,"data":`...)); err != nil {
		return err
	}
	if err := d.encode(w, data); err != nil {
		return err
	}
	_, err := w.Write([]byte{'}'})
	return err
}

// encode writes a table. It returns an error if the encoder panics, so that an incomplete answer never
// looks complete.
func (d *dataRequest) encode(w io.Writer, src codec.Source) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = panicked(p)
		}
	}()
	return d.format.Encode(w, src, d.opt)
}

// filename is the name under which a browser saves the file.
func (d *dataRequest) filename(sess *session.Session) string {
	stem := strings.TrimSuffix(sess.Filename, path.Ext(sess.Filename))
	return cmp.Or(stem, sess.ID) + d.format.Extensions[0]
}

func (s *server) replaceData(w http.ResponseWriter, r *http.Request) error {
	return s.putTable(w, r, keyedParams, false, func(c session.Change, t *codec.Table, form url.Values) (*session.Session, []member, []member, error) {
		if n := len(form["key"]); n > 1 {
			return nil, nil, nil, badParameter("key is given %d times; give it once", n)
		}
		sess, carried, err := s.Sessions.Replace(r.Context(), c, t, form.Get("key"))
		if carried == (session.CarriedMarks{}) {
			return sess, nil, nil, err
		}
		return sess, []member{{"marks", object{{"kept", carried.Kept}, {"dropped", carried.Dropped}}}}, nil, err
	})
}

func (s *server) appendData(w http.ResponseWriter, r *http.Request) error {
	return s.putTable(w, r, keyedParams, true, func(c session.Change, t *codec.Table, form url.Values) (*session.Session, []member, []member, error) {
		key := slices.DeleteFunc(slices.Clone(form["key"]), func(name string) bool { return name == "" })
		if len(key) == 0 {
			sess, err := s.Sessions.Append(r.Context(), c, t)
			return sess, nil, nil, err
		}
		sess, done, err := s.Sessions.Upsert(r.Context(), c, t, key)
		return sess, nil, []member{{"rows_replaced", done.Replaced}, {"rows_appended", done.Appended}}, err
	})
}

// tableChange is a change of a session with a table. form has the parameters of the request. The members are for
// its answer, those of received for the receipt of the file.
type tableChange func(c session.Change, t *codec.Table, form url.Values) (sess *session.Session, further, received []member, err error)

// putTable runs a change of the session with an uploaded table. appends says that its rows are read as those of
// the table of the session.
func (s *server) putTable(w http.ResponseWriter, r *http.Request, params []string, appends bool, run tableChange) error {
	c, err := change(r)
	if err != nil {
		return err
	}
	up, err := s.readUpload(w, r, params)
	if err != nil {
		return err
	}
	if err := begin(r, c.ID); err != nil {
		return err
	}
	c.Summary = up.form.Get("action_summary")
	for attempt := 0; ; attempt++ {
		if appends {
			if c.ReadAs, err = s.typesToAppendTo(r.Context(), c.Ref, attempt > 0); err != nil {
				return err
			}
		}
		up.into = c.ReadAs
		done, err := s.changeByTable(c, up, run)
		if errors.Is(err, session.ErrOtherTypes) && attempt < maxReadings {
			continue
		}
		if err != nil {
			return err
		}
		return s.writeChanged(w, r, http.StatusOK, done.sess, done.members...)
	}
}

// maxReadings is how many times an uploaded table is read again because the types of the table to which it is
// appended have changed.
const maxReadings = 3

// typesToAppendTo returns the types of the columns of a session.
func (s *server) typesToAppendTo(ctx context.Context, to session.Ref, fresh bool) (map[string]arrow.DataType, error) {
	sess, err := s.Sessions.AppendTo(ctx, to, fresh)
	if err != nil {
		return nil, err
	}
	schema, _, err := s.Sessions.Schema(sess)
	if err != nil {
		return nil, err
	}
	return frame.TypesToAppendTo(schema), nil
}

// changedByTable is a session after a change, and what the answer says besides.
type changedByTable struct {
	sess    *session.Session
	members []member
}

// changeByTable reads an uploaded table and runs a change with it.
func (s *server) changeByTable(c session.Change, up *upload, run tableChange) (done changedByTable, err error) {
	table, err := s.table(up)
	if err != nil {
		return done, err
	}
	missing := missingValues(table)
	c.Source = source(up.filename, readingParameters(up), up.format, table.Receipt, table.Schema, missing)
	sess, further, received, err := run(c, table, up.form)
	if err != nil {
		return done, err
	}
	upload := member{"upload", append(receipt(up.format, table.Receipt, table.Schema, missing), received...)}
	return changedByTable{sess, append(further, upload)}, nil
}

func (s *server) editData(w http.ResponseWriter, r *http.Request) error {
	dry, err := boolean(r.URL.Query(), "dry_run", false)
	if err != nil {
		return err
	}
	look, err := previewOptions(r.URL.Query(), dry)
	if err != nil {
		return err
	}
	c, err := change(r)
	if err != nil {
		return err
	}
	ops, err := readEdit(w, r, s.MaxUploadBytes, &c)
	if err != nil {
		return err
	}
	if dry {
		return s.dryRun(w, r, c, ops, look)
	}
	sess, effects, err := s.Sessions.Edit(r.Context(), c, ops)
	if err != nil {
		return err
	}
	return s.writeChanged(w, r, http.StatusOK, sess, member{"operations", effectDocuments(effects)})
}
