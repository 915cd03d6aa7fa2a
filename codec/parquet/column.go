// Package parquet reads and writes Apache Parquet.
package parquet

import (
	"errors"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/parquet-go/parquet-go/format"

	"edgeframe/codec"
)

// column reads the values of a leaf column, one column chunk after the other.
type column struct {
	node *node
	// unpacked counts the page bytes read by all columns, packed and unpacked: a small file can
	// list the same pages in many chunks.
	unpacked *codec.Budget
	codec    format.CompressionCodec
	// pages is the unread part of the chunk, left the number of values in it.
	pages []byte
	left  int64
	// held is the memory of the current page, dictionary that of the chunk's dictionary.
	held, dictionary *codec.Budget
	dict             *vector
	// dictArr is dict as an array; it is built on first use.
	dictArr *array.Data
	page    page
	// memory is that of the page, if it was compressed.
	memory  []byte
	indices []uint32
}

// page is the unread part of a data page.
type page struct {
	// n is the number of entries: values, missing ones included, and empty lists.
	n int
	// rep and def are the levels of the entries; nil if they can only be 0.
	rep, def []uint8
	encoding format.Encoding
	// The values are in plain, in source from position at on, or in runs, depending on encoding.
	plain  []byte
	source *vector
	at     int
	runs   *hybrid
}

// open starts a column chunk. file is the part of the file before the footer.
func (c *column) open(file []byte, chunk *columnChunk, rows int64) error {
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
		return fmt.Errorf("its values are of type %s, but the schema says %s", m.Type, c.node.physical)
	}
	if m.NumValues < rows || c.node.rep == 0 && m.NumValues != rows {
		return fmt.Errorf("it has %d values in a row group of %d rows", m.NumValues, rows)
	}
	from := m.DataPageOffset
	if m.DictionaryPageOffset > 0 {
		from = min(from, m.DictionaryPageOffset)
	}
	if from < 4 || m.TotalCompressedSize < 0 || from > int64(len(file)) || m.TotalCompressedSize > int64(len(file))-from {
		return errors.New("its pages are outside of the file")
	}
	c.codec, c.left = m.Codec, m.NumValues
	c.pages = file[from : from+m.TotalCompressedSize]
	return nil
}

// leafRows are the entries of some rows of a leaf column.
type leafRows struct {
	n        int
	rep, def []uint8
	values   vector
}

// levels returns the levels of entry i.
func (l *leafRows) levels(i int) (rep, def uint8) {
	if l.rep != nil {
		rep = l.rep[i]
	}
	if l.def != nil {
		def = l.def[i]
	}
	return rep, def
}

// read reads the next rows of the chunk. With indices, values of a dictionary stay indices into it
// as long as all values of the rows are in it.
func (c *column) read(rows int, indices bool, take func(int64)) (*leafRows, error) {
	out := &leafRows{values: vector{width: c.node.width}}
	if c.node.width == 0 {
		out.values.offsets = make([]int32, 1, rows+1)
	}
	// Entries of the last row may follow in the next pages, unless the column has one per row.
	complete := func(begun int) bool { return begun == rows && (c.node.rep == 0 || c.left == 0) }
	for begun := 0; ; {
		if c.page.n == 0 {
			if complete(begun) {
				return out, nil
			}
			if err := c.nextPage(); err != nil {
				return nil, err
			}
		}
		if begun == 0 && c.page.rep != nil && c.page.rep[0] > 0 {
			return nil, errors.New("its first row has no beginning")
		}
		n, starts := c.page.span(rows - begun)
		if n == 0 {
			return out, nil
		}
		begun += starts
		if err := c.consume(out, n, indices, take); err != nil {
			return nil, err
		}
	}
}

// span returns how many entries come before the row after the next rows rows, and how many rows
// start among them.
func (p *page) span(rows int) (n, starts int) {
	if p.rep == nil {
		n = min(p.n, rows)
		return n, n
	}
	for n < p.n && (p.rep[n] > 0 || starts < rows) {
		if p.rep[n] == 0 {
			starts++
		}
		n++
	}
	return n, starts
}

// consume moves n entries of the page to out.
func (c *column) consume(out *leafRows, n int, indices bool, take func(int64)) error {
	p := &c.page
	values := n
	if p.def != nil {
		values = countPresent(p.def[:n], c.node.def, n)
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
	return c.appendValues(&out.values, values, indices, take)
}
