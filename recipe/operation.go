package recipe

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"edgeframe/frame"
)

// Operation is an operation of a step. Its JSON is that of an edit, with two differences: a row may be an object with
// the values of its key, such as {"id": 17}, instead of its position; and the member "positional" marks one that names
// rows by position.
type Operation struct {
	name string
	// text is the JSON of the operation without the rows that it names, which come at the offsets of places.
	text   []byte
	places []place
	// perRow says that it has a value for each row of the table.
	perRow bool
	// ready is the operation if it names no rows by their key.
	ready frame.Operation
}

// place is where an operation names a row.
type place struct {
	offset int
	// row is the position, an object with the key, or [end].
	row jsontext.Value
}

// end stands for the position behind the last row.
const end = `"end"`

// isKey reports whether the row is named by its key.
func (p place) isKey() bool { return p.row.Kind() == '{' }

func (p place) isEnd() bool { return string(p.row) == end }

// Name is the name of the operation in requests.
func (o *Operation) Name() string { return o.name }

// Positional reports whether the operation names rows by their positions.
func (o *Operation) Positional() bool {
	return o.perRow || slices.ContainsFunc(o.places, func(p place) bool { return !p.isKey() && !p.isEnd() })
}

// keyed reports whether the operation can be read only when the table is known.
func (o *Operation) keyed() bool {
	return slices.ContainsFunc(o.places, func(p place) bool { return p.isKey() || p.isEnd() })
}

// with returns the JSON of the operation with other rows.
func (o *Operation) with(row func(i int) []byte) []byte {
	out := make([]byte, 0, len(o.text)+8*len(o.places))
	at := 0
	for i, p := range o.places {
		out = append(append(out, o.text[at:p.offset]...), row(i)...)
		at = p.offset
	}
	return append(out, o.text[at:]...)
}

// append appends the JSON of the operation.
func (o *Operation) append(dst []byte) []byte {
	text := o.with(func(i int) []byte { return o.places[i].row })
	if !o.Positional() {
		return append(dst, text...)
	}
	return append(append(dst, text[:len(text)-1]...), `,"positional":true}`...)
}

// at returns the JSON of the operation with the positions of its rows.
func (o *Operation) at(rows []int64) []byte {
	return o.with(func(i int) []byte { return strconv.AppendInt(nil, rows[i], 10) })
}

// unplaced returns the JSON of the operation with the first row instead of those that are named otherwise than by
// their position.
func (o *Operation) unplaced() []byte {
	return o.with(func(i int) []byte {
		if p := o.places[i]; !p.isKey() && !p.isEnd() {
			return p.row
		}
		return []byte{'0'}
	})
}

// readOperation takes apart an operation that was sent in a request, or that stands in a recipe. What is wrong with it
// otherwise, [frame.ReadOperations] says.
func readOperation(raw jsontext.Value) (Operation, error) {
	if raw.Kind() != '{' {
		return Operation{text: raw}, nil
	}
	o := Operation{name: nameOf(raw)}
	s := splitter{dec: jsontext.NewDecoder(bytes.NewBuffer(raw)), o: &o}
	err := s.object("positional", func(name string) error {
		switch field := strings.ToLower(name); {
		case field == "rows" && o.name != "insert_rows":
			return s.list(s.place)
		case field == "cells" && o.name == "set_values":
			return s.list(func() error {
				return s.object("", func(name string) error {
					if strings.EqualFold(name, "row") {
						return s.place()
					}
					return s.copy()
				})
			})
		case field == "at" && o.name == "insert_rows":
			return s.place()
		case field == "values" && o.name == "add_column":
			o.perRow = o.perRow || s.dec.PeekKind() == '['
		}
		return s.copy()
	})
	return o, err
}

// nameOf returns the name of an operation, "" if it has none.
func nameOf(raw jsontext.Value) (name string) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(raw))
	_ = members(dec, func(member string) error {
		if member != "op" || dec.PeekKind() != '"' {
			return dec.SkipValue()
		}
		token, err := dec.ReadToken()
		if err == nil {
			name = token.String()
		}
		return err
	})
	return name
}

// splitter copies the JSON of an operation and leaves out the rows.
type splitter struct {
	dec *jsontext.Decoder
	o   *Operation
}

// object copies an object without one of its members. The values of the others member copies. Values that are no
// objects are copied as they are.
func (s *splitter) object(without string, member func(name string) error) error {
	if s.dec.PeekKind() != '{' {
		return s.copy()
	}
	separator := byte('{')
	err := members(s.dec, func(name string) error {
		if name == without && without != "" {
			return s.dec.SkipValue()
		}
		s.o.text = append(s.o.text, separator)
		separator = ','
		var err error
		if s.o.text, err = jsontext.AppendQuote(s.o.text, name); err != nil {
			return err
		}
		s.o.text = append(s.o.text, ':')
		return member(name)
	})
	if separator == '{' {
		s.o.text = append(s.o.text, '{')
	}
	s.o.text = append(s.o.text, '}')
	return err
}

// list copies a list, whose elements element copies. Other values are copied as they are.
func (s *splitter) list(element func() error) error {
	if s.dec.PeekKind() != '[' {
		return s.copy()
	}
	if _, err := s.dec.ReadToken(); err != nil {
		return err
	}
	s.o.text = append(s.o.text, '[')
	for i := 0; s.dec.PeekKind() != ']'; i++ {
		if i > 0 {
			s.o.text = append(s.o.text, ',')
		}
		if err := element(); err != nil {
			return err
		}
	}
	s.o.text = append(s.o.text, ']')
	_, err := s.dec.ReadToken()
	return err
}

// copy copies a value without the blanks in it.
func (s *splitter) copy() error {
	raw, err := s.dec.ReadValue()
	if err != nil {
		return err
	}
	raw = slices.Clone(raw)
	if err := raw.Compact(); err != nil {
		return err
	}
	s.o.text = append(s.o.text, raw...)
	return nil
}

// place leaves out a row.
func (s *splitter) place() error {
	raw, err := s.dec.ReadValue()
	if err != nil {
		return err
	}
	raw = slices.Clone(raw)
	if err := raw.Compact(); err != nil {
		return err
	}
	if p := (place{len(s.o.text), raw}); p.isKey() || p.isEnd() || raw.Kind() == '0' || raw.Kind() == 'n' {
		s.o.places = append(s.o.places, p)
	} else {
		s.o.text = append(s.o.text, raw...) // which no operation takes
	}
	return nil
}

// members calls member with the name of each member of an object. member reads its value.
func members(dec *jsontext.Decoder, member func(name string) error) error {
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return err
		}
		if err := member(name.String()); err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}
