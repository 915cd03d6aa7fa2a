package codectest

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// AllTypes returns a table with a column of every Arrow type that arrow-go v17 can read,
// with missing values, empty and long text, metadata on schema and fields, and row groups
// of several sizes whose dictionaries differ. Its arrays are slices of larger ones.
func AllTypes() *codec.Table {
	fields := allFields()
	metadata := arrow.NewMetadata([]string{"origin", "empty"}, []string{"every type there is", ""})
	t := &codec.Table{Schema: arrow.NewSchema(fields, &metadata)}
	first := 0
	for _, rows := range []int{11, 1, 17} {
		columns := make([]arrow.Array, len(fields))
		for i, f := range fields {
			// Three values before and two after belong to the array but not to the table.
			columns[i] = array.NewSlice(values(f.Type, first, rows+5), 3, int64(rows+3))
		}
		t.RowGroups = append(t.RowGroups, array.NewRecord(t.Schema, columns, int64(rows)))
		first += rows
	}
	return t
}

func allFields() []arrow.Field {
	types := append(flatTypes(), nestedTypes()...)
	types = append(types, dictionaryTypes()...)
	fields := make([]arrow.Field, len(types))
	for i, dt := range types {
		fields[i] = arrow.Field{Name: scalar.DType(dt), Type: dt, Nullable: true}
	}
	fields[2].Metadata = arrow.NewMetadata([]string{"unit"}, []string{"metres"})
	return append(fields,
		arrow.Field{
			Name: "unregistered extension", Type: &arrow.FixedSizeBinaryType{ByteWidth: 16}, Nullable: true,
			Metadata: arrow.NewMetadata([]string{"ARROW:extension:name", "ARROW:extension:metadata"}, []string{"example.uuid", "{}"}),
		},
	)
}

func flatTypes() []arrow.DataType {
	types := []arrow.DataType{
		arrow.Null, arrow.FixedWidthTypes.Boolean,
		arrow.PrimitiveTypes.Int8, arrow.PrimitiveTypes.Int16, arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Int64,
		arrow.PrimitiveTypes.Uint8, arrow.PrimitiveTypes.Uint16, arrow.PrimitiveTypes.Uint32, arrow.PrimitiveTypes.Uint64,
		arrow.FixedWidthTypes.Float16, arrow.PrimitiveTypes.Float32, arrow.PrimitiveTypes.Float64,
		&arrow.Decimal128Type{Precision: 38, Scale: 10}, &arrow.Decimal256Type{Precision: 76, Scale: -3},
		arrow.BinaryTypes.String, arrow.BinaryTypes.LargeString, arrow.BinaryTypes.StringView,
		arrow.BinaryTypes.Binary, arrow.BinaryTypes.LargeBinary, arrow.BinaryTypes.BinaryView,
		&arrow.FixedSizeBinaryType{ByteWidth: 5},
		arrow.FixedWidthTypes.Date32, arrow.FixedWidthTypes.Date64,
		arrow.FixedWidthTypes.Time32s, arrow.FixedWidthTypes.Time32ms, arrow.FixedWidthTypes.Time64us, arrow.FixedWidthTypes.Time64ns,
		arrow.FixedWidthTypes.MonthInterval, arrow.FixedWidthTypes.DayTimeInterval, arrow.FixedWidthTypes.MonthDayNanoInterval,
	}
	for _, unit := range []arrow.TimeUnit{arrow.Second, arrow.Millisecond, arrow.Microsecond, arrow.Nanosecond} {
		types = append(types, &arrow.DurationType{Unit: unit}, &arrow.TimestampType{Unit: unit},
			&arrow.TimestampType{Unit: unit, TimeZone: "America/Mexico_City"})
	}
	return types
}

