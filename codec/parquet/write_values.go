package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

func annotateList(e *format.SchemaElement) {
	e.LogicalType.Value = &format.ListType{}
	e.ConvertedType = thrift.New(deprecated.List)
}

func annotateMap(e *format.SchemaElement) {
	e.LogicalType.Value = &format.MapType{}
	e.ConvertedType = thrift.New(deprecated.Map)
}

// describe fills in the types of a leaf. Some are those of plain numbers and are restored by the
// Arrow schema only.
func describe(e *format.SchemaElement, dt arrow.DataType) error {
	set := func(physical format.Type, logical format.LogicalTypeValue) {
		e.Type = thrift.New(physical)
		if logical != nil {
			e.LogicalType.Value = logical
		}
	}
	fixed := func(width int, logical format.LogicalTypeValue) {
		set(format.FixedLenByteArray, logical)
		e.TypeLength = thrift.New(int32(width))
	}
	integer := func(bits int8, signed bool, converted deprecated.ConvertedType) {
		set(format.Int32, &format.IntType{BitWidth: bits, IsSigned: signed})
		if bits == 64 {
			e.Type.V = format.Int64
		}
		e.ConvertedType = thrift.New(converted)
	}
	switch dt := dt.(type) {
	case *arrow.DictionaryType:
		if dt.ValueType.ID() == arrow.NULL || dt.ValueType.ID() == arrow.DICTIONARY {
			return fmt.Errorf("there is no place for %s in Parquet", scalar.DType(dt))
		}
		if _, nested := dt.ValueType.(arrow.NestedType); nested {
			return fmt.Errorf("there are no dictionaries of type %s in Parquet", dt.ValueType.Name())
		}
		return describe(e, dt.ValueType)
	case *arrow.NullType:
		set(format.Int32, &format.NullType{})
	case *arrow.BooleanType:
		set(format.Boolean, nil)
	case *arrow.Int8Type:
		integer(8, true, deprecated.Int8)
	case *arrow.Int16Type:
		integer(16, true, deprecated.Int16)
	case *arrow.Int32Type:
		set(format.Int32, nil)
	case *arrow.Int64Type, *arrow.DurationType:
		set(format.Int64, nil)
	case *arrow.Uint8Type:
		integer(8, false, deprecated.Uint8)
	case *arrow.Uint16Type:
		integer(16, false, deprecated.Uint16)
	case *arrow.Uint32Type:
		integer(32, false, deprecated.Uint32)
	case *arrow.Uint64Type:
		integer(64, false, deprecated.Uint64)
	case *arrow.Float16Type:
		fixed(2, &format.Float16Type{})
	case *arrow.Float32Type:
		set(format.Float, nil)
	case *arrow.Float64Type:
		set(format.Double, nil)
	case *arrow.StringType, *arrow.LargeStringType, *arrow.StringViewType:
		set(format.ByteArray, &format.StringType{})
		e.ConvertedType = thrift.New(deprecated.UTF8)
	case *arrow.BinaryType, *arrow.LargeBinaryType, *arrow.BinaryViewType:
		set(format.ByteArray, nil)
	case *arrow.FixedSizeBinaryType:
		if dt.ByteWidth < 1 {
			return errors.New("there are no values of no bytes in Parquet")
		}
		fixed(dt.ByteWidth, nil)
	case arrow.DecimalType:
		return describeDecimal(e, dt)
	case *arrow.Date32Type, *arrow.Date64Type:
		set(format.Int32, &format.DateType{})
		e.ConvertedType = thrift.New(deprecated.Date)
	case *arrow.Time32Type:
		set(format.Int32, &format.TimeType{Unit: format.TimeUnit{Value: &format.MilliSeconds{}}})
	case *arrow.Time64Type:
		set(format.Int64, &format.TimeType{Unit: unitOf(dt.Unit)})
	case *arrow.TimestampType:
		set(format.Int64, &format.TimestampType{Unit: unitOf(dt.Unit), IsAdjustedToUTC: dt.TimeZone != ""})
		if dt.TimeZone != "" && dt.Unit != arrow.Nanosecond {
			e.ConvertedType = thrift.New(deprecated.TimestampMillis)
			if dt.Unit == arrow.Microsecond {
				e.ConvertedType.V = deprecated.TimestampMicros
			}
		}
	default:
		return fmt.Errorf("there is no type for %s in Parquet", scalar.DType(dt))
	}
	return nil
}

