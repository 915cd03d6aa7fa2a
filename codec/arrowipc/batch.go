package arrowipc

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/pierrec/lz4/v4"

	"edgeframe/codec"
	"edgeframe/codec/compress"
	"edgeframe/codec/internal/layout"
)

// Metadata versions. The oldest supported one, V4, is also the last in which unions have a
// validity bitmap.
const (
	oldestVersion      = 3
	unionsWithValidity = 3
)

// batchReader reads the columns of one record batch or the values of one dictionary. Its arrays
// alias body wherever possible. The reader of arrow-go copies body twice and allocates whatever
// lengths the batch claims.
type batchReader struct {
	*reader
	version   int16
	body      []byte
	compress  byte
	nodes     flatVector
	buffers   flatVector
	variadics flatVector
	node      int
	nextBuf   int
	variadic  int
}

// The values of batchReader.compress: the codecs of Arrow's BodyCompression, or none.
const (
	bodyLZ4      = 0
	bodyZstd     = 1
	uncompressed = 255
)

var bodyCodecs = map[byte]string{bodyLZ4: "lz4", bodyZstd: "zstd"}

// batch returns a reader of the record batch table, whose buffers are in the body of m.
func (r *reader) batch(m message, table flatTable) *batchReader {
	b := &batchReader{
		reader:    r,
		version:   m.version,
		body:      m.body,
		compress:  uncompressed,
		nodes:     table.vector(batchNodes, 16),
		buffers:   table.vector(batchBuffers, 16),
		variadics: table.vector(batchVariadicCounts, 8),
	}
	if table.has(batchCompression) {
		b.compress = table.table(batchCompression).u8(0)
	}
	return b
}

// array reads the next array, of type dt.
func (b *batchReader) array(dt arrow.DataType, shape fieldShape) (*array.Data, error) {
	if dict, ok := dt.(*arrow.DictionaryType); ok {
		indices, err := b.array(dict.IndexType, fieldShape{})
		if err != nil {
			return nil, err
		}
		values, err := b.dictionaryOf(dict, shape)
		if err != nil {
			return nil, err
		}
		return array.NewDataWithDictionary(dt, indices.Len(), indices.Buffers(), indices.NullN(), 0, values), nil
	}
	n, nulls, err := b.fieldNode(dt)
	if err != nil {
		return nil, err
	}
	buffers := []*memory.Buffer{nil}
	if b.hasValidity(dt) {
		if buffers[0], err = b.buffer(); err != nil {
			return nil, err
		}
		if nulls, err = layout.CountNulls(buffers[0].Bytes(), n, nulls); err != nil {
			return nil, err
		}
		if nulls == 0 {
			buffers[0] = nil
		}
	}
	for range b.bufferCount(dt) {
		buf, err := b.buffer()
		if err != nil {
			return nil, err
		}
		if shape.narrow > 0 {
			if buf, err = b.widen(buf, n, shape.narrow); err != nil {
				return nil, err
			}
		}
		buffers = append(buffers, buf)
	}
	children, err := b.children(dt, shape)
	if err != nil {
		return nil, err
	}
	return array.NewData(dt, n, buffers, children, nulls, 0), nil
}

// fieldNode returns the length and the number of missing values of the next array.
func (b *batchReader) fieldNode(dt arrow.DataType) (n, nulls int, err error) {
	if b.node >= b.nodes.n {
		return 0, 0, codec.Errorf(codec.ErrMalformed, "a record batch of the Arrow data has fewer fields than the schema")
	}
	at := b.nodes.at + 16*b.node
	length, missing := b.nodes.buf.i64(at), b.nodes.buf.i64(at+8)
	b.node++
	if length < 0 || length > math.MaxInt32 || missing < 0 || missing > length {
		return 0, 0, codec.Errorf(codec.ErrMalformed, "an array of the Arrow data claims %d values of which %d are missing", length, missing)
	}
	b.budget.Take(layout.ArrayCost)
	switch dt.(type) {
	case *arrow.NullType:
		b.budget.Take(length)
		missing = length
	case *arrow.StructType, *arrow.FixedSizeListType, *arrow.FixedSizeBinaryType, *arrow.RunEndEncodedType:
		// These can have values without having bytes.
		b.budget.Take(length)
	case arrow.UnionType:
		if missing > 0 {
			return 0, 0, codec.Errorf(codec.ErrUnsupported, "a union of the Arrow data has missing values of its own, as before Arrow 1.0")
		}
	}
	return int(length), int(missing), nil
}

