package segment_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/compress"
	"edgeframe/codec/formats/formatstest"
	"edgeframe/codec/segment"
)

var methods = []segment.Method{segment.MethodArrow, segment.MethodMsgpack}

// eachOption runs a test for every way of writing a segment.
func eachOption(t *testing.T, test func(t *testing.T, opt segment.Options)) {
	for _, method := range methods {
		for _, compression := range compress.Codecs {
			t.Run(fmt.Sprintf("%s/%s", method, compression), func(t *testing.T) {
				test(t, segment.Options{Method: method, Compression: compression})
			})
		}
	}
}

func encodeSegment(t testing.TB, rec arrow.Record, opt segment.Options) segment.Segment {
	t.Helper()
	s, err := segment.Encode(rec, opt)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEveryTypeComesBackFromASegment(t *testing.T) {
	eachOption(t, func(t *testing.T, opt segment.Options) {
		for _, group := range codectest.AllTypes().RowGroups {
			formatstest.CheckSegment(t, group, opt)
			formatstest.CheckSegment(t, group.NewSlice(0, 0), opt)
		}
	})
}

func TestASegmentOfNoColumnsKeepsItsRows(t *testing.T) {
	eachOption(t, func(t *testing.T, opt segment.Options) {
		rec := array.NewRecord(arrow.NewSchema(nil, nil), nil, 7)
		s := encodeSegment(t, rec, opt)
		got, err := segment.Decode(s.Data, s.Hash, s.RawBytes)
		if err != nil {
			t.Fatal(err)
		}
		if got.NumRows() != 7 {
			t.Errorf("%d rows instead of 7", got.NumRows())
		}
	})
}

func TestTheSameRowsGiveTheSameSegment(t *testing.T) {
	eachOption(t, func(t *testing.T, opt segment.Options) {
		group := codectest.AllTypes().RowGroups[2]
		want := encodeSegment(t, group, opt)
		// Coders that are used again must not remember what they were used for.
		encodeSegment(t, codectest.Generate(1000, 5, 1).RowGroups[0], opt)
		again := encodeSegment(t, codectest.AllTypes().RowGroups[2], opt)
		if !bytes.Equal(again.Data, want.Data) || again.Hash != want.Hash {
			t.Error("a second encoding differs")
		}
		decoded, err := segment.Decode(want.Data, want.Hash, want.RawBytes)
		if err != nil {
			t.Fatal(err)
		}
		if s := encodeSegment(t, decoded, opt); s.Hash != want.Hash {
			t.Error("the segment of what was decoded differs")
		}
		part := encodeSegment(t, group.NewSlice(3, 12), opt)
		if s := encodeSegment(t, decoded.NewSlice(3, 12), opt); s.Hash != part.Hash {
			t.Error("slices of the same rows at other offsets differ")
		}
	})
}

func TestPaddingBitsDoNotChangeASegment(t *testing.T) {
	of := func(validity, values byte) arrow.Record {
		buffers := []*memory.Buffer{memory.NewBufferBytes([]byte{validity}), memory.NewBufferBytes([]byte{values})}
		data := array.NewData(arrow.FixedWidthTypes.Boolean, 3, buffers, nil, array.UnknownNullCount, 0)
		schema := arrow.NewSchema([]arrow.Field{{Name: "b", Type: arrow.FixedWidthTypes.Boolean, Nullable: true}}, nil)
		return array.NewRecord(schema, []arrow.Array{array.MakeFromData(data)}, 3)
	}
	for _, method := range methods {
		opt := segment.Options{Method: method, Compression: compress.None}
		if encodeSegment(t, of(0b101, 0b100), opt).Hash != encodeSegment(t, of(0b11101, 0b10100), opt).Hash {
			t.Errorf("%s: bits after the last value change the segment", method)
		}
	}
}

func TestADamagedSegmentIsCorrupt(t *testing.T) {
	eachOption(t, func(t *testing.T, opt segment.Options) {
		s := encodeSegment(t, codectest.Generate(50, 5, 3).RowGroups[0], opt)
		for i := range s.Data {
			data := bytes.Clone(s.Data)
			data[i] ^= 1 << (i % 8)
			if _, err := segment.Decode(data, s.Hash, s.RawBytes); !errors.Is(err, codec.ErrCorrupt) {
				t.Fatalf("byte %d changed: the error is %v", i, err)
			}
			if _, err := segment.Decode(s.Data[:i], s.Hash, s.RawBytes); !errors.Is(err, codec.ErrCorrupt) {
				t.Fatalf("cut at byte %d: the error is %v", i, err)
			}
		}
		if _, err := segment.Decode(append(s.Data, 0), s.Hash, s.RawBytes); !errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("with a byte more: the error is %v", err)
		}
	})
}

func TestAnotherSegmentThanTheWantedOneIsCorrupt(t *testing.T) {
	opt := segment.Options{Method: segment.MethodArrow, Compression: compress.Snappy}
	a := encodeSegment(t, codectest.Generate(50, 5, 1).RowGroups[0], opt)
	b := encodeSegment(t, codectest.Generate(50, 5, 2).RowGroups[0], opt)
	if _, err := segment.Decode(a.Data, b.Hash, a.RawBytes); !errors.Is(err, codec.ErrCorrupt) {
		t.Errorf("the error is %v", err)
	}
}

func TestASegmentLargerThanTheLimitIsTooLarge(t *testing.T) {
	eachOption(t, func(t *testing.T, opt segment.Options) {
		s := encodeSegment(t, codectest.Generate(50, 5, 1).RowGroups[0], opt)
		if _, err := segment.Decode(s.Data, s.Hash, s.RawBytes-1); !errors.Is(err, codec.ErrTooLarge) {
			t.Errorf("the error is %v", err)
		}
	})
}

