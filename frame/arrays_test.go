package frame_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/frame"
)

// eachType runs a test with an array of 17 rows and another of 11 of every type.
func eachType(t *testing.T, test func(t *testing.T, long, short arrow.Array)) {
	table := codectest.AllTypes()
	for i, f := range table.Schema.Fields() {
		t.Run(f.Name, func(t *testing.T) {
			test(t, table.RowGroups[2].Column(i), table.RowGroups[0].Column(i))
		})
	}
}

func checkRow(t *testing.T, got arrow.Array, at int, want arrow.Array, row int) {
	t.Helper()
	err := codectest.EqualArrays(array.NewSlice(want, int64(row), int64(row+1)), array.NewSlice(got, int64(at), int64(at+1)))
	if err != nil {
		t.Errorf("row %d: %v", at, err)
	}
}

func TestReplacedRowsHaveTheNewValuesAndTheOthersTheOld(t *testing.T) {
	for _, rows := range [][]int{{}, {0}, {16}, {0, 1, 2}, {3, 7, 8, 16}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}} {
		eachType(t, func(t *testing.T, long, short arrow.Array) {
			values := array.NewSlice(short, 0, int64(len(rows)))
			got, err := frame.ReplaceRows(long, rows, values)
			if err != nil {
				t.Fatal(err)
			}
			if got.Len() != long.Len() {
				t.Fatalf("%d rows instead of %d", got.Len(), long.Len())
			}
			for row := range got.Len() {
				if i := slices.Index(rows, row); i >= 0 {
					checkRow(t, got, row, values, i)
				} else {
					checkRow(t, got, row, long, row)
				}
			}
		})
	}
}

func TestRowsToReplaceAreAscendingAndInRange(t *testing.T) {
	arr, values := frame.MakeNulls(arrow.PrimitiveTypes.Int8, 5), frame.MakeNulls(arrow.PrimitiveTypes.Int8, 2)
	for _, rows := range [][]int{{1}, {2, 1}, {2, 2}, {-1, 2}, {1, 5}} {
		if _, err := frame.ReplaceRows(arr, rows, values); !errors.Is(err, codec.ErrMismatch) {
			t.Errorf("rows %d: the error is %v", rows, err)
		}
	}
}

func TestKeptRowsAreThoseOfTheSpans(t *testing.T) {
	for _, keep := range [][]frame.Span{{}, {{From: 0, To: 17}}, {{From: 1, To: 2}, {From: 4, To: 9}, {From: 16, To: 17}}} {
		eachType(t, func(t *testing.T, long, _ arrow.Array) {
			got, err := frame.KeepRows(long, keep)
			if err != nil {
				t.Fatal(err)
			}
			at := 0
			for _, s := range keep {
				for row := s.From; row < s.To; row++ {
					checkRow(t, got, at, long, row)
					at++
				}
			}
			if got.Len() != at {
				t.Errorf("%d rows instead of %d", got.Len(), at)
			}
		})
	}
}

func TestConcatenatedRowsFollowEachOther(t *testing.T) {
	eachType(t, func(t *testing.T, long, short arrow.Array) {
		got, err := frame.Concat([]arrow.Array{long, short, long})
		if err != nil {
			t.Fatal(err)
		}
		for at, want := range []arrow.Array{long, short, long} {
			from := []int{0, 17, 28}[at]
			if err := codectest.EqualArrays(want, array.NewSlice(got, int64(from), int64(from+want.Len()))); err != nil {
				t.Errorf("part %d: %v", at, err)
			}
		}
	})
}

func TestWhatDoesNotGoTogetherIsAMismatch(t *testing.T) {
	types := []arrow.Array{frame.MakeNulls(arrow.PrimitiveTypes.Int8, 1), frame.MakeNulls(arrow.PrimitiveTypes.Int16, 1)}
	if _, err := frame.Concat(types); !errors.Is(err, codec.ErrMismatch) {
		t.Errorf("two types: the error is %v", err)
	}
	var parts []arrow.Array
	dt := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}
	for part := range 2 {
		b := array.NewBuilder(memory.DefaultAllocator, dt).(*array.BinaryDictionaryBuilder)
		for i := range 100 {
			if err := b.AppendString(fmt.Sprint(part, "-", i)); err != nil {
				t.Fatal(err)
			}
		}
		parts = append(parts, b.NewArray())
	}
	if _, err := frame.Concat(parts); !errors.Is(err, codec.ErrMismatch) {
		t.Errorf("200 values with 8-bit indices: the error is %v", err)
	}
}

func TestACompactArrayKeepsNothingOfItsParent(t *testing.T) {
	eachType(t, func(t *testing.T, long, _ arrow.Array) {
		parent, err := frame.Concat(slices.Repeat([]arrow.Array{long}, 1900))
		if err != nil {
			t.Fatal(err)
		}
		slice := array.NewSlice(parent, 1000, 1017)
		got := frame.Compact(slice)
		if err := codectest.EqualArrays(slice, got); err != nil {
			t.Error(err)
		}
		if has := capacity(got.Data()); has > 40_000 {
			t.Errorf("17 rows keep %d bytes", has)
		}
		if has, want := frame.RawBytes(slice), frame.RawBytes(got); has != want {
			t.Errorf("the slice counts as %d bytes, and as %d once it is compact", has, want)
		}
	})
}

// capacity is the memory that data keeps alive.
func capacity(data arrow.ArrayData) int {
	n := 0
	for _, b := range data.Buffers() {
		if b != nil {
			n += cap(b.Bytes())
		}
	}
	for _, c := range data.Children() {
		n += capacity(c)
	}
	if data.DataType().ID() == arrow.DICTIONARY {
		n += capacity(data.Dictionary())
	}
	return n
}

func TestRawBytesAreThoseOfTheRows(t *testing.T) {
	numbers := array.NewInt64Builder(memory.DefaultAllocator)
	numbers.AppendValues(make([]int64, 100), nil)
	text := array.NewStringBuilder(memory.DefaultAllocator)
	text.AppendValues([]string{"a long word", "ab", "cde", ""}, nil)
	for _, c := range []struct {
		arr  arrow.Array
		want int64
	}{
		{array.NewSlice(numbers.NewArray(), 10, 20), 80},
		{array.NewSlice(text.NewArray(), 1, 3), 3*4 + 5},
		{array.NewNull(50), 0},
	} {
		if got := frame.RawBytes(c.arr); got != c.want {
			t.Errorf("%s: %d bytes instead of %d", c.arr.DataType(), got, c.want)
		}
	}
}

func BenchmarkReplaceRows(b *testing.B) {
	group := codectest.Generate(codec.RowGroupRows, 5, 1).RowGroups[0]
	for name, every := range map[string]int{"all": 1, "every second": 2, "one in 100": 100} {
		var rows []int
		for row := 0; row < codec.RowGroupRows; row += every {
			rows = append(rows, row)
		}
		for i, column := range group.Columns() {
			values := array.NewSlice(column, 0, int64(len(rows)))
			b.Run(fmt.Sprint(group.Schema().Field(i).Type, "/", name), func(b *testing.B) {
				for b.Loop() {
					if _, err := frame.ReplaceRows(column, rows, values); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