func (b *batchReader) hasValidity(dt arrow.DataType) bool {
	switch dt.(type) {
	case *arrow.NullType, *arrow.RunEndEncodedType:
		return false
	case arrow.UnionType:
		return b.version <= unionsWithValidity
	}
	return true
}

// bufferCount returns the number of buffers after the validity bitmap of the next array, of type
// dt.
func (b *batchReader) bufferCount(dt arrow.DataType) int {
	if _, ok := dt.(arrow.BinaryViewDataType); !ok {
		return layout.BuffersAfterValidity(dt)
	}
	n := int64(0)
	if b.variadic < b.variadics.n {
		n = b.variadics.buf.i64(b.variadics.at + 8*b.variadic)
	}
	b.variadic++
	// Reading them fails if there are fewer.
	return layout.BuffersAfterValidity(dt) + int(min(max(n, 0), int64(b.buffers.n)))
}

func (b *batchReader) children(dt arrow.DataType, shape fieldShape) ([]arrow.ArrayData, error) {
	nested, ok := dt.(arrow.NestedType)
	if !ok {
		return nil, nil
	}
	fields := nested.Fields()
	if len(fields) != len(shape.children) {
		return nil, codec.Errorf(codec.ErrMalformed, "the type %s of the Arrow data has %d children", dt.Name(), len(shape.children))
	}
	out := make([]arrow.ArrayData, len(fields))
	for i, f := range fields {
		data, err := b.array(f.Type, shape.children[i])
		if err != nil {
			return nil, err
		}
		out[i] = data
	}
	return out, nil
}

// buffer returns the next buffer, decompressed and aligned.
func (b *batchReader) buffer() (*memory.Buffer, error) {
	if b.nextBuf >= b.buffers.n {
		return nil, codec.Errorf(codec.ErrMalformed, "a record batch of the Arrow data has fewer buffers than the schema needs")
	}
	at := b.buffers.at + 16*b.nextBuf
	offset, length := b.buffers.buf.i64(at), b.buffers.buf.i64(at+8)
	b.nextBuf++
	if length == 0 {
		return memory.NewBufferBytes(nil), nil
	}
	if offset < 0 || length < 0 || length > int64(len(b.body)) || offset > int64(len(b.body))-length {
		return nil, codec.Errorf(codec.ErrMalformed, "a buffer of the Arrow data lies outside of its record batch")
	}
	data := b.body[offset : offset+length : offset+length]
	if b.compress != uncompressed {
		if len(data) < 8 {
			return nil, codec.Errorf(codec.ErrMalformed, "a compressed buffer of the Arrow data has %d bytes", length)
		}
		size := int64(binary.LittleEndian.Uint64(data))
		if data = data[8:]; size != -1 {
			var err error
			if data, err = b.decompress(data, size); err != nil {
				return nil, err
			}
		}
	}
	return memory.NewBufferBytes(layout.Aligned(data, b.budget)), nil
}

// decompress returns the size bytes that src holds. It charges the budget first.
func (b *batchReader) decompress(src []byte, size int64) (out []byte, err error) {
	b.budget.Take(size)
	switch b.compress {
	case bodyZstd:
		out, err = compress.Decompress(compress.Zstd, src, int(size))
	case bodyLZ4:
		out = make([]byte, size)
		in := lz4.NewReader(bytes.NewReader(src))
		if _, err = io.ReadFull(in, out); err == nil {
			if n, _ := in.Read(make([]byte, 1)); n > 0 {
				err = fmt.Errorf("more than %d bytes", size)
			}
		}
	default:
		return nil, codec.Errorf(codec.ErrUnsupported, "the Arrow data is compressed with codec %d; lz4 and zstd are known", b.compress)
	}
	if err != nil {
		return nil, codec.Errorf(codec.ErrMalformed, "a compressed buffer of the Arrow data is damaged: it is not %d bytes that are compressed with %s", size, bodyCodecs[b.compress])
	}
	return out, nil
}
