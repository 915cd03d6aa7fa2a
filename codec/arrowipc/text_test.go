package arrowipc_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/compress"
	"edgeframe/codec/formats/formatstest"
	"edgeframe/codec/segment"
)

// halves are two values that are no text, though what they are together is.
var halves = []string{"Z\xc3", "\xbcrich"}

// texts returns an array of type utf8.
func texts(values ...string) arrow.Array { return textsOf(arrow.BinaryTypes.String, values...) }

func textsOf(dt arrow.DataType, values ...string) arrow.Array {
	b := array.NewBuilder(memory.DefaultAllocator, dt).(array.StringLikeBuilder)
	b.AppendValues(values, nil)
	return b.NewArray()
}

// arrayOf puts an array together.
func arrayOf(dt arrow.DataType, n int, buffers []*memory.Buffer, children ...arrow.Array) arrow.Array {
	data := make([]arrow.ArrayData, len(children))
	for i, child := range children {
		data[i] = child.Data()
	}
	nulls := 0
	if len(buffers) > 0 && buffers[0] != nil {
		nulls = n - bitutil.CountSetBits(buffers[0].Bytes(), 0, n)
	}
	return array.MakeFromData(array.NewData(dt, n, buffers, data, nulls, 0))
}

func int32Buffer(v ...int32) *memory.Buffer {
	return memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(v))
}

func int32Array(v ...int32) arrow.Array {
	return arrayOf(arrow.PrimitiveTypes.Int32, len(v), []*memory.Buffer{nil, int32Buffer(v...)})
}

// textContainers make an array of four values out of one of four texts, in that order.
var textContainers = map[string]func(texts arrow.Array) arrow.Array{
	"a column": func(texts arrow.Array) arrow.Array { return texts },
	"a dictionary": func(texts arrow.Array) arrow.Array {
		return array.NewDictionaryArray(&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: texts.DataType()}, int32Array(0, 1, 2, 3), texts)
	},
	"a list": func(texts arrow.Array) arrow.Array {
		return arrayOf(arrow.ListOf(texts.DataType()), 4, []*memory.Buffer{nil, int32Buffer(0, 1, 2, 3, 4)}, texts)
	},
	"a fixed-size list": func(texts arrow.Array) arrow.Array {
		return arrayOf(arrow.FixedSizeListOf(1, texts.DataType()), 4, []*memory.Buffer{nil}, texts)
	},
	"a list view": func(texts arrow.Array) arrow.Array {
		return arrayOf(arrow.ListViewOf(texts.DataType()), 4, []*memory.Buffer{nil, int32Buffer(0, 1, 2, 3), int32Buffer(1, 1, 1, 1)}, texts)
	},
	"a struct": func(texts arrow.Array) arrow.Array {
		dt := arrow.StructOf(arrow.Field{Name: "n", Type: arrow.PrimitiveTypes.Int32}, arrow.Field{Name: "s", Type: texts.DataType()})
		return arrayOf(dt, 4, []*memory.Buffer{nil}, int32Array(1, 2, 3, 4), texts)
	},
	"the keys of a map": func(texts arrow.Array) arrow.Array {
		dt := arrow.MapOf(texts.DataType(), arrow.PrimitiveTypes.Int32)
		entries := arrayOf(dt.Elem(), 4, []*memory.Buffer{nil}, texts, int32Array(1, 2, 3, 4))
		return arrayOf(dt, 4, []*memory.Buffer{nil, int32Buffer(0, 1, 2, 3, 4)}, entries)
	},
	"runs": func(texts arrow.Array) arrow.Array {
		return arrayOf(arrow.RunEndEncodedOf(arrow.PrimitiveTypes.Int32, texts.DataType()), 4, nil, int32Array(1, 2, 3, 4), texts)
	},
	"a sparse union": func(texts arrow.Array) arrow.Array {
		dt := arrow.SparseUnionOf([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int32}, {Name: "s", Type: texts.DataType()}}, []arrow.UnionTypeCode{7, 5})
		return arrayOf(dt, 4, []*memory.Buffer{nil, memory.NewBufferBytes([]byte{5, 5, 5, 5})}, int32Array(1, 2, 3, 4), texts)
	},
	"a dense union": func(texts arrow.Array) arrow.Array {
		dt := arrow.DenseUnionOf([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int32}, {Name: "s", Type: texts.DataType()}}, []arrow.UnionTypeCode{7, 5})
		return arrayOf(dt, 4, []*memory.Buffer{nil, memory.NewBufferBytes([]byte{5, 5, 5, 5}), int32Buffer(0, 1, 2, 3)}, int32Array(), texts)
	},
	"a list of dictionaries": func(texts arrow.Array) arrow.Array {
		dt := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: texts.DataType()}
		return arrayOf(arrow.ListOf(dt), 4, []*memory.Buffer{nil, int32Buffer(0, 1, 2, 3, 4)}, array.NewDictionaryArray(dt, int32Array(0, 1, 2, 3), texts))
	},
}

