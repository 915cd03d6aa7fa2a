package arrowipc_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/endian"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/formats"
	"edgeframe/codec/formats/formatstest"
)

var arrowFormats = []string{"arrow", "arrow_file"}

func decodeArrow(data []byte, limits codec.Limits) (*codec.Table, error) {
	return formats.ByName("arrow").Decode(data, codec.ReadOptions{Limits: limits})
}

func TestEveryTypeComesBackFromArrow(t *testing.T) {
	want := codectest.AllTypes()
	for _, name := range arrowFormats {
		data := formatstest.Encode(t, name, want)
		// Either format reads both.
		for _, reader := range arrowFormats {
			got, err := formats.ByName(reader).Decode(data, codec.ReadOptions{})
			if err != nil {
				t.Fatalf("%s read as %s: %v", name, reader, err)
			}
			if err := codectest.Equal(want, got); err != nil {
				t.Errorf("%s read as %s: %v", name, reader, err)
			}
		}
	}
}

func TestArrowGoReadsWhatIsWritten(t *testing.T) {
	want := codectest.Generate(40, 10, 1)
	stream, err := ipc.NewReader(bytes.NewReader(formatstest.Encode(t, "arrow", want)))
	if err != nil {
		t.Fatal(err)
	}
	rec, err := stream.Read()
	if err != nil {
		t.Fatal(err)
	}
	if err := codectest.Equal(want, formatstest.TableOf(rec)); err != nil {
		t.Error(err)
	}
	file, err := ipc.NewFileReader(bytes.NewReader(formatstest.Encode(t, "arrow_file", want)))
	if err != nil {
		t.Fatal(err)
	}
	if rec, err = file.Record(0); err != nil {
		t.Fatal(err)
	}
	if err := codectest.Equal(want, formatstest.TableOf(rec)); err != nil {
		t.Error(err)
	}
}

