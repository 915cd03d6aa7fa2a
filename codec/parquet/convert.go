package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/parquet-go/parquet-go/format"

	"edgeframe/codec/scalar"
)

// convert returns values of fixed width in the form that Arrow has for dt.
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
		if n.integer {
			break
		}
		b.take(8 * int64(v.n))
		out := make([]byte, 0, 8*v.n)
		for i := range v.n {
			days := int64(int32(binary.LittleEndian.Uint32(v.data[4*i:])))
			out = binary.LittleEndian.AppendUint64(out, uint64(days*scalar.MillisPerDay))
		}
		return out, nil
	case *arrow.Time32Type:
		if dt.Unit == arrow.Second && !n.integer {
			return seconds(v)
		}
	case *arrow.TimestampType:
		if n.physical == format.Int96 {
			return b.int96(dt, v)
		}
		if dt.Unit == arrow.Second && !n.integer {
			return seconds(v)
		}
	case *arrow.MonthDayNanoIntervalType:
		return b.intervals(v)
	}
	return v.data, nil
}

// narrow converts numbers of 4 bytes to width bytes, in place.
func narrow(v *vector, width int, least, most int32) ([]byte, error) {
	out := v.data[:width*v.n]
	for i := range v.n {
		x := int32(binary.LittleEndian.Uint32(v.data[4*i:]))
		if x < least || x > most {
			return nil, fmt.Errorf("the number %d is outside of its type, whose numbers are %d to %d", x, least, most)
		}
		out[width*i] = byte(x)
		if width == 2 {
			out[2*i+1] = byte(x >> 8)
		}
	}
	return out, nil
}

// seconds converts milliseconds to seconds, in place.
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

// intervals converts months, days and milliseconds, all unsigned.
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

// decimals converts numbers to the width of dt. Physical integers are little-endian, bytes are
// big-endian.
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
			n.empty++
			continue
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
