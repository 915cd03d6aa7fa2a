package frame

import (
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
	column, err := f.index(op.Column, "/column")
	if err != nil {
		return err
	}
	if op.Errors != "" && op.Errors != "raise" && op.Errors != "coerce" {
		return codec.Errorf(ErrInvalidOperation, "errors is %.100q; it must be raise or coerce", op.Errors)
	}
	dt, format, err := scalar.ParseFormattedDType(op.DType)
	if err != nil {
		return wrongType(op.DType, err)
	}
	c := f.Columns[column]
	if arrow.TypeEqual(c.Field.Type, dt) {
		return nil
	}
	if err := f.LoadColumns([]int{column}); err != nil {
		return err
	}
	k := &casting{to: dt, coerce: op.Errors == "coerce", limits: f.Limits}
	if k.cast, err = casterOf(c.Field, dt, format); err != nil {
		return err
	}
	if k.cast == nil {
		return codec.Errorf(ErrInvalidOperation, "column %.100q cannot become %s: %s values have no such form", op.Column, scalar.DType(dt), scalar.DType(c.Field.Type))
	}
	if err := k.column(f, column); err != nil {
		return err
	}
	c.Field.Type = dt
	c.Field.Nullable = true
	f.changes(column, k.cells)
	f.effect.Coerced += int64(k.coerced)
	return nil
}

// casterOf returns how values of a field become values of another type, nil if that is not possible. format is
// that of dates in text, "" for the usual spellings.
func casterOf(from arrow.Field, to arrow.DataType, format string) (scalar.Caster, error) {
	if format == "" {
		return scalar.CastOf(from, to), nil
	}
	f, err := scalar.ParseTimeFormat(format, to)
	if err != nil {
		return nil, err
	}
	return scalar.CastFormatted(from.Type, f), nil
}

// casting is a cast of one column.
type casting struct {
	cast           scalar.Caster
	to             arrow.DataType
	coerce         bool
	limits         codec.Limits
	cells, coerced int
}

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
		if m, ok := errors.AsType[*scalar.Misfit](err); ok {
			return castMisfit(c.Field.Name, m)
		}
		if err != nil {
			return err
		}
		if arrow.IsBaseBinary(k.to.ID()) {
			// The buffer of texts has grown beyond what they take.
			data = Compact(data)
		}
		if err := f.made(old, data); err != nil {
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
	return scalar.Cast(arr, k.cast, k.to, k.limits, func(row int, fit scalar.Fit) error {
		if fit != scalar.NoFit || k.coerce {
			return nil
		}
		value := scalar.JSON(arr)(nil, row)
		if string(value) == "null" { // an infinity
			value = scalar.AppendQuoted(nil, string(scalar.Text(arr)(nil, row)))
		}
		return &scalar.Misfit{Value: value, Position: from + row, Type: k.to}
	})
}
