package parquet_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/klauspost/compress/gzip"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"

	"edgeframe/codec"
	"edgeframe/codec/arrowipc"
	"edgeframe/codec/formats"
	"edgeframe/codec/formats/formatstest"
	"edgeframe/codec/scalar"
)

// read is what a file says: the type of its first column, the values of it, and the notes.
type read struct{ dtype, values, notes string }

func readFirst(t *testing.T, data []byte) read {
	t.Helper()
	table, err := decodeParquet(data, codec.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	out := read{dtype: scalar.DType(table.Schema.Field(0).Type), notes: strings.Join(table.Receipt.Notes, "; ")}
	var values []string
	for _, g := range table.RowGroups {
		spell := scalar.Text(g.Column(0))
		for i := range int(g.NumRows()) {
			values = append(values, string(spell(nil, i)))
		}
	}
	out.values = strings.Join(values, " ")
	return out
}

// plainFile is a file of one required column with one page of values.
func plainFile(e format.SchemaElement, values ...[]byte) crafted {
	n := len(values)
	return crafted{element: e, values: int64(n), rows: int64(n), pages: []craftedPage{dataPage(n, format.Plain, join(values...))}}
}

func annotated(e format.SchemaElement, t format.LogicalTypeValue) format.SchemaElement {
	e.LogicalType.Value = t
	return e
}

func int32s(v int32) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(v)) }
func int64s(v int64) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(v)) }

// TestTimesBehindPlainNumbersOfParquetAreRestored has what arrow-rs writes for types without a counterpart.
func TestTimesBehindPlainNumbersOfParquetAreRestored(t *testing.T) {
	date := annotated(leafOf(format.Int32), &format.DateType{})
	millis := annotated(leafOf(format.Int64), &format.TimestampType{Unit: format.TimeUnit{Value: &format.MilliSeconds{}}})
	for _, c := range []struct {
		hint    arrow.DataType
		element format.SchemaElement
		value   []byte
		want    read
	}{
		{arrow.FixedWidthTypes.Timestamp_s, leafOf(format.Int64), int64s(1e9), read{"timestamp[s, tz=UTC]", "2001-09-09T01:46:40Z", ""}},
		{&arrow.TimestampType{Unit: arrow.Second}, leafOf(format.Int64), int64s(1e9), read{"timestamp[s]", "2001-09-09T01:46:40", ""}},
		{arrow.FixedWidthTypes.Time32s, leafOf(format.Int32), int32s(3600), read{"time32[s]", "01:00:00", ""}},
		{arrow.FixedWidthTypes.Date64, leafOf(format.Int64), int64s(86_400_000), read{"date64", "1970-01-02", ""}},
		{&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.FixedWidthTypes.Date64}, leafOf(format.Int64), int64s(86_400_000), read{"dictionary<values=date64, indices=int8, ordered=false>", "1970-01-02", ""}},
		{arrow.FixedWidthTypes.Date64, annotated(leafOf(format.Int64), &format.IntType{BitWidth: 64, IsSigned: true}), int64s(86_400_000), read{"date64", "1970-01-02", ""}},
		// A hint of another width or kind is not used.
		{arrow.FixedWidthTypes.Date64, leafOf(format.Int32), int32s(7), read{"int32", "7", ""}},
		{arrow.FixedWidthTypes.Time32s, leafOf(format.Int64), int64s(7), read{"int64", "7", ""}},
		{arrow.BinaryTypes.String, leafOf(format.Int64), int64s(7), read{"int64", "7", ""}},
		// Other writers convert the values.
		{arrow.FixedWidthTypes.Date64, date, int32s(1), read{"date64", "1970-01-02", ""}},
		{&arrow.TimestampType{Unit: arrow.Second}, millis, int64s(1e12), read{"timestamp[s]", "2001-09-09T01:46:40", ""}},
	} {
		message, err := arrowipc.EncodeSchemaMessage(arrow.NewSchema([]arrow.Field{{Name: "a", Type: c.hint}}, nil))
		if err != nil {
			t.Fatal(err)
		}
		file := plainFile(c.element, c.value)
		file.edit = func(m *format.FileMetaData) {
			m.KeyValueMetadata = thrift.Slice[format.KeyValue]{{Key: "ARROW:schema", Value: base64.StdEncoding.EncodeToString(message)}}
		}
		if got := readFirst(t, file.file(t)); got != c.want {
			t.Errorf("%s: %q instead of %q", c.hint, got, c.want)
		}
	}
}

// int96Of is a timestamp of so many days and nanoseconds since 1970.
func int96Of(days int32, nanos int64) []byte {
	return binary.LittleEndian.AppendUint32(int64s(nanos), uint32(2_440_588+days))
}

