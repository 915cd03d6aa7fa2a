package xlsx

import (
	"bytes"
	"io"
	"testing"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/delimited"
)

// BenchmarkXLSX reads and writes a workbook of 20,000 rows and 10 columns.
func BenchmarkXLSX(b *testing.B) {
	table, err := delimited.CSV.Decode(codectest.BenchCSV(20_000, 10), codec.ReadOptions{})
	if err != nil {
		b.Fatal(err)
	}
	// Written here, so that read can run alone.
	var book bytes.Buffer
	if err := Format.Encode(&book, table, codec.WriteOptions{}); err != nil {
		b.Fatal(err)
	}
	b.Run("write", func(b *testing.B) {
		for b.Loop() {
			if err := Format.Encode(io.Discard, table, codec.WriteOptions{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			if _, err := Format.Decode(book.Bytes(), codec.ReadOptions{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
