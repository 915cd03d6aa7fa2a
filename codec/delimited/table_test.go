package delimited

import (
	"fmt"
	"strings"
	"testing"

	"edgeframe/codec"
)

// readTable is a text and how it is read: the cells, the delimiter and quote, and the header.
type readTable struct {
	name, input string
	own         Options
	want        string
	// dialect is the delimiter and the quote, header the source and the line.
	dialect, header string
}

func (tt readTable) check(t *testing.T, f *codec.Format) *codec.Table {
	t.Helper()
	var table *codec.Table
	for _, sizes := range []textSizes{defaultSizes, {groupRows: 1, windowFields: 1, windowRows: 1}} {
		own := *f
		d := f.Driver.(driver)
		d.sizes = sizes
		own.Driver = d
		var err error
		if table, err = own.Decode([]byte(tt.input), codec.ReadOptions{Options: tt.own}); err != nil {
			t.Fatal(err)
		}
		if got := gridText(table); got != tt.want {
			t.Errorf("the table is\n%s\nwant\n%s", got, tt.want)
		}
	}
	r := table.Receipt
	if got := strings.TrimSuffix(string([]byte{r.Delimiter, r.Quote}), "\x00"); tt.dialect != "" && got != tt.dialect {
		t.Errorf("the delimiter and quote are %q, want %q", got, tt.dialect)
	}
	if got := fmt.Sprintf("%s %d", r.Header.Source, r.Header.Line); tt.header != "" && got != tt.header {
		t.Errorf("the header is %s, want %s", got, tt.header)
	}
	return table
}

func TestColumnsWithoutANameOrWithOneThatIsTakenAreRenamed(t *testing.T) {
	for _, tt := range []struct {
		readTable
		renamed string
	}{
		{readTable{name: "the index of pandas", input: ",item,n\n0,a,1\n1,b,2\n", want: "column_1: 0 1\nitem: \"a\" \"b\"\nn: 1 2"}, "[{0 column_1 }]"},
		{readTable{name: "the row names of R", input: "\"\",\"item\"\n\"1\",\"a\"\n", want: "column_1: 1\nitem: \"a\""}, "[{0 column_1 }]"},
		{readTable{name: "a name twice", input: "item,Jan,Jan\na,1,2\n", want: "item: \"a\"\nJan: 1\nJan.1: 2"}, "[{2 Jan.1 Jan}]"},
		{readTable{name: "an unnamed column with values at the end", input: "a,\n1,2\n", want: "a: 1\ncolumn_2: 2"}, "[{1 column_2 }]"},
		{readTable{name: "an unnamed column with one value at the end", input: "a,\n1,\n2,NA\n", want: "a: 1 2\ncolumn_2: null null"}, "[{1 column_2 }]"},
		{readTable{name: "several at the end with a value", input: "a,,\n1,2,\n", want: "a: 1\ncolumn_2: 2"}, "[{1 column_2 }]"},
		{readTable{name: "no names at all", input: ",\n1,2\n", want: "column_1: 1\ncolumn_2: 2"}, "[{0 column_1 } {1 column_2 }]"},
		{readTable{name: "blanks for a name", input: "a, \t,\"  \"\n1,2,3\n", want: "a: 1\ncolumn_2: 2\ncolumn_3: 3"}, "[{1 column_2 } {2 column_3 }]"},
		{readTable{name: "no names and no values", input: ",,\n,,\n", want: "column_1: null"}, "[{0 column_1 }]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			table := tt.check(t, CSV)
			if got := fmt.Sprint(table.Receipt.Renamed); got != tt.renamed {
				t.Errorf("renamed are %s, want %s", got, tt.renamed)
			}
			refusal{tt.name, tt.input, codec.ReadOptions{Strict: true}, codec.ErrMalformed, "strict=true refuses"}.run(t, CSV)
		})
	}
}