func nestedTypes() []arrow.DataType {
	text, number := arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int32
	optional := func(name string, dt arrow.DataType) arrow.Field {
		return arrow.Field{Name: name, Type: dt, Nullable: true}
	}
	members := []arrow.Field{optional("number", number), optional("text", text)}
	codes := []arrow.UnionTypeCode{5, 0}
	return []arrow.DataType{
		arrow.ListOf(text), arrow.LargeListOf(number), arrow.FixedSizeListOf(3, number),
		arrow.ListViewOf(text), arrow.LargeListViewOf(number),
		arrow.StructOf(members...), arrow.StructOf(), arrow.MapOf(text, number),
		arrow.RunEndEncodedOf(arrow.PrimitiveTypes.Int16, text), arrow.RunEndEncodedOf(arrow.PrimitiveTypes.Int32, number),
		arrow.RunEndEncodedOf(arrow.PrimitiveTypes.Int64, arrow.FixedWidthTypes.Boolean),
		arrow.SparseUnionOf(members, codes), arrow.DenseUnionOf(members, codes),
		arrow.ListOf(arrow.StructOf(optional("inner", arrow.ListOf(arrow.StructOf(members...))), optional("view", arrow.BinaryTypes.StringView))),
		arrow.StructOf(optional("union", arrow.DenseUnionOf(members, codes)), optional("map", arrow.MapOf(text, arrow.ListOf(text)))),
	}
}

func dictionaryTypes() []arrow.DataType {
	of := func(index, value arrow.DataType) *arrow.DictionaryType {
		return &arrow.DictionaryType{IndexType: index, ValueType: value}
	}
	ordered := of(arrow.PrimitiveTypes.Int32, arrow.BinaryTypes.String)
	ordered.Ordered = true
	return []arrow.DataType{
		of(arrow.PrimitiveTypes.Int8, arrow.BinaryTypes.String),
		of(arrow.PrimitiveTypes.Uint8, arrow.BinaryTypes.LargeString),
		of(arrow.PrimitiveTypes.Int16, arrow.PrimitiveTypes.Int64),
		of(arrow.PrimitiveTypes.Uint16, arrow.PrimitiveTypes.Float64),
		ordered,
		of(arrow.PrimitiveTypes.Uint32, arrow.FixedWidthTypes.Date32),
		of(arrow.PrimitiveTypes.Int64, arrow.BinaryTypes.Binary),
		of(arrow.PrimitiveTypes.Uint64, arrow.FixedWidthTypes.Boolean),
		of(arrow.PrimitiveTypes.Int8, &arrow.Decimal128Type{Precision: 10, Scale: 2}),
		of(arrow.PrimitiveTypes.Int8, arrow.BinaryTypes.StringView),
		of(arrow.PrimitiveTypes.Int16, arrow.ListOf(arrow.PrimitiveTypes.Int64)),
		arrow.ListOf(of(arrow.PrimitiveTypes.Int8, arrow.BinaryTypes.String)),
		arrow.StructOf(arrow.Field{Name: "level", Type: ordered, Nullable: true}),
	}
}

// values returns n values of type dt, from number from on of the sequence of values for the type.
func values(dt arrow.DataType, from, n int) arrow.Array {
	switch dt := dt.(type) {
	case *arrow.DictionaryType:
		return dictionaryValues(dt, from, n)
	case *arrow.ListType:
		if dt.Elem().ID() == arrow.DICTIONARY {
			return listValues(dt, from, n)
		}
	case *arrow.StructType:
		if dt.NumFields() == 1 {
			child := values(dt.Field(0).Type, from, n)
			return array.NewStructData(array.NewData(dt, n, []*memory.Buffer{nil}, []arrow.ArrayData{child.Data()}, 0, 0))
		}
	}
	b := array.NewBuilder(memory.DefaultAllocator, dt)
	for k := range n {
		appendValue(b, from+k)
	}
	return b.NewArray()
}

// dictionaryValues returns indices into a dictionary that starts with another value for each from.
func dictionaryValues(dt *arrow.DictionaryType, from, n int) arrow.Array {
	b := array.NewBuilder(memory.DefaultAllocator, dt.ValueType)
	for k := range 4 {
		appendValue(b, 100+from+2*k)
	}
	indices := array.NewBuilder(memory.DefaultAllocator, dt.IndexType)
	for k := range n {
		if (from+k)%5 == 3 {
			indices.AppendNull()
		} else {
			appendInteger(indices, int64(from+k)%4)
		}
	}
	return array.NewDictionaryArray(dt, indices.NewArray(), b.NewArray())
}

// listValues returns n lists, of zero to two elements in turn.
func listValues(dt *arrow.ListType, from, n int) arrow.Array {
	ends := make([]int32, n+1)
	for k := range n {
		ends[k+1] = ends[k] + int32((from+k)%3)
	}
	child := values(dt.Elem(), from, int(ends[n]))
	buffers := []*memory.Buffer{nil, memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(ends))}
	return array.NewListData(array.NewData(dt, n, buffers, []arrow.ArrayData{child.Data()}, 0, 0))
}
