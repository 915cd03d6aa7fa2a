package frame

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/document"
	"edgeframe/codec/scalar"
)

// cast gives a column another type. Unlike Series.astype of pandas, which cuts 2.7 down to 2, it
// takes only values that the new type keeps; with coerce the others become missing, as with
// errors="coerce" of to_numeric and to_datetime.
type cast struct {
	Column string `json:"column"`
	DType  string `json:"dtype"`
	Errors string `json:"errors"`
}

func (op *cast) needs(f *Frame) []place { return f.wholeColumns([]string{op.Column}) }

func (op *cast) apply(f *Frame) error {
	column, err := f.index(op.Column)
	if err != nil {
		return err
	}
	if op.Errors != "" && op.Errors != "raise" && op.Errors != "coerce" {
		return codec.Errorf(ErrInvalidOperation, "errors is %.100q; it must be raise or coerce", op.Errors)
	}
	dt, err := scalar.ParseDType(op.DType)
	if err != nil {
		return err
	}
	c := f.Columns[column]
	if arrow.TypeEqual(c.Field.Type, dt) {
		return nil
	}
	if err := f.LoadColumns([]int{column}); err != nil {
		return err
	}
	token, err := caster(c.Field.Type, dt)
	if err != nil {
		return codec.Errorf(ErrInvalidOperation, "column %.100q cannot become %s: %s values have no such form", op.Column, scalar.DType(dt), scalar.DType(c.Field.Type))
	}
	k := &casting{token: token, to: dt, coerce: op.Errors == "coerce", limits: f.Limits}
	if err := k.column(f, column); err != nil {
		return err
	}
	c.Field.Type = dt
	c.Field.Nullable = true
	f.changes(column, k.cells)
	f.effect.Coerced += int64(k.coerced)
	return nil
}

// casting is a cast of one column.
type casting struct {
	token          func(arr arrow.Array) tokenizer
	to             arrow.DataType
	coerce         bool
	limits         codec.Limits
	cells, coerced int
}

// tokenizer appends the value of a row as the JSON that the new type is read from, or reports that
// it has none.
type tokenizer = func(dst []byte, row int) ([]byte, bool)

func (k *casting) column(f *Frame, column int) error {
	c := f.Columns[column]
	for _, r := range f.groupRanges() {
		old := c.Chunks[r.group].Data
		if err := f.rewrite(old); err != nil {
			return err
		}
		data, err := k.chunk(old, r.from)
		if errors.Is(err, codec.ErrMismatch) {
			return codec.Errorf(codec.ErrMismatch, "column %.100q: %s; with errors=coerce such values become missing", c.Field.Name, err)
		}
		if err != nil {
			return err
		}
		c.Chunks[r.group] = Chunk{Data: data}
		present := old.Len() - scalar.CountMissing(old)
		k.cells += present
		if lost := present - (data.Len() - scalar.CountMissing(data)); lost > 0 {
			k.coerced += lost
		}
	}
	return nil
}

// chunk casts an array whose first row is row from of the table.
func (k *casting) chunk(arr arrow.Array, from int) (arrow.Array, error) {
	missing, token := scalar.Missing(arr), k.token(arr)
	fits := scalar.Fits(k.to)
	list := []byte{'['}
	for row := range arr.Len() {
		if row > 0 {
			list = append(list, ',')
		}
		start, ok := len(list), false
		if !missing(row) {
			if list, ok = token(list, row); ok && k.coerce && fits != nil {
				ok = fits(list[start:])
			}
			if !ok && !k.coerce {
				return nil, k.mismatch(arr, row, from)
			}
		}
		if !ok {
			list = append(list[:start], "null"...)
		}
	}
	out, err := document.Values(append(list, ']'), k.to, k.limits)
	if errors.Is(err, codec.ErrMismatch) {
		return nil, k.firstMismatch(arr, from, err)
	}
	return out, err
}

// firstMismatch is the error about the first value that does not fit.
func (k *casting) firstMismatch(arr arrow.Array, from int, err error) error {
	missing, token, fits := scalar.Missing(arr), k.token(arr), scalar.Fits(k.to)
	if fits == nil {
		return err
	}
	for row := range arr.Len() {
		if missing(row) {
			continue
		}
		if raw, ok := token(nil, row); !ok || !fits(raw) {
			return k.mismatch(arr, row, from)
		}
	}
	return err
}

func (k *casting) mismatch(arr arrow.Array, row, from int) error {
	text := string(scalar.Text(arr)(nil, row))
	return codec.Errorf(codec.ErrMismatch, "the value %q of row %d does not fit %s", codec.Shorten(text), from+row, scalar.DType(k.to))
}

