// Package layout checks that the buffers of Arrow arrays fit together.
package layout

import (
	"bytes"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"

	"edgeframe/codec"
	"edgeframe/internal/gather"
)

// ArrayCost is about the memory of an array beside its values, in bytes.
const ArrayCost = 256

// CountNulls returns the number of missing values: the zeros among the n bits of validity, or 0 if
// claimed is 0. It is an error if validity is shorter than n bits.
func CountNulls(validity []byte, n, claimed int) (int, error) {
	if claimed == 0 {
		return 0, nil
	}
	if int64(len(validity)) < bitutil.BytesForBits(int64(n)) {
		return 0, codec.Errorf(codec.ErrMalformed, "an array of the Arrow data with %d values has a validity bitmap of %d bytes", n, len(validity))
	}
	return n - bitutil.CountSetBits(validity, 0, n), nil
}

// BuffersAfterValidity is the number of buffers of type dt after the validity bitmap, not counting
// the buffers for long values of views.
func BuffersAfterValidity(dt arrow.DataType) int {
	switch dt.(type) {
	case *arrow.NullType, *arrow.StructType, *arrow.FixedSizeListType, *arrow.RunEndEncodedType:
		return 0
	case arrow.BinaryViewDataType:
		return 1
	case arrow.BinaryDataType, *arrow.ListViewType, *arrow.LargeListViewType, *arrow.DenseUnionType:
		return 2
	}
	return 1
}

// Aligned returns data at an address that is aligned for any type, copied if necessary. A copy is
// charged to b.
func Aligned(data []byte, b *codec.Budget) []byte {
	if uintptr(unsafe.Pointer(unsafe.SliceData(data)))%8 == 0 {
		return data
	}
	b.Take(int64(len(data)))
	return bytes.Clone(data)
}

// TrimRecord returns rec in a form that is the same for equal rows, whatever they were cut from.
func TrimRecord(rec arrow.Record) (arrow.Record, error) {
	return MapColumns(rec, rec.NumRows(), func(i int) (arrow.Array, error) { return gather.Trim(rec.Column(i)) })
}

// MapColumns returns a record with the schema of rec, whose columns column returns.
func MapColumns(rec arrow.Record, rows int64, column func(i int) (arrow.Array, error)) (arrow.Record, error) {
	columns := make([]arrow.Array, rec.NumCols())
	for i := range columns {
		var err error
		if columns[i], err = column(i); err != nil {
			return nil, err
		}
	}
	return array.NewRecord(rec.Schema(), columns, rows), nil
}
