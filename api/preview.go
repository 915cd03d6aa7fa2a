package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/formats"
	"edgeframe/codec/scalar"
	"edgeframe/internal/budget"
	"edgeframe/session"
)

// The numbers of rows that a dry run of an upload shows.
const (
	defaultPreview = 10
	maxPreview     = 100
)

// maxPreviewBytes is the size of the longest preview, in bytes of JSON. A small table can repeat a long text in
// every cell.
const maxPreviewBytes = 8 << 20

// preview is the wish to see what would become of a file. The zero value means no such wish.
type preview struct {
	dry  bool
	rows int64
}

// previewOf reads dry_run and preview_rows.
func previewOf(q url.Values) (p preview, err error) {
	if p.dry, err = boolean(q, "dry_run", false); err != nil {
		return p, err
	}
	if !p.dry && q.Has("preview_rows") {
		return p, badParameter("preview_rows is for dry_run=true")
	}
	p.rows, err = integer(q, "preview_rows", defaultPreview, 0, maxPreview)
	return p, err
}

// previewUpload answers with what would become of a file, which was decoded with err as a table or as row
// groups. It stores nothing.
func (s *server) previewUpload(w http.ResponseWriter, r *http.Request, up *upload, p preview, table *codec.Table, in *codec.Reader, err error) error {
	if choice, ok := errors.AsType[*codec.SheetChoice](err); ok {
		return previewChoice(w, up, choice)
	}
	if err != nil {
		return err
	}
	var doc object
	if table != nil {
		doc, err = p.document(r, up, table.Open(nil), func() codec.Receipt { return table.Receipt })
	} else {
		doc, err = p.document(r, up, in, in.Receipt)
	}
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, doc)
}

// previewChoice answers with the sheets from which the client would have to choose.
func previewChoice(w http.ResponseWriter, up *upload, choice *codec.SheetChoice) error {
	sheets, err := sheetDocuments(choice)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, object{
		{"status", "selection_required"},
		{"dry_run", true},
		{"filename", up.filename},
		{"total_sheets", len(choice.Sheets)},
		{"sheets", json.RawMessage(sheets)},
	})
}

// document describes the session that row groups would become. It reads all of them, so that what is wrong
// with the file shows. of returns the receipt once they have been read.
func (p preview) document(r *http.Request, up *upload, groups codec.RowGroups, of func() codec.Receipt) (object, error) {
	schema := groups.Schema()
	if err := session.CheckNew(schema, up.filename); err != nil {
		return nil, err
	}
	if err := reserveDocument(r, schema); err != nil {
		return nil, err
	}
	missing, rows := make([]int64, schema.NumFields()), int64(0)
	first := &firstRows{r: r, left: p.rows}
	for {
		group, err := groups.Next()
		if err != nil {
			return nil, err
		}
		if group == nil {
			break
		}
		rows += group.NumRows()
		for i, column := range group.Columns() {
			missing[i] += int64(scalar.CountMissing(column))
		}
		if err := first.add(group); err != nil {
			return nil, err
		}
	}
	counts := make(object, len(missing))
	for i, n := range missing {
		counts[i] = member{schema.Field(i).Name, n}
	}
	return object{
		{"dry_run", true},
		{"filename", up.filename},
		{"shape", []int64{rows, int64(schema.NumFields())}},
		{"columns", columnNames(schema)},
		{"dtypes", dtypes(schema)},
		{"missing_values", counts},
		{"preview_data", first.array()},
		{"upload", receipt(up.format, of(), schema, missing)},
	}, nil
}

// firstRows collects the first rows of a table as JSON records.
type firstRows struct {
	r *http.Request
	// left is the number of rows that are still to come.
	left int64
	// records are the rows without the brackets around them.
	records bytes.Buffer
}

// add adds rows of a row group. They are written at once, so that the row group need not stay in memory.
func (f *firstRows) add(group arrow.Record) error {
	n := min(f.left, group.NumRows())
	if n == 0 {
		return nil
	}
	f.left -= n
	table := &codec.Table{Schema: group.Schema(), RowGroups: []arrow.Record{group.NewSlice(0, n)}}
	part := &boundedBuffer{left: maxPreviewBytes - f.records.Len()}
	if err := formats.ByName("json").Encode(part, table, codec.WriteOptions{}); err != nil {
		return err
	}
	// The rows are in memory three times: here, in the document, and in the buffer that it is written to.
	if err := budget.From(f.r.Context()).Use(f.r.Context(), 3*int64(part.Len())); err != nil {
		return err
	}
	if f.records.Len() > 0 {
		f.records.WriteByte(',')
	}
	f.records.Write(bytes.Trim(part.Bytes(), "[]\n"))
	return nil
}

func (f *firstRows) array() json.RawMessage {
	return append(append([]byte{'['}, f.records.Bytes()...), ']')
}

// boundedBuffer is a buffer that takes no more bytes than are left.
type boundedBuffer struct {
	bytes.Buffer
	left int
}

// Write implements [io.Writer].
func (b *boundedBuffer) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, codec.Errorf(codec.ErrTooLarge, "the first rows take more than %d bytes as JSON; show fewer with preview_rows", maxPreviewBytes)
	}
	return b.Buffer.Write(p)
}
