//go:build !js

package conformance

import (
	"net/http"
	"strings"

	"github.com/google/go-cmp/cmp"
)

var dialectTests = []test{
	{"text is read in its encoding, which the receipt names", checkEncodings},
	{"text that is not in its encoding is refused with its line", checkEncodingRefusals},
	{"numbers, comments and lines are read in their dialect", checkDialects},
	{"dialects that cannot be read are refused", checkDialectRefusals},
	{"text is read as programs and people write it, and the receipt says how", checkStrangersFiles},
	{"text that cannot be read so is refused with the parameter that helps", checkStrangersRefusals},
	{"the receipt shows the first changed cells", checkSamples},
	{"a table of one column is written so that no reader drops a row", checkSingleColumn},
	{"dtype sets the type of a column", checkDTypes},
	{"types that do not fit are refused with the place", checkDTypeRefusals},
	{"cells that change are counted for each column, and strict=true refuses them", checkChangedCells},
	{"a form's fields are the parameters of a dialect", func(c *client) {
		body, mediaType := form("x.csv", "", []byte("# 2026\nid;price\n007;1.234,5\n008;-\n"),
			"delimiter=semicolon", "decimal=comma", "thousands=point", "comment=#", "null_values=-", "dtype=id:utf8", "dtype=price:decimal(10, 2)")
		s := c.upload(mediaType, body)
		if diff := cmp.Diff("[\"007\",\"1234.50\"]\n[\"008\",null]", s.cells()); diff != "" {
			c.Error(diff)
		}
		body, mediaType = form("x.csv", "", []byte("a\n1\n"), "decimal=colon")
		c.do("POST", "/api/v1/sessions", body, "Content-Type: "+mediaType).refused(http.StatusBadRequest, "invalid_parameter", "decimal=colon", "point", "comma")
	}},
	{"appended rows may be in another dialect", func(c *client) {
		s := c.create("id,price\n1,1.5\n")
		s.do("POST", s.path("/data", "decimal=comma", "thousands=point"), "id;price\n2;1.002,25\n", "Content-Type: text/csv").is(http.StatusOK)
		if diff := cmp.Diff("[1,1.5]\n[2,1002.25]", s.cells()); diff != "" {
			c.Error(diff)
		}
		s.do("POST", s.path("/data"), "id;price\n3;1,5\n", "Content-Type: text/csv").refused(http.StatusUnprocessableEntity, "schema_mismatch", "price")
	}},
}

// dialectFile is delimited text with parameters, and the expected delimiter, types and cells.
type dialectFile struct {
	claim, file      string
	params           []string
	delimiter        string
	types, cellsWant string
}

func (tt dialectFile) check(c *client) {
	s := c.create(tt.file, tt.params...)
	if s.made.Upload.Delimiter != tt.delimiter {
		c.Errorf("delimiter %q, want %q", s.made.Upload.Delimiter, tt.delimiter)
	}
	var types []string
	for _, name := range s.made.Columns {
		types = append(types, s.made.DTypes[name])
	}
	if got := strings.Join(types, " "); got != tt.types {
		c.Errorf("types %s, want %s", got, tt.types)
	}
	if diff := cmp.Diff(tt.cellsWant, s.cells()); diff != "" {
		c.Error(diff)
	}
}

