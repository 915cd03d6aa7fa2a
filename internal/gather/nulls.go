package gather

import (
	"bytes"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// Nulls returns n missing values of type dt. array.MakeArrayOfNull of arrow-go v17 supports only
// some types. The memory grows with n and the width of fixed-size types.
func Nulls(dt arrow.DataType, n int) arrow.Array {
	return array.MakeFromData(nulls(dt, n))
}

func nulls(dt arrow.DataType, n int) *array.Data {
	layout := dt
	if ext, ok := dt.(arrow.ExtensionType); ok {
		layout = ext.StorageType()
	}
	validity := zeros(int(bitutil.BytesForBits(int64(n))))
	build := func(buffers []*memory.Buffer, children ...arrow.ArrayData) *array.Data {
		return array.NewData(dt, n, append([]*memory.Buffer{validity}, buffers...), children, n, 0)
	}
	switch layout := layout.(type) {
	case *arrow.NullType:
		return array.NewData(dt, n, []*memory.Buffer{nil}, nil, n, 0)
	case *arrow.BooleanType:
		return build([]*memory.Buffer{zeros(validity.Len())})
	case *arrow.DictionaryType:
		indices := zeros(n * layout.IndexType.(arrow.FixedWidthDataType).Bytes())
		return array.NewDataWithDictionary(dt, n, []*memory.Buffer{validity, indices}, n, 0, nulls(layout.ValueType, 0))
	case arrow.FixedWidthDataType:
		return build([]*memory.Buffer{zeros(n * layout.Bytes())})
	case arrow.BinaryViewDataType:
		return build([]*memory.Buffer{zeros(n * arrow.ViewHeaderSizeBytes), zeros(0)})
	case *arrow.FixedSizeListType:
		return build(nil, nulls(layout.Elem(), n*int(layout.Len())))
	case *arrow.StructType:
		children := make([]arrow.ArrayData, layout.NumFields())
		for i, f := range layout.Fields() {
			children[i] = nulls(f.Type, n)
		}
		return build(nil, children...)
	case *arrow.ListViewType, *arrow.LargeListViewType:
		size := n * layout.Layout().Buffers[1].ByteWidth
		return build([]*memory.Buffer{zeros(size), zeros(size)}, nulls(layout.(arrow.ListLikeType).Elem(), 0))
	case arrow.BinaryDataType:
		return build([]*memory.Buffer{zeros((n + 1) * layout.Layout().Buffers[1].ByteWidth), zeros(0)})
	case arrow.ListLikeType:
		offsets := zeros((n + 1) * layout.Layout().Buffers[1].ByteWidth)
		return build([]*memory.Buffer{offsets}, nulls(layout.Elem(), 0))
	case *arrow.RunEndEncodedType:
		return nullRun(dt, layout, n)
	case arrow.UnionType:
		return nullUnion(dt, layout, n)
	}
	panic("no missing values of type " + dt.String())
}

func nullRun(dt arrow.DataType, ree *arrow.RunEndEncodedType, n int) *array.Data {
	runs := min(n, 1)
	ends := make([]byte, runs*ree.RunEnds().(arrow.FixedWidthDataType).Bytes())
	if runs == 1 {
		setIndex(ends, n)
	}
	endsData := array.NewData(ree.RunEnds(), runs, []*memory.Buffer{nil, memory.NewBufferBytes(ends)}, nil, 0, 0)
	return array.NewData(dt, n, []*memory.Buffer{nil}, []arrow.ArrayData{endsData, nulls(ree.Encoded(), runs)}, 0, 0)
}

// nullUnion returns n values, each a missing one of the first child.
func nullUnion(dt arrow.DataType, union arrow.UnionType, n int) *array.Data {
	children := make([]arrow.ArrayData, union.NumFields())
	buffers := []*memory.Buffer{nil, zeros(n)}
	if len(children) > 0 {
		code := byte(union.TypeCodes()[0])
		buffers[1] = memory.NewBufferBytes(bytes.Repeat([]byte{code}, n))
	}
	dense := union.Mode() == arrow.DenseMode
	if dense {
		buffers = append(buffers, zeros(n*arrow.Int32SizeBytes))
	}
	for i, f := range union.Fields() {
		rows := n
		if dense && i == 0 {
			rows = min(n, 1)
		} else if dense {
			rows = 0
		}
		children[i] = nulls(f.Type, rows)
	}
	return array.NewData(dt, n, buffers, children, 0, 0)
}

func zeros(n int) *memory.Buffer { return memory.NewBufferBytes(make([]byte, n)) }
