package arrowipc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal256"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
)

// mapTable has a map, a map in a struct and a list of maps, and a column without one.
func mapTable(t *testing.T) *codec.Table {
	t.Helper()
	text, number := arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int32
	inner := arrow.MapOf(text, number)
	fields := []arrow.Field{
		{Name: "n", Type: number, Nullable: true},
		{Name: "m", Type: arrow.MapOf(text, inner), Nullable: true, Metadata: arrow.NewMetadata([]string{"k"}, []string{"v"})},
		{Name: "s", Type: arrow.StructOf(arrow.Field{Name: "a", Type: number}, arrow.Field{Name: "b", Type: inner}), Nullable: true},
	}
	schema := arrow.NewSchema(fields, nil)
	rec, _, err := array.RecordFromJSON(memory.DefaultAllocator, schema, strings.NewReader(
		`[{"n":1,"m":[{"key":"x","value":[{"key":"y","value":2}]}],"s":{"a":1,"b":[{"key":"z","value":3}]}},{"n":2,"m":null,"s":null}]`))
	if err != nil {
		t.Fatal(err)
	}
	return &codec.Table{Schema: schema, RowGroups: []arrow.Record{rec, rec}}
}

// foreign is the table as a program writes it that names the parts of maps otherwise.
var foreign = mapNames{nil, {"key_value", "k", "", "entries", "keys", "values"}, {"a much longer name than the one in its place", "key", "value"}}

func encoded(t *testing.T, f *codec.Format, table *codec.Table) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := f.Encode(&b, table, codec.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// namesIn returns the names of the maps in a schema that is written.
func namesIn(schema flatTable) (names [][]string) {
	fields := schema.vector(schemaFields, 4)
	for i := range fields.n {
		var of []string
		for _, f := range mapFields(fields.table(i), nil) {
			of = append(of, f.text(fieldName))
		}
		names = append(names, of)
	}
	return names
}

func TestNamesOfMapEntriesComeBack(t *testing.T) {
	table := mapTable(t)
	table.Schema = keepMapNames(table.Schema, foreign)
	for i, rec := range table.RowGroups {
		table.RowGroups[i] = withSchema(rec, table.Schema)
	}
	stream := encoded(t, Stream, table)
	for _, format := range []*codec.Format{Stream, File} {
		read, err := format.Decode(encoded(t, format, table), codec.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := codectest.Equal(table, read); err != nil {
			t.Errorf("%s: %v", format.Name, err)
		}
		// A stored table has them too.
		payload, err := AppendPayload(nil, read.RowGroups[0])
		if err != nil {
			t.Fatal(err)
		}
		stored, err := ReadPayload(payload, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		read = &codec.Table{Schema: stored.Schema(), RowGroups: []arrow.Record{stored}}
		m, _, err := nextMessage(encoded(t, Stream, read))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := fmt.Sprintf("%q", namesIn(m.header)), fmt.Sprintf("%q", foreign); got != want {
			t.Errorf("stream after %s: %s instead of %s", format.Name, got, want)
		}
		footer, _, err := splitFile(encoded(t, File, read))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := fmt.Sprintf("%q", namesIn(inFooter(footer))), fmt.Sprintf("%q", foreign); got != want {
			t.Errorf("file after %s: %s instead of %s", format.Name, got, want)
		}
	}
	// arrow-go reads what is written, and none of it is about us.
	in, err := ipc.NewReader(bytes.NewReader(stream))
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for in.Next() {
		rows += int(in.Record().NumRows())
	}
	if in.Err() != nil || rows != 4 || strings.Contains(in.Schema().String(), "edgeframe") {
		t.Errorf("arrow-go reads %d rows: %v\n%v", rows, in.Err(), in.Schema())
	}
	out, err := ipc.NewFileReader(bytes.NewReader(encoded(t, File, table)))
	if err != nil {
		t.Fatal(err)
	}
	if rec, err := out.Record(1); err != nil || rec.NumRows() != 2 {
		t.Errorf("arrow-go reads %v: %v", rec, err)
	}
}

func TestTheHintOfParquetHasTheNamesOfMapEntries(t *testing.T) {
	schema := keepMapNames(mapTable(t).Schema, foreign)
	message, err := EncodeSchemaMessage(schema)
	if err != nil {
		t.Fatal(err)
	}
	read, err := DecodeSchemaMessage(message, codec.Limits{}.WithDefaults())
	if err != nil || !read.Equal(schema) {
		t.Errorf("%v, %v", read, err)
	}
}

func TestNamesOfAColumnThatHasBecomeAnotherAreDropped(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int8, Metadata: arrow.NewMetadata([]string{mapNamesKey}, []string{"1:a1:b1:c9:x"})}}, nil)
	message, err := EncodeSchemaMessage(schema)
	if err != nil {
		t.Fatal(err)
	}
	read, err := DecodeSchemaMessage(message, codec.Limits{}.WithDefaults())
	if err != nil || read.Field(0).Metadata.Len() > 0 {
		t.Errorf("%v, %v", read, err)
	}
}