func checkDialects(c *client) {
	for _, tt := range []dialectFile{
		{"decimal=comma", "a;b\n1,5;x\n-0,25;y\n3;z\n", []string{"decimal=comma"}, ";", "float64 utf8", "[1.5,\"x\"]\n[-0.25,\"y\"]\n[3.0,\"z\"]"},
		{"decimal is the character itself", "a;b\n1,5;2\n", []string{"decimal=,"}, ";", "float64 int64", "[1.5,2]"},
		{"with decimal=comma a point makes text", "a;b\n1.5;2,5\n", []string{"decimal=comma"}, ";", "utf8 float64", `["1.5",2.5]`},
		{"with decimal=comma a comma is not detected as delimiter", "a\tb\n1,5\t2,5\n1,5\t3,5\n", []string{"decimal=comma"}, "\t", "float64 float64", "[1.5,2.5]\n[1.5,3.5]"},
		{"decimal=point is what there is without it", "a,b\n1.5,2\n", []string{"decimal=point"}, ",", "float64 int64", "[1.5,2]"},
		{"without decimal a comma makes text", "a;b\n1,5;2\n", nil, ";", "utf8 int64", `["1,5",2]`},
		{"decimal and thousands the other way round", "a;b\n1.234.567,5;1.000\n-12.345,25;7\n", []string{"decimal=comma", "thousands=point"}, ";", "float64 int64", "[1234567.5,1000]\n[-12345.25,7]"},
		{"thousands=comma among semicolons", "a;b\n1,234;x\n1,234,567;y\n-999;z\n", []string{"thousands=comma"}, ";", "int64 utf8", "[1234,\"x\"]\n[1234567,\"y\"]\n[-999,\"z\"]"},
		{"thousands=comma in quotes among commas", "a,b\n\"1,234\",x\n\"12,345.5\",y\n", []string{"thousands=comma"}, ",", "float64 utf8", "[1234.0,\"x\"]\n[12345.5,\"y\"]"},
		{"thousands=comma in a table of one column", "a\n1,234\n5,678,901\n", []string{"thousands=comma"}, ";", "int64", "[1234]\n[5678901]"},
		{"thousands=space", "a,b\n1 234,x\n12 345 678,y\n", []string{"thousands=space"}, ",", "int64 utf8", "[1234,\"x\"]\n[12345678,\"y\"]"},
		{"thousands=apostrophe", "a,b\n1'234.5,x\n", []string{"thousands=apostrophe"}, ",", "float64 utf8", `[1234.5,"x"]`},
		{"thousands=underscore", "a,b\n1_234,x\n", []string{"thousands=_"}, ",", "int64 utf8", `[1234,"x"]`},
		{"digits in other groups stay text", "a;b;c;d\n1,23;1,2345;,123;1234,567\n", []string{"thousands=comma"}, ";", "utf8 utf8 utf8 utf8", `["1,23","1,2345",",123","1234,567"]`},
		{"groups behind the point stay text", "a;b\n1.234,567;1\n", []string{"thousands=comma"}, ";", "utf8 int64", `["1.234,567",1]`},
		{"without thousands groups stay text", "a;b\n1,234;2\n", nil, ";", "utf8 int64", `["1,234",2]`},
		{"thousands do not touch dates and text", "a;b\n2026-01-18;1,2,3 go\n", []string{"thousands=comma"}, ";", "date32 utf8", `["2026-01-18","1,2,3 go"]`},
		{"comment lines before, between and after", "# made by hand\n#\na,b\n1,2\n#3,4\n5,6\n# end", []string{"comment=#"}, ",", "int64 int64", "[1,2]\n[5,6]"},
		{"comment is text behind a value and in quotes", "a,b\n1,x#y\n2,\"z\n#w\"\n", []string{"comment=#"}, ",", "int64 utf8", "[1,\"x#y\"]\n[2,\"z\\n#w\"]"},
		{"a comment's quotes and separators count for nothing", "# a,b,c\n# ,\"x\na;b\n1;2\n", []string{"comment=#"}, ";", "int64 int64", "[1,2]"},
		{"without comment such lines are data", "a\n#1\n2\n", nil, ",", "utf8", "[\"#1\"]\n[\"2\"]"},
		{"comment with header=false", "%x\n1,2\n%3,4\n5,6\n", []string{"comment=%", "header=false"}, ",", "int64 int64", "[1,2]\n[5,6]"},
		{"quoted line ends of all kinds are kept", "a,b\r\n\"x\ny\",1\r\n\"x\r\ny\",2\r\n\"x\ry\",3\r\n", nil, ",", "utf8 int64", "[\"x\\ny\",1]\n[\"x\\r\\ny\",2]\n[\"x\\ry\",3]"},
		{"a quoted line end in a name", "\"a\nb\",c\n1,2\n", nil, ",", "int64 int64", "[1,2]"},
		{"line ends of old Macs", "a,b\r1,2\r3,4\r", nil, ",", "int64 int64", "[1,2]\n[3,4]"},
		{"delimiters are detected: pipe", "a|b\n1,5|2\n", nil, "|", "utf8 int64", `["1,5",2]`},
		{"delimiters are detected: tab", "a\tb\n1\t\n", nil, "\t", "int64 null", `[1,null]`},
		{"delimiters in quotes do not count", "a;b\n\"1,2,3\";4\n\"5,6,7\";8\n", nil, ";", "utf8 int64", "[\"1,2,3\",4]\n[\"5,6,7\",8]"},
		{"null_values in a dialect", "a;b\n1,5;-\n-;2\n", []string{"decimal=comma", "null_values=-"}, ";", "float64 int64", "[1.5,null]\n[null,2]"},
		{"a quoted missing value in text is text", "a,b\n\"NA\",1\nNA,2\nx,3\n", nil, ",", "utf8 int64", "[\"NA\",1]\n[null,2]\n[\"x\",3]"},
	} {
		c.run(tt.claim, tt.check)
	}
}

func checkDialectRefusals(c *client) {
	const malformed, parameter = http.StatusUnprocessableEntity, http.StatusBadRequest
	bad := func(claim string, says []string, params ...string) refusedDialect {
		return refusedDialect{claim, csvType, "a;b\n1;2\n", params, parameter, "invalid_parameter", says}
	}
	refuseDialects(c, []refusedDialect{
		bad("a decimal that is none", []string{"decimal=;", "point", "comma"}, "decimal=;"),
		bad("an empty decimal", []string{"decimal", "point", "comma"}, "decimal="),
		bad("thousands that are none", []string{"thousands=x", "apostrophe"}, "thousands=x"),
		bad("a letter as comment", []string{"'x'", "punctuation"}, "comment=x"),
		bad("a quote as comment", []string{"punctuation", "double quote"}, `comment="`),
		bad("two characters as comment", []string{"comment=//", "one ASCII"}, "comment=//"),
		bad("an empty comment", []string{"comment", "one ASCII"}, "comment="),
		bad("decimal and thousands alike", []string{"','", "decimal", "thousands"}, "decimal=comma", "thousands=comma"),
		bad("thousands like the decimal that is the default", []string{"'.'", "decimal"}, "thousands=point"),
		bad("delimiter and decimal alike", []string{"','", "decimal", "delimiter"}, "decimal=comma", "delimiter=comma"),
		bad("delimiter and comment alike", []string{"';'", "comment"}, "delimiter=semicolon", "comment=;"),
		bad("an unknown delimiter", []string{"delimiter=x", "comma"}, "delimiter=x"),
		bad("a parameter twice", []string{"decimal"}, "decimal=comma", "decimal=comma"),
		{"thousands that separate fields and are not quoted", csvType, "a,b\n1,234,5\n", []string{"thousands=comma"}, malformed, "malformed_input", []string{"line 2", "3 fields", "quoted"}},
		{"the line is counted with comments and quoted line ends", csvType, "#\n#\na,b\n\"x\ny\",1\n#\n2\n", []string{"comment=#"}, malformed, "malformed_input", []string{"line 7"}},
		{"nothing but comments", csvType, "#a\n#b\n", []string{"comment=#"}, malformed, "malformed_input", []string{"empty", "names"}},
	})
}
