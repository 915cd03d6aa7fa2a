package parquet

import (
	"errors"
	"fmt"
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/parquet-go/parquet-go/format"

	"edgeframe/codec"
	"edgeframe/internal/gather"
)

// dictionaryPage reads the dictionary of the chunk.
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
	data, err := c.unpack(body, int(head.UncompressedPageSize), c.dictionary.Take, func(size int) []byte { return make([]byte, size) })
	if err != nil {
		return err
	}
	c.dict, err = plainVector(data, int(h.V.NumValues), c.node.width, c.dictionary.Take)
	return err
}

// startIndices prepares a page of indices into the dictionary: their width and the indices.
func (c *column) startIndices(data []byte, _ int) (err error) {
	if c.dict == nil || len(data) == 0 {
		return errors.New("a page without its dictionary")
	}
	c.page.encoding = format.RLEDictionary
	c.page.runs, err = newHybrid(data[1:], int(data[0]))
	return err
}

// appendIndexed is appendValues for a page of indices.
func (c *column) appendIndexed(out *vector, n int, indices bool, take func(int64)) error {
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

func checkIndices(indices []uint32, size int) error {
	for _, at := range indices {
		if uint64(at) >= uint64(size) {
			return fmt.Errorf("index %d into a dictionary of %d values", at, size)
		}
	}
	return nil
}

// dictionary returns values as a dictionary array. If they were read as indices, its dictionary is
// that of the file, in the same order; otherwise it has the distinct values in order of appearance.
func (b *builder) dictionary(c *column, dt *arrow.DictionaryType, v *vector, s *shape) (arrow.ArrayData, error) {
	highest := highestIndex(dt.IndexType)
	if v.dict != nil {
		for _, at := range v.indices {
			if uint64(at) > highest {
				if err := v.resolve(b.take); err != nil {
					return nil, err
				}
				break
			}
		}
	}
	var (
		values  *array.Data
		indices []uint32
		err     error
	)
	if v.dict != nil {
		indices = v.indices
		values, err = b.chunkDictionary(c, dt.ValueType)
	} else {
		distinct := &vector{width: v.width}
		if indices, err = b.number(v, distinct); err != nil {
			return nil, err
		}
		if distinct.n > 0 && uint64(distinct.n-1) > highest {
			return nil, codec.Errorf(codec.ErrUnsupported, "column %q of the Parquet file has more values in a row group than the %s of its Arrow schema can number", codec.Shorten(c.node.column), dt)
		}
		values, err = b.storage(c.node, dt.ValueType, distinct, &shape{n: distinct.n})
	}
	if err != nil {
		return nil, err
	}
	width := dt.IndexType.(arrow.FixedWidthDataType).Bytes()
	b.take(int64(len(indices)) * int64(width))
	data := make([]byte, len(indices)*width)
	for i, at := range indices {
		for k := range min(width, 4) {
			data[i*width+k] = byte(at >> (8 * k))
		}
	}
	out := array.NewDataWithDictionary(dt, s.n, []*memory.Buffer{s.buffer(), memory.NewBufferBytes(b.spread(data, width, s))}, s.nulls, 0, values)
	if values.Len() <= s.n {
		return out, nil
	}
	// Otherwise unused values would be stored with every row group.
	trimmed, err := gather.Trim(array.MakeFromData(out))
	if err != nil {
		return nil, err
	}
	return trimmed.Data(), nil
}

// number appends the distinct values of v to distinct and returns for each value of v its index
// there.
func (b *builder) number(v, distinct *vector) ([]uint32, error) {
	if distinct.width == 0 {
		distinct.offsets = []int32{0}
	}
	b.take(4 * int64(v.n))
	indices := make([]uint32, v.n)
	known := map[string]uint32{}
	for i := range indices {
		value := v.value(i)
		at, ok := known[string(value)]
		if !ok {
			at = uint32(distinct.n)
			b.take(64)
			known[string(value)] = at
			if err := distinct.appendFrom(v, i, i+1, b.take); err != nil {
				return nil, err
			}
		}
		indices[i] = at
	}
	return indices, nil
}

// chunkDictionary returns the dictionary of the column chunk as an array. All row groups that are
// made of the chunk share it.
func (b *builder) chunkDictionary(c *column, dt arrow.DataType) (*array.Data, error) {
	if c.dictArr != nil {
		return c.dictArr, nil
	}
	own := &vector{width: c.dict.width}
	if own.width == 0 {
		own.offsets = []int32{0}
	}
	// c.dict may alias the file, and the array must not.
	if err := own.appendFrom(c.dict, 0, c.dict.n, b.take); err != nil {
		return nil, err
	}
	var err error
	c.dictArr, err = b.storage(c.node, dt, own, &shape{n: own.n})
	return c.dictArr, err
}

// highestIndex is the largest value of an integer type.
func highestIndex(dt arrow.DataType) uint64 {
	bits := 8 * dt.(arrow.FixedWidthDataType).Bytes()
	switch dt.ID() {
	case arrow.INT8, arrow.INT16, arrow.INT32, arrow.INT64:
		bits--
	}
	return math.MaxUint64 >> (64 - bits)
}
