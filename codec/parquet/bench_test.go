//go:build !js

package parquet_test

import (
	"io"
	"os"
	"testing"

	"edgeframe/codec"
	"edgeframe/codec/formats"
	"edgeframe/internal/testenv"
)

func flights(b *testing.B) []byte {
	b.Helper()
	data, err := os.ReadFile(testenv.VegaFile(b, "flights-3m.parquet"))
	if err != nil {
		b.Fatal(err)
	}
	return data
}

func BenchmarkParquetDecode(b *testing.B) {
	data := flights(b)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := formats.ByName("parquet").Decode(data, codec.ReadOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParquetEncode(b *testing.B) {
	table, err := formats.ByName("parquet").Decode(flights(b), codec.ReadOptions{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := formats.ByName("parquet").Encode(io.Discard, table, codec.WriteOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkParquetNested reads lists, maps and structs, and every encoding.
func BenchmarkParquetNested(b *testing.B) {
	data := writeOther(b, otherRows(20_000))
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := formats.ByName("parquet").Decode(data, codec.ReadOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}
