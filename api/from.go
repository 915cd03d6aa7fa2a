package api

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"edgeframe/access"
	"edgeframe/codec"
	"edgeframe/frame"
	"edgeframe/session"
)

// A session can be made of what a query selects in another one: the body of the request is then a document
// with the one member from instead of a file.

// rowsFrom says what a session is made of.
type rowsFrom struct {
	session string
	query   query
}

// fromParams are the parameters of a request whose body is such a document.
var fromParams = []string{"filename", "ttl_seconds"}

// isFrom reports whether the body of r is a document with the member from. It looks at the beginning of
// the body, which is then still to be read.
func isFrom(r *http.Request) bool {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" || r.ContentLength > maxDocumentBytes {
		return false
	}
	in := bufio.NewReaderSize(r.Body, 512)
	// An error comes again when the body is read.
	begin, _ := in.Peek(256)
	r.Body = struct {
		io.Reader
		io.Closer
	}{in, r.Body}
	return beginsWithFrom(begin)
}

// beginsWithFrom reports whether a JSON text begins with an object whose first member is from, which is an object
// whose first member is one of [rowsFrom], with a value of its kind. A file begins like this only if it has its rows
// by names, of which the first is from, and if its first column is called so.
func beginsWithFrom(text []byte) bool {
	dec := jsontext.NewDecoder(bytes.NewBuffer(text))
	for _, want := range []string{"{", "from", "{"} {
		if token, err := dec.ReadToken(); err != nil || token.String() != want {
			return false
		}
	}
	name, err := dec.ReadToken()
	if err != nil {
		return false
	}
	switch name.String() {
	case "session":
		return dec.PeekKind() == '"'
	case "version":
		return dec.PeekKind() == '0' || dec.PeekKind() == '"'
	case "query":
		return dec.PeekKind() == '{'
	}
	return false
}

// createFromQuery creates a session from what a query selects in another one.
func (s *server) createFromQuery(w http.ResponseWriter, r *http.Request) error {
	given := r.URL.Query()
	for name := range given {
		if !slices.Contains(fromParams, name) {
			return badParameter("%s is for files; a session that is made from a query takes filename and ttl_seconds", name)
		}
	}
	if t := callerOf(r).token; t != nil && !t.Scope.Has(access.Read) {
		return insufficientScope(access.Read, "the token has the scope %q; a session that is made from a query needs %q as well", t.Scope, access.Read)
	}
	lifetime, err := ttl(given)
	if err != nil {
		return err
	}
	of, err := readOrigin(w, r)
	if err != nil {
		return err
	}
	to, err := ref(r)
	if err != nil {
		return err
	}
	to.ID = of.session
	sess, err := s.Sessions.Open(r.Context(), to, session.PrefetchNothing)
	if err != nil {
		return err
	}
	if of.query.Version, err = sess.Resolve(of.query.of); err != nil {
		return err
	}
	found, err := s.Sessions.Query(r.Context(), sess, &of.query.Query)
	if err != nil {
		return err
	}
	name := sess.Filename
	if given.Has("filename") {
		name = baseName(given.Get("filename"))
	}
	if err := begin(r, ""); err != nil {
		return err
	}
	made, err := s.createFromAnswer(r.Context(), found, name, lifetime)
	if err != nil {
		return err
	}
	return s.writeCreated(w, r, created{session: made, from: object{
		{"session", found.Session.ID}, {"version", found.Version.ID}, {"matched_rows", found.Matched},
	}})
}

// createFromAnswer creates a session from the answer to a query, with the name of a file.
func (s *server) createFromAnswer(ctx context.Context, found *session.Answer, name string, lifetime time.Duration) (*session.Session, error) {
	if found.Data == nil {
		return s.Sessions.Create(ctx, found.Table, name, lifetime, nil)
	}
	defer found.Data.Close()
	if found.Data.NumRows() > longRows {
		return s.Sessions.CreateFrom(ctx, found.Data.Open(nil), name, lifetime, nil)
	}
	table, err := codec.Collect(found.Data)
	if err != nil {
		return nil, err
	}
	return s.Sessions.Create(ctx, table, name, lifetime, nil)
}

// readOrigin reads the document of a request that makes a session from a query.
func readOrigin(w http.ResponseWriter, r *http.Request) (*rowsFrom, error) {
	of := &rowsFrom{query: query{Query: frame.Query{Limit: -1}}}
	err := streamDocument(w, r, maxDocumentBytes, func(dec *jsontext.Decoder, name string) error {
		if name != "from" {
			return unknownMember(name, "from")
		}
		return readObject(dec, "from", of.readMember)
	})
	if err != nil {
		return of, err
	}
	q := &of.query
	switch err := q.check(); {
	case err != nil:
		return of, inQuery(err)
	case of.session == "":
		return of, malformed("the document has no \"session\" in from; name the session that the rows are of")
	case q.Histogram != nil || q.Distinct != nil:
		return of, malformed("a histogram and distinct values are documents, of which no session can be made; ask for rows or groups")
	}
	return of, nil
}

// readMember reads a member of from.
func (of *rowsFrom) readMember(dec *jsontext.Decoder, name string) error {
	switch name {
	case "session":
		return textMember(dec, "session", &of.session)
	case "version":
		return of.query.readMember(dec, name)
	case "query":
		if dec.PeekKind() == 'n' {
			return dec.SkipValue()
		}
		return readObject(dec, "query", func(dec *jsontext.Decoder, name string) error {
			if name == "version" {
				return malformed("the version stands beside the query: {\"from\": {\"session\": …, \"version\": …, \"query\": {…}}}")
			}
			return inQuery(of.query.readMember(dec, name))
		})
	}
	return unknownMember(name, "session", "version", "query")
}

// readObject reads a member that is an object.
func readObject(dec *jsontext.Decoder, name string, member func(dec *jsontext.Decoder, name string) error) error {
	if kind := dec.PeekKind(); kind != '{' {
		if _, err := dec.ReadValue(); err != nil {
			return err
		}
		return malformed("%q must be an object, not %s", name, notObjects[kind])
	}
	return eachMember(dec, member)
}

// inQuery makes the pointer of an error about a query one into the document that has the query.
func inQuery(err error) error {
	if f, ok := errors.AsType[*frame.Fault](err); ok {
		f.Pointer = "/from/query" + f.Pointer
	}
	return err
}
