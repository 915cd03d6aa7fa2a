package parquet_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// crafted is a Parquet file of one column, "a", that may claim anything.
type crafted struct {
	element format.SchemaElement
	pages   []craftedPage
	values  int64
	rows    int64
	codec   format.CompressionCodec
	// edit changes the footer.
	edit func(m *format.FileMetaData)
}

type craftedPage struct {
	head format.PageHeader
	body []byte
	// keep leaves the sizes of the header as they are.
	keep bool
}

func (c crafted) file(t testing.TB) []byte {
	t.Helper()
	data := []byte("PAR1")
	for _, p := range c.pages {
		if !p.keep {
			p.head.CompressedPageSize = int32(len(p.body))
			if p.head.UncompressedPageSize == 0 {
				p.head.UncompressedPageSize = int32(len(p.body))
			}
		}
		data = append(append(data, compact(t, &p.head)...), p.body...)
	}
	if c.element.Name == "" {
		c.element.Name = "a"
	}
	chunk := format.ColumnMetaData{
		Type: c.element.Type.V, Codec: c.codec, NumValues: c.values, DataPageOffset: 4, TotalCompressedSize: int64(len(data) - 4),
		Encoding: thrift.Slice[format.Encoding]{format.Plain}, PathInSchema: thrift.Slice[string]{"a"},
	}
	m := format.FileMetaData{
		Version: 2, NumRows: c.rows,
		Schema:    thrift.Slice[format.SchemaElement]{{Name: "root", NumChildren: thrift.New[int32](1)}, c.element},
		RowGroups: thrift.Slice[format.RowGroup]{{NumRows: c.rows, Columns: thrift.Slice[format.ColumnChunk]{{MetaData: chunk}}}},
	}
	if c.edit != nil {
		c.edit(&m)
	}
	return withFooter(data, compact(t, &m))
}

func withFooter(data, footer []byte) []byte {
	data = append(bytes.Clone(data), footer...)
	data = binary.LittleEndian.AppendUint32(data, uint32(len(footer)))
	return append(data, "PAR1"...)
}

func compact(t testing.TB, v any) []byte {
	t.Helper()
	data, err := thrift.Marshal(&thrift.CompactProtocol{}, v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func leafOf(physical format.Type) format.SchemaElement {
	return format.SchemaElement{Type: thrift.New(physical), RepetitionType: thrift.New(format.Required)}
}

func optionalOf(physical format.Type) format.SchemaElement {
	e := leafOf(physical)
	e.RepetitionType.V = format.Optional
	return e
}

func dataPage(n int, encoding format.Encoding, body []byte) craftedPage {
	return craftedPage{body: body, head: format.PageHeader{Type: format.DataPage, DataPageHeader: thrift.New(format.DataPageHeader{
		NumValues: int32(n), Encoding: encoding, DefinitionLevelEncoding: format.RLE, RepetitionLevelEncoding: format.RLE,
	})}}
}

func dictionaryPage(n int, body []byte) craftedPage {
	return craftedPage{body: body, head: format.PageHeader{Type: format.DictionaryPage, DictionaryPageHeader: thrift.New(format.DictionaryPageHeader{NumValues: int32(n)})}}
}

func gzipped(size int) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.CopyN(w, zeros{}, int64(size))
	w.Close()
	return b.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func uvarint(n uint64) []byte { return binary.AppendUvarint(nil, n) }

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// prefixedBy puts the length of a part before it.
func prefixedBy(part []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(nil, uint32(len(part))), part...)
}