// TestWhatApacheArrowForJavaScriptWritesIsRead reads a stream and a file of its version 21.
// Its files have the schema in the footer only.
func TestWhatApacheArrowForJavaScriptWritesIsRead(t *testing.T) {
	for _, name := range []string{"javascript.arrows", "javascript.arrow"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		table, err := decodeArrow(data, codec.Limits{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var got []string
		for _, column := range table.RowGroups[0].Columns() {
			for row := range column.Len() {
				got = append(got, column.ValueStr(row))
			}
		}
		if want := []string{"1", "2", "3", "a", "b", "a", "1.5", "(null)", "2.5"}; !slices.Equal(got, want) {
			t.Errorf("%s: the values are %q instead of %q", name, got, want)
		}
	}
}

func TestATableWithoutRowsKeepsItsSchema(t *testing.T) {
	want := codectest.AllTypes()
	want.RowGroups = nil
	for _, name := range arrowFormats {
		got, err := decodeArrow(formatstest.Encode(t, name, want), codec.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if err := codectest.Equal(want, got); err != nil {
			t.Error(err)
		}
	}
}

func TestDecodedTablesKeepNoReferenceToTheInput(t *testing.T) {
	want := codectest.AllTypes()
	for _, name := range arrowFormats {
		data := formatstest.Encode(t, name, want)
		got, err := decodeArrow(data, codec.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		clear(data)
		if err := codectest.Equal(want, got); err != nil {
			t.Error(err)
		}
	}
}

func TestRowGroupsHaveTheirSizeWhateverTheBatchesAre(t *testing.T) {
	for _, c := range []struct{ batches, groups []int64 }{
		{[]int64{40_000}, []int64{16_384, 16_384, 7_232}},
		{[]int64{10, 0, 20, 30}, []int64{60}},
		{[]int64{16_000, 300, 100, 1}, []int64{16_300, 101}},
		{[]int64{0, 0}, nil},
	} {
		var data bytes.Buffer
		w := ipc.NewWriter(&data, ipc.WithSchema(codectest.Generate(0, 5, 1).Schema))
		for i, rows := range c.batches {
			b := batchOf(t, rows, uint64(i))
			if err := w.Write(b); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		table, err := decodeArrow(data.Bytes(), codec.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		var got []int64
		for _, g := range table.RowGroups {
			got = append(got, g.NumRows())
		}
		if fmt.Sprint(got) != fmt.Sprint(c.groups) {
			t.Errorf("batches of %d rows became row groups of %d instead of %d", c.batches, got, c.groups)
		}
	}
}

// batchOf returns one batch of any number of rows.
func batchOf(t *testing.T, rows int64, seed uint64) arrow.Record {
	t.Helper()
	table := codectest.Generate(int(rows), 5, seed)
	columns := make([]arrow.Array, 5)
	for i, f := range table.Schema.Fields() {
		parts := []arrow.Array{array.NewBuilder(memory.DefaultAllocator, f.Type).NewArray()}
		for _, g := range table.RowGroups {
			parts = append(parts, g.Column(i))
		}
		var err error
		if columns[i], err = array.Concatenate(parts, memory.DefaultAllocator); err != nil {
			t.Fatal(err)
		}
	}
	return array.NewRecord(table.Schema, columns, rows)
}

func TestATruncatedInputGivesNoRows(t *testing.T) {
	for _, name := range arrowFormats {
		data := formatstest.Encode(t, name, codectest.AllTypes())
		for n := range data {
			if n > 500 && n%37 != 0 && n < len(data)-500 || name == "arrow" && betweenMessages(data, n) {
				continue
			}
			if _, err := decodeArrow(data[:n], codec.Limits{}); !errors.Is(err, codec.ErrMalformed) {
				t.Fatalf("%s cut at byte %d of %d: the error is %v", name, n, len(data), err)
			}
		}
	}
}

// betweenMessages reports whether a message begins at byte n of a stream, and not the first.
func betweenMessages(stream []byte, n int) bool {
	return n > 0 && bytes.HasPrefix(stream[n:], []byte{0xFF, 0xFF, 0xFF, 0xFF}) && n%8 == 0
}

func TestAStreamMayEndWithoutItsMarker(t *testing.T) {
	want := codectest.Generate(3*codec.RowGroupRows, 4, 1)
	data := formatstest.Encode(t, "arrow", want)
	marker := []byte{0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0}
	data, ok := bytes.CutSuffix(data, marker)
	if !ok {
		t.Fatal("there is no marker")
	}
	table, err := decodeArrow(data, codec.Limits{})
	if err == nil {
		err = codectest.Equal(want, table)
	}
	if err != nil {
		t.Error(err)
	}
	if table, err = streamed(bytes.NewReader(data), codec.Limits{}, 1<<30); err == nil {
		err = codectest.Equal(want, table)
	}
	if err != nil {
		t.Error(err)
	}
	for _, cut := range []int{1, 4, 7, 8, 1000} {
		short := data[:len(data)-cut]
		if _, err := decodeArrow(short, codec.Limits{}); !errors.Is(err, codec.ErrMalformed) {
			t.Errorf("%d bytes less: %v", cut, err)
		}
		if _, err := streamed(bytes.NewReader(short), codec.Limits{}, 1<<30); !errors.Is(err, codec.ErrMalformed) {
			t.Errorf("%d bytes less, in pieces: %v", cut, err)
		}
	}
	for _, short := range [][]byte{nil, marker, marker[:4]} {
		if _, err := streamed(bytes.NewReader(short), codec.Limits{}, 1<<30); !errors.Is(err, codec.ErrMalformed) {
			t.Errorf("%x alone: %v", short, err)
		}
	}
}

func TestBytesAfterTheStreamAreRefused(t *testing.T) {
	data := formatstest.Encode(t, "arrow", codectest.Generate(3, 2, 1))
	if _, err := decodeArrow(append(data, data...), codec.Limits{}); !errors.Is(err, codec.ErrMalformed) {
		t.Errorf("the error is %v", err)
	}
}

func TestFeatherOfVersion1IsRefusedByItsName(t *testing.T) {
	_, err := decodeArrow([]byte("FEA1\x00\x00\x00\x00FEA1"), codec.Limits{})
	if !errors.Is(err, codec.ErrUnsupported) || !strings.Contains(err.Error(), "Feather") {
		t.Errorf("the error is %v", err)
	}
}

func TestSchemasThatMakeNoTableAreRefused(t *testing.T) {
	number := arrow.PrimitiveTypes.Int32
	field := func(name string, dt arrow.DataType) arrow.Field {
		return arrow.Field{Name: name, Type: dt, Nullable: true}
	}
	deep := arrow.DataType(number)
	for range 11 {
		deep = arrow.ListOf(deep)
	}
	many := make([]arrow.Field, 101)
	for i := range many {
		many[i] = field(fmt.Sprint("c", i), number)
	}
	for name, c := range map[string]struct {
		fields []arrow.Field
		kind   error
		says   string
	}{
		"a name without an end": {[]arrow.Field{field(strings.Repeat("x", 5000), number)}, codec.ErrTooLarge, "5000"},
		"too deep":              {[]arrow.Field{field("deep", deep)}, codec.ErrTooLarge, "10 levels"},
		"too many columns":      {many, codec.ErrTooLarge, "101"},
		"too wide": {
			[]arrow.Field{field("wide", arrow.FixedSizeListOf(1<<30, number))}, codec.ErrUnsupported, `"wide"`,
		},
		"an impossible decimal": {
			[]arrow.Field{field("d", &arrow.Decimal128Type{Precision: 99})}, codec.ErrUnsupported, "99",
		},
		"a union with a code twice": {
			[]arrow.Field{field("u", arrow.SparseUnionOf([]arrow.Field{field("a", number), field("b", number)}, []int8{3, 3}))},
			codec.ErrUnsupported, `"u"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			data := emptyStream(t, arrow.NewSchema(c.fields, nil))
			_, err := decodeArrow(data, codec.Limits{Columns: 100, Depth: 10})
			if !errors.Is(err, c.kind) || !strings.Contains(fmt.Sprint(err), c.says) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

func TestBigEndianInputIsRefused(t *testing.T) {
	schema := arrow.NewSchemaWithEndian([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int8}}, nil, endian.BigEndian)
	if _, err := decodeArrow(emptyStream(t, schema), codec.Limits{}); !errors.Is(err, codec.ErrUnsupported) {
		t.Errorf("the error is %v", err)
	}
}

func emptyStream(t *testing.T, schema *arrow.Schema) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := ipc.NewWriter(&b, ipc.WithSchema(schema)).Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func streamOf(t *testing.T, schema *arrow.Schema, recs []arrow.Record, options ...ipc.Option) []byte {
	t.Helper()
	var b bytes.Buffer
	w := ipc.NewWriter(&b, append(options, ipc.WithSchema(schema))...)
	for _, rec := range recs {
		if err := w.Write(rec); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestCompressedBodiesAreRead(t *testing.T) {
	want := codectest.Generate(5_000, 10, 1)
	for name, option := range map[string]ipc.Option{"zstd": ipc.WithZstd(), "lz4": ipc.WithLZ4()} {
		t.Run(name, func(t *testing.T) {
			got, err := decodeArrow(streamOf(t, want.Schema, want.RowGroups, option), codec.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if err := codectest.Equal(want, got); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestACompressedBodyBeyondTheLimitIsTooLarge(t *testing.T) {
	b := array.NewInt64Builder(memory.DefaultAllocator)
	b.AppendValues(make([]int64, 1<<20), nil)
	schema := arrow.NewSchema([]arrow.Field{{Name: "zeros", Type: b.Type()}}, nil)
	rec := array.NewRecord(schema, []arrow.Array{b.NewArray()}, 1<<20)
	for name, option := range map[string]ipc.Option{"zstd": ipc.WithZstd(), "lz4": ipc.WithLZ4()} {
		t.Run(name, func(t *testing.T) {
			data := streamOf(t, schema, []arrow.Record{rec}, option)
			if len(data) > 1<<20 {
				t.Fatalf("%d bytes are no bomb", len(data))
			}
			if _, err := decodeArrow(data, codec.Limits{Bytes: 4 << 20}); !errors.Is(err, codec.ErrTooLarge) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

// TestListsThatStandForTooMuchAreTooLarge nests lists that each mention all of their child a
// hundred times: 100^12 numbers in a few kilobytes.
func TestListsThatStandForTooMuchAreTooLarge(t *testing.T) {
	sizes := make([]int32, 100)
	for i := range sizes {
		sizes[i] = 100
	}
	buffers := []*memory.Buffer{
		nil, memory.NewBufferBytes(make([]byte, 400)), memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(sizes)),
	}
	data := array.NewData(arrow.PrimitiveTypes.Int8, 100, []*memory.Buffer{nil, memory.NewBufferBytes(make([]byte, 100))}, nil, 0, 0)
	for range 12 {
		data = array.NewData(arrow.ListViewOf(data.DataType()), 100, buffers, []arrow.ArrayData{data}, 0, 0)
	}
	schema := arrow.NewSchema([]arrow.Field{{Name: "lists", Type: data.DataType()}}, nil)
	rec := array.NewRecord(schema, []arrow.Array{array.MakeFromData(data)}, 100)
	if _, err := decodeArrow(streamOf(t, schema, []arrow.Record{rec}), codec.Limits{}); !errors.Is(err, codec.ErrTooLarge) {
		t.Errorf("the error is %v", err)
	}
}

func TestMoreRowsThanTheLimitAreTooLargeEvenIfTheyTakeNoBytes(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{{Name: "nothing", Type: arrow.Null}}, nil)
	rec := array.NewRecord(schema, []arrow.Array{array.NewNull(1 << 30)}, 1<<30)
	data := streamOf(t, schema, []arrow.Record{rec})
	if _, err := decodeArrow(data, codec.Limits{Bytes: 1 << 29}); !errors.Is(err, codec.ErrTooLarge) {
		t.Errorf("the error is %v", err)
	}
}

// dictionaryBatches returns batches whose column has one dictionary each.
func dictionaryBatches(dictionaries ...[]string) (*arrow.Schema, []arrow.Record) {
	dt := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}
	schema := arrow.NewSchema([]arrow.Field{{Name: "kind", Type: dt, Nullable: true}}, nil)
	var recs []arrow.Record
	for _, values := range dictionaries {
		text := array.NewStringBuilder(memory.DefaultAllocator)
		text.AppendValues(values, nil)
		indices := array.NewInt8Builder(memory.DefaultAllocator)
		for i := range values {
			indices.Append(int8(i))
		}
		indices.AppendNull()
		column := array.NewDictionaryArray(dt, indices.NewArray(), text.NewArray())
		recs = append(recs, array.NewRecord(schema, []arrow.Array{column}, int64(len(values)+1)))
	}
	return schema, recs
}

func TestDictionariesThatGrowOrAreReplacedAreRead(t *testing.T) {
	schema, recs := dictionaryBatches([]string{"a", "b"}, []string{"a", "b", "c"}, []string{"d", "a"})
	want := &codec.Table{Schema: schema, RowGroups: recs}
	for name, option := range map[string]ipc.Option{"deltas": ipc.WithDictionaryDeltas(true), "replacements": ipc.WithDictionaryDeltas(false)} {
		t.Run(name, func(t *testing.T) {
			got, err := decodeArrow(streamOf(t, schema, recs, option), codec.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if err := codectest.Equal(want, got); err != nil {
				t.Error(err)
			}
		})
	}
}

// listOf returns an array of one list that has the values of arr.
func listOf(arr arrow.Array) arrow.Array {
	offsets := memory.NewBufferBytes(arrow.Int32Traits.CastToBytes([]int32{0, int32(arr.Len())}))
	return array.MakeFromData(array.NewData(arrow.ListOf(arr.DataType()), 1, []*memory.Buffer{nil, offsets}, []arrow.ArrayData{arr.Data()}, 0, 0))
}

func TestAnArrowFileIsRefusedIfItsDictionariesAreTooLarge(t *testing.T) {
	values := func(prefix string) []string {
		out := make([]string, 20)
		for i := range out {
			out[i] = fmt.Sprint(prefix, i, strings.Repeat("x", 1<<20))
		}
		return out
	}
	schema, recs := dictionaryBatches(values("a"), values("b"))
	plain := &codec.Table{Schema: schema, RowGroups: recs}
	// A list of them is kept as a whole.
	nested := &codec.Table{}
	for i := range 4 {
		list := listOf(recs[i%2].Column(0))
		nested.Schema = codectest.TableOf([]string{"a"}, []arrow.Array{list}).Schema
		nested.RowGroups = append(nested.RowGroups, array.NewRecord(nested.Schema, []arrow.Array{list}, 1))
	}
	for name, table := range map[string]*codec.Table{"plain": plain, "nested": nested} {
		var out bytes.Buffer
		err := formats.ByName("arrow_file").Encode(&out, table, codec.WriteOptions{})
		if !errors.Is(err, codec.ErrUnsupported) || !strings.Contains(err.Error(), "format=arrow") || out.Len() > 0 {
			t.Errorf("%s: %v after %d bytes", name, err, out.Len())
		}
		if err := formats.ByName("arrow").Encode(io.Discard, table, codec.WriteOptions{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDictionariesThatCannotBeUnifiedStayApart(t *testing.T) {
	values := func(prefix string) []string {
		out := make([]string, 120)
		for i := range out {
			out[i] = fmt.Sprint(prefix, i)
		}
		return out
	}
	schema, recs := dictionaryBatches(values("a"), values("b"))
	want := &codec.Table{Schema: schema, RowGroups: recs}
	got, err := decodeArrow(formatstest.Encode(t, "arrow", want), codec.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if err := codectest.Equal(want, got); err != nil || len(got.RowGroups) != 2 {
		t.Errorf("%d row groups instead of 2; %v", len(got.RowGroups), err)
	}
	err = formats.ByName("arrow_file").Encode(&bytes.Buffer{}, got, codec.WriteOptions{})
	if !errors.Is(err, codec.ErrUnsupported) || !strings.Contains(err.Error(), "format=arrow") {
		t.Errorf("the error for a file is %v", err)
	}
}
