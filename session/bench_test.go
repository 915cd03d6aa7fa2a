package session

import (
	"bytes"
	"context"
	"io"
	"testing"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/compress"
	"edgeframe/codec/formats"
	"edgeframe/codec/segment"
	"edgeframe/kv"
	"edgeframe/kv/memory"
)

// BenchmarkCreateFromCSV is an upload without HTTP: parse, pack, encode, store.
func BenchmarkCreateFromCSV(b *testing.B) {
	s := New(Options{Store: kv.New(memory.New(), ""), Segment: segment.Options{Method: segment.MethodArrow, Compression: compress.Snappy}})
	var file bytes.Buffer
	if err := formats.ByName("csv").Encode(&file, codectest.Generate(10_000, 50, 1), codec.WriteOptions{}); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(file.Len()))
	for b.Loop() {
		t, err := formats.ByName("csv").Decode(file.Bytes(), codec.ReadOptions{})
		if err != nil {
			b.Fatal(err)
		}
		sess, err := s.Create(context.Background(), t, "t.csv", 0, nil)
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Delete(context.Background(), Ref{ID: sess.ID}, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkWholeTableAsArrow is a download without HTTP, of decoded segments in the cache.
func BenchmarkWholeTableAsArrow(b *testing.B) {
	s := New(Options{Store: kv.New(memory.New(), ""), CacheBytes: 256 << 20, Segment: segment.Options{Method: segment.MethodArrow, Compression: compress.Snappy}})
	sess, err := s.Create(context.Background(), codectest.Generate(100_000, 50, 1), "t", 0, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(sess.Current.RawBytes)
	for b.Loop() {
		data, err := s.Read(context.Background(), sess, Selection{Limit: -1})
		if err != nil {
			b.Fatal(err)
		}
		if err := formats.ByName("arrow").Encode(io.Discard, data, codec.WriteOptions{}); err != nil {
			b.Fatal(err)
		}
		data.Close()
	}
}

// BenchmarkStatistics describes a table that is described for the first time.
func BenchmarkStatistics(b *testing.B) {
	s := New(Options{Store: kv.New(memory.New(), ""), Segment: segment.Options{Method: segment.MethodArrow, Compression: compress.Snappy}})
	sess, err := s.Create(context.Background(), codectest.Generate(100_000, 50, 1), "t", 0, nil)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.describe(context.Background(), sess.head, sess.head.current(), DescribeSelection{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSnapshot is a snapshot without HTTP, over a store in memory: what the history costs.
func BenchmarkSnapshot(b *testing.B) {
	s := New(Options{Store: kv.New(memory.New(), ""), MaxVersions: DefaultMaxVersions, CacheBytes: 8 << 20, Segment: segment.Options{Method: segment.MethodArrow, Compression: compress.Snappy}})
	sess, err := s.Create(context.Background(), codectest.Generate(1000, 50, 1), "t", 0, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Snapshot(context.Background(), Change{Ref: Ref{ID: sess.ID}}); err != nil {
			b.Fatal(err)
		}
	}
}
