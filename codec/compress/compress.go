// Package compress compresses and decompresses bytes within a given size.
package compress

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	"edgeframe/codec"
)

// Codec is a compression.
type Codec string

// The compressions: Snappy's block format, a Zstandard frame, LZ4's block format, a gzip
// member, or nothing.
const (
	Snappy Codec = "snappy"
	Zstd   Codec = "zstd"
	LZ4    Codec = "lz4"
	Gzip   Codec = "gzip"
	None   Codec = "none"
)

// Codecs lists every Codec. The position of each is its number in the header of a segment, so the
// order never changes.
var Codecs = []Codec{None, Snappy, Zstd, LZ4, Gzip}

// Parse returns the compression named s, in upper or lower case.
func Parse(s string) (Codec, error) {
	for _, c := range Codecs {
		if strings.EqualFold(s, string(c)) {
			return c, nil
		}
	}
	return "", codec.Errorf(codec.ErrUnsupported, "unknown compression %q; accepted are snappy, zstd, lz4, gzip and none", s)
}

// Encoders and decoders are reused because each has tables of up to megabytes. Their options keep
// them within the calling goroutine.
var (
	zstdEncoders = sync.Pool{New: func() any {
		return must(zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false),
			zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithLowerEncoderMem(true)))
	}}
	zstdDecoders = sync.Pool{New: func() any {
		return must(zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecodeAllCapLimit(true)))
	}}
	lz4Encoders  = sync.Pool{New: func() any { return new(lz4.Compressor) }}
	gzipEncoders = sync.Pool{New: func() any { return must(gzip.NewWriterLevel(nil, gzip.BestSpeed)) }}
	gzipDecoders = sync.Pool{New: func() any { return new(gzip.Reader) }}
)

// must is for constructors that only fail if their constant options are wrong.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Append appends src, compressed by c, to dst. If that is not smaller than src, it returns false, and
// the bytes after the original length of dst are undefined.
func Append(c Codec, dst, src []byte) ([]byte, bool, error) {
	start := len(dst)
	switch c {
	case None:
		return dst, false, nil
	case Snappy:
		room := s2.MaxEncodedLen(len(src))
		if room < 0 {
			return nil, false, fmt.Errorf("%d bytes are too many for snappy", len(src))
		}
		dst = slices.Grow(dst, room)
		dst = dst[:start+len(s2.EncodeSnappy(dst[start:start+room], src))]
	case Zstd:
		enc := zstdEncoders.Get().(*zstd.Encoder)
		dst = enc.EncodeAll(src, dst)
		zstdEncoders.Put(enc)
	case LZ4:
		room := lz4.CompressBlockBound(len(src))
		dst = slices.Grow(dst, room)
		enc := lz4Encoders.Get().(*lz4.Compressor)
		n, err := enc.CompressBlock(src, dst[start:start+room])
		lz4Encoders.Put(enc)
		if err != nil || n == 0 {
			return dst, false, err
		}
		dst = dst[:start+n]
	case Gzip:
		out := bytes.NewBuffer(dst)
		enc := gzipEncoders.Get().(*gzip.Writer)
		enc.Reset(out)
		_, err := enc.Write(src)
		err = errors.Join(err, enc.Close())
		gzipEncoders.Put(enc)
		if err != nil {
			return nil, false, err
		}
		dst = out.Bytes()
	default:
		return nil, false, codec.Errorf(codec.ErrUnsupported, "unknown compression %q", c)
	}
	return dst, len(dst)-start < len(src), nil
}

// Decompress returns the size bytes that src holds. It is an error if src holds fewer or more. Whatever
// src claims, no more than size bytes are allocated.
func Decompress(c Codec, src []byte, size int) ([]byte, error) {
	return DecompressInto(make([]byte, size), c, src)
}

// DecompressInto is [Decompress] into the memory of dst, whose length is the size. The result shares it.
func DecompressInto(dst []byte, c Codec, src []byte) ([]byte, error) {
	size := len(dst)
	dst = dst[:0:size]
	n := 0
	var err error
	switch c {
	case Snappy:
		if n, err = s2.DecodedLen(src); err == nil && n == size {
			dst, err = s2.Decode(dst[:size], src)
		}
	case Zstd:
		dec := zstdDecoders.Get().(*zstd.Decoder)
		dst, err = dec.DecodeAll(src, dst)
		zstdDecoders.Put(dec)
		n = len(dst)
	case LZ4:
		dst = dst[:size]
		n, err = lz4.UncompressBlock(src, dst)
	case Gzip:
		dst = dst[:size]
		n, err = gunzip(dst, src)
	default:
		return nil, codec.Errorf(codec.ErrUnsupported, "unknown compression %q", c)
	}
	if err == nil && n != size {
		err = fmt.Errorf("%d bytes instead of %d", n, size)
	}
	if err != nil {
		return nil, fmt.Errorf("decompress %s: %w", c, err)
	}
	return dst, nil
}

// gunzip fills dst from the one gzip member src.
func gunzip(dst, src []byte) (int, error) {
	dec := gzipDecoders.Get().(*gzip.Reader)
	defer gzipDecoders.Put(dec)
	if err := dec.Reset(bytes.NewReader(src)); err != nil {
		return 0, err
	}
	dec.Multistream(false)
	n, err := io.ReadFull(dec, dst)
	if err != nil {
		return n, err
	}
	// The checksum is compared at the end of the member.
	more, err := dec.Read(make([]byte, 1))
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n + more, err
}
