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
//	dates, times, timestamps  strings as [ParseTime] reads them; a date is the timestamp at its
//	                          beginning, and a timestamp at midnight a date; Z or an offset if and
//	                          only if the type has a time zone and the text a time of day
//	durations                 strings such as PT1.5S
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
	if isNested(want) {
		var values []fitValue
		err := eachElement(raw, func(raw jsontext.Value, i int) { values = f.add(values, raw, i) })
		if err != nil {
			return nil, err
		}
		return f.array(values, want)
	}
	return f.flat(raw)
}

// flat reads values of a type that is not nested. Errors of the syntax take precedence over values that do
// not fit.
func (f *fitter) flat(raw []byte) (arrow.Array, error) {
	b, _ := NewBuilder(f.want, f.mem)
	var failed error
	err := eachElement(raw, func(raw jsontext.Value, i int) {
		if b != nil && failed == nil && !b.AppendJSON(raw) {
			failed = misfit(raw, i, f.want)
		}
	})
	switch {
	case err != nil:
		return nil, err
	case b == nil:
		return nil, f.unsupported()
	case failed != nil:
		return nil, failed
	}
	return b.Array(), nil
}

// isNested reports whether values of a type have parts or stand for values of another type.
func isNested(dt arrow.DataType) bool {
	switch dt.(type) {
	case *arrow.ListType, *arrow.LargeListType, *arrow.MapType, *arrow.FixedSizeListType,
		*arrow.StructType, *arrow.DictionaryType, arrow.ExtensionType:
		return true
	}
	return false
}

// fitter makes arrays of exactly the wanted type. It works column by column: the elements
// of all lists are one column, and so is each member of all objects.
type fitter struct {
	mem  *codec.Budget
	want arrow.DataType // the type of the whole column, for errors
	// failed is the position of the value that an error is about.
	failed int
}

// fitValue is a value that has to fit, or a part of one. position is that of the value in the column.
type fitValue struct {
	// The value is the JSON text raw, or what row of from has. If both are nil, it is null.
	raw      jsontext.Value
	from     *source
	row      int
	position int
}

const fitValueBytes = 48

func (v fitValue) isNull() bool { return v.raw == nil && v.from == nil }

func (f *fitter) mismatch(v fitValue) error {
	f.failed = v.position
	switch {
	case v.raw != nil:
		return misfit(v.raw, v.position, f.want)
	case v.from == nil:
		return misfit([]byte("null"), v.position, f.want)
	}
	spelled := JSONStyle{}.values(v.from.arr, v.from.uuid)(nil, v.row)
	if string(spelled) == "null" {
		// JSON has no NaN and no infinities.
		return codec.Errorf(codec.ErrMismatch, "the value %s does not fit %s", Text(v.from.arr)(nil, v.row), DType(f.want))
	}
	return misfit(spelled, v.position, f.want)
}

func (f *fitter) unsupported() error {
	return codec.Errorf(codec.ErrUnsupported, "values of type %s cannot be made from JSON", DType(f.want))
}

func (f *fitter) add(values []fitValue, raw jsontext.Value, position int) []fitValue {
	if raw.Kind() == 'n' {
		raw = nil
	}
	return f.keep(values, fitValue{raw: raw, position: position})
}

func (f *fitter) keep(values []fitValue, v fitValue) []fitValue {
	return codec.AppendBudgeted(f.mem, values, v, fitValueBytes)
}

// eachElement calls visit with the elements of the JSON array in data.
func eachElement(data []byte, visit func(raw jsontext.Value, i int)) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(data))
	malformed := func(problem string) error {
		return codec.Errorf(codec.ErrMalformed, "byte %d: %s", dec.InputOffset(), problem)
	}
	if dec.PeekKind() != '[' {
		return malformed("the values must be an array")
	}
	_, err := dec.ReadToken()
	for i := 0; err == nil && dec.PeekKind() != ']'; i++ {
		var raw jsontext.Value
		if raw, err = dec.ReadValue(); err == nil {
			visit(raw, i)
		}
	}
	if err == nil {
		_, err = dec.ReadToken()
	}
	if err != nil {
		return malformed(DescribeSyntax(err))
	}
	if _, err := dec.ReadToken(); err != io.EOF {
		return malformed("there is something after the end of the JSON text")
	}
	return nil
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
	b, err := NewBuilder(dt, f.mem)
	if err != nil {
		return nil, f.unsupported()
	}
	b.Reserve(len(values))
	puts := map[*source]func(row int) bool{}
	for _, v := range values {
		fits := true
		switch {
		case v.raw != nil:
			fits = b.AppendJSON(v.raw)
		case v.from == nil:
			b.AppendNull()
		default:
			put := puts[v.from]
			if put == nil {
				put = b.from(v.from.arr, v.from.uuid)
				puts[v.from] = put
			}
			fits = put(v.row)
		}
		if !fits {
			return nil, f.mismatch(v)
		}
	}
	return b.Array(), nil
}
