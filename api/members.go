package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"edgeframe/codec"
	"edgeframe/frame"
)

// Documents that carry edits may be as large as a table. They are not kept: their members are read from the
// body as they come, and the first that is not accepted ends the reading.

// maxNames is the largest number of names in one object of such a document.
const maxNames = 100_000

// openDocument returns the body of a request that is a JSON document of at most limit bytes.
func openDocument(w http.ResponseWriter, r *http.Request, limit int64) (io.Reader, error) {
	if r.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	body, err := reserveBody(r, documentFactor)
	return http.MaxBytesReader(w, body, limit), err
}

// streamDocument reads a JSON object: member is called with the name of each member and reads its value from
// the decoder.
func streamDocument(w http.ResponseWriter, r *http.Request, limit int64, member func(dec *jsontext.Decoder, name string) error) error {
	body, err := openDocument(w, r, limit)
	if err != nil {
		return err
	}
	err = readMembers(jsontext.NewDecoder(&shallow{from: body}), member)
	if err == nil {
		return nil
	}
	// A client that sends more than it is given an answer for may not see the answer.
	if _, unread := io.Copy(io.Discard, body); unread != nil {
		return bodyError(unread, limit)
	}
	switch {
	case errors.As(err, new(*problem)), errors.As(err, new(*codec.Error)):
		return err // also if the decoder was within a value
	case errors.As(err, new(*jsontext.SyntacticError)):
		return unreadable(err)
	}
	return bodyError(err, limit)
}

// readMembers reads a document that is one JSON object.
func readMembers(dec *jsontext.Decoder, member func(dec *jsontext.Decoder, name string) error) error {
	switch kind := dec.PeekKind(); kind {
	case '{':
	case jsontext.KindInvalid:
		_, err := dec.ReadToken()
		if err == io.EOF {
			return malformed("the body is empty; send a JSON document")
		}
		return err
	default:
		return malformed("the document must be a JSON object, not %s", notObjects[kind])
	}
	if err := eachMember(dec, member); err != nil {
		return err
	}
	if _, err := dec.ReadToken(); err != io.EOF {
		return malformed("the body goes on after the JSON document")
	}
	return nil
}

// eachMember reads an object: it calls member with the name of each member, which reads its value.
func eachMember(dec *jsontext.Decoder, member func(dec *jsontext.Decoder, name string) error) error {
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return err
		}
		if err := member(dec, name.String()); err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

// textMember reads the value of a member that is text.
func textMember(dec *jsontext.Decoder, name string, into *string) error {
	raw, err := dec.ReadValue()
	if err != nil {
		return err
	}
	if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](json.Unmarshal(raw, into)); ok {
		mismatch.Field = name
		return malformed("the JSON document cannot be read: %s", frame.DescribeMismatch(mismatch))
	}
	return nil
}

// unknownMember is the problem of a document with a member that is not one of fields.
func unknownMember(name string, fields ...string) error {
	return malformed("the JSON document cannot be read: %s", frame.DescribeUnknown(name, fields))
}

// shallow reads JSON and ends with an error where it is nested too deep, or where an object has too many
// names, so that a decoder behind it keeps neither.
type shallow struct {
	from io.Reader
	// depth is the number of open arrays and objects. names has for each the number of names that it
	// has so far if it is an object, and 0 if it is an array.
	depth int
	names [maxDocumentDepth + 1]int
	// quoted says that a string is open, escaped that the byte before was a backslash in it.
	quoted, escaped bool
}

// Read implements [io.Reader].
func (s *shallow) Read(p []byte) (int, error) {
	n, err := s.from.Read(p)
	for rest := p[:n]; len(rest) > 0; {
		var problem error
		if rest, problem = s.skip(rest); problem != nil {
			return 0, problem
		}
	}
	return n, err
}

// skip looks at bytes up to the beginning or end of a string, or at one that was escaped, and returns the
// rest.
func (s *shallow) skip(p []byte) ([]byte, error) {
	switch {
	case s.escaped:
		s.escaped = false
		return p[1:], nil
	case s.quoted:
		at := bytes.IndexAny(p, `"\`)
		if at < 0 {
			return nil, nil
		}
		s.quoted, s.escaped = p[at] == '\\', p[at] == '\\'
		return p[at+1:], nil
	}
	for i, c := range p {
		switch c {
		case '"':
			s.quoted = true
			return p[i+1:], nil
		case '{', '[':
			if s.depth++; s.depth > maxDocumentDepth {
				return nil, malformed("the JSON document cannot be read: arrays and objects are nested deeper than %d levels", maxDocumentDepth)
			}
			s.names[s.depth] = 0
			if c == '{' {
				s.names[s.depth] = 1
			}
		case '}', ']':
			s.depth = max(s.depth-1, 0)
		case ',':
			if s.names[s.depth] == 0 {
				continue
			}
			if s.names[s.depth]++; s.names[s.depth] > maxNames {
				return nil, malformed("the JSON document cannot be read: an object has more than %d names", maxNames)
			}
		}
	}
	return nil, nil
}
