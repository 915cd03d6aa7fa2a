package codec

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// benchTable has integers, floats, text of few different values, booleans and dates in
// turn, with some values missing.
func benchTable(rows, columns int) *Table {
	random := rand.New(rand.NewPCG(1, 2))
	fields := make([]arrow.Field, columns)
	arrays := make([]arrow.Array, columns)
	types := []arrow.DataType{
		arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Float64, arrow.BinaryTypes.String,
		arrow.FixedWidthTypes.Boolean, arrow.FixedWidthTypes.Date32,
	}
	for c := range columns {
		fields[c] = arrow.Field{Name: fmt.Sprintf("column_%d", c), Type: types[c%len(types)], Nullable: true}
		b := array.NewBuilder(memory.DefaultAllocator, fields[c].Type)
		for range rows {
			if random.IntN(20) == 0 {
				b.AppendNull()
				continue
			}
			switch b := b.(type) {
			case *array.Int64Builder:
				b.Append(random.Int64N(1_000_000))
			case *array.Float64Builder:
				b.Append(random.NormFloat64())
			case *array.StringBuilder:
				b.Append(fmt.Sprintf("category %d", random.IntN(20)))
			case *array.BooleanBuilder:
				b.Append(random.IntN(2) == 0)
			case *array.Date32Builder:
				b.Append(arrow.Date32(random.IntN(20_000)))
			}
		}
		arrays[c] = b.NewArray()
	}
	schema := arrow.NewSchema(fields, nil)
	return &Table{Schema: schema, RowGroups: []arrow.Record{newRecord(schema, arrays, uint32(rows))}}
}

func BenchmarkJSONDecode(b *testing.B) {
	table := benchTable(10_000, 50)
	for _, orient := range Orients {
		b.Run(string(orient), func(b *testing.B) { benchmarkDecode(b, jsonFormat, appendJSON(nil, table, orient)) })
	}
}

func BenchmarkNDJSONDecode(b *testing.B) {
	var buf bytes.Buffer
	if err := ndjsonFormat.Encode(&buf, benchTable(10_000, 50), WriteOptions{}); err != nil {
		b.Fatal(err)
	}
	benchmarkDecode(b, ndjsonFormat, buf.Bytes())
}

func benchmarkDecode(b *testing.B, f *Format, data []byte) {
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Decode(data, ReadOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkJSONPage(b *testing.B) {
	table := benchTable(100, 50)
	for _, orient := range Orients {
		b.Run(string(orient), func(b *testing.B) {
			var page []byte
			b.ReportAllocs()
			for b.Loop() {
				page = appendJSON(page[:0], table, orient)
			}
			b.SetBytes(int64(len(page)))
		})
	}
}

func BenchmarkJSONEncode(b *testing.B) {
	table := benchTable(10_000, 50)
	b.SetBytes(int64(len(appendJSON(nil, table, Records))))
	b.ReportAllocs()
	for b.Loop() {
		if err := jsonFormat.Encode(io.Discard, table, WriteOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}
