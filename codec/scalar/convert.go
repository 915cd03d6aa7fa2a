package scalar

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec"
)

// Convert returns the values of arr as type want, if every one of them fits it: integers in
// range, whole floats as integers, exact integers as floats, text that spells an integer, date, time
// or decimal, numbers, booleans, dates and times as text. Anything that would change a value is refused with
// [codec.ErrMismatch].
func Convert(arr arrow.Array, want arrow.DataType, limits codec.Limits) (arrow.Array, error) {
	out, _, err := convert(arr, false, want, limits)
	return out, err
}

// ConvertField is [Convert] for the values of a column. Those that are UUIDs by its field become text too.
func ConvertField(f arrow.Field, arr arrow.Array, want arrow.DataType, limits codec.Limits) (arrow.Array, error) {
	out, _, err := convert(arr, IsUUID(f), want, limits)
	return out, err
}

// convert is [ConvertField]. It also returns the row of the value that does not fit.
func convert(arr arrow.Array, uuid bool, want arrow.DataType, limits codec.Limits) (out arrow.Array, row int, err error) {
	has := arr.DataType()
	switch {
	case arrow.TypeEqual(has, want):
		return relabeled(arr, want), 0, nil
	case has.ID() == arrow.FLOAT32 && want.ID() == arrow.FLOAT64:
		return widenFloat(arr.(*array.Float32)), 0, nil
	case uuid && IsText(want):
		arr = textsOf(arr, true)
	case IsText(want) && !IsText(ValueType(has)) && has.ID() != arrow.NULL:
		if !isNumeric(has) && !isTicking(has) && has.ID() != arrow.BOOL || has.ID() == arrow.DICTIONARY {
			return nil, 0, codec.Errorf(codec.ErrMismatch, "values of type %s do not fit %s", DType(has), DType(want))
		}
		arr = textsOf(arr, false)
	}
	defer codec.Guard(&err, codec.ErrMalformed, "the array of values")
	f := &fitter{mem: codec.NewBudget(limits.WithDefaults().Bytes), want: want}
	if isNested(want) {
		from := newSource(arr, uuid)
		var values []fitValue
		for row := range arr.Len() {
			values = f.keep(values, from.value(row, row))
		}
		out, err = f.array(values, want)
	} else {
		out, err = f.convert(arr)
	}
	return out, f.failed, err
}

// convert converts to a type that is not nested.
func (f *fitter) convert(arr arrow.Array) (arrow.Array, error) {
	b, err := NewBuilder(f.want, f.mem)
	if err != nil {
		return nil, f.unsupported()
	}
	b.Reserve(arr.Len())
	put, isNull := b.From(arr), NullChecker(arr)
	for row := range arr.Len() {
		switch {
		case isNull(row):
			b.AppendNull()
		case !put(row):
			return nil, f.mismatch(newSource(arr, false).value(row, row))
		}
	}
	return b.Array(), nil
}

// relabeled returns arr with a type that differs in the metadata of its fields at most. They say which values
// are UUIDs.
func relabeled(arr arrow.Array, want arrow.DataType) arrow.Array {
	if _, ok := want.(arrow.NestedType); !ok || arrow.TypeEqual(arr.DataType(), want, arrow.CheckMetadata()) {
		return arr
	}
	return array.MakeFromData(relabeledData(arr.Data(), want))
}

func relabeledData(d arrow.ArrayData, want arrow.DataType) arrow.ArrayData {
	nested, ok := want.(arrow.NestedType)
	if !ok {
		return d
	}
	children := slices.Clone(d.Children())
	for i, f := range nested.Fields() {
		children[i] = relabeledData(children[i], f.Type)
	}
	return array.NewData(want, d.Len(), d.Buffers(), children, d.NullN(), d.Offset())
}

func widenFloat(arr *array.Float32) arrow.Array {
	b := array.NewFloat64Builder(memory.DefaultAllocator)
	b.Reserve(arr.Len())
	for i := range arr.Len() {
		if arr.IsNull(i) {
			b.AppendNull()
		} else {
			b.Append(float64(arr.Value(i)))
		}
	}
	return b.NewArray()
}

// textsOf returns the texts of the values of arr, as [Text] spells them. uuid says that values of 16 bytes are
// UUIDs.
func textsOf(arr arrow.Array, uuid bool) arrow.Array {
	b := array.NewStringBuilder(memory.DefaultAllocator)
	b.Reserve(arr.Len())
	spell, missing := text(arr, uuid), Missing(arr)
	var buf []byte
	for i := range arr.Len() {
		if missing(i) {
			b.AppendNull()
			continue
		}
		buf = spell(buf[:0], i)
		b.BinaryBuilder.Append(buf)
	}
	return b.NewArray()
}

// ValueType is the type of the values of a dictionary, or t itself for other types.
func ValueType(t arrow.DataType) arrow.DataType {
	if d, ok := t.(*arrow.DictionaryType); ok {
		return d.ValueType
	}
	return t
}

// IsText reports whether the values of a type, or of its dictionary, are text.
func IsText(t arrow.DataType) bool {
	switch ValueType(t).ID() {
	case arrow.STRING, arrow.LARGE_STRING, arrow.STRING_VIEW:
		return true
	}
	return false
}
