package api

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/go-json-experiment/json/jsontext"

	"edgeframe/codec"
	"edgeframe/codec/formats"
	"edgeframe/frame"
	"edgeframe/internal/large"
	"edgeframe/recipe"
)

// maxDocumentBytes is the largest JSON document of requests that carry no table.
const maxDocumentBytes = 4 << 20

// upload is the file in a request.
type upload struct {
	filename    string
	contentType string
	body        []byte
	// compression is what the body was unpacked from, "" if it came as it is.
	compression string
	// format is the format of the file, nil until understand has determined it.
	format *codec.Format
	// form has the query parameters and the fields of the form. A field replaces the query parameter
	// with its name.
	form url.Values
	// into are the types of the table to which the rows are appended; nil unless they are.
	into map[string]arrow.DataType
	// recipe is replayed on the table; nil if none is.
	recipe *replaying
	// reserve is called before memory for the table is allocated.
	reserve func(bytes int64) error
}

// readUpload reads the file of a request: the body itself, or the field "file" of a form. fields are the
// names that the other fields of the form may have.
func (s *server) readUpload(w http.ResponseWriter, r *http.Request, fields []string) (*upload, error) {
	up := &upload{form: r.URL.Query(), contentType: r.Header.Get("Content-Type"), reserve: reserver(r)}
	if r.ContentLength > s.MaxUploadBytes+maxFormBytes {
		return nil, tooLarge(s.MaxUploadBytes)
	}
	body, err := reserveBody(r, uploadFactor)
	if err != nil {
		return nil, err
	}
	r.Body = body
	if media, params, parseErr := mime.ParseMediaType(up.contentType); parseErr == nil && media == "multipart/form-data" {
		requestOf(r.Context()).hashForm(media)
		err = s.readForm(w, r, params["boundary"], fields, up)
	} else {
		up.body, err = s.readWhole(w, r)
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
	return up, s.unpack(r, up)
}

// baseName removes the directories from a file name, in the notation of Unix or Windows.
func baseName(name string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	if name == "." || name == "/" {
		return ""
	}
	return name
}

// ErrBusy is the error that the body of a request returns if there is no memory for it beside the bodies
// of other requests. The request then gets 429.
var ErrBusy = errors.New("no room beside other uploads")

func busy() error {
	return problemf(http.StatusTooManyRequests, "rate_limited", "the server is busy with other uploads; try again shortly")
}

// maxGuess bounds the memory that the server allocates for a Content-Length before the bytes arrive.
const maxGuess = 4 << 20

// readWhole reads a whole body that is a file.
func (s *server) readWhole(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	limit := s.MaxUploadBytes
	if r.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	from, err := transferDecoded(r.Header.Get("Content-Transfer-Encoding"), http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		return nil, err
	}
	body, err := readAll(from, r.ContentLength)
	return body, bodyError(err, limit)
}

// readSize is how much of a body is read at once. The server lets others run in between.
const readSize = 256 << 10

// readAll reads all of r. claimed is the declared number of bytes, -1 if it is not declared. When the
// first maxGuess bytes have arrived, the buffer grows to the declared size at once: while a buffer
// grows, it is in memory twice.
func readAll(r io.Reader, claimed int64) ([]byte, error) {
	b := make([]byte, 0, min(max(claimed, 0)+bytes.MinRead, maxGuess))
	for {
		if len(b) == cap(b) {
			room := int(claimed) - len(b)
			if room <= 0 {
				room = len(b)
			}
			b = large.Grow(b, room+bytes.MinRead)
		}
		n, err := r.Read(b[len(b):min(cap(b), len(b)+readSize)])
		b = b[:len(b)+n]
		if err == io.EOF {
			return b, nil
		} else if err != nil {
			return b, err
		}
	}
}

func tooLarge(limit int64) error {
	return problemf(http.StatusRequestEntityTooLarge, "payload_too_large", "the body is larger than the %d bytes that are accepted", limit)
}

func bodyError(err error, limit int64) error {
	var over *http.MaxBytesError
	packed, damaged := errors.AsType[*codec.Error](err)
	base64Error, notBase64 := errors.AsType[base64.CorruptInputError](err)
	switch {
	case err == nil:
		return nil
	case damaged:
		return packed
	case notBase64:
		return malformed("the body is not base64, which its content transfer encoding says: %v", base64Error)
	case errors.As(err, &over):
		return tooLarge(limit)
	case errors.Is(err, ErrBusy):
		return busy()
	case isShortage(err):
		return err
	}
	return problemf(http.StatusBadRequest, "malformed_input", "the body ended before it was complete: %v", err)
}

// maxFields is the largest number of fields in a form, and maxFieldBytes the largest size of each field
// except the file and a recipe. maxFormBytes is what the fields besides the file take at most.
const (
	maxFields     = 32
	maxFieldBytes = 4096
	maxFormBytes  = maxFields*maxFieldBytes + recipe.MaxBytes
)

// readForm reads a multipart form.
func (s *server) readForm(w http.ResponseWriter, r *http.Request, boundary string, fields []string, up *upload) error {
	limit := s.MaxUploadBytes
	form := multipart.NewReader(http.MaxBytesReader(w, r.Body, limit+maxFormBytes), boundary)
	found := false
	given, q := url.Values{}, requestOf(r.Context())
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
		if part.FormName() == "file" {
			if found {
				return badParameter("the form has two fields \"file\"; send each file in a request of its own")
			}
			found = true
			up.filename, up.contentType = part.FileName(), part.Header.Get("Content-Type")
			up.body, err = readPart(part, limit, r.ContentLength)
			q.hashPart(part.Header, up.body)
		} else {
			err = readField(part, fields, given, q)
		}
		if err != nil {
			return err
		}
	}
	if !found {
		return malformed("the form has no field \"file\"; send the file in it")
	}
	// Fields take precedence over query parameters.
	maps.Copy(up.form, given)
	return checkRepeats(given)
}

