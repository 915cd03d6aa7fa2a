package delimited

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/document"
)

func encodeDelimited(t testing.TB, f *codec.Format, table *codec.Table) string {
	t.Helper()
	var b bytes.Buffer
	if err := f.Encode(&b, table, codec.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// textTable has columns of text in which "null" is a missing value.
func textTable(names []string, columns ...[]string) *codec.Table {
	arrays := make([]arrow.Array, len(columns))
	for i, values := range columns {
		b := array.NewStringBuilder(memory.DefaultAllocator)
		for _, v := range values {
			if v == "null" {
				b.AppendNull()
			} else {
				b.Append(v)
			}
		}
		arrays[i] = b.NewArray()
	}
	return codectest.TableOf(names, arrays)
}

func TestDelimitedTextIsWritten(t *testing.T) {
	for _, test := range []struct {
		name     string
		table    *codec.Table
		csv, tsv string
	}{
		{"a missing value is empty, an empty text is quoted", textTable([]string{"a", "b"}, []string{"null", ""}, []string{"", "null"}), "a,b\n,\"\"\n\"\",\n", "a\tb\n\t\"\"\n\"\"\t\n"},
		{"in one column a missing value is NA, because readers skip empty lines", textTable([]string{"a"}, []string{"", "null", "x"}), "a\n\"\"\nNA\nx\n", "a\n\"\"\nNA\nx\n"},
		{"TSV that could be read without quotes ends in an empty line", textTable([]string{"a", "b"}, []string{"1"}, []string{"x\ny\tz"}), "a,b\n1,\"x\ny\tz\"\n", "a\tb\n1\t\"x\ny\tz\"\n\n"},
		{"other TSV with line ends does not", textTable([]string{"a", "b"}, []string{"1"}, []string{"x\ny z"}), "a,b\n1,\"x\ny z\"\n", "a\tb\n1\t\"x\ny z\"\n"},
		{"every delimiter is quoted", textTable([]string{"a,b"}, []string{"1;2", "1\t2", "1|2", "1 2"}), "\"a,b\"\n\"1;2\"\n\"1\t2\"\n\"1|2\"\n1 2\n", "\"a,b\"\n\"1;2\"\n\"1\t2\"\n\"1|2\"\n1 2\n"},
		{"quotes and line ends are quoted", textTable([]string{"a"}, []string{`"`, `x"y""`, "\n", "\r"}), "a\n\"\"\"\"\n\"x\"\"y\"\"\"\"\"\n\"\n\"\n\"\r\"\n", "a\n\"\"\"\"\n\"x\"\"y\"\"\"\"\"\n\"\n\"\n\"\r\"\n"},
		{"text that spells a missing value is quoted", textTable([]string{"a"}, []string{"NA", "None", "Nun"}), "a\n\"NA\"\n\"None\"\nNun\n", "a\n\"NA\"\n\"None\"\nNun\n"},
		{"names that a reader would skip are quoted", textTable([]string{" ", "\ufeffa"}, nil, nil), "\" \",\"\ufeffa\"\n", "\" \"\t\"\ufeffa\"\n"},
		{"a name that looks like Excel's line about the delimiter is quoted", textTable([]string{"sep=:"}, nil), "\"sep=:\"\n", "\"sep=:\"\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := encodeDelimited(t, CSV, test.table); got != test.csv {
				t.Errorf("the CSV is %q, want %q", got, test.csv)
			}
			if got := encodeDelimited(t, TSV, test.table); got != test.tsv {
				t.Errorf("the TSV is %q, want %q", got, test.tsv)
			}
		})
	}
}

