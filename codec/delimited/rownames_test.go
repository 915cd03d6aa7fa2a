package delimited

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edgeframe/codec"
)

func TestRowNamesOfRAreTheFirstColumn(t *testing.T) {
	const mtcars = "column_1: \"Mazda RX4\" \"Datsun 710\"\nmpg: 21.0 22.8\ncyl: 6 4"
	const unquoted = "column_1: \"r1\" \"r2\"\nx: 1 3\ny: 2 4"
	for _, tt := range []struct {
		claim, text string
		own         Options
		delimiter   byte
		want        string
	}{
		{"with spaces, as write.table writes", "\"mpg\" \"cyl\"\n\"Mazda RX4\" 21 6\n\"Datsun 710\" 22.8 4\n", Options{}, ' ', mtcars},
		{"with tabs", "\"mpg\"\t\"cyl\"\n\"Mazda RX4\"\t21\t6\n\"Datsun 710\"\t22.8\t4\n", Options{}, '\t', mtcars},
		{"with commas", "\"mpg\",\"cyl\"\n\"Mazda RX4\",21,6\n\"Datsun 710\",22.8,4\n", Options{}, ',', mtcars},
		{"with semicolons and decimal commas", "\"mpg\";\"cyl\"\n\"Mazda RX4\";21;6\n\"Datsun 710\";22,8;4\n", Options{Decimal: ','}, ';', mtcars},
		{"with spaces and CRLF", "\"mpg\" \"cyl\"\r\n\"Mazda RX4\" 21 6\r\n\"Datsun 710\" 22.8 4\r\n", Options{}, ' ', mtcars},
		{"in one line of data", "\"x\" \"y\"\n\"r1\" 1 \"a b\"\n", Options{}, ' ', "column_1: \"r1\"\nx: 1\ny: \"a b\""},
		{"beside one column", "\"x\"\n\"1\" 5\n\"2\" 7\n", Options{}, ' ', "column_1: 1 2\nx: 5 7"},
		{"beside one column with commas", "\"x\"\n\"1\",5\n\"2\",7\n", Options{}, ',', "column_1: 1 2\nx: 5 7"},
		{"without quotes and with tabs", "x\ty\nr1\t1\t2\nr2\t3\t4\n", Options{}, '\t', unquoted},
		{"without quotes and with tabs beside one column", "x\nr1\t1\nr2\t3\n", Options{}, '\t', "column_1: \"r1\" \"r2\"\nx: 1 3"},
		{"without quotes and with semicolons", "x;y\nr1;1;2\nr2;3;4\n", Options{}, ';', unquoted},
		{"without quotes and with commas, if no comma can be a decimal one", "x,y,z\nr1,1,a,5\nr2,3,b,6\n", Options{}, ',', "column_1: \"r1\" \"r2\"\nx: 1 3\ny: \"a\" \"b\"\nz: 5 6"},
		{"without quotes and with commas, if a parameter says that points are decimal", "x,y\nr1,1,2\nr2,3,4\n", Options{Decimal: '.'}, ',', unquoted},
		{"without quotes, if a parameter names the space", "x y\nr1 1 2\nr2 3 4\n", Options{Delimiter: ' '}, ' ', unquoted},
		{"missing in the first line", "x\ty\nr1\tfoo\tNA\nr2\tbar\t2\nr3\tbaz\t3\n", Options{}, '\t', "column_1: \"r1\" \"r2\" \"r3\"\nx: \"foo\" \"bar\" \"baz\"\ny: null 2 3"},
		{"below a line that is not read", "made by R\n\"x\" \"y\"\n\"r1\" 1 2\n\"r2\" 3 4\n", Options{SkipRows: 1}, ' ', unquoted},
		{"with a blank line between", "\"x\" \"y\"\n\n\"r1\" 1 2\n\"r2\" 3 4\n", Options{}, ' ', unquoted},
		{"and a name that is taken", "column_1\ty\nr1\t1\t2\nr2\t3\t4\n", Options{}, '\t', "column_1.1: \"r1\" \"r2\"\ncolumn_1: 1 3\ny: 2 4"},
	} {
		t.Run(tt.claim, func(t *testing.T) {
			table, err := CSV.Decode([]byte(tt.text), codec.ReadOptions{Options: tt.own})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, gridText(table)); diff != "" {
				t.Error(diff)
			}
			r := table.Receipt
			if r.Delimiter != tt.delimiter || len(r.Renamed) != 1 || r.Renamed[0].Column != 0 || r.Renamed[0].From != "" || len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "write.table") {
				t.Errorf("the receipt is %+v, want the delimiter %q, the first column renamed and a note about write.table", r, tt.delimiter)
			}
			_, err = CSV.Decode([]byte(tt.text), codec.ReadOptions{Options: tt.own, Strict: true})
			if !strings.Contains(fmt.Sprint(err), "column 1 has no name on line") {
				t.Errorf("strict: %v", err)
			}
		})
	}
}

