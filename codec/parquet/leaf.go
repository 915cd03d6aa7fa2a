package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/parquet-go/parquet-go/format"

	"edgeframe/codec"
	"edgeframe/codec/internal/layout"
	"edgeframe/codec/scalar"
	"edgeframe/internal/gather"
)

// leaf returns the values of a node without children.
func (b *builder) leaf(n *node) (arrow.ArrayData, error) {
	c, l := b.columns[n.first-b.first], b.leaves[n.first-b.first]
	b.take(layout.ArrayCost)
	s := b.slots(n, l)
	if s.n-s.nulls != l.values.n {
		return nil, errParquetShapes
	}
	if dt, ok := n.dt.(*arrow.DictionaryType); ok {
		return b.dictionary(c, dt, &l.values, s)
	}
	return b.storage(n, n.dt, &l.values, s)
}

// slots says where values of a leaf are missing.
func (b *builder) slots(n *node, l *leafRows) *shape {
	if l.def == nil {
		return &shape{n: l.n}
	}
	b.take(int64(l.n) / 8)
	s := &shape{validity: make([]byte, bitutil.BytesForBits(int64(l.n)))}
	for _, def := range l.def {
		if def == n.def {
			s.validity[s.n>>3] |= 1 << (s.n & 7)
		} else if def < n.outer {
			continue
		} else {
			s.nulls++
		}
		s.n++
	}
	s.validity = s.validity[:bitutil.BytesForBits(int64(s.n))]
	return s
}

// storage returns values as an array of type dt with the missing values of s.
func (b *builder) storage(n *node, dt arrow.DataType, v *vector, s *shape) (*array.Data, error) {
	switch dt.(type) {
	case *arrow.NullType:
		if v.n > 0 {
			return nil, errors.New("it has values, but is of type NULL")
		}
		return array.NewData(dt, s.n, []*memory.Buffer{nil}, nil, s.n, 0), nil
	case *arrow.BooleanType:
		return array.NewData(dt, s.n, []*memory.Buffer{s.buffer(), b.bools(v, s)}, nil, s.nulls, 0), nil
	}
	fixed, ok := dt.(arrow.FixedWidthDataType)
	if !ok {
		return b.bytes(n, dt, v, s)
	}
	data, err := b.convert(n, dt, v)
	if err != nil {
		return nil, err
	}
	width := fixed.Bytes()
	if len(data) != width*v.n {
		return nil, fmt.Errorf("values of %s have no type %s", n.physical, dt)
	}
	return array.NewData(dt, s.n, []*memory.Buffer{s.buffer(), memory.NewBufferBytes(b.spread(data, width, s))}, nil, s.nulls, 0), nil
}

func (b *builder) bools(v *vector, s *shape) *memory.Buffer {
	b.take(int64(s.n) / 8)
	out := make([]byte, bitutil.BytesForBits(int64(s.n)))
	at := 0
	for i := range s.n {
		if s.nulls > 0 && !bitutil.BitIsSet(s.validity, i) {
			continue
		}
		out[i>>3] |= v.data[at] & 1 << (i & 7)
		at++
	}
	return memory.NewBufferBytes(out)
}

// spread puts values where they are not missing.
func (b *builder) spread(data []byte, width int, s *shape) []byte {
	if s.nulls == 0 {
		return data
	}
	b.take(int64(s.n) * int64(width))
	out := make([]byte, s.n*width)
	from := 0
	for i := range s.n {
		if bitutil.BitIsSet(s.validity, i) {
			copy(out[i*width:(i+1)*width], data[from:from+width])
			from += width
		}
	}
	return out
}

