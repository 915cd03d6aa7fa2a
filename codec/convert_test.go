package codec

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

func TestNullsOfNoTypeStayNullsInEveryType(t *testing.T) {
	text := arrow.BinaryTypes.String
	for _, want := range []arrow.DataType{
		text, arrow.BinaryTypes.LargeString, arrow.BinaryTypes.StringView,
		&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: text},
		arrow.PrimitiveTypes.Int64, arrow.FixedWidthTypes.Boolean, arrow.FixedWidthTypes.Date32,
	} {
		got, err := Convert(array.NewNull(3), want, Limits{}.WithDefaults())
		if err != nil || got.Len() != 3 || CountMissing(got) != 3 || !arrow.TypeEqual(got.DataType(), want) {
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
		if got := CountMissing(tt.arr); got != tt.want {
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
	table, err := jsonFormat.Decode(nested(DefaultMaxDepth), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, method := range []Method{MethodArrow, MethodMsgpack} {
		seg, err := EncodeSegment(table.RowGroups[0], SegmentOptions{Method: method, Compression: Snappy})
		if err != nil {
			t.Fatalf("%s: %v", method, err)
		}
		if _, err := DecodeSegment(seg.Data, seg.Hash, DefaultMaxBytes); err != nil {
			t.Errorf("%s: %v", method, err)
		}
	}
	for _, f := range []*Format{arrowStreamFormat, arrowFileFormat} {
		var file bytes.Buffer
		if err := f.Encode(&file, table, WriteOptions{}); err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		if _, err := f.Decode(file.Bytes(), ReadOptions{}); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
	if _, err := jsonFormat.Decode(nested(DefaultMaxDepth+1), ReadOptions{}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a deeper value: got %v, want %v", err, ErrTooLarge)
	}
}
