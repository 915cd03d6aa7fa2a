//go:build !js

package conformance

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// strangersFile is delimited text that a program writes or a person made, and how it is read.
type strangersFile struct {
	claim, file string
	params      []string
	// cells are all rows; receipt has the members of the receipt but for format, encoding and columns.
	cells, receipt string
	// strict is in the error with strict=true; if it is empty, the file is accepted.
	strict []string
}

func (tt strangersFile) check(c *client) {
	mediaType := csvType
	if strings.Contains(tt.claim, "TSV") {
		mediaType = "text/tab-separated-values"
	}
	s := c.upload(mediaType, []byte(tt.file), tt.params...)
	if diff := cmp.Diff(tt.cells, s.cells()); diff != "" {
		c.Error(diff)
	}
	a := c.do("POST", query("/api/v1/sessions", tt.params...), tt.file, "Content-Type: "+mediaType).is(http.StatusCreated)
	var got struct{ Upload map[string]json.RawMessage }
	a.reads(&got)
	for _, name := range []string{"format", "encoding", "columns"} {
		delete(got.Upload, name)
	}
	var want map[string]json.RawMessage
	if err := json.Unmarshal([]byte(tt.receipt), &want); err != nil {
		c.Fatal(err)
	}
	if diff := cmp.Diff(want, got.Upload, cmp.Transformer("text", func(m json.RawMessage) string { return string(m) })); diff != "" {
		c.Error(diff)
	}
	strict := c.do("POST", query("/api/v1/sessions", append(tt.params, "strict=true")...), tt.file, "Content-Type: "+mediaType)
	if tt.strict == nil {
		strict.is(http.StatusCreated)
		return
	}
	strict.refused(http.StatusUnprocessableEntity, "malformed_input", append(tt.strict, "strict=true")...)
}

// reads decodes some members of a body.
func (a *answer) reads(into any) {
	a.c.Helper()
	if err := json.Unmarshal(a.body, into); err != nil {
		a.c.Fatal(err)
	}
}

