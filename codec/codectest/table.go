package codectest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// SchemaText spells a schema as "name type, name type".
func SchemaText(s *arrow.Schema) string {
	var parts []string
	for _, f := range s.Fields() {
		parts = append(parts, f.Name+" "+f.Type.String())
	}
	return strings.Join(parts, ", ")
}

// SameTable fails the test unless both tables have equal columns. Row groups may differ.
func SameTable(t testing.TB, got, want *codec.Table) {
	t.Helper()
	if !got.Schema.Equal(want.Schema) {
		t.Fatalf("the schema is %s, want %s", SchemaText(got.Schema), SchemaText(want.Schema))
	}
	gotTable, wantTable := array.NewTableFromRecords(got.Schema, got.RowGroups), array.NewTableFromRecords(want.Schema, want.RowGroups)
	if got.NumRows() != want.NumRows() {
		t.Fatalf("there are %d rows, want %d", got.NumRows(), want.NumRows())
	}
	for i := range want.Schema.NumFields() {
		if !array.ChunkedEqual(gotTable.Column(i).Data(), wantTable.Column(i).Data()) {
			t.Fatalf("column %q is %v, want %v", want.Schema.Field(i).Name, gotTable.Column(i), wantTable.Column(i))
		}
	}
}

// TableOf returns a table of one row group.
func TableOf(names []string, columns []arrow.Array) *codec.Table {
	fields := make([]arrow.Field, len(names))
	for i, name := range names {
		fields[i] = arrow.Field{Name: name, Type: columns[i].DataType(), Nullable: true}
	}
	schema := arrow.NewSchema(fields, nil)
	return &codec.Table{Schema: schema, RowGroups: []arrow.Record{array.NewRecord(schema, columns, -1)}}
}

// ArrayOf returns an array of the values that fill appends.
func ArrayOf[B array.Builder](dt arrow.DataType, fill func(b B)) arrow.Array {
	b := array.NewBuilder(memory.DefaultAllocator, dt)
	fill(b.(B))
	return b.NewArray()
}

// FromJSON returns an array that arrow-go reads from JSON.
func FromJSON(t testing.TB, dt arrow.DataType, values string) arrow.Array {
	t.Helper()
	arr, _, err := array.FromJSON(memory.DefaultAllocator, dt, strings.NewReader(values))
	if err != nil {
		t.Fatal(err)
	}
	return arr
}

// ParseCells parses a JSON array as values of a type.
func ParseCells(t testing.TB, dtype, text string) arrow.Array {
	t.Helper()
	dt, err := scalar.ParseDType(dtype)
	if err != nil {
		t.Fatal(err)
	}
	arr, err := scalar.FromJSON([]byte(text), dt, codec.Limits{}.WithDefaults())
	if err != nil {
		t.Fatal(err)
	}
	return arr
}

// DTypes parses pairs of "name=type" into types by column.
func DTypes(t testing.TB, pairs ...string) map[string]arrow.DataType {
	t.Helper()
	out := map[string]arrow.DataType{}
	for _, pair := range pairs {
		name, dtype, _ := strings.Cut(pair, "=")
		dt, err := scalar.ParseDType(dtype)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = dt
	}
	return out
}

// Changed formats the counts of changed cells of each column.
func Changed(table *codec.Table) string {
	counts := table.Receipt.Changed
	if counts == nil {
		counts = make([]int64, table.Schema.NumFields())
	}
	return fmt.Sprint(counts)
}
