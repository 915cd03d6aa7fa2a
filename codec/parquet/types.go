package parquet

import (
	"errors"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"

	"edgeframe/codec"
)

// setType sets the types of a leaf.
func (n *node) setType(e *format.SchemaElement) error {
	n.physical = e.Type.V
	switch n.physical {
	case format.Boolean:
		n.width = 1
	case format.Int32, format.Float:
		n.width = 4
	case format.Int64, format.Double:
		n.width = 8
	case format.Int96:
		n.width = 12
	case format.FixedLenByteArray:
		if n.width = int(e.TypeLength.V); n.width < 1 {
			return fmt.Errorf("values of %d bytes", n.width)
		}
		if n.width > codec.MaxFieldWidth {
			return codec.Errorf(codec.ErrUnsupported, "column %q of the Parquet file has values of more than %d bytes each", codec.Shorten(n.column), codec.MaxFieldWidth)
		}
	case format.ByteArray:
	default:
		return fmt.Errorf("values of type %d", n.physical)
	}
	dt, err := logicalType(e)
	if err != nil {
		return codec.Errorf(codec.ErrUnsupported, "column %q of the Parquet file cannot be kept: %v", codec.Shorten(n.column), err)
	}
	n.dt = dt
	n.integer = dt.ID() == arrow.INT32 || dt.ID() == arrow.INT64
	_, n.uuid = e.LogicalType.Value.(*format.UUIDType)
	return nil
}

// isGeometry reports whether values are shapes on a plane or on the earth, as well-known binary.
func isGeometry(t format.LogicalTypeValue) bool {
	switch t.(type) {
	case *format.GeometryType, *format.GeographyType:
		return true
	}
	return false
}

// logicalType returns the Arrow type of a leaf: by its logical type, else by its converted type, which
// is older, else by its physical type.
func logicalType(e *format.SchemaElement) (arrow.DataType, error) {
	physical := e.Type.V
	switch t := e.LogicalType.Value.(type) {
	case *format.StringType, *format.EnumType, *format.JsonType:
		return only(physical, arrow.BinaryTypes.String, format.ByteArray)
	case *format.BsonType, *format.GeometryType, *format.GeographyType:
		return only(physical, arrow.BinaryTypes.Binary, format.ByteArray)
	case *format.UUIDType:
		if e.TypeLength.V != 16 {
			return nil, errors.New("a UUID is not of 16 bytes")
		}
		return only(physical, &arrow.FixedSizeBinaryType{ByteWidth: 16}, format.FixedLenByteArray)
	case *format.Float16Type:
		if e.TypeLength.V != 2 {
			return nil, errors.New("a FLOAT16 is not of 2 bytes")
		}
		return only(physical, arrow.FixedWidthTypes.Float16, format.FixedLenByteArray)
	case *format.DecimalType:
		return decimal(physical, t.Precision, t.Scale)
	case *format.DateType:
		return only(physical, arrow.FixedWidthTypes.Date32, format.Int32)
	case *format.TimeType:
		return timeType(physical, t.Unit.Value)
	case *format.TimestampType:
		return timestampType(physical, t.Unit.Value, t.IsAdjustedToUTC)
	case *format.IntType:
		return intType(physical, int(t.BitWidth), t.IsSigned)
	case *format.NullType:
		return arrow.Null, nil
	case nil:
	default:
		return nil, fmt.Errorf("dataframes have no type for %s", t)
	}
	if e.ConvertedType.Valid {
		return convertedType(e)
	}
	return physicalType(e)
}

// only returns dt if the physical type is want.
func only(physical format.Type, dt arrow.DataType, want format.Type) (arrow.DataType, error) {
	if physical != want {
		return nil, fmt.Errorf("logical type %s is not valid for physical type %s", dt, physical)
	}
	return dt, nil
}

func physicalType(e *format.SchemaElement) (arrow.DataType, error) {
	switch e.Type.V {
	case format.Boolean:
		return arrow.FixedWidthTypes.Boolean, nil
	case format.Int32:
		return arrow.PrimitiveTypes.Int32, nil
	case format.Int64:
		return arrow.PrimitiveTypes.Int64, nil
	case format.Int96:
		return &arrow.TimestampType{Unit: arrow.Nanosecond}, nil
	case format.Float:
		return arrow.PrimitiveTypes.Float32, nil
	case format.Double:
		return arrow.PrimitiveTypes.Float64, nil
	case format.FixedLenByteArray:
		return &arrow.FixedSizeBinaryType{ByteWidth: int(e.TypeLength.V)}, nil
	}
	return arrow.BinaryTypes.Binary, nil
}

