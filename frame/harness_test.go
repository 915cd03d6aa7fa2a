package frame

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/go-json-experiment/json/jsontext"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/document"
	"edgeframe/codec/scalar"
)

// column describes a column for a test: the JSON values of each row group.
type column struct {
	name, dtype string
	groups      []string
}

// base is a frame whose chunks are all stored, and a note of what was loaded.
type base struct {
	*Frame
	// loads has one entry for each call of Load: the chunks as column/group.
	loads []string
}

// dictionary is a type that no request can name.
var dictionary = &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}

// values parses a JSON array. The type may be "dictionary".
func values(t testing.TB, dtype, text string) arrow.Array {
	t.Helper()
	dt := arrow.DataType(dictionary)
	if dtype != "dictionary" {
		var err error
		if dt, err = scalar.ParseDType(dtype); err != nil {
			t.Fatal(err)
		}
	}
	arr, err := document.Values([]byte(text), dt, codec.Limits{}.WithDefaults())
	if err != nil {
		t.Fatal(err)
	}
	return arr
}

// table builds a table; every column has the same number of groups.
func table(t testing.TB, columns ...column) *codec.Table {
	t.Helper()
	fields := make([]arrow.Field, len(columns))
	arrays := make([][]arrow.Array, len(columns[0].groups))
	for i, c := range columns {
		fields[i] = arrow.Field{Name: c.name, Type: values(t, c.dtype, "[]").DataType()}
		for g, text := range c.groups {
			arr := values(t, c.dtype, text)
			arrays[g] = append(arrays[g], arr)
			fields[i].Nullable = fields[i].Nullable || arr.NullN() > 0
		}
	}
	out := &codec.Table{Schema: arrow.NewSchema(fields, nil)}
	for _, g := range arrays {
		out.RowGroups = append(out.RowGroups, array.NewRecord(out.Schema, g, int64(g[0].Len())))
	}
	return out
}

// stored returns a table as it comes from a store.
func stored(t testing.TB, columns ...column) *base {
	t.Helper()
	return asStored(table(t, columns...))
}

func asStored(data *codec.Table) *base {
	b := &base{Frame: FromTable(data, codec.Limits{})}
	b.Marks = Marks{}
	for i, c := range b.Columns {
		c.Origin = i
		for g := range c.Chunks {
			c.Chunks[g] = Chunk{Stored: true, Group: g, Column: i}
		}
	}
	b.Load = func(chunks []Chunk) ([]arrow.Array, error) {
		names := make([]string, len(chunks))
		arrays := make([]arrow.Array, len(chunks))
		for i, c := range chunks {
			names[i] = fmt.Sprintf("%s/%d", data.Schema.Field(c.Column).Name, c.Group)
			arrays[i] = data.RowGroups[c.Group].Column(c.Column)
		}
		b.loads = append(b.loads, strings.Join(names, " "))
		return arrays, nil
	}
	return b
}

// sample is two row groups of three and two rows, with marks.
func sample(t testing.TB) *base {
	t.Helper()
	b := stored(t,
		column{"a", "int64", []string{`[1,2,3]`, `[4,null]`}},
		column{"b", "utf8", []string{`["x","y","z"]`, `["u","v"]`}},
		column{"n", "null", []string{`[null,null,null]`, `[null,null]`}},
	)
	b.Marks = Marks{"a": {4}, "b": {0, 3}}
	return b
}

// show spells a frame: a line for each column with its chunks, where "=" follows the stored
// ones, and one for the marks.
func (b *base) show(t testing.TB) []string {
	t.Helper()
	var lines []string
	for i, c := range b.Columns {
		line := c.Field.Name + " " + scalar.DType(c.Field.Type)
		for g, chunk := range c.Chunks {
			if err := b.LoadAll([]int{i}, []int{g}); err != nil {
				t.Fatal(err)
			}
			line += " " + codectest.JSONArray(c.Chunks[g].Data)
			if chunk.Stored {
				line += "="
			}
		}
		lines = append(lines, line)
	}
	for _, name := range slices.Sorted(maps.Keys(b.Marks)) {
		lines = append(lines, fmt.Sprintf("marks of %s %v", name, b.Marks[name]))
	}
	return lines
}

// check refuses a frame that does not hold together.
func (b *base) check(t testing.TB) {
	t.Helper()
	names := map[string]bool{}
	for i, c := range b.Columns {
		if name := c.Field.Name; name == "" || names[name] {
			t.Fatalf("column %d is called %q", i, name)
		}
		names[c.Field.Name] = true
		if len(c.Chunks) != len(b.Rows) {
			t.Fatalf("column %q has %d chunks in %d row groups", c.Field.Name, len(c.Chunks), len(b.Rows))
		}
		for g, rows := range b.Rows {
			if err := b.LoadAll([]int{i}, []int{g}); err != nil {
				t.Fatal(err)
			}
			data := c.Chunks[g].Data
			if rows < 1 || rows > codec.RowGroupRows || data.Len() != rows || !arrow.TypeEqual(data.DataType(), c.Field.Type) {
				t.Fatalf("column %q of type %s has %d values of type %s in a row group of %d", c.Field.Name, c.Field.Type, data.Len(), data.DataType(), rows)
			}
			if data.NullN() > 0 && !c.Field.Nullable {
				t.Fatalf("column %q has nulls but is not nullable", c.Field.Name)
			}
		}
	}
	checked, err := b.Marks.Check(b.Frame)
	if err != nil || !maps.EqualFunc(checked, b.Marks, slices.Equal[[]int64]) {
		t.Fatalf("marks %v are %v in order, %v", b.Marks, checked, err)
	}
}

// parse reads a JSON array of operations.
func parse(t testing.TB, text string) ([]Operation, error) {
	t.Helper()
	ops, err := ReadOperations(jsontext.NewDecoder(strings.NewReader(text)))
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		t.Fatalf("%v in %s", syntax, text)
	}
	return ops, err
}

// apply runs operations that must succeed.
func (b *base) apply(t testing.TB, text string) {
	t.Helper()
	ops, err := parse(t, text)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Apply(b.Frame, ops); err != nil {
		t.Fatal(err)
	}
	b.check(t)
}

// says reports whether an error has a text in it.
func says(err error, text string) bool { return err != nil && strings.Contains(err.Error(), text) }

// spellRows spells a list of rows as JSON.
func spellRows(rows []int64) string {
	if rows == nil {
		rows = []int64{}
	}
	text, _ := json.Marshal(rows)
	return string(text)
}
