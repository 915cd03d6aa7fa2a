package parquet

import (
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// target is a leaf column of the file.
type target struct {
	path     thrift.Slice[string]
	physical format.Type
	// width is the length of values of fixed length.
	width int
	// def and rep are the highest levels.
	def, rep uint8
	dt       arrow.DataType
}

// plan builds the part of the schema for one column of the table.
type plan struct {
	column   string
	elements []format.SchemaElement
	leaves   []*target
}

// field adds a field under the name that it has in Parquet. in has path and levels of its parent.
func (s *plan) field(f arrow.Field, name string, in target) error {
	if in.def > maxLevel {
		return errors.New("it is nested too deep")
	}
	in.path = append(in.path[:len(in.path):len(in.path)], name)
	e := format.SchemaElement{Name: name, RepetitionType: thrift.New(format.Required)}
	if f.Nullable {
		in.def++
		e.RepetitionType.V = format.Optional
	}
	group := func(children int, annotate func(e *format.SchemaElement)) {
		e.NumChildren = thrift.New(int32(children))
		if annotate != nil {
			annotate(&e)
		}
		s.elements = append(s.elements, e)
	}
	repeated := func(name string, children int) {
		in.path = append(in.path, name)
		in.def++
		in.rep++
		s.elements = append(s.elements, format.SchemaElement{
			Name: name, RepetitionType: thrift.New(format.Repeated), NumChildren: thrift.New(int32(children)),
		})
	}
	switch dt := f.Type.(type) {
	case *arrow.StructType:
		if dt.NumFields() == 0 {
			return errors.New("there are no structs without fields in Parquet")
		}
		group(dt.NumFields(), nil)
		for _, child := range dt.Fields() {
			if err := s.field(child, child.Name, in); err != nil {
				return err
			}
		}
		return nil
	case *arrow.MapType:
		group(1, annotateMap)
		repeated("key_value", 2)
		key := dt.KeyField()
		key.Nullable = false
		if err := s.field(key, "key", in); err != nil {
			return err
		}
		return s.field(dt.ItemField(), "value", in)
	case arrow.ListLikeType:
		group(1, annotateList)
		repeated("list", 1)
		return s.field(dt.(arrow.NestedType).Fields()[0], "element", in)
	}
	if f.Type.ID() == arrow.NULL && !f.Nullable {
		return errors.New("it is of type null, but not nullable")
	}
	leaf, err := leafElement(f.Type)
	if err != nil {
		return err
	}
	if scalar.IsUUID(f) {
		leaf.LogicalType.Value = &format.UUIDType{}
	}
	leaf.Name, leaf.RepetitionType = e.Name, e.RepetitionType
	in.physical, in.width, in.dt = leaf.Type.V, int(leaf.TypeLength.V), f.Type
	s.elements = append(s.elements, leaf)
	s.leaves = append(s.leaves, &in)
	return nil
}

// countLeaves is the number of leaves that plan adds for a type.
func countLeaves(dt arrow.DataType) int {
	switch dt := dt.(type) {
	case *arrow.MapType:
		return countLeaves(dt.KeyType()) + countLeaves(dt.ItemType())
	case arrow.NestedType:
		n := 0
		for _, f := range dt.Fields() {
			n += countLeaves(f.Type)
		}
		return n
	}
	return 1
}

func annotateList(e *format.SchemaElement) {
	e.LogicalType.Value = &format.ListType{}
	e.ConvertedType = thrift.New(deprecated.List)
}

func annotateMap(e *format.SchemaElement) {
	e.LogicalType.Value = &format.MapType{}
	e.ConvertedType = thrift.New(deprecated.Map)
}

// leafElements returns how Parquet describes Arrow types that have no parameters. Some of them become
// plain numbers, which only the Arrow schema in the file tells apart.
var leafElements = sync.OnceValue(func() map[arrow.Type]format.SchemaElement {
	return map[arrow.Type]format.SchemaElement{
		arrow.NULL:         element(format.Int32, &format.NullType{}),
		arrow.BOOL:         element(format.Boolean, nil),
		arrow.INT8:         integerElement(8, true, deprecated.Int8),
		arrow.INT16:        integerElement(16, true, deprecated.Int16),
		arrow.INT32:        element(format.Int32, nil),
		arrow.INT64:        element(format.Int64, nil),
		arrow.UINT8:        integerElement(8, false, deprecated.Uint8),
		arrow.UINT16:       integerElement(16, false, deprecated.Uint16),
		arrow.UINT32:       integerElement(32, false, deprecated.Uint32),
		arrow.UINT64:       integerElement(64, false, deprecated.Uint64),
		arrow.FLOAT16:      fixedElement(2, &format.Float16Type{}),
		arrow.FLOAT32:      element(format.Float, nil),
		arrow.FLOAT64:      element(format.Double, nil),
		arrow.STRING:       converted(element(format.ByteArray, &format.StringType{}), deprecated.UTF8),
		arrow.LARGE_STRING: converted(element(format.ByteArray, &format.StringType{}), deprecated.UTF8),
		arrow.STRING_VIEW:  converted(element(format.ByteArray, &format.StringType{}), deprecated.UTF8),
		arrow.BINARY:       element(format.ByteArray, nil),
		arrow.LARGE_BINARY: element(format.ByteArray, nil),
		arrow.BINARY_VIEW:  element(format.ByteArray, nil),
		arrow.DATE32:       converted(element(format.Int32, &format.DateType{}), deprecated.Date),
		arrow.DATE64:       converted(element(format.Int32, &format.DateType{}), deprecated.Date),
		arrow.TIME32:       element(format.Int32, &format.TimeType{Unit: unitOf(arrow.Millisecond)}),
		arrow.DURATION:     element(format.Int64, nil),
	}
})

func element(physical format.Type, logical format.LogicalTypeValue) (e format.SchemaElement) {
	e.Type = thrift.New(physical)
	e.LogicalType.Value = logical
	return e
}

func fixedElement(width int, logical format.LogicalTypeValue) format.SchemaElement {
	e := element(format.FixedLenByteArray, logical)
	e.TypeLength = thrift.New(int32(width))
	return e
}

func integerElement(bits int8, signed bool, older deprecated.ConvertedType) format.SchemaElement {
	physical := format.Int32
	if bits == 64 {
		physical = format.Int64
	}
	return converted(element(physical, &format.IntType{BitWidth: bits, IsSigned: signed}), older)
}

// converted adds the annotation that readers from before logical types look at.
func converted(e format.SchemaElement, older deprecated.ConvertedType) format.SchemaElement {
	e.ConvertedType = thrift.New(older)
	return e
}

// leafElement returns how Parquet describes the values of a type, without name and repetition.
func leafElement(dt arrow.DataType) (e format.SchemaElement, err error) {
	switch dt := dt.(type) {
	case *arrow.DictionaryType:
		if dt.ValueType.ID() == arrow.NULL || dt.ValueType.ID() == arrow.DICTIONARY {
			return e, fmt.Errorf("there is no type for %s in Parquet", scalar.DType(dt))
		}
		if _, nested := dt.ValueType.(arrow.NestedType); nested {
			return e, fmt.Errorf("there are no dictionaries of type %s in Parquet", dt.ValueType.Name())
		}
		return leafElement(dt.ValueType)
	case *arrow.FixedSizeBinaryType:
		if dt.ByteWidth < 1 {
			return e, errors.New("there are no values of no bytes in Parquet")
		}
		return fixedElement(dt.ByteWidth, nil), nil
	case arrow.DecimalType:
		return decimalElement(dt)
	case *arrow.Time64Type:
		return element(format.Int64, &format.TimeType{Unit: unitOf(dt.Unit)}), nil
	case *arrow.TimestampType:
		return timestampElement(dt), nil
	}
	e, ok := leafElements()[dt.ID()]
	if !ok {
		return e, fmt.Errorf("there is no type for %s in Parquet", scalar.DType(dt))
	}
	return e, nil
}

func timestampElement(dt *arrow.TimestampType) format.SchemaElement {
	e := element(format.Int64, &format.TimestampType{Unit: unitOf(dt.Unit), IsAdjustedToUTC: dt.TimeZone != ""})
	switch {
	case dt.TimeZone == "" || dt.Unit == arrow.Nanosecond:
		return e
	case dt.Unit == arrow.Microsecond:
		return converted(e, deprecated.TimestampMicros)
	}
	return converted(e, deprecated.TimestampMillis)
}

// unitOf returns a unit of time in Parquet. Seconds become milliseconds.
func unitOf(u arrow.TimeUnit) format.TimeUnit {
	switch u {
	case arrow.Microsecond:
		return format.TimeUnit{Value: &format.MicroSeconds{}}
	case arrow.Nanosecond:
		return format.TimeUnit{Value: &format.NanoSeconds{}}
	}
	return format.TimeUnit{Value: &format.MilliSeconds{}}
}

func decimalElement(dt arrow.DecimalType) (e format.SchemaElement, err error) {
	precision, scale := dt.GetPrecision(), dt.GetScale()
	if err := codec.CheckDecimal(dt); err != nil {
		return e, err
	}
	if scale < 0 || scale > precision {
		return e, fmt.Errorf("there are no decimals of precision %d and scale %d in Parquet", precision, scale)
	}
	// The fewest bytes for every number of so many digits and its sign.
	width := int(math.Ceil((float64(precision)*math.Log2(10) + 1) / 8))
	e = converted(fixedElement(width, &format.DecimalType{Precision: precision, Scale: scale}), deprecated.Decimal)
	e.Precision, e.Scale = thrift.New(precision), thrift.New(scale)
	return e, nil
}