// Days since 1970.
const (
	day9999 = 2_932_896
	dayLast = 106_751 // the last one of which nanoseconds can hold a part, 2262-04-11
)

func TestInt96HasTheUnitThatHoldsItsValues(t *testing.T) {
	for _, c := range []struct {
		values [][]byte
		want   read
	}{
		{[][]byte{int96Of(2, 3_000_000_001)}, read{"timestamp[ns]", "1970-01-03T00:00:03.000000001", ""}},
		{[][]byte{int96Of(dayLast, 85_636_854_775_807)}, read{"timestamp[ns]", "2262-04-11T23:47:16.854775807", ""}},
		{[][]byte{int96Of(dayLast, 85_636_854_776_000)}, read{"timestamp[us]", "2262-04-11T23:47:16.854776", ""}},
		{[][]byte{int96Of(0, 0), int96Of(day9999, 0)}, read{"timestamp[us]", "1970-01-01T00:00:00 9999-12-31T00:00:00", ""}},
		{[][]byte{int96Of(-719_162, 0)}, read{"timestamp[us]", "0001-01-01T00:00:00", ""}},
		{[][]byte{int96Of(1, -1_000_000)}, read{"timestamp[ns]", "1970-01-01T23:59:59.999", ""}},
		{[][]byte{int96Of(-106_752, 763_145_224_192)}, read{"timestamp[ns]", "1677-09-21T00:12:43.145224192", ""}},
		{[][]byte{int96Of(-106_752, 763_145_224_000)}, read{"timestamp[us]", "1677-09-21T00:12:43.145224", ""}},
		{[][]byte{int96Of(-106_751_991, -14_454_775_808_000)}, read{"timestamp[us]", "-290308-12-21T19:59:05.224192", ""}},
		{[][]byte{int96Of(106_751_991, 14_454_775_807_000)}, read{"timestamp[us]", "294247-01-10T04:00:54.775807", ""}},
	} {
		if got := readFirst(t, plainFile(leafOf(format.Int96), c.values...).file(t)); got != c.want {
			t.Errorf("%q instead of %q", got, c.want)
		}
	}
}

func TestInt96OfADictionaryMayHaveValuesThatNoRowHas(t *testing.T) {
	dictionary := join(int96Of(day9999, 0), int96Of(1<<30, 0))
	file := crafted{element: leafOf(format.Int96), values: 2, rows: 2, pages: []craftedPage{
		dictionaryPage(2, dictionary), dataPage(2, format.RLEDictionary, []byte{1, 2 << 1, 0}),
	}}
	if got, want := readFirst(t, file.file(t)), (read{"timestamp[us]", "9999-12-31T00:00:00 9999-12-31T00:00:00", ""}); got != want {
		t.Errorf("%q instead of %q", got, want)
	}
}

func TestInt96BeyondMicrosecondsIsNamedWithItsRow(t *testing.T) {
	for _, beyond := range [][]byte{
		int96Of(1<<30, 0), int96Of(106_751_991, 14_454_775_808_000), int96Of(-1<<30, 0),
		int96Of(-109_192_579, -14_454_775_809_000), // a microsecond before the first one of Spark's
		int96Of(-108_302_820, -32_509_551_616_001), // not whole microseconds, so not Spark's
	} {
		_, err := decodeParquet(plainFile(leafOf(format.Int96), int96Of(0, 0), beyond).file(t), codec.Limits{})
		if !errors.Is(err, codec.ErrMismatch) || !strings.Contains(err.Error(), `column "a"`) || !strings.Contains(err.Error(), "row 1, counted from 0") || strings.Contains(err.Error(), "damaged") {
			t.Errorf("%x: the error is %v", beyond, err)
		}
	}
}

// The values and their texts are those of toJulianDay of Spark, worked out without a limit of 64 bits.
func TestInt96WithNegativeJulianDaysIsReadAsSparkWritesIt(t *testing.T) {
	note := `column "a": timestamps (INT96) with a negative Julian day are read as Spark writes them, as those after the year 287563; the first is in row 1, counted from 0`
	for text, value := range map[string][]byte{
		"287564-12-03T04:00:54.775808": int96Of(-109_192_579, -14_454_775_808_000),
		"290000-12-30T23:00:00":        int96Of(-108_302_820, -32_509_551_616_000),
		"294247-01-10T04:00:54.775807": int96Of(-106_751_991, -14_454_775_809_000),
	} {
		file := plainFile(leafOf(format.Int96), int96Of(0, 0), value, value).file(t)
		if got, want := readFirst(t, file), (read{"timestamp[us]", "1970-01-01T00:00:00 " + text + " " + text, note}); got != want {
			t.Errorf("%q instead of %q", got, want)
		}
		if _, err := formats.ByName("parquet").Decode(file, codec.ReadOptions{Strict: true}); err != nil {
			t.Errorf("nothing is changed, but strict reading says %v", err)
		}
	}
}

