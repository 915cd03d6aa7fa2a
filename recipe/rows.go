package recipe

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/go-json-experiment/json/jsontext"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
	"edgeframe/frame"
)

// keys are the rows that an operation names by their key: for each column of the key the list of their values, as JSON.
// at are the places of the rows.
type keys struct {
	columns []string
	values  [][]byte
	at      []int
}

// keys returns the rows that the operation names by their key.
func (o *Operation) keys() (k keys, err error) {
	for i, p := range o.places {
		if !p.isKey() {
			continue
		}
		named := map[string]jsontext.Value{}
		dec := jsontext.NewDecoder(bytes.NewBuffer(p.row))
		err := members(dec, func(name string) error {
			raw, err := dec.ReadValue()
			named[name] = slices.Clone(raw)
			return err
		})
		if err != nil {
			return k, err
		}
		columns := slices.Sorted(maps.Keys(named))
		if k.columns == nil {
			k.columns, k.values = columns, make([][]byte, len(columns))
		}
		if len(columns) == 0 || !slices.Equal(columns, k.columns) {
			return k, codec.Errorf(ErrInvalid, "the row %s has no key of the columns that the other rows have; name each row like {\"id\": 17}, all by the same columns", codec.Shorten(string(p.row)))
		}
		for c, name := range columns {
			k.values[c] = appendElement(k.values[c], named[name])
		}
		k.at = append(k.at, i)
	}
	for c := range k.values {
		k.values[c] = append(k.values[c], ']')
	}
	return k, nil
}

func appendElement(list, value []byte) []byte {
	separator := byte(',')
	if list == nil {
		separator = '['
	}
	return append(append(list, separator), value...)
}

// checkKeys checks the rows that are named by their key, without the table.
func (o *Operation) checkKeys() error {
	_, err := o.keys()
	return err
}

// find returns the positions of the rows that the operation names.
func (o *Operation) find(f *frame.Frame) ([]int64, error) {
	k, err := o.keys()
	if err != nil {
		return nil, err
	}
	rows := make([]int64, len(o.places))
	for i, p := range o.places {
		if p.isEnd() {
			rows[i] = f.NumRows()
		}
	}
	if len(k.at) == 0 {
		return rows, nil
	}
	found, err := f.FindRows(k.columns, k.values)
	if err != nil {
		return nil, err
	}
	for i, at := range k.at {
		rows[at] = found[i]
	}
	return rows, nil
}

// NameRows names the rows of the step by their values in the key columns, where its operations have positions. f is
// the table from which the step started, and changes.
func (s *Step) NameRows(f *frame.Frame, key []string) error {
	last := -1
	for i := range s.Operations {
		if s.Operations[i].Positional() {
			last = i
		}
	}
	for i := range last + 1 {
		o := &s.Operations[i]
		changed := *o
		if o.Positional() {
			var err error
			if changed, err = o.named(f, key); err != nil {
				return inOperation(i, err)
			}
		}
		if i < last {
			if _, err := o.ready.Apply(f); err != nil {
				return inOperation(i, err)
			}
		}
		*o = changed
	}
	return nil
}

// named returns the operation with the keys of its rows instead of their positions.
func (o *Operation) named(f *frame.Frame, key []string) (Operation, error) {
	if o.perRow {
		return *o, codec.Errorf(ErrPositional, "%s has a value for each row, which no key can find", o.name)
	}
	positions := make([]int64, len(o.places))
	rows := f.NumRows()
	for i, p := range o.places {
		n, err := strconv.ParseInt(string(p.row), 10, 64)
		if err != nil {
			n = 0 // null, which operations read as 0
		}
		positions[i] = n
	}
	named := *o
	named.places = slices.Clone(o.places)
	if o.name == "insert_rows" && len(positions) == 1 && positions[0] == rows {
		named.places[0].row = jsontext.Value(end)
		return named, nil
	}
	columns, err := f.KeyColumns(key)
	if err != nil {
		return named, err
	}
	for _, at := range positions {
		if at < 0 || at >= rows {
			return named, codec.Errorf(ErrPositional, "row %d is not in the table", at)
		}
	}
	table, err := f.Take(columns, positions)
	if err != nil {
		return named, err
	}
	at := 0
	for _, group := range table.RowGroups {
		write := writers(key, group)
		for row := range int(group.NumRows()) {
			text, missing := write(row)
			if missing != "" {
				return named, codec.Errorf(ErrPositional, "row %d has no value in the key column %s", positions[at], codec.Quoted(missing))
			}
			named.places[at].row = text
			at++
		}
	}
	found, err := named.find(f) // which fails if two rows have the key
	if err == nil && !slices.Equal(found, positions) {
		err = codec.Errorf(ErrPositional, "the rows cannot be found again by %s", strings.Join(key, ", "))
	}
	return named, err
}

// writers returns a function that writes the key of a row of a row group as JSON, or returns the name of a column in
// which it has no value.
func writers(key []string, group arrow.Record) func(row int) (text jsontext.Value, missing string) {
	write := make([]func(dst []byte, row int) []byte, len(key))
	missing := make([]func(row int) bool, len(key))
	for c := range key {
		write[c], missing[c] = scalar.JSON(group.Column(c)), scalar.Missing(group.Column(c))
	}
	return func(row int) (jsontext.Value, string) {
		var out []byte
		for c, name := range key {
			if missing[c](row) {
				return nil, name
			}
			separator := byte(',')
			if out == nil {
				separator = '{'
			}
			out = append(scalar.AppendQuoted(append(out, separator), name), ':')
			out = write[c](out, row)
		}
		return append(out, '}'), ""
	}
}
