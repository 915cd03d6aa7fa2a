package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"edgeframe/codec"
	"edgeframe/frame"
)

// maxDocumentBytes is the largest JSON document of requests that carry no table.
const maxDocumentBytes = 4 << 20

// upload is a file that a request carried.
type upload struct {
	filename    string
	contentType string
	body        []byte
	// format is what the file is, once that has been found out.
	format *codec.Format
	// form holds the query parameters and, over them, the form's fields.
	form url.Values
}

// readUpload reads the file of a request: the body itself, or the field "file" of a form,
// whose other fields may be fields.
func (s *server) readUpload(w http.ResponseWriter, r *http.Request, fields []string) (*upload, error) {
	if err := checkEncoding(r); err != nil {
		return nil, err
	}
	up := &upload{form: r.URL.Query(), contentType: r.Header.Get("Content-Type")}
	var err error
	if media, params, parseErr := mime.ParseMediaType(up.contentType); parseErr == nil && media == "multipart/form-data" {
		err = s.readForm(w, r, params["boundary"], fields, up)
	} else {
		up.body, err = readBody(w, r, s.MaxUploadBytes)
	}
	if err != nil {
		return nil, err
	}
	if name := up.form.Get("filename"); name != "" {
		up.filename = name
	}
	up.filename = baseName(up.filename)
	if len(up.body) == 0 {
		return nil, malformed("the body is empty; send a file of one of the formats %s", formatNames())
	}
	return up, nil
}

// baseName cuts the directories off a file name, those of Windows too.
func baseName(name string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	if name == "." || name == "/" {
		return ""
	}
	return name
}

func checkEncoding(r *http.Request) error {
	if enc := r.Header.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		return problemf(http.StatusUnsupportedMediaType, "unsupported_media_type", "the content encoding %q is not accepted; send the body as it is", codec.Shorten(enc))
	}
	return nil
}

// ErrBusy is what the body of a request returns to be refused because there is no room for it
// beside others.
var ErrBusy = errors.New("no room beside other uploads")

func busy() error {
	return problemf(http.StatusTooManyRequests, "rate_limited", "the server is busy with other uploads; try again shortly")
}

// maxGuess bounds the memory that a Content-Length alone can make the server set aside.
const maxGuess = 4 << 20

// readBody reads a whole body of at most limit bytes.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	body, err := readAll(http.MaxBytesReader(w, r.Body, limit), r.ContentLength)
	return body, bodyError(err, limit)
}

// readAll reads r, which claims to have so many bytes (-1: it does not say). Room for all of
// them is made at once when the first maxGuess have come: a buffer that grows again and again
// is for a while in memory twice.
func readAll(r io.Reader, claimed int64) ([]byte, error) {
	var b bytes.Buffer
	first := min(max(claimed, 0)+bytes.MinRead, maxGuess)
	b.Grow(int(first))
	n, err := b.ReadFrom(io.LimitReader(r, first-bytes.MinRead))
	if err != nil {
		return b.Bytes(), err
	}
	b.Grow(int(max(claimed-n, 0)) + bytes.MinRead)
	_, err = b.ReadFrom(r)
	return b.Bytes(), err
}

func tooLarge(limit int64) error {
	return problemf(http.StatusRequestEntityTooLarge, "payload_too_large", "the body is larger than the %d bytes that are accepted", limit)
}

func bodyError(err error, limit int64) error {
	var over *http.MaxBytesError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &over):
		return tooLarge(limit)
	case errors.Is(err, ErrBusy):
		return busy()
	}
	return problemf(http.StatusBadRequest, "malformed_input", "the body ended before it was complete: %v", err)
}

// maxFields bounds the fields of a form, and maxFieldBytes each of them but the file.
const (
	maxFields     = 32
	maxFieldBytes = 4096
)

// readForm reads a multipart form.
func (s *server) readForm(w http.ResponseWriter, r *http.Request, boundary string, fields []string, up *upload) error {
	limit := s.MaxUploadBytes
	if r.ContentLength > limit+maxFields*maxFieldBytes {
		return tooLarge(limit)
	}
	form := multipart.NewReader(http.MaxBytesReader(w, r.Body, limit+maxFields*maxFieldBytes), boundary)
	found := false
	given := url.Values{}
	for n := 0; ; n++ {
		part, err := form.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			return formError(err, limit)
		}
		if n == maxFields {
			return malformed("the form has more than %d fields", maxFields)
		}
		if part.FormName() == "file" && !found {
			found = true
			up.filename, up.contentType = part.FileName(), part.Header.Get("Content-Type")
			up.body, err = readPart(part, limit, r.ContentLength)
		} else {
			err = readField(part, fields, given)
		}
		if err != nil {
			return err
		}
	}
	if !found {
		return malformed("the form has no field \"file\"; send the file in it")
	}
	// Fields go before the query parameters of their names.
	maps.Copy(up.form, given)
	return checkRepeats(given)
}

