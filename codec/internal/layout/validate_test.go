package layout_test

import (
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec/internal/layout"
)

func int32s(v ...int32) *memory.Buffer {
	return memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(v))
}

func int8s(v ...int8) *memory.Buffer { return memory.NewBufferBytes(arrow.Int8Traits.CastToBytes(v)) }

func numbers(n int) *array.Data {
	return array.NewData(arrow.PrimitiveTypes.Int8, n, []*memory.Buffer{nil, memory.NewBufferBytes(make([]byte, n))}, nil, 0, 0)
}

// view returns a header of 20 bytes at offset in a buffer.
func view(size, buffer, offset int32, prefix string) *memory.Buffer {
	out := make([]arrow.ViewHeader, 1)
	raw := arrow.ViewHeaderTraits.CastToBytes(out)
	copy(raw, arrow.Int32Traits.CastToBytes([]int32{size}))
	copy(raw[4:8], prefix)
	out[0].SetIndexOffset(buffer, offset)
	return memory.NewBufferBytes(raw)
}

// node is an array without validity.
func node(dt arrow.DataType, n int, buffers []*memory.Buffer, children ...arrow.ArrayData) *array.Data {
	return array.NewData(dt, n, append([]*memory.Buffer{nil}, buffers...), children, 0, 0)
}

func TestArraysThatPointOutsideOfThemselvesAreRefused(t *testing.T) {
	type buffers = []*memory.Buffer
	var (
		number  = arrow.PrimitiveTypes.Int8
		text    = memory.NewBufferBytes([]byte("0123456789"))
		long    = memory.NewBufferBytes([]byte("0123456789012345678901234"))
		members = []arrow.Field{{Name: "a", Type: number}, {Name: "b", Type: number}}
		codes   = []arrow.UnionTypeCode{5, 0}
		sparse  = arrow.SparseUnionOf(members, codes)
		dense   = arrow.DenseUnionOf(members, codes)
		runs    = arrow.RunEndEncodedOf(arrow.PrimitiveTypes.Int32, number)
		indexed = &arrow.DictionaryType{IndexType: number, ValueType: number}
		utf8    = arrow.BinaryTypes.String
		views   = arrow.BinaryTypes.StringView
		list    = arrow.ListOf(number)
		listing = arrow.ListViewOf(number)
	)
	ends := func(v ...int32) arrow.ArrayData {
		return node(arrow.PrimitiveTypes.Int32, len(v), buffers{int32s(v...)})
	}
	pick := func(index int8) *array.Data {
		return array.NewDataWithDictionary(indexed, 1, buffers{nil, int8s(index)}, 0, 0, numbers(2))
	}
	for name, c := range map[string]struct{ good, bad *array.Data }{
		"too few values":         {numbers(2), node(number, 3, buffers{int8s(1, 2)})},
		"too few bits":           {node(arrow.FixedWidthTypes.Boolean, 8, buffers{int8s(1)}), node(arrow.FixedWidthTypes.Boolean, 9, buffers{int8s(1)})},
		"too little validity":    {numbers(1), array.NewData(number, 9, buffers{int8s(1), int8s(1, 2, 3, 4, 5, 6, 7, 8, 9)}, nil, 8, 0)},
		"too few offsets":        {node(utf8, 1, buffers{int32s(0, 3), text}), node(utf8, 2, buffers{int32s(0, 3), text})},
		"offsets beyond":         {node(utf8, 1, buffers{int32s(4, 10), text}), node(utf8, 1, buffers{int32s(4, 11), text})},
		"offsets that fall":      {node(utf8, 2, buffers{int32s(0, 3, 3), text}), node(utf8, 2, buffers{int32s(0, 3, 2), text})},
		"a negative offset":      {node(utf8, 1, buffers{int32s(0, 2), text}), node(utf8, 1, buffers{int32s(-1, 2), text})},
		"a list beyond":          {node(list, 1, buffers{int32s(0, 4)}, numbers(4)), node(list, 1, buffers{int32s(0, 5)}, numbers(4))},
		"a list view beyond":     {node(listing, 1, buffers{int32s(3), int32s(1)}, numbers(4)), node(listing, 1, buffers{int32s(3), int32s(2)}, numbers(4))},
		"a negative size":        {node(listing, 1, buffers{int32s(3), int32s(0)}, numbers(4)), node(listing, 1, buffers{int32s(3), int32s(-1)}, numbers(4))},
		"a short fixed list":     {node(arrow.FixedSizeListOf(2, number), 2, nil, numbers(4)), node(arrow.FixedSizeListOf(2, number), 2, nil, numbers(3))},
		"a short member":         {node(arrow.StructOf(members...), 2, nil, numbers(2), numbers(2)), node(arrow.StructOf(members...), 2, nil, numbers(2), numbers(1))},
		"a view beyond":          {node(views, 1, buffers{view(20, 0, 5, "5678"), long}), node(views, 1, buffers{view(20, 0, 6, "6789"), long})},
		"a view of no buffer":    {node(views, 1, buffers{view(20, 0, 0, "0123"), long}), node(views, 1, buffers{view(20, 1, 0, "0123"), long})},
		"a view of other bytes":  {node(views, 1, buffers{view(20, 0, 1, "1234"), long}), node(views, 1, buffers{view(20, 0, 1, "0123"), long})},
		"a negative view":        {node(views, 1, buffers{view(3, 0, 0, "abc"), long}), node(views, 1, buffers{view(-3, 0, 0, "abc"), long})},
		"an index beyond":        {pick(1), pick(2)},
		"a negative index":       {pick(0), pick(-1)},
		"runs that end early":    {node(runs, 5, nil, ends(2, 5), numbers(2)), node(runs, 6, nil, ends(2, 5), numbers(2))},
		"run ends that fall":     {node(runs, 2, nil, ends(2, 5), numbers(2)), node(runs, 2, nil, ends(5, 5), numbers(2))},
		"more runs than values":  {node(runs, 2, nil, ends(2, 5), numbers(2)), node(runs, 2, nil, ends(2, 5), numbers(1))},
		"an unknown code":        {node(sparse, 1, buffers{int8s(5)}, numbers(1), numbers(1)), node(sparse, 1, buffers{int8s(1)}, numbers(1), numbers(1))},
		"a negative code":        {node(sparse, 1, buffers{int8s(0)}, numbers(1), numbers(1)), node(sparse, 1, buffers{int8s(-1)}, numbers(1), numbers(1))},
		"a short sparse child":   {node(sparse, 1, buffers{int8s(5)}, numbers(1), numbers(1)), node(sparse, 1, buffers{int8s(5)}, numbers(1), numbers(0))},
		"a union offset beyond":  {node(dense, 1, buffers{int8s(5), int32s(1)}, numbers(2), numbers(0)), node(dense, 1, buffers{int8s(5), int32s(2)}, numbers(2), numbers(0))},
		"a missing union offset": {node(dense, 1, buffers{int8s(5), int32s(1)}, numbers(2), numbers(0)), node(dense, 1, buffers{int8s(5), int32s()}, numbers(2), numbers(0))},
	} {
		t.Run(name, func(t *testing.T) {
			if err := layout.Validate(c.good); err != nil {
				t.Errorf("the good array is refused: %v", err)
			}
			if err := layout.Validate(c.bad); err == nil {
				t.Error("the bad array is taken")
			}
			nested := node(arrow.FixedSizeListOf(1, c.bad.DataType()), 1, nil, c.bad)
			if err := layout.Validate(nested); err == nil {
				t.Error("the bad array is taken inside of another")
			}
		})
	}
}