func TestDelimitersAtTheEndsOfLinesAreNotAColumn(t *testing.T) {
	const abc = "a: 1 4\nb: 2 5\nc: 3 6"
	for _, tt := range []readTable{
		{name: "on all lines", input: "a;b;c;\n1;2;3;\n4;5;6;\n", want: abc, dialect: ";\""},
		{name: "on data lines only", input: "a;b;c\n1;2;3;\n4;5;6;\n", want: abc, dialect: ";\""},
		{name: "on the header only", input: "a,b,c,\n1,2,3\n4,5,6\n", want: abc},
		{name: "on all lines but the last", input: "a,b,c,\n1,2,3,\n4,5,6", want: abc},
		{name: "several", input: "a,b,c,,,\n1,2,3,,,\n4,5,6,,,\n", want: abc},
		{name: "in a table of one column", input: "a,\n1,\n2,\n", want: "a: 1 2"},
		{name: "in data of one column", input: "a\n1,\n2,\n", want: "a: 1 2"},
		{name: "with a header only", input: "a,b,\n", want: "a:\nb:"},
		{name: "with decimals of a dialect", input: "a;b;\r\n1,5;x;\r\n", own: Options{Decimal: ','}, want: "a: 1.5\nb: \"x\""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if r := tt.check(t, CSV).Receipt; r.Renamed != nil || r.Changed != nil {
				t.Errorf("renamed are %v and changed %v", r.Renamed, r.Changed)
			}
			if _, err := CSV.Decode([]byte(tt.input), codec.ReadOptions{Strict: true, Options: tt.own}); err != nil {
				t.Errorf("strict reading: %v", err)
			}
		})
	}
	for _, c := range []refusal{
		{"a value behind the header's last field", "a,b\n" + strings.Repeat("1,2,\n", sampleRows) + "\n3,4,5\n", codec.ReadOptions{}, codec.ErrMalformed, "line 103 has 3 fields, the header has 2"},
		{"a quoted value there", "a,b\n" + strings.Repeat("1,2,\n", sampleRows) + "3,4,\"\"\n", codec.ReadOptions{}, codec.ErrMalformed, "line 102 has 3 fields, the header has 2"},
		{"a line without the field of an unnamed column that has values", "a,b,\n1,2,3\n4,5\n", codec.ReadOptions{}, codec.ErrMalformed, "line 3 has 2 fields, the header has 3"},
		{"a delimiter at the end of some lines", "a,b\n1,2\n3,4,\n", codec.ReadOptions{}, codec.ErrMalformed, "line 3 has 3 fields, the header has 2"},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, CSV) })
	}
}

func TestDelimitersAreDetected(t *testing.T) {
	for _, tt := range []readTable{
		{name: "a tab goes before commas in text", input: "id\tdesc, long\n1\ta, b\n2\tc, d\n", want: "id: 1 2\ndesc, long: \"a, b\" \"c, d\"", dialect: "\t\""},
		{name: "a tab goes before more commas", input: "id\tall of it, so, long\n1\ta, b, c\n", want: "id: 1\nall of it, so, long: \"a, b, c\"", dialect: "\t\""},
		{name: "tabs behind commas are padding", input: "a,\tb,\tc\n1,\t2,\t3\n", want: "a: 1\n\tb: 2\n\tc: 3", dialect: ",\""},
		{name: "commas of decimals", input: "0,12;1,50;3,10\n0,13;1,51;3,11\n", own: Options{NoHeader: true}, want: "column_1: \"0,12\" \"0,13\"\ncolumn_2: \"1,50\" \"1,51\"\ncolumn_3: \"3,10\" \"3,11\"", dialect: ";\"", header: "absent 0"},
		{name: "commas of decimals and of names", input: "Price, EUR;Weight, kg\n1,5;2,5\n", want: "Price, EUR: \"1,5\"\nWeight, kg: \"2,5\"", dialect: ";\""},
		{name: "commas of decimals between bars", input: "a, b|c, d\n-1,5|2,5\n", want: "a, b: \"-1,5\"\nc, d: \"2,5\"", dialect: "|\""},
		{name: "semicolons in text between commas", input: "a,b;c\nx,y;z\n", want: "a: \"x\"\nb;c: \"y;z\"", dialect: ",\""},
		{name: "one column", input: "a\nx\n", want: "a: \"x\"", dialect: ",\""},
		{name: "one column with semicolons", input: "tags\na;b\nc;d\n", want: "tags: \"a;b\" \"c;d\"", dialect: ",\""},
		{name: "one column with more semicolons", input: "tags\na;b;c\nc;d;e\n", want: "tags: \"a;b;c\" \"c;d;e\"", dialect: ",\""},
		{name: "Excel's mark", input: "sep=;\r\nid;name\r\n1;a,b\r\n", want: "id: 1\nname: \"a,b\"", dialect: ";\"", header: "found 2"},
		{name: "Excel's mark in capitals", input: "SEP=|\na|b\n1|2\n", want: "a: 1\nb: 2", dialect: "|\"", header: "found 2"},
		{name: "a quoted name like Excel's mark", input: "\"sep=|\"\n1\n", want: "sep=|: 1"},
		{name: "Excel's mark of another character", input: "sep=:\na:b\n1:2\n", want: "a: 1\nb: 2", dialect: ":\""},
		{name: "Excel's mark without a header", input: "sep=;\n1;2\n", own: Options{NoHeader: true}, want: "column_1: 1\ncolumn_2: 2", header: "absent 0"},
		{name: "a parameter goes before Excel's mark", input: "sep=;\na;b,c\n1,2\n", own: Options{Delimiter: ','}, want: "a;b: 1\nc: 2", dialect: ",\""},
		{name: "a name like Excel's mark", input: "sep=ab\n1\n", want: "sep=ab: 1"},
		{name: "blanks before quotes", input: "\"a\", \"b\"\n1, \"x, y\"\n2 ,\t\"z\" \n", want: "a: 1 2\nb: \"x, y\" \"z\"", dialect: ",\""},
		{name: "blanks before quotes in every line", input: "a, \"b\"\n1, \"x; y\"\n2, \"l1\nl2\"\n", want: "a: 1 2\nb: \"x; y\" \"l1\\nl2\""},
		{name: "blanks before quotes that are text", input: "a,b\n1, \"x\" or \"y\"\n2, \"z\n", want: "a: 1 2\nb: \" \\\"x\\\" or \\\"y\\\"\" \" \\\"z\""},
		{name: "blanks before quotes in one column", input: "a\n \"x\"\n", want: "a: \" \\\"x\\\"\""},
		{name: "two byte order marks", input: "\ufeff\ufeffid,n\n1,2\n", want: "id: 1\nn: 2"},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.check(t, CSV) })
	}
	table, err := TSV.Decode([]byte("sep=;\na;b\n1;2\n"), codec.ReadOptions{})
	if err != nil || gridText(table) != "a: 1\nb: 2" {
		t.Errorf("TSV with Excel's mark is read as %v, %v", table, err)
	}
}

