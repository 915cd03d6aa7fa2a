// Package codectest makes and compares tables for tests and benchmarks.
package codectest

import (
	"fmt"
	"math/rand/v2"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec"
)

// generated are the types of the columns of [Generate], in turn.
var generated = []arrow.DataType{
	arrow.PrimitiveTypes.Int64,
	arrow.PrimitiveTypes.Float64,
	arrow.BinaryTypes.String,
	arrow.FixedWidthTypes.Boolean,
	arrow.FixedWidthTypes.Date32,
}

var words = []string{"alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"}

// Generate returns a table of integers, floats, low-cardinality text, booleans and dates in
// turn, one value in 20 of them missing. The same arguments always give the same table.
func Generate(rows, cols int, seed uint64) *codec.Table {
	random := rand.New(rand.NewPCG(seed, 0))
	fields := make([]arrow.Field, cols)
	for i := range fields {
		fields[i] = arrow.Field{Name: fmt.Sprintf("column_%d", i+1), Type: generated[i%len(generated)], Nullable: true}
	}
	t := &codec.Table{Schema: arrow.NewSchema(fields, nil)}
	for from := 0; from < rows; from += codec.RowGroupRows {
		n := min(rows-from, codec.RowGroupRows)
		columns := make([]arrow.Array, cols)
		for i, f := range fields {
			columns[i] = generateColumn(random, f.Type, n)
		}
		t.RowGroups = append(t.RowGroups, array.NewRecord(t.Schema, columns, int64(n)))
	}
	return t
}

func generateColumn(random *rand.Rand, dt arrow.DataType, n int) arrow.Array {
	b := array.NewBuilder(memory.DefaultAllocator, dt)
	b.Reserve(n)
	for range n {
		if random.IntN(20) == 0 {
			b.AppendNull()
			continue
		}
		switch b := b.(type) {
		case *array.Int64Builder:
			b.Append(random.Int64N(1_000_000))
		case *array.Float64Builder:
			b.Append(float64(random.IntN(1_000_000)) / 1000)
		case *array.StringBuilder:
			b.Append(words[random.IntN(len(words))])
		case *array.BooleanBuilder:
			b.Append(random.IntN(2) == 1)
		case *array.Date32Builder:
			b.Append(arrow.Date32(10_000 + random.IntN(10_000)))
		}
	}
	return b.NewArray()
}
