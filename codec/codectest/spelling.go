package codectest

import (
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/decimal256"
	"github.com/apache/arrow/go/v17/arrow/float16"
)

// Spelling is an array of one value and its spellings.
type Spelling struct {
	Name       string
	Arr        arrow.Array
	Text, JSON string
}

// TimestampOf returns an array of one timestamp.
func TimestampOf(unit arrow.TimeUnit, zone string, v int64) arrow.Array {
	return ArrayOf(&arrow.TimestampType{Unit: unit, TimeZone: zone}, func(b *array.TimestampBuilder) { b.Append(arrow.Timestamp(v)) })
}

func durationOf(unit arrow.TimeUnit, v int64) arrow.Array {
	return ArrayOf(&arrow.DurationType{Unit: unit}, func(b *array.DurationBuilder) { b.Append(arrow.Duration(v)) })
}

func float64Of(v float64) arrow.Array {
	return ArrayOf(arrow.PrimitiveTypes.Float64, func(b *array.Float64Builder) { b.Append(v) })
}

func textOf(v string) arrow.Array {
	return ArrayOf(arrow.BinaryTypes.String, func(b *array.StringBuilder) { b.Append(v) })
}

func scalarSpellings(t testing.TB) []Spelling {
	return []Spelling{
		{"bool", FromJSON(t, arrow.FixedWidthTypes.Boolean, `[true]`), "true", "true"},
		{"int8", FromJSON(t, arrow.PrimitiveTypes.Int8, `[-128]`), "-128", "-128"},
		{"int16", FromJSON(t, arrow.PrimitiveTypes.Int16, `[-32768]`), "-32768", "-32768"},
		{"int32", FromJSON(t, arrow.PrimitiveTypes.Int32, `[-2147483648]`), "-2147483648", "-2147483648"},
		{"int64", FromJSON(t, arrow.PrimitiveTypes.Int64, `["-9223372036854775808"]`), "-9223372036854775808", "-9223372036854775808"},
		{"uint8", FromJSON(t, arrow.PrimitiveTypes.Uint8, `[255]`), "255", "255"},
		{"uint16", FromJSON(t, arrow.PrimitiveTypes.Uint16, `[65535]`), "65535", "65535"},
		{"uint32", FromJSON(t, arrow.PrimitiveTypes.Uint32, `[4294967295]`), "4294967295", "4294967295"},
		{"uint64", FromJSON(t, arrow.PrimitiveTypes.Uint64, `["18446744073709551615"]`), "18446744073709551615", "18446744073709551615"},
		{"float16", ArrayOf(arrow.FixedWidthTypes.Float16, func(b *array.Float16Builder) { b.Append(float16.New(1.5)) }), "1.5", "1.5"},
		{"float32 shortest", ArrayOf(arrow.PrimitiveTypes.Float32, func(b *array.Float32Builder) { b.Append(0.1) }), "0.1", "0.1"},
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
		{"large_utf8", FromJSON(t, arrow.BinaryTypes.LargeString, `["x"]`), "x", `"x"`},
		{"string_view", ArrayOf(arrow.BinaryTypes.StringView, func(b *array.StringViewBuilder) { b.Append("longer than twelve bytes") }), "longer than twelve bytes", `"longer than twelve bytes"`},
		{"binary", ArrayOf(arrow.BinaryTypes.Binary, func(b *array.BinaryBuilder) { b.Append([]byte{0xff, 0xfe}) }), "//4=", `"//4="`},
		{"large_binary", ArrayOf(arrow.BinaryTypes.LargeBinary, func(b *array.BinaryBuilder) { b.Append([]byte("ab")) }), "YWI=", `"YWI="`},
		{"binary_view", ArrayOf(arrow.BinaryTypes.BinaryView, func(b *array.BinaryViewBuilder) { b.Append([]byte("abc")) }), "YWJj", `"YWJj"`},
		{"fixed_size_binary", ArrayOf(&arrow.FixedSizeBinaryType{ByteWidth: 2}, func(b *array.FixedSizeBinaryBuilder) { b.Append([]byte("ab")) }), "YWI=", `"YWI="`},
		{"decimal128", ArrayOf(&arrow.Decimal128Type{Precision: 10, Scale: 2}, func(b *array.Decimal128Builder) { b.Append(decimal128.FromI64(-5)) }), "-0.05", `"-0.05"`},
		{"decimal128 without fraction", ArrayOf(&arrow.Decimal128Type{Precision: 10}, func(b *array.Decimal128Builder) { b.Append(decimal128.FromI64(120)) }), "120", `"120"`},
		{"decimal128 with negative scale", ArrayOf(&arrow.Decimal128Type{Precision: 10, Scale: -3}, func(b *array.Decimal128Builder) { b.Append(decimal128.FromI64(12)) }), "12e3", `"12e3"`},
		{"decimal128 with a scale from a hostile schema", ArrayOf(&arrow.Decimal128Type{Precision: 10, Scale: math.MaxInt32}, func(b *array.Decimal128Builder) { b.Append(decimal128.FromI64(12)) }), "12e-2147483647", `"12e-2147483647"`},
		{"decimal256", ArrayOf(&arrow.Decimal256Type{Precision: 40, Scale: 1}, func(b *array.Decimal256Builder) { b.Append(decimal256.FromI64(12345)) }), "1234.5", `"1234.5"`},
		{"null", array.NewNull(1), "null", "null"},
	}
}

