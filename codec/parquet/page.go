package parquet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/parquet-go/parquet-go/format"

	"edgeframe/codec"
	"edgeframe/codec/compress"
)

// column reads one column chunk after the other of a column without children.
type column struct {
	node *node
	// unpacked counts the pages that were read of all columns, as they are and what they unpack
	// to: many chunks may be made of the same few bytes.
	unpacked *codec.Budget
	codec    format.CompressionCodec
	// pages is what has not been read of the chunk, left the number of its values.
	pages []byte
	left  int64
	// held is what the current page takes, dictionary what that of the chunk takes.
	held, dictionary *codec.Budget
	dict             *vector
	// dictArr is dict as an array, once that is wanted.
	dictArr *array.Data
	page    page
	indices []uint32
}

// plainDictionary is how files of version 1 name the encoding of dictionaries and of indices.
const plainDictionary format.Encoding = 2

// pageCost stands for the time that reading the header of a page takes, in bytes that could be
// unpacked in it.
const pageCost = 4096

// page is what is to come of a data page.
type page struct {
	n int
	// rep and def are the levels of the n values; nil if they can only be 0.
	rep, def []uint8
	// The values are one of these.
	encoding format.Encoding
	plain    []byte
	source   *vector
	at       int
	runs     *hybrid
}

// open begins with a chunk. file is what lies before the footer.
func (c *column) open(file []byte, chunk *format.ColumnChunk, rows int64) error {
	c.held.ReleaseAll()
	c.dictionary.ReleaseAll()
	c.dict, c.dictArr, c.page = nil, nil, page{}
	m := &chunk.MetaData
	if chunk.FilePath != "" {
		return codec.Errorf(codec.ErrUnsupported, "column %q of the Parquet file is in another file", c.node.column)
	}
	if len(chunk.EncryptedColumnMetadata) > 0 || chunk.CryptoMetadata.Value != nil {
		return codec.Errorf(codec.ErrUnsupported, "column %q of the Parquet file is encrypted", c.node.column)
	}
	if m.Type != c.node.physical {
		return fmt.Errorf("it has values of type %s where the schema has %s", m.Type, c.node.physical)
	}
	if m.NumValues < rows || c.node.rep == 0 && m.NumValues != rows {
		return fmt.Errorf("it has %d values in a row group of %d rows", m.NumValues, rows)
	}
	from := m.DataPageOffset
	if m.DictionaryPageOffset > 0 {
		from = min(from, m.DictionaryPageOffset)
	}
	if from < 4 || m.TotalCompressedSize < 0 || from > int64(len(file)) || m.TotalCompressedSize > int64(len(file))-from {
		return errors.New("its pages lie outside of the file")
	}
	c.codec, c.left = m.Codec, m.NumValues
	c.pages = file[from : from+m.TotalCompressedSize]
	return nil
}

// next reads the next data page that has values.
func (c *column) next() error {
	for {
		c.held.ReleaseAll()
		c.page = page{}
		if c.left == 0 {
			return errors.New("it has fewer rows than its row group")
		}
		var head format.PageHeader
		rest, err := readThrift(c.pages, &head, c.held.Take)
		if err != nil {
			return fmt.Errorf("the header of a page cannot be read: %w", err)
		}
		if size := head.CompressedPageSize; size < 0 || head.UncompressedPageSize < 0 || int64(size) > int64(len(rest)) {
			return fmt.Errorf("a page of %d bytes, %d unpacked, where %d are left", size, head.UncompressedPageSize, len(rest))
		}
		body := rest[:head.CompressedPageSize]
		c.unpacked.Take(pageCost + int64(len(c.pages)-len(rest)+len(body)))
		c.pages = rest[head.CompressedPageSize:]
		if head.CRC != 0 && uint32(head.CRC) != crc32.ChecksumIEEE(body) {
			return errors.New("the checksum of a page is wrong")
		}
		switch head.Type {
		case format.DictionaryPage:
			err = c.dictionaryPage(&head, body)
		case format.DataPage:
			err = c.dataPage(&head, body)
		case format.DataPageV2:
			err = c.dataPageV2(&head, body)
		}
		if err != nil {
			return err
		}
		if c.page.n > 0 {
			return nil
		}
	}
}

