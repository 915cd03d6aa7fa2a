package parquet_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"edgeframe/codec"
	"edgeframe/codec/arrowipc"
	"edgeframe/codec/codectest"
	"edgeframe/codec/formats/formatstest"
	"edgeframe/codec/scalar"
)

// hostileTime is how long it may take to refuse a file: a second, on a machine that is busy.
const hostileTime = 5 * time.Second

// TestHostileParquetFilesAreRefused checks that each is refused at once and with no more memory than
// the limit allows.
func TestHostileParquetFilesAreRefused(t *testing.T) {
	const mib = 1 << 20
	eight := make([]byte, 8)
	claims := func(c crafted, edit func(h *format.PageHeader)) crafted {
		for i := range c.pages {
			c.pages[i].head.CompressedPageSize, c.pages[i].head.UncompressedPageSize, c.pages[i].keep = int32(len(c.pages[i].body)), int32(len(c.pages[i].body)), true
			edit(&c.pages[i].head)
		}
		return c
	}
	one := func() crafted {
		return crafted{element: leafOf(format.Int64), values: 1, rows: 1, pages: []craftedPage{dataPage(1, format.Plain, eight)}}
	}
	with := func(change func(c *crafted)) crafted {
		c := one()
		change(&c)
		return c
	}
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	big := z.EncodeAll(make([]byte, 64*mib), nil)
	for name, c := range map[string]struct {
		file crafted
		kind error
	}{
		"a page of 2^31-1 values": {claims(one(), func(h *format.PageHeader) { h.DataPageHeader.V.NumValues = 1<<31 - 1 }), codec.ErrMalformed},
		"a chunk of 2^40 values":  {with(func(c *crafted) { c.values, c.rows = 1<<40, 1<<40 }), codec.ErrTooLarge},
		"a chunk of 2^20 values, all in one page without bytes": {with(func(c *crafted) {
			c.values, c.rows, c.pages = mib, mib, []craftedPage{dataPage(mib, format.Plain, nil)}
		}), codec.ErrMalformed},
		"2^62 rows in each of four row groups": {with(func(c *crafted) {
			c.edit = func(m *format.FileMetaData) {
				g := m.RowGroups[0]
				g.NumRows = 1 << 62
				m.RowGroups = thrift.Slice[format.RowGroup]{g, g, g, g}
				m.NumRows = 0
			}
		}), codec.ErrTooLarge},
		"a negative number of rows": {with(func(c *crafted) { c.rows = -1 }), codec.ErrMalformed},
		"more values than rows":     {with(func(c *crafted) { c.values = 2 }), codec.ErrMalformed},
		"fewer pages than values":   {with(func(c *crafted) { c.values, c.rows = 2, 2 }), codec.ErrMalformed},
		"a negative page size":      {claims(one(), func(h *format.PageHeader) { h.CompressedPageSize = -1 }), codec.ErrMalformed},
		"a page beyond the file":    {claims(one(), func(h *format.PageHeader) { h.CompressedPageSize = 1 << 30 }), codec.ErrMalformed},
		"a page of 2 GB unpacked": {with(func(c *crafted) {
			*c = claims(*c, func(h *format.PageHeader) { h.UncompressedPageSize = 1<<31 - 1 })
			c.codec = format.Snappy
		}), codec.ErrTooLarge},
		"gzip that unpacks to more than it claims": {with(func(c *crafted) {
			c.codec, c.pages[0].body, c.pages[0].head.UncompressedPageSize = format.Gzip, gzipped(256*mib), 8
		}), codec.ErrMalformed},
		"gzip of 32 MiB, as it claims": {with(func(c *crafted) {
			c.codec, c.pages[0].body, c.pages[0].head.UncompressedPageSize = format.Gzip, gzipped(32*mib), 32*mib
		}), codec.ErrTooLarge},
		"zstd that unpacks to more than it claims": {with(func(c *crafted) {
			c.codec, c.pages[0].body, c.pages[0].head.UncompressedPageSize = format.Zstd, big, 8
		}), codec.ErrMalformed},
		"many pages that unpack to much for a value each": {with(func(c *crafted) {
			c.codec = format.Gzip
			body := gzipped(15 * mib)
			c.pages = nil
			for range 40 {
				p := dataPage(1, format.Plain, body)
				p.head.UncompressedPageSize = 15 * mib
				c.pages = append(c.pages, p)
			}
			c.values, c.rows = 40, 40
		}), codec.ErrTooLarge},
		"a chunk of pages without values in each of many row groups": {with(func(c *crafted) {
			c.pages = nil
			for range 5000 {
				c.pages = append(c.pages, dataPage(0, format.Plain, nil))
			}
			c.pages = append(c.pages, dataPage(1, format.Plain, eight))
			c.edit = func(m *format.FileMetaData) {
				for range 5000 {
					m.RowGroups = append(m.RowGroups, m.RowGroups[0])
				}
				m.NumRows = 5001
			}
		}), codec.ErrTooLarge},
		"a compression that is not known": {with(func(c *crafted) { c.codec = format.LZO }), codec.ErrUnsupported},
		"a chunk before the file": {with(func(c *crafted) {
			c.edit = func(m *format.FileMetaData) { m.RowGroups[0].Columns[0].MetaData.DataPageOffset = -5 }
		}), codec.ErrMalformed},
		"a chunk of 2^62 bytes": {with(func(c *crafted) {
			c.edit = func(m *format.FileMetaData) { m.RowGroups[0].Columns[0].MetaData.TotalCompressedSize = 1 << 62 }
		}), codec.ErrMalformed},
		"a chunk in another file": {with(func(c *crafted) {
			c.edit = func(m *format.FileMetaData) { m.RowGroups[0].Columns[0].FilePath = "/etc/passwd" }
		}), codec.ErrUnsupported},
		"a chunk of another type": {with(func(c *crafted) {
			c.edit = func(m *format.FileMetaData) { m.RowGroups[0].Columns[0].MetaData.Type = format.ByteArray }
		}), codec.ErrMalformed},
		"a row group without its column": {with(func(c *crafted) {
			c.edit = func(m *format.FileMetaData) { m.RowGroups[0].Columns = thrift.Slice[format.ColumnChunk]{} }
		}), codec.ErrMalformed},
		"a schema of 2^31-1 columns":      {with(func(c *crafted) { c.edit = func(m *format.FileMetaData) { m.Schema[0].NumChildren.V = 1<<31 - 1 } }), codec.ErrTooLarge},
		"a schema that ends early":        {with(func(c *crafted) { c.edit = func(m *format.FileMetaData) { m.Schema[0].NumChildren.V = 2 } }), codec.ErrMalformed},
		"a schema with elements too many": {with(func(c *crafted) { c.edit = func(m *format.FileMetaData) { m.Schema = append(m.Schema, m.Schema[1]) } }), codec.ErrMalformed},
		"no schema": {with(func(c *crafted) {
			c.edit = func(m *format.FileMetaData) { m.Schema = thrift.Slice[format.SchemaElement]{} }
		}), codec.ErrMalformed},
		"a type of no kind": {with(func(c *crafted) { c.element.Type.V = 17 }), codec.ErrMalformed},
		"values of 2 GB each": {with(func(c *crafted) {
			c.element = leafOf(format.FixedLenByteArray)
			c.element.TypeLength = thrift.New[int32](1<<31 - 1)
		}), codec.ErrUnsupported},
		"a decimal of precision 99": {with(func(c *crafted) { c.element.LogicalType.Value = &format.DecimalType{Precision: 99} }), codec.ErrUnsupported},
		"a geometry of numbers":     {with(func(c *crafted) { c.element.LogicalType.Value = &format.GeometryType{} }), codec.ErrUnsupported},
		"a list without a repeated field": {with(func(c *crafted) {
			c.element = format.SchemaElement{NumChildren: thrift.New[int32](0), ConvertedType: thrift.New(deprecated.List)}
		}), codec.ErrUnsupported},
		"nested without end": {with(func(c *crafted) {
			c.edit = func(m *format.FileMetaData) {
				for range 5000 {
					m.Schema = append(m.Schema[:1], append(thrift.Slice[format.SchemaElement]{{Name: "a", NumChildren: thrift.New[int32](1)}}, m.Schema[1:]...)...)
				}
			}
		}), codec.ErrTooLarge},
		"a dictionary of 2^31-1 values": {with(func(c *crafted) {
			c.pages = []craftedPage{dictionaryPage(1<<31-1, eight), dataPage(1, format.RLEDictionary, []byte{1, 2, 0})}
		}), codec.ErrMalformed},
		"an index outside of the dictionary": {with(func(c *crafted) {
			c.pages = []craftedPage{dictionaryPage(1, eight), dataPage(1, format.RLEDictionary, []byte{8, 2, 200})}
		}), codec.ErrMalformed},
		"indices of 200 bits": {with(func(c *crafted) {
			c.pages = []craftedPage{dictionaryPage(1, eight), dataPage(1, format.RLEDictionary, []byte{200, 2, 0})}
		}), codec.ErrMalformed},
		"indices without a dictionary": {with(func(c *crafted) { c.pages = []craftedPage{dataPage(1, format.RLEDictionary, []byte{1, 2, 0})} }), codec.ErrMalformed},
		"a dictionary value of a megabyte in every row": {with(func(c *crafted) {
			c.element, c.values, c.rows = leafOf(format.ByteArray), 100_000, 100_000
			c.pages = []craftedPage{dictionaryPage(1, prefixedBy(make([]byte, mib))), dataPage(100_000, format.RLEDictionary, join([]byte{0}, uvarint(200_000)))}
		}), codec.ErrTooLarge},
		"text longer than its page": {with(func(c *crafted) {
			c.element, c.pages = leafOf(format.ByteArray), []craftedPage{dataPage(1, format.Plain, []byte{255, 255, 255, 255, 1})}
		}), codec.ErrMalformed},
		"text that is not UTF-8": {with(func(c *crafted) {
			c.element, c.pages = leafOf(format.ByteArray), []craftedPage{dataPage(1, format.Plain, prefixedBy([]byte{0xFF}))}
			c.element.LogicalType.Value = &format.StringType{}
		}), codec.ErrMalformed},
		"deltas of 2^60 values": {with(func(c *crafted) {
			c.pages = []craftedPage{dataPage(1, format.DeltaBinaryPacked, join(uvarint(128), uvarint(4), uvarint(1<<60), uvarint(0)))}
		}), codec.ErrMalformed},
		"blocks of deltas of 2^60 values": {with(func(c *crafted) {
			c.values, c.rows = 2, 2
			c.pages = []craftedPage{dataPage(2, format.DeltaBinaryPacked, join(uvarint(1<<60), uvarint(1), uvarint(2), uvarint(0), uvarint(0), []byte{0}))}
		}), codec.ErrMalformed},
		"text that shares prefixes without end": {with(func(c *crafted) {
			const n = 100_000
			c.element, c.values, c.rows = leafOf(format.ByteArray), n, n
			// Each value is the one before, and those have as many bytes as there were values.
			lengths := func(first, delta uint64) []byte {
				out := join(uvarint(128), uvarint(4), uvarint(n), uvarint(2*first))
				for i := 1; i < n; i += 128 {
					out = append(out, join(uvarint(2*delta), make([]byte, 4))...)
				}
				return out
			}
			c.pages = []craftedPage{dataPage(n, format.DeltaByteArray, join(lengths(0, 1), lengths(1, 0), bytes.Repeat([]byte("x"), n)))}
		}), codec.ErrTooLarge},
		"levels beyond the most": {with(func(c *crafted) {
			c.element, c.pages = optionalOf(format.Int64), []craftedPage{dataPage(1, format.Plain, join(prefixedBy([]byte{2, 9}), eight))}
		}), codec.ErrMalformed},
		"levels longer than the page": {with(func(c *crafted) {
			c.element, c.pages = optionalOf(format.Int64), []craftedPage{dataPage(1, format.Plain, []byte{255, 255, 255, 127})}
		}), codec.ErrMalformed},
		"2^31-1 values that are missing, in nine bytes": {with(func(c *crafted) {
			c.element, c.values, c.rows = optionalOf(format.Int64), 1<<31-1, 1<<31-1
			c.pages = []craftedPage{dataPage(1<<31-1, format.Plain, prefixedBy(join(uvarint(2*(1<<31-1)), []byte{0})))}
		}), codec.ErrTooLarge},
		"levels of version 2 longer than the page": {with(func(c *crafted) {
			c.pages = []craftedPage{{body: eight, head: format.PageHeader{Type: format.DataPageV2, DataPageHeaderV2: thrift.New(format.DataPageHeaderV2{
				NumValues: 1, DefinitionLevelsByteLength: 1<<31 - 1, RepetitionLevelsByteLength: 1<<31 - 1,
			})}}}
		}), codec.ErrMalformed},
		"a page with another checksum": {claims(one(), func(h *format.PageHeader) { h.CRC = 12345 }), codec.ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			data := c.file.file(t)
			before, start := formatstest.Allocated(), time.Now()
			_, err := decodeParquet(data, codec.Limits{Bytes: 16 * mib})
			if !errors.Is(err, c.kind) {
				t.Errorf("the error is %v", err)
			}
			if n := formatstest.Allocated() - before; n > 100*mib {
				t.Errorf("%d bytes of memory were used", n)
			}
			if took := time.Since(start); took > hostileTime {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// TestHostileParquetFootersAreRefused has footers of invalid Thrift, or too much of it.
func TestHostileParquetFootersAreRefused(t *testing.T) {
	// Field 2 is the list of elements of the schema.
	list := func(n uint64) []byte { return join([]byte{0x15, 2, 0x19, 0xFC}, uvarint(n)) }
	for name, c := range map[string]struct {
		data []byte
		kind error
	}{
		"a list of 2^31-1 elements":          {withFooter([]byte("PAR1"), list(1<<31-1)), codec.ErrMalformed},
		"a list of a million empty elements": {withFooter([]byte("PAR1"), join(list(1_000_000), make([]byte, 1_000_000))), codec.ErrTooLarge},
		"structs without end":                {withFooter([]byte("PAR1"), bytes.Repeat([]byte{0x1C}, 5_000_000)), codec.ErrMalformed},
		"lists without end":                  {withFooter([]byte("PAR1"), join([]byte{0x19}, bytes.Repeat([]byte{0x19}, 5_000_000))), codec.ErrMalformed},
		"text of 2^31-1 bytes":               {withFooter([]byte("PAR1"), join([]byte{0x68}, uvarint(1<<31-1))), codec.ErrMalformed},
		"a footer of 2 GB":                   {append([]byte("PAR1xxxx"), 0xFF, 0xFF, 0xFF, 0x7F, 'P', 'A', 'R', '1'), codec.ErrMalformed},
		"an empty footer":                    {withFooter([]byte("PAR1"), nil), codec.ErrMalformed},
		"nothing":                            {nil, codec.ErrMalformed},
		"only magic":                         {[]byte("PAR1"), codec.ErrMalformed},
		"encrypted":                          {[]byte("PARE....PARE"), codec.ErrUnsupported},
	} {
		t.Run(name, func(t *testing.T) {
			before, start := formatstest.Allocated(), time.Now()
			_, err := decodeParquet(c.data, codec.Limits{Bytes: 16 << 20})
			if !errors.Is(err, c.kind) {
				t.Errorf("the error is %v", err)
			}
			if n := formatstest.Allocated() - before; n > 64<<20 || time.Since(start) > hostileTime {
				t.Errorf("%d bytes of memory and %s were used", n, time.Since(start))
			}
		})
	}
}

func TestATruncatedParquetFileGivesNoRows(t *testing.T) {
	data := formatstest.Encode(t, "parquet", parquetTypes())
	for n := 0; n < len(data); n += 37 {
		if _, err := decodeParquet(data[:n], codec.Limits{}); !errors.Is(err, codec.ErrMalformed) {
			t.Fatalf("cut at byte %d of %d: the error is %v", n, len(data), err)
		}
	}
}

func TestAnArrowSchemaThatDoesNotFitAParquetFileIsNotUsed(t *testing.T) {
	hint := func(value string) []byte {
		return crafted{element: leafOf(format.Int64), values: 1, rows: 1, pages: []craftedPage{dataPage(1, format.Plain, make([]byte, 8))}, edit: func(m *format.FileMetaData) {
			m.KeyValueMetadata = thrift.Slice[format.KeyValue]{{Key: "ARROW:schema", Value: value}, {Key: "k", Value: "v"}}
		}}.file(t)
	}
	schema := func(name string, dt arrow.DataType) string {
		data, err := arrowipc.EncodeSchema(arrow.NewSchema([]arrow.Field{{Name: name, Type: dt}}, nil))
		if err != nil {
			t.Fatal(err)
		}
		return base64.StdEncoding.EncodeToString(data)
	}
	duration := &arrow.DurationType{Unit: arrow.Millisecond}
	for _, c := range []struct{ value, want string }{
		{"no base64!", "int64"},
		{base64.StdEncoding.EncodeToString([]byte("no schema")), "int64"},
		{schema("a", duration)[:100], "int64"},
		{schema("b", duration), "int64"},
		{schema("a", arrow.BinaryTypes.String), "int64"},
		{schema("a", arrow.ListOf(arrow.PrimitiveTypes.Int64)), "int64"},
		{schema("a", arrow.RunEndEncodedOf(arrow.PrimitiveTypes.Int16, arrow.PrimitiveTypes.Int64)), "int64"},
		{schema("a", duration), "duration[ms]"},
		{schema("a", &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: duration}), "dictionary<values=duration[ms], indices=int8, ordered=false>"},
	} {
		table, err := decodeParquet(hint(c.value), codec.Limits{})
		if err != nil {
			t.Errorf("%.20s: %v", c.value, err)
			continue
		}
		if got := fmt.Sprint(table.Schema.Field(0).Type); got != c.want {
			t.Errorf("%.20s: %s instead of %s", c.value, got, c.want)
		}
		if i := table.Schema.Metadata().FindKey("k"); i < 0 {
			t.Errorf("the metadata is %v", table.Schema.Metadata())
		}
	}
}

// TestLegacyTypesOfParquetAreRead has lists of two levels, as old writers wrote them.
func TestLegacyTypesOfParquetAreRead(t *testing.T) {
	type elements = thrift.Slice[format.SchemaElement]
	group := func(name string, n int32, r format.FieldRepetitionType, c deprecated.ConvertedType) format.SchemaElement {
		e := format.SchemaElement{Name: name, NumChildren: thrift.New(n), RepetitionType: thrift.New(r)}
		if c >= 0 {
			e.ConvertedType = thrift.New(c)
		}
		return e
	}
	number := func(name string, r format.FieldRepetitionType) format.SchemaElement {
		return format.SchemaElement{Name: name, Type: thrift.New(format.Int32), RepetitionType: thrift.New(r)}
	}
	for want, schema := range map[string]elements{
		"list<e: int32>":                      {group("a", 1, format.Optional, deprecated.List), number("e", format.Repeated)},
		"list<item: int32, nullable>":         {group("a", 1, format.Required, deprecated.List), group("list", 1, format.Repeated, -1), number("item", format.Optional)},
		"list<array: struct<x: int32>>":       {group("a", 1, format.Required, deprecated.List), group("array", 1, format.Repeated, -1), number("x", format.Required)},
		"list<a_tuple: struct<x: int32>>":     {group("a", 1, format.Required, deprecated.List), group("a_tuple", 1, format.Repeated, -1), number("x", format.Required)},
		"list<e: struct<x: int32, y: int32>>": {group("a", 1, format.Required, deprecated.List), group("e", 2, format.Repeated, -1), number("x", format.Required), number("y", format.Required)},
		"map<int32, int32, items_nullable>":   {group("a", 1, format.Required, deprecated.MapKeyValue), group("map", 2, format.Repeated, -1), number("key", format.Required), number("value", format.Optional)},
		"list<a: int32>":                      {number("a", format.Repeated)},
		"struct<x: int32>":                    {group("a", 1, format.Required, -1), number("x", format.Required)},
	} {
		data := withFooter([]byte("PAR1"), compact(t, &format.FileMetaData{
			Schema: append(elements{{Name: "root", NumChildren: thrift.New[int32](1)}}, schema...), RowGroups: thrift.Slice[format.RowGroup]{},
		}))
		table, err := decodeParquet(data, codec.Limits{})
		if err != nil {
			t.Errorf("%s: %v", want, err)
		} else if got := scalar.DType(table.Schema.Field(0).Type); got != want {
			t.Errorf("%s instead of %s", got, want)
		}
	}
}

func TestParquetDecimalsOfBytesAreRead(t *testing.T) {
	e := leafOf(format.ByteArray)
	e.LogicalType.Value = &format.DecimalType{Precision: 20, Scale: 2}
	body := join(prefixedBy([]byte{0xFF, 0x85}), prefixedBy([]byte{0x01, 0x00}), prefixedBy(append([]byte{0xFF, 0xFF}, bytes.Repeat([]byte{0xFF}, 20)...)))
	table, err := decodeParquet(crafted{element: e, values: 3, rows: 3, pages: []craftedPage{dataPage(3, format.Plain, body)}}.file(t), codec.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	column := table.RowGroups[0].Column(0)
	if got := fmt.Sprintln(column.ValueStr(0), column.ValueStr(1), column.ValueStr(2)); got != "-1.23 2.56 -0.01\n" {
		t.Errorf("%s", got)
	}
}

func TestWhatIsReadOfParquetDoesNotReferToTheFile(t *testing.T) {
	want := parquetTypes()
	data := formatstest.Encode(t, "parquet", want)
	got, err := decodeParquet(data, codec.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range data {
		data[i] = 0xAA
	}
	if err := codectest.Equal(want, got); err != nil {
		t.Error(err)
	}
}

func TestAPairOfParquetMetadataNeedNotHaveAValue(t *testing.T) {
	// Field 4 ends the row groups, field 5 is a list of one struct with one field.
	footer := compact(t, &format.FileMetaData{Schema: thrift.Slice[format.SchemaElement]{{Name: "root", NumChildren: thrift.New[int32](0)}}, RowGroups: thrift.Slice[format.RowGroup]{}})
	footer = join(footer[:len(footer)-1], []byte{0x19, 0x1C, 0x18, 1, 'k', 0, 0})
	table, err := decodeParquet(withFooter([]byte("PAR1"), footer), codec.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(table.Schema.Metadata().Keys()); got != "[k]" {
		t.Errorf("the keys are %s", got)
	}
}