func convertedType(e *format.SchemaElement) (arrow.DataType, error) {
	physical := e.Type.V
	switch t := e.ConvertedType.V; t {
	case deprecated.UTF8, deprecated.Enum, deprecated.Json:
		return only(physical, arrow.BinaryTypes.String, format.ByteArray)
	case deprecated.Bson:
		return only(physical, arrow.BinaryTypes.Binary, format.ByteArray)
	case deprecated.Decimal:
		return decimal(physical, e.Precision.V, e.Scale.V)
	case deprecated.Date:
		return only(physical, arrow.FixedWidthTypes.Date32, format.Int32)
	case deprecated.TimeMillis:
		return timeType(physical, (*format.MilliSeconds)(nil))
	case deprecated.TimeMicros:
		return timeType(physical, (*format.MicroSeconds)(nil))
	case deprecated.TimestampMillis:
		return timestampType(physical, (*format.MilliSeconds)(nil), true)
	case deprecated.TimestampMicros:
		return timestampType(physical, (*format.MicroSeconds)(nil), true)
	case deprecated.Uint8, deprecated.Uint16, deprecated.Uint32, deprecated.Uint64:
		return intType(physical, 8<<(t-deprecated.Uint8), false)
	case deprecated.Int8, deprecated.Int16, deprecated.Int32, deprecated.Int64:
		return intType(physical, 8<<(t-deprecated.Int8), true)
	case deprecated.Interval:
		if e.TypeLength.V != 12 {
			return nil, errors.New("an INTERVAL is not of 12 bytes")
		}
		return only(physical, arrow.FixedWidthTypes.MonthDayNanoInterval, format.FixedLenByteArray)
	default:
		return nil, fmt.Errorf("converted type %d is not valid for physical type %s", t, physical)
	}
}

func decimal(physical format.Type, precision, scale int32) (arrow.DataType, error) {
	if precision < 1 || precision > 76 || scale < 0 || scale > precision {
		return nil, fmt.Errorf("a decimal of precision %d and scale %d", precision, scale)
	}
	switch physical {
	case format.Int32, format.Int64, format.FixedLenByteArray, format.ByteArray:
	default:
		return nil, fmt.Errorf("a decimal is not valid for physical type %s", physical)
	}
	if precision > 38 {
		return &arrow.Decimal256Type{Precision: precision, Scale: scale}, nil
	}
	return &arrow.Decimal128Type{Precision: precision, Scale: scale}, nil
}

func unit(u format.TimeUnitValue) (arrow.TimeUnit, error) {
	switch u.(type) {
	case *format.MilliSeconds:
		return arrow.Millisecond, nil
	case *format.MicroSeconds:
		return arrow.Microsecond, nil
	case *format.NanoSeconds:
		return arrow.Nanosecond, nil
	}
	return 0, errors.New("the unit of time is unknown")
}

func timeType(physical format.Type, u format.TimeUnitValue) (arrow.DataType, error) {
	unit, err := unit(u)
	if err != nil {
		return nil, err
	}
	if unit == arrow.Millisecond {
		return only(physical, arrow.FixedWidthTypes.Time32ms, format.Int32)
	}
	return only(physical, &arrow.Time64Type{Unit: unit}, format.Int64)
}

func timestampType(physical format.Type, u format.TimeUnitValue, utc bool) (arrow.DataType, error) {
	unit, err := unit(u)
	if err != nil {
		return nil, err
	}
	dt := &arrow.TimestampType{Unit: unit}
	if utc {
		dt.TimeZone = "UTC"
	}
	return only(physical, dt, format.Int64)
}

func intType(physical format.Type, bits int, signed bool) (arrow.DataType, error) {
	types := map[int][2]arrow.DataType{
		8:  {arrow.PrimitiveTypes.Uint8, arrow.PrimitiveTypes.Int8},
		16: {arrow.PrimitiveTypes.Uint16, arrow.PrimitiveTypes.Int16},
		32: {arrow.PrimitiveTypes.Uint32, arrow.PrimitiveTypes.Int32},
		64: {arrow.PrimitiveTypes.Uint64, arrow.PrimitiveTypes.Int64},
	}
	pair, ok := types[bits]
	if !ok {
		return nil, fmt.Errorf("an integer of %d bits", bits)
	}
	dt := pair[0]
	if signed {
		dt = pair[1]
	}
	if bits == 64 {
		return only(physical, dt, format.Int64)
	}
	return only(physical, dt, format.Int32)
}
