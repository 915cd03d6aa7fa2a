package document

import (
	"bytes"
	"io"
	"testing"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
)

func BenchmarkJSONDecode(b *testing.B) {
	table := codectest.BenchTable(10_000, 50)
	for _, orient := range Orients {
		b.Run(string(orient), func(b *testing.B) { codectest.BenchmarkDecode(b, JSON, appendJSON(nil, table, orient)) })
	}
}

func BenchmarkNDJSONDecode(b *testing.B) {
	var buf bytes.Buffer
	if err := NDJSON.Encode(&buf, codectest.BenchTable(10_000, 50), codec.WriteOptions{}); err != nil {
		b.Fatal(err)
	}
	codectest.BenchmarkDecode(b, NDJSON, buf.Bytes())
}

func BenchmarkJSONPage(b *testing.B) {
	table := codectest.BenchTable(100, 50)
	for _, orient := range Orients {
		b.Run(string(orient), func(b *testing.B) {
			var page []byte
			b.ReportAllocs()
			for b.Loop() {
				page = appendJSON(page[:0], table, orient)
			}
			b.SetBytes(int64(len(page)))
		})
	}
}

func BenchmarkJSONEncode(b *testing.B) {
	table := codectest.BenchTable(10_000, 50)
	b.SetBytes(int64(len(appendJSON(nil, table, Records))))
	b.ReportAllocs()
	for b.Loop() {
		if err := JSON.Encode(io.Discard, table, codec.WriteOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}
