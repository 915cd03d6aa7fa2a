package scalar

import (
	"bytes"
	"math"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
)

// Caster returns a function that appends the value in a row of an array, which must not be missing, to
// a builder of another type. The function returns [NoFit] if the value does not fit; then nothing is
// appended. It returns [Respelled] only for text that is spelled otherwise than [Text] spells the value.
type Caster func(b *Builder, arr arrow.Array) func(row int) Fit

// CastOf returns how values of one type become values of another, nil if that is not possible. Text is
// read as a number, boolean, date or time; everything is spelled as text; a float becomes an integer if
// it is whole and in range, and a wider float exactly, as in pandas. The operation cast and dtype use it.
func CastOf(f arrow.Field, to arrow.DataType) Caster {
	from := f.Type
	value := ValueType(from)
	switch text, id := IsText(from), ValueType(to).ID(); {
	case from.ID() == arrow.NULL, arrow.TypeEqual(value, to) && !arrow.IsFloating(id):
		return castSame
	case IsText(to):
		return castSpelling(f)
	case isNumeric(to) && text:
		return castText
	case arrow.IsFloating(id) && arrow.IsFloating(value.ID()):
		return castFloat
	case arrow.IsInteger(id) && arrow.IsFloating(value.ID()):
		return castWhole
	case isNumeric(to) && arrow.IsDecimal(value.ID()):
		return castDecimal
	case isNumeric(to) && value.ID() == arrow.BOOL:
		return castBool
	case id == arrow.BOOL && (text || isNumeric(from)), isTicking(to) && text, isSixteenBytes(to) && text:
		return castTrimmed
	case isNumeric(to) && isNumeric(from), isTicking(to) && isTicking(value):
		return castSame
	}
	return nil
}

// isNumeric reports whether the values of a type, or of its dictionary, are numbers.
func isNumeric(dt arrow.DataType) bool {
	id := ValueType(dt).ID()
	return arrow.IsInteger(id) || arrow.IsFloating(id) || arrow.IsDecimal(id)
}

// isTicking reports whether values of a type are dates, times or durations in whole units.
func isTicking(dt arrow.DataType) bool {
	_, ok := newTimeReader(dt)
	return ok
}

// spelledBy returns a function that calls put with the text of the value in a row.
func spelledBy(spell Appender, put func(text []byte) Fit) func(row int) Fit {
	var scratch []byte
	return func(row int) Fit {
		scratch = spell(scratch[:0], row)
		return put(scratch)
	}
}

// castSame appends a value that means the same in both types.
func castSame(b *Builder, arr arrow.Array) func(row int) Fit {
	put := b.From(arr)
	return func(row int) Fit { return fits(put(row)) }
}

// fits is the fit of a value that is no text.
func fits(ok bool) Fit {
	if ok {
		return Same
	}
	return NoFit
}

// castSpelling appends the text of a value of a field.
func castSpelling(f arrow.Field) Caster {
	return func(b *Builder, arr arrow.Array) func(row int) Fit { return spelledBy(FieldText(f, arr), b.AppendText) }
}

// castTrimmed appends what the text of a value spells. White space around it does not count.
func castTrimmed(b *Builder, arr arrow.Array) func(row int) Fit {
	return spelledBy(Text(arr), b.AppendTrimmed)
}

// AppendTrimmed is [Builder.AppendText] for a text with white space around it, which does not count.
func (b *Builder) AppendTrimmed(text []byte) Fit {
	trimmed := bytes.TrimSpace(text)
	fit := b.text(trimmed)
	if fit == Same && len(trimmed) < len(text) {
		return Respelled
	}
	return fit
}

// castText reads text as numbers, but not the words for infinities and NaN.
func castText(b *Builder, arr arrow.Array) func(row int) Fit {
	return spelledBy(Text(arr), func(text []byte) Fit {
		if _, ok := ScanNumber(bytes.TrimSpace(text)); !ok {
			return NoFit
		}
		return b.AppendTrimmed(text)
	})
}

// castFloat appends floats of another size: wider ones exactly, and not by way of their shortest spelling
// as [Builder.From] does. Infinities stay infinite.
func castFloat(b *Builder, arr arrow.Array) func(row int) Fit {
	put, value := b.From(arr), floatsOf(arr)
	to := b.maker.(*floatMaker)
	return func(row int) Fit {
		if v := value(row); to.bits == 64 || math.IsInf(v, 0) {
			return fits(to.value(v))
		}
		return fits(put(row))
	}
}

// castWhole appends floats that are whole. A float has one exact value, however large it is, so it is an
// integer if it is one of the type's.
func castWhole(b *Builder, arr arrow.Array) func(row int) Fit {
	value := floatsOf(arr)
	return func(row int) Fit {
		const beyondInt, beyondUint = 1 << 63, 1 << 64
		switch v := value(row); {
		case v != math.Trunc(v):
			return NoFit
		case -beyondInt <= v && v < beyondInt:
			return fits(b.integer(int64(v)))
		case beyondInt <= v && v < beyondUint:
			return fits(b.unsigned(uint64(v)))
		}
		return NoFit
	}
}

// floatsOf returns the values of an array of floats, or of a dictionary of floats.
func floatsOf(arr arrow.Array) func(row int) float64 {
	if inner, at := Indirect(arr); at != nil {
		value := floatsOf(inner)
		return func(row int) float64 { return value(at(row)) }
	}
	value, _ := FloatValue(arr)
	return value
}

// castDecimal appends decimals, whose texts are JSON numbers.
func castDecimal(b *Builder, arr arrow.Array) func(row int) Fit {
	return spelledBy(Text(arr), func(text []byte) Fit { return fits(b.AppendJSON(text)) })
}

// castBool appends true as 1 and false as 0.
func castBool(b *Builder, arr arrow.Array) func(row int) Fit {
	return spelledBy(Text(arr), func(text []byte) Fit {
		if text[0] == 't' {
			return fits(b.AppendInt(1))
		}
		return fits(b.AppendInt(0))
	})
}

// Cast casts the values of arr. fit is called with the fit of each value that is not missing, and may end
// the work with an error. A value that does not fit is missing in the result.
func Cast(arr arrow.Array, cast Caster, to arrow.DataType, limits codec.Limits, fit func(row int, fit Fit) error) (out arrow.Array, err error) {
	defer codec.Guard(&err, codec.ErrMalformed, "the array of values")
	b, err := NewBuilder(to, codec.NewBudget(limits.WithDefaults().Bytes))
	if err != nil {
		return nil, err
	}
	b.Reserve(arr.Len())
	missing, put := Missing(arr), cast(b, arr)
	for row := range arr.Len() {
		if missing(row) {
			b.AppendNull()
			continue
		}
		one := put(row)
		if err := fit(row, one); err != nil {
			return nil, err
		}
		if one == NoFit {
			b.AppendNull()
		}
	}
	return b.Array(), nil
}