// unpack returns the size bytes in src.
func (c *column) unpack(src []byte, size int, take func(int64)) ([]byte, error) {
	if c.codec == format.Uncompressed {
		if len(src) != size {
			return nil, fmt.Errorf("%d bytes in a page instead of %d", len(src), size)
		}
		return src, nil
	}
	if size == 0 {
		return nil, nil
	}
	take(int64(size))
	c.unpacked.Take(int64(size))
	switch c.codec {
	case format.Snappy:
		return compress.Decompress(compress.Snappy, src, size)
	case format.Gzip:
		return compress.Decompress(compress.Gzip, src, size)
	case format.Zstd:
		return compress.Decompress(compress.Zstd, src, size)
	case format.Lz4Raw:
		return compress.Decompress(compress.LZ4, src, size)
	case format.Brotli:
		return unbrotli(src, size)
	}
	return nil, codec.Errorf(codec.ErrUnsupported, "column %q of the Parquet file is compressed with %s; snappy, gzip, zstd, lz4_raw and brotli are known", c.node.column, c.codec)
}

// brotliDecoders are kept because each owns a window of up to 16 MiB, which a page of a few bytes
// can ask for.
var brotliDecoders = sync.Pool{New: func() any { return new(brotli.Reader) }}

func unbrotli(src []byte, size int) ([]byte, error) {
	out := make([]byte, size)
	in := brotliDecoders.Get().(*brotli.Reader)
	defer brotliDecoders.Put(in)
	if err := in.Reset(bytes.NewReader(src)); err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(in, out); err != nil {
		return nil, fmt.Errorf("decompress brotli: %w", err)
	}
	if n, _ := in.Read(make([]byte, 1)); n > 0 {
		return nil, fmt.Errorf("decompress brotli: more than %d bytes", size)
	}
	return out, nil
}

func (c *column) dictionaryPage(head *format.PageHeader, body []byte) error {
	h := head.DictionaryPageHeader
	if !h.Valid || h.V.NumValues < 0 || c.dict != nil {
		return errors.New("its dictionary is damaged")
	}
	if h.V.Encoding != format.Plain && h.V.Encoding != plainDictionary {
		return fmt.Errorf("a dictionary with encoding %s", h.V.Encoding)
	}
	if c.node.physical == format.Boolean {
		return errors.New("a dictionary of booleans")
	}
	data, err := c.unpack(body, int(head.UncompressedPageSize), c.dictionary.Take)
	if err != nil {
		return err
	}
	c.dict, err = plainVector(data, int(h.V.NumValues), c.node.width, c.dictionary.Take)
	return err
}

// claim begins a data page of n values.
func (c *column) claim(n int32, encoding format.Encoding) error {
	if n < 0 || int64(n) > c.left {
		return fmt.Errorf("a page of %d values where %d are left", n, c.left)
	}
	c.left -= int64(n)
	c.page = page{n: int(n), encoding: encoding}
	return nil
}

func (c *column) dataPage(head *format.PageHeader, body []byte) error {
	h := head.DataPageHeader
	if !h.Valid {
		return errors.New("a data page has no header of its own")
	}
	if err := c.claim(h.V.NumValues, h.V.Encoding); err != nil || h.V.NumValues == 0 {
		return err
	}
	data, err := c.unpack(body, int(head.UncompressedPageSize), c.held.Take)
	if err != nil {
		return err
	}
	levels := func(most uint8, encoding format.Encoding) ([]uint8, error) {
		if most == 0 {
			return nil, nil
		}
		if encoding != format.RLE {
			return nil, codec.Errorf(codec.ErrUnsupported, "column %q of the Parquet file has levels with the encoding %s; RLE is known", c.node.column, encoding)
		}
		part, rest, err := prefixed(data)
		if err != nil {
			return nil, err
		}
		data = rest
		return c.levels(part, most)
	}
	if c.page.rep, err = levels(c.node.rep, h.V.RepetitionLevelEncoding); err != nil {
		return err
	}
	if c.page.def, err = levels(c.node.def, h.V.DefinitionLevelEncoding); err != nil {
		return err
	}
	return c.values(data)
}

