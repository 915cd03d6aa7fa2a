package codec

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/decimal256"
	"github.com/apache/arrow/go/v17/arrow/float16"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// arrayOf makes an array whose values fill appends.
func arrayOf[B array.Builder](dt arrow.DataType, fill func(b B)) arrow.Array {
	b := array.NewBuilder(memory.DefaultAllocator, dt)
	fill(b.(B))
	return b.NewArray()
}

// fromJSON makes an array by arrow-go's own reader.
func fromJSON(t testing.TB, dt arrow.DataType, values string) arrow.Array {
	t.Helper()
	arr, _, err := array.FromJSON(memory.DefaultAllocator, dt, strings.NewReader(values))
	if err != nil {
		t.Fatal(err)
	}
	return arr
}

// spelling is one value of one type, alone in an array, and its spellings.
type spelling struct {
	name       string
	arr        arrow.Array
	text, json string
}

func timestampOf(unit arrow.TimeUnit, zone string, v int64) arrow.Array {
	return arrayOf(&arrow.TimestampType{Unit: unit, TimeZone: zone}, func(b *array.TimestampBuilder) { b.Append(arrow.Timestamp(v)) })
}

func durationOf(unit arrow.TimeUnit, v int64) arrow.Array {
	return arrayOf(&arrow.DurationType{Unit: unit}, func(b *array.DurationBuilder) { b.Append(arrow.Duration(v)) })
}

func float64Of(v float64) arrow.Array {
	return arrayOf(arrow.PrimitiveTypes.Float64, func(b *array.Float64Builder) { b.Append(v) })
}

func textOf(v string) arrow.Array {
	return arrayOf(arrow.BinaryTypes.String, func(b *array.StringBuilder) { b.Append(v) })
}