// readField reads a field other than the file into given.
func readField(part *multipart.Part, fields []string, given url.Values) error {
	name := part.FormName()
	if !slices.Contains(fields, name) {
		return badParameter("there is no form field %q here; send one field \"file\" and any of %s", codec.Shorten(name), strings.Join(fields, ", "))
	}
	value, err := readPart(part, maxFieldBytes, 0)
	if err == nil {
		given.Add(name, string(value))
	}
	return err
}

// readPart reads a part of a form that may have at most limit bytes and perhaps has as many as
// claimed.
func readPart(part *multipart.Part, limit, claimed int64) ([]byte, error) {
	body, err := readAll(io.LimitReader(part, limit+1), claimed)
	if int64(len(body)) > limit {
		return nil, tooLarge(limit)
	}
	return body, formError(err, limit)
}

func formError(err error, limit int64) error {
	var over *http.MaxBytesError
	if err == nil || errors.As(err, &over) || errors.Is(err, ErrBusy) {
		return bodyError(err, limit)
	}
	return malformed("the form cannot be read: %v", err)
}

// admit waits until an upload may be decoded. The returned function ends it.
func (s *server) admit(r *http.Request, up *upload) (release func(), err error) {
	if s.Admit == nil {
		return func() {}, nil
	}
	release, err = s.Admit(r.Context(), int64(len(up.body)))
	if err != nil {
		return nil, busy()
	}
	return release, nil
}

// understand finds out what an uploaded file is and how it is to be read.
func (s *server) understand(up *upload) (opt codec.ReadOptions, err error) {
	if up.format, err = inputFormat(up.contentType, up.filename, up.body); err != nil {
		return opt, err
	}
	if name := charset(up.contentType); name != "" && !up.form.Has("encoding") && slices.Contains(up.format.Reading.Names, "encoding") {
		up.form.Set("encoding", name)
	}
	return s.readOptions(up.form, up.format)
}

// table decodes an uploaded file.
func (s *server) table(up *upload) (*codec.Table, error) {
	opt, err := s.understand(up)
	if err != nil {
		return nil, err
	}
	return up.format.Decode(up.body, opt)
}

// readDocument reads a JSON object into v; unknown fields are refused, and what would not be
// kept as it was sent. An empty body leaves v as it is if that is allowed.
func readDocument(w http.ResponseWriter, r *http.Request, limit int64, emptyAllowed bool, v any) error {
	if err := checkEncoding(r); err != nil {
		return err
	}
	body, err := readBody(w, r, limit)
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(body)) == 0 {
		if emptyAllowed {
			return nil
		}
		return malformed("the body is empty; send a JSON document")
	}
	if err := checkDocument(body); err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	err = dec.Decode(v)
	if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return malformed("the JSON document cannot be read: %s", frame.DescribeMismatch(mismatch))
	}
	if err != nil {
		return malformed("the JSON document cannot be read: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

func malformed(format string, args ...any) error {
	return problemf(http.StatusUnprocessableEntity, "malformed_input", format, args...)
}

// maxDocumentDepth is the deepest nesting of a document: the four brackets that an edit puts
// around a value, and those of the value.
const maxDocumentDepth = 4 + codec.DefaultMaxDepth

// notObjects names the kinds of JSON values that are no objects.
var notObjects = map[jsontext.Kind]string{'n': "null", 't': "a boolean", 'f': "a boolean", '"': "a string", '0': "a number", '[': "an array"}

// checkDocument refuses all but one JSON object that means the same to every reader: names
// that occur twice in an object and text that is not Unicode are what encoding/json would
// change silently.
func checkDocument(body []byte) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(body))
	if kind, ok := notObjects[dec.PeekKind()]; ok {
		return malformed("the document must be a JSON object, not %s", kind)
	}
	for depth := 1; depth > 0; {
		if _, err := dec.ReadToken(); err != nil {
			return unreadable(err)
		}
		if depth = dec.StackDepth(); depth > maxDocumentDepth {
			return malformed("the JSON document cannot be read: arrays and objects are nested deeper than %d levels", maxDocumentDepth)
		}
	}
	if _, err := dec.ReadToken(); err != io.EOF {
		return malformed("the body goes on after the JSON document")
	}
	return nil
}

// unreadable describes an error of the decoder.
func unreadable(err error) error {
	syntax, ok := errors.AsType[*jsontext.SyntacticError](err)
	switch {
	case !ok:
		return malformed("the JSON document cannot be read: %v", err)
	case errors.Is(syntax, jsontext.ErrDuplicateName):
		return malformed("the JSON document cannot be read: the name %q occurs twice in an object", codec.Shorten(syntax.JSONPointer.LastToken()))
	}
	return malformed("the JSON document cannot be read: %v at byte %d", syntax.Err, syntax.ByteOffset)
}
