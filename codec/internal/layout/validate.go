package layout

import (
	"bytes"
	"errors"
	"fmt"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
)

// Validate returns an error unless every value of data, whose offset is 0, is within its buffers and
// children. arrow-go trusts that. The buffers may have anything for missing values, and text need
// not be UTF-8. Dictionaries are not validated; their own reader has to.
func Validate(data arrow.ArrayData) error {
	a := Of(data)
	if buffers := data.Buffers(); len(buffers) > 0 && buffers[0] != nil {
		if err := a.holds(0, bitutil.BytesForBits(int64(a.Len)), 1); err != nil {
			return err
		}
	}
	if err := a.layout(data.DataType()); err != nil {
		return fmt.Errorf("%s: %w", data.DataType().Name(), err)
	}
	for _, child := range data.Children() {
		if err := Validate(child); err != nil {
			return err
		}
	}
	return nil
}

// Array is access to the buffers of an array. Unlike the arrays of arrow-go it can be made of data that
// is not valid.
type Array struct {
	Data arrow.ArrayData
	// Len is the number of values.
	Len      int
	validity []byte
}

// Of returns access to the buffers of data, whose offset is 0.
func Of(data arrow.ArrayData) Array {
	a := Array{Data: data, Len: data.Len()}
	a.validity = a.Buffer(0)
	return a
}

// Valid reports whether value i is present.
func (a Array) Valid(i int) bool {
	return a.validity == nil || bitutil.BitIsSet(a.validity, i)
}

// Buffer returns buffer i, or nil if there is none.
func (a Array) Buffer(i int) []byte {
	if buffers := a.Data.Buffers(); i < len(buffers) && buffers[i] != nil {
		return buffers[i].Bytes()
	}
	return nil
}

// holds reports an error unless buffer i has room for n values of width bytes.
func (a Array) holds(i int, n int64, width int) error {
	if has := int64(len(a.Buffer(i))); width > 0 && has/int64(width) < n {
		return fmt.Errorf("%d bytes for %d values of %d bytes", has, n, width)
	}
	return nil
}

// childHolds reports an error unless child i has at least n values.
func (a Array) childHolds(i int, n int64) error {
	if has := a.Data.Children()[i].Len(); int64(has) < n {
		return fmt.Errorf("a child of %d values instead of %d", has, n)
	}
	return nil
}

// layout checks what depends on the type.
func (a Array) layout(dt arrow.DataType) error {
	switch dt := dt.(type) {
	case *arrow.NullType:
		return nil
	case *arrow.BooleanType:
		return a.holds(1, bitutil.BytesForBits(int64(a.Len)), 1)
	case *arrow.DictionaryType:
		return a.dictionary(dt)
	case arrow.FixedWidthDataType:
		return a.holds(1, int64(a.Len), dt.Bytes())
	case *arrow.BinaryType, *arrow.StringType:
		return offsetsWithin[int32](a, len(a.Buffer(2)))
	case *arrow.LargeBinaryType, *arrow.LargeStringType:
		return offsetsWithin[int64](a, len(a.Buffer(2)))
	case arrow.BinaryViewDataType:
		return a.views()
	case *arrow.MapType:
		return errors.Join(a.mapKeys(), offsetsWithin[int32](a, a.Data.Children()[0].Len()))
	case *arrow.ListType:
		return offsetsWithin[int32](a, a.Data.Children()[0].Len())
	case *arrow.LargeListType:
		return offsetsWithin[int64](a, a.Data.Children()[0].Len())
	case *arrow.ListViewType:
		return listViewsWithin[int32](a)
	case *arrow.LargeListViewType:
		return listViewsWithin[int64](a)
	case *arrow.FixedSizeListType:
		return a.childHolds(0, int64(a.Len)*int64(dt.Len()))
	case *arrow.StructType:
		return a.allChildrenHold()
	case *arrow.RunEndEncodedType:
		return a.runEnds(dt)
	case arrow.UnionType:
		return a.union(dt)
	}
	return fmt.Errorf("type %s is not known", dt)
}

// offsetsWithin checks offsets into size bytes or elements.
func offsetsWithin[T int32 | int64](a Array, size int) error {
	if a.Len == 0 {
		return nil
	}
	var width T
	if err := a.holds(1, int64(a.Len)+1, int(unsafe.Sizeof(width))); err != nil {
		return err
	}
	offsets := arrow.GetData[T](a.Buffer(1))[:a.Len+1]
	last := offsets[0]
	if last < 0 {
		return fmt.Errorf("offset %d", last)
	}
	for _, o := range offsets {
		if o < last {
			return fmt.Errorf("offset %d after %d", o, last)
		}
		last = o
	}
	if int64(last) > int64(size) {
		return fmt.Errorf("offset %d into %d", last, size)
	}
	return nil
}

func listViewsWithin[T int32 | int64](a Array) error {
	var width T
	if err := errors.Join(a.holds(1, int64(a.Len), int(unsafe.Sizeof(width))), a.holds(2, int64(a.Len), int(unsafe.Sizeof(width)))); err != nil {
		return err
	}
	offsets, sizes := arrow.GetData[T](a.Buffer(1)), arrow.GetData[T](a.Buffer(2))
	size := T(a.Data.Children()[0].Len())
	for i := range a.Len {
		if o, n := offsets[i], sizes[i]; a.Valid(i) && (o < 0 || n < 0 || n > size || o > size-n) {
			return fmt.Errorf("%d elements from %d of %d", n, o, size)
		}
	}
	return nil
}

