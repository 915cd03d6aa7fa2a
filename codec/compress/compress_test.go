package compress_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"edgeframe/codec"
	"edgeframe/codec/compress"
)

// packing are the compressions that change the bytes.
var packing = []compress.Codec{compress.Snappy, compress.Zstd, compress.LZ4, compress.Gzip}

// pack compresses src, which has to become smaller.
func pack(t *testing.T, c compress.Codec, src []byte) []byte {
	t.Helper()
	out, smaller, err := compress.Append(c, nil, src)
	if err != nil || !smaller {
		t.Fatalf("%s: smaller is %t, the error is %v", c, smaller, err)
	}
	return out
}

func randomBytes(n int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(random.Uint32())
	}
	return out
}

func TestWhatIsCompressedComesBack(t *testing.T) {
	for _, c := range packing {
		for _, src := range [][]byte{
			[]byte(strings.Repeat("a", 100)), []byte(strings.Repeat("some text, ", 10_000)), append(randomBytes(1000), make([]byte, 100_000)...),
		} {
			prefix := []byte("prefix")
			out, smaller, err := compress.Append(c, prefix, src)
			if err != nil || !smaller || !bytes.HasPrefix(out, prefix) {
				t.Fatalf("%s of %d bytes: smaller is %t, the error is %v, the bytes begin %q", c, len(src), smaller, err, out[:min(len(out), 10)])
			}
			got, err := compress.Decompress(c, out[len(prefix):], len(src))
			if err != nil || !bytes.Equal(got, src) {
				t.Errorf("%s of %d bytes: %d bytes come back, the error is %v", c, len(src), len(got), err)
			}
		}
	}
}

func TestTheSameBytesCompressToTheSameBytes(t *testing.T) {
	src := []byte(strings.Repeat("0123456789", 5000))
	for _, c := range packing {
		first := pack(t, c, src)
		pack(t, c, []byte(strings.Repeat("other", 1000)))
		if !bytes.Equal(pack(t, c, src), first) {
			t.Errorf("%s: the bytes differ the second time", c)
		}
	}
}

func TestBytesThatDoNotShrinkAreReported(t *testing.T) {
	for _, c := range compress.Codecs {
		for _, src := range [][]byte{nil, {1}, randomBytes(1000)} {
			out, smaller, err := compress.Append(c, []byte("prefix"), src)
			if err != nil || smaller || !bytes.HasPrefix(out, []byte("prefix")) {
				t.Errorf("%s of %d bytes: smaller is %t, the error is %v", c, len(src), smaller, err)
			}
		}
	}
}

func TestAnotherSizeIsAnError(t *testing.T) {
	src := []byte(strings.Repeat("some text, ", 1000))
	for _, c := range packing {
		packed := pack(t, c, src)
		for _, size := range []int{0, 1, len(src) - 1, len(src) + 1, 2 * len(src)} {
			if got, err := compress.Decompress(c, packed, size); err == nil {
				t.Errorf("%s: %d bytes come back as %d", c, len(src), len(got))
			}
		}
	}
}

func TestDamageIsAnErrorAndNeverMoreBytes(t *testing.T) {
	src := []byte(strings.Repeat("some text, ", 200))
	for _, c := range packing {
		packed := pack(t, c, src)
		for n := range packed {
			if _, err := compress.Decompress(c, packed[:n], len(src)); err == nil {
				t.Fatalf("%s: the first %d of %d bytes are accepted", c, n, len(packed))
			}
			damaged := bytes.Clone(packed)
			damaged[n] ^= 0x55
			if got, err := compress.Decompress(c, damaged, len(src)); err == nil && len(got) != len(src) {
				t.Fatalf("%s with byte %d changed: %d bytes come back", c, n, len(got))
			}
		}
	}
}

// TestNoMoreThanTheSizeIsAllocated has inputs that unpack to, or claim to unpack to, far more bytes
// than are asked for.
func TestNoMoreThanTheSizeIsAllocated(t *testing.T) {
	const size, large = 1 << 10, 64 << 20
	zeros := make([]byte, large)
	claim := binary.AppendUvarint(nil, large)
	inputs := map[string]struct {
		c   compress.Codec
		src []byte
	}{
		"snappy":               {compress.Snappy, pack(t, compress.Snappy, zeros)},
		"snappy, empty":        {compress.Snappy, claim},
		"zstd":                 {compress.Zstd, pack(t, compress.Zstd, zeros)},
		"zstd, frame of 64 MB": {compress.Zstd, []byte{0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 4, 1, 0, 0}},
		"lz4":                  {compress.LZ4, pack(t, compress.LZ4, zeros)},
		"gzip":                 {compress.Gzip, pack(t, compress.Gzip, zeros)},
	}
	for name, in := range inputs {
		// The decoders, which are reused, have tables of their own.
		if _, err := compress.Decompress(in.c, pack(t, in.c, zeros[:size]), size); err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := compress.Decompress(in.c, in.src, size)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: it is accepted", name)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 4<<20 {
			t.Errorf("%s: %d bytes are allocated for %d", name, n, size)
		}
	}
}

func TestGzipHasOneMember(t *testing.T) {
	src := []byte(strings.Repeat("some text, ", 100))
	packed := pack(t, compress.Gzip, src)
	two := append(bytes.Clone(packed), packed...)
	if _, err := compress.Decompress(compress.Gzip, two, 2*len(src)); err == nil {
		t.Error("two members are read as one")
	}
}

func TestCompressionsAreNamed(t *testing.T) {
	for _, c := range compress.Codecs {
		for _, name := range []string{string(c), strings.ToUpper(string(c))} {
			if got, err := compress.Parse(name); err != nil || got != c {
				t.Errorf("%s is %q, the error is %v", name, got, err)
			}
		}
	}
	for _, name := range []string{"", "brotli", "lz4 "} {
		if got, err := compress.Parse(name); !errors.Is(err, codec.ErrUnsupported) {
			t.Errorf("%q is %q, the error is %v", name, got, err)
		}
	}
	if _, _, err := compress.Append("brotli", nil, nil); !errors.Is(err, codec.ErrUnsupported) {
		t.Errorf("the error is %v", err)
	}
	if _, err := compress.Decompress("brotli", nil, 0); !errors.Is(err, codec.ErrUnsupported) {
		t.Errorf("the error is %v", err)
	}
}

// TestTheNumbersOfCompressionsAreStored: segments have them in their header.
func TestTheNumbersOfCompressionsAreStored(t *testing.T) {
	want := []compress.Codec{compress.None, compress.Snappy, compress.Zstd, compress.LZ4, compress.Gzip}
	for i, c := range want {
		if compress.Codecs[i] != c {
			t.Errorf("number %d is %s instead of %s", i, compress.Codecs[i], c)
		}
	}
	if len(compress.Codecs) != len(want) {
		t.Errorf("%d compressions instead of %d", len(compress.Codecs), len(want))
	}
}
