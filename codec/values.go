package codec

import (
	"bytes"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/go-json-experiment/json/jsontext"
)

// ValuesFromJSON reads a JSON array of the values of one column. If want is nil, their type
// is inferred as from a JSON document. Otherwise each of them must fit want:
//
//	null                      fits every type
//	integer types             numbers without a fraction, in range
//	float types               numbers in range; integers only if no digit is lost
//	bool                      true, false
//	utf8 types                strings
//	decimals                  numbers, or strings that spell one, of the precision and scale
//	binary                    strings of base64
//	dates, times, durations   strings as they are sent; timestamps also with a blank for the
//	                          T and, where the type has a time zone, with any offset
//	lists                     arrays of values that fit
//	struct                    objects whose members fit; missing ones are null
//	map                       arrays of {"key": …, "value": …}
//	dictionary, extension     what fits the type of their values
//
// A value that does not fit is refused with [ErrMismatch], a type of which no values can be
// made (unions, run-end encoded, intervals, list views) with [ErrUnsupported].
func ValuesFromJSON(raw []byte, want arrow.DataType, lim Limits) (arr arrow.Array, err error) {
	defer guard(&err, ErrMalformed, "the array of values")
	t, err := newDynTable(raw, lim, appendJSONTo)
	if err != nil {
		return nil, err
	}
	if want == nil {
		return inferValues(t)
	}
	f := &fitter{mem: t.mem, want: want}
	values, err := f.topLevel(raw)
	if err != nil {
		return nil, err
	}
	return f.array(values, want)
}

func inferValues(t *dynTable) (arrow.Array, error) {
	r := newJSONReader(t)
	r.depth = documentDepth - 1
	if r.opens() != '[' {
		return nil, r.fail(ErrMalformed, "the values must be an array")
	}
	column := &dynColumn{}
	err := r.array(func(i uint32) error {
		t.numRows = i + 1
		return r.value(column, i)
	})
	if err != nil {
		return nil, err
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	return t.build(column, column.dataType(), 0, t.numRows), nil
}

// fitter makes arrays of exactly the wanted type. It works column by column: the elements
// of all lists are one column, and so is each member of all objects.
type fitter struct {
	mem  *budget
	want arrow.DataType // the type of the whole column, for errors
}

// fitValue is a value that shall fit, and the position of the value of the whole column
// that it belongs to. raw is nil for null.
type fitValue struct {
	raw      jsontext.Value
	position int
}

const fitValueBytes = 32

func (f *fitter) mismatch(v fitValue) error {
	text := "null"
	if v.raw != nil {
		text = Shorten(string(v.raw))
	}
	return Errorf(ErrMismatch, "the value %s at position %d does not fit %s", text, v.position, DType(f.want))
}

func (f *fitter) add(values []fitValue, raw jsontext.Value, position int) []fitValue {
	if raw.Kind() == 'n' {
		raw = nil
	}
	return appendBudgeted(f.mem, values, fitValue{raw, position}, fitValueBytes)
}

// topLevel returns the elements of the array in data.
func (f *fitter) topLevel(data []byte) ([]fitValue, error) {
	r := &jsonReader{t: &dynTable{data: data}, dec: new(jsontext.Decoder), maxDepth: 1}
	r.dec.Reset(bytes.NewBuffer(data))
	if r.opens() != '[' {
		return nil, r.fail(ErrMalformed, "the values must be an array")
	}
	var values []fitValue
	err := r.array(func(i uint32) error {
		raw, err := r.dec.ReadValue()
		if err != nil {
			return r.syntax(err)
		}
		values = f.add(values, raw, int(i))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return values, r.end()
}

func (f *fitter) array(values []fitValue, dt arrow.DataType) (arrow.Array, error) {
	switch dt := dt.(type) {
	case *arrow.ListType, *arrow.LargeListType, *arrow.MapType:
		return f.lists(values, dt.(arrow.ListLikeType))
	case *arrow.FixedSizeListType:
		return f.fixedSizeLists(values, dt)
	case *arrow.StructType:
		return f.structs(values, dt, fieldNames(dt.Fields()))
	case *arrow.DictionaryType:
		return f.dictionary(values, dt)
	case arrow.ExtensionType:
		storage, err := f.array(values, dt.StorageType())
		if err != nil {
			return nil, err
		}
		return array.NewExtensionArrayWithStorage(dt, storage), nil
	}
	return f.scalars(values, dt)
}

func (f *fitter) scalars(values []fitValue, dt arrow.DataType) (arrow.Array, error) {
	if !canFit(dt) {
		return nil, Errorf(ErrUnsupported, "values of type %s cannot be made from JSON", DType(f.want))
	}
	b := array.NewBuilder(f.mem, dt)
	b.Reserve(len(values))
	fit := fitTo(b)
	for _, v := range values {
		switch {
		case v.raw == nil:
			b.AppendNull()
		case !fit(v.raw):
			return nil, f.mismatch(v)
		}
	}
	return b.NewArray(), nil
}