func TestWhatBelongsToMissingValuesMayBeAnything(t *testing.T) {
	missing := func(data *array.Data) *array.Data {
		buffers := append([]*memory.Buffer{int8s(0)}, data.Buffers()[1:]...)
		if data.DataType().ID() == arrow.DICTIONARY {
			return array.NewDataWithDictionary(data.DataType(), 1, buffers, 1, 0, data.Dictionary().(*array.Data))
		}
		return array.NewData(data.DataType(), 1, buffers, data.Children(), 1, 0)
	}
	indexed := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.PrimitiveTypes.Int8}
	for _, data := range []*array.Data{
		node(arrow.BinaryTypes.StringView, 1, []*memory.Buffer{view(20, 7, 7, "")}),
		node(arrow.ListViewOf(arrow.PrimitiveTypes.Int8), 1, []*memory.Buffer{int32s(-5), int32s(99)}, numbers(1)),
		array.NewDataWithDictionary(indexed, 1, []*memory.Buffer{nil, int8s(77)}, 0, 0, numbers(1)),
	} {
		if err := layout.Validate(data); err == nil {
			t.Errorf("%s: the value is taken even if it is not missing", data.DataType())
		}
		if err := layout.Validate(missing(data)); err != nil {
			t.Errorf("%s: %v", data.DataType(), err)
		}
	}
}
