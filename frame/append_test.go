package frame

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/scalar"
)

func TestAppendMatchesColumnsByName(t *testing.T) {
	b := sample(t)
	more := table(t,
		column{"n", "null", []string{`[null]`, `[null]`}},
		column{"b", "utf8", []string{`["p"]`, `[null]`}},
		column{"a", "int64", []string{`[6]`, `[7]`}},
	)
	if err := Append(b.Frame, more); err != nil {
		t.Fatal(err)
	}
	b.check(t)
	want := []string{
		`a int64 [1,2,3]= [4,null,6,7]`,
		`b utf8 ["x","y","z"]= ["u","v","p",null]`,
		`n null [null,null,null]= [null,null,null,null]`,
		markA, markB,
	}
	if diff := cmp.Diff(want, b.show(t)); diff != "" {
		t.Error(diff)
	}
}

func TestAppendLoadsTheLastRowGroupOnly(t *testing.T) {
	b := sample(t)
	more := table(t, column{"a", "int64", []string{`[6]`}}, column{"b", "utf8", []string{`["p"]`}}, column{"n", "null", []string{`[null]`}})
	if err := Append(b.Frame, more); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a/1 b/1 n/1"}, b.loads); diff != "" {
		t.Error(diff)
	}
}

func TestAppendOfNoRowsChangesNothing(t *testing.T) {
	b := sample(t)
	more := table(t, column{"a", "int64", nil}, column{"b", "utf8", nil}, column{"n", "null", nil})
	if err := Append(b.Frame, more); err != nil {
		t.Fatal(err)
	}
	if len(b.loads) > 0 {
		t.Errorf("loaded %q", b.loads)
	}
	if diff := cmp.Diff([]string{sameA, sameB, sameN, markA, markB}, b.show(t)); diff != "" {
		t.Error(diff)
	}
}

