package api

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"

	"edgeframe/codec"
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
	format *codec.Format
	opt    codec.WriteOptions
	// shape says what of opt the bytes depend on.
	shape string
}

func parseDataRequest(r *http.Request) (*dataRequest, error) {
	q := r.URL.Query()
	format, err := outputFormat(r)
	if err != nil {
		return nil, err
	}
	d := &dataRequest{format: format}
	if d.opt.Options, err = formatOptions(q, format, writing); err != nil {
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
	version, err := integer(q, "version", 0, 1, math.MaxUint32)
	d.Version = uint32(version)
	d.Columns = q["column"]
	return d, err
}

// representation returns all that the bytes of the answer depend on besides the version.
func (d *dataRequest) representation() string {
	return fmt.Sprintf("%s %s %d %d %q", d.format.Name, d.shape, d.Offset, d.Limit, d.Columns)
}

func (s *server) getData(w http.ResponseWriter, r *http.Request) error {
	d, err := parseDataRequest(r)
	if err != nil {
		return err
	}
	sess, err := s.open(r, session.PrefetchData(d.Selection))
	if err != nil {
		return err
	}
	version, err := sess.Version(d.Version)
	if err != nil {
		return err
	}
	w.Header().Set(headerRevision, sess.Revision.String())
	w.Header().Add("Vary", "Accept")
	if notModified(w, r, dataTag(version, d.representation())) {
		return nil
	}
	data, err := s.Sessions.Read(r.Context(), sess, d.Selection)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("ETag", dataTag(data.Version, d.representation()))
	h.Set(headerRevision, data.Session.Revision.String())
	h.Set(headerVersion, strconv.FormatUint(uint64(data.Version.ID), 10))
	h.Set(headerTotalRows, strconv.FormatInt(data.Version.Rows, 10))
	if next := d.next(r.URL, data); next != "" {
		h.Set("Link", next)
	}
	if d.format.Name == "json" {
		return s.writePage(w, d, data)
	}
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": d.filename(data.Session)}))
	return s.writeFile(w, r, d, data)
}

// next returns the link to the page after this one, empty if this is the last.
func (d *dataRequest) next(u *url.URL, data *session.Data) string {
	returned := data.Table.NumRows()
	if d.Limit <= 0 || returned == 0 || d.Offset+returned >= data.Version.Rows {
		return ""
	}
	q := u.Query()
	q.Set("offset", strconv.FormatInt(d.Offset+returned, 10))
	q.Set("limit", strconv.FormatInt(d.Limit, 10))
	return fmt.Sprintf(`<%s?%s>; rel="next"`, u.EscapedPath(), q.Encode())
}

// maxPageBytes is the size of the largest document of a page, which is in memory as a whole before it
// is sent. Long column names, which every row repeats, could make it far larger than its table.
const maxPageBytes = 128 << 20

// writePage answers with the JSON document of a page.
func (s *server) writePage(w http.ResponseWriter, d *dataRequest, data *session.Data) error {
	head := encodeJSON(object{
		{"session_id", data.Session.ID},
		{"version", data.Version.ID},
		{"total_rows", data.Version.Rows},
		{"offset", d.Offset},
		{"returned_rows", data.Table.NumRows()},
		{"columns", columnNames(data.Table.Schema)},
		{"dtypes", dtypes(data.Table.Schema)},
	})
	doc := &boundedBuffer{most: min(maxPageBytes, s.Sessions.Limits().Bytes)}
	doc.Buffer.Write(head[:len(head)-1])
	doc.WriteString(`,"data":`)
	if err := d.format.Encode(doc, data.Table, d.opt); err != nil {
		return err
	}
	doc.WriteByte('}')
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(doc.Len()))
	send(w, doc.Bytes())
	return nil
}

// boundedBuffer is a buffer that returns an error beyond most bytes.
type boundedBuffer struct {
	bytes.Buffer
	most int64
}

func (b *boundedBuffer) Write(p []byte) (int, error) {
	if int64(b.Len()+len(p)) > b.most {
		return 0, codec.Errorf(codec.ErrTooLarge, "the page takes more than %d bytes as JSON; ask for fewer rows with limit, for fewer columns, or for another format", b.most)
	}
	return b.Buffer.Write(p)
}

// writeFile answers with the data as a file. After the first bytes have been sent, an error can only
// cut the response off.
func (s *server) writeFile(w http.ResponseWriter, r *http.Request, d *dataRequest, data *session.Data) error {
	w.Header().Set("Content-Type", d.format.MediaTypes[0])
	out := &trackedWriter{w: w}
	err := d.encode(out, data.Table)
	switch {
	case err == nil || out.failed:
		return nil
	case out.begun:
		s.logFailure(r, "internal", err)
		panic(http.ErrAbortHandler)
	case errors.Is(err, codec.ErrUnsupported):
		return problemf(http.StatusNotAcceptable, "not_acceptable", "%s", err)
	}
	return err
}

// filename is the name under which a browser saves the file.
func (d *dataRequest) filename(sess *session.Session) string {
	stem := strings.TrimSuffix(sess.Filename, path.Ext(sess.Filename))
	return cmp.Or(stem, sess.ID) + d.format.Extensions[0]
}

// encode writes a file. It returns an error if the encoder panics, so that an incomplete file never
// looks complete.
func (d *dataRequest) encode(w io.Writer, t *codec.Table) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = panicked(p)
		}
	}()
	return d.format.Encode(w, t, d.opt)
}

// trackedWriter records whether a response has begun and whether writing it failed.
type trackedWriter struct {
	w             http.ResponseWriter
	begun, failed bool
}

func (t *trackedWriter) Write(p []byte) (int, error) {
	t.begun = true
	n, err := t.w.Write(p)
	t.failed = t.failed || err != nil
	return n, err
}

func (s *server) replaceData(w http.ResponseWriter, r *http.Request) error {
	return s.putTable(w, r, s.Sessions.Replace)
}

func (s *server) appendData(w http.ResponseWriter, r *http.Request) error {
	return s.putTable(w, r, s.Sessions.Append)
}

// putTable runs a change of the session with an uploaded table.
func (s *server) putTable(w http.ResponseWriter, r *http.Request, run tableChange) error {
	c, err := change(r)
	if err != nil {
		return err
	}
	up, err := s.readUpload(w, r, tableParams)
	if err != nil {
		return err
	}
	release, err := s.admit(r, up)
	if err != nil {
		return err
	}
	defer release()
	table, err := s.table(up)
	if err != nil {
		return err
	}
	c.Summary = up.form.Get("action_summary")
	sess, err := run(r.Context(), c, table)
	if err != nil {
		return err
	}
	return s.writeSession(w, r, http.StatusOK, sess, member{"upload", receipt(up.format, table.Receipt, table.Schema, missingValues(table))})
}

func (s *server) editData(w http.ResponseWriter, r *http.Request) error {
	dry, err := boolean(r.URL.Query(), "dry_run", false)
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
		return s.dryRun(w, r, c, ops)
	}
	sess, effects, err := s.Sessions.Edit(r.Context(), c, ops)
	if err != nil {
		return err
	}
	return s.writeSession(w, r, http.StatusOK, sess, member{"operations", effectDocuments(effects)})
}
