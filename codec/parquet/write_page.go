package parquet

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/klauspost/compress/s2"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// chunk is a column chunk: its compressed pages and its entry in the footer, with offsets from the
// beginning of the chunk.
type chunk struct {
	pages []byte
	meta  format.ColumnMetaData
}

// chunk returns the column chunk of the entries e of the leaf arr.
func (t *target) chunk(arr arrow.Array, e levelled) (chunk, error) {
	c := chunk{meta: format.ColumnMetaData{
		Type: t.physical, PathInSchema: t.path, Codec: format.Snappy, NumValues: int64(len(e.at)), DictionaryPageOffset: -1,
		Encoding: thrift.Slice[format.Encoding]{format.RLE},
	}}
	var body []byte
	if t.rep > 0 {
		body = appendPrefixed(body, appendHybrid(nil, e.rep, bitWidth(uint64(t.rep))))
	}
	if t.def > 0 {
		body = appendPrefixed(body, appendHybrid(nil, e.def, bitWidth(uint64(t.def))))
	}
	dense := make([]int32, 0, len(e.at))
	for _, at := range e.at {
		if at >= 0 {
			dense = append(dense, at)
		}
	}
	nulls := int64(len(e.at) - len(dense))
	c.meta.Statistics.NullCount = nulls
	encoding := format.Plain
	d, err := t.dictionary(arr, dense)
	if err != nil {
		return c, err
	}
	if d != nil {
		encoding = format.RLEDictionary
		c.meta.DictionaryPageOffset = 0
		c.meta.Encoding = append(c.meta.Encoding, format.Plain)
		head := format.PageHeader{Type: format.DictionaryPage, DictionaryPageHeader: thrift.New(format.DictionaryPageHeader{NumValues: int32(d.n), Encoding: format.Plain})}
		if err := c.page(head, d.values); err != nil {
			return c, err
		}
		width := bitWidth(uint64(max(d.n, 1) - 1))
		body = appendHybrid(append(body, byte(width)), d.indices, width)
	} else if body, err = t.plain(body, arr, dense); err != nil {
		return c, err
	}
	c.meta.Encoding = append(c.meta.Encoding, encoding)
	c.meta.DataPageOffset = int64(len(c.pages))
	data := format.DataPageHeader{NumValues: int32(len(e.at)), Encoding: encoding, DefinitionLevelEncoding: format.RLE, RepetitionLevelEncoding: format.RLE}
	data.Statistics.NullCount = nulls
	err = c.page(format.PageHeader{Type: format.DataPage, DataPageHeader: thrift.New(data)}, body)
	c.meta.TotalCompressedSize = int64(len(c.pages))
	return c, err
}

// page compresses and appends a page.
func (c *chunk) page(head format.PageHeader, body []byte) error {
	if len(body) > math.MaxInt32-16 || s2.MaxEncodedLen(len(body)) > math.MaxInt32 {
		return errors.New("a row group has values of more than 2 GiB")
	}
	packed := s2.EncodeSnappy(nil, body)
	head.UncompressedPageSize, head.CompressedPageSize = int32(len(body)), int32(len(packed))
	data, err := writeThrift(&head)
	if err != nil {
		return err
	}
	c.pages = append(append(c.pages, data...), packed...)
	c.meta.TotalUncompressedSize += int64(len(data) + len(body))
	return nil
}

// appendPrefixed appends the length of part in 4 bytes, and part.
func appendPrefixed(dst, part []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(dst, uint32(len(part))), part...)
}
