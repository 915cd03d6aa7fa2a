package arrowipc

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec"
	"edgeframe/codec/internal/layout"
)

// measure adds data, which is valid, to the logical size of the table. It returns an error if that
// exceeds the limit.
func (r *reader) measure(data arrow.ArrayData) error {
	if r.trusted {
		return nil
	}
	if r.logical = codec.AddSizes(r.logical, r.logicalSize(data)); r.logical > r.limits.Bytes {
		return codec.Errorf(codec.ErrTooLarge, "the values of the Arrow data take more than the %d bytes that a dataframe may take, once values that share memory are written out", r.limits.Bytes)
	}
	return nil
}

// logicalSize is about the number of bytes that the values of data, which is valid, take if they
// are written out one by one. Dictionaries, views, runs and dense unions let values share memory.
// Nested in each other, a few hundred bytes of them can stand for a list longer than any memory.
// Sums saturate at [math.MaxInt64].
func (r *reader) logicalSize(data arrow.ArrayData) int64 {
	if each := r.sharedSizes(data); each != nil {
		sum := int64(0)
		for i := range data.Len() {
			sum = codec.AddSizes(sum, each(i))
		}
		return sum
	}
	sum := ownSize(data)(data.Len())
	for _, child := range data.Children() {
		sum = codec.AddSizes(sum, r.logicalSize(child))
	}
	return sum
}

// sizes returns the logical size of the first n values of an array.
type sizes func(n int) int64

// sizes returns the sizes of data. For types whose values share memory they are a table, which is
// charged to the budget.
func (r *reader) sizes(data arrow.ArrayData) sizes {
	if each := r.sharedSizes(data); each != nil {
		r.budget.Take(8 * int64(data.Len()))
		sums := make([]int64, data.Len()+1)
		for i := range data.Len() {
			sums[i+1] = codec.AddSizes(sums[i], each(i))
		}
		return func(n int) int64 { return sums[n] }
	}
	own := ownSize(data)
	children := make([]sizes, len(data.Children()))
	for i, child := range data.Children() {
		children[i] = r.sizes(child)
	}
	position := childPosition(data)
	return func(n int) int64 {
		sum := own(n)
		for _, child := range children {
			sum = codec.AddSizes(sum, child(position(n)))
		}
		return sum
	}
}

// ownSize returns the sizes of the values of data, whose type shares no memory, without children.
func ownSize(data arrow.ArrayData) sizes {
	width := int64(1)
	switch dt := data.DataType().(type) {
	case *arrow.BinaryType, *arrow.StringType:
		offsets := arrow.GetData[int32](data.Buffers()[1].Bytes())
		return func(n int) int64 { return int64(n) + offsetAt(offsets, n) }
	case *arrow.LargeBinaryType, *arrow.LargeStringType:
		offsets := arrow.GetData[int64](data.Buffers()[1].Bytes())
		return func(n int) int64 { return int64(n) + offsetAt(offsets, n) }
	case *arrow.StructType:
		for _, f := range dt.Fields() {
			width += int64(len(f.Name))
		}
	case arrow.FixedWidthDataType:
		width = max(width, int64(dt.Bytes()))
	}
	return func(n int) int64 { return int64(n) * width }
}

// offsetAt returns the end of value n-1; an empty array may have no offsets.
func offsetAt[T int32 | int64](offsets []T, n int) int64 {
	if n == 0 {
		return 0
	}
	return int64(offsets[n])
}

// childPosition returns a function from a number of values to the number of their child values.
func childPosition(data arrow.ArrayData) func(n int) int {
	switch dt := data.DataType().(type) {
	case *arrow.ListType, *arrow.MapType:
		offsets := arrow.GetData[int32](data.Buffers()[1].Bytes())
		return func(n int) int { return int(offsetAt(offsets, n)) }
	case *arrow.LargeListType:
		offsets := arrow.GetData[int64](data.Buffers()[1].Bytes())
		return func(n int) int { return int(offsetAt(offsets, n)) }
	case *arrow.FixedSizeListType:
		return func(n int) int { return n * int(dt.Len()) }
	}
	return func(n int) int { return n }
}

// sharedSizes returns a function for the size of one value if the type of data lets values share
// memory; otherwise nil.
func (r *reader) sharedSizes(data arrow.ArrayData) func(i int) int64 {
	v := layout.Of(data)
	var each func(i int) int64
	switch dt := data.DataType().(type) {
	case arrow.BinaryViewDataType:
		headers := arrow.ViewHeaderTraits.CastFromBytes(v.Buffer(1))
		each = func(i int) int64 { return int64(headers[i].Len()) }
	case *arrow.ListViewType:
		each = viewSizes[int32](v, r.sizes(data.Children()[0]))
	case *arrow.LargeListViewType:
		each = viewSizes[int64](v, r.sizes(data.Children()[0]))
	case *arrow.DictionaryType:
		values := r.dictionarySizes(data.(*array.Data).Dictionary())
		indices := array.MakeFromData(data).(*array.Dictionary)
		each = func(i int) int64 { return one(values, indices.GetValueIndex(i)) }
	case *arrow.RunEndEncodedType:
		values := r.sizes(data.Children()[1])
		runs := array.MakeFromData(data).(*array.RunEndEncoded)
		each = func(i int) int64 { return one(values, runs.GetPhysicalIndex(i)) }
	case *arrow.DenseUnionType:
		children := make([]sizes, dt.NumFields())
		for i, child := range data.Children() {
			children[i] = r.sizes(child)
		}
		codes, offsets := arrow.GetData[int8](v.Buffer(1)), arrow.GetData[int32](v.Buffer(2))
		each = func(i int) int64 { return one(children[dt.ChildIDs()[codes[i]]], int(offsets[i])) }
	default:
		return nil
	}
	return func(i int) int64 {
		if !v.Valid(i) {
			return 1
		}
		return codec.AddSizes(1, each(i))
	}
}

func (r *reader) dictionarySizes(values arrow.ArrayData) sizes {
	known, ok := r.measured[values]
	if !ok {
		known = r.sizes(values)
		r.measured[values] = known
	}
	return known
}

func viewSizes[T int32 | int64](v layout.Array, child sizes) func(i int) int64 {
	offsets, lengths := arrow.GetData[T](v.Buffer(1)), arrow.GetData[T](v.Buffer(2))
	return func(i int) int64 {
		from := int(offsets[i])
		return between(child, from, from+int(lengths[i]))
	}
}

func one(s sizes, i int) int64 { return between(s, i, i+1) }

// between returns the size of the values from from to to. After the point at which sums saturate
// it is unknown, and the result is [math.MaxInt64].
func between(s sizes, from, to int) int64 {
	end := s(to)
	if end == math.MaxInt64 && from < to {
		return end
	}
	return end - s(from)
}
