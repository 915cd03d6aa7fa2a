package frame

import (
	"bytes"
	"errors"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// cast gives a column another type. Unlike Series.astype of pandas, which cuts 2.7 down to 2, it
// takes only values that the new type keeps; with coerce the others become missing, as with
// errors="coerce" of to_numeric and to_datetime.
type cast struct {
	Column, DType, Errors string
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
	cast := castOf(c.Field.Type, dt)
	if cast == nil {
		return codec.Errorf(ErrInvalidOperation, "column %.100q cannot become %s: %s values have no such form", op.Column, scalar.DType(dt), scalar.DType(c.Field.Type))
	}
	k := &casting{cast: cast, to: dt, coerce: op.Errors == "coerce", limits: f.Limits}
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
	cast           caster
	to             arrow.DataType
	coerce         bool
	limits         codec.Limits
	cells, coerced int
}

// caster returns a function that appends the value in a row of an array, which is not missing, to a
// builder of another type, and reports whether it fits.
type caster func(b *scalar.Builder, arr arrow.Array) func(row int) bool

func (k *casting) column(f *Frame, column int) error {
	c := f.Columns[column]
	for _, r := range f.groupRanges() {
		if err := f.Ended(); err != nil {
			return err
		}
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
		if err := f.reserve(RawBytes(data) - RawBytes(old)); err != nil {
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
func (k *casting) chunk(arr arrow.Array, from int) (out arrow.Array, err error) {
	defer codec.Guard(&err, codec.ErrMalformed, "the array of values")
	b, err := scalar.NewBuilder(k.to, codec.NewBudget(k.limits.WithDefaults().Bytes))
	if err != nil {
		return nil, err
	}
	b.Reserve(arr.Len())
	missing, put := scalar.Missing(arr), k.cast(b, arr)
	for row := range arr.Len() {
		if missing(row) {
			b.AppendNull()
			continue
		}
		if put(row) {
			continue
		}
		if !k.coerce {
			text := scalar.Text(arr)(nil, row)
			return nil, codec.Errorf(codec.ErrMismatch, "the value %q of row %d does not fit %s", codec.Shorten(string(text)), from+row, scalar.DType(k.to))
		}
		b.AppendNull()
	}
	return b.Array(), nil
}

// castOf returns how values of one type become values of another, nil if that is not possible.
func castOf(from, to arrow.DataType) caster {
	text, number := isTextType(from), isNumeric(from)
	switch {
	case from.ID() == arrow.NULL, arrow.TypeEqual(valuesOf(from), to):
		return (*scalar.Builder).From
	case isTextType(to):
		return castSpelling
	case isNumeric(to) && text:
		return castText(arrow.IsFloating(to.ID()))
	case isNumeric(to) && arrow.IsDecimal(valuesOf(from).ID()):
		return castDecimal
	case isNumeric(to) && isBool(from):
		return castBool
	case isBool(to) && (text || number):
		return castToBool
	case isTicking(to) && text:
		return castSpelling
	case isNumeric(to) && number, isTicking(to) && isTicking(valuesOf(from)):
		return (*scalar.Builder).From
	}
	return nil
}

// byText returns a function that calls put with the text of the value in a row.
func byText(arr arrow.Array, put func(text []byte) bool) func(row int) bool {
	spell := scalar.Text(arr)
	var scratch []byte
	return func(row int) bool {
		scratch = spell(scratch[:0], row)
		return put(scratch)
	}
}

// castSpelling appends what the text of a value spells.
func castSpelling(b *scalar.Builder, arr arrow.Array) func(row int) bool {
	return byText(arr, func(text []byte) bool { return b.AppendText(text) != scalar.NoFit })
}

// castText reads text as numbers. White space around them does not count. Only floats may begin or end with
// a point.
func castText(floating bool) caster {
	return func(b *scalar.Builder, arr arrow.Array) func(row int) bool {
		var number []byte
		return byText(arr, func(text []byte) bool {
			n, ok := scalar.ScanNumber(bytes.TrimSpace(text))
			if !ok || !floating && (len(n.Whole) == 0 || n.Pointed && len(n.Places) == 0) {
				return false
			}
			number = n.AppendJSON(number[:0])
			return b.AppendJSON(number)
		})
	}
}

// castDecimal appends decimals, whose texts are JSON numbers.
func castDecimal(b *scalar.Builder, arr arrow.Array) func(row int) bool {
	return byText(arr, b.AppendJSON)
}

// castBool appends true as 1 and false as 0.
func castBool(b *scalar.Builder, arr arrow.Array) func(row int) bool {
	return byText(arr, func(text []byte) bool {
		if text[0] == 't' {
			return b.AppendInt(1)
		}
		return b.AppendInt(0)
	})
}

// castToBool reads true, false, 1 and 0.
func castToBool(b *scalar.Builder, arr arrow.Array) func(row int) bool {
	return byText(arr, func(text []byte) bool {
		text = bytes.TrimSpace(text)
		v, fit := scalar.ParseBool(text)
		if fit == scalar.NoFit {
			switch string(text) {
			case "1", "1.0":
				v = true
			case "0", "0.0":
			default:
				return false
			}
		}
		return b.AppendBool(v)
	})
}