func scalarSpellings(t testing.TB) []spelling {
	return []spelling{
		{"bool", fromJSON(t, arrow.FixedWidthTypes.Boolean, `[true]`), "true", "true"},
		{"int8", fromJSON(t, arrow.PrimitiveTypes.Int8, `[-128]`), "-128", "-128"},
		{"int16", fromJSON(t, arrow.PrimitiveTypes.Int16, `[-32768]`), "-32768", "-32768"},
		{"int32", fromJSON(t, arrow.PrimitiveTypes.Int32, `[-2147483648]`), "-2147483648", "-2147483648"},
		{"int64", fromJSON(t, arrow.PrimitiveTypes.Int64, `["-9223372036854775808"]`), "-9223372036854775808", "-9223372036854775808"},
		{"uint8", fromJSON(t, arrow.PrimitiveTypes.Uint8, `[255]`), "255", "255"},
		{"uint16", fromJSON(t, arrow.PrimitiveTypes.Uint16, `[65535]`), "65535", "65535"},
		{"uint32", fromJSON(t, arrow.PrimitiveTypes.Uint32, `[4294967295]`), "4294967295", "4294967295"},
		{"uint64", fromJSON(t, arrow.PrimitiveTypes.Uint64, `["18446744073709551615"]`), "18446744073709551615", "18446744073709551615"},
		{"float16", arrayOf(arrow.FixedWidthTypes.Float16, func(b *array.Float16Builder) { b.Append(float16.New(1.5)) }), "1.5", "1.5"},
		{"float32 shortest", arrayOf(arrow.PrimitiveTypes.Float32, func(b *array.Float32Builder) { b.Append(0.1) }), "0.1", "0.1"},
		{"float64 shortest", float64Of(0.1), "0.1", "0.1"},
		{"float64 of 17 digits", float64Of(0.30000000000000004), "0.30000000000000004", "0.30000000000000004"},
		{"whole float64 keeps a point", float64Of(3), "3.0", "3.0"},
		{"negative zero", float64Of(math.Copysign(0, -1)), "-0.0", "-0.0"},
		{"small float64", float64Of(1e-5), "1e-05", "1e-05"},
		{"large float64", float64Of(1e16), "1e+16", "1e+16"},
		{"largest float64 without exponent", float64Of(9007199254740992), "9007199254740992.0", "9007199254740992.0"},
		{"NaN", float64Of(math.NaN()), "NaN", "null"},
		{"infinity", float64Of(math.Inf(1)), "Infinity", "null"},
		{"negative infinity", float64Of(math.Inf(-1)), "-Infinity", "null"},
		{"utf8", textOf("a,b"), "a,b", `"a,b"`},
		{"utf8 with quotes and control characters", textOf("\"\\\n\x01"), "\"\\\n\x01", `"\"\\\n\u0001"`},
		{"utf8 beyond ASCII", textOf("ñ 😀"), "ñ 😀", `"ñ 😀"`},
		{"utf8 that is not UTF-8", textOf("a\xffb"), "a\xffb", "\"a\ufffdb\""},
		{"large_utf8", fromJSON(t, arrow.BinaryTypes.LargeString, `["x"]`), "x", `"x"`},
		{"string_view", arrayOf(arrow.BinaryTypes.StringView, func(b *array.StringViewBuilder) { b.Append("longer than twelve bytes") }), "longer than twelve bytes", `"longer than twelve bytes"`},
		{"binary", arrayOf(arrow.BinaryTypes.Binary, func(b *array.BinaryBuilder) { b.Append([]byte{0xff, 0xfe}) }), "//4=", `"//4="`},
		{"large_binary", arrayOf(arrow.BinaryTypes.LargeBinary, func(b *array.BinaryBuilder) { b.Append([]byte("ab")) }), "YWI=", `"YWI="`},
		{"binary_view", arrayOf(arrow.BinaryTypes.BinaryView, func(b *array.BinaryViewBuilder) { b.Append([]byte("abc")) }), "YWJj", `"YWJj"`},
		{"fixed_size_binary", arrayOf(&arrow.FixedSizeBinaryType{ByteWidth: 2}, func(b *array.FixedSizeBinaryBuilder) { b.Append([]byte("ab")) }), "YWI=", `"YWI="`},
		{"decimal128", arrayOf(&arrow.Decimal128Type{Precision: 10, Scale: 2}, func(b *array.Decimal128Builder) { b.Append(decimal128.FromI64(-5)) }), "-0.05", `"-0.05"`},
		{"decimal128 without fraction", arrayOf(&arrow.Decimal128Type{Precision: 10}, func(b *array.Decimal128Builder) { b.Append(decimal128.FromI64(120)) }), "120", `"120"`},
		{"decimal128 with negative scale", arrayOf(&arrow.Decimal128Type{Precision: 10, Scale: -3}, func(b *array.Decimal128Builder) { b.Append(decimal128.FromI64(12)) }), "12e3", `"12e3"`},
		{"decimal128 with a scale from a hostile schema", arrayOf(&arrow.Decimal128Type{Precision: 10, Scale: math.MaxInt32}, func(b *array.Decimal128Builder) { b.Append(decimal128.FromI64(12)) }), "12e-2147483647", `"12e-2147483647"`},
		{"decimal256", arrayOf(&arrow.Decimal256Type{Precision: 40, Scale: 1}, func(b *array.Decimal256Builder) { b.Append(decimal256.FromI64(12345)) }), "1234.5", `"1234.5"`},
		{"null", array.NewNull(1), "null", "null"},
	}
}