func inColumn(arr arrow.Array) *codec.Table {
	schema := arrow.NewSchema([]arrow.Field{{Name: "city", Type: arr.DataType(), Nullable: true}}, nil)
	return formatstest.TableOf(array.NewRecord(schema, []arrow.Array{arr}, int64(arr.Len())))
}

func TestTextThatIsNotUTF8IsRefusedByItsColumnAndRow(t *testing.T) {
	long := strings.Repeat("long enough for a view of its own ", 2)
	for container, wrap := range textContainers {
		for _, dt := range []arrow.DataType{arrow.BinaryTypes.String, arrow.BinaryTypes.LargeString, arrow.BinaryTypes.StringView} {
			for name, values := range map[string][]string{
				"a short value":          {"Zürich", "Bern", "Gen\xe8ve", "Basel"},
				"a long value":           {long + "ü", long, long + "\xfc", "Basel"},
				"halves of a character":  {"Zürich", "Bern", halves[0], halves[1]},
				"an overlong character":  {"", "Bern", "\xc0\xaf", "Basel"},
				"half a surrogate pair":  {"", "", "\xed\xa0\x80", ""},
				"a character that ended": {"a", "b", "c\xe2\x82", ""},
			} {
				t.Run(container+"/"+dt.Name()+"/"+name, func(t *testing.T) {
					for _, format := range arrowFormats {
						_, err := decodeArrow(formatstest.Encode(t, format, inColumn(wrap(textsOf(dt, values...)))), codec.Limits{})
						if !errors.Is(err, codec.ErrMalformed) || !strings.Contains(err.Error(), `column "city"`) || !strings.Contains(err.Error(), "row 2,") {
							t.Errorf("%s: the error is %v", format, err)
						}
					}
				})
			}
			t.Run(container+"/"+dt.Name()+"/UTF-8", func(t *testing.T) {
				want := inColumn(wrap(textsOf(dt, "Zürich", "", long+"日本", "\x00🏔\ufffd")))
				got, err := decodeArrow(formatstest.Encode(t, "arrow", want), codec.Limits{})
				if err != nil {
					t.Fatal(err)
				}
				if err := codectest.Equal(want, got); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

func TestRowsOfTextThatIsNotUTF8AreCountedOverAllBatches(t *testing.T) {
	good, bad := inColumn(texts("a", "b", "c")), inColumn(texts("a", "\xff"))
	data := streamOf(t, good.Schema, append(good.RowGroups, bad.RowGroups...))
	if _, err := decodeArrow(data, codec.Limits{}); err == nil || !strings.Contains(err.Error(), "row 4,") {
		t.Errorf("the error is %v", err)
	}
}

// TestBytesThatAreNoValueNeedNotBeUTF8 is about what other writers may leave behind.
func TestBytesThatAreNoValueNeedNotBeUTF8(t *testing.T) {
	utf8Type := arrow.BinaryTypes.String
	first := memory.NewBufferBytes([]byte{0b01})
	indices := arrayOf(arrow.PrimitiveTypes.Int32, 2, []*memory.Buffer{first, int32Buffer(0, 1)})
	text := memory.NewBufferBytes([]byte("Z\xc3\xbc\xff"))
	list := arrow.ListOf(utf8Type)
	union := []arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int32}, {Name: "s", Type: utf8Type}}
	views := textsOf(arrow.BinaryTypes.StringView, "ok", "\xff").Data()
	for name, arr := range map[string]arrow.Array{
		"a missing value":             arrayOf(utf8Type, 2, []*memory.Buffer{first, int32Buffer(0, 3, 4), text}),
		"a missing part of another":   arrayOf(utf8Type, 2, []*memory.Buffer{first, int32Buffer(0, 1, 2), memory.NewBufferBytes([]byte("Z\xc3\xbc"))}),
		"a missing view":              arrayOf(arrow.BinaryTypes.StringView, 2, append([]*memory.Buffer{first}, views.Buffers()[1:]...)),
		"what follows the values":     arrayOf(utf8Type, 1, []*memory.Buffer{nil, int32Buffer(0, 3), text}),
		"a missing list":              arrayOf(list, 2, []*memory.Buffer{first, int32Buffer(0, 1, 2)}, texts("ok", "\xff")),
		"what is in no list":          arrayOf(arrow.ListViewOf(utf8Type), 1, []*memory.Buffer{nil, int32Buffer(1), int32Buffer(1)}, texts("\xff", "ok", "\xff")),
		"a missing struct":            arrayOf(arrow.StructOf(union...), 2, []*memory.Buffer{first}, int32Array(1, 2), texts("ok", "\xff")),
		"a missing index":             array.NewDictionaryArray(&arrow.DictionaryType{IndexType: indices.DataType(), ValueType: utf8Type}, indices, texts("ok", "\xff")),
		"another member of a union":   arrayOf(arrow.SparseUnionOf(union, []arrow.UnionTypeCode{0, 1}), 2, []*memory.Buffer{nil, memory.NewBufferBytes([]byte{1, 0})}, int32Array(1, 2), texts("ok", "\xff")),
		"a run after the last row":    arrayOf(arrow.RunEndEncodedOf(arrow.PrimitiveTypes.Int32, utf8Type), 2, nil, int32Array(2, 3), texts("ok", "\xff")),
		"binary":                      textsAsBinary("ok", "\xff"),
		"text of no values, no bytes": texts(),
	} {
		t.Run(name, func(t *testing.T) {
			want := inColumn(arr)
			got, err := decodeArrow(rawStream(t, want), codec.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if arr.Len() == 0 {
				want.RowGroups = nil
			}
			if err := codectest.Equal(want, got); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestViewsInNoRowCostNoMoreThanTheLimit has 64 GiB of text in no row of a list of views,
// in a few megabytes.
func TestViewsInNoRowCostNoMoreThanTheLimit(t *testing.T) {
	long := strings.Repeat("ü", 1<<19)
	one := textsOf(arrow.BinaryTypes.StringView, long).Data().Buffers()
	views := memory.NewBufferBytes(bytes.Repeat(one[1].Bytes(), 1<<16))
	child := arrayOf(arrow.BinaryTypes.StringView, 1<<16, []*memory.Buffer{nil, views, one[2]})
	table := inColumn(arrayOf(arrow.ListViewOf(child.DataType()), 1, []*memory.Buffer{nil, int32Buffer(0), int32Buffer(1)}, child))
	data := rawStream(t, table)
	start := time.Now()
	if _, err := decodeArrow(data, codec.Limits{Bytes: 16 << 20}); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestSegmentsAreNotCheckedAgain(t *testing.T) {
	for _, method := range []segment.Method{segment.MethodArrow, segment.MethodMsgpack} {
		rec := inColumn(texts(halves...)).RowGroups[0]
		formatstest.CheckSegment(t, rec, segment.Options{Method: method, Compression: compress.Snappy})
	}
}

func textsAsBinary(values ...string) arrow.Array {
	return arrayOf(arrow.BinaryTypes.Binary, len(values), texts(values...).Data().Buffers())
}

// rawStream is written by arrow-go, which leaves arrays as they are.
func rawStream(t *testing.T, table *codec.Table) []byte {
	t.Helper()
	return streamOf(t, table.Schema, table.RowGroups)
}

func BenchmarkArrowDecode(b *testing.B) {
	wide := codectest.Generate(10_000, 8, 1)
	words := func(word string) *codec.Table {
		values := make([]string, 16_384)
		for i := range values {
			values[i] = word
		}
		return inColumn(texts(values...))
	}
	for name, table := range map[string]*codec.Table{
		"wide": wide, "ascii": words("a word, or two"), "german": words("Zürich, größer"), "japanese": words("日本語の言葉"),
	} {
		data := formatstest.Encode(b, "arrow", table)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := decodeArrow(data, codec.Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
