package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec/scalar"
)

// textAt returns a function that returns the bytes of a value, if those of arr can have any length;
// otherwise nil.
func textAt(arr arrow.Array) func(i int) []byte {
	switch arr := arr.(type) {
	case *array.BinaryView:
		return arr.Value
	case *array.StringView:
		return func(i int) []byte { return []byte(arr.Value(i)) }
	case array.BinaryLike:
		start, bytes := arr.ValueOffset64(0), arr.ValueBytes()
		return func(i int) []byte { return bytes[arr.ValueOffset64(i)-start:][:arr.ValueLen(i)] }
	}
	return nil
}

// plain appends the values of arr at the positions dense as PLAIN.
func (t *target) plain(dst []byte, arr arrow.Array, dense []int32) ([]byte, error) {
	if len(dense) == 0 {
		return dst, nil
	}
	if dict, ok := arr.(*array.Dictionary); ok {
		at := make([]int32, len(dense))
		for i, k := range dense {
			at[i] = int32(dict.GetValueIndex(int(k)))
		}
		return t.plain(dst, dict.Dictionary(), at)
	}
	if at := textAt(arr); at != nil {
		for _, k := range dense {
			dst = appendPrefixed(dst, at(int(k)))
		}
		return dst, nil
	}
	if arr, ok := arr.(*array.Boolean); ok {
		bits := make([]uint8, len(dense))
		for i, k := range dense {
			if arr.Value(int(k)) {
				bits[i] = 1
			}
		}
		return packBits(dst, bits, (len(bits)+7)/8*8, 1), nil
	}
	dt, ok := arr.DataType().(arrow.FixedWidthDataType)
	if !ok {
		return nil, fmt.Errorf("there is no type for %s in Parquet", scalar.DType(arr.DataType()))
	}
	width := dt.Bytes()
	data := arr.Data().Buffers()[1].Bytes()[arr.Data().Offset()*width:]
	convert := t.converter(arr.DataType())
	dst = slices.Grow(dst, len(dense)*max(width, t.width, 4))
	if convert == nil {
		return appendRuns(dst, data, width, dense), nil
	}
	var err error
	for _, k := range dense {
		if dst, err = convert(dst, data[int(k)*width:(int(k)+1)*width]); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

// appendRuns appends the values of that width at the positions dense. Those that are side by side are copied at once.
func appendRuns(dst, data []byte, width int, dense []int32) []byte {
	for from := 0; from < len(dense); {
		to := from + 1
		for to < len(dense) && dense[to] == dense[to-1]+1 {
			to++
		}
		dst = append(dst, data[int(dense[from])*width:(int(dense[to-1])+1)*width]...)
		from = to
	}
	return dst
}

// converter returns a function that converts a value from Arrow to Parquet and appends it; nil if
// both have the same bytes.
func (t *target) converter(dt arrow.DataType) func(dst, value []byte) ([]byte, error) {
	number := func(f func(value []byte) int32) func(dst, value []byte) ([]byte, error) {
		return func(dst, value []byte) ([]byte, error) {
			return binary.LittleEndian.AppendUint32(dst, uint32(f(value))), nil
		}
	}
	switch dt := dt.(type) {
	case *arrow.Int8Type:
		return number(func(v []byte) int32 { return int32(int8(v[0])) })
	case *arrow.Uint8Type:
		return number(func(v []byte) int32 { return int32(v[0]) })
	case *arrow.Int16Type:
		return number(func(v []byte) int32 { return int32(int16(binary.LittleEndian.Uint16(v))) })
	case *arrow.Uint16Type:
		return number(func(v []byte) int32 { return int32(binary.LittleEndian.Uint16(v)) })
	case *arrow.Date64Type:
		return appendDays
	case *arrow.Time32Type:
		if dt.Unit == arrow.Second {
			return appendMillis32
		}
	case *arrow.TimestampType:
		if dt.Unit == arrow.Second {
			return appendMillis64
		}
	case arrow.DecimalType:
		return t.appendDecimal
	}
	return nil
}

func appendDays(dst, value []byte) ([]byte, error) {
	millis := int64(binary.LittleEndian.Uint64(value))
	days := millis / scalar.MillisPerDay
	if millis%scalar.MillisPerDay != 0 || days > math.MaxInt32 || days < math.MinInt32 {
		return nil, fmt.Errorf("there is no date of %d milliseconds in Parquet", millis)
	}
	return binary.LittleEndian.AppendUint32(dst, uint32(int32(days))), nil
}

func appendMillis32(dst, value []byte) ([]byte, error) {
	s := int32(binary.LittleEndian.Uint32(value))
	if s > math.MaxInt32/1000 || s < math.MinInt32/1000 {
		return nil, fmt.Errorf("a time of %d seconds is too large for the milliseconds of Parquet", s)
	}
	return binary.LittleEndian.AppendUint32(dst, uint32(s*1000)), nil
}

func appendMillis64(dst, value []byte) ([]byte, error) {
	s := int64(binary.LittleEndian.Uint64(value))
	if s > math.MaxInt64/1000 || s < math.MinInt64/1000 {
		return nil, fmt.Errorf("a timestamp of %d seconds is too large for the milliseconds of Parquet", s)
	}
	return binary.LittleEndian.AppendUint64(dst, uint64(s*1000)), nil
}

// appendDecimal appends a number big-endian, in the fewest bytes for its precision.
func (t *target) appendDecimal(dst, value []byte) ([]byte, error) {
	sign := byte(int8(value[len(value)-1]) >> 7)
	for i := len(value) - 1; i >= t.width; i-- {
		if value[i] != sign {
			return nil, errors.New("a decimal has more digits than its type")
		}
	}
	if t.width <= len(value) && value[t.width-1]>>7 != sign>>7 {
		return nil, errors.New("a decimal has more digits than its type")
	}
	for i := t.width - 1; i >= 0; i-- {
		digit := sign
		if i < len(value) {
			digit = value[i]
		}
		dst = append(dst, digit)
	}
	return dst, nil
}
