package codec

import (
	"bytes"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/float16"
	"github.com/go-json-experiment/json/jsontext"
)

// checkDTypes refuses types of columns that there are not.
func checkDTypes(dtypes map[string]arrow.DataType, names []string) error {
	for name := range dtypes {
		if !slices.Contains(names, name) {
			const most = 10
			shown := make([]string, 0, most)
			for _, n := range names[:min(len(names), most)] {
				shown = append(shown, quoted(Shorten(n)))
			}
			if len(names) > most {
				shown = append(shown, "…")
			}
			return Errorf(ErrMismatch, "there is no column %s to have a dtype: the columns are %s", quoted(Shorten(name)), strings.Join(shown, ", "))
		}
	}
	return nil
}

// applyDTypes converts the columns of a table that opt gives a type, with [Convert]. A value
// that does not fit is refused with [ErrMismatch], its column, and its row counted from 1.
func applyDTypes(t *Table, opt ReadOptions) (*Table, error) {
	if len(opt.DTypes) == 0 {
		return t, nil
	}
	fields := slices.Clone(t.Schema.Fields())
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
		if want := opt.DTypes[f.Name]; want != nil {
			fields[i].Type = want
		}
	}
	if err := checkDTypes(opt.DTypes, names); err != nil {
		return nil, err
	}
	meta := t.Schema.Metadata()
	out := &Table{Schema: arrow.NewSchema(fields, &meta), Receipt: t.Receipt}
	row := 0
	for _, group := range t.RowGroups {
		columns := slices.Clone(group.Columns())
		for i, arr := range columns {
			var err error
			if columns[i], err = Convert(arr, fields[i].Type, opt.Limits); err != nil {
				at := firstMisfit(arr, fields[i].Type, opt.Limits)
				return nil, Errorf(ErrMismatch, "row %d, column %s: %v", row+at+1, quoted(names[i]), err)
			}
		}
		out.RowGroups = append(out.RowGroups, newRecord(out.Schema, columns, uint32(group.NumRows())))
		row += int(group.NumRows())
	}
	return out, nil
}

// firstMisfit is the row of the first value that alone does not fit; 0 if each of them does.
func firstMisfit(arr arrow.Array, want arrow.DataType, limits Limits) int {
	for row := range arr.Len() {
		if _, err := Convert(array.NewSlice(arr, int64(row), int64(row+1)), want, limits); err != nil {
			return row
		}
	}
	return 0
}

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
	if isText(c.want) {
		return Convert(text, c.want, limits)
	}
	var values []byte
	values = append(values, '[')
	for row := range text.Len() {
		if row > 0 {
			values = append(values, ',')
		}
		values = r.appendWanted(values, c.want, text, row)
	}
	arr, err := ValuesFromJSON(append(values, ']'), c.want, limits)
	if err != nil {
		return nil, r.misfit(c, text, first, err)
	}
	setNotFinite(arr, text)
	spell, isNull := textAppender(arr), nullChecker(arr)
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

// appendWanted appends a cell as JSON: null, or what [ValuesFromJSON] makes a value of the
// wanted type of. For infinities and NaN, which JSON has not, it is zero.
func (r *textReader) appendWanted(dst []byte, want arrow.DataType, text *array.String, row int) []byte {
	cell := trimBlanks(textBytes(text, row))
	if text.IsNull(row) || r.nulls.has(cell) {
		return append(dst, "null"...)
	}
	if len(cell) > maxNumberBytes && !arrow.IsBaseBinary(want.ID()) {
		// It does not fit, and neither does its beginning with an ellipsis.
		return appendQuoted(dst, Shorten(string(cell[:maxNumberBytes])))
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
	return appendQuoted(dst, string(cell))
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
		if _, err := ValuesFromJSON(one, c.want, r.limits); err == nil {
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
		return Errorf(ErrMismatch, "line %d, column %s: %s does not fit %s", r.scan.line(pos), quoted(r.names[c.index]), quoted(Shorten(text.Value(row))), DType(c.want))
	}
	return err
}
