package codec

import (
	"bytes"
	"testing"
)

// BenchmarkXLSX reads and writes a workbook of 20,000 rows and 10 columns.
func BenchmarkXLSX(b *testing.B) {
	table, err := csvFormat.Decode(benchCSV(20_000, 10), ReadOptions{})
	if err != nil {
		b.Fatal(err)
	}
	var book bytes.Buffer
	b.Run("write", func(b *testing.B) {
		for b.Loop() {
			book.Reset()
			if err := xlsxFormat.Encode(&book, table, WriteOptions{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			if _, err := xlsxFormat.Decode(book.Bytes(), ReadOptions{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
