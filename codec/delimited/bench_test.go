package delimited

import (
	"bytes"
	"encoding/csv"
	"io"
	"testing"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
)

func BenchmarkCSVDecode(b *testing.B) {
	b.Run("survey", func(b *testing.B) { codectest.BenchmarkDecode(b, CSV, codectest.BenchCSV(10_000, 50)) })
	b.Run("all digits of floats", func(b *testing.B) {
		var buf bytes.Buffer
		if err := CSV.Encode(&buf, codectest.BenchTable(10_000, 50), codec.WriteOptions{}); err != nil {
			b.Fatal(err)
		}
		codectest.BenchmarkDecode(b, CSV, buf.Bytes())
	})
	b.Run("100,000 rows", func(b *testing.B) { codectest.BenchmarkDecode(b, CSV, codectest.BenchCSV(100_000, 50)) })
}

// BenchmarkCSVSplit is what the standard library takes to cut the same text into fields,
// without looking at them.
func BenchmarkCSVSplit(b *testing.B) {
	data := codectest.BenchCSV(10_000, 50)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		r := csv.NewReader(bytes.NewReader(data))
		r.ReuseRecord = true
		for {
			if _, err := r.Read(); err == io.EOF {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkCSVEncode(b *testing.B) {
	table, err := CSV.Decode(codectest.BenchCSV(10_000, 50), codec.ReadOptions{})
	if err != nil {
		b.Fatal(err)
	}
	var buf bytes.Buffer
	if err := CSV.Encode(&buf, table, codec.WriteOptions{}); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(buf.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if err := CSV.Encode(io.Discard, table, codec.WriteOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}