func temporalSpellings(testing.TB) []spelling {
	return []spelling{
		{"date32", arrayOf(arrow.FixedWidthTypes.Date32, func(b *array.Date32Builder) { b.Append(20475) }), "2026-01-22", `"2026-01-22"`},
		{"date32 before 1970", arrayOf(arrow.FixedWidthTypes.Date32, func(b *array.Date32Builder) { b.Append(-1) }), "1969-12-31", `"1969-12-31"`},
		{"date32 before Christ", arrayOf(arrow.FixedWidthTypes.Date32, func(b *array.Date32Builder) { b.Append(-800000) }), "-0221-09-04", `"-0221-09-04"`},
		{"date32 beyond year 9999", arrayOf(arrow.FixedWidthTypes.Date32, func(b *array.Date32Builder) { b.Append(math.MaxInt32) }), "5881580-07-11", `"5881580-07-11"`},
		{"date64", arrayOf(arrow.FixedWidthTypes.Date64, func(b *array.Date64Builder) { b.Append(86400000) }), "1970-01-02", `"1970-01-02"`},
		{"date64 that is not a whole day", arrayOf(arrow.FixedWidthTypes.Date64, func(b *array.Date64Builder) { b.Append(1) }), "1970-01-01T00:00:00.001", `"1970-01-01T00:00:00.001"`},
		{"timestamp[s]", timestampOf(arrow.Second, "", 0), "1970-01-01T00:00:00", `"1970-01-01T00:00:00"`},
		{"timestamp[ms] before 1970", timestampOf(arrow.Millisecond, "", -1), "1969-12-31T23:59:59.999", `"1969-12-31T23:59:59.999"`},
		{"timestamp[us] with a short fraction", timestampOf(arrow.Microsecond, "", 1500000), "1970-01-01T00:00:01.5", `"1970-01-01T00:00:01.5"`},
		{"timestamp[ns] in UTC", timestampOf(arrow.Nanosecond, "UTC", 1), "1970-01-01T00:00:00.000000001Z", `"1970-01-01T00:00:00.000000001Z"`},
		{"timestamp in a named zone", timestampOf(arrow.Second, "Europe/Madrid", 0), "1970-01-01T00:00:00Z", `"1970-01-01T00:00:00Z"`},
		{"smallest timestamp[ns]", timestampOf(arrow.Nanosecond, "", math.MinInt64), "1677-09-21T00:12:43.145224192", `"1677-09-21T00:12:43.145224192"`},
		{"timestamp beyond the calendar", timestampOf(arrow.Second, "", math.MaxInt64), "9223372036854775807", `"9223372036854775807"`},
		{"time32[s]", arrayOf(arrow.FixedWidthTypes.Time32s, func(b *array.Time32Builder) { b.Append(3661) }), "01:01:01", `"01:01:01"`},
		{"time32[ms]", arrayOf(arrow.FixedWidthTypes.Time32ms, func(b *array.Time32Builder) { b.Append(1) }), "00:00:00.001", `"00:00:00.001"`},
		{"time64[us]", arrayOf(arrow.FixedWidthTypes.Time64us, func(b *array.Time64Builder) { b.Append(86399_999999) }), "23:59:59.999999", `"23:59:59.999999"`},
		{"time64[ns]", arrayOf(arrow.FixedWidthTypes.Time64ns, func(b *array.Time64Builder) { b.Append(1) }), "00:00:00.000000001", `"00:00:00.000000001"`},
		{"time64 outside a day", arrayOf(arrow.FixedWidthTypes.Time64ns, func(b *array.Time64Builder) { b.Append(-3600_000000000 * 25) }), "-25:00:00", `"-25:00:00"`},
		{"duration[s]", durationOf(arrow.Second, 90), "PT90S", `"PT90S"`},
		{"duration[ms]", durationOf(arrow.Millisecond, -1500), "PT-1.5S", `"PT-1.5S"`},
		{"smallest duration[ns]", durationOf(arrow.Nanosecond, math.MinInt64), "PT-9223372036.854775808S", `"PT-9223372036.854775808S"`},
		{"month_interval", arrayOf(arrow.FixedWidthTypes.MonthInterval, func(b *array.MonthIntervalBuilder) { b.Append(-3) }), "P-3M", `"P-3M"`},
		{"day_time_interval", arrayOf(arrow.FixedWidthTypes.DayTimeInterval, func(b *array.DayTimeIntervalBuilder) {
			b.Append(arrow.DayTimeInterval{Days: 1, Milliseconds: 500})
		}), "P1DT0.5S", `"P1DT0.5S"`},
		{"month_day_nano_interval", arrayOf(arrow.FixedWidthTypes.MonthDayNanoInterval, func(b *array.MonthDayNanoIntervalBuilder) {
			b.Append(arrow.MonthDayNanoInterval{Months: 1, Days: 2, Nanoseconds: -3})
		}), "P1M2DT-0.000000003S", `"P1M2DT-0.000000003S"`},
	}
}

