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

// maxMembers is the most members that a session document has in this package, with those that are added to it.
const maxMembers = 24

// document returns the session document of sess. table are its parts about the table.
func (s *server) document(sess *session.Session, table tableParts) (object, error) {
	current := &sess.Current
	versions, err := s.history(sess)
	if err != nil {
		return nil, err
	}
	doc := append(make(object, 0, maxMembers),
		member{"status", "ready"},
		member{"session_id", sess.ID},
		member{"filename", sess.Filename},
		member{"created_at", timestamp(sess.Created)},
		member{"last_accessed", timestamp(sess.LastAccessed)},
		member{"expires_at", timestamp(sess.Expires)},
		member{"ttl_seconds", int64(sess.TTL / time.Second)},
		member{"expires_in_seconds", max(int64(sess.Expires.Sub(s.Now())/time.Second), 0)},
		member{"revision", int64(sess.Revision.Revision)},
		member{"etag", sessionTag(sess)},
		member{"current_version", current.ID},
		member{"can_undo", sess.CanUndo},
		member{"can_redo", sess.CanRedo},
		member{"", table.shape},
		member{"history", versions},
		member{"", table.marks},
		member{"metadata", metadata(sess)},
	)
	if current.Source != nil {
		source, err := s.sourceDocument(current.Source)
		if err != nil {
			return nil, err
		}
		doc = append(doc, member{"source", source})
	}
	return doc, nil
}

// metadata returns the metadata of sess. Most sessions have none, for which encoding/json is not needed.
func metadata(sess *session.Session) any {
	if string(sess.Metadata) == "{}" {
		return object{}
	}
	return sess.Metadata
}

// tableParts are the members of the session document that are about the table of the current version: those from
// shape to serialization, and intentional_missing.
type tableParts struct{ shape, marks members }

// tableParts returns the parts of the session document that are about the table, and the state of the session that
// they belong to. They are kept: most of them are the names of the columns.
func (s *server) tableParts(r *http.Request, sess *session.Session) (tableParts, *session.Session, error) {
	if kept, ok := s.encoded.parts.Get(versionKey("table", sess, &sess.Current)); ok {
		table := tableParts{kept.members[0], kept.members[1]}
		// In a buffer that grows by doubling.
		return table, sess, budget.From(r.Context()).Use(r.Context(), int64(2*len(table.shape)))
	}
	sess, marked, err := s.Sessions.MarkCounts(r.Context(), sess)
	if err != nil {
		return tableParts{}, nil, err
	}
	table, err := s.encodeTable(r, sess, marked)
	if err == nil {
		s.encoded.keepParts(versionKey("table", sess, &sess.Current), []members{table.shape, table.marks})
	}
	return table, sess, err
}

// encodeTable makes the parts of the document of sess that are about the table. marked is the number of marks of each
// column.
func (s *server) encodeTable(r *http.Request, sess *session.Session, marked []int64) (table tableParts, err error) {
	schema, missing, err := s.Sessions.Schema(sess)
	if err == nil {
		err = reserveDocument(r, schema)
	}
	if err != nil {
		return table, err
	}
	counts, marks := make(object, len(missing)), object{}
	for i, n := range missing {
		name := schema.Field(i).Name
		counts[i] = member{name, n}
		if marked[i] > 0 {
			marks = append(marks, member{name, marked[i]})
		}
	}
	current := &sess.Current
	table.shape, err = encodeMembers(object{
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
	})
	if err == nil {
		table.marks, err = encodeMembers(object{{"intentional_missing", marks}})
	}
	return table, err
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
func (s *server) history(sess *session.Session) ([]object, error) {
	listed, err := s.listedVersions(sess)
	list := make([]object, len(listed))
	for i := range listed {
		list[i] = listed[i].summary
	}
	return list, err
}

// sessionDocument returns the document of sess with further members, and the state of the session that
// the document describes.
func (s *server) sessionDocument(r *http.Request, sess *session.Session, further ...member) (object, *session.Session, error) {
	table, sess, err := s.tableParts(r, sess)
	if err != nil {
		return nil, nil, err
	}
	doc, err := s.document(sess, table)
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
	set(h, headerETag, sessionTag(sess))
	set(h, headerRevision, sess.Revision.String())
}