func TestTablesOfRWithoutRowNamesAreCutAtSpaces(t *testing.T) {
	for text, want := range map[string]string{
		"\"x\" \"y\"\n1 \"a b\"\n2 NA\n": "x: 1 2\ny: \"a b\" null",
		"\"\" \"y\"\n\"r1\" 1\n":         "",
	} {
		table, err := CSV.Decode([]byte(text), codec.ReadOptions{})
		if want == "" {
			if !strings.Contains(fmt.Sprint(err), "text after the closing quote") {
				t.Errorf("%q: %v", text, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", text, err)
		} else if got := gridText(table); got != want || table.Receipt.Delimiter != ' ' || table.Receipt.Notes != nil {
			t.Errorf("%q is\n%s\nwith %+v, want\n%s", text, got, table.Receipt, want)
		}
	}
}

// TestShortHeadersThatMayMeanOtherThingsAreRefused has files that have one field more than the header in all
// lines, but for another reason.
func TestShortHeadersThatMayMeanOtherThingsAreRefused(t *testing.T) {
	for claim, tt := range map[string]struct {
		text, says string
		own        Options
	}{
		"decimal commas":                        {"item,price\napple,1,5\npear,2,25\n", "line 2 has 3 fields, the header has 2", Options{}},
		"decimal commas in the first column":    {"x,item\n1,5,apple\n2,5,pear\n", "line 2 has 3 fields, the header has 2", Options{}},
		"a comma in the texts of one column":    {"name\nSmith,John\nDoe,Jane\n", "line 2 has 2 fields, the header has 1", Options{}},
		"a comma in the texts of a last column": {"n,city\nA,Aix, FR\nB,Arles, FR\n", "line 2 has 3 fields, the header has 2", Options{}},
		"names of rows that are not different":  {"x\ty\nr1\t1\t2\nr1\t3\t4\n", "line 2 has 3 fields, the header has 2", Options{}},
		"a name of a row that is missing":       {"x\ty\nr1\t1\t2\n\t3\t4\n", "line 2 has 3 fields, the header has 2", Options{}},
		"a header that has values":              {"1\t2\nr1\t1\t2\nr2\t3\t4\n", "line 2 has 3 fields, the header has 2", Options{}},
		"a single line":                         {"x\ty\nr1\t1\t2\n", "line 2 has 3 fields, the header has 2", Options{}},
		"lines that vary":                       {"\"x\"\t\"y\"\n\"r1\"\t1\t2\n\"r2\"\t3\n", "line 2 has 3 fields, the header has 2", Options{}},
		"lines that vary, with spaces":          {"\"x\" \"y\"\n\"r1\" 1 2\n\"r2\" 3\n", "line 1 has text after the closing quote", Options{}},
		"lines that vary below the sample":      {"\"x\"\t\"y\"\n" + rNames(150) + "\"r\"\t3\n", "line 152 has 2 fields, line 2 has 3", Options{}},
		"too many fields below the sample":      {"\"x\"\t\"y\"\n" + rNames(150) + "\"r\"\t3\t4\t5\n", "line 152 has 4 fields, line 2 has 3", Options{}},
		"no header":                             {"x\ty\nr1\t1\t2\nr2\t3\t4\n", "line 2 has 3 fields, the first line has 2", Options{NoHeader: true}},
	} {
		_, err := CSV.Decode([]byte(tt.text), codec.ReadOptions{Options: tt.own})
		if !errors.Is(err, codec.ErrMalformed) || !strings.Contains(fmt.Sprint(err), tt.says) {
			t.Errorf("%s: %v, want %s", claim, err, tt.says)
		}
	}
}

// rNames are lines of data with names of rows.
func rNames(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "\"r%d\"\t1\t2\n", i)
	}
	return b.String()
}

func TestWhatWriteTableWritesIsDetected(t *testing.T) {
	long := "\"x\" \"y\"\n" + strings.ReplaceAll(rNames(20_000), "\t", " ")
	for text, format := range map[string]*codec.Format{
		"\"x\" \"y\"\n\"r1\" 1 2\n\"r2\" 3 4\n": CSV, long: CSV,
		"x\ty\nr1\t1\t2\nr2\t3\t4\n": TSV, "\"x\",\"y\"\n\"r1\",1,2\n": CSV,
	} {
		for _, f := range []*codec.Format{CSV, TSV} {
			if f.Sniff([]byte(text)) != (f == format) {
				t.Errorf("%.40q is %s: %v", text, f.Name, f != format)
			}
		}
	}
	for _, text := range []string{"Dear all, hello\nthis is, a, letter\nof, three, lines\n", "Smith, John\nand, a, b\n"} {
		if CSV.Sniff([]byte(text)) {
			t.Errorf("%q is a table", text)
		}
	}
}

func TestTheLimitOfColumnsHoldsWithRowNames(t *testing.T) {
	opt := codec.ReadOptions{Limits: codec.Limits{Columns: 2}}
	_, err := CSV.Decode([]byte("\"x\"\t\"y\"\n\"r1\"\t1\t2\n\"r2\"\t3\t4\n"), opt)
	if !strings.Contains(fmt.Sprint(err), "line 2 has 3 fields, the header has 2") {
		t.Error(err)
	}
}

func TestLongHeadersAreNotSearchedForRowNames(t *testing.T) {
	names := "\"x\"" + strings.Repeat("\t\"x\"", sampleBytes)
	text := names + "\n" + names + "\t1\n"
	s := textScanner{data: []byte(text), delimiter: '\t', quote: '"'}
	s.opens['"'] = true
	if n := testing.AllocsPerRun(1, func() { s.hasRowNames(0, Options{}) }); n > 100 {
		t.Errorf("a header of %d bytes costs %v allocations", len(names), n)
	}
	if s.hasRowNames(0, Options{}) {
		t.Error("a header that is longer than the sample has names of rows")
	}
}