// bytes is storage for values of any length.
func (b *builder) bytes(n *node, dt arrow.DataType, v *vector, s *shape) (*array.Data, error) {
	switch dt.(type) {
	case *arrow.StringType, *arrow.LargeStringType, *arrow.StringViewType:
		if !plainText(v) {
			return nil, codec.Errorf(codec.ErrMalformed, "column %q of the Parquet file has text that is not valid UTF-8: write UTF-8, or a column of type binary", codec.Shorten(n.column))
		}
	}
	if v.offsets == nil {
		return nil, fmt.Errorf("values of %s have no type %s", n.physical, dt)
	}
	switch dt.(type) {
	case *arrow.StringViewType, *arrow.BinaryViewType:
		return b.views(dt, v, s), nil
	}
	offsets := v.offsets
	if s.nulls > 0 {
		b.take(4 * int64(s.n+1))
		offsets = make([]int32, s.n+1)
		at := 0
		for i := range s.n {
			if bitutil.BitIsSet(s.validity, i) {
				at++
			}
			offsets[i+1] = v.offsets[at]
		}
	}
	ends := intBuffer(offsets)
	switch dt.(type) {
	case *arrow.LargeStringType, *arrow.LargeBinaryType:
		ends = intBuffer(widen(offsets, b.take))
	}
	return array.NewData(dt, s.n, []*memory.Buffer{s.buffer(), ends, memory.NewBufferBytes(v.data)}, nil, s.nulls, 0), nil
}

// plainText reports whether all values are UTF-8.
func plainText(v *vector) bool {
	if !utf8.Valid(v.data) {
		return false
	}
	for _, o := range v.offsets {
		if int(o) < len(v.data) && !utf8.RuneStart(v.data[o]) {
			return false
		}
	}
	return true
}

func (b *builder) views(dt arrow.DataType, v *vector, s *shape) *array.Data {
	b.take(int64(s.n*arrow.ViewHeaderSizeBytes) + int64(len(v.data)))
	builder := array.NewBuilder(memory.DefaultAllocator, dt)
	builder.Reserve(s.n)
	at := 0
	for i := range s.n {
		if s.nulls > 0 && !bitutil.BitIsSet(s.validity, i) {
			builder.AppendNull()
			continue
		}
		switch builder := builder.(type) {
		case *array.StringViewBuilder:
			builder.Append(string(v.at(at)))
		case *array.BinaryViewBuilder:
			builder.Append(v.at(at))
		}
		at++
	}
	return builder.NewArray().Data().(*array.Data)
}

// dictionary returns values as indices into a dictionary: that of the file with its order if
// the values were read as such, otherwise one of the values in order of appearance.
func (b *builder) dictionary(c *column, dt *arrow.DictionaryType, v *vector, s *shape) (arrow.ArrayData, error) {
	most := mostIndex(dt.IndexType)
	if v.dict != nil {
		for _, at := range v.indices {
			if uint64(at) > most {
				if err := v.resolve(b.take); err != nil {
					return nil, err
				}
				break
			}
		}
	}
	var (
		values  *array.Data
		indices []uint32
		err     error
	)
	if v.dict != nil {
		indices = v.indices
		values, err = b.chunkDictionary(c, dt.ValueType)
	} else {
		distinct := &vector{width: v.width}
		if indices, err = b.number(v, distinct); err != nil {
			return nil, err
		}
		if distinct.n > 0 && uint64(distinct.n-1) > most {
			return nil, codec.Errorf(codec.ErrUnsupported, "column %q of the Parquet file has more values in a row group than the %s of its Arrow schema can number", codec.Shorten(c.node.column), dt)
		}
		values, err = b.storage(c.node, dt.ValueType, distinct, &shape{n: distinct.n})
	}
	if err != nil {
		return nil, err
	}
	width := dt.IndexType.(arrow.FixedWidthDataType).Bytes()
	b.take(int64(len(indices)) * int64(width))
	data := make([]byte, len(indices)*width)
	for i, at := range indices {
		for k := range min(width, 4) {
			data[i*width+k] = byte(at >> (8 * k))
		}
	}
	out := array.NewDataWithDictionary(dt, s.n, []*memory.Buffer{s.buffer(), memory.NewBufferBytes(b.spread(data, width, s))}, s.nulls, 0, values)
	if values.Len() <= s.n {
		return out, nil
	}
	// What the rows do not use would be stored with every row group.
	trimmed, err := gather.Trim(array.MakeFromData(out))
	if err != nil {
		return nil, err
	}
	return trimmed.Data(), nil
}