func nestedSpellings(t testing.TB) []spelling {
	ints := arrow.PrimitiveTypes.Int64
	structs := arrow.StructOf(arrow.Field{Name: `a"`, Type: ints, Nullable: true}, arrow.Field{Name: "b", Type: arrow.BinaryTypes.String, Nullable: true})
	union := []arrow.Field{{Name: "i", Type: ints, Nullable: true}, {Name: "s", Type: arrow.BinaryTypes.String, Nullable: true}}
	same := func(name string, arr arrow.Array, json string) spelling { return spelling{name, arr, json, json} }
	return []spelling{
		same("list", fromJSON(t, arrow.ListOf(ints), `[[1, null, 3]]`), `[1,null,3]`),
		same("empty list", fromJSON(t, arrow.ListOf(ints), `[[]]`), `[]`),
		same("large_list of floats", fromJSON(t, arrow.LargeListOf(arrow.PrimitiveTypes.Float64), `[[1, 0.5]]`), `[1.0,0.5]`),
		same("fixed_size_list", fromJSON(t, arrow.FixedSizeListOf(2, arrow.BinaryTypes.String), `[["x", "y"]]`), `["x","y"]`),
		same("list_view", fromJSON(t, arrow.ListViewOf(ints), `[[1, 2]]`), `[1,2]`),
		same("large_list_view", fromJSON(t, arrow.LargeListViewOf(ints), `[[1, 2]]`), `[1,2]`),
		same("struct", fromJSON(t, structs, `[{"a\"": 1, "b": null}]`), `{"a\"":1,"b":null}`),
		same("struct without fields", fromJSON(t, arrow.StructOf(), `[{}]`), `{}`),
		same("map", fromJSON(t, arrow.MapOf(arrow.BinaryTypes.String, ints), `[[{"key": "k", "value": 1}]]`), `[{"key":"k","value":1}]`),
		same("list of timestamps", fromJSON(t, arrow.ListOf(arrow.FixedWidthTypes.Timestamp_s), `[["2026-01-22 00:00:00"]]`), `["2026-01-22T00:00:00Z"]`),
		{"dictionary", fromJSON(t, &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}, `["x"]`), "x", `"x"`},
		{"run_end_encoded", fromJSON(t, arrow.RunEndEncodedOf(arrow.PrimitiveTypes.Int32, arrow.BinaryTypes.String), `["x", "x"]`), "x", `"x"`},
		{"sparse_union", fromJSON(t, arrow.SparseUnionOf(union, []arrow.UnionTypeCode{3, 5}), `[[5, "x"]]`), "x", `"x"`},
		{"dense_union", fromJSON(t, arrow.DenseUnionOf(union, []arrow.UnionTypeCode{3, 5}), `[[3, 7]]`), "7", "7"},
		{"extension", array.NewExtensionArrayWithStorage(newLabel(), textOf("x")), "x", `"x"`},
	}
}

// label is an extension type that means text.
type label struct{ arrow.ExtensionBase }

type labelArray struct{ array.ExtensionArrayBase }

func newLabel() *label { return &label{arrow.ExtensionBase{Storage: arrow.BinaryTypes.String}} }

func (*label) ArrayType() reflect.Type { return reflect.TypeFor[labelArray]() }
func (*label) ExtensionName() string   { return "edgeframe.label" }
func (*label) Serialize() string       { return "" }
func (l *label) String() string        { return "label" }
func (l *label) ExtensionEquals(o arrow.ExtensionType) bool {
	return o.ExtensionName() == l.ExtensionName()
}

func (*label) Deserialize(arrow.DataType, string) (arrow.ExtensionType, error) {
	return newLabel(), nil
}

