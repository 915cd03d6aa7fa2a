// Package document reads and writes JSON, NDJSON and MessagePack: documents whose values carry their
// own types.
//
// It promises that a column has the narrowest type that keeps all of its values, and that values that
// become text keep their spelling.
package document

import (
	"bytes"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// JSON is one document of shape records, columns or split.
var JSON = &codec.Format{
	Name:       "json",
	MediaTypes: []string{"application/json", "text/json"},
	Extensions: []string{".json"},
	Input:      "the JSON document",
	Reading:    oriented,
	Writing:    orientedWriting,
	Retype:     scalar.ApplyDTypes,
	Driver:     jsonDriver{},
}

// byteOrderMark begins UTF-8 files of some editors. RFC 8259 allows readers to ignore it.
var byteOrderMark = []byte("\ufeff")

// trimJSON cuts the byte order mark and the white space of JSON off both ends.
func trimJSON(data []byte) []byte {
	return bytes.Trim(bytes.TrimPrefix(data, byteOrderMark), " \t\r\n")
}

// looksJSON reports whether data begins like an array of objects or an object.
func looksJSON(data []byte) bool {
	data = trimJSON(data)
	if len(data) == 0 {
		return false
	}
	inner := trimJSON(data[1:])
	switch {
	case data[0] == '[':
		return len(inner) > 0 && (inner[0] == '{' || inner[0] == ']')
	case data[0] == '{':
		return len(inner) > 0 && (inner[0] == '"' || inner[0] == '}')
	}
	return false
}

type jsonDriver struct{}

// Sniff implements [codec.Driver].
func (jsonDriver) Sniff(data []byte) bool { return looksJSON(data) }

// Decode implements [codec.Driver]. Names that occur twice in an object, invalid UTF-8 and anything
// after the document are rejected, but a text that has an object on each line is read as NDJSON.
func (jsonDriver) Decode(data []byte, opt codec.ReadOptions, mem *codec.Budget) (*codec.Table, error) {
	given, err := checked(opt.Options)
	if err != nil {
		return nil, err
	}
	if given.Records == "" && (given.Orient == "" || given.Orient == Records) && looksNDJSON(data) {
		return decodeLines(data, opt, mem, "The file has a JSON object on each line, so it was read as ndjson.")
	}
	t, err := newDynTable(bytes.TrimPrefix(data, byteOrderMark), opt.Limits, mem, appendJSONTo)
	if err != nil {
		return nil, err
	}
	r := newJSONReader(t)
	r.acceptLiterals()
	if err := readDocument(r, t, given); err != nil {
		return nil, err
	}
	return t.finish(opt, jsonCells{})
}

// documentDepth is the number of brackets around the values of a document.
const documentDepth = 2

// jsonReader is the [dynReader] of JSON.
type jsonReader struct {
	t *dynTable
	// input is t.data, with numbers in place of literals. literals says that there are some.
	input    []byte
	literals bool
	dec      *jsontext.Decoder
	start    int // where in t.data dec began
	depth    int
	maxDepth int
	line     int // for errors: the line that is read; 0 means that the input is one document
}

func newJSONReader(t *dynTable) *jsonReader {
	r := &jsonReader{t: t, input: t.data, dec: new(jsontext.Decoder), maxDepth: t.limits.Depth + documentDepth}
	r.seek(t.root)
	return r
}

func (r *jsonReader) seek(c cell) {
	r.start, r.depth = int(c.start), 0
	// Names that occur twice are found by dynTable.
	r.dec.Reset(bytes.NewBuffer(r.input[c.start:c.end]), jsontext.AllowDuplicateNames(true))
}

func (r *jsonReader) offset() int { return r.start + int(r.dec.InputOffset()) }

func (r *jsonReader) opens() byte {
	if kind := r.dec.PeekKind(); kind == '[' || kind == '{' {
		return byte(kind)
	}
	return 0
}

func (r *jsonReader) fail(kind error, format string, args ...any) error {
	if r.line > 0 {
		return codec.Errorf(kind, "line %d: "+format, append([]any{r.line}, args...)...)
	}
	return codec.Errorf(kind, "byte %d: "+format, append([]any{r.offset()}, args...)...)
}

// locate adds the place to an error that does not have one.
func (r *jsonReader) locate(err error) error {
	if e, ok := errors.AsType[*codec.Error](err); ok {
		return r.fail(e.Kind, "%s", e.Detail)
	}
	return err
}

// syntax describes an error of the decoder.
func (r *jsonReader) syntax(err error) error {
	return r.fail(codec.ErrMalformed, "%s", scalar.DescribeSyntax(err))
}

// end returns an error if anything but white space is left.
func (r *jsonReader) end() error {
	another := r.dec.PeekKind() == '{'
	switch _, err := r.dec.ReadToken(); {
	case err == io.EOF:
		return nil
	case another && r.line == 0:
		return r.fail(codec.ErrMalformed, "there is something after the end of the JSON text; is this NDJSON? It must have each object on one line")
	}
	return r.fail(codec.ErrMalformed, "there is something after the end of the JSON text")
}

// enter reads the beginning of an array or object and returns its place in the input.
func (r *jsonReader) enter() (start int, err error) {
	if r.depth++; r.depth > r.maxDepth {
		return 0, r.fail(codec.ErrTooLarge, "arrays and objects are nested deeper than %d levels", r.t.limits.Depth)
	}
	if _, err := r.dec.ReadToken(); err != nil {
		return 0, r.syntax(err)
	}
	return r.offset() - 1, nil
}

// leave reads the end of an array or object and returns its place in the input.
func (r *jsonReader) leave() (end int, err error) {
	r.depth--
	if _, err := r.dec.ReadToken(); err != nil {
		return 0, r.syntax(err)
	}
	return r.offset(), nil
}

func (r *jsonReader) array(each func(i uint32) error) error {
	if _, err := r.enter(); err != nil {
		return err
	}
	for i := uint32(0); r.more(']'); i++ {
		if err := each(i); err != nil {
			return err
		}
	}
	_, err := r.leave()
	return err
}

// more reports whether there is another element or member before the closing bracket.
func (r *jsonReader) more(closing jsontext.Kind) bool {
	kind := r.dec.PeekKind()
	return kind != closing && kind > 0
}

func (r *jsonReader) record(row uint32) error {
	r.t.fields.next = 0
	_, _, err := r.object(func(name []byte) error {
		column, err := r.t.column(name, row)
		if err != nil {
			return r.locate(err)
		}
		return r.value(column, row)
	})
	return err
}

func (r *jsonReader) names(each func(name []byte) error) error {
	_, _, err := r.object(each)
	return err
}

// object reads an object and returns its place; each reads the value of a member.
func (r *jsonReader) object(each func(name []byte) error) (start, end int, err error) {
	if start, err = r.enter(); err != nil {
		return 0, 0, err
	}
	for r.more('}') {
		raw, err := r.dec.ReadValue()
		if err != nil {
			return 0, 0, r.syntax(err)
		}
		name := raw[1 : len(raw)-1]
		if bytes.IndexByte(name, '\\') >= 0 {
			if name, err = jsontext.AppendUnquote(nil, raw); err != nil {
				return 0, 0, r.syntax(err)
			}
		}
		if err := each(name); err != nil {
			return 0, 0, err
		}
	}
	end, err = r.leave()
	return start, end, err
}

func (r *jsonReader) value(c *dynColumn, row uint32) error {
	switch r.dec.PeekKind() {
	case '[':
		return r.list(c, row)
	case '{':
		return r.members(c, row)
	}
	raw, err := r.dec.ReadValue()
	if err != nil {
		return r.syntax(err)
	}
	end := r.offset()
	if r.literals {
		if raw = r.t.data[end-len(raw) : end]; raw[0] == 'N' {
			r.t.addLost(c, row, end-len(raw), end)
			return nil
		}
	}
	if kind := jsonKind(raw); kind != 0 {
		r.t.add(c, kind, row, end-len(raw), end)
	}
	return nil
}

func (r *jsonReader) skip() (cell, error) {
	raw, err := r.dec.ReadValue()
	if err != nil {
		return cell{}, r.syntax(err)
	}
	end := r.offset()
	return cell{start: uint32(end - len(raw)), end: uint32(end)}, nil
}

func (r *jsonReader) list(c *dynColumn, row uint32) error {
	start, err := r.enter()
	if err != nil {
		return err
	}
	elem, n := r.t.element(c)
	for ; r.more(']'); n++ {
		if err := r.value(elem, n); err != nil {
			return err
		}
	}
	end, err := r.leave()
	if err != nil {
		return err
	}
	r.t.addList(c, row, start, end, n)
	return nil
}

func (r *jsonReader) members(c *dynColumn, row uint32) error {
	if c != nil {
		c.fields.next = 0
	}
	start, end, err := r.object(func(name []byte) error {
		member, err := r.t.member(c, name, row)
		if err != nil {
			return r.locate(err)
		}
		return r.value(member, row)
	})
	if err != nil {
		return err
	}
	r.t.add(c, kindObject, row, start, end)
	return nil
}