func checkStrangersFiles(c *client) {
	for _, tt := range []strangersFile{
		{"the index of pandas", ",item,n\n0,a,1\n1,b,2\n", nil, "[0,\"a\",1]\n[1,\"b\",2]", `{"delimiter":",","quote":"\"","header":"found","header_line":1,"renamed":{"column_1":""}}`, []string{"column 1 has no name on line 1"}},
		{"the row names of R", "\"\",\"item\"\n\"1\",\"a\"\n", nil, `[1,"a"]`, `{"delimiter":",","quote":"\"","header":"found","header_line":1,"renamed":{"column_1":""}}`, []string{"column 1 has no name on line 1"}},
		{"row names of R's write.table", "\"mpg\" \"cyl\"\n\"Mazda RX4\" 21 6\n\"Datsun 710\" 22 4\n", nil, "[\"Mazda RX4\",21,6]\n[\"Datsun 710\",22,4]", `{"delimiter":" ","quote":"\"","header":"found","header_line":1,"renamed":{"column_1":""},"notes":["every line has one field more than the header, as write.table of R writes tables: the first column has the names of the rows"]}`, []string{"column 1 has no name on line 1"}},
		{"names twice", "item,Jan,Jan\na,1,2\n", nil, `["a",1,2]`, `{"delimiter":",","quote":"\"","header":"found","header_line":1,"renamed":{"Jan.1":"Jan"}}`, []string{`column 3 is named "Jan" on line 1 like one before it`}},
		{"a delimiter at the end of all lines", "a;b;\n1;2;\n4;5;\n", nil, "[1,2]\n[4,5]", `{"delimiter":";","quote":"\"","header":"found","header_line":1}`, nil},
		{"a delimiter at the end of the data", "a;b\n1;2;\n4;5;\n", nil, "[1,2]\n[4,5]", `{"delimiter":";","quote":"\"","header":"found","header_line":1}`, nil},
		{"Excel's line about the delimiter", "sep=;\r\nid;name\r\n1;a\r\n", nil, `[1,"a"]`, `{"delimiter":";","quote":"\"","header":"found","header_line":2}`, nil},
		{"a title and a blank line", "Report 2020\n\na,b\n1,2\n3,4\n", nil, "[1,2]\n[3,4]", `{"delimiter":",","quote":"\"","header":"found","header_line":3,"notes":["the table begins on line 3; the lines before it are not part of it"]}`, []string{"the lines before line 3 would be lost", "header_row=3"}},
		{"a title over semicolons", "Extract of 2025-01-06\nid;name;city\n1;A;X\n2;B;Y\n", nil, "[1,\"A\",\"X\"]\n[2,\"B\",\"Y\"]", `{"delimiter":";","quote":"\"","header":"found","header_line":2,"notes":["the table begins on line 2; the lines before it are not part of it"]}`, []string{"header_row=2"}},
		{"header_row", "Report 2020\n\na,b\n1,2\n", []string{"header_row=3"}, `[1,2]`, `{"delimiter":",","quote":"\"","header":"given","header_line":3}`, nil},
		{"skip_rows without a header", "Report 2020\n\n1,2\n", []string{"skip_rows=2", "header=false"}, `[1,2]`, `{"delimiter":",","quote":"\"","header":"absent"}`, nil},
		{"lines below the table", "a,b\n1,2\n3,4\n\nSource: x\n", []string{"skip_footer=2"}, "[1,2]\n[3,4]", `{"delimiter":",","quote":"\"","header":"found","header_line":1,"notes":["the last 2 lines, from line 4 on, are not part of the table, as skip_footer says: \"Source: x\""]}`, nil},
		{"a first line that looks like data", "1,2\n3,4\n", nil, `[3,4]`, `{"delimiter":",","quote":"\"","header":"assumed","header_line":1}`, nil},
		{"tabs and commas", "id\tdesc, long\n1\ta, b\n2\tc, d\n", nil, "[1,\"a, b\"]\n[2,\"c, d\"]", `{"delimiter":"\t","quote":"\"","header":"found","header_line":1}`, nil},
		{"decimal commas without a header", "0,12;1,50;3,10\n0,13;1,51;3,11\n", []string{"header=false"}, "[\"0,12\",\"1,50\",\"3,10\"]\n[\"0,13\",\"1,51\",\"3,11\"]", `{"delimiter":";","quote":"\"","header":"absent"}`, nil},
		{"decimal commas and commas in names", "Price, EUR;Weight, kg\n1,5;2,5\n4,5;5,5\n", nil, "[\"1,5\",\"2,5\"]\n[\"4,5\",\"5,5\"]", `{"delimiter":";","quote":"\"","header":"found","header_line":1}`, nil},
		{"two byte order marks", "\ufeff\ufeffid,n\n1,2\n", nil, `[1,2]`, `{"delimiter":",","quote":"\"","header":"found","header_line":1}`, nil},
		{"blanks before quotes", "\"a\", \"b\"\n1, \"x, y\"\n2, \"z\"\n", nil, "[1,\"x, y\"]\n[2,\"z\"]", `{"delimiter":",","quote":"\"","header":"found","header_line":1}`, nil},
		{"TSV with quotes that mean nothing", "id\ttitle\tn\n1\t\"Foo\t5\n2\tx\t6\n3\tBar\"\t7\n4\tz\t8\n", nil, "[1,\"\\\"Foo\",5]\n[2,\"x\",6]\n[3,\"Bar\\\"\",7]\n[4,\"z\",8]", `{"delimiter":"\t","quote":null,"header":"found","header_line":1}`, nil},
		{"TSV with a quoted word and more", "id\ttitle\n1\t\"Foo\" and more\n2\tx\n", nil, "[1,\"\\\"Foo\\\" and more\"]\n[2,\"x\"]", `{"delimiter":"\t","quote":null,"header":"found","header_line":1}`, nil},
		{"TSV with quoted tabs and line ends", "id\ttitle\n1\t\"x\ty\"\n2\t\"x\ny\"\n", nil, "[1,\"x\\ty\"]\n[2,\"x\\ny\"]", `{"delimiter":"\t","quote":"\"","header":"found","header_line":1}`, nil},
		{"quote=none", "a,b\n1,\"x\n2,y\n", []string{"quote=none"}, "[1,\"\\\"x\"]\n[2,\"y\"]", `{"delimiter":",","quote":null,"header":"found","header_line":1}`, nil},
		{"another quote", "a,b\n1,'x, y'\n", []string{"quote='"}, `[1,"x, y"]`, `{"delimiter":",","quote":"'","header":"found","header_line":1}`, nil},
		{"backslash escapes", "a,b\n1,\"say \\\"x, y\\\"\"\n2,x\\, y\n", []string{`escape=\`}, "[1,\"say \\\"x, y\\\"\"]\n[2,\"x, y\"]", `{"delimiter":",","quote":"\"","header":"found","header_line":1}`, nil},
		{"short lines", "a,b,c\n1,2\n4,5,6\n", []string{"short_rows=fill"}, "[1,2,null]\n[4,5,6]", `{"delimiter":",","quote":"\"","header":"found","header_line":1,"notes":["1 line has fewer fields than the header; missing values fill them (line 2 first)"]}`, nil},
	} {
		c.run(tt.claim, tt.check)
	}
}

func checkStrangersRefusals(c *client) {
	const malformed, parameter = http.StatusUnprocessableEntity, http.StatusBadRequest
	bad := func(claim string, says []string, params ...string) refusedDialect {
		return refusedDialect{claim, csvType, "a;b\n1;2\n", params, parameter, "invalid_parameter", says}
	}
	refuseDialects(c, []refusedDialect{
		bad("a header_row that is none", []string{"header_row=0", "counted from 1"}, "header_row=0"),
		bad("skip_rows that are none", []string{"skip_rows=-1", "number of lines"}, "skip_rows=-1"),
		bad("skip_footer of half a line", []string{"skip_footer=0.5", "number of lines"}, "skip_footer=0.5"),
		bad("header_row and skip_rows", []string{"header_row=2", "skip_rows=1"}, "header_row=2", "skip_rows=1"),
		bad("header_row of a header that is absent", []string{"header_row=2", "header=false"}, "header_row=2", "header=false"),
		bad("two characters as quote", []string{"quote=''", "none"}, "quote=''"),
		bad("a letter as quote", []string{"'q'", "punctuation"}, "quote=q"),
		bad("quote and delimiter alike", []string{"';'", "separate fields", "enclose fields"}, "quote=;", "delimiter=semicolon"),
		bad("an empty escape", []string{"escape", "punctuation"}, "escape="),
		bad("escape and comment alike", []string{"'#'", "comment"}, "escape=#", "comment=#"),
		bad("short_rows that are none", []string{"short_rows=x", "fill", "refuse"}, "short_rows=x"),
		{"a header_row behind the end", csvType, "a,b\n1,2\n", []string{"header_row=3"}, malformed, "malformed_input", []string{"header_row is 3", "fewer lines"}},
		{"a header_row that is blank", csvType, "\na,b\n1,2\n", []string{"header_row=1"}, malformed, "malformed_input", []string{"header_row is 1", "blank"}},
		{"a short line", csvType, "a,b,c\n1,2\n4,5,6\n", nil, malformed, "malformed_input", []string{"line 2 has 2 fields", "short_rows=fill"}},
		{"lines below the table", csvType, "a,b\n1,2\n3,4\n\nSource: x\nTotal: 2\n", nil, malformed, "malformed_input", []string{"line 5 has 1 field", "short_rows=fill", "skip_footer=2"}},
		{"a skip_footer of all lines", csvType, "a,b\n1,2\n", []string{"skip_footer=2"}, malformed, "malformed_input", []string{"skip_footer is 2", "only 2 lines"}},
		{"lines that may be a title or not", csvType, "Comment\nHello, world\nFoo, bar\n", nil, malformed, "malformed_input", []string{"line 2 has 2 fields", "header_row"}},
		{"a quote that is never closed", csvType, "a,b\n1,\"x\n2,y\n", nil, malformed, "malformed_input", []string{"line 2", "quote=none"}},
	})
}

// checkSamples reads the samples of the receipt, also of an append.
func checkSamples(c *client) {
	const file = "item,price\napple,1.50\npear,NA\nplum,0.80\nfig,3\n"
	want := `[{"kind":"respelled","line":2,"before":"1.50","after":"1.5"},{"kind":"to_missing","line":3,"before":"NA","after":null},` +
		`{"kind":"respelled","line":4,"before":"0.80","after":"0.8"},{"kind":"respelled","line":5,"before":"3","after":"3.0"}]`
	s := c.create(file)
	for _, a := range []*answer{
		c.do("POST", "/api/v1/sessions", file, "Content-Type: "+csvType).is(http.StatusCreated),
		s.do("POST", s.path("/data"), file, "Content-Type: "+csvType).is(http.StatusOK),
		s.do("PUT", s.path("/data"), file, "Content-Type: "+csvType).is(http.StatusOK),
	} {
		var got struct {
			Upload struct {
				Columns map[string]struct{ Samples json.RawMessage }
			}
		}
		a.reads(&got)
		if diff := cmp.Diff(want, string(got.Upload.Columns["price"].Samples)); diff != "" {
			c.Error(diff)
		}
		if samples := got.Upload.Columns["item"].Samples; samples != nil {
			c.Errorf("the column item has the samples %s", samples)
		}
	}
}

// checkSingleColumn reads a table of one column back from the text that it is written as.
func checkSingleColumn(c *client) {
	s := c.upload(jsonType, []byte(`[{"a":1},{"a":null},{"a":3}]`))
	for _, format := range []string{"csv", "tsv"} {
		text := string(s.get("/data", "format="+format).body)
		if diff := cmp.Diff("a\n1\nNA\n3\n", text); diff != "" {
			c.Error(diff)
		}
		again := c.create(text, "strict=true")
		if diff := cmp.Diff("[1]\n[null]\n[3]", again.cells()); diff != "" {
			c.Error(diff)
		}
	}
}