// prefixed splits off a part that its length stands before.
func prefixed(data []byte) (part, rest []byte, err error) {
	if len(data) < 4 || uint64(binary.LittleEndian.Uint32(data)) > uint64(len(data)-4) {
		return nil, nil, errPageShort
	}
	size := binary.LittleEndian.Uint32(data)
	return data[4 : 4+size], data[4+size:], nil
}

func (c *column) levels(data []byte, most uint8) ([]uint8, error) {
	c.held.Take(int64(c.page.n))
	out := make([]uint8, c.page.n)
	return out, readLevels(data, most, out)
}

func (c *column) dataPageV2(head *format.PageHeader, body []byte) error {
	h := head.DataPageHeaderV2
	if !h.Valid {
		return errors.New("a data page has no header of its own")
	}
	rep, def := int(h.V.RepetitionLevelsByteLength), int(h.V.DefinitionLevelsByteLength)
	if rep < 0 || def < 0 || rep > len(body) || def > len(body)-rep || rep+def > int(head.UncompressedPageSize) {
		return errors.New("the levels of a page are longer than it")
	}
	if err := c.claim(h.V.NumValues, h.V.Encoding); err != nil || h.V.NumValues == 0 {
		return err
	}
	data, size := body[rep+def:], int(head.UncompressedPageSize)-rep-def
	var err error
	if h.V.IsCompressed.Valid && !h.V.IsCompressed.V {
		if len(data) != size {
			return fmt.Errorf("%d bytes in a page instead of %d", len(data), size)
		}
	} else if data, err = c.unpack(data, size, c.held.Take); err != nil {
		return err
	}
	if c.node.rep > 0 {
		if c.page.rep, err = c.levels(body[:rep], c.node.rep); err != nil {
			return err
		}
	}
	if c.node.def > 0 {
		if c.page.def, err = c.levels(body[rep:rep+def], c.node.def); err != nil {
			return err
		}
	}
	return c.values(data)
}

// values gets ready to read the values in data. Encodings that are not read value by value are
// undone at once.
func (c *column) values(data []byte) (err error) {
	n, take := present(c.page.def, c.node.def, c.page.n), c.held.Take
	physical, width := c.node.physical, c.node.width
	if n == 0 {
		c.page.encoding, c.page.plain = format.Plain, nil
		return nil
	}
	switch p := &c.page; p.encoding {
	case format.Plain:
		p.plain = data
		if physical == format.Boolean {
			p.runs = &hybrid{width: 1, left: 8 * uint64(len(data)), packed: true, bits: data}
		}
		return nil
	case plainDictionary, format.RLEDictionary:
		if c.dict == nil || len(data) == 0 {
			return errors.New("a page without its dictionary")
		}
		p.encoding = format.RLEDictionary
		p.runs, err = newHybrid(data[1:], int(data[0]))
		return err
	case format.RLE:
		if physical == format.Boolean {
			part, _, err := prefixed(data)
			p.runs = &hybrid{data: part, width: 1}
			return err
		}
	case format.DeltaBinaryPacked:
		if physical == format.Int32 || physical == format.Int64 {
			p.plain, err = deltaFixed(data, n, width, take)
			p.encoding = format.Plain
			return err
		}
	case format.ByteStreamSplit:
		if width > 0 && physical != format.Boolean && physical != format.Int96 {
			p.plain, err = joinStreams(data, n, width, take)
			p.encoding = format.Plain
			return err
		}
	case format.DeltaLengthByteArray:
		if physical == format.ByteArray {
			p.source, err = deltaLengthBytes(data, n, take)
			return err
		}
	case format.DeltaByteArray:
		if physical == format.ByteArray || physical == format.FixedLenByteArray {
			p.source, err = deltaBytes(data, n, take)
			return err
		}
	}
	return codec.Errorf(codec.ErrUnsupported, "column %q of the Parquet file has values of type %s with the encoding %s, which is not known of that type", c.node.column, physical, c.page.encoding)
}

// present is the number of values of a page that are not missing.
func present(def []uint8, most uint8, n int) int {
	if def == nil {
		return n
	}
	return bytes.Count(def, []byte{most})
}