func TestTitlesBeforeATableAreFound(t *testing.T) {
	const ab = "a: 1 3\nb: 2 4"
	for _, tt := range []readTable{
		{name: "a line and a blank line, with commas", input: "Report 2020\n\na,b\n1,2\n3,4\n", want: ab, dialect: ",\"", header: "found 3"},
		{name: "a line, with semicolons", input: "Extract of 2025-01-06\r\na;b\r\n1;2\r\n3;4\r\n", want: ab, dialect: ";\"", header: "found 2"},
		{name: "a line with a comma", input: "Sales, all\na,b,c\n1,2,x\n3,4,y\n", want: ab + "\nc: \"x\" \"y\"", header: "found 2"},
		{name: "lines of a key and a value", input: "Account:;DE12\nFrom:;2024-01-01\n\na;b;c\n1;2;x\n3;4;y\n", want: ab + "\nc: \"x\" \"y\"", header: "found 4"},
		{name: "lines filled up by a spreadsheet", input: "Report,,\n,,\na,b,c\n1,2,x\n3,4,y\n", want: ab + "\nc: \"x\" \"y\"", header: "found 3"},
		{name: "text only below a phrase", input: "All the people\nname;city;land\nAnn;Paris;F\nBob;Rome;I\n", want: "name: \"Ann\" \"Bob\"\ncity: \"Paris\" \"Rome\"\nland: \"F\" \"I\"", header: "found 2"},
		{name: "years as names", input: "Sales by region\n\nregion,2019,2020\nx,1,2\n", want: "region: \"x\"\n2019: 1\n2020: 2", header: "found 3"},
		{name: "with comments", input: "#1\nReport of it\n#2\na,b\n1,2\n3,4\n", own: Options{Comment: '#'}, want: ab, header: "found 4"},
		{name: "with a delimiter that is given", input: "Report\na,b\n1,2\n3,4\n", own: Options{Delimiter: ','}, want: ab, header: "found 2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if notes := tt.check(t, CSV).Receipt.Notes; len(notes) != 1 || !strings.Contains(notes[0], "the lines before it") {
				t.Errorf("the notes are %q", notes)
			}
			refusal{tt.name, tt.input, codec.ReadOptions{Strict: true, Options: tt.own}, codec.ErrMalformed, "with header_row="}.run(t, CSV)
		})
	}
	// Lines that may be data are never left out.
	for _, c := range []refusal{
		{"a header that is too short", "a,b\n1,2,3\n4,5,6\n", codec.ReadOptions{}, codec.ErrMalformed, "line 2 has 3 fields, the header has 2"},
		{"text with commas", "Comment\nHello, world\nFoo, bar\n", codec.ReadOptions{}, codec.ErrMalformed, "if the names are on another line, header_row names it"},
		{"names with commas that are not quoted", "name,age\nDoe, Jane,5\nDoe, Joe,6\n", codec.ReadOptions{}, codec.ErrMalformed, "line 2 has 3 fields, the header has 2"},
		{"numbers with commas", "value\n1,5\n2,5\n", codec.ReadOptions{}, codec.ErrMalformed, "line 2 has 2 fields, the header has 1"},
		{"another table", "1,2\n3,4\n\nn,age,city\nAnn,5,Rome\nBob,6,Rome\n", codec.ReadOptions{}, codec.ErrMalformed, "line 4 has 3 fields"},
		{"an uneven line below", "Report\na,b\n1,2\n3,4\n5\n", codec.ReadOptions{}, codec.ErrMalformed, "line 2 has 2 fields, the header has 1"},
		{"without a header", "Report\na,b\n1,2\n3,4\n", codec.ReadOptions{Options: Options{NoHeader: true}}, codec.ErrMalformed, "line 2 has 2 fields, the first line has 1"},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, CSV) })
	}
}