func TestNanosecondsThatMicrosecondsCannotKeepAreChanged(t *testing.T) {
	file := plainFile(leafOf(format.Int96), int96Of(day9999, 0), int96Of(0, 1), int96Of(0, 1000)).file(t)
	table, err := decodeParquet(file, codec.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	want := "[1] [[{coerced 2 1970-01-01T00:00:00.000000001 1970-01-01T00:00:00}]]"
	if got := fmt.Sprint(table.Receipt.Changed, table.Receipt.Samples); got != want {
		t.Errorf("%s instead of %s", got, want)
	}
	_, err = formats.ByName("parquet").Decode(file, codec.ReadOptions{Strict: true})
	if !errors.Is(err, codec.ErrMalformed) || !strings.Contains(err.Error(), "row 1, counted from 0") || !strings.Contains(err.Error(), "1970-01-01T00:00:00.000000001") {
		t.Errorf("the error is %v", err)
	}
}

func TestUUIDsOfParquetStayUUIDs(t *testing.T) {
	e := annotated(leafOf(format.FixedLenByteArray), &format.UUIDType{})
	e.TypeLength = thrift.New[int32](16)
	table, err := decodeParquet(plainFile(e, []byte("0123456789abcdef")).file(t), codec.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if f := table.Schema.Field(0); !scalar.IsUUID(f) {
		t.Fatalf("the column is %v", f)
	}
	var through bytes.Buffer
	if err := formats.ByName("arrow").Encode(&through, table, codec.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	arrived, err := formats.ByName("arrow").Decode(through.Bytes(), codec.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	again := formatstest.Encode(t, "parquet", arrived)
	if got := footerOf(t, again).Schema[1]; got.LogicalType.Value == nil || got.LogicalType.Value.String() != "UUID" {
		t.Errorf("it is written as %v", got)
	}
}

func footerOf(t *testing.T, file []byte) (m format.FileMetaData) {
	t.Helper()
	end := len(file) - 8
	size := int(binary.LittleEndian.Uint32(file[end:]))
	if err := thrift.Unmarshal(&thrift.CompactProtocol{}, file[end-size:end], &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// The footer of a file as parquet-cpp writes it, whose column chunk has a pair without a value.
type (
	chunkPair struct {
		Key string `thrift:"1,required"`
	}
	pairedMetadata struct {
		Type                format.Type                   `thrift:"1,required"`
		Encoding            thrift.Slice[format.Encoding] `thrift:"2,required"`
		Path                thrift.Slice[string]          `thrift:"3,required"`
		Codec               format.CompressionCodec       `thrift:"4,required"`
		NumValues           int64                         `thrift:"5,required"`
		UncompressedSize    int64                         `thrift:"6,required"`
		TotalCompressedSize int64                         `thrift:"7,required"`
		Pairs               thrift.Slice[chunkPair]       `thrift:"8,optional"`
		DataPageOffset      int64                         `thrift:"9,required"`
	}
	pairedChunk struct {
		FileOffset int64          `thrift:"2,required"`
		MetaData   pairedMetadata `thrift:"3,optional"`
	}
	pairedGroup struct {
		Columns thrift.Slice[pairedChunk] `thrift:"1,required"`
		Size    int64                     `thrift:"2,required"`
		NumRows int64                     `thrift:"3,required"`
	}
	pairedFooter struct {
		Version   int32                              `thrift:"1,required"`
		Schema    thrift.Slice[format.SchemaElement] `thrift:"2,required"`
		NumRows   int64                              `thrift:"3,required"`
		RowGroups thrift.Slice[pairedGroup]          `thrift:"4,required"`
	}
)

func TestAPairOfAColumnChunkNeedNotHaveAValue(t *testing.T) {
	page := dataPage(1, format.Plain, int32s(5))
	page.head.CompressedPageSize, page.head.UncompressedPageSize = 4, 4
	data := join([]byte("PAR1"), compact(t, &page.head), page.body)
	e := leafOf(format.Int32)
	e.Name = "a"
	file := withFooter(data, compact(t, &pairedFooter{
		Schema: thrift.Slice[format.SchemaElement]{{Name: "root", NumChildren: thrift.New[int32](1)}, e}, NumRows: 1,
		RowGroups: thrift.Slice[pairedGroup]{{NumRows: 1, Columns: thrift.Slice[pairedChunk]{{MetaData: pairedMetadata{
			Type: format.Int32, Encoding: thrift.Slice[format.Encoding]{format.Plain}, Path: thrift.Slice[string]{"a"}, NumValues: 1,
			TotalCompressedSize: int64(len(data) - 4), Pairs: thrift.Slice[chunkPair]{{"a key without a value"}}, DataPageOffset: 4,
		}}}}},
	}))
	if got, want := readFirst(t, file), (read{"int32", "5", ""}); got != want {
		t.Errorf("%q instead of %q", got, want)
	}
}

func gzipOf(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func lz4Block(t testing.TB, data []byte) []byte {
	t.Helper()
	out := make([]byte, lz4.CompressBlockBound(len(data)))
	n, err := lz4.CompressBlock(data, out, nil)
	if err != nil || n == 0 {
		t.Fatal(n, err)
	}
	return out[:n]
}

func lz4Frame(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := lz4.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// bigEndian puts n before data, as Hadoop does with sizes.
func bigEndian(n int, data ...[]byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(n)), join(data...)...)
}

func TestPagesMayBePackedInParts(t *testing.T) {
	values := bytes.Repeat(int64s(1234567), 3000)
	a, b := values[:9000], values[9000:]
	block := func(data []byte) []byte { return bigEndian(len(lz4Block(t, data)), lz4Block(t, data)) }
	for name, c := range map[string]struct {
		codec format.CompressionCodec
		body  []byte
		bad   bool
	}{
		"gzip of two members":                 {format.Gzip, join(gzipOf(t, a), gzipOf(t, b)), false},
		"gzip of one member and zeros":        {format.Gzip, join(gzipOf(t, values), make([]byte, 20)), false},
		"gzip of two members, cut":            {format.Gzip, join(gzipOf(t, a), gzipOf(t, b)[:20]), true},
		"gzip of two members, one too many":   {format.Gzip, join(gzipOf(t, values), gzipOf(t, a)), true},
		"gzip without its checksum":           {format.Gzip, gzipOf(t, values)[:len(gzipOf(t, values))-4], true},
		"lz4 as Hadoop frames it":             {format.Lz4, bigEndian(len(values), block(values)), false},
		"lz4 of Hadoop, a part of two blocks": {format.Lz4, bigEndian(len(values), block(a), block(b)), false},
		"lz4 of Hadoop, two parts":            {format.Lz4, join(bigEndian(len(a), block(a)), bigEndian(len(b), block(b))), false},
		"lz4 of Hadoop, one part missing":     {format.Lz4, bigEndian(len(a), block(a)), true},
		"lz4 of Hadoop, bytes after it":       {format.Lz4, append(bigEndian(len(values), block(values)), 0), true},
		"lz4 without a framing":               {format.Lz4, lz4Block(t, values), false},
		"lz4 of the LZ4 frame format":         {format.Lz4, lz4Frame(t, values), false},
		"lz4_raw":                             {format.Lz4Raw, lz4Block(t, values), false},
		"lz4 of nothing":                      {format.Lz4, []byte{0, 0, 0}, true},
	} {
		page := dataPage(3000, format.Plain, c.body)
		page.head.UncompressedPageSize = int32(len(values))
		file := crafted{element: leafOf(format.Int64), values: 3000, rows: 3000, codec: c.codec, pages: []craftedPage{page}}.file(t)
		table, err := decodeParquet(file, codec.Limits{})
		switch {
		case c.bad && (!errors.Is(err, codec.ErrMalformed) || !strings.Contains(err.Error(), "compressed with "+c.codec.String())):
			t.Errorf("%s: the error is %v", name, err)
		case !c.bad && err != nil:
			t.Errorf("%s: %v", name, err)
		case !c.bad && table.RowGroups[0].Column(0).ValueStr(2999) != "1234567":
			t.Errorf("%s: other values", name)
		}
	}
}

// TestOddParquetFilesAreReadWithANote has what other readers accept although the standard says otherwise.
func TestOddParquetFilesAreReadWithANote(t *testing.T) {
	decimal := annotated(leafOf(format.ByteArray), &format.DecimalType{Precision: 4, Scale: 2})
	keys := crafted{values: 2, rows: 1, element: leafOf(format.Int32), pages: []craftedPage{
		dataPage(2, format.Plain, join(prefixedBy([]byte{3, 0b10}), prefixedBy([]byte{2 << 1, 1}), int32s(7), int32s(8))),
	}, edit: func(m *format.FileMetaData) {
		key := leafOf(format.Int32)
		key.Name = "key"
		m.Schema = thrift.Slice[format.SchemaElement]{
			m.Schema[0],
			{Name: "a", NumChildren: thrift.New[int32](1), RepetitionType: thrift.New(format.Required), ConvertedType: thrift.New(deprecated.Map)},
			{Name: "key_value", NumChildren: thrift.New[int32](1), RepetitionType: thrift.New(format.Repeated)},
			key,
		}
	}}
	fewer := plainFile(leafOf(format.Int32), int32s(1), int32s(2))
	fewer.edit = func(m *format.FileMetaData) { m.NumRows = 0 }
	for name, c := range map[string]struct {
		file crafted
		want read
	}{
		"a map without values":    {keys, read{"list<key: int32>", "[7,8]", `column "a": the map "a" has no values and is kept as the list of its keys`}},
		"decimals without bytes":  {plainFile(decimal, prefixedBy([]byte{100}), prefixedBy(nil)), read{"decimal(4, 2)", "1.00 0.00", `column "a": decimals of no bytes are read as 0`}},
		"another number of rows":  {fewer, read{"int32", "1 2", "the footer says that the file has 0 rows; its row groups have 2, and all of them are read"}},
		"a geometry":              {plainFile(annotated(leafOf(format.ByteArray), &format.GeometryType{}), prefixedBy([]byte("wkb"))), read{"binary", "d2ti", `column "a": GEOMETRY("OGC:CRS84") is kept as binary (WKB)`}},
		"a geography":             {plainFile(annotated(leafOf(format.ByteArray), &format.GeographyType{CRS: "x"}), prefixedBy([]byte("wkb"))), read{"binary", "d2ti", `column "a": GEOGRAPHY("x", SPHERICAL) is kept as binary (WKB)`}},
		"a file without oddities": {plainFile(leafOf(format.Int32), int32s(1)), read{"int32", "1", ""}},
	} {
		if got := readFirst(t, c.file.file(t)); got != c.want {
			t.Errorf("%s: %q instead of %q", name, got, c.want)
		}
	}
}

func TestColumnsOfParquetGetNames(t *testing.T) {
	file := plainFile(leafOf(format.Int32), int32s(1))
	file.edit = func(m *format.FileMetaData) {
		e := m.Schema[1]
		again, unnamed := e, e
		unnamed.Name = ""
		m.Schema = thrift.Slice[format.SchemaElement]{{Name: "root", NumChildren: thrift.New[int32](3)}, e, again, unnamed}
		chunk := m.RowGroups[0].Columns[0]
		m.RowGroups[0].Columns = thrift.Slice[format.ColumnChunk]{chunk, chunk, chunk}
	}
	table, err := decodeParquet(file.file(t), codec.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(table.Schema.Field(0).Name, table.Receipt.Renamed); got != "a[{1 a.1 a} {2 column_3 }]" {
		t.Errorf("%s", got)
	}
	if _, err := formats.ByName("parquet").Decode(file.file(t), codec.ReadOptions{Strict: true}); !errors.Is(err, codec.ErrMalformed) {
		t.Errorf("the error is %v", err)
	}
}

// TestRefusalsAreNotALibrarys damages some bytes of files.
func TestRefusalsAreNotALibrarys(t *testing.T) {
	page := dataPage(100, format.Plain, lz4Block(t, make([]byte, 800)))
	page.head.UncompressedPageSize = 800
	files := [][]byte{
		formatstest.Encode(t, "parquet", parquetTypes()),
		crafted{element: leafOf(format.Int64), values: 100, rows: 100, codec: format.Lz4Raw, pages: []craftedPage{page}}.file(t),
		plainFile(leafOf(format.Int96), int96Of(0, 0), int96Of(day9999, 0)).file(t),
	}
	for _, data := range files {
		step := max(1, len(data)/300)
		for at := 0; at < len(data); at += step {
			for _, to := range []byte{0, data[at] + 1, data[at] ^ 0x80} {
				damaged := bytes.Clone(data)
				damaged[at] = to
				_, err := decodeParquet(damaged, codec.Limits{Bytes: 32 << 20})
				if err == nil {
					continue
				}
				if !errors.As(err, new(*codec.Error)) {
					t.Errorf("%T: %v", err, err)
				}
				for _, of := range []string{"arrow/", "runtime error", "thrift", "FIELD<", "decompress", "snappy:", "s2:", "lz4:", "invalid input", "%!", "interface conversion"} {
					if strings.Contains(err.Error(), of) {
						t.Errorf("%v", err)
					}
				}
			}
		}
	}
}
