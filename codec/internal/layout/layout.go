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

// ArrayCost is about the memory of an array beside its values.
const ArrayCost = 256

// CountNulls returns the number of zeros among the n bits of validity. Without validity no
// value is missing, and none may be claimed to be.
func CountNulls(validity []byte, n, claimed int) (int, error) {
	if claimed == 0 {
		return 0, nil
	}
	if int64(len(validity)) < bitutil.BytesForBits(int64(n)) {
		return 0, codec.Errorf(codec.ErrMalformed, "an array of the Arrow data with %d values has a validity bitmap of %d bytes", n, len(validity))
	}
	return n - bitutil.CountSetBits(validity, 0, n), nil
}

// BuffersAfterValidity is the number of buffers of type dt after the validity bitmap, for
// views without those of their long values.
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

// aligned returns data at an address at which any value may start, copied if necessary.
func Aligned(data []byte, b *codec.Budget) []byte {
	if uintptr(unsafe.Pointer(unsafe.SliceData(data)))%8 == 0 {
		return data
	}
	b.Take(int64(len(data)))
	return bytes.Clone(data)
}

// TrimRecord returns rec in the one form that equal rows have, whatever they were cut from.
func TrimRecord(rec arrow.Record) (arrow.Record, error) {
	return MapColumns(rec, rec.NumRows(), func(i int) (arrow.Array, error) { return gather.Trim(rec.Column(i)) })
}

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