func temporalSpellings(testing.TB) []Spelling {
	return []Spelling{
		{"date32", ArrayOf(arrow.FixedWidthTypes.Date32, func(b *array.Date32Builder) { b.Append(20475) }), "2026-01-22", `"2026-01-22"`},
		{"date32 before 1970", ArrayOf(arrow.FixedWidthTypes.Date32, func(b *array.Date32Builder) { b.Append(-1) }), "1969-12-31", `"1969-12-31"`},
		{"date32 before Christ", ArrayOf(arrow.FixedWidthTypes.Date32, func(b *array.Date32Builder) { b.Append(-800000) }), "-0221-09-04", `"-0221-09-04"`},
		{"date32 beyond year 9999", ArrayOf(arrow.FixedWidthTypes.Date32, func(b *array.Date32Builder) { b.Append(math.MaxInt32) }), "5881580-07-11", `"5881580-07-11"`},
		{"date64", ArrayOf(arrow.FixedWidthTypes.Date64, func(b *array.Date64Builder) { b.Append(86400000) }), "1970-01-02", `"1970-01-02"`},
		{"date64 that is not a whole day", ArrayOf(arrow.FixedWidthTypes.Date64, func(b *array.Date64Builder) { b.Append(1) }), "1970-01-01T00:00:00.001", `"1970-01-01T00:00:00.001"`},
		{"timestamp[s]", TimestampOf(arrow.Second, "", 0), "1970-01-01T00:00:00", `"1970-01-01T00:00:00"`},
		{"timestamp[ms] before 1970", TimestampOf(arrow.Millisecond, "", -1), "1969-12-31T23:59:59.999", `"1969-12-31T23:59:59.999"`},
		{"timestamp[us] with a short fraction", TimestampOf(arrow.Microsecond, "", 1500000), "1970-01-01T00:00:01.5", `"1970-01-01T00:00:01.5"`},
		{"timestamp[ns] in UTC", TimestampOf(arrow.Nanosecond, "UTC", 1), "1970-01-01T00:00:00.000000001Z", `"1970-01-01T00:00:00.000000001Z"`},
		{"timestamp in a named zone", TimestampOf(arrow.Second, "Europe/Madrid", 0), "1970-01-01T00:00:00Z", `"1970-01-01T00:00:00Z"`},
		{"smallest timestamp[ns]", TimestampOf(arrow.Nanosecond, "", math.MinInt64), "1677-09-21T00:12:43.145224192", `"1677-09-21T00:12:43.145224192"`},
		{"timestamp beyond the calendar", TimestampOf(arrow.Second, "", math.MaxInt64), "9223372036854775807", `"9223372036854775807"`},
		{"time32[s]", ArrayOf(arrow.FixedWidthTypes.Time32s, func(b *array.Time32Builder) { b.Append(3661) }), "01:01:01", `"01:01:01"`},
		{"time32[ms]", ArrayOf(arrow.FixedWidthTypes.Time32ms, func(b *array.Time32Builder) { b.Append(1) }), "00:00:00.001", `"00:00:00.001"`},
		{"time64[us]", ArrayOf(arrow.FixedWidthTypes.Time64us, func(b *array.Time64Builder) { b.Append(86399_999999) }), "23:59:59.999999", `"23:59:59.999999"`},
		{"time64[ns]", ArrayOf(arrow.FixedWidthTypes.Time64ns, func(b *array.Time64Builder) { b.Append(1) }), "00:00:00.000000001", `"00:00:00.000000001"`},
		{"time64 outside a day", ArrayOf(arrow.FixedWidthTypes.Time64ns, func(b *array.Time64Builder) { b.Append(-3600_000000000 * 25) }), "-25:00:00", `"-25:00:00"`},
		{"duration[s]", durationOf(arrow.Second, 90), "PT90S", `"PT90S"`},
		{"duration[ms]", durationOf(arrow.Millisecond, -1500), "PT-1.5S", `"PT-1.5S"`},
		{"smallest duration[ns]", durationOf(arrow.Nanosecond, math.MinInt64), "PT-9223372036.854775808S", `"PT-9223372036.854775808S"`},
		{"month_interval", ArrayOf(arrow.FixedWidthTypes.MonthInterval, func(b *array.MonthIntervalBuilder) { b.Append(-3) }), "P-3M", `"P-3M"`},
		{"day_time_interval", ArrayOf(arrow.FixedWidthTypes.DayTimeInterval, func(b *array.DayTimeIntervalBuilder) {
			b.Append(arrow.DayTimeInterval{Days: 1, Milliseconds: 500})
		}), "P1DT0.5S", `"P1DT0.5S"`},
		{"month_day_nano_interval", ArrayOf(arrow.FixedWidthTypes.MonthDayNanoInterval, func(b *array.MonthDayNanoIntervalBuilder) {
			b.Append(arrow.MonthDayNanoInterval{Months: 1, Days: 2, Nanoseconds: -3})
		}), "P1M2DT-0.000000003S", `"P1M2DT-0.000000003S"`},
	}
}

