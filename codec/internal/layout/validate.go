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
	v := NewValidator(data)
	if buffers := data.Buffers(); len(buffers) > 0 && buffers[0] != nil {
		if err := v.holds(0, bitutil.BytesForBits(int64(v.N)), 1); err != nil {
			return err
		}
	}
	if err := v.layout(data.DataType()); err != nil {
		return fmt.Errorf("%s: %w", data.DataType().Name(), err)
	}
	for _, child := range data.Children() {
		if err := Validate(child); err != nil {
			return err
		}
	}
	return nil
}

// Validator checks the buffers of one array against its type.
type Validator struct {
	Data arrow.ArrayData
	// N is the number of values.
	N        int
	validity []byte
}

// NewValidator returns a validator of data, whose offset is 0.
func NewValidator(data arrow.ArrayData) Validator {
	v := Validator{Data: data, N: data.Len()}
	v.validity = v.Buffer(0)
	return v
}

// Valid reports whether value i is present.
func (v Validator) Valid(i int) bool {
	return v.validity == nil || bitutil.BitIsSet(v.validity, i)
}

// Buffer returns buffer i, or nil if there is none.
func (v Validator) Buffer(i int) []byte {
	if buffers := v.Data.Buffers(); i < len(buffers) && buffers[i] != nil {
		return buffers[i].Bytes()
	}
	return nil
}

// holds reports an error unless buffer i has room for n values of width bytes.
func (v Validator) holds(i int, n int64, width int) error {
	if has := int64(len(v.Buffer(i))); width > 0 && has/int64(width) < n {
		return fmt.Errorf("%d bytes for %d values of %d bytes", has, n, width)
	}
	return nil
}

// childHolds reports an error unless child i has at least n values.
func (v Validator) childHolds(i int, n int64) error {
	if has := v.Data.Children()[i].Len(); int64(has) < n {
		return fmt.Errorf("a child of %d values instead of %d", has, n)
	}
	return nil
}

// layout checks what depends on the type.
func (v Validator) layout(dt arrow.DataType) error {
	switch dt := dt.(type) {
	case *arrow.NullType:
		return nil
	case *arrow.BooleanType:
		return v.holds(1, bitutil.BytesForBits(int64(v.N)), 1)
	case *arrow.DictionaryType:
		return v.dictionary(dt)
	case arrow.FixedWidthDataType:
		return v.holds(1, int64(v.N), dt.Bytes())
	case *arrow.BinaryType, *arrow.StringType:
		return offsetsWithin[int32](v, len(v.Buffer(2)))
	case *arrow.LargeBinaryType, *arrow.LargeStringType:
		return offsetsWithin[int64](v, len(v.Buffer(2)))
	case arrow.BinaryViewDataType:
		return v.views()
	case *arrow.MapType:
		return errors.Join(v.mapKeys(), offsetsWithin[int32](v, v.Data.Children()[0].Len()))
	case *arrow.ListType:
		return offsetsWithin[int32](v, v.Data.Children()[0].Len())
	case *arrow.LargeListType:
		return offsetsWithin[int64](v, v.Data.Children()[0].Len())
	case *arrow.ListViewType:
		return listViewsWithin[int32](v)
	case *arrow.LargeListViewType:
		return listViewsWithin[int64](v)
	case *arrow.FixedSizeListType:
		return v.childHolds(0, int64(v.N)*int64(dt.Len()))
	case *arrow.StructType:
		return v.allChildrenHold()
	case *arrow.RunEndEncodedType:
		return v.runEnds(dt)
	case arrow.UnionType:
		return v.union(dt)
	}
	return fmt.Errorf("type %s is not known", dt)
}

