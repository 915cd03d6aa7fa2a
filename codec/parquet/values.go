package parquet

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/parquet-go/parquet-go/format"

	"edgeframe/codec"
)

// plainDictionary is the encoding that files of version 1 give for dictionaries and for indices
// into them.
const plainDictionary format.Encoding = 2

// valueEncoding is how the values of a page are encoded.
type valueEncoding struct {
	// types are the physical types that can have the encoding.
	types []format.Type
	// start prepares the page for reading its n values, which are in data.
	start func(c *column, data []byte, n int) error
}

// valueEncodings are the encodings of https://parquet.apache.org/docs/file-format/data-pages/encodings/.
// PLAIN, indices and runs are decoded as values are read, the others at once.
var valueEncodings = map[format.Encoding]valueEncoding{
	format.Plain:             {allTypes, (*column).startPlain},
	plainDictionary:          {allTypes, (*column).startIndices},
	format.RLEDictionary:     {allTypes, (*column).startIndices},
	format.RLE:               {[]format.Type{format.Boolean}, (*column).startRuns},
	format.DeltaBinaryPacked: {[]format.Type{format.Int32, format.Int64}, (*column).startDeltas},
	format.ByteStreamSplit: {
		[]format.Type{format.Int32, format.Int64, format.Float, format.Double, format.FixedLenByteArray},
		(*column).startStreams,
	},
	format.DeltaLengthByteArray: {[]format.Type{format.ByteArray}, (*column).startDeltaLengths},
	format.DeltaByteArray:       {[]format.Type{format.ByteArray, format.FixedLenByteArray}, (*column).startDeltaBytes},
}

// allTypes are all physical types.
var allTypes = []format.Type{
	format.Boolean, format.Int32, format.Int64, format.Int96, format.Float, format.Double,
	format.ByteArray, format.FixedLenByteArray,
}

// startValues prepares the page for reading its values, which are in data.
func (c *column) startValues(data []byte) error {
	n := countPresent(c.page.def, c.node.def, c.page.n)
	if n == 0 {
		c.page.encoding, c.page.plain = format.Plain, nil
		return nil
	}
	physical := c.node.physical
	e := valueEncodings[c.page.encoding]
	if !slices.Contains(e.types, physical) {
		return codec.Errorf(codec.ErrUnsupported, "column %q of the Parquet file has values of type %s with the encoding %s, which is not known of that type", c.node.column, physical, c.page.encoding)
	}
	return e.start(c, data, n)
}

// countPresent is the number of the n entries that have a value: those whose definition level is
// the highest. def is nil if all have one.
func countPresent(def []uint8, highest uint8, n int) int {
	if def == nil {
		return n
	}
	return bytes.Count(def, []byte{highest})
}

func (c *column) startPlain(data []byte, _ int) error {
	c.page.plain = data
	if c.node.physical == format.Boolean {
		c.page.runs = &hybrid{width: 1, left: 8 * uint64(len(data)), packed: true, bits: data}
	}
	return nil
}

func (c *column) startRuns(data []byte, _ int) error {
	part, _, err := cutPrefixed(data)
	c.page.runs = &hybrid{data: part, width: 1}
	return err
}

func (c *column) startDeltas(data []byte, n int) (err error) {
	c.page.encoding = format.Plain
	c.page.plain, err = deltaFixed(data, n, c.node.width, c.held.Take)
	return err
}

func (c *column) startStreams(data []byte, n int) (err error) {
	c.page.encoding = format.Plain
	c.page.plain, err = joinStreams(data, n, c.node.width, c.held.Take)
	return err
}

func (c *column) startDeltaLengths(data []byte, n int) (err error) {
	c.page.source, err = deltaLengthBytes(data, n, c.held.Take)
	return err
}

func (c *column) startDeltaBytes(data []byte, n int) (err error) {
	c.page.source, err = deltaBytes(data, n, c.held.Take)
	return err
}

// appendValues appends the next n values of the page to out. With indices they stay indices into
// the dictionary if all of out are.
func (c *column) appendValues(out *vector, n int, indices bool, take func(int64)) error {
	p := &c.page
	if n == 0 {
		return nil
	}
	if p.encoding == format.RLEDictionary {
		return c.appendIndexed(out, n, indices, take)
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

// appendSource appends the values from to to of src, which have any length; if those of out have a
// fixed one, all must have that.
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
