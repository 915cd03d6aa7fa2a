package frame

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec"
)

// flights is a table of 3 million rows: numbers of two bytes, floats, and few texts.
func flights() *Frame {
	r := rand.New(rand.NewPCG(1, 1))
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "delay", Type: arrow.PrimitiveTypes.Int16, Nullable: true},
		{Name: "distance", Type: arrow.PrimitiveTypes.Int16},
		{Name: "time", Type: arrow.PrimitiveTypes.Float32},
		{Name: "carrier", Type: arrow.BinaryTypes.String},
	}, nil)
	t := &codec.Table{Schema: schema}
	for rows := 3_000_000; rows > 0; rows -= codec.RowGroupRows {
		b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		for range min(rows, codec.RowGroupRows) {
			if r.IntN(50) == 0 {
				b.Field(0).AppendNull()
			} else {
				b.Field(0).(*array.Int16Builder).Append(int16(r.IntN(300) - 60))
			}
			b.Field(1).(*array.Int16Builder).Append(int16(r.IntN(3000)))
			b.Field(2).(*array.Float32Builder).Append(r.Float32() * 24)
			b.Field(3).(*array.StringBuilder).Append(fmt.Sprintf("carrier %d", r.IntN(20)))
		}
		t.RowGroups = append(t.RowGroups, b.NewRecord())
	}
	return FromTable(t, codec.Limits{})
}

func BenchmarkQueries(b *testing.B) {
	f := flights()
	for _, text := range []string{
		`{"where":{"and":[{"column":"delay","cmp":"gt","value":60},{"column":"distance","cmp":"lt","value":500}]}}`,
		`{"where":{"column":"carrier","cmp":"matches","value":"r 1[0-5]$"}}`,
		`{"sort":["-delay","distance"]}`,
		`{"sort":["carrier","-time"]}`,
		`{"group":{"by":["carrier"],"aggregates":[{"column":"delay","fn":"mean"},{"column":"distance","fn":"max"},{"fn":"count"}]}}`,
		`{"group":{"by":["carrier"],"aggregates":[{"column":"time","fn":"median"},{"column":"delay","fn":"std"},{"column":"delay","fn":"count_distinct"}]}}`,
		`{"histogram":{"column":"delay","bins":20}}`,
		`{"distinct":{"column":"carrier"}}`,
	} {
		b.Run(text, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := runQuery(f, text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