func TestTheReceiptSaysWhereTheNamesComeFrom(t *testing.T) {
	for _, tt := range []struct {
		input, want string
		own         Options
	}{
		{"a,b\n1,2\n", "found 1", Options{}},
		{"\n\na,b\nx,y\n", "found 3", Options{}},
		{"a,b\n", "found 1", Options{}},
		{"1,2\n3,4\n", "assumed 1", Options{}},
		{"1,x\n2,y\n", "assumed 1", Options{}},
		{"1,2.5\n3,4\n", "assumed 1", Options{}},
		{"0,12;1,50\n0,13;1,51\n", "assumed 1", Options{}},
		{"31/01/2020,x\n01/02/2020,y\n", "assumed 1", Options{}},
		{"region,2019\nx,1\n", "assumed 1", Options{}},
		{"year,2019\n7,1\n", "found 1", Options{}},
		{"2019,2020\nx,y\n", "found 1", Options{}},
		{"a,b\n1,2\n", "given 1", Options{Header: true}},
		{"1,2\n3,4\n", "given 1", Options{Header: true}},
		{"1,2\n3,4\n", "absent 0", Options{NoHeader: true}},
		{"x\n\na,b\n1,2\n", "given 3", Options{HeaderRow: 3}},
		{"x\ny\n\na,b\n1,2\n", "given 4", Options{SkipRows: 2}},
	} {
		readTable{}.headerOf(t, tt.input, tt.own, tt.want)
	}
}

func (readTable) headerOf(t *testing.T, input string, own Options, want string) {
	t.Helper()
	table, err := CSV.Decode([]byte(input), codec.ReadOptions{Options: own})
	if err != nil {
		t.Errorf("%q: %v", input, err)
		return
	}
	if got := fmt.Sprintf("%s %d", table.Receipt.Header.Source, table.Receipt.Header.Line); got != want {
		t.Errorf("the header of %q is %s, want %s", input, got, want)
	}
}