func TestNestedValuesAreWrittenAsQuotedJSON(t *testing.T) {
	table, err := document.JSON.Decode([]byte(`[{"a":[1,2],"b":{"c":"x"}},{"a":null,"b":null}]`), codec.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := "a,b\n\"[1,2]\",\"{\"\"c\"\":\"\"x\"\"}\"\n,\n"
	if got := encodeDelimited(t, CSV, table); got != want {
		t.Errorf("the CSV is %q, want %q", got, want)
	}
}

func TestATableWithoutColumnsIsNotDelimitedText(t *testing.T) {
	table := &codec.Table{Schema: arrow.NewSchema(nil, nil)}
	if err := CSV.Encode(&bytes.Buffer{}, table, codec.WriteOptions{}); !errors.Is(err, codec.ErrUnsupported) {
		t.Errorf("the error is %v", err)
	}
}

func TestFailedWritesOfDelimitedTextAreReported(t *testing.T) {
	table := codectest.BenchTable(5000, 3)
	for _, left := range []int{0, 50, 100_000} {
		if err := CSV.Encode(&codectest.FailingWriter{Left: left}, table, codec.WriteOptions{}); !errors.Is(err, codectest.ErrFull) {
			t.Errorf("after %d bytes the error is %v", left, err)
		}
	}
}

// randomText is text that no other type holds, with everything that has a meaning in
// delimited text.
func randomText(random *rand.Rand) string {
	pieces := []string{"a", "é", ",", ";", "\t", "|", "\"", "\n", "\r", "\r\n", " ", "NA", "1", "\ufeff"}
	var b strings.Builder
	for range random.IntN(6) {
		b.WriteString(pieces[random.IntN(len(pieces))])
	}
	return b.String()
}

// randomTable has columns of every type that is inferred, each with a value that no narrower
// type holds.
func randomTable(random *rand.Rand, rows int) *codec.Table {
	types := []arrow.DataType{
		arrow.FixedWidthTypes.Boolean, arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Float64, arrow.FixedWidthTypes.Date32,
		cellTimestamp.dataType(), cellInstant.dataType(), arrow.BinaryTypes.String, arrow.Null,
	}
	var names []string
	var columns []arrow.Array
	for i := range 1 + random.IntN(10) {
		b := array.NewBuilder(memory.DefaultAllocator, types[random.IntN(len(types))])
		for row := range rows {
			if row > 0 && random.IntN(4) == 0 {
				b.AppendNull()
			} else {
				appendRandom(random, b, row)
			}
		}
		names = append(names, fmt.Sprintf("%d%s", i, randomText(random)))
		columns = append(columns, b.NewArray())
	}
	return codectest.TableOf(names, columns)
}

func appendRandom(random *rand.Rand, b array.Builder, row int) {
	const years = 1900 * 365 * 24 * 3600
	switch b := b.(type) {
	case *array.BooleanBuilder:
		b.Append(random.IntN(2) == 0)
	case *array.Int64Builder:
		b.Append(int64(random.Uint64() >> random.IntN(64)))
	case *array.Float64Builder:
		b.Append(random.NormFloat64() * []float64{1e-300, 1e-5, 1, 1e5, 1e300}[random.IntN(5)])
	case *array.Date32Builder:
		b.Append(arrow.Date32(random.IntN(2_000_000) - 700_000))
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp((random.Int64N(2*years)-years)*1_000_000 + random.Int64N(1_000_000)))
	case *array.StringBuilder:
		if row == 0 {
			b.Append("text")
		} else {
			b.Append(randomText(random))
		}
	case *array.NullBuilder:
		b.AppendNull()
	}
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	for seed := range uint64(150) {
		random := rand.New(rand.NewPCG(seed, 1))
		table := randomTable(random, 1+random.IntN(40))
		for _, f := range []*codec.Format{CSV, TSV} {
			text := encodeDelimited(t, f, table)
			again, err := f.Decode([]byte(text), codec.ReadOptions{})
			if err != nil {
				t.Fatalf("seed %d, %s: %v in\n%s", seed, f.Name, err, text)
			}
			codectest.SameTable(t, again, table)
			if _, err := f.Decode([]byte(text), codec.ReadOptions{Strict: true}); err != nil {
				t.Fatalf("seed %d, %s: %v in\n%s", seed, f.Name, err, text)
			}
		}
	}
}
