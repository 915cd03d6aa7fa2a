package scalar

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/go-json-experiment/json/jsontext"

	"edgeframe/codec"
)

// FromJSON reads a JSON array of the values of one column, each of which must fit want:
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
// A value that does not fit is refused with [codec.ErrMismatch], a type of which no values can be
// made (unions, run-end encoded, intervals, list views) with [codec.ErrUnsupported].
func FromJSON(raw []byte, want arrow.DataType, lim codec.Limits) (arr arrow.Array, err error) {
	defer codec.Guard(&err, codec.ErrMalformed, "the array of values")
	if len(raw) > math.MaxInt32 {
		return nil, codec.Errorf(codec.ErrTooLarge, "the input has %d bytes; at most %d can be read at once", len(raw), math.MaxInt32)
	}
	f := &fitter{mem: codec.NewBudget(lim.WithDefaults().Bytes), want: want}
	values, err := f.topLevel(raw)
	if err != nil {
		return nil, err
	}
	return f.array(values, want)
}

// fitter makes arrays of exactly the wanted type. It works column by column: the elements
// of all lists are one column, and so is each member of all objects.
type fitter struct {
	mem  *codec.Budget
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
		text = codec.Shorten(string(v.raw))
	}
	return codec.Errorf(codec.ErrMismatch, "the value %s at position %d does not fit %s", text, v.position, DType(f.want))
}

func (f *fitter) add(values []fitValue, raw jsontext.Value, position int) []fitValue {
	if raw.Kind() == 'n' {
		raw = nil
	}
	return codec.AppendBudgeted(f.mem, values, fitValue{raw, position}, fitValueBytes)
}

// topLevel returns the elements of the array in data.
func (f *fitter) topLevel(data []byte) ([]fitValue, error) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(data))
	malformed := func(problem string) error {
		return codec.Errorf(codec.ErrMalformed, "byte %d: %s", dec.InputOffset(), problem)
	}
	if dec.PeekKind() != '[' {
		return nil, malformed("the values must be an array")
	}
	var values []fitValue
	_, err := dec.ReadToken()
	for i := 0; err == nil && dec.PeekKind() != ']'; i++ {
		var raw jsontext.Value
		if raw, err = dec.ReadValue(); err == nil {
			values = f.add(values, raw, i)
		}
	}
	if err == nil {
		_, err = dec.ReadToken()
	}
	if err != nil {
		return nil, malformed(DescribeSyntax(err))
	}
	if _, err := dec.ReadToken(); err != io.EOF {
		return nil, malformed("there is something after the end of the JSON text")
	}
	return values, nil
}

// DescribeSyntax says what an error of the JSON decoder means.
func DescribeSyntax(err error) string {
	if e, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		err = e.Err
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "the JSON text ends too early"
	}
	return fmt.Sprintf("this is not valid JSON: %v", err)
}

func (f *fitter) array(values []fitValue, dt arrow.DataType) (arrow.Array, error) {
	switch dt := dt.(type) {
	case *arrow.ListType, *arrow.LargeListType, *arrow.MapType:
		return f.lists(values, dt.(arrow.ListLikeType))
	case *arrow.FixedSizeListType:
		return f.fixedSizeLists(values, dt)
	case *arrow.StructType:
		return f.structs(values, dt, FieldNames(dt.Fields()))
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
		return nil, codec.Errorf(codec.ErrUnsupported, "values of type %s cannot be made from JSON", DType(f.want))
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
