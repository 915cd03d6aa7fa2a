package codec

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
)

// benchCSV has whole numbers, floats with a few decimals, text of few different values,
// booleans and dates in turn, as a CSV file of a survey would.
func benchCSV(rows, columns int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	cities := []string{"Lima", "Bogotá", "Quito", "La Paz", "Santiago", "Montevideo", "Caracas"}
	var b bytes.Buffer
	for c := range columns {
		fmt.Fprintf(&b, "column_%d%c", c, separator(c, columns))
	}
	for range rows {
		for c := range columns {
			switch c % 5 {
			case 0:
				fmt.Fprint(&b, random.IntN(1_000_000))
			case 1:
				fmt.Fprintf(&b, "%.3f", random.NormFloat64()*100)
			case 2:
				b.WriteString(cities[random.IntN(len(cities))])
			case 3:
				fmt.Fprint(&b, random.IntN(2) == 0)
			case 4:
				fmt.Fprintf(&b, "20%02d-%02d-%02d", random.IntN(25), 1+random.IntN(12), 1+random.IntN(28))
			}
			b.WriteByte(separator(c, columns))
		}
	}
	return b.Bytes()
}

func separator(c, columns int) byte {
	if c == columns-1 {
		return '\n'
	}
	return ','
}

func BenchmarkCSVDecode(b *testing.B) {
	b.Run("survey", func(b *testing.B) { benchmarkDecode(b, csvFormat, benchCSV(10_000, 50)) })
	b.Run("all digits of floats", func(b *testing.B) {
		var buf bytes.Buffer
		if err := csvFormat.Encode(&buf, benchTable(10_000, 50), WriteOptions{}); err != nil {
			b.Fatal(err)
		}
		benchmarkDecode(b, csvFormat, buf.Bytes())
	})
	b.Run("100,000 rows", func(b *testing.B) { benchmarkDecode(b, csvFormat, benchCSV(100_000, 50)) })
}

// BenchmarkCSVSplit is what the standard library takes to cut the same text into fields,
// without looking at them.
func BenchmarkCSVSplit(b *testing.B) {
	data := benchCSV(10_000, 50)
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
	table, err := csvFormat.Decode(benchCSV(10_000, 50), ReadOptions{})
	if err != nil {
		b.Fatal(err)
	}
	var buf bytes.Buffer
	if err := csvFormat.Encode(&buf, table, WriteOptions{}); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(buf.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if err := csvFormat.Encode(io.Discard, table, WriteOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}
