// Package unpack reads what gzip, Zstandard and zip have compressed: the bodies of requests and files.
//
// Compressed bytes are hostile: few of them can unpack to many. The readers of this package take a small and
// known amount of memory; whoever reads from them bounds the result. It knows nothing of file formats or HTTP.
package unpack

import (
	"bufio"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"edgeframe/codec"
)

// Compression is how bytes are compressed.
type Compression string

// The compressions.
const (
	Gzip Compression = "gzip"
	Zstd Compression = "zstd"
	Zip  Compression = "zip"
)

// zstdWindow is the largest window of a Zstandard frame, in bytes. RFC 9659 limits the frames of HTTP to it.
const zstdWindow = 8 << 20

// Memory is about how many bytes a reader takes.
func (c Compression) Memory() int64 {
	if c == Zstd {
		return zstdWindow + 1<<20
	}
	return 128 << 10
}

// NewReader returns a reader of what r unpacks to, for Gzip and Zstd. It reads nothing yet. Errors of r are
// returned as they are; damaged bytes are [codec.ErrMalformed].
func NewReader(c Compression, r io.Reader) io.Reader {
	from := &source{r: r}
	return &reader{compression: c, from: from, open: func() (io.Reader, error) { return open(c, from) }}
}

func open(c Compression, from io.Reader) (io.Reader, error) {
	// The readers would read byte by byte.
	buffered := bufio.NewReaderSize(from, 32<<10)
	if c == Gzip {
		return gzip.NewReader(buffered)
	}
	// One decoder at a time starts no goroutines.
	return zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(zstdWindow))
}

// source remembers the error that ended it.
type source struct {
	r   io.Reader
	err error
}

// Read implements [io.Reader].
func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil {
		s.err = err
	}
	return n, err
}

// reader names the errors of a decompressor.
type reader struct {
	compression Compression
	from        *source
	// open makes in, at the first read.
	open func() (io.Reader, error)
	in   io.Reader
	err  error
}

// Read implements [io.Reader].
func (r *reader) Read(p []byte) (n int, err error) {
	if r.in == nil && r.err == nil {
		r.in, r.err = r.open()
	}
	if r.err != nil {
		return 0, r.explained(r.err)
	}
	n, r.err = r.in.Read(p)
	if r.err != nil {
		return n, r.explained(r.err)
	}
	return n, nil
}

func (r *reader) explained(err error) error {
	c := r.compression
	switch {
	case r.from.err != nil && r.from.err != io.EOF:
		return r.from.err
	case err == io.EOF && r.in != nil:
		return io.EOF
	case err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF):
		return codec.Errorf(codec.ErrMalformed, "the %s data ends before it is complete", c)
	case errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return codec.Errorf(codec.ErrTooLarge, "the zstd data needs a window of more than %d MiB: compress it with a level of at most 19", zstdWindow>>20)
	case errors.Is(err, gzip.ErrHeader) || errors.Is(err, zstd.ErrMagicMismatch):
		return codec.Errorf(codec.ErrMalformed, "the data is not %s data, or something follows it", c)
	}
	return codec.Errorf(codec.ErrMalformed, "the %s data is damaged: %v", c, err)
}
