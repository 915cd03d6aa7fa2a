package delimited

import (
	"bytes"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/scalar"
)

// arrayBytes is the memory of the buffers of all arrays of a table.
func arrayBytes(table *codec.Table) int64 {
	var n int64
	for _, group := range table.RowGroups {
		for _, column := range group.Columns() {
			n += int64(column.Data().SizeInBytes())
		}
	}
	return n
}

// FuzzDelimited checks that no input makes the decoder panic or take more than its limits,
// and that every table that was read is read again from what is written.
func FuzzDelimited(f *testing.F) {
	for _, seed := range []string{
		"a,b,c\n1,2.5,x\n,NA,\"y\"\"z\"\n",
		"a;b\r\n\"1;5\";2024-02-29\r\n\r\n-0;\r\n",
		"a\tb\rtrue\t2024-01-02T03:04:05.25Z\rFalse\t",
		"a\n\n\"\"\n NA \n\"NA\"\n9007199254740993\n0.1\n",
		"\ufeffname\n0.30000000000000004\n1e400\n",
		"a,b\n\"open,1\n2\n",
		"a,a\n\xff\x00\"x\"y,\n",
		"# x\na;b\n1.234,50;1,5\n#\n1.23;-7\n",
		"\xff\xfea\x00\n\x00\xe9\x00\n\x00",
		"a,b\n\xe9t\xe9,\x80\n",
		"\"x\"\n\"1\" 5\n\"2\" NA\n",
		"x|y\nr1|1|2\nr2|3|\"\"\n",
	} {
		for _, options := range []byte{0, 1, 2, 4, 8, 16, 32} {
			f.Add([]byte(seed), options)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, options byte) {
		opt := codec.ReadOptions{Limits: codec.Limits{Bytes: 1 << 20, Columns: 100}}
		opt.Strict = options&2 != 0
		own := Options{NoHeader: options&1 != 0}
		if options&4 != 0 {
			own.Delimiter = delimiters[int(options>>4)%len(delimiters)]
		}
		sizes := defaultSizes
		if options&8 != 0 {
			sizes = textSizes{groupRows: 3, windowFields: 4, windowRows: 1}
		}
		if options&16 != 0 {
			own.Comment = '#'
		}
		if options&32 != 0 {
			own.Decimal, own.Thousands = ',', '.'
		}
		opt.Options = own
		table, err := sized(sizes).Decode(data, opt)
		if err != nil {
			return
		}
		checkChanged(t, data, table, opt)
		checkSamples(t, table)
		if n := arrayBytes(table); n > opt.Limits.Bytes || table.Schema.NumFields() > opt.Limits.Columns {
			t.Fatalf("the table has %d bytes and %d columns", n, table.Schema.NumFields())
		}
		// What is text with a decimal comma may be a number to whom reads it without.
		if own.Decimal == ',' {
			return
		}
		for _, f := range []*codec.Format{CSV, TSV} {
			var text bytes.Buffer
			if err := f.Encode(&text, table, codec.WriteOptions{}); err != nil {
				t.Fatal(err)
			}
			again, err := f.Decode(text.Bytes(), codec.ReadOptions{})
			if err != nil {
				t.Fatalf("%s: %v in %q", f.Name, err, text.String())
			}
			codectest.SameTable(t, again, table)
			checkArrays(t, again)
		}
	})
}

// FuzzDTypes reads columns that have a dtype. What a cell is read as is written so that it is read as the
// same again, and the cells that change are counted as the slow definition says.
func FuzzDTypes(f *testing.F) {
	dtypes := []string{"int8", "uint64", "float32", "float64", "bool", "date32", "timestamp[ms]", "timestamp[us, tz=UTC]", "time32[s]", "duration[ns]", "decimal(10, 2)", "decimal(5, -2)", "binary", "large_utf8", "null"}
	for i, cells := range []string{"1\n 007\nNA\n1e2", "2026-01-18 10:30\n2026-01-18T10:30:00.25Z\n", "true\n\"False\"\n\"\"\n", "1.234,50\n-,5\ninf\n", "PT1.50S\n10:30\nAAEC\n"} {
		for choice := range dtypes {
			f.Add([]byte(cells), uint8(choice), i%2 == 1)
		}
	}
	f.Fuzz(func(t *testing.T, cells []byte, choice uint8, comma bool) {
		own := Options{Delimiter: ';', NoHeader: true, Encoding: "utf-8"}
		if comma {
			own.Decimal, own.Thousands = ',', '.'
		}
		opt := codec.ReadOptions{Limits: codec.Limits{Bytes: 1 << 20}, Options: own}
		opt.DTypes = codectest.DTypes(t, "column_1="+dtypes[int(choice)%len(dtypes)])
		table, err := sized(textSizes{groupRows: 3, windowFields: 4, windowRows: 1}).Decode(cells, opt)
		if err != nil || len(table.RowGroups) == 0 {
			return
		}
		checkChanged(t, cells, table, opt)
		checkArrays(t, table)
		if table.Schema.Field(0).Type.ID() == arrow.BINARY || table.Schema.NumFields() > 1 {
			// An empty binary is read as a missing one, and other columns have another type without the dialect.
			return
		}
		var text bytes.Buffer
		if err := CSV.Encode(&text, table, codec.WriteOptions{}); err != nil {
			t.Fatal(err)
		}
		again, err := CSV.Decode(text.Bytes(), codec.ReadOptions{DTypes: opt.DTypes})
		if err != nil {
			t.Fatalf("%v in %q", err, text.String())
		}
		codectest.SameTable(t, again, table)
	})
}

// checkArrays fails unless the lengths and counts that arrays claim are those of their values.
func checkArrays(t *testing.T, table *codec.Table) {
	for _, group := range table.RowGroups {
		for _, column := range group.Columns() {
			isNull, missing := scalar.NullChecker(column), 0
			for row := range column.Len() {
				if isNull(row) {
					missing++
				}
			}
			if int64(column.Len()) != group.NumRows() || column.NullN() != missing && column.DataType().ID() != arrow.NULL {
				t.Fatalf("a column of %d rows has %d values and claims %d missing of %d", group.NumRows(), column.Len(), column.NullN(), missing)
			}
		}
	}
}
