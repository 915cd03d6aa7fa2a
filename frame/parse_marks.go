package frame

import (
	"github.com/go-json-experiment/json/jsontext"

	"edgeframe/codec"
)

// MarksReader reads marks, column by column.
type MarksReader struct {
	Marks Marks
	// rows is how many rows there were so far.
	rows int
}

// Read reads the list of rows of a column. More than [MaxRows] rows of all columns are an error, and
// errors of the decoder are returned as they are.
func (m *MarksReader) Read(dec *jsontext.Decoder, column string) error {
	p := &parser{dec: dec, rows: m.rows}
	rows, err := p.rowList(codec.Shorten(column))
	switch {
	case err != nil:
		return err
	case p.failed != "":
		return codec.Errorf(codec.ErrMalformed, "the JSON document cannot be read: %s", p.failed)
	}
	if m.Marks == nil {
		m.Marks = Marks{}
	}
	m.Marks[column], m.rows = rows, p.rows
	return nil
}
