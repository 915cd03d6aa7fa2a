package codectest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec"
)

// BenchTable has integers, floats, text of few different values, booleans and dates in
// turn, with some values missing.
func BenchTable(rows, columns int) *codec.Table {
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
	return &codec.Table{Schema: schema, RowGroups: []arrow.Record{codec.NewRecord(schema, arrays, uint32(rows))}}
}

// BenchCSV has whole numbers, floats with a few decimals, text of few different values,
// booleans and dates in turn, as a CSV file of a survey would.
func BenchCSV(rows, columns int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	cities := []string{"Lima", "Bogotá", "Quito", "La Paz", "Santiago", "Montevideo", "Caracas"}
	var b bytes.Buffer
	for c := range columns {
		fmt.Fprintf(&b, "column_%d%c", c, Separator(c, columns))
	}
	for range rows {
		for c := range columns {
			switch c % 5 {
			case 0:
				fmt.Fprint(&b, random.IntN(1_000_000))
			case 1:
				fmt.Fprintf(&b, "%.3f", random.NormFloat64()*100)
			case 2:
				b.WriteString(cities[random.IntN(len(cities))])
			case 3:
				fmt.Fprint(&b, random.IntN(2) == 0)
			case 4:
				fmt.Fprintf(&b, "20%02d-%02d-%02d", random.IntN(25), 1+random.IntN(12), 1+random.IntN(28))
			}
			b.WriteByte(Separator(c, columns))
		}
	}
	return b.Bytes()
}

// Separator is the byte after the field of a column.
func Separator(c, columns int) byte {
	if c == columns-1 {
		return '\n'
	}
	return ','
}

// BenchmarkDecode measures how long f takes to decode data.
func BenchmarkDecode(b *testing.B, f *codec.Format, data []byte) {
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Decode(data, codec.ReadOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}