// offsetsWithin checks offsets into size bytes or elements.
func offsetsWithin[T int32 | int64](v Validator, size int) error {
	if v.N == 0 {
		return nil
	}
	var width T
	if err := v.holds(1, int64(v.N)+1, int(unsafe.Sizeof(width))); err != nil {
		return err
	}
	offsets := arrow.GetData[T](v.Buffer(1))[:v.N+1]
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

func listViewsWithin[T int32 | int64](v Validator) error {
	var width T
	if err := errors.Join(v.holds(1, int64(v.N), int(unsafe.Sizeof(width))), v.holds(2, int64(v.N), int(unsafe.Sizeof(width)))); err != nil {
		return err
	}
	offsets, sizes := arrow.GetData[T](v.Buffer(1)), arrow.GetData[T](v.Buffer(2))
	size := T(v.Data.Children()[0].Len())
	for i := range v.N {
		if o, n := offsets[i], sizes[i]; v.Valid(i) && (o < 0 || n < 0 || n > size || o > size-n) {
			return fmt.Errorf("%d elements from %d of %d", n, o, size)
		}
	}
	return nil
}

// views checks views of bytes: https://arrow.apache.org/docs/format/Columnar.html#variable-size-binary-view-layout
func (v Validator) views() error {
	if err := v.holds(1, int64(v.N), arrow.ViewHeaderSizeBytes); err != nil {
		return err
	}
	headers := arrow.ViewHeaderTraits.CastFromBytes(v.Buffer(1))
	buffers := v.Data.Buffers()[2:]
	for i := range v.N {
		h := &headers[i]
		if !v.Valid(i) || h.IsInline() && h.Len() >= 0 {
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

func (v Validator) mapKeys() error {
	entries := v.Data.Children()[0]
	if entries.NullN() != 0 || entries.Children()[0].NullN() != 0 {
		return errors.New("missing entries or keys")
	}
	return nil
}

func (v Validator) allChildrenHold() error {
	for i := range v.Data.Children() {
		if err := v.childHolds(i, int64(v.N)); err != nil {
			return err
		}
	}
	return nil
}

func (v Validator) dictionary(dt *arrow.DictionaryType) error {
	if err := v.holds(1, int64(v.N), dt.Bytes()); err != nil {
		return err
	}
	size := uint64(v.Data.(*array.Data).Dictionary().Len())
	switch dt.IndexType.ID() {
	case arrow.INT8:
		return indicesWithin[int8](v, size)
	case arrow.INT16:
		return indicesWithin[int16](v, size)
	case arrow.INT32:
		return indicesWithin[int32](v, size)
	case arrow.INT64:
		return indicesWithin[int64](v, size)
	case arrow.UINT8:
		return indicesWithin[uint8](v, size)
	case arrow.UINT16:
		return indicesWithin[uint16](v, size)
	case arrow.UINT32:
		return indicesWithin[uint32](v, size)
	case arrow.UINT64:
		return indicesWithin[uint64](v, size)
	}
	return fmt.Errorf("indices of type %s", dt.IndexType)
}

func indicesWithin[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64](v Validator, size uint64) error {
	for i, at := range arrow.GetData[T](v.Buffer(1))[:v.N] {
		// A negative index becomes a huge one.
		if uint64(at) >= size && v.Valid(i) {
			return fmt.Errorf("index %d into a dictionary of %d values", at, size)
		}
	}
	return nil
}

func (v Validator) runEnds(dt *arrow.RunEndEncodedType) error {
	ends := v.Data.Children()[0]
	if ends.NullN() != 0 {
		return errors.New("missing run ends")
	}
	if err := Validate(ends); err != nil {
		return err
	}
	if err := v.childHolds(1, int64(ends.Len())); err != nil {
		return err
	}
	switch dt.RunEnds().ID() {
	case arrow.INT16:
		return runEndsCover[int16](ends, v.N)
	case arrow.INT32:
		return runEndsCover[int32](ends, v.N)
	}
	return runEndsCover[int64](ends, v.N)
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

func (v Validator) union(dt arrow.UnionType) error {
	if err := v.holds(1, int64(v.N), 1); err != nil {
		return err
	}
	ids := dt.ChildIDs()
	codes := arrow.GetData[int8](v.Buffer(1))[:v.N]
	for _, code := range codes {
		if code < 0 || ids[code] < 0 {
			return fmt.Errorf("type code %d", code)
		}
	}
	if dt.Mode() == arrow.SparseMode {
		return v.allChildrenHold()
	}
	if err := v.holds(2, int64(v.N), arrow.Int32SizeBytes); err != nil {
		return err
	}
	for i, o := range arrow.GetData[int32](v.Buffer(2))[:v.N] {
		if child := v.Data.Children()[ids[codes[i]]]; o < 0 || int(o) >= child.Len() {
			return fmt.Errorf("offset %d into a child of %d values", o, child.Len())
		}
	}
	return nil
}
