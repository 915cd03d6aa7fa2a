package delimited

import (
	"bytes"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/float16"
	"github.com/go-json-experiment/json/jsontext"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// dataType is the type that the column gets in the table.
func (c *textColumn) dataType() arrow.DataType {
	if c.want != nil {
		return c.want
	}
	return c.kind.dataType()
}

// convert gives a row group of a column of text, whose first row is first, the type that is
// wanted, and counts the cells that would be written with another spelling.
func (r *textReader) convert(c *textColumn, text *array.String, first int) (arrow.Array, error) {
	if arrow.TypeEqual(c.want, text.DataType()) {
		return text, nil
	}
	limits := r.limits
	if scalar.IsText(c.want) {
		return scalar.Convert(text, c.want, limits)
	}
	var values []byte
	values = append(values, '[')
	for row := range text.Len() {
		if row > 0 {
			values = append(values, ',')
		}
		values = r.appendWanted(values, c.want, text, row)
	}
	arr, err := scalar.FromJSON(append(values, ']'), c.want, limits)
	if err != nil {
		return nil, r.misfit(c, text, first, err)
	}
	setNotFinite(arr, text)
	spell, isNull := scalar.Text(arr), scalar.NullChecker(arr)
	var spelled []byte
	for row := range text.Len() {
		if text.IsNull(row) {
			continue
		}
		spelled = spelled[:0]
		if !isNull(row) {
			spelled = spell(spelled, row)
		}
		if !r.dialect.spells(textBytes(text, row), spelled, c.want) {
			c.changed++
		}
	}
	return arr, nil
}

// textBytes is the text of a row, which shares the array's memory.
func textBytes(text *array.String, row int) []byte {
	first := text.ValueOffset(0)
	return text.ValueBytes()[text.ValueOffset(row)-first : text.ValueOffset(row+1)-first]
}

// setNotFinite puts infinities and NaN into an array of floats that was made of text, in which
// [textReader.appendWanted] has a zero for each of them.
func setNotFinite(arr arrow.Array, text *array.String) {
	var set func(row int, v float64)
	switch arr := arr.(type) {
	case *array.Float64:
		set = func(row int, v float64) { arr.Float64Values()[row] = v }
	case *array.Float32:
		set = func(row int, v float64) { arr.Float32Values()[row] = float32(v) }
	case *array.Float16:
		set = func(row int, v float64) { arr.Values()[row] = float16.New(float32(v)) }
	default:
		return
	}
	for row := range text.Len() {
		if arr.IsNull(row) {
			continue
		}
		if v, ok := parseNotFinite(trimBlanks(textBytes(text, row))); ok {
			set(row, v)
		}
	}
}

// appendWanted appends a cell as JSON: null, or what [scalar.FromJSON] makes a value of the
// wanted type of. For infinities and NaN, which JSON has not, it is zero.
func (r *textReader) appendWanted(dst []byte, want arrow.DataType, text *array.String, row int) []byte {
	cell := trimBlanks(textBytes(text, row))
	if text.IsNull(row) || r.nulls.Has(cell) {
		return append(dst, "null"...)
	}
	if len(cell) > maxNumberBytes && !arrow.IsBaseBinary(want.ID()) {
		// It does not fit, and neither does its beginning with an ellipsis.
		return scalar.AppendQuoted(dst, codec.Shorten(string(cell[:maxNumberBytes])))
	}
	switch id := want.ID(); {
	case id == arrow.BOOL:
		if v, fit := parseBoolCell(cell); fit != fitsNot {
			if v == 1 {
				return append(dst, "true"...)
			}
			return append(dst, "false"...)
		}
	case id == arrow.TIMESTAMP:
		cell = withSeconds(cell)
	case isNumeric(want):
		if _, ok := parseNotFinite(cell); ok && arrow.IsFloating(id) {
			return append(dst, '0')
		}
		if plain, ok := r.dialect.appendPlain(nil, cell); ok {
			if plain = jsonNumber(plain); jsontext.Value(plain).IsValid() && jsontext.Value(plain).Kind() == '0' {
				return append(dst, plain...)
			}
		}
	}
	return scalar.AppendQuoted(dst, string(cell))
}

// withSeconds adds the seconds to a time that has only minutes, as inference reads it too.
func withSeconds(b []byte) []byte {
	const minutes = len("2006-01-02T15:04")
	if len(b) < minutes || len(b) > minutes && bytes.IndexByte([]byte("Z+-"), b[minutes]) < 0 {
		return b
	}
	if _, ok := parseLocalTime(b[:minutes]); !ok {
		return b
	}
	return slices.Concat(b[:minutes], []byte(":00"), b[minutes:])
}

// jsonNumber drops a plus, leading zeros and superfluous places, which JSON or integers do
// not have, from a number. It returns nil for some texts that are none.
func jsonNumber(b []byte) []byte {
	b, negative := bytes.CutPrefix(b, []byte("-"))
	if !negative {
		b = bytes.TrimPrefix(b, []byte("+"))
	}
	if len(b) == 0 || !isDigit(b[0]) && b[0] != '.' {
		return nil
	}
	for len(b) > 1 && b[0] == '0' && isDigit(b[1]) {
		b = b[1:]
	}
	if whole, places, found := bytes.Cut(b, []byte(".")); found && len(whole) > 0 && bytes.IndexFunc(whole, notDigit) < 0 {
		switch rest := bytes.TrimLeft(places, "0"); {
		case len(rest) == 0:
			b = whole
		case rest[0] == 'e' || rest[0] == 'E':
			b = slices.Concat(whole, rest)
		}
	}
	if bytes.HasPrefix(b, []byte(".")) {
		b = append([]byte("0"), b...)
	}
	if negative {
		return append([]byte("-"), b...)
	}
	return b
}

// misfit is the error about the first cell of a row group that does not fit.
func (r *textReader) misfit(c *textColumn, text *array.String, first int, err error) error {
	for row := range text.Len() {
		one := append(r.appendWanted([]byte("["), c.want, text, row), ']')
		if _, err := scalar.FromJSON(one, c.want, r.limits); err == nil {
			continue
		}
		pos := 0
		if err := r.eachWindow(1, func(_, start int) {
			if at := first + row - start; at >= 0 && at < r.current.rows {
				pos = int(r.current.column(c.index)[at].start &^ spanFlag)
			}
		}); err != nil {
			return err
		}
		return codec.Errorf(codec.ErrMismatch, "line %d, column %s: %s does not fit %s", r.scan.line(pos), codec.Quoted(r.names[c.index]), codec.Quoted(codec.Shorten(text.Value(row))), scalar.DType(c.want))
	}
	return err
}
