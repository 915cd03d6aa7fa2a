//go:build !js

package frame

import (
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec"
)

// wideTable is a table of a million rows and ten columns: integers, floats, few texts, booleans and dates, twice. Every
// tenth cell of c6 is missing.
func wideTable() *Frame {
	r := rand.New(rand.NewPCG(1, 1))
	words := []string{"red", "green", "blue", "yellow", "orange", "violet", "black", "white"}
	types := []arrow.DataType{arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Float64, arrow.BinaryTypes.String, arrow.FixedWidthTypes.Boolean, arrow.FixedWidthTypes.Date32}
	var fields []arrow.Field
	for i := range 10 {
		fields = append(fields, arrow.Field{Name: "c" + string(rune('0'+i)), Type: types[i%5], Nullable: true})
	}
	schema := arrow.NewSchema(fields, nil)
	t := &codec.Table{Schema: schema}
	for rows := 1_000_000; rows > 0; rows -= codec.RowGroupRows {
		b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		for i := range min(rows, codec.RowGroupRows) {
			for c := 0; c < 10; c += 5 {
				b.Field(c).(*array.Int64Builder).Append(r.Int64N(1_000_000))
				if c == 5 && i%10 == 0 {
					b.Field(c + 1).AppendNull()
				} else {
					b.Field(c + 1).(*array.Float64Builder).Append(float64(int(r.NormFloat64()*1e8)) / 1e6)
				}
				b.Field(c + 2).(*array.StringBuilder).Append(words[r.IntN(len(words))])
				b.Field(c + 3).(*array.BooleanBuilder).Append(r.IntN(2) == 0)
				b.Field(c + 4).(*array.Date32Builder).Append(arrow.Date32(r.IntN(9000)))
			}
		}
		t.RowGroups = append(t.RowGroups, b.NewRecord())
	}
	return FromTable(t, codec.Limits{})
}

func BenchmarkOperationsOnAWideTable(b *testing.B) {
	of := wideTable()
	for _, bb := range []struct{ name, operation string }{
		{"sort by text and float", `{"op":"sort","by":[{"column":"c2"},{"column":"c1","descending":true}]}`},
		{"sort by two integers", `{"op":"sort","by":[{"column":"c4"},{"column":"c0"}]}`},
		{"filter, half of the rows", `{"op":"filter","where":{"column":"c0","cmp":"ge","value":500000}}`},
		{"filter, an eighth of the rows", `{"op":"filter","where":{"column":"c2","cmp":"eq","value":"red"}}`},
		{"drop duplicates, two columns", `{"op":"drop_duplicates","columns":["c2","c4"]}`},
		{"drop duplicates, all columns", `{"op":"drop_duplicates"}`},
		{"drop missing", `{"op":"drop_missing"}`},
	} {
		ops, err := parse(b, "["+bb.operation+"]")
		if err != nil {
			b.Fatal(err)
		}
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			before := processorTime(b)
			for b.Loop() {
				if _, err := Apply(of.Clone(), ops); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((processorTime(b)-before).Milliseconds())/float64(b.N), "CPU-ms/op")
		})
	}
}

// processorTime is the CPU time of this process until now. It depends less than time on what else runs.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
