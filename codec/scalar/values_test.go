package scalar_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/document"
	"edgeframe/codec/scalar"
)

// jsonOf spells a whole array.
func jsonOf(arr arrow.Array) string { return codectest.JSONArray(arr) }

func TestValuesOfEveryTypeFitTheirOwnType(t *testing.T) {
	notSent := map[string]bool{ // spellings of values that Arrow forbids or that no text can hold
		"utf8 that is not UTF-8": true, "date64 that is not a whole day": true,
		"timestamp beyond the calendar": true, "time64 outside a day": true,
	}
	unsupported := map[arrow.Type]bool{
		arrow.INTERVAL_MONTHS: true, arrow.INTERVAL_DAY_TIME: true, arrow.INTERVAL_MONTH_DAY_NANO: true,
		arrow.LIST_VIEW: true, arrow.LARGE_LIST_VIEW: true, arrow.RUN_END_ENCODED: true,
		arrow.SPARSE_UNION: true, arrow.DENSE_UNION: true,
	}
	for _, s := range codectest.AllSpellings(t) {
		t.Run(s.Name, func(t *testing.T) {
			values := fmt.Sprintf("[%s,null,%s]", s.JSON, s.JSON)
			arr, err := document.Values([]byte(values), s.Arr.DataType(), codec.Limits{})
			switch {
			case unsupported[s.Arr.DataType().ID()], s.Name == "decimal128 with a scale from a hostile schema":
				if !errors.Is(err, codec.ErrUnsupported) {
					t.Fatalf("the error is %v", err)
				}
			case notSent[s.Name]:
				if err == nil && jsonOf(arr) != values || err != nil && !errors.Is(err, codec.ErrMismatch) {
					t.Fatalf("%v became %v, %v", values, arr, err)
				}
			case err != nil:
				t.Fatal(err)
			default:
				if got := jsonOf(arr); got != values {
					t.Errorf("%s became %s", values, got)
				}
				if !arrow.TypeEqual(arr.DataType(), s.Arr.DataType()) {
					t.Errorf("the type is %v", arr.DataType())
				}
				if s.JSON != "null" && !array.Equal(array.NewSlice(arr, 2, 3), s.Arr) {
					t.Errorf("%v became %v", s.Arr, arr)
				}
			}
		})
	}
}

var (
	decimal42   = &arrow.Decimal128Type{Precision: 4, Scale: 2}
	smallDict   = &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}
	twoInts     = arrow.FixedSizeListOf(2, arrow.PrimitiveTypes.Int8)
	pointStruct = arrow.StructOf(arrow.Field{Name: "x", Type: arrow.PrimitiveTypes.Int8}, arrow.Field{Name: "y", Type: arrow.PrimitiveTypes.Int8, Nullable: true})
	namedMap    = arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int8)
	localNanos  = &arrow.TimestampType{Unit: arrow.Nanosecond}
	zoned       = &arrow.TimestampType{Unit: arrow.Millisecond, TimeZone: "Europe/Madrid"}
)

