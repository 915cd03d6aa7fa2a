package parquet

import (
	"errors"
	"fmt"
	"hash/crc32"
	"sync"

	"github.com/parquet-go/parquet-go/format"

	"edgeframe/codec"
)

// pageCost is charged for each page, in bytes: reading a header takes about as long as unpacking
// so many.
const pageCost = 4096

// nextPage reads pages up to and including the next data page that has values.
func (c *column) nextPage() error {
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

// maxReused is the size of the largest memory of a page that other columns use again.
const maxReused = 1 << 20

// pageMemories are memories of pages that no column uses. A small file has a page in each of its columns.
var pageMemories sync.Pool

// pageMemory returns memory for a data page of size bytes, that of the page before if it is large enough. What is
// read of a page is copied.
func (c *column) pageMemory(size int) []byte {
	if cap(c.memory) < size {
		if unused, _ := pageMemories.Get().(*[]byte); unused != nil && cap(*unused) >= size {
			c.memory = *unused
		} else {
			c.memory = make([]byte, size)
		}
	}
	return c.memory[:size]
}

// leavePage lets other columns use the memory of the page, unless something of the page is unread.
func (c *column) leavePage() {
	if c.page.n > 0 {
		return
	}
	c.page = page{}
	if unused := c.memory; unused != nil && cap(unused) <= maxReused {
		pageMemories.Put(&unused)
	}
	c.memory = nil
}

// startPage starts a data page of n entries.
func (c *column) startPage(n int32, encoding format.Encoding) error {
	if n < 0 || int64(n) > c.left {
		return fmt.Errorf("a page of %d values where %d are left", n, c.left)
	}
	c.left -= int64(n)
	c.page = page{n: int(n), encoding: encoding}
	return nil
}

// dataPage reads a page of version 1: levels and values are compressed together, and the length
// of the levels precedes them.
func (c *column) dataPage(head *format.PageHeader, body []byte) error {
	h := head.DataPageHeader
	if !h.Valid {
		return errors.New("a data page has no header of its own")
	}
	if err := c.startPage(h.V.NumValues, h.V.Encoding); err != nil || h.V.NumValues == 0 {
		return err
	}
	data, err := c.unpack(body, int(head.UncompressedPageSize), c.held.Take, c.pageMemory)
	if err != nil {
		return err
	}
	levels := func(highest uint8, encoding format.Encoding) ([]uint8, error) {
		if highest == 0 {
			return nil, nil
		}
		if encoding != format.RLE {
			return nil, codec.Errorf(codec.ErrUnsupported, "column %q of the Parquet file has levels with the encoding %s; RLE is known", c.node.column, encoding)
		}
		part, rest, err := cutPrefixed(data)
		if err != nil {
			return nil, err
		}
		data = rest
		return c.levels(part, highest)
	}
	if c.page.rep, err = levels(c.node.rep, h.V.RepetitionLevelEncoding); err != nil {
		return err
	}
	if c.page.def, err = levels(c.node.def, h.V.DefinitionLevelEncoding); err != nil {
		return err
	}
	return c.startValues(data)
}

// dataPageV2 reads a page of version 2: the levels precede the values and are not compressed.
func (c *column) dataPageV2(head *format.PageHeader, body []byte) error {
	h := head.DataPageHeaderV2
	if !h.Valid {
		return errors.New("a data page has no header of its own")
	}
	rep, def := int(h.V.RepetitionLevelsByteLength), int(h.V.DefinitionLevelsByteLength)
	if rep < 0 || def < 0 || rep > len(body) || def > len(body)-rep || rep+def > int(head.UncompressedPageSize) {
		return errors.New("the levels of a page are longer than the page")
	}
	if err := c.startPage(h.V.NumValues, h.V.Encoding); err != nil || h.V.NumValues == 0 {
		return err
	}
	data, size := body[rep+def:], int(head.UncompressedPageSize)-rep-def
	var err error
	if h.V.IsCompressed.Valid && !h.V.IsCompressed.V {
		if len(data) != size {
			return fmt.Errorf("%d bytes in a page instead of %d", len(data), size)
		}
	} else if data, err = c.unpack(data, size, c.held.Take, c.pageMemory); err != nil {
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
	return c.startValues(data)
}

// levels reads the levels of the entries of the page, each at most highest.
func (c *column) levels(data []byte, highest uint8) ([]uint8, error) {
	c.held.Take(int64(c.page.n))
	out := make([]uint8, c.page.n)
	return out, readLevels(data, highest, out)
}