func TestWhatDoesNotShrinkIsStoredAsItIs(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	b := array.NewUint64Builder(memory.DefaultAllocator)
	for range 4000 {
		b.Append(random.Uint64())
	}
	schema := arrow.NewSchema([]arrow.Field{{Name: "noise", Type: b.Type()}}, nil)
	rec := array.NewRecord(schema, []arrow.Array{b.NewArray()}, 4000)
	plain := encodeSegment(t, rec, segment.Options{Method: segment.MethodArrow, Compression: compress.None})
	for _, compression := range compress.Codecs {
		s := encodeSegment(t, rec, segment.Options{Method: segment.MethodArrow, Compression: compression})
		if len(s.Data) > len(plain.Data) {
			t.Errorf("%s: %d bytes became %d", compression, len(plain.Data), len(s.Data))
		}
		// Byte 6 names the compression that was used, not the one that was asked for.
		if bytes.Equal(s.Data[32:], plain.Data[32:]) != (s.Data[6] == plain.Data[6]) {
			t.Errorf("%s: the header does not say how the payload is stored", compression)
		}
	}
}

// TestSegmentsOfVersion1 reads segments that were stored by the first version.
func TestSegmentsOfVersion1(t *testing.T) {
	want := codectest.Generate(20, 5, 7)
	eachOption(t, func(t *testing.T, opt segment.Options) {
		file := filepath.Join("testdata", fmt.Sprintf("v1-%s-%s.bin", opt.Method, opt.Compression))
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		hash := segment.Hash(data[16:32])
		rec, err := segment.Decode(data, hash, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if err := codectest.Equal(want, formatstest.TableOf(rec)); err != nil {
			t.Error(err)
		}
	})
}

func TestMethodsAndCompressionsHaveNames(t *testing.T) {
	for name, want := range map[string]segment.Method{"arrow": segment.MethodArrow, "pyarrow": segment.MethodArrow, "PyArrow": segment.MethodArrow, "msgpack": segment.MethodMsgpack} {
		if got, err := segment.ParseMethod(name); err != nil || got != want {
			t.Errorf("method %s is %s, %v", name, got, err)
		}
	}
	for _, name := range []string{"pickle", "json", ""} {
		if _, err := segment.ParseMethod(name); !errors.Is(err, codec.ErrUnsupported) || !bytes.Contains([]byte(err.Error()), []byte("arrow")) {
			t.Errorf("method %q: the error does not say what to use: %v", name, err)
		}
	}
	for _, want := range compress.Codecs {
		if got, err := compress.Parse(string(want)); err != nil || got != want {
			t.Errorf("compression %s is %s, %v", want, got, err)
		}
	}
	if _, err := compress.Parse("brotli"); !errors.Is(err, codec.ErrUnsupported) {
		t.Errorf("the error is %v", err)
	}
	bad := segment.Options{Method: "pickle", Compression: compress.Snappy}
	if _, err := segment.Encode(codectest.Generate(1, 1, 1).RowGroups[0], bad); !errors.Is(err, codec.ErrUnsupported) {
		t.Errorf("the error is %v", err)
	}
	bad = segment.Options{Method: segment.MethodArrow, Compression: "brotli"}
	if _, err := segment.Encode(codectest.Generate(1, 1, 1).RowGroups[0], bad); !errors.Is(err, codec.ErrUnsupported) {
		t.Errorf("the error is %v", err)
	}
}

func BenchmarkSegmentEncode(b *testing.B) {
	benchmarkSegments(b, func(rec arrow.Record, opt segment.Options, _ segment.Segment) error {
		_, err := segment.Encode(rec, opt)
		return err
	})
}

func BenchmarkSegmentDecode(b *testing.B) {
	benchmarkSegments(b, func(_ arrow.Record, _ segment.Options, s segment.Segment) error {
		_, err := segment.Decode(s.Data, s.Hash, s.RawBytes)
		return err
	})
}

// benchmarkSegments works on about 500 KiB: 10,000 rows of eight columns.
func benchmarkSegments(b *testing.B, work func(arrow.Record, segment.Options, segment.Segment) error) {
	rec := codectest.Generate(10_000, 8, 1).RowGroups[0]
	for _, method := range methods {
		for _, compression := range compress.Codecs {
			opt := segment.Options{Method: method, Compression: compression}
			s := encodeSegment(b, rec, opt)
			b.Run(fmt.Sprintf("%s/%s", method, compression), func(b *testing.B) {
				b.SetBytes(s.RawBytes)
				b.ReportAllocs()
				for b.Loop() {
					if err := work(rec, opt, s); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(len(s.Data))/float64(s.RawBytes), "stored/raw")
			})
		}
	}
}

func TestALongPayloadIsNotOneBlock(t *testing.T) {
	for rows, want := range map[int]compress.Codec{1_000_000: compress.Snappy, 3_000_000: compress.Zstd} {
		b := array.NewInt64Builder(memory.DefaultAllocator)
		for i := range rows {
			b.Append(int64(i))
		}
		schema := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int64, Nullable: true}}, nil)
		rec := array.NewRecord(schema, []arrow.Array{b.NewArray()}, int64(rows))
		seg, err := segment.Encode(rec, segment.Options{Method: segment.MethodArrow, Compression: compress.Snappy})
		if err != nil {
			t.Fatal(err)
		}
		if got := compress.Codecs[seg.Data[6]]; got != want {
			t.Errorf("%d rows are compressed by %s, want %s", rows, got, want)
		}
		back, err := segment.Decode(seg.Data, seg.Hash, 1<<30)
		if err != nil || !array.RecordEqual(rec, back) {
			t.Errorf("%d rows: %v, or other values", rows, err)
		}
	}
}
