package codec_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec"
	"edgeframe/internal/tabletest"
)

func decodeParquet(data []byte, limits codec.Limits) (*codec.Table, error) {
	return codec.ByName("parquet").Decode(data, codec.ReadOptions{Limits: limits})
}

// inParquet says whether Parquet can express a type.
func inParquet(dt arrow.DataType) bool {
	switch dt := dt.(type) {
	case arrow.UnionType, *arrow.RunEndEncodedType,
		*arrow.MonthIntervalType, *arrow.DayTimeIntervalType, *arrow.MonthDayNanoIntervalType:
		return false
	case arrow.DecimalType:
		// The numbers of tabletest have more than 10 digits.
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
	all := tabletest.AllTypes()
	kept := 0
	for i, f := range all.Schema.Fields() {
		column := &codec.Table{Schema: arrow.NewSchema([]arrow.Field{f}, nil)}
		for _, g := range all.RowGroups {
			column.RowGroups = append(column.RowGroups, array.NewRecord(column.Schema, []arrow.Array{g.Column(i)}, g.NumRows()))
		}
		var b bytes.Buffer
		err := codec.ByName("parquet").Encode(&b, column, codec.WriteOptions{})
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
		if err := tabletest.Equal(column, got); err != nil {
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

// parquetTypes is the table of all types without what Parquet cannot express.
func parquetTypes() *codec.Table {
	all := tabletest.AllTypes()
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
	data := encoded(t, "parquet", want)
	got, err := decodeParquet(data, codec.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if err := tabletest.Equal(want, got); err != nil {
		t.Error(err)
	}
	if !bytes.Equal(data, encoded(t, "parquet", got)) {
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
		got, err := decodeParquet(encoded(t, "parquet", want), codec.Limits{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if err := tabletest.Equal(want, got); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestMissingValuesComeBackFromParquetAtEveryLevel has each of: the list, the struct in it, the
// list in that, its element missing, empty and there.
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
		want := tableOf(array.NewRecord(schema, []arrow.Array{arr}, int64(arr.Len())))
		got, err := decodeParquet(encoded(t, "parquet", want), codec.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if err := tabletest.Equal(want, got); err != nil {
			t.Error(err)
		}
	}
}