// take appends the next n values of the page to out. With indices they stay indices into the
// dictionary if all of out are.
func (c *column) take(out *vector, n int, indices bool, take func(int64)) error {
	p := &c.page
	if n == 0 {
		return nil
	}
	if p.encoding == format.RLEDictionary {
		return c.takeIndexed(out, n, indices, take)
	}
	if err := out.resolve(take); err != nil {
		return err
	}
	if p.source != nil {
		from := p.at
		if p.at += n; p.at > len(p.source.offsets)-1 {
			return errPageShort
		}
		return appendSource(out, p.source, from, p.at, take)
	}
	if c.node.physical == format.Boolean {
		take(int64(n))
		out.data = growCapacity(out.data, n)
		at := len(out.data)
		out.data = out.data[:at+n]
		out.n += n
		return readHybrid(p.runs, out.data[at:])
	}
	if out.width > 0 {
		size := n * out.width
		if len(p.plain) < size {
			return errPageShort
		}
		out.appendFixed(p.plain[:size], take)
		p.plain = p.plain[size:]
		return nil
	}
	size, err := out.appendPlainBytes(p.plain, n, take)
	if err == nil {
		p.plain = p.plain[size:]
	}
	return err
}

// appendSource appends values that have a length each, also if all must have one.
func appendSource(out, src *vector, from, to int, take func(int64)) error {
	if out.width == 0 {
		return out.appendFrom(src, from, to, take)
	}
	for i := from; i < to; i++ {
		if len(src.at(i)) != out.width {
			return fmt.Errorf("a value of %d bytes instead of %d", len(src.at(i)), out.width)
		}
	}
	out.appendFixed(src.data[src.offsets[from]:src.offsets[to]], take)
	return nil
}

func (c *column) takeIndexed(out *vector, n int, indices bool, take func(int64)) error {
	take(4 * int64(n))
	if cap(c.indices) < n {
		c.indices = make([]uint32, n)
	}
	next := c.indices[:n]
	if err := readHybrid(c.page.runs, next); err != nil {
		return err
	}
	if err := checkIndices(next, c.dict.n); err != nil {
		return err
	}
	if indices && (out.n == 0 || out.dict != nil) {
		out.dict = c.dict
		out.indices = append(growCapacity(out.indices, n), next...)
		out.n += n
		return nil
	}
	return out.appendIndexed(c.dict, next, take)
}

// leafRows are the values of some rows of a column without children.
type leafRows struct {
	n        int
	rep, def []uint8
	values   vector
}

// read reads the next rows rows.
func (c *column) read(rows int, indices bool, take func(int64)) (*leafRows, error) {
	out := &leafRows{values: vector{width: c.node.width}}
	if c.node.width == 0 {
		out.values.offsets = make([]int32, 1, rows+1)
	}
	begun := 0
	for {
		if c.page.n == 0 {
			if begun == rows && (c.node.rep == 0 || c.left == 0) {
				return out, nil
			}
			if err := c.next(); err != nil {
				return nil, err
			}
		}
		n := min(c.page.n, rows-begun)
		if c.node.rep == 0 {
			begun += n
		} else {
			for n = 0; n < c.page.n; n++ {
				if c.page.rep[n] == 0 {
					if begun == rows {
						break
					}
					begun++
				} else if begun == 0 {
					return nil, errors.New("its first row has no beginning")
				}
			}
		}
		if n == 0 {
			return out, nil
		}
		if err := c.consume(out, n, indices, take); err != nil {
			return nil, err
		}
	}
}

// consume moves n values of the page, missing ones included, to out.
func (c *column) consume(out *leafRows, n int, indices bool, take func(int64)) error {
	p := &c.page
	values := n
	if p.def != nil {
		values = present(p.def[:n], c.node.def, n)
		take(int64(n))
		out.def = append(growCapacity(out.def, n), p.def[:n]...)
		p.def = p.def[n:]
	}
	if p.rep != nil {
		take(int64(n))
		out.rep = append(growCapacity(out.rep, n), p.rep[:n]...)
		p.rep = p.rep[n:]
	}
	p.n -= n
	out.n += n
	return c.take(&out.values, values, indices, take)
}
