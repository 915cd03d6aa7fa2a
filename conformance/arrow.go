//go:build !js

package conformance

import (
	"bytes"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// oddRecord has columns of types that text formats lack.
func oddRecord() arrow.Record {
	meta := arrow.NewMetadata([]string{"origin"}, []string{"conformance"})
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{
		{Name: "tiny", Type: arrow.PrimitiveTypes.Uint8},
		{Name: "price", Type: &arrow.Decimal128Type{Precision: 10, Scale: 2}, Nullable: true},
		{Name: "at", Type: &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "Europe/Madrid"}, Nullable: true},
		{Name: "tags", Type: arrow.ListOf(arrow.BinaryTypes.String), Nullable: true},
		{Name: "point", Type: arrow.StructOf(
			arrow.Field{Name: "x", Type: arrow.PrimitiveTypes.Float32, Nullable: true},
			arrow.Field{Name: "y", Type: arrow.PrimitiveTypes.Float32, Nullable: true},
		), Nullable: true},
		{Name: "color", Type: &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}, Nullable: true},
		{Name: "day", Type: arrow.FixedWidthTypes.Date32, Nullable: true},
		{Name: "raw", Type: arrow.BinaryTypes.Binary, Nullable: true},
	}, &meta))
	b.Field(0).(*array.Uint8Builder).AppendValues([]uint8{0, 255, 7}, nil)
	b.Field(1).(*array.Decimal128Builder).AppendValues([]decimal128.Num{decimal128.FromI64(1999), decimal128.FromI64(-1), decimal128.FromI64(0)}, []bool{true, true, false})
	b.Field(2).(*array.TimestampBuilder).AppendValues([]arrow.Timestamp{0, 1_700_000_000_123_456_789, 0}, []bool{true, true, false})
	tags := b.Field(3).(*array.ListBuilder)
	words := tags.ValueBuilder().(*array.StringBuilder)
	tags.Append(true)
	words.AppendValues([]string{"a", "b"}, nil)
	tags.AppendNull()
	tags.Append(true)
	points := b.Field(4).(*array.StructBuilder)
	for i, valid := range []bool{true, false, true} {
		points.Append(valid)
		for f := range 2 {
			axis := points.FieldBuilder(f).(*array.Float32Builder)
			if valid {
				axis.Append(float32(i) + 0.5*float32(f))
			} else {
				axis.AppendNull()
			}
		}
	}
	colors := b.Field(5).(*array.BinaryDictionaryBuilder)
	must(colors.AppendString("red"))
	must(colors.AppendString("blue"))
	must(colors.AppendString("red"))
	b.Field(6).(*array.Date32Builder).AppendValues([]arrow.Date32{0, 19_782, -1}, nil)
	b.Field(7).(*array.BinaryBuilder).AppendValues([][]byte{{0, 255}, {}, nil}, []bool{true, true, false})
	return b.NewRecord()
}

// endlessRecord declares 2^40 rows, which take no bytes.
func endlessRecord() arrow.Record {
	const rows = 1 << 40
	schema := arrow.NewSchema([]arrow.Field{{Name: "nothing", Type: arrow.Null, Nullable: true}}, nil)
	return array.NewRecord(schema, []arrow.Array{array.NewNull(rows)}, rows)
}

// twinsRecord has two columns with the same name.
func twinsRecord() arrow.Record {
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{
		{Name: "a", Type: arrow.PrimitiveTypes.Int64},
		{Name: "a", Type: arrow.PrimitiveTypes.Int64},
	}, nil))
	b.Field(0).(*array.Int64Builder).Append(1)
	b.Field(1).(*array.Int64Builder).Append(2)
	return b.NewRecord()
}

// arrowBomb is a stream of a few kilobytes that unpacks to 512 MiB of zeros.
func arrowBomb() []byte {
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{{Name: "zeros", Type: arrow.PrimitiveTypes.Int64}}, nil))
	b.Field(0).(*array.Int64Builder).AppendValues(make([]int64, 8<<20), nil)
	rec := b.NewRecord()
	var out bytes.Buffer
	w := ipc.NewWriter(&out, ipc.WithSchema(rec.Schema()), ipc.WithZstd())
	for range 8 {
		must(w.Write(rec))
	}
	must(w.Close())
	return out.Bytes()
}

// oneBatch is a stream of one record batch with that many integers.
func oneBatch(rows int) []byte {
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64}}, nil))
	b.Field(0).(*array.Int64Builder).AppendValues(make([]int64, rows), nil)
	var out bytes.Buffer
	rec := b.NewRecord()
	w := ipc.NewWriter(&out, ipc.WithSchema(rec.Schema()))
	must(w.Write(rec))
	must(w.Close())
	return out.Bytes()
}
