package delimited

import (
	"bytes"
	"testing"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
)

// FuzzDialect reads text whose dialect is detected, or said by parameters. The table is the same if the
// parameters say what the receipt does, it is read again from what is written, and its samples are cells
// that changed.
func FuzzDialect(f *testing.F) {
	for _, seed := range []string{
		"Report 2020\n\na,b\n1,2.50\n3,NA\n",
		"Account:;DE12\r\n\r\na;b;c;\r\n1,5;x;2;\r\n2,5;y;;\r\n",
		"sep=;\na;a;\n1;2;3\n",
		"Report,,\n,,\nid,\"n\",it\n1,2,x\n",
		"id\ttitle\n1\t\"Foo\n2\tBar\"\n3\t\"x\" y\n",
		"a\tb\n1\t\"x\ny\tz\"\n\n",
		"a, \"b\"\n1, \"x, y\"\n2 , \"\"\"z\" \n",
		"a,\n1,\n2,3\n",
		"'a''b';c\n'1\\';';2\\;\n\\\n;3\n",
		"\ufeff\ufeffa|b\n0,12|1,5\n",
		"1;2\n3;4\n",
		"\"a\" \"b\"\n\"r1\" 1 2\n\"r2\" NA \"x y\"\n",
		"a\tb\r\nr1\t1\t2\r\nr2\t\"3\"\t\r\n",
		"a,b\n1,2\n3,4\n\nSource: \"x\nTotal, 2, \n",
		"Title\n\na;b\nr1;1;2\nr2;3;4\n\n\n",
		", \n, \n, \n,NA",
		",,\t,\n,,,\nid,......\n1",
	} {
		for _, options := range []uint16{0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024 | 2<<12, 2048} {
			f.Add([]byte(seed), options)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, options uint16) {
		has := func(bit uint16) bool { return options&bit != 0 }
		own := Options{NoHeader: has(1), Header: has(2), FillShort: has(4), NoQuotes: has(8), Encoding: "utf-8"}
		if has(16) {
			own.Quote = '\''
		}
		if has(32) {
			own.Escape = '\\'
		}
		if has(64) {
			own.SkipRows = int(options >> 12)
		}
		if has(128) {
			own.HeaderRow = int(options >> 12)
		}
		if has(256) {
			own.Comment = '#'
		}
		if has(1024) {
			own.SkipFooter = int(options >> 12)
		}
		if has(2048) {
			own.Delimiter = ' '
		}
		format := CSV
		if has(512) {
			format = TSV
		}
		opt := codec.ReadOptions{Limits: codec.Limits{Bytes: 1 << 20, Columns: 100}, Options: own}
		table, err := format.Decode(data, opt)
		if err != nil {
			return
		}
		checkArrays(t, table)
		checkSamples(t, table)
		if format == CSV {
			checkChanged(t, data, table, opt)
		}
		checkSaid(t, format, data, own, table)
		for _, f := range []*codec.Format{CSV, TSV} {
			var text bytes.Buffer
			if err := f.Encode(&text, table, codec.WriteOptions{}); err != nil {
				t.Fatal(err)
			}
			var read Options
			if hasKanjiEscape(text.Bytes()) {
				read.Encoding = "utf-8" // which it is taken for is said in the receipt
			}
			again, err := f.Decode(text.Bytes(), codec.ReadOptions{Options: read})
			if err != nil {
				t.Fatalf("%s: %v in %q", f.Name, err, text.String())
			}
			codectest.SameTable(t, again, table)
		}
	})
}

// checkSaid reads the text with the parameters that the receipt of its table says.
func checkSaid(t *testing.T, f *codec.Format, data []byte, own Options, table *codec.Table) {
	t.Helper()
	r := table.Receipt
	own.Delimiter, own.Quote, own.NoQuotes = r.Delimiter, r.Quote, r.Quote == 0
	if r.Header.Line > 0 {
		own.SkipRows, own.HeaderRow = 0, r.Header.Line
	}
	again, err := f.Decode(data, codec.ReadOptions{Limits: codec.Limits{Bytes: 1 << 20, Columns: 100}, Options: own})
	if err != nil {
		t.Fatalf("with %+v the text %q, which was read, is refused: %v", own, data, err)
	}
	if got, want := gridText(again), gridText(table); got != want {
		t.Fatalf("with %+v the text %q is read as\n%s\nwant\n%s", own, data, got, want)
	}
}

// checkSamples fails unless each column with changed cells has samples, and no more than cells.
func checkSamples(t *testing.T, table *codec.Table) {
	t.Helper()
	for i, changed := range table.Receipt.Changed {
		samples := table.Receipt.Samples[i]
		if int64(len(samples)) > changed || changed > 0 && len(samples) == 0 {
			t.Fatalf("column %d has %d changed cells and the samples %v", i, changed, samples)
		}
		for _, s := range samples {
			if s.Before == s.After || s.Line < 1 || (s.Kind == codec.ToMissing) != (s.After == "") {
				t.Fatalf("column %d has the sample %+v", i, s)
			}
		}
	}
}