func TestAnArrowFileEndsItsMessagesWithTheMarker(t *testing.T) {
	for name, table := range map[string]*codec.Table{"rows": codectest.Generate(100, 3, 1), "no rows": {Schema: codectest.Generate(1, 3, 1).Schema}, "maps": mapTable(t)} {
		data := encoded(t, File, table)
		_, messages, err := splitFile(data)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasSuffix(messages, endOfStream) {
			t.Errorf("%s: the messages end with %x", name, messages[len(messages)-8:])
		}
		// So the messages are a stream.
		if _, err := Stream.Decode(messages[fileStart:], codec.ReadOptions{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := ipc.NewFileReader(bytes.NewReader(data)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// narrowed is a table of decimals, as a program writes it that has types of width bytes.
func narrowed(t *testing.T, f *codec.Format, width int, values ...int64) []byte {
	t.Helper()
	// The width of decimal128 is the default, which is not written.
	dt := &arrow.Decimal256Type{Precision: 9, Scale: 2}
	decimals, list := array.NewDecimal256Builder(memory.DefaultAllocator, dt), array.NewListBuilder(memory.DefaultAllocator, dt)
	for i, v := range values {
		list.Append(true)
		list.ValueBuilder().(*array.Decimal256Builder).Append(decimal256.FromI64(v))
		if i == 1 {
			decimals.AppendNull()
			continue
		}
		decimals.Append(decimal256.FromI64(v))
	}
	schema := arrow.NewSchema([]arrow.Field{{Name: "d", Type: dt, Nullable: true}, {Name: "l", Type: arrow.ListOf(dt), Nullable: true}}, nil)
	rec := array.NewRecord(schema, []arrow.Array{decimals.NewArray(), list.NewArray()}, int64(len(values)))
	data := encoded(t, f, &codec.Table{Schema: schema, RowGroups: []arrow.Record{rec}})
	// The low bytes of each value move together, and the schema says so.
	narrow := func(table flatTable) {
		fields := table.vector(schemaFields, 4)
		for _, f := range []flatTable{fields.table(0), fields.table(1).vector(fieldChildren, 4).table(0)} {
			dt := f.table(fieldType)
			binary.LittleEndian.PutUint32(dt.buf.data[dt.slot(decimalBitWidth):], uint32(8*width))
		}
	}
	rest := data
	if f == File {
		footer, _, err := splitFile(data)
		if err != nil {
			t.Fatal(err)
		}
		narrow(inFooter(footer))
		rest = data[fileStart:]
	}
	for len(rest) > 0 {
		m, next, err := nextMessage(rest)
		if err != nil || m.kind == 0 {
			break
		}
		switch rest = next; m.kind {
		case schemaMessage:
			narrow(m.header)
		case batchMessage:
			buffers := m.header.vector(batchBuffers, 16)
			for _, i := range []int{1, 5} {
				at := m.body[buffers.buf.i64(buffers.at+16*i):]
				for k := range values {
					copy(at[width*k:width*(k+1)], slices.Clone(at[32*k:32*k+width]))
				}
			}
		}
	}
	return data
}

func TestNarrowDecimalsBecomeDecimal128(t *testing.T) {
	const want = "[{100 0} (null) {18446744073709551615 -1} {999999999 0}] [[{100 0}] [{5 0}] [{18446744073709551615 -1}] [{999999999 0}]]"
	for _, f := range []*codec.Format{Stream, File} {
		for _, width := range []int{4, 8} {
			data := narrowed(t, f, width, 100, 5, -1, 999_999_999)
			table, err := f.Decode(bytes.Clone(data), codec.ReadOptions{})
			if err != nil {
				t.Errorf("%s, %d bytes: %v", f.Name, width, err)
				continue
			}
			rec := table.RowGroups[0]
			if got := fmt.Sprint(rec.Column(0), rec.Column(1)); got != want {
				t.Errorf("%s, %d bytes: %s", f.Name, width, got)
			}
			notes := fmt.Sprintf(`[column "d": decimal%d is kept as decimal128 of the same precision and scale column "l": decimal%[1]d is kept as decimal128 of the same precision and scale]`, 8*width)
			if fmt.Sprint(table.Receipt.Notes) != notes || table.Schema.Field(0).Type.String() != "decimal(9, 2)" {
				t.Errorf("%s, %d bytes: %v, %v", f.Name, width, table.Receipt.Notes, table.Schema)
			}
		}
	}
	data := narrowed(t, Stream, 4, 100, 5, -1, 999_999_999)
	s, err := OpenStream(bytes.NewReader(data), codec.ReadOptions{}, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Next(); err != nil || len(s.Receipt().Notes) != 2 {
		t.Errorf("in pieces: %v, %v", err, s.Receipt())
	}
}

// TestRefusalsAreNotALibrarys damages some bytes of schemas, footers and data.
func TestRefusalsAreNotALibrarys(t *testing.T) {
	all := codectest.AllTypes()
	for _, f := range []*codec.Format{Stream, File} {
		for _, data := range [][]byte{encoded(t, f, mapTable(t)), encoded(t, f, all)} {
			step := max(1, len(data)/300)
			for at := 0; at < len(data); at += step {
				for _, to := range []byte{0, 1, data[at] + 1, data[at] ^ 0x80, 0xFF} {
					damaged := bytes.Clone(data)
					damaged[at] = to
					_, err := f.Decode(damaged, codec.ReadOptions{Limits: codec.Limits{Bytes: 32 << 20}})
					if err != nil {
						checkOwnSentence(t, err)
					}
				}
			}
		}
	}
}

func checkOwnSentence(t *testing.T, err error) {
	t.Helper()
	if !errors.As(err, new(*codec.Error)) {
		t.Errorf("%T: %v", err, err)
	}
	for _, of := range []string{"arrow/", "runtime error", "flatb", "lz4:", "zstd:", "invalid input", "%!", "interface conversion"} {
		if strings.Contains(err.Error(), of) {
			t.Errorf("%v", err)
		}
	}
}

func TestTypesThatAreNotKnownAreNamedWithTheirColumn(t *testing.T) {
	field := func(dt arrow.DataType) []byte {
		data, err := EncodeSchema(arrow.NewSchema([]arrow.Field{{Name: "c", Type: dt}}, nil))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	child := func(f flatTable) flatTable { return f.vector(fieldChildren, 4).table(0) }
	set16 := func(table flatTable, i int, v uint16) {
		binary.LittleEndian.PutUint16(table.buf.data[table.slot(i):], v)
	}
	for _, c := range []struct {
		dt    arrow.DataType
		spoil func(f flatTable)
		says  string
	}{
		{arrow.PrimitiveTypes.Int8, func(f flatTable) { f.buf.data[f.slot(fieldTypeKind)] = 99 }, "a type of kind 99, which is not known"},
		{arrow.PrimitiveTypes.Int8, func(f flatTable) { set16(f.table(fieldType), intBitWidth, 7) }, "integers of 7 bits"},
		{arrow.PrimitiveTypes.Float64, func(f flatTable) { set16(f.table(fieldType), floatPrecision, 3) }, "floats of precision 3"},
		{&arrow.Decimal256Type{Precision: 5}, func(f flatTable) { set16(f.table(fieldType), decimalBitWidth, 16) }, "decimals of 16 bits"},
		{arrow.FixedWidthTypes.Time64ns, func(f flatTable) { set16(f.table(fieldType), timeBitWidth, 31) }, "times of 31 bits with unit 3"},
		{arrow.FixedWidthTypes.Timestamp_ns, func(f flatTable) { set16(f.table(fieldType), timestampUnit, 4) }, "times of unit 4"},
		{arrow.FixedSizeListOf(3, arrow.PrimitiveTypes.Int8), func(f flatTable) { set16(f.table(fieldType), fixedListSize, 0) }, "lists of 0 elements each"},
		{arrow.MapOf(arrow.BinaryTypes.String, arrow.BinaryTypes.String), func(f flatTable) { f.buf.data[child(f).slot(fieldTypeKind)] = listKind }, "a map without entries"},
		{arrow.ListOf(arrow.PrimitiveTypes.Int64), func(f flatTable) { set16(child(f).table(fieldType), intBitWidth, 9) }, "integers of 9 bits"},
		{arrow.RunEndEncodedOf(arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Int8), func(f flatTable) { set16(child(f).table(fieldType), intBitWidth, 8) }, "ends of runs of 8 bits"},
		{arrow.DenseUnionOf([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int8}}, []int8{0}), func(f flatTable) { set16(f.table(fieldType), unionMode, 2) }, "a union of mode 2"},
		{&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}, func(f flatTable) {
			set16(f.table(fieldDictionary).table(dictionaryIndexType), intBitWidth, 12)
		}, "a dictionary with indices of 12 bits"},
	} {
		data := field(c.dt)
		m, _, err := nextMessage(data)
		if err != nil {
			t.Fatal(err)
		}
		f := m.header.vector(schemaFields, 4).table(0)
		c.spoil(f)
		if _, err := Stream.Decode(data, codec.ReadOptions{}); err == nil || !strings.HasPrefix(err.Error(), `column "c" of the Arrow data has `+c.says) {
			t.Errorf("%s: the error is %v", c.dt, err)
		}
	}
}