// number appends the values of v that differ to distinct and returns which of them each is.
func (b *builder) number(v, distinct *vector) ([]uint32, error) {
	if distinct.width == 0 {
		distinct.offsets = []int32{0}
	}
	b.take(4 * int64(v.n))
	indices := make([]uint32, v.n)
	known := map[string]uint32{}
	for i := range indices {
		value := v.value(i)
		at, ok := known[string(value)]
		if !ok {
			at = uint32(distinct.n)
			b.take(64)
			known[string(value)] = at
			if err := distinct.appendFrom(v, i, i+1, b.take); err != nil {
				return nil, err
			}
		}
		indices[i] = at
	}
	return indices, nil
}

// chunkDictionary returns the dictionary of the column chunk as an array, which the row groups
// that are made of the chunk share.
func (b *builder) chunkDictionary(c *column, dt arrow.DataType) (*array.Data, error) {
	if c.dictArr != nil {
		return c.dictArr, nil
	}
	own := &vector{width: c.dict.width}
	if own.width == 0 {
		own.offsets = []int32{0}
	}
	// The vector may alias the file.
	if err := own.appendFrom(c.dict, 0, c.dict.n, b.take); err != nil {
		return nil, err
	}
	var err error
	c.dictArr, err = b.storage(c.node, dt, own, &shape{n: own.n})
	return c.dictArr, err
}

// mostIndex is the largest index of an integer type.
func mostIndex(dt arrow.DataType) uint64 {
	bits := 8 * dt.(arrow.FixedWidthDataType).Bytes()
	switch dt.ID() {
	case arrow.INT8, arrow.INT16, arrow.INT32, arrow.INT64:
		bits--
	}
	return math.MaxUint64 >> (64 - bits)
}

// convert returns values of fixed width as those of dt.
func (b *builder) convert(n *node, dt arrow.DataType, v *vector) ([]byte, error) {
	switch dt := dt.(type) {
	case arrow.DecimalType:
		return b.decimals(n, dt, v)
	case *arrow.Int8Type:
		return narrow(v, 1, math.MinInt8, math.MaxInt8)
	case *arrow.Int16Type:
		return narrow(v, 2, math.MinInt16, math.MaxInt16)
	case *arrow.Uint8Type:
		return narrow(v, 1, 0, math.MaxUint8)
	case *arrow.Uint16Type:
		return narrow(v, 2, 0, math.MaxUint16)
	case *arrow.Date64Type:
		b.take(8 * int64(v.n))
		out := make([]byte, 0, 8*v.n)
		for i := range v.n {
			days := int64(int32(binary.LittleEndian.Uint32(v.data[4*i:])))
			out = binary.LittleEndian.AppendUint64(out, uint64(days*scalar.MillisPerDay))
		}
		return out, nil
	case *arrow.Time32Type:
		if dt.Unit == arrow.Second {
			return seconds(v)
		}
	case *arrow.TimestampType:
		if n.physical == format.Int96 {
			return b.int96(v)
		}
		if dt.Unit == arrow.Second {
			return seconds(v)
		}
	case *arrow.MonthDayNanoIntervalType:
		return b.intervals(v)
	}
	return v.data, nil
}

// narrow returns numbers of 4 bytes as those of width bytes.
func narrow(v *vector, width int, least, most int32) ([]byte, error) {
	out := v.data[:width*v.n]
	for i := range v.n {
		x := int32(binary.LittleEndian.Uint32(v.data[4*i:]))
		if x < least || x > most {
			return nil, fmt.Errorf("the number %d is outside of its type, which ends at %d and %d", x, least, most)
		}
		out[width*i] = byte(x)
		if width == 2 {
			out[2*i+1] = byte(x >> 8)
		}
	}
	return out, nil
}

