package frame

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec"
)

// TestDuplicatesOfManyRowsAreThoseOfAMap is about more rows than are searched at once, in row groups of several sizes.
func TestDuplicatesOfManyRowsAreThoseOfAMap(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "number", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
		{Name: "text", Type: arrow.BinaryTypes.String, Nullable: true},
	}, nil)
	table, keys := &codec.Table{Schema: schema}, []string(nil)
	for _, rows := range []int{1, codec.RowGroupRows, 3*duplicatePart + 5, 100} {
		b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		for range rows {
			number, text := r.IntN(200), r.IntN(200)
			if number == 0 {
				b.Field(0).AppendNull()
			} else {
				b.Field(0).(*array.Float64Builder).Append(float64(number))
			}
			if text == 0 {
				b.Field(1).AppendNull()
			} else {
				b.Field(1).(*array.StringBuilder).Append(fmt.Sprintf("%*d", 1+text%30, text))
			}
			keys = append(keys, fmt.Sprint(number, text))
		}
		table.RowGroups = append(table.RowGroups, b.NewRecord())
	}
	first, last := map[string]int{}, map[string]int{}
	for row, key := range keys {
		if _, known := first[key]; !known {
			first[key] = row
		}
		last[key] = row
	}
	f := FromTable(table, codec.Limits{})
	digests, err := f.digests([]int{0, 1})
	if err != nil {
		t.Fatal(err)
	}
	for keep, stays := range map[string]func(row int, key string) bool{
		"":     func(row int, key string) bool { return first[key] == row },
		"last": func(row int, key string) bool { return last[key] == row },
		"none": func(_ int, key string) bool { return first[key] == last[key] },
	} {
		gone, err := f.duplicated(digests, keep)
		if err != nil {
			t.Fatal(err)
		}
		want := make([]bool, len(keys))
		for row, key := range keys {
			want[row] = !stays(row, key)
		}
		if !slices.Equal(gone, want) {
			t.Errorf("keep %q: %d rows are duplicates, want %d", keep, len(rowsOf(gone)), len(rowsOf(want)))
		}
	}
}

// TestSortedRowsOfManyGroupsAreThoseOfASort is about row groups that end within a block of homes.
func TestSortedRowsOfManyGroupsAreThoseOfASort(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	schema := arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64}, {Name: "row", Type: arrow.PrimitiveTypes.Int32}}, nil)
	table, all := &codec.Table{Schema: schema}, []int64(nil)
	for _, rows := range []int{3, 1 << homeBits, 1, 1, 5000, 1<<homeBits - 1} {
		b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		for range rows {
			n := r.Int64N(2000)
			b.Field(0).(*array.Int64Builder).Append(n)
			b.Field(1).(*array.Int32Builder).Append(int32(len(all)))
			all = append(all, n)
		}
		table.RowGroups = append(table.RowGroups, b.NewRecord())
	}
	want := make([]int32, len(all))
	for i := range want {
		want[i] = int32(i)
	}
	slices.SortStableFunc(want, func(a, b int32) int { return int(all[b] - all[a]) })
	f := FromTable(table, codec.Limits{})
	if err := (&sortRows{By: []SortKey{{Column: "n", Descending: true}}}).apply(f); err != nil {
		t.Fatal(err)
	}
	var got []int32
	for g, chunk := range f.Columns[1].Chunks {
		if chunk.Data.Len() != int(table.RowGroups[g].NumRows()) {
			t.Errorf("row group %d has %d rows, want %d", g, chunk.Data.Len(), table.RowGroups[g].NumRows())
		}
		got = append(got, chunk.Data.(*array.Int32).Int32Values()...)
	}
	if !slices.Equal(got, want) {
		t.Error("the rows are in another order")
	}
}
