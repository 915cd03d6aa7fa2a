//go:build !js

package conformance

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// keptFile is a file, the columns and cells that it must be read as, and what strict=true says about it.
type keptFile struct {
	claim, contentType string
	file               []byte
	params             []string
	// columns are names and types: "id int64, name utf8".
	columns, cells string
	// strict is in the error with strict=true; if it is nil, the file is accepted.
	strict []string
}

func (tt keptFile) check(c *client) {
	s := c.upload(tt.contentType, tt.file, tt.params...)
	columns := slices.Clone(s.made.Columns)
	for i, name := range columns {
		columns[i] += " " + s.made.DTypes[name]
	}
	if got := strings.Join(columns, ", "); got != tt.columns {
		c.Errorf("columns %q, want %q", got, tt.columns)
	}
	if diff := cmp.Diff(tt.cells, s.cells()); diff != "" {
		c.Error(diff)
	}
	strict := c.do("POST", query("/api/v1/sessions", append(tt.params, "strict=true")...), tt.file, "Content-Type: "+tt.contentType)
	if tt.strict == nil {
		strict.is(http.StatusCreated)
		return
	}
	strict.refused(http.StatusUnprocessableEntity, "malformed_input", append(tt.strict, "strict=true")...)
}

// kindTests are about files whose values or names are easily lost.
var kindTests = []test{
	{"a mark, a blank or a space of typography is no part of a value", func(c *client) {
		for _, tt := range []keptFile{
			{"two byte order marks", csvType, []byte("\ufeff\ufeffid,n\n1,2\n"), nil, "id int64, n int64", "[1,2]", nil},
			{"blanks before quotes", csvType, []byte("\"a\", \"b\"\n1, \"x\"\n2, \"y\"\n"), nil, "a int64, b utf8", "[1,\"x\"]\n[2,\"y\"]", nil},
			{"no-break spaces between thousands", csvType, []byte("v;t\n1\u00a0234,5;a\n2\u202f345,25;b\n"), []string{"thousands=space", "decimal=comma"}, "v float64, t utf8", "[1234.5,\"a\"]\n[2345.25,\"b\"]", nil},
			{"typographic apostrophes between thousands", csvType, []byte("v,t\n1\u2019234.5,a\n2'345.25,b\n"), []string{"thousands=apostrophe"}, "v float64, t utf8", "[1234.5,\"a\"]\n[2345.25,\"b\"]", nil},
		} {
			c.run(tt.claim, tt.check)
		}
	}},
	{"dtype reads what cast reads, whatever the format", func(c *client) {
		for _, tt := range []struct {
			contentType string
			file        []byte
			dtype, want string
		}{
			{csvType, []byte("a\n2020-01-01\n"), "timestamp[us]", `["2020-01-01T00:00:00"]`},
			{csvType, []byte("a\n01234\n"), "int64", `[1234]`},
			{csvType, []byte("a\n1\n"), "bool", `[true]`},
			{xlsxType, workbook(sheet{"s", [][]any{{"a"}, {"2020-01-01"}}}), "timestamp[us]", `["2020-01-01T00:00:00"]`},
			{xlsxType, workbook(sheet{"s", [][]any{{"a"}, {"01234"}}}), "int64", `[1234]`},
			{xlsxType, workbook(sheet{"s", [][]any{{"a"}, {1}}}), "bool", `[true]`},
			{jsonType, []byte(`[{"a":"2020-01-01"}]`), "timestamp[us]", `["2020-01-01T00:00:00"]`},
			{jsonType, []byte(`[{"a":"01234"}]`), "int64", `[1234]`},
			{jsonType, []byte(`[{"a":1}]`), "bool", `[true]`},
		} {
			if got := c.upload(tt.contentType, tt.file, "dtype=a:"+tt.dtype).cells(); got != tt.want {
				c.Errorf("%s as %s: %s, want %s", tt.contentType, tt.dtype, got, tt.want)
			}
			// Each of them is given back with another spelling.
			c.do("POST", query("/api/v1/sessions", "dtype=a:"+tt.dtype, "strict=true"), tt.file, "Content-Type: "+tt.contentType).
				refused(http.StatusUnprocessableEntity, "malformed_input", "strict=true")
		}
	}},
	{"days of a workbook are those of its calendar", func(c *client) {
		for _, tt := range []keptFile{
			{"the leap day that 1900 did not have", xlsxType, daysBook("", 59, 60, 61), nil, "d date32", "[\"1900-02-28\"]\n[\"1900-02-28\"]\n[\"1900-03-01\"]", []string{"A3", "1900-02-29"}},
			{
				"days since 1904, and an extension with an element of the same name", xlsxType, daysBook(
					`<workbookPr date1904="1"/>|<extLst><ext><x14:workbookPr xmlns:x14="http://schemas.microsoft.com/office/spreadsheetml/2009/9/main" defaultImageDpi="32767"/></ext></extLst>`, 0, 43831),
				nil, "d date32", "[\"1904-01-01\"]\n[\"2024-01-02\"]", nil,
			},
		} {
			c.run(tt.claim, tt.check)
		}
	}},
	{"decimals that a float rounds come back from a workbook", func(c *client) {
		s := c.upload(jsonType, []byte(`[{"a":165860940095399.59},{"a":0.25}]`), "dtype=a:decimal(20, 2)")
		again := c.upload(xlsxType, s.get("/data", "format=xlsx").body)
		if got, want := again.csvText(), "a\n165860940095399.59\n0.25\n"; got != want {
			c.Errorf("%q, want %q", got, want)
		}
	}},
	{"Japanese text of which every byte is a character of windows-1252 is refused, and read when its encoding is named", func(c *client) {
		file := []byte("\x93_\x8c\x9f,\x93s\x8es\n1,\x93\x8c\x8b\x9e\n")
		c.do("POST", "/api/v1/sessions", file, csvHeader).refused(http.StatusUnprocessableEntity, "malformed_input", "line 1", "encoding=shift_jis")
		keptFile{"", csvType, file, []string{"encoding=shift_jis"}, "点検 int64, 都市 utf8", `[1,"東京"]`, nil}.check(c)
	}},
	{"a cover page does not keep a workbook from being read", func(c *client) {
		doc := c.choose(workbook(
			sheet{"Notes", [][]any{{"Report"}, nil, {"made by", "Ann"}, {"on", "Monday"}}},
			sheet{"Data", [][]any{{"item", "n"}, {"a", 1}, {"b", 2}, {"c", 3}}},
		))
		if len(doc.Sheets) != 2 || doc.Sheets[0].Suggested || !doc.Sheets[1].Suggested || doc.Sheets[1].Error != "" {
			c.Errorf("%+v", doc.Sheets)
		}
	}},
	{"a cast keeps every digit", func(c *client) {
		for _, tt := range []struct{ file, from, to, want string }{
			{`[{"a":0.1}]`, "float32", "float64", "[0.10000000149011612]"},
			{`[{"a":1e18}]`, "float64", "int64", "[1000000000000000000]"},
			{`[{"a":"1e18"}]`, "utf8", "int64", "[1000000000000000000]"},
		} {
			s := c.upload(jsonType, []byte(tt.file), "dtype=a:"+tt.from)
			s.edit(op{"op": "cast", "column": "a", "dtype": tt.to})
			if got := s.cells(); got != tt.want {
				c.Errorf("%s as %s is %s, want %s", tt.file, tt.to, got, tt.want)
			}
		}
	}},
	{"an Arrow file has the marker of the end of its stream before the footer", func(c *client) {
		file := c.create(people).get("/data", "format=arrow_file").body
		size := int(binary.LittleEndian.Uint32(file[len(file)-10:]))
		if before := file[:len(file)-10-size]; !bytes.HasSuffix(before, []byte{0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0}) {
			c.Errorf("%x precedes the footer", before[len(before)-8:])
		}
	}},
	{"dtype=utf8 keeps every spelling but those of a missing value, which null_values sets", func(c *client) {
		keptFile{"", csvType, []byte("zip,n\nNA,1\n01234,2\n"), []string{"dtype=zip:utf8"}, "zip utf8, n int64", "[null,1]\n[\"01234\",2]", []string{"line 2", `"NA"`}}.check(c)
		keptFile{"", csvType, []byte("zip,n\nNA,1\n01234,2\n"), []string{"dtype=zip:utf8", "null_values=-"}, "zip utf8, n int64", "[\"NA\",1]\n[\"01234\",2]", nil}.check(c)
	}},
	{"spreadsheets of other programs are named", func(c *client) {
		for _, tt := range []struct{ filename, file, says string }{
			{"old.xls", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and so on", "old format (.xls)"},
			{"table.ods", string(zipped("mimetype", "application/vnd.oasis.opendocument.spreadsheet", "content.xml", "<x/>")), "OpenDocument"},
			{"table.xlsb", string(zipped("xl/workbook.bin", "x")), "(.xlsb)"},
		} {
			body, mediaType := form(tt.filename, "", []byte(tt.file))
			c.do("POST", "/api/v1/sessions", body, "Content-Type: "+mediaType).refused(http.StatusUnprocessableEntity, "malformed_input", tt.says, "as .xlsx")
		}
	}},
}

// daysBook is a workbook of one column of days, with elements for its workbook part: those before
// the sheets, | and those after them.
func daysBook(elements string, days ...any) []byte {
	content := `<row r="1"><c r="A1" t="inlineStr"><is><t>d</t></is></c></row>`
	for _, day := range days {
		text, _ := json.Marshal(day)
		content += `<row><c s="1"><v>` + string(text) + `</v></c></row>`
	}
	before, after, _ := strings.Cut(elements, "|")
	const (
		main = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"`
		rel  = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	)
	parts := map[string]*strings.Replacer{
		"xl/workbook.xml":            strings.NewReplacer("<sheets>", before+"<sheets>", "</sheets>", "</sheets>"+after),
		"xl/_rels/workbook.xml.rels": strings.NewReplacer("</Relationships>", `<Relationship Id="styles" Type="`+rel+`/styles" Target="styles.xml"/></Relationships>`),
		"[Content_Types].xml":        strings.NewReplacer("</Types>", `<Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>`),
	}
	in := rawWorkbook(rawSheet{"s", "", content})
	r, err := zip.NewReader(bytes.NewReader(in), int64(len(in)))
	must(err)
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	write := func(name, content string) {
		part, err := w.Create(name)
		must(err)
		_, err = io.WriteString(part, content)
		must(err)
	}
	for _, f := range r.File {
		part, err := f.Open()
		must(err)
		content, err := io.ReadAll(part)
		must(err)
		if edit := parts[f.Name]; edit != nil {
			content = []byte(edit.Replace(string(content)))
		}
		write(f.Name, string(content))
	}
	write("xl/styles.xml", `<styleSheet `+main+`><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>`)
	must(w.Close())
	return out.Bytes()
}