func TestOtherSpellingsThatFit(t *testing.T) {
	for _, test := range []struct {
		name         string
		want         arrow.DataType
		values, json string
	}{
		{"whole floats as integers", arrow.PrimitiveTypes.Int8, `[1.0, 1e2, -128]`, `[1,100,-128]`},
		{"whole floats as uint64", arrow.PrimitiveTypes.Uint64, `[1.0, 18446744073709551615]`, `[1,18446744073709551615]`},
		{"integers with an exponent", arrow.PrimitiveTypes.Int64, `[1e18, -9.223372036854775808e18, 1234567890123456789.0, 0e99999999999, 1200e-2]`, `[1000000000000000000,-9223372036854775808,1234567890123456789,0,12]`},
		{"integers in strings", arrow.PrimitiveTypes.Int64, `["9007199254740993", "-9223372036854775808", "0"]`, `[9007199254740993,-9223372036854775808,0]`},
		{"integers of uint64 in strings", arrow.PrimitiveTypes.Uint64, `["18446744073709551615", "0"]`, `[18446744073709551615,0]`},
		{"any fraction as float32", arrow.PrimitiveTypes.Float32, `[0.1, 16777216]`, `[0.1,16777216.0]`},
		{"any fraction as float64", arrow.PrimitiveTypes.Float64, `[0.1234567890123456789, 1]`, `[0.12345678901234568,1.0]`},
		{"numbers as decimals", decimal42, `[1.5, -12, "3", 1e1, "0.10"]`, `["1.50","-12.00","3.00","10.00","0.10"]`},
		{"blanks in timestamps", zoned, `["2026-01-22 10:00:00.5Z"]`, `["2026-01-22T10:00:00.5Z"]`},
		{"offsets in timestamps", zoned, `["2026-01-22T00:30:00+01:00", "2026-01-22T00:30:00-01:30"]`, `["2026-01-21T23:30:00Z","2026-01-22T02:00:00Z"]`},
		{"escaped strings", arrow.FixedWidthTypes.Date32, `["2026\u002d01-22"]`, `["2026-01-22"]`},
		{"dictionaries", smallDict, `["x", "y", null, "x"]`, `["x","y",null,"x"]`},
		{"missing members", pointStruct, `[{"x": 1}, null, {"y": 2, "x": 3}]`, `[{"x":1,"y":null},null,{"x":3,"y":2}]`},
		{"missing lists of fixed size", twoInts, `[null, [1, null]]`, `[null,[1,null]]`},
		{"empty maps", namedMap, `[[], null, [{"value": 1, "key": "k"}]]`, `[[],null,[{"key":"k","value":1}]]`},
		{"lists of dictionaries", arrow.ListOf(smallDict), `[["x"], [], null, ["y", "x"]]`, `[["x"],[],null,["y","x"]]`},
		{"no values", arrow.ListOf(pointStruct), ` [ ] `, `[]`},
	} {
		t.Run(test.name, func(t *testing.T) {
			arr, err := document.Values([]byte(test.values), test.want, codec.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if got := jsonOf(arr); got != test.json {
				t.Errorf("the values are %s, want %s", got, test.json)
			}
			if !arrow.TypeEqual(arr.DataType(), test.want) {
				t.Errorf("the type is %v, want %v", arr.DataType(), test.want)
			}
		})
	}
}

// misfits are values and types that they do not fit.
var misfits = []struct {
	name  string
	want  arrow.DataType
	value string
}{
	{"an integer out of range", arrow.PrimitiveTypes.Int8, `128`},
	{"a negative integer as unsigned", arrow.PrimitiveTypes.Uint8, `-1`},
	{"a negative integer as uint64", arrow.PrimitiveTypes.Uint64, `-1`},
	{"a negative float as uint64", arrow.PrimitiveTypes.Uint64, `-1.0`},
	{"an integer beyond int64", arrow.PrimitiveTypes.Int64, `9223372036854775808`},
	{"a fraction as integer", arrow.PrimitiveTypes.Int64, `1.5`},
	{"a huge number as integer", arrow.PrimitiveTypes.Int64, `1e19`},
	{"a huge exponent as integer", arrow.PrimitiveTypes.Int64, `1e999999999999`},
	{"a rounded integer", arrow.PrimitiveTypes.Int64, `1234567890123456789.5`},
	{"a fraction beyond float64's digits as integer", arrow.PrimitiveTypes.Int64, `1.00000000000000000001`},
	{"text that is not spelled as an integer", arrow.PrimitiveTypes.Int64, `"01"`},
	{"text of a fraction as integer", arrow.PrimitiveTypes.Int64, `"1.0"`},
	{"text beyond uint64", arrow.PrimitiveTypes.Uint64, `"18446744073709551616"`},
	{"a boolean as integer", arrow.PrimitiveTypes.Int64, `true`},
	{"a float out of range", arrow.PrimitiveTypes.Float64, `1e400`},
	{"a float out of range of float32", arrow.PrimitiveTypes.Float32, `1e39`},
	{"a float out of range of float16", arrow.FixedWidthTypes.Float16, `70000.5`},
	{"an integer that float64 does not keep", arrow.PrimitiveTypes.Float64, `9007199254740993`},
	{"an integer that float32 does not keep", arrow.PrimitiveTypes.Float32, `16777217`},
	{"text as float", arrow.PrimitiveTypes.Float64, `"NaN"`},
	{"a number as boolean", arrow.FixedWidthTypes.Boolean, `1`},
	{"a number as text", arrow.BinaryTypes.String, `1`},
	{"anything as null", arrow.Null, `""`},
	{"a date without leading zeros", arrow.FixedWidthTypes.Date32, `"2026-1-22"`},
	{"a day that does not exist", arrow.FixedWidthTypes.Date32, `"2026-02-30"`},
	{"a month that does not exist", arrow.FixedWidthTypes.Date32, `"2026-13-01"`},
	{"a date out of range", arrow.FixedWidthTypes.Date32, `"9999999-01-01"`},
	{"a date with a time", arrow.FixedWidthTypes.Date32, `"2026-01-22T00:00:01"`},
	{"a date with an offset", arrow.FixedWidthTypes.Date32, `"2026-01-22T00:00:00+01:00"`},
	{"a number as date", arrow.FixedWidthTypes.Date32, `20260122`},
	{"a zone where the type has none", localNanos, `"2026-01-22T00:00:00Z"`},
	{"no zone where the type has one", zoned, `"2026-01-22T00:00:00"`},
	{"a name of a zone", zoned, `"2026-01-22T00:00:00CET"`},
	{"a fraction finer than the unit", zoned, `"2026-01-22T00:00:00.0001Z"`},
	{"a fraction without digits", localNanos, `"2026-01-22T00:00:00."`},
	{"a fraction of ten digits", localNanos, `"2026-01-22T00:00:00.0000000001"`},
	{"a timestamp out of range", localNanos, `"2262-04-11T23:47:16.854775808"`},
	{"an hour that does not exist", localNanos, `"2026-01-22T24:00:00"`},
	{"a time without minutes", arrow.FixedWidthTypes.Time32s, `"10"`},
	{"a time finer than the unit", arrow.FixedWidthTypes.Time32s, `"10:00:00.5"`},
	{"a duration without designator", &arrow.DurationType{Unit: arrow.Second}, `"5"`},
	{"a duration with a plus", &arrow.DurationType{Unit: arrow.Second}, `"PT+5S"`},
	{"a duration out of range", &arrow.DurationType{Unit: arrow.Nanosecond}, `"PT9223372036.854775808S"`},
	{"a duration out of negative range", &arrow.DurationType{Unit: arrow.Millisecond}, `"PT-9223372036854775808.5S"`},
	{"a decimal with too many fraction digits", decimal42, `"1.234"`},
	{"a decimal with too many digits", decimal42, `"123.45"`},
	{"a decimal with an enormous exponent", decimal42, `1e999999999`},
	{"a decimal that is no number", decimal42, `"1_0"`},
	{"a decimal without digits", decimal42, `"."`},
	{"bad base64", arrow.BinaryTypes.Binary, `"a"`},
	{"base64 with stray bits", arrow.BinaryTypes.Binary, `"YWJ="`},
	{"binary of another width", &arrow.FixedSizeBinaryType{ByteWidth: 3}, `"YWI="`},
	{"a number in a list of text", arrow.ListOf(arrow.BinaryTypes.String), `["x", 1]`},
	{"null in a list without nulls", arrow.ListOfNonNullable(arrow.PrimitiveTypes.Int8), `[null]`},
	{"an object as list", arrow.ListOf(arrow.PrimitiveTypes.Int8), `{}`},
	{"a list of another size", twoInts, `[1]`},
	{"an unknown member", pointStruct, `{"x":1,"z":1}`},
	{"a required member that is missing", pointStruct, `{"y":1}`},
	{"a list as struct", pointStruct, `[1]`},
	{"a map without key", namedMap, `[{"value":1}]`},
	{"an object as map", namedMap, `{"k":1}`},
	{"a number in a dictionary of text", smallDict, `1`},
}

func TestValuesThatDoNotFit(t *testing.T) {
	for _, test := range misfits {
		t.Run(test.name, func(t *testing.T) {
			arr, err := document.Values([]byte(`[null, `+test.value+`]`), test.want, codec.Limits{})
			if !errors.Is(err, codec.ErrMismatch) {
				t.Fatalf("the array is %v and the error %v", arr, err)
			}
			for _, says := range []string{"at position 1", scalar.DType(test.want)} {
				if !strings.Contains(err.Error(), says) {
					t.Errorf("%q does not say %q", err, says)
				}
			}
		})
	}
}

func TestDictionariesOverflowTheirIndex(t *testing.T) {
	var values strings.Builder
	for i := range 128 {
		fmt.Fprintf(&values, `,"%d"`, i)
	}
	full := "[" + values.String()[1:] + "]"
	arr, err := document.Values([]byte(full), smallDict, codec.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if got := jsonOf(arr); got != full {
		t.Errorf("128 different values became %s", got)
	}
	tooMany := "[" + values.String()[1:] + `,"128"]`
	if _, err := document.Values([]byte(tooMany), smallDict, codec.Limits{}); !errors.Is(err, codec.ErrMismatch) {
		t.Errorf("129 different values for int8 indices: the error is %v", err)
	}
}

func TestValuesWithoutTypeAreInferred(t *testing.T) {
	for values, want := range map[string]string{
		`[]`:               "null",
		`[1, null]`:        "int64",
		`[1, 0.5]`:         "float64",
		`["x", 1.50]`:      "utf8",
		`[[1], null]`:      "list<item: int64, nullable>",
		`[{"x": 1}, {}]`:   "struct<x: int64>",
		`[[1], {"x": 1 }]`: "utf8",
	} {
		arr, err := document.Values([]byte(values), nil, codec.Limits{})
		if err != nil {
			t.Errorf("%s: %v", values, err)
		} else if got := arr.DataType().String(); got != want {
			t.Errorf("%s has type %s, want %s", values, got, want)
		}
	}
}

func TestValuesThatAreNoArray(t *testing.T) {
	deep := "[" + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + "]"
	small := codec.Limits{Bytes: 1 << 12, Depth: 2}
	many := "[" + strings.Repeat("1,", 10_000) + "1]"
	for _, test := range []struct {
		name, values string
		want         arrow.DataType
		limits       codec.Limits
		kind         error
	}{
		{"nothing", "", nil, codec.Limits{}, codec.ErrMalformed},
		{"nothing, with a type", "", decimal42, codec.Limits{}, codec.ErrMalformed},
		{"an object", "{}", nil, codec.Limits{}, codec.ErrMalformed},
		{"an object, with a type", "{}", decimal42, codec.Limits{}, codec.ErrMalformed},
		{"a truncated array", "[1", nil, codec.Limits{}, codec.ErrMalformed},
		{"a truncated array, with a type", "[1", decimal42, codec.Limits{}, codec.ErrMalformed},
		{"something after the array", "[1] 2", nil, codec.Limits{}, codec.ErrMalformed},
		{"something after the array, with a type", "[1] 2", decimal42, codec.Limits{}, codec.ErrMalformed},
		{"a name that occurs twice", `[{"x":1,"x":2}]`, pointStruct, codec.Limits{}, codec.ErrMalformed},
		{"nested too deep", deep, nil, codec.Limits{}, codec.ErrTooLarge},
		{"one level too much", "[[[[1]]]]", nil, small, codec.ErrTooLarge},
		{"nested too deep, with a type", deep, arrow.PrimitiveTypes.Int8, codec.Limits{}, codec.ErrMalformed},
		{"more than fits", many, nil, small, codec.ErrTooLarge},
		{"more than fits, with a type", many, arrow.PrimitiveTypes.Int8, small, codec.ErrTooLarge},
		{"lists of a hostile size", "[null]", arrow.FixedSizeListOf(1<<30, arrow.PrimitiveTypes.Int8), small, codec.ErrTooLarge},
	} {
		t.Run(test.name, func(t *testing.T) {
			if arr, err := document.Values([]byte(test.values), test.want, test.limits); !errors.Is(err, test.kind) {
				t.Errorf("the array is %v and the error %v, want %v", arr, err, test.kind)
			}
		})
	}
}