// views checks views of bytes: https://arrow.apache.org/docs/format/Columnar.html#variable-size-binary-view-layout
func (a Array) views() error {
	if err := a.holds(1, int64(a.Len), arrow.ViewHeaderSizeBytes); err != nil {
		return err
	}
	headers := arrow.ViewHeaderTraits.CastFromBytes(a.Buffer(1))
	buffers := a.Data.Buffers()[2:]
	for i := range a.Len {
		h := &headers[i]
		if !a.Valid(i) || h.IsInline() && h.Len() >= 0 {
			continue
		}
		in, at, n := int(h.BufferIndex()), int(h.BufferOffset()), h.Len()
		if n < 0 || in < 0 || in >= len(buffers) || at < 0 || at > buffers[in].Len()-n {
			return fmt.Errorf("%d bytes from %d of buffer %d of %d", n, at, in, len(buffers))
		}
		if prefix := h.Prefix(); !bytes.HasPrefix(buffers[in].Bytes()[at:], prefix[:]) {
			return fmt.Errorf("value %d does not begin as its view says", i)
		}
	}
	return nil
}

func (a Array) mapKeys() error {
	entries := a.Data.Children()[0]
	if entries.NullN() != 0 || entries.Children()[0].NullN() != 0 {
		return errors.New("missing entries or keys")
	}
	return nil
}

func (a Array) allChildrenHold() error {
	for i := range a.Data.Children() {
		if err := a.childHolds(i, int64(a.Len)); err != nil {
			return err
		}
	}
	return nil
}

func (a Array) dictionary(dt *arrow.DictionaryType) error {
	if err := a.holds(1, int64(a.Len), dt.Bytes()); err != nil {
		return err
	}
	size := uint64(a.Data.(*array.Data).Dictionary().Len())
	switch dt.IndexType.ID() {
	case arrow.INT8:
		return indicesWithin[int8](a, size)
	case arrow.INT16:
		return indicesWithin[int16](a, size)
	case arrow.INT32:
		return indicesWithin[int32](a, size)
	case arrow.INT64:
		return indicesWithin[int64](a, size)
	case arrow.UINT8:
		return indicesWithin[uint8](a, size)
	case arrow.UINT16:
		return indicesWithin[uint16](a, size)
	case arrow.UINT32:
		return indicesWithin[uint32](a, size)
	case arrow.UINT64:
		return indicesWithin[uint64](a, size)
	}
	return fmt.Errorf("indices of type %s", dt.IndexType)
}

func indicesWithin[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64](a Array, size uint64) error {
	for i, at := range arrow.GetData[T](a.Buffer(1))[:a.Len] {
		// A negative index becomes a huge one.
		if uint64(at) >= size && a.Valid(i) {
			return fmt.Errorf("index %d into a dictionary of %d values", at, size)
		}
	}
	return nil
}

func (a Array) runEnds(dt *arrow.RunEndEncodedType) error {
	ends := a.Data.Children()[0]
	if ends.NullN() != 0 {
		return errors.New("missing run ends")
	}
	if err := Validate(ends); err != nil {
		return err
	}
	if err := a.childHolds(1, int64(ends.Len())); err != nil {
		return err
	}
	switch dt.RunEnds().ID() {
	case arrow.INT16:
		return runEndsCover[int16](ends, a.Len)
	case arrow.INT32:
		return runEndsCover[int32](ends, a.Len)
	}
	return runEndsCover[int64](ends, a.Len)
}

func runEndsCover[T int16 | int32 | int64](data arrow.ArrayData, n int) error {
	last := T(0)
	for _, end := range arrow.GetData[T](data.Buffers()[1].Bytes())[:data.Len()] {
		if end <= last {
			return fmt.Errorf("run end %d after %d", end, last)
		}
		last = end
	}
	if int64(last) < int64(n) {
		return fmt.Errorf("runs end at %d of %d", last, n)
	}
	return nil
}

func (a Array) union(dt arrow.UnionType) error {
	if err := a.holds(1, int64(a.Len), 1); err != nil {
		return err
	}
	ids := dt.ChildIDs()
	codes := arrow.GetData[int8](a.Buffer(1))[:a.Len]
	for _, code := range codes {
		if code < 0 || ids[code] < 0 {
			return fmt.Errorf("type code %d", code)
		}
	}
	if dt.Mode() == arrow.SparseMode {
		return a.allChildrenHold()
	}
	if err := a.holds(2, int64(a.Len), arrow.Int32SizeBytes); err != nil {
		return err
	}
	for i, o := range arrow.GetData[int32](a.Buffer(2))[:a.Len] {
		if child := a.Data.Children()[ids[codes[i]]]; o < 0 || int(o) >= child.Len() {
			return fmt.Errorf("offset %d into a child of %d values", o, child.Len())
		}
	}
	return nil
}