func nestedSpellings(t testing.TB) []Spelling {
	ints := arrow.PrimitiveTypes.Int64
	structs := arrow.StructOf(arrow.Field{Name: `a"`, Type: ints, Nullable: true}, arrow.Field{Name: "b", Type: arrow.BinaryTypes.String, Nullable: true})
	union := []arrow.Field{{Name: "i", Type: ints, Nullable: true}, {Name: "s", Type: arrow.BinaryTypes.String, Nullable: true}}
	same := func(name string, arr arrow.Array, json string) Spelling { return Spelling{name, arr, json, json} }
	return []Spelling{
		same("list", FromJSON(t, arrow.ListOf(ints), `[[1, null, 3]]`), `[1,null,3]`),
		same("empty list", FromJSON(t, arrow.ListOf(ints), `[[]]`), `[]`),
		same("large_list of floats", FromJSON(t, arrow.LargeListOf(arrow.PrimitiveTypes.Float64), `[[1, 0.5]]`), `[1.0,0.5]`),
		same("fixed_size_list", FromJSON(t, arrow.FixedSizeListOf(2, arrow.BinaryTypes.String), `[["x", "y"]]`), `["x","y"]`),
		same("list_view", FromJSON(t, arrow.ListViewOf(ints), `[[1, 2]]`), `[1,2]`),
		same("large_list_view", FromJSON(t, arrow.LargeListViewOf(ints), `[[1, 2]]`), `[1,2]`),
		same("struct", FromJSON(t, structs, `[{"a\"": 1, "b": null}]`), `{"a\"":1,"b":null}`),
		same("struct without fields", FromJSON(t, arrow.StructOf(), `[{}]`), `{}`),
		same("map", FromJSON(t, arrow.MapOf(arrow.BinaryTypes.String, ints), `[[{"key": "k", "value": 1}]]`), `[{"key":"k","value":1}]`),
		same("list of timestamps", FromJSON(t, arrow.ListOf(arrow.FixedWidthTypes.Timestamp_s), `[["2026-01-22 00:00:00"]]`), `["2026-01-22T00:00:00Z"]`),
		{"dictionary", FromJSON(t, &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}, `["x"]`), "x", `"x"`},
		{"run_end_encoded", FromJSON(t, arrow.RunEndEncodedOf(arrow.PrimitiveTypes.Int32, arrow.BinaryTypes.String), `["x", "x"]`), "x", `"x"`},
		{"sparse_union", FromJSON(t, arrow.SparseUnionOf(union, []arrow.UnionTypeCode{3, 5}), `[[5, "x"]]`), "x", `"x"`},
		{"dense_union", FromJSON(t, arrow.DenseUnionOf(union, []arrow.UnionTypeCode{3, 5}), `[[3, 7]]`), "7", "7"},
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

// AllSpellings returns values of every type with their spellings.
func AllSpellings(t testing.TB) []Spelling {
	return slices.Concat(scalarSpellings(t), temporalSpellings(t), nestedSpellings(t))
}
