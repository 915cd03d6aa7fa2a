package parquet_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/decimal256"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/formats"
	"edgeframe/codec/formats/formatstest"
)

func decodeParquet(data []byte, limits codec.Limits) (*codec.Table, error) {
	return formats.ByName("parquet").Decode(data, codec.ReadOptions{Limits: limits})
}

// inParquet says whether Parquet can express a type.
func inParquet(dt arrow.DataType) bool {
	switch dt := dt.(type) {
	case arrow.UnionType, *arrow.RunEndEncodedType,
		*arrow.MonthIntervalType, *arrow.DayTimeIntervalType, *arrow.MonthDayNanoIntervalType:
		return false
	case arrow.DecimalType:
		// The numbers of codectest have more than 10 digits.
		return dt.GetScale() >= 0 && dt.GetPrecision() > 10
	case *arrow.DictionaryType:
		_, nested := dt.ValueType.(arrow.NestedType)
		return !nested && inParquet(dt.ValueType)
	case *arrow.StructType:
		if dt.NumFields() == 0 {
			return false
		}
	}
	if nested, ok := dt.(arrow.NestedType); ok {
		for _, f := range nested.Fields() {
			if !inParquet(f.Type) {
				return false
			}
		}
	}
	return true
}

func TestEveryTypeThatParquetHasComesBackFromIt(t *testing.T) {
	all := codectest.AllTypes()
	kept := 0
	for i, f := range all.Schema.Fields() {
		column := &codec.Table{Schema: arrow.NewSchema([]arrow.Field{f}, nil)}
		for _, g := range all.RowGroups {
			column.RowGroups = append(column.RowGroups, array.NewRecord(column.Schema, []arrow.Array{g.Column(i)}, g.NumRows()))
		}
		var b bytes.Buffer
		err := formats.ByName("parquet").Encode(&b, column, codec.WriteOptions{})
		if !inParquet(f.Type) {
			if !errors.Is(err, codec.ErrUnsupported) || !strings.Contains(err.Error(), fmt.Sprintf("%q", codec.Shorten(f.Name))) {
				t.Errorf("%s: the error is %v", f.Name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
			continue
		}
		kept++
		got, err := decodeParquet(b.Bytes(), codec.Limits{})
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
			continue
		}
		if err := codectest.Equal(column, got); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
		if len(got.RowGroups) != len(column.RowGroups) {
			t.Errorf("%s: %d row groups instead of %d", f.Name, len(got.RowGroups), len(column.RowGroups))
		}
	}
	if kept < 50 {
		t.Errorf("only %d types were kept", kept)
	}
}

// parquetTypes is the table of all types that Parquet can express.
func parquetTypes() *codec.Table {
	all := codectest.AllTypes()
	var fields []arrow.Field
	var at []int
	for i, f := range all.Schema.Fields() {
		if inParquet(f.Type) {
			fields = append(fields, f)
			at = append(at, i)
		}
	}
	metadata := all.Schema.Metadata()
	out := &codec.Table{Schema: arrow.NewSchema(fields, &metadata)}
	for _, g := range all.RowGroups {
		columns := make([]arrow.Array, len(at))
		for k, i := range at {
			columns[k] = g.Column(i)
		}
		out.RowGroups = append(out.RowGroups, array.NewRecord(out.Schema, columns, g.NumRows()))
	}
	return out
}

func TestATableComesBackFromParquetWithItsMetadata(t *testing.T) {
	want := parquetTypes()
	data := formatstest.Encode(t, "parquet", want)
	got, err := decodeParquet(data, codec.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if err := codectest.Equal(want, got); err != nil {
		t.Error(err)
	}
	if !bytes.Equal(data, formatstest.Encode(t, "parquet", got)) {
		t.Error("the bytes differ the second time")
	}
}

func TestTablesWithoutRowsOrColumnsComeBackFromParquet(t *testing.T) {
	schema := parquetTypes().Schema
	for name, want := range map[string]*codec.Table{
		"no rows":    {Schema: schema},
		"no columns": {Schema: arrow.NewSchema(nil, nil)},
		"only rows":  {Schema: arrow.NewSchema(nil, nil), RowGroups: []arrow.Record{array.NewRecord(arrow.NewSchema(nil, nil), nil, 3)}},
	} {
		got, err := decodeParquet(formatstest.Encode(t, "parquet", want), codec.Limits{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if err := codectest.Equal(want, got); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestMissingValuesComeBackFromParquetAtEveryLevel has each of the list, the struct in it, the list
// in that and its element missing, empty and present.
func TestMissingValuesComeBackFromParquetAtEveryLevel(t *testing.T) {
	document := `[null, [], [null], [{"in": null, "s": "a"}], [{"in": [], "s": null}, {"in": [null, 1], "s": "b"}], [{"in": [2, null, 3], "s": ""}, null]]`
	for _, nullable := range []bool{true, false} {
		field := func(name string, dt arrow.DataType) arrow.Field {
			return arrow.Field{Name: name, Type: dt, Nullable: nullable}
		}
		dt := arrow.ListOfField(field("x", arrow.StructOf(field("in", arrow.ListOfField(field("y", arrow.PrimitiveTypes.Int64))), field("s", arrow.BinaryTypes.String))))
		text := document
		if !nullable {
			text = `[[], [{"in": [], "s": "a"}], [{"in": [1, 2], "s": "b"}, {"in": [3], "s": ""}]]`
		}
		arr, _, err := array.FromJSON(memory.DefaultAllocator, dt, strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		schema := arrow.NewSchema([]arrow.Field{field("deep", dt)}, nil)
		want := formatstest.TableOf(array.NewRecord(schema, []arrow.Array{arr}, int64(arr.Len())))
		got, err := decodeParquet(formatstest.Encode(t, "parquet", want), codec.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if err := codectest.Equal(want, got); err != nil {
			t.Error(err)
		}
	}
}

// TestDictionariesComeBackFromParquetInTheirOrder has values that no row uses, and more rows than
// a row group of a table.
func TestDictionariesComeBackFromParquetInTheirOrder(t *testing.T) {
	const rows = codec.RowGroupRows + 500
	dt := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String, Ordered: true}
	values := array.NewStringBuilder(memory.DefaultAllocator)
	values.AppendValues([]string{"never", "low", "middle", "high"}, nil)
	indices := array.NewInt8Builder(memory.DefaultAllocator)
	for i := range rows {
		if i%7 == 0 {
			indices.AppendNull()
		} else {
			indices.Append(int8(3 - i%3))
		}
	}
	column := array.NewDictionaryArray(dt, indices.NewArray(), values.NewArray())
	schema := arrow.NewSchema([]arrow.Field{{Name: "level", Type: dt, Nullable: true}}, nil)
	want := formatstest.TableOf(array.NewRecord(schema, []arrow.Array{column}, rows))
	got, err := decodeParquet(formatstest.Encode(t, "parquet", want), codec.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if err := codectest.Equal(want, got); err != nil || len(got.RowGroups) != 2 {
		t.Errorf("%d row groups, %v", len(got.RowGroups), err)
	}
	for _, g := range got.RowGroups {
		if d := fmt.Sprint(g.Column(0).(*array.Dictionary).Dictionary()); d != `["never" "low" "middle" "high"]` {
			t.Errorf("the dictionary is %s", d)
		}
	}
}

// TestFewTextsComeBackFromParquet has texts of the same length, beginning and end, and runs of missing ones.
func TestFewTextsComeBackFromParquet(t *testing.T) {
	values := []string{"", "x", "xx", "axb", "ayb", "azb", "axyb", strings.Repeat("long ", 60)}
	texts, numbers := array.NewStringBuilder(memory.DefaultAllocator), array.NewInt32Builder(memory.DefaultAllocator)
	const rows = 5000
	for i := range rows {
		if i%11 < i%3 {
			texts.AppendNull()
			numbers.AppendNull()
			continue
		}
		texts.Append(values[i*i%len(values)])
		numbers.Append(int32(i))
	}
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "text", Type: arrow.BinaryTypes.String, Nullable: true}, {Name: "number", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
	}, nil)
	want := formatstest.TableOf(array.NewRecord(schema, []arrow.Array{texts.NewArray(), numbers.NewArray()}, rows))
	got, err := decodeParquet(formatstest.Encode(t, "parquet", want), codec.Limits{})
	if err == nil {
		err = codectest.Equal(want, got)
	}
	if err != nil {
		t.Error(err)
	}
}

func TestDecimalsComeBackFromParquet(t *testing.T) {
	for _, dt := range []arrow.DataType{
		&arrow.Decimal128Type{Precision: 1, Scale: 0}, &arrow.Decimal128Type{Precision: 9, Scale: 2}, &arrow.Decimal128Type{Precision: 38, Scale: 38},
		&arrow.Decimal256Type{Precision: 9, Scale: 2}, &arrow.Decimal256Type{Precision: 76, Scale: 1},
	} {
		b := array.NewBuilder(memory.DefaultAllocator, dt)
		for _, v := range []int64{0, 1, -1, 9, -9} {
			switch b := b.(type) {
			case *array.Decimal128Builder:
				b.Append(decimal128.FromI64(v))
			case *array.Decimal256Builder:
				b.Append(decimal256.FromI64(v))
			}
		}
		b.AppendNull()
		arr := b.NewArray()
		want := formatstest.TableOf(array.NewRecord(arrow.NewSchema([]arrow.Field{{Name: "d", Type: dt, Nullable: true}}, nil), []arrow.Array{arr}, int64(arr.Len())))
		got, err := decodeParquet(formatstest.Encode(t, "parquet", want), codec.Limits{})
		if err == nil {
			err = codectest.Equal(want, got)
		}
		if err != nil {
			t.Errorf("%s: %v", dt, err)
		}
	}
}

func TestValuesThatParquetCannotExpressAreRefused(t *testing.T) {
	for name, dt := range map[string]arrow.DataType{
		"[1]":                   arrow.FixedWidthTypes.Date64,
		"[9223372036854775807]": &arrow.TimestampType{Unit: arrow.Second},
		"[2147483647]":          arrow.FixedWidthTypes.Time32s,
	} {
		b := array.NewBuilder(memory.DefaultAllocator, dt)
		switch b := b.(type) {
		case *array.Date64Builder:
			b.Append(1)
		case *array.TimestampBuilder:
			b.Append(math.MaxInt64)
		case *array.Time32Builder:
			b.Append(math.MaxInt32)
		}
		table := formatstest.TableOf(array.NewRecord(arrow.NewSchema([]arrow.Field{{Name: "odd", Type: dt}}, nil), []arrow.Array{b.NewArray()}, 1))
		err := formats.ByName("parquet").Encode(io.Discard, table, codec.WriteOptions{})
		if !errors.Is(err, codec.ErrUnsupported) || !strings.Contains(err.Error(), `"odd"`) {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}