// readField reads a field other than the file into given. An empty field counts as not given, because browsers
// send all fields of a form. q may be nil.
func readField(part *multipart.Part, fields []string, given url.Values, q *request) error {
	name := part.FormName()
	if !slices.Contains(fields, name) {
		return badParameter("there is no form field %q here; send one field \"file\" and any of %s", codec.Shorten(name), strings.Join(fields, ", "))
	}
	limit := int64(maxFieldBytes)
	if name == "recipe" {
		limit = recipe.MaxBytes
	}
	value, err := readPart(part, limit, 0)
	q.hashPart(part.Header, value)
	if err == nil && len(value) > 0 {
		given.Add(name, string(value))
	}
	return err
}

// readPart reads a part of a form of at most limit bytes. claimed is the likely number of bytes.
func readPart(part *multipart.Part, limit, claimed int64) ([]byte, error) {
	from, err := transferDecoded(part.Header.Get("Content-Transfer-Encoding"), part)
	if err != nil {
		return nil, err
	}
	body, err := readAll(io.LimitReader(from, limit+1), claimed)
	if int64(len(body)) > limit {
		return nil, tooLarge(limit)
	}
	return body, formError(err, limit)
}

func formError(err error, limit int64) error {
	var over *http.MaxBytesError
	if err == nil || errors.As(err, &over) || errors.Is(err, ErrBusy) || isShortage(err) ||
		errors.As(err, new(*codec.Error)) || errors.As(err, new(base64.CorruptInputError)) {
		return bodyError(err, limit)
	}
	return malformed("the form cannot be read: %v", err)
}

// understand determines the format of an uploaded file and the options for reading it.
func (s *server) understand(up *upload) (opt codec.ReadOptions, err error) {
	if err := formats.Foreign(up.body); err != nil {
		return opt, err
	}
	if up.format, err = inputFormat(up.contentType, up.filename, up.body); err != nil {
		return opt, err
	}
	if err := typeOptions(up); err != nil {
		return opt, err
	}
	if up.recipe != nil {
		if err := up.recipe.fill(up); err != nil {
			return opt, err
		}
	}
	opt, err = s.readOptions(up.form, up.format)
	opt.Reserve, opt.Compression, opt.Into = up.reserve, up.compression, up.into
	return opt, err
}

// table decodes an uploaded file.
func (s *server) table(up *upload) (*codec.Table, error) {
	opt, err := s.understand(up)
	if err != nil {
		return nil, err
	}
	return up.format.Decode(up.body, opt)
}

// readDocument reads a JSON object into v. It rejects unknown fields, and what [checkDocument] rejects.
// If emptyAllowed is set, an empty body leaves v unchanged.
func readDocument(w http.ResponseWriter, r *http.Request, limit int64, emptyAllowed bool, v any) error {
	from, err := openDocument(w, r, limit)
	if err != nil {
		return err
	}
	body, err := readAll(from, r.ContentLength)
	if err != nil {
		return bodyError(err, limit)
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
		problem := strings.TrimPrefix(err.Error(), "json: ")
		if strings.HasPrefix(problem, "unknown field") {
			problem += "; the fields are " + strings.Join(fieldsOf(v), ", ")
		}
		return malformed("the JSON document cannot be read: %s", problem)
	}
	return nil
}

// fieldsOf returns the names in JSON of the fields of the struct that v points to.
func fieldsOf(v any) (names []string) {
	for _, field := range reflect.VisibleFields(reflect.TypeOf(v).Elem()) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

func malformed(format string, args ...any) error {
	return problemf(http.StatusUnprocessableEntity, "malformed_input", format, args...)
}

// maxDocumentDepth is the deepest nesting of a document: the four levels that an edit has around a value,
// and those of the value.
const maxDocumentDepth = 4 + codec.DefaultMaxDepth

// notObjects has the names of the kinds of JSON values other than objects.
var notObjects = map[jsontext.Kind]string{'n': "null", 't': "a boolean", 'f': "a boolean", '"': "a string", '0': "a number", '[': "an array"}

// checkDocument accepts one JSON object that means the same to every reader. It rejects names that occur
// twice in an object and text that is not Unicode, which encoding/json would change silently.
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

// unreadable returns the problem for an error of the decoder.
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
