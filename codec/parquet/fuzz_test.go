package parquet_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/formats"
	"edgeframe/codec/formats/formatstest"
)

func FuzzParquet(f *testing.F) {
	// One type at a time keeps inputs short, which is what a fuzzer is good at.
	all := parquetTypes()
	for i := range all.Schema.NumFields() {
		f.Add(formatstest.Encode(f, "parquet", formatstest.OnlyColumn(all, i)))
	}
	// Files of other programs have more encodings, and no Arrow schema.
	files, err := filepath.Glob(filepath.Join("testdata", "*.parquet"))
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	// What this package does not write.
	f.Add(plainFile(leafOf(format.Int96), int96Of(0, 1), int96Of(day9999, 0)).file(f))
	f.Add(plainFile(leafOf(format.Int96), int96Of(0, 1), int96Of(-108_302_820, -32_509_551_616_000)).file(f))
	f.Add(crafted{element: leafOf(format.Int96), values: 2, rows: 2, pages: []craftedPage{
		dictionaryPage(2, join(int96Of(0, 1), int96Of(day9999, 0))), dataPage(2, format.RLEDictionary, []byte{1, 2 << 1, 0}),
	}}.file(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		before := formatstest.Allocated()
		table, err := formats.ByName("parquet").Decode(data, codec.ReadOptions{Limits: formatstest.FuzzLimits})
		// Pages may unpack to three times the limit, one after the other, those of INT96 twice, and their values
		// are copied.
		if n := formatstest.Allocated() - before; n > 12*uint64(formatstest.FuzzLimits.Bytes) {
			t.Errorf("%d bytes of memory were used where %d are the limit", n, formatstest.FuzzLimits.Bytes)
		}
		if err != nil {
			formatstest.CheckKind(t, err, codec.ErrMalformed, codec.ErrTooLarge, codec.ErrUnsupported, codec.ErrMismatch)
			return
		}
		formatstest.Use(t, table)
		var b bytes.Buffer
		if err := formats.ByName("parquet").Encode(&b, table, codec.WriteOptions{}); err != nil {
			formatstest.CheckKind(t, err, codec.ErrUnsupported)
			return
		}
		again, err := decodeParquet(b.Bytes(), codec.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if err := codectest.Equal(table, again); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzParquetPage gets to the values of a page without having to get the footer right.
func FuzzParquetPage(f *testing.F) {
	eight := []byte{1, 2, 3, 4, 5, 6, 7, 8}
	lists := join(prefixedBy([]byte{2, 0, 2, 1}), prefixedBy([]byte{4, 2}), eight)
	for encoding := range uint8(10) {
		for physical := range uint8(8) {
			f.Add(physical, encoding, false, uint8(0), uint16(1), uint16(1), eight, eight)
		}
		f.Add(uint8(1), encoding, true, uint8(1), uint16(2), uint16(2), eight, lists)
		f.Add(uint8(6), encoding, false, uint8(2), uint16(1), uint16(1), prefixedBy(eight), join(uvarint(128), uvarint(4), uvarint(1), uvarint(2)))
	}
	f.Fuzz(func(t *testing.T, physical, encoding uint8, second bool, shape uint8, n, entries uint16, dictionary, body []byte) {
		c := crafted{element: leafOf(format.Type(physical % 8)), values: int64(n), rows: int64(n), pages: []craftedPage{dictionaryPage(int(entries), dictionary)}}
		c.element.RepetitionType.V = format.FieldRepetitionType(shape % 3)
		c.element.TypeLength = thrift.New[int32](3)
		if shape%3 == 2 {
			c.rows = int64(n) / 2
		}
		if format.Type(physical%8) == format.Boolean {
			c.pages = nil
		}
		page := dataPage(int(n), format.Encoding(encoding%10), body)
		if second {
			page.head = format.PageHeader{Type: format.DataPageV2, DataPageHeaderV2: thrift.New(format.DataPageHeaderV2{
				NumValues: int32(n), Encoding: format.Encoding(encoding % 10), DefinitionLevelsByteLength: int32(len(body) / 4), RepetitionLevelsByteLength: int32(len(body) / 4),
			})}
		}
		c.pages = append(c.pages, page)
		table, err := decodeParquet(c.file(t), formatstest.FuzzLimits)
		if err != nil {
			formatstest.CheckKind(t, err, codec.ErrMalformed, codec.ErrTooLarge, codec.ErrUnsupported, codec.ErrMismatch)
			return
		}
		formatstest.Use(t, table)
		again, err := decodeParquet(formatstest.Encode(t, "parquet", table), codec.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if err := codectest.Equal(table, again); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzParquetLZ4(f *testing.F) {
	values := bytes.Repeat([]byte("some text, "), 40)
	block := lz4Block(f, values)
	f.Add(block, uint16(len(values)))
	f.Add(lz4Frame(f, values), uint16(len(values)))
	f.Add(bigEndian(len(values), bigEndian(len(block), block)), uint16(len(values)))
	f.Add(bigEndian(2*len(values), bigEndian(len(block), block), bigEndian(len(block), block)), uint16(2*len(values)))
	f.Fuzz(func(t *testing.T, body []byte, size uint16) {
		e := leafOf(format.FixedLenByteArray)
		e.TypeLength = thrift.New(max(1, int32(size)))
		page := dataPage(1, format.Plain, body)
		page.head.UncompressedPageSize = e.TypeLength.V
		table, err := decodeParquet(crafted{element: e, values: 1, rows: 1, codec: format.Lz4, pages: []craftedPage{page}}.file(t), formatstest.FuzzLimits)
		if err != nil {
			formatstest.CheckKind(t, err, codec.ErrMalformed, codec.ErrTooLarge)
			return
		}
		formatstest.Use(t, table)
	})
}
