package scalar_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec"
	"edgeframe/codec/arrowipc"
	"edgeframe/codec/compress"
	"edgeframe/codec/document"
	"edgeframe/codec/scalar"
	"edgeframe/codec/segment"
)

func TestNullsOfNoTypeStayNullsInEveryType(t *testing.T) {
	text := arrow.BinaryTypes.String
	for _, want := range []arrow.DataType{
		text, arrow.BinaryTypes.LargeString, arrow.BinaryTypes.StringView,
		&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: text},
		arrow.PrimitiveTypes.Int64, arrow.FixedWidthTypes.Boolean, arrow.FixedWidthTypes.Date32,
	} {
		got, err := scalar.Convert(array.NewNull(3), want, codec.Limits{}.WithDefaults())
		if err != nil || got.Len() != 3 || scalar.CountMissing(got) != 3 || !arrow.TypeEqual(got.DataType(), want) {
			t.Errorf("three nulls as %s: %v, %v", want, got, err)
		}
	}
}

func TestMissingValuesAreCountedWhereverTheyStand(t *testing.T) {
	texts := func(json string) arrow.Array { return mustValues(t, json, arrow.BinaryTypes.String) }
	indices := mustValues(t, `[0,1,0,null]`, arrow.PrimitiveTypes.Int8)
	dictionary := func(values arrow.Array) arrow.Array {
		return array.NewDictionaryArray(&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}, indices, values)
	}
	runs := array.NewRunEndEncodedArray(mustValues(t, `[2,5]`, arrow.PrimitiveTypes.Int32), texts(`[null,"v"]`), 5, 0)
	for name, tt := range map[string]struct {
		arr  arrow.Array
		want int
	}{
		"plain":                      {texts(`["a",null]`), 1},
		"null type":                  {array.NewNull(4), 4},
		"dictionary without nulls":   {dictionary(texts(`["u","v"]`)), 1},
		"dictionary that holds null": {dictionary(texts(`[null,"v"]`)), 3},
		"runs":                       {runs, 2},
		"slice of runs":              {array.NewSlice(runs, 1, 4), 1},
	} {
		if got := scalar.CountMissing(tt.arr); got != tt.want {
			t.Errorf("%s: %d missing, want %d", name, got, tt.want)
		}
	}
}

func mustValues(t *testing.T, json string, dt arrow.DataType) arrow.Array {
	t.Helper()
	arr, _, err := array.FromJSON(memory.DefaultAllocator, dt, strings.NewReader(json))
	if err != nil {
		t.Fatal(err)
	}
	return arr
}

func TestTheDeepestValueThatIsReadCanBeStored(t *testing.T) {
	nested := func(depth int) []byte {
		return []byte(`[{"a":` + strings.Repeat("[", depth) + strings.Repeat("]", depth) + `}]`)
	}
	table, err := document.JSON.Decode(nested(codec.DefaultMaxDepth), codec.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, method := range []segment.Method{segment.MethodArrow, segment.MethodMsgpack} {
		seg, err := segment.Encode(table.RowGroups[0], segment.Options{Method: method, Compression: compress.Snappy})
		if err != nil {
			t.Fatalf("%s: %v", method, err)
		}
		if _, err := segment.Decode(seg.Data, seg.Hash, codec.DefaultMaxBytes); err != nil {
			t.Errorf("%s: %v", method, err)
		}
	}
	for _, f := range []*codec.Format{arrowipc.Stream, arrowipc.File} {
		var file bytes.Buffer
		if err := f.Encode(&file, table, codec.WriteOptions{}); err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		if _, err := f.Decode(file.Bytes(), codec.ReadOptions{}); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
	if _, err := document.JSON.Decode(nested(codec.DefaultMaxDepth+1), codec.ReadOptions{}); !errors.Is(err, codec.ErrTooLarge) {
		t.Errorf("a deeper value: got %v, want %v", err, codec.ErrTooLarge)
	}
}