// seconds turns milliseconds into seconds.
func seconds(v *vector) ([]byte, error) {
	for i := range v.n {
		value := v.value(i)
		x := int64(0)
		if v.width == 4 {
			x = int64(int32(binary.LittleEndian.Uint32(value)))
		} else {
			x = int64(binary.LittleEndian.Uint64(value))
		}
		if x%1000 != 0 {
			return nil, fmt.Errorf("a time of %d milliseconds where the Arrow schema of the file says seconds", x)
		}
		if x /= 1000; v.width == 4 {
			binary.LittleEndian.PutUint32(value, uint32(x))
		} else {
			binary.LittleEndian.PutUint64(value, uint64(x))
		}
	}
	return v.data, nil
}

// int96 reads timestamps of a nanosecond of a day and a Julian day.
func (b *builder) int96(v *vector) ([]byte, error) {
	const (
		epoch       = 2_440_588
		nanosPerDay = 86_400_000_000_000
	)
	b.take(8 * int64(v.n))
	out := make([]byte, 0, 8*v.n)
	for i := range v.n {
		value := v.value(i)
		nanos := int64(binary.LittleEndian.Uint64(value))
		days := int64(int32(binary.LittleEndian.Uint32(value[8:]))) - epoch
		const most = math.MaxInt64/nanosPerDay - 1
		if days > most || days < -most || nanos < 0 || nanos > nanosPerDay {
			return nil, fmt.Errorf("a timestamp (INT96) that is not between the years 1678 and 2262")
		}
		out = binary.LittleEndian.AppendUint64(out, uint64(days*nanosPerDay+nanos))
	}
	return out, nil
}

// intervals reads months, days and milliseconds, each without a sign.
func (b *builder) intervals(v *vector) ([]byte, error) {
	b.take(16 * int64(v.n))
	out := make([]byte, 0, 16*v.n)
	for i := range v.n {
		value := v.value(i)
		months, days, millis := binary.LittleEndian.Uint32(value), binary.LittleEndian.Uint32(value[4:]), binary.LittleEndian.Uint32(value[8:])
		if months > math.MaxInt32 || days > math.MaxInt32 {
			return nil, errors.New("an interval of more than 2147483647 months or days")
		}
		out = binary.LittleEndian.AppendUint32(out, months)
		out = binary.LittleEndian.AppendUint32(out, days)
		out = binary.LittleEndian.AppendUint64(out, uint64(millis)*1_000_000)
	}
	return out, nil
}

// decimals reads numbers, little-endian if they are integers and big-endian if they are bytes.
func (b *builder) decimals(n *node, dt arrow.DecimalType, v *vector) ([]byte, error) {
	width := 16
	if dt.ID() == arrow.DECIMAL256 {
		width = 32
	}
	little := n.physical == format.Int32 || n.physical == format.Int64
	b.take(int64(width) * int64(v.n))
	out := make([]byte, width*v.n)
	for i := range v.n {
		value, to := v.value(i), out[width*i:width*(i+1)]
		if len(value) == 0 {
			return nil, errors.New("a decimal without a byte")
		}
		at := func(k int) byte { return value[len(value)-1-k] }
		if little {
			at = func(k int) byte { return value[k] }
		}
		sign := byte(int8(at(len(value)-1)) >> 7)
		for k := range max(width, len(value)) {
			digit := sign
			if k < len(value) {
				digit = at(k)
			}
			if k < width {
				to[k] = digit
			} else if digit != sign {
				return nil, fmt.Errorf("a decimal of %d bytes that does not fit into %s", len(value), dt)
			}
		}
		if to[width-1]>>7 != sign>>7 {
			return nil, fmt.Errorf("a decimal of %d bytes that does not fit into %s", len(value), dt)
		}
	}
	return out, nil
}