func allSpellings(t testing.TB) []spelling {
	return slices.Concat(scalarSpellings(t), temporalSpellings(t), nestedSpellings(t))
}

func TestEveryTypeHasItsSpellings(t *testing.T) {
	for _, s := range allSpellings(t) {
		t.Run(s.name, func(t *testing.T) {
			if got := string(textAppender(s.arr)([]byte("before "), 0)); got != "before "+s.text {
				t.Errorf("text is %q, want %q", got, "before "+s.text)
			}
			got := string(jsonAppender(s.arr)([]byte("["), 0))
			if got != "["+s.json {
				t.Errorf("JSON is %s, want %s", got, "["+s.json)
			}
			if !json.Valid([]byte(got + "]")) {
				t.Errorf("%s is not JSON", got)
			}
		})
	}
}

func TestSpellingsDoNotDependOnTheOffsetOfASlice(t *testing.T) {
	union := []arrow.Field{{Name: "i", Type: arrow.PrimitiveTypes.Int64, Nullable: true}}
	code := []arrow.UnionTypeCode{3}
	twice := map[string]arrow.Array{ // arrow-go does not concatenate unions
		"sparse_union": fromJSON(t, arrow.SparseUnionOf(union, code), `[[3, 1], [3, 7]]`),
		"dense_union":  fromJSON(t, arrow.DenseUnionOf(union, code), `[[3, 1], [3, 7]]`),
	}
	want := map[string]string{"sparse_union": "7", "dense_union": "7"}
	for _, s := range allSpellings(t) {
		if twice[s.name] != nil {
			continue
		}
		arr, err := array.Concatenate([]arrow.Array{s.arr, s.arr}, memory.DefaultAllocator)
		if err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		twice[s.name], want[s.name] = arr, s.json
	}
	for name, arr := range twice {
		if got := string(jsonAppender(array.NewSlice(arr, 1, 2))(nil, 0)); got != want[name] {
			t.Errorf("%s: JSON of a slice is %s, want %s", name, got, want[name])
		}
	}
}

func TestMissingValuesAreNullWhereverTheyAre(t *testing.T) {
	ints, text := arrow.PrimitiveTypes.Int64, arrow.BinaryTypes.String
	dictionaryType := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: text}
	nullInside := array.NewDictionaryArray(dictionaryType, fromJSON(t, arrow.PrimitiveTypes.Int8, `[0, 1]`), fromJSON(t, text, `["x", null]`))
	union := []arrow.Field{{Name: "i", Type: ints, Nullable: true}}
	tests := []struct {
		name string
		arr  arrow.Array
	}{
		{"in the array itself", fromJSON(t, ints, `[1, null]`)},
		{"in a slice", array.NewSlice(fromJSON(t, ints, `[1, 1, null]`), 1, 3)},
		{"in the indices of a dictionary", fromJSON(t, dictionaryType, `["x", null]`)},
		{"in the values of a dictionary", nullInside},
		{"in the values of runs", fromJSON(t, arrow.RunEndEncodedOf(arrow.PrimitiveTypes.Int32, text), `["x", null]`)},
		{"in the child of a sparse union", fromJSON(t, arrow.SparseUnionOf(union, []arrow.UnionTypeCode{0}), `[[0, 1], [0, null]]`)},
		{"in the child of a dense union", fromJSON(t, arrow.DenseUnionOf(union, []arrow.UnionTypeCode{0}), `[[0, 1], [0, null]]`)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			isNull, spell := nullChecker(test.arr), jsonAppender(test.arr)
			if isNull(0) || !isNull(1) {
				t.Errorf("missing are %v and %v, want false and true", isNull(0), isNull(1))
			}
			if got := string(spell(nil, 1)); got != "null" {
				t.Errorf("JSON of the missing value is %s", got)
			}
			if got := string(spell(nil, 0)); got == "null" {
				t.Error("JSON of the value that is there is null")
			}
		})
	}
}
