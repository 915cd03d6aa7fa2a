package document

import (
	"bytes"
	"encoding/hex"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/tinylib/msgp/msgp"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
)

// pack spells v as MessagePack.
func pack(t testing.TB, v any) []byte {
	t.Helper()
	raw, err := msgp.AppendIntf(nil, v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// oneColumn is a document of shape columns with a single column.
func oneColumn(t testing.TB, values ...any) []byte {
	return pack(t, map[string]any{"a": values})
}

// timeExtension is a timestamp of MessagePack's own extension type.
type timeExtension time.Time

func (v timeExtension) MarshalMsg(b []byte) ([]byte, error) {
	return msgp.AppendTimeExt(b, time.Time(v)), nil
}

var msgpackShapes = []decodeCase{
	{"records", "\x92\x81\xa1a\x01\x82\xa1a\x02\xa1b\xa1x", "", "a int64, b utf8", `[{"a":1,"b":null},{"a":2,"b":"x"}]`},
	{"no records", "\x90", "", "", `[]`},
	{"columns", "\x81\xa1a\x92\x01\xc0", "", "a int64", `[{"a":1},{"a":null}]`},
	{"no columns", "\x80", "", "", `[]`},
	{"split", "\x82\xa7columns\x92\xa1a\xa1b\xa4data\x91\x92\x01\xc3", "", "a int64, b bool", `[{"a":1,"b":true}]`},
	{"columns named like the members of split", "\x82\xa7columns\x91\xa1a\xa4data\x91\x01", "", "columns utf8, data int64", `[{"columns":"a","data":1}]`},
	{"forced columns", "\x82\xa7columns\x91\xa1a\xa4data\x91\x91\x01", Columns, "columns utf8, data list<item: int64, nullable>", `[{"columns":"a","data":[1]}]`},
}

func TestMsgpackShapes(t *testing.T) {
	for _, c := range msgpackShapes {
		t.Run(c.name, func(t *testing.T) { c.run(t, MessagePack) })
	}
}

func at(sec, nanos int64) any { return timeExtension(time.Unix(sec, nanos)) }

var msgpackColumns = []struct {
	name         string
	values       []any
	schema, json string
}{
	{"integers of all encodings", []any{int64(1), int64(-1), uint64(math.MaxInt64), nil}, "a int64", `{"a":[1,-1,9223372036854775807,null]}`},
	{"integers beyond int64", []any{uint64(math.MaxUint64), int64(1)}, "a uint64", `{"a":[18446744073709551615,1]}`},
	{"integers beyond int64 and negative ones", []any{uint64(math.MaxUint64), int64(-1)}, "a utf8", `{"a":["18446744073709551615","-1"]}`},
	{"float32", []any{float32(0.1), nil}, "a float32", `{"a":[0.1,null]}`},
	{"float32 and float64", []any{float32(0.5), 0.1}, "a float64", `{"a":[0.5,0.1]}`},
	{"integers and floats", []any{int64(-3), uint64(4), 0.5}, "a float64", `{"a":[-3.0,4.0,0.5]}`},
	{"integers beyond 2^53 and floats", []any{int64(1<<53 + 1), 0.5, math.NaN()}, "a utf8", `{"a":["9007199254740993","0.5","NaN"]}`},
	{"binary", []any{[]byte{0xff}}, "a binary", `{"a":["/w=="]}`},
	{"binary and text", []any{[]byte{0xff}, "x"}, "a utf8", `{"a":["/w==","x"]}`},
	{"timestamps", []any{at(0, 0), at(-1, 999_999_000)}, "a timestamp[us, tz=UTC]", `{"a":["1970-01-01T00:00:00Z","1969-12-31T23:59:59.999999Z"]}`},
	{"timestamps with nanoseconds", []any{at(0, 1), at(1<<33, 0)}, "a timestamp[ns, tz=UTC]", `{"a":["1970-01-01T00:00:00.000000001Z","2242-03-16T12:56:32Z"]}`},
	{"far timestamps", []any{at(1<<40, 0)}, "a timestamp[us, tz=UTC]", `{"a":["36812-02-20T00:36:16Z"]}`},
	{"far timestamps and nanoseconds", []any{at(1<<40, 0), at(0, 1)}, "a utf8", `{"a":["36812-02-20T00:36:16Z","1970-01-01T00:00:00.000000001Z"]}`},
	{"lists and maps", []any{[]any{int64(1), nil}, map[string]any{"x": []byte{1}}, "y"}, "a utf8", `{"a":["[1,null]","{\"x\":\"AQ==\"}","y"]}`},
	{
		"lists of mixed scalars",
		[]any{[]any{int64(1), "ñ\n", 0.5, float32(math.Inf(1)), true, at(0, 0), uint64(math.MaxUint64)}},
		"a utf8",
		`{"a":["[1,\"ñ\\n\",0.5,null,true,\"1970-01-01T00:00:00Z\",18446744073709551615]"]}`,
	},
	{"structs", []any{map[string]any{"x": int64(1)}, map[string]any{"y": []any{"z"}}}, "a struct<x: int64, y: list<item: utf8, nullable>>", `{"a":[{"x":1,"y":null},{"x":null,"y":["z"]}]}`},
}

func TestMsgpackTypesLoseNothing(t *testing.T) {
	for _, test := range msgpackColumns {
		t.Run(test.name, func(t *testing.T) {
			table, err := MessagePack.Decode(oneColumn(t, test.values...), codec.ReadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if got := codectest.SchemaText(table.Schema); got != test.schema {
				t.Errorf("the schema is %s, want %s", got, test.schema)
			}
			if got := string(appendJSON(nil, table, Columns)); got != test.json {
				t.Errorf("the values are %s, want %s", got, test.json)
			}
		})
	}
}

var deepMsgpack = strings.Repeat("\x91", 100_000)

var msgpackRefusals = []refusal{
	{"nothing", "", codec.ReadOptions{}, codec.ErrMalformed, "a table must be an array of objects"},
	{"a scalar", "\x01", codec.ReadOptions{}, codec.ErrMalformed, "a table must be an array of objects"},
	{"an array that claims 2^32-1 records", "\xdd\xff\xff\xff\xff\x80", codec.ReadOptions{}, codec.ErrMalformed, "4294967295 items are announced, but only 1 bytes follow"},
	{"a map that claims 2^32-1 columns", "\xdf\xff\xff\xff\xff\xa1a\x90", codec.ReadOptions{}, codec.ErrMalformed, "4294967295 items are announced"},
	{"a string that claims 2^32-1 bytes", "\x91\x81\xa1a\xdb\xff\xff\xff\xffx", codec.ReadOptions{}, codec.ErrMalformed, "ends too early"},
	{"binary that claims 2^32-1 bytes", "\x91\x81\xa1a\xc6\xff\xff\xff\xffx", codec.ReadOptions{}, codec.ErrMalformed, "ends too early"},
	{"an extension that claims 2^32-1 bytes", "\x91\x81\xa1a\xc9\xff\xff\xff\xff\xffx", codec.ReadOptions{}, codec.ErrMalformed, "ends too early"},
	{"an unknown extension", "\x91\x81\xa1a\xd4\x2ax", codec.ReadOptions{}, codec.ErrMalformed, "timestamp is the only extension type"},
	{"the byte that is never used", "\x91\x81\xa1a\xc1", codec.ReadOptions{}, codec.ErrMalformed, "cannot be kept"},
	{"a timestamp with too many nanoseconds", "\x91\x81\xa1a\xd7\xff\xff\xff\xff\xff\xff\xff\xff\xff", codec.ReadOptions{}, codec.ErrMalformed, "not valid MessagePack"},
	{"a timestamp that no unit keeps", "\x91\x81\xa1a\xc7\x0c\xff\x00\x00\x00\x01\x7f\xff\xff\xff\xff\xff\xff\xff", codec.ReadOptions{}, codec.ErrMalformed, "fits neither microseconds nor nanoseconds"},
	{"a truncated document", "\x92\x81\xa1a\x01", codec.ReadOptions{}, codec.ErrMalformed, "ends too early"},
	{"something after the document", "\x91\x81\xa1a\x01\x00", codec.ReadOptions{}, codec.ErrMalformed, "after the end"},
	{"records that are not maps", "\x92\x81\xa1a\x01\x02", codec.ReadOptions{}, codec.ErrMalformed, "record 1 is not an object"},
	{"keys that are not strings", "\x91\x81\x01\x01", codec.ReadOptions{}, codec.ErrMalformed, "keys must be strings"},
	{"keys that are binary", "\x91\x81\xc4\x01a\x01", codec.ReadOptions{}, codec.ErrMalformed, "keys must be strings"},
	{"strings that are not UTF-8", "\x91\x81\xa1a\xa1\xff", codec.ReadOptions{}, codec.ErrMalformed, "not valid UTF-8"},
	{"a name that occurs twice", "\x91\x82\xa1a\x01\xa1a\x01", codec.ReadOptions{}, codec.ErrMalformed, `the name "a" occurs twice`},
	{"a name that occurs twice inside", "\x91\x81\xa1a\x82\xa1x\x01\xa1x\x01", codec.ReadOptions{}, codec.ErrMalformed, `the name "x" occurs twice`},
	{"columns of different lengths", "\x82\xa1a\x91\x01\xa1b\x90", codec.ReadOptions{}, codec.ErrMalformed, `column "b" has 0 values and column "a" has 1`},
	{"100,000 nested arrays", "\x91\x81\xa1a" + deepMsgpack + "\x01", codec.ReadOptions{}, codec.ErrTooLarge, "nested deeper than 63 levels"},
	{"one level too much", "\x91\x81\xa1a\x91\x91\x91\x91\x01", codec.ReadOptions{Limits: smallLimits}, codec.ErrTooLarge, "nested deeper than 3 levels"},
	{"one column too much", "\x91\x84\xa1a\x01\xa1b\x01\xa1c\x01\xa1d\x01", codec.ReadOptions{Limits: smallLimits}, codec.ErrTooLarge, "more than 3 columns"},
	{"more values than fit", "\x81\xa1a\xdc\xff\xff" + strings.Repeat("\x01", 0xffff), codec.ReadOptions{Limits: smallLimits}, codec.ErrTooLarge, "more than the 65536 bytes of memory"},
	{"an unknown orient", "\x90", codec.ReadOptions{Options: Options{Orient: "table"}}, codec.ErrUnsupported, `no orient "table"`},
}

func TestMsgpackRefusals(t *testing.T) {
	for _, c := range msgpackRefusals {
		t.Run(c.name, func(t *testing.T) { c.run(t, MessagePack) })
	}
}

func TestEveryTypeAsMsgpack(t *testing.T) {
	// What is not listed here is the string with the text of the value.
	want := map[string]string{
		"bool": "c3", "int8": "d080", "int16": "d18000", "int32": "d280000000", "int64": "d38000000000000000",
		"uint8": "cc ff", "uint16": "cd ffff", "uint32": "ce ffffffff", "uint64": "cf ffffffffffffffff",
		"float16": "ca 3fc00000", "float32 shortest": "ca 3dcccccd", "float64 shortest": "cb 3fb999999999999a",
		"float64 of 17 digits": "cb 3fd3333333333334", "whole float64 keeps a point": "cb 4008000000000000",
		"negative zero": "cb 8000000000000000", "small float64": "cb 3ee4f8b588e368f1", "large float64": "cb 4341c37937e08000",
		"largest float64 without exponent": "cb 4340000000000000",
		"NaN":                              "cb 7ff8000000000001", "infinity": "cb 7ff0000000000000", "negative infinity": "cb fff0000000000000",
		"utf8 that is not UTF-8": "a5 61efbfbd62",
		"binary":                 "c402 fffe", "large_binary": "c402 6162", "binary_view": "c403 616263", "fixed_size_binary": "c402 6162",
		"null":                      "c0",
		"timestamp[ns] in UTC":      "d7ff 0000000400000000",
		"timestamp in a named zone": "d7ff 0000000000000000",
		"list":                      "93 01c003", "empty list": "90", "large_list of floats": "92 cb3ff0000000000000 cb3fe0000000000000",
		"fixed_size_list": "92 a178a179", "list_view": "92 0102", "large_list_view": "92 0102",
		"struct": "82 a26122 01 a162 c0", "struct without fields": "80",
		"map":                "91 82 a36b6579 a16b a576616c7565 01",
		"list of timestamps": "91 d6ff 69716880",
		"dense_union":        "07",
	}
	for _, s := range codectest.AllSpellings(t) {
		t.Run(s.Name, func(t *testing.T) {
			got := msgpackStyle{}.values(s.Arr)([]byte{0x91}, 0)
			expected := msgp.AppendString(nil, s.Text)
			if text, ok := want[s.Name]; ok {
				var err error
				if expected, err = hex.DecodeString(strings.ReplaceAll(text, " ", "")); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(got[1:], expected) {
				t.Errorf("MessagePack is %x, want %x", got[1:], expected)
			}
		})
	}
}

func TestInstantsBeyondMsgpackUnitsAreText(t *testing.T) {
	got := msgpackStyle{}.values(codectest.TimestampOf(arrow.Second, "UTC", 1<<50))(nil, 0)
	if want := msgp.AppendString(nil, "35680317-09-25T18:57:04Z"); !bytes.Equal(got, want) {
		t.Errorf("MessagePack is %q, want %q", got, want)
	}
}

func TestMsgpackKeepsWhatJSONCannot(t *testing.T) {
	table := codectest.TableOf([]string{"float", "single", "bytes", "time", "big"}, []arrow.Array{
		codectest.ArrayOf(arrow.PrimitiveTypes.Float64, func(b *array.Float64Builder) { b.AppendValues([]float64{math.NaN(), math.Inf(-1)}, nil) }),
		codectest.FromJSON(t, arrow.PrimitiveTypes.Float32, `[0.25, null]`),
		codectest.ArrayOf(arrow.BinaryTypes.Binary, func(b *array.BinaryBuilder) { b.AppendValues([][]byte{{0xff}, {}}, nil) }),
		codectest.ArrayOf(timestampNanos, func(b *array.TimestampBuilder) { b.AppendValues([]arrow.Timestamp{-1, 1e18 + 1}, nil) }),
		codectest.FromJSON(t, arrow.PrimitiveTypes.Uint64, `["18446744073709551615", 0]`),
	})
	for _, orient := range Orients {
		var encoded bytes.Buffer
		if err := MessagePack.Encode(&encoded, table, codec.WriteOptions{Options: Options{Orient: orient}}); err != nil {
			t.Fatal(err)
		}
		if !MessagePack.Sniff(encoded.Bytes()) {
			t.Errorf("%s is not recognized as MessagePack", orient)
		}
		again, err := MessagePack.Decode(encoded.Bytes(), codec.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := appendJSON(nil, again, Records), appendJSON(nil, table, Records); !bytes.Equal(got, want) {
			t.Errorf("%s came back as %s, want %s", orient, got, want)
		}
		if !again.Schema.Equal(table.Schema) {
			t.Errorf("%s came back with schema %s", orient, codectest.SchemaText(again.Schema))
		}
		float := again.RowGroups[0].Column(0).(*array.Float64)
		if !math.IsNaN(float.Value(0)) || !math.IsInf(float.Value(1), -1) {
			t.Errorf("%s: NaN and -Infinity came back as %v", orient, float)
		}
	}
}

func TestSniffingMsgpack(t *testing.T) {
	for _, test := range []struct {
		name, data string
		want       bool
	}{
		{"records", "\x91\x81\xa1a\x01", true},
		{"the beginning of many records", "\xdd\x00\x01\x00\x00\x81\xa1a", true},
		{"no records", "\x90", true},
		{"columns", "\x81\xa1a\x90", true},
		{"no columns", "\x80", true},
		{"an array of numbers", "\x92\x01\x02", false},
		{"a map of numbers", "\x81\xa1a\x01", false},
		{"JSON", `[{"a":1}]`, false},
		{"text in Windows-1252", "\x93quoted\x94,x\n", false},
		{"text in Syriac", "ܐܒܓ,x\n", false},
		{"nothing", "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := MessagePack.Sniff([]byte(test.data)); got != test.want {
				t.Errorf("it is %v, want %v", got, test.want)
			}
		})
	}
}

func BenchmarkMsgpackDecode(b *testing.B) {
	var buf bytes.Buffer
	if err := MessagePack.Encode(&buf, codectest.BenchTable(10_000, 50), codec.WriteOptions{}); err != nil {
		b.Fatal(err)
	}
	codectest.BenchmarkDecode(b, MessagePack, buf.Bytes())
}