func TestParametersSayWhereTheTableBegins(t *testing.T) {
	const text, ab = "Report, by hand\n\n#x\na,b\n1,2\n3,4\n", "a: 1 3\nb: 2 4"
	for _, tt := range []readTable{
		{name: "header_row", input: text, own: Options{HeaderRow: 4}, want: ab, header: "given 4"},
		{name: "header_row with CRLF", input: strings.ReplaceAll(text, "\n", "\r\n"), own: Options{HeaderRow: 4}, want: ab, header: "given 4"},
		{name: "header_row with CR", input: strings.ReplaceAll(text, "\n", "\r"), own: Options{HeaderRow: 4}, want: ab, header: "given 4"},
		{name: "header_row below data", input: text, own: Options{HeaderRow: 5}, want: "1: 3\n2: 4", header: "given 5"},
		{name: "header_row behind a quote that is not closed", input: "5\" pipes, \"all\n" + "a;b\n1;2\n", own: Options{HeaderRow: 2}, want: "a: 1\nb: 2", header: "given 2"},
		{name: "skip_rows", input: text, own: Options{SkipRows: 3}, want: ab, header: "given 4"},
		{name: "skip_rows before a blank line and a comment", input: text, own: Options{SkipRows: 1, Comment: '#'}, want: ab, header: "given 4"},
		{name: "skip_rows without a header", input: text, own: Options{SkipRows: 4, NoHeader: true}, want: "column_1: 1 3\ncolumn_2: 2 4", header: "absent 0"},
		{name: "skip_rows without a header in one column", input: "x\n\n5\n", own: Options{SkipRows: 1, NoHeader: true}, want: "column_1: null 5"},
		{name: "header_row below Excel's mark", input: "sep=|\nx\na|b,c\n1|2\n", own: Options{HeaderRow: 3}, want: "a: 1\nb,c: 2", header: "given 3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.check(t, CSV)
			if _, err := CSV.Decode([]byte(tt.input), codec.ReadOptions{Strict: true, Options: tt.own}); err != nil {
				t.Errorf("strict reading: %v", err)
			}
		})
	}
	for _, c := range []refusal{
		{"a line that is not there", text, codec.ReadOptions{Options: Options{HeaderRow: 7}}, codec.ErrMalformed, "header_row is 7, but the text has fewer lines"},
		{"a blank line", text, codec.ReadOptions{Options: Options{HeaderRow: 2}}, codec.ErrMalformed, "header_row is 2, but that line is blank or a comment"},
		{"a comment", text, codec.ReadOptions{Options: Options{HeaderRow: 3, Comment: '#'}}, codec.ErrMalformed, "header_row is 3, but that line is blank or a comment"},
		{"all lines", text, codec.ReadOptions{Options: Options{SkipRows: 99}}, codec.ErrMalformed, "the text is empty"},
		{"both", text, codec.ReadOptions{Options: Options{SkipRows: 1, HeaderRow: 2}}, codec.ErrUnsupported, "header_row=2 and skip_rows=1"},
		{"a line of a header that is absent", text, codec.ReadOptions{Options: Options{NoHeader: true, HeaderRow: 2}}, codec.ErrUnsupported, "header_row=2"},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, CSV) })
	}
}

func TestShortLinesAreFilledOnRequest(t *testing.T) {
	fill := Options{FillShort: true}
	for _, tt := range []struct {
		readTable
		note string
	}{
		{readTable{name: "some", input: "a,b,c\n1,2\n4,5,6\n\n7\n", own: fill, want: "a: 1 4 7\nb: 2 5 null\nc: null 6 null"}, "2 lines have fewer fields than the header; missing values fill them (line 2 first)"},
		{readTable{name: "one of text", input: "a,b\nx,y\n\"z\"\n", own: fill, want: "a: \"x\" \"z\"\nb: \"y\" null"}, "1 line has"},
		{readTable{name: "none", input: "a,b\n1,2\n", own: fill, want: "a: 1\nb: 2"}, ""},
		{readTable{name: "in a column without a name", input: "a,\n1,2\n3\n", own: fill, want: "a: 1 3\ncolumn_2: 2 null"}, "1 line has"},
		{readTable{name: "in a column that is not there", input: "a,b,\n1,2,\n3,4\n5\n", own: fill, want: "a: 1 3 5\nb: 2 4 null"}, "1 line has fewer fields than the header; missing values fill them (line 4 first)"},
		{readTable{name: "without a header", input: "1,2\n3\n", own: Options{FillShort: true, NoHeader: true}, want: "column_1: 1 3\ncolumn_2: 2 null"}, "1 line has"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			notes := tt.check(t, CSV).Receipt.Notes
			if tt.note == "" && notes != nil || tt.note != "" && (len(notes) != 1 || !strings.Contains(notes[0], tt.note)) {
				t.Errorf("the notes are %q, want %q", notes, tt.note)
			}
		})
	}
	for _, c := range []refusal{
		{"without the parameter", "a,b,c\n1,2\n", codec.ReadOptions{}, codec.ErrMalformed, "short_rows=fill fills short lines with missing values"},
		{"long lines", "a,b\n1,2,3\n", codec.ReadOptions{Options: fill}, codec.ErrMalformed, "line 2 has 3 fields, the header has 2"},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, CSV) })
	}
}
