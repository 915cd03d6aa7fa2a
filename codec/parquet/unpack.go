package parquet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"

	"edgeframe/codec"
	"edgeframe/codec/compress"
)

// unpackers return what src holds, in the memory of dst. It is an error if that is not as long as dst.
var unpackers = map[format.CompressionCodec]func(dst, src []byte) ([]byte, error){
	format.Snappy: unpacker(compress.Snappy),
	format.Gzip:   unpackGzip,
	format.Zstd:   unpacker(compress.Zstd),
	format.Lz4Raw: unpacker(compress.LZ4),
	format.Lz4:    unpackLZ4,
	format.Brotli: unpackBrotli,
}

func unpacker(c compress.Codec) func(dst, src []byte) ([]byte, error) {
	return func(dst, src []byte) ([]byte, error) { return compress.DecompressInto(dst, c, src) }
}

// unpack returns the size bytes that src holds: a part of src if they are not compressed, otherwise what memory returns.
func (c *column) unpack(src []byte, size int, take func(int64), memory func(size int) []byte) ([]byte, error) {
	if c.codec == format.Uncompressed {
		if len(src) != size {
			return nil, fmt.Errorf("%d bytes in a page instead of %d", len(src), size)
		}
		return src, nil
	}
	if size == 0 {
		return nil, nil
	}
	unpack := unpackers[c.codec]
	if unpack == nil {
		return nil, codec.Errorf(codec.ErrUnsupported, "column %q of the Parquet file is compressed with %s; snappy, gzip, zstd, lz4, lz4_raw and brotli are known", codec.Shorten(c.node.column), c.codec)
	}
	take(int64(size))
	c.unpacked.Take(int64(size))
	out, err := unpack(memory(size), src)
	if err != nil {
		// The error of the library says where its algorithm stopped, which helps nobody.
		return nil, fmt.Errorf("a page of it is not %d bytes that are compressed with %s", size, c.codec)
	}
	return out, nil
}

// gzipDecoders are reused because each has a window of 32 KiB.
var gzipDecoders = sync.Pool{New: func() any { return new(gzip.Reader) }}

// unpackGzip reads the gzip members in src, of which some writers make more than one for a page. Bytes after
// the last one are ignored.
func unpackGzip(dst, src []byte) ([]byte, error) {
	in := gzipDecoders.Get().(*gzip.Reader)
	defer gzipDecoders.Put(in)
	if err := in.Reset(bytes.NewReader(src)); err != nil {
		return nil, err
	}
	return readExactly(in, dst)
}

// brotliDecoders are reused because each has a window of up to 16 MiB, even for a page of a few
// bytes.
var brotliDecoders = sync.Pool{New: func() any { return new(brotli.Reader) }}

func unpackBrotli(dst, src []byte) ([]byte, error) {
	in := brotliDecoders.Get().(*brotli.Reader)
	defer brotliDecoders.Put(in)
	if err := in.Reset(bytes.NewReader(src)); err != nil {
		return nil, err
	}
	return readExactly(in, dst)
}

// errPacked says that compressed bytes hold more or fewer bytes than expected.
var errPacked = errors.New("the compressed size is wrong")

// readExactly fills dst with all that in has, and returns it.
func readExactly(in io.Reader, dst []byte) ([]byte, error) {
	if _, err := io.ReadFull(in, dst); err != nil {
		return nil, err
	}
	// The checksum of the last bytes is compared at the end.
	if n, err := in.Read(make([]byte, 1)); n > 0 || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, errPacked
	}
	return dst, nil
}

// unpackLZ4 reads the compression LZ4, which the standard has deprecated because it did not say how blocks
// are framed: as Hadoop does, as a frame of the LZ4 format, or not at all.
func unpackLZ4(dst, src []byte) ([]byte, error) {
	if out, err := unpackHadoop(dst, src); err == nil {
		return out, nil
	}
	const frameMagic = 0x184D2204
	if len(src) >= 4 && binary.LittleEndian.Uint32(src) == frameMagic {
		if out, err := readExactly(lz4.NewReader(bytes.NewReader(src)), dst); err == nil {
			return out, nil
		}
	}
	return compress.DecompressInto(dst, compress.LZ4, src)
}

// unpackHadoop reads LZ4 as Hadoop frames it: parts that begin with their unpacked size, each of blocks that
// begin with their packed size. Both are big-endian and have 4 bytes.
func unpackHadoop(dst, src []byte) ([]byte, error) {
	size := len(dst)
	cut := func() (int, bool) {
		if len(src) < 4 {
			return 0, false
		}
		n := binary.BigEndian.Uint32(src)
		src = src[4:]
		return int(n), true
	}
	if len(src) < 8 || uint64(binary.BigEndian.Uint32(src)) > uint64(size) || uint64(binary.BigEndian.Uint32(src[4:])) > uint64(len(src)-8) {
		return nil, errPacked
	}
	out := dst[:0]
	for len(out) < size {
		part, ok := cut()
		if !ok || part == 0 || part > size-len(out) {
			return nil, errPacked
		}
		for end := len(out) + part; len(out) < end; {
			block, ok := cut()
			if !ok || block > len(src) {
				return nil, errPacked
			}
			n, err := lz4.UncompressBlock(src[:block], out[len(out):end])
			if err != nil || n == 0 {
				return nil, errPacked
			}
			out, src = out[:len(out)+n], src[block:]
		}
	}
	if len(src) > 0 {
		return nil, errPacked
	}
	return out, nil
}