// unitOf is a unit of time in Parquet, which has milliseconds for seconds.
func unitOf(u arrow.TimeUnit) format.TimeUnit {
	switch u {
	case arrow.Microsecond:
		return format.TimeUnit{Value: &format.MicroSeconds{}}
	case arrow.Nanosecond:
		return format.TimeUnit{Value: &format.NanoSeconds{}}
	}
	return format.TimeUnit{Value: &format.MilliSeconds{}}
}

func describeDecimal(e *format.SchemaElement, dt arrow.DecimalType) error {
	precision, scale := dt.GetPrecision(), dt.GetScale()
	if err := codec.CheckDecimal(dt); err != nil {
		return err
	}
	if scale < 0 || scale > precision {
		return fmt.Errorf("there are no decimals of precision %d and scale %d in Parquet", precision, scale)
	}
	// The fewest bytes in which every number of so many digits fits, and its sign.
	width := int(math.Ceil((float64(precision)*math.Log2(10) + 1) / 8))
	e.Type, e.TypeLength = thrift.New(format.FixedLenByteArray), thrift.New(int32(width))
	e.LogicalType.Value = &format.DecimalType{Precision: precision, Scale: scale}
	e.ConvertedType = thrift.New(deprecated.Decimal)
	e.Precision, e.Scale = thrift.New(precision), thrift.New(scale)
	return nil
}

// nullCheck returns a function that says which values of arr are missing, nil if none is.
func nullCheck(arr arrow.Array) func(i int) bool {
	switch arr := arr.(type) {
	case *array.Null:
		return func(int) bool { return true }
	case *array.Dictionary:
		if arr.NullN() == 0 && arr.Dictionary().NullN() == 0 {
			return nil
		}
		return func(i int) bool { return arr.IsNull(i) || arr.Dictionary().IsNull(arr.GetValueIndex(i)) }
	}
	if arr.NullN() == 0 {
		return nil
	}
	return arr.IsNull
}

// valueDictionary is the dictionary of a column chunk.
type valueDictionary struct {
	n int
	// values are encoded.
	values  []byte
	indices []uint32
}

// dictionary returns the dictionary that arr has, or that pays for text; nil if there is none.
func (t *target) dictionary(arr arrow.Array, dense []int32) (*valueDictionary, error) {
	if len(dense) == 0 || t.physical == format.Boolean {
		return nil, nil
	}
	if arr, ok := arr.(*array.Dictionary); ok {
		d := &valueDictionary{indices: make([]uint32, len(dense))}
		values := arr.Dictionary()
		var kept []int32
		number := make([]uint32, values.Len())
		for i := range number {
			if values.IsValid(i) {
				number[i] = uint32(len(kept))
				kept = append(kept, int32(i))
			}
		}
		for i, at := range dense {
			d.indices[i] = number[arr.GetValueIndex(int(at))]
		}
		d.n = len(kept)
		var err error
		d.values, err = t.plain(nil, values, kept)
		return d, err
	}
	at := textAt(arr)
	if at == nil {
		return nil, nil
	}
	return textDictionary(dense, at), nil
}

func textDictionary(dense []int32, at func(i int) []byte) *valueDictionary {
	d := &valueDictionary{indices: make([]uint32, len(dense))}
	known := map[string]uint32{}
	plain := 0
	for i, k := range dense {
		value := at(int(k))
		plain += 4 + len(value)
		number, ok := known[string(value)]
		if !ok {
			if d.n > len(dense)/2 {
				return nil
			}
			number = uint32(d.n)
			known[string(value)] = number
			d.values = appendPrefixed(d.values, value)
			d.n++
		}
		d.indices[i] = number
	}
	if len(d.values)+len(dense)*bitWidth(uint64(d.n-1))/8 >= plain {
		return nil
	}
	return d
}

// textAt returns a function for values of any length, nil if arr has none.
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

// plain appends the values of arr at the positions of dense.
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
	var err error
	for _, k := range dense {
		value := data[int(k)*width : (int(k)+1)*width]
		if convert == nil {
			dst = append(dst, value...)
		} else if dst, err = convert(dst, value); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

// converter returns a function that appends a value as Parquet has it, nil if that is how it is.
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

// scalar.appendDecimal writes a number big-endian in the bytes that its precision takes.
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