func TestAppendFitsValuesToTheColumn(t *testing.T) {
	tests := []struct {
		name                    string
		dtype, have, from, more string
		want                    string
	}{
		{"integers in a float column", "float64", `[1.5]`, "int64", `[2,null]`, `[1.5,2.0,null]`},
		{"whole floats in an integer column", "int64", `[1]`, "float64", `[2,-3,null]`, `[1,2,-3,null]`},
		{"small integers in a wide column", "int64", `[1]`, "int8", `[2]`, `[1,2]`},
		{"wide integers in a small column where they fit", "int8", `[1]`, "int64", `[127]`, `[1,127]`},
		{"text in a date column", "date32", `["2026-01-18"]`, "utf8", `["1969-12-31",null]`, `["2026-01-18","1969-12-31",null]`},
		{"text in a timestamp column", "timestamp[us]", `["2026-01-18T10:30:00"]`, "utf8", `["2026-01-18T10:30:01"]`, `["2026-01-18T10:30:00","2026-01-18T10:30:01"]`},
		{"integers in a text column", "utf8", `["a"]`, "int64", `[7,null]`, `["a","7",null]`},
		{"floats in a text column", "utf8", `["a"]`, "float64", `[1.5,null]`, `["a","1.5",null]`},
		{"booleans in a text column", "utf8", `["a"]`, "bool", `[true]`, `["a","true"]`},
		{"decimals in a text column", "utf8", `["a"]`, "decimal(4, 2)", `["1.50"]`, `["a","1.50"]`},
		{"times in a text column", "utf8", `["a"]`, "timestamp[us]", `["2026-01-18T10:30:00"]`, `["a","2026-01-18T10:30:00"]`},
		{"integers as text in an integer column", "int64", `[1]`, "utf8", `["9007199254740993"]`, `[1,9007199254740993]`},
		{"dates in a text column", "utf8", `["a"]`, "date32", `["2026-01-18"]`, `["a","2026-01-18"]`},
		{"text in a dictionary", "dictionary", `["a"]`, "utf8", `["b","a",null]`, `["a","b","a",null]`},
		{"a dictionary in a text column", "utf8", `["a"]`, "dictionary", `["b"]`, `["a","b"]`},
		{"nulls in any column", "bool", `[true]`, "null", `[null]`, `[true,null]`},
		{"first values in a column that had none", "null", `[null]`, "int64", `[5]`, `[null,5]`},
		{"more nulls in a column that has none but nulls", "null", `[null]`, "null", `[null]`, `[null,null]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := stored(t, column{"c", tt.dtype, []string{tt.have}})
			if err := Append(b.Frame, table(t, column{"c", tt.from, []string{tt.more}})); err != nil {
				t.Fatal(err)
			}
			b.check(t)
			got := codectest.JSONArray(b.Columns[0].Chunks[0].Data)
			if got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

func TestAppendRefusesWhatDoesNotFit(t *testing.T) {
	tests := []struct {
		name              string
		dtype, from, more string
	}{
		{"fractions in an integer column", "int64", "float64", `[1.5]`},
		{"integers out of range", "int8", "int64", `[128]`},
		{"integers that a float cannot hold", "float64", "int64", `[9007199254740993]`},
		{"text that is no date", "date32", "utf8", `["soon"]`},
		{"text in an integer column", "int64", "utf8", `["x"]`},
		{"booleans in an integer column", "int64", "bool", `[true]`},
		{"numbers in a boolean column", "bool", "int64", `[1]`},
		{"binary in a text column", "utf8", "binary", `["AAEC"]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := stored(t, column{"c", tt.dtype, []string{`[null]`}})
			err := Append(b.Frame, table(t, column{"c", tt.from, []string{tt.more}}))
			if !errors.Is(err, codec.ErrMismatch) || !strings.Contains(err.Error(), `column "c"`) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestAppendRefusesOtherColumns(t *testing.T) {
	one := []string{`[1]`}
	tests := []struct {
		name    string
		columns []column
		want    string
	}{
		{"a column too many", []column{{"a", "int64", one}, {"b", "int64", one}, {"c", "int64", one}}, `"c" is not in the table`},
		{"a column too few", []column{{"a", "int64", one}}, `"b" is missing`},
		{"another spelling", []column{{"a", "int64", one}, {"B", "int64", one}}, `"B" is not in the table`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := stored(t, column{"a", "int64", one}, column{"b", "int64", one})
			err := Append(b.Frame, table(t, tt.columns...))
			if !errors.Is(err, codec.ErrMismatch) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

// counting returns a table of one column with the numbers from..to in a single record.
func counting(from, to int) *codec.Table {
	b := array.NewInt64Builder(memory.DefaultAllocator)
	for i := from; i < to; i++ {
		b.Append(int64(i))
	}
	schema := arrow.NewSchema([]arrow.Field{{Name: "i", Type: arrow.PrimitiveTypes.Int64}}, nil)
	return &codec.Table{Schema: schema, RowGroups: []arrow.Record{array.NewRecord(schema, []arrow.Array{b.NewArray()}, int64(to-from))}}
}

func TestAppendFillsTheLastRowGroupBeforeItBeginsOthers(t *testing.T) {
	const full = codec.RowGroupRows
	tests := []struct {
		name       string
		have, more int
		want       []int
		stored     bool
	}{
		{"a row in a full one's wake", full, 1, []int{full, 1}, true},
		{"what just fits", full - 10, 10, []int{full}, false},
		{"one row more than fits", full - 10, 11, []int{full, 1}, false},
		{"more than two row groups", 10, 2*full + 5, []int{full, full, 15}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := asStored(counting(0, tt.have))
			if err := Append(b.Frame, counting(tt.have, tt.have+tt.more)); err != nil {
				t.Fatal(err)
			}
			b.check(t)
			if diff := cmp.Diff(tt.want, b.Rows); diff != "" {
				t.Error(diff)
			}
			if got := b.Columns[0].Chunks[0].Stored; got != tt.stored {
				t.Errorf("the first chunk is stored: %v", got)
			}
			next := int64(0)
			for _, chunk := range b.Columns[0].Chunks {
				for _, v := range chunk.Data.(*array.Int64).Int64Values() {
					if v != next {
						t.Fatalf("value %d where %d should be", v, next)
					}
					next++
				}
			}
		})
	}
}

func TestAppendedChunksKeepNoLargerArrayAlive(t *testing.T) {
	b := asStored(counting(0, codec.RowGroupRows))
	if err := Append(b.Frame, counting(0, codec.RowGroupRows+1)); err != nil {
		t.Fatal(err)
	}
	chunk := b.Columns[0].Chunks[2].Data
	if size := chunk.Data().SizeInBytes(); chunk.Len() != 1 || size > 100 {
		t.Errorf("%d values take %d bytes", chunk.Len(), size)
	}
}

func TestReplaceTakesTheWholeTable(t *testing.T) {
	b := sample(t)
	Replace(b.Frame, table(t, column{"z", "bool", []string{`[true]`}}))
	b.check(t)
	if diff := cmp.Diff([]string{`z bool [true]`}, b.show(t)); diff != "" {
		t.Error(diff)
	}
	if len(b.loads) > 0 {
		t.Errorf("loaded %q", b.loads)
	}
}

func TestAppendRefusesNumbersThatOnlyFloatsHave(t *testing.T) {
	builder := array.NewFloat32Builder(memory.DefaultAllocator)
	builder.AppendValues([]float32{1, float32(math.NaN())}, nil)
	f32 := builder.NewArray()
	lists := array.NewListBuilder(memory.DefaultAllocator, arrow.PrimitiveTypes.Float64)
	lists.Append(true)
	lists.ValueBuilder().(*array.Float64Builder).Append(math.Inf(1))
	dict := array.NewDictionaryBuilder(memory.DefaultAllocator, &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.PrimitiveTypes.Float64}).(*array.Float64DictionaryBuilder)
	if err := dict.Append(math.NaN()); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		values arrow.Array
		column arrow.DataType
	}{
		{"float32 in an integer column", f32, arrow.PrimitiveTypes.Int64},
		{"float32 in a decimal column", f32, &arrow.Decimal128Type{Precision: 10, Scale: 2}},
		{"in a list", lists.NewArray(), arrow.ListOf(arrow.PrimitiveTypes.Int64)},
		{"in a dictionary", dict.NewArray(), arrow.PrimitiveTypes.Int64},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := scalar.Convert(tt.values, tt.column, codec.Limits{}.WithDefaults())
			if !errors.Is(err, codec.ErrMismatch) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestAFirstValueCannotAskForAnyAmountOfMemory(t *testing.T) {
	dt := &arrow.FixedSizeBinaryType{ByteWidth: 1 << 10}
	b := sample(t)
	b.Limits.Bytes = 4 << 10
	more := table(t, column{"a", "int64", []string{`[6]`}}, column{"b", "utf8", []string{`["p"]`}}, column{"n", "null", []string{`[null]`}})
	fields := more.Schema.Fields()
	fields[2].Type = dt
	schema := arrow.NewSchema(fields, nil)
	columns := []arrow.Array{more.RowGroups[0].Column(0), more.RowGroups[0].Column(1), MakeNulls(dt, 1)}
	err := Append(b.Frame, &codec.Table{Schema: schema, RowGroups: []arrow.Record{array.NewRecord(schema, columns, 1)}})
	if !errors.Is(err, codec.ErrTooLarge) {
		t.Errorf("%v", err)
	}
}
