package api

import (
	"math"
	"net/http"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec/scalar"
	"edgeframe/internal/budget"
	"edgeframe/session"
)

// timestamp formats a time as RFC 3339 in UTC, with milliseconds.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }

// document returns the session document of sess. marked is the number of marks of each column.
func (s *server) document(r *http.Request, sess *session.Session, marked []int64) (object, error) {
	schema, missing, err := s.Sessions.Schema(sess)
	if err == nil {
		err = reserveDocument(r, schema)
	}
	if err != nil {
		return nil, err
	}
	counts, marks := make(object, len(missing)), object{}
	for i, n := range missing {
		name := schema.Field(i).Name
		counts[i] = member{name, n}
		if marked[i] > 0 {
			marks = append(marks, member{name, marked[i]})
		}
	}
	current := sess.Current
	doc := object{
		{"status", "ready"},
		{"session_id", sess.ID},
		{"filename", sess.Filename},
		{"created_at", timestamp(sess.Created)},
		{"last_accessed", timestamp(sess.LastAccessed)},
		{"expires_at", timestamp(sess.Expires)},
		{"ttl_seconds", int64(sess.TTL / time.Second)},
		{"expires_in_seconds", max(int64(sess.Expires.Sub(s.Now())/time.Second), 0)},
		{"revision", sess.Revision.Revision},
		{"etag", sessionTag(sess)},
		{"current_version", current.ID},
		{"can_undo", sess.CanUndo},
		{"can_redo", sess.CanRedo},
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
		{"history", history(sess)},
		{"intentional_missing", marks},
		{"metadata", sess.Metadata},
	}
	if current.Source != nil {
		source, err := sourceDocument(current.Source)
		if err != nil {
			return nil, err
		}
		doc = append(doc, member{"source", source})
	}
	return doc, nil
}

func ratio(raw, stored int64) float64 {
	if stored == 0 {
		return 1
	}
	return math.Round(100*float64(raw)/float64(stored)) / 100
}

func columnNames(schema *arrow.Schema) []string {
	names := make([]string, schema.NumFields())
	for i := range names {
		names[i] = schema.Field(i).Name
	}
	return names
}

func dtypes(schema *arrow.Schema) object {
	types := make(object, schema.NumFields())
	for i := range types {
		f := schema.Field(i)
		types[i] = member{f.Name, scalar.DType(f.Type)}
	}
	return types
}

// history returns the versions for the session document.
func history(sess *session.Session) []object {
	list := make([]object, len(sess.Versions))
	for i, ver := range sess.Versions {
		list[i] = summary(ver)
	}
	return list
}

func summary(ver session.Version) object {
	return object{
		{"version_id", ver.ID},
		{"timestamp", timestamp(ver.Time)},
		{"action_summary", ver.Summary},
		{"rows_before", ver.RowsBefore},
		{"rows_after", ver.Rows},
	}
}

// sessionDocument returns the document of sess with further members, and the state of the session that
// the document describes.
func (s *server) sessionDocument(r *http.Request, sess *session.Session, further ...member) (object, *session.Session, error) {
	sess, marked, err := s.Sessions.MarkCounts(r.Context(), sess)
	if err != nil {
		return nil, nil, err
	}
	doc, err := s.document(r, sess, marked)
	return append(doc, further...), sess, err
}

const (
	// documentNames is about how many times the names of the columns are in memory for a session
	// document: three times as they are, and as JSON in a buffer that grows by doubling.
	documentNames = 12
	// documentColumn is about what a column takes besides, in bytes.
	documentColumn = 400
)

// reserveDocument reserves memory for a session document, most of which are the names of the columns.
func reserveDocument(r *http.Request, schema *arrow.Schema) error {
	bytes := documentColumn * schema.NumFields()
	for i := range schema.NumFields() {
		bytes += documentNames * len(schema.Field(i).Name)
	}
	return budget.From(r.Context()).Use(r.Context(), int64(bytes))
}

// writeSession answers with the session document, with further members.
func (s *server) writeSession(w http.ResponseWriter, r *http.Request, status int, sess *session.Session, further ...member) error {
	doc, sess, err := s.sessionDocument(r, sess, further...)
	if err != nil {
		return err
	}
	setState(w, sess)
	return writeJSON(w, status, doc)
}

// setState sets the headers that all responses about a session have.
func setState(w http.ResponseWriter, sess *session.Session) {
	h := w.Header()
	h.Set("ETag", sessionTag(sess))
	h.Set(headerRevision, sess.Revision.String())
}