// caster returns how values of one type become JSON for another.
func caster(from, to arrow.DataType) (func(arr arrow.Array) tokenizer, error) {
	temporal := isTicking(valuesOf(from))
	switch {
	case from.ID() == arrow.NULL:
		return func(arrow.Array) tokenizer { return nil }, nil
	case isTextType(to):
		return quotedTokens, nil
	case isNumeric(to) && isTextType(from):
		return func(arr arrow.Array) tokenizer { return numberTokens(arr, arrow.IsFloating(to.ID())) }, nil
	case isNumeric(to) && (isNumeric(from) || isBool(from)):
		return plainTokens, nil
	case isBool(to) && (isTextType(from) || isNumeric(from)):
		return boolTokens, nil
	case isTicking(to) && (isTextType(from) || temporal):
		return func(arr arrow.Array) tokenizer { return temporalTokens(arr, to) }, nil
	case arrow.TypeEqual(valuesOf(from), to):
		return quotedTokens, nil
	}
	return nil, codec.ErrUnsupported
}

// quotedTokens are the spellings of values.
func quotedTokens(arr arrow.Array) tokenizer {
	spell := scalar.Text(arr)
	var scratch []byte
	return func(dst []byte, row int) ([]byte, bool) {
		scratch = spell(scratch[:0], row)
		return appendString(dst, scratch), true
	}
}

func appendString(dst, text []byte) []byte {
	quoted, _ := json.Marshal(string(text))
	return append(dst, quoted...)
}

// plainTokens are numbers, whole ones without a fraction, and true as 1 and false as 0.
func plainTokens(arr arrow.Array) tokenizer {
	spell := scalar.Text(arr)
	var scratch []byte
	return func(dst []byte, row int) ([]byte, bool) {
		scratch = spell(scratch[:0], row)
		switch string(scratch) {
		case "true":
			return append(dst, '1'), true
		case "false":
			return append(dst, '0'), true
		case "Infinity", "-Infinity":
			return dst, false
		}
		return append(dst, scratch...), true
	}
}

// numberTokens read text as numbers: what Go reads as a decimal one, with blanks around it.
func numberTokens(arr arrow.Array, floating bool) tokenizer {
	spell := scalar.Text(arr)
	var scratch []byte
	return func(dst []byte, row int) ([]byte, bool) {
		scratch = spell(scratch[:0], row)
		text := bytes.TrimPrefix(bytes.TrimSpace(scratch), []byte("+"))
		// ParseFloat reads more than decimal numbers.
		if bytes.ContainsAny(text, "_xXpPiInN") {
			return dst, false
		}
		v, err := strconv.ParseFloat(string(text), 64)
		if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
			return dst, false
		}
		if number := canonicalNumber(text); json.Valid(number) {
			return append(dst, number...), true
		}
		if !floating {
			return dst, false
		}
		return strconv.AppendFloat(dst, v, 'g', -1, 64), true
	}
}

// canonicalNumber cuts the zeros off the beginning of a number, which JSON does not allow.
func canonicalNumber(text []byte) []byte {
	sign := len(text) - len(bytes.TrimPrefix(text, []byte("-")))
	digits := text[sign:]
	for len(digits) > 1 && digits[0] == '0' && '0' <= digits[1] && digits[1] <= '9' {
		digits = digits[1:]
	}
	return append(bytes.Clone(text[:sign]), digits...)
}

// boolTokens read true, false, 1 and 0.
func boolTokens(arr arrow.Array) tokenizer {
	spell := scalar.Text(arr)
	var scratch []byte
	return func(dst []byte, row int) ([]byte, bool) {
		scratch = spell(scratch[:0], row)
		switch string(bytes.TrimSpace(scratch)) {
		case "true", "True", "TRUE", "1", "1.0":
			return append(dst, "true"...), true
		case "false", "False", "FALSE", "0", "0.0":
			return append(dst, "false"...), true
		}
		return dst, false
	}
}

// temporalTokens read text, and spell dates and times for one another: a date is the timestamp at
// its beginning, and a timestamp at midnight a date.
func temporalTokens(arr arrow.Array, to arrow.DataType) tokenizer {
	spell := scalar.Text(arr)
	isDate := to.ID() == arrow.DATE32 || to.ID() == arrow.DATE64
	var scratch []byte
	return func(dst []byte, row int) ([]byte, bool) {
		scratch = spell(scratch[:0], row)
		text := []byte(temporalText(to, string(scratch)))
		if isDate {
			text, _ = bytes.CutSuffix(bytes.TrimSuffix(text, []byte("Z")), []byte("T00:00:00"))
		}
		return appendString(dst, text), true
	}
}
