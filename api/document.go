package api

import (
	"math"
	"net/http"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec/scalar"
	"edgeframe/frame"
	"edgeframe/session"
)

// timestamp writes a time as RFC 3339 in UTC, with milliseconds.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }

// document is the session document of v and its marks.
func (s *server) document(v *session.Session, marks frame.Marks) (object, error) {
	schema, missing, err := s.Sessions.Schema(v)
	if err != nil {
		return nil, err
	}
	counts := make(object, len(missing))
	for i, n := range missing {
		counts[i] = member{schema.Field(i).Name, n}
	}
	current := v.Current
	return object{
		{"status", "ready"},
		{"session_id", v.ID},
		{"filename", v.Filename},
		{"created_at", timestamp(v.Created)},
		{"last_accessed", timestamp(v.LastAccessed)},
		{"expires_at", timestamp(v.Expires)},
		{"ttl_seconds", int64(v.TTL / time.Second)},
		{"revision", v.Revision.Revision},
		{"current_version", current.ID},
		{"can_undo", v.CanUndo},
		{"can_redo", v.CanRedo},
		{"shape", []int64{current.Rows, int64(current.Columns)}},
		{"columns", columnNames(schema)},
		{"dtypes", dtypes(schema)},
		{"missing_values", counts},
		{"serialization", object{
			{"method", current.Method},
			{"codec", current.Compression},
			{"raw_bytes", current.RawBytes},
			{"stored_bytes", current.StoredBytes},
			{"compression_ratio", ratio(current.RawBytes, current.StoredBytes)},
			{"segments", current.Segments},
		}},
		{"history", history(v)},
		{"intentional_missing", marksDocument(schema, marks)},
		{"metadata", v.Metadata},
	}, nil
}

func ratio(raw, stored int64) float64 {
	if stored == 0 {
		return 1
	}
	return math.Round(100*float64(raw)/float64(stored)) / 100
}

func columnNames(schema *arrow.Schema) []string {
	names := make([]string, schema.NumFields())
	for i, f := range schema.Fields() {
		names[i] = f.Name
	}
	return names
}

func dtypes(schema *arrow.Schema) object {
	types := make(object, schema.NumFields())
	for i, f := range schema.Fields() {
		types[i] = member{f.Name, scalar.DType(f.Type)}
	}
	return types
}

// history is the versions as the session document has them.
func history(v *session.Session) []object {
	list := make([]object, len(v.Versions))
	for i, ver := range v.Versions {
		list[i] = summary(ver)
	}
	return list
}

func summary(v session.Version) object {
	return object{
		{"version_id", v.ID},
		{"timestamp", timestamp(v.Time)},
		{"action_summary", v.Summary},
		{"rows_before", v.RowsBefore},
		{"rows_after", v.Rows},
	}
}

// marksDocument lists marks in the order of the columns.
func marksDocument(schema *arrow.Schema, marks frame.Marks) object {
	doc := object{}
	for _, f := range schema.Fields() {
		if rows := marks[f.Name]; rows != nil {
			doc = append(doc, member{f.Name, rows})
		}
	}
	return doc
}

// sessionDocument is the document of v with further members, and the state of the session that
// it describes.
func (s *server) sessionDocument(r *http.Request, v *session.Session, further ...member) (object, *session.Session, error) {
	v, marks, err := s.Sessions.Marks(r.Context(), v)
	if err != nil {
		return nil, nil, err
	}
	doc, err := s.document(v, marks)
	return append(doc, further...), v, err
}

// writeSession answers with the session document, with further members.
func (s *server) writeSession(w http.ResponseWriter, r *http.Request, status int, v *session.Session, further ...member) error {
	doc, v, err := s.sessionDocument(r, v, further...)
	if err != nil {
		return err
	}
	setState(w, v)
	return writeJSON(w, status, doc)
}

// setState sets the headers that every session response carries.
func setState(w http.ResponseWriter, v *session.Session) {
	h := w.Header()
	h.Set("ETag", sessionTag(v))
	h.Set(headerRevision, v.Revision.String())
}
