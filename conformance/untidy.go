//go:build !js

package conformance

import (
	"net/http"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// ofRows is a sheet of rows.
func ofRows(name, attributes string, rows ...[]any) rawSheet {
	return rawSheet{name, attributes, sheet{name, rows}.xml()}
}

// checkXLSX uploads a workbook and compares its table, as CSV, and what the receipt has.
func checkXLSX(c *client, book []byte, want string, receipt []string, params ...string) {
	c.Helper()
	a := c.do("POST", query("/api/v1/sessions", params...), book, "Content-Type: "+xlsxType).is(http.StatusCreated)
	made := a.session()
	s := &sess{c, made.SessionID, made}
	if diff := cmp.Diff(want, s.csvText()); diff != "" {
		c.Error(diff)
	}
	for _, part := range receipt {
		if !strings.Contains(string(a.body), part) {
			c.Errorf("%s lacks %s", a.body, part)
		}
	}
}

var untidyTests = []test{
	{"numbers keep their digits", func(c *client) {
		book := rawWorkbook(rawSheet{"s", "", `<row><c t="inlineStr"><is><t>id</t></is></c></row><row><c><v>1234567890123456789</v></c></row><row><c><v>9007199254740993</v></c></row>`})
		const want = "id\n1234567890123456789\n9007199254740993\n"
		for _, params := range [][]string{{"strict=true"}, {"dtype=id:int64"}, {"dtype=id:utf8"}} {
			checkXLSX(c, book, want, []string{`"header":"found","header_line":1`}, params...)
		}
	}},
	{"a formula without a value is missing, and changed", func(c *client) {
		book := rawWorkbook(rawSheet{"s", "", `<row><c t="inlineStr"><is><t>sum</t></is></c></row><row><c><f>A1*2</f></c></row><row><c><v>1</v></c></row>`})
		checkXLSX(c, book, "sum\nNA\n1\n", []string{`"missing":1,"changed":1,"samples":[{"kind":"to_missing","line":2,"before":"=A1*2","after":null}]`})
		c.do("POST", "/api/v1/sessions?strict=true", book, "Content-Type: "+xlsxType).refused(http.StatusUnprocessableEntity, "malformed_input", "A2", "=A1*2", "strict=true")
	}},
	{"a merged name takes no row of data", func(c *client) {
		s := ofRows("s", "", []any{"Name", "Contact"}, []any{"Ann", "ann@example.org", "555-1"}, []any{"Bob", "bob@example.org", "555-2"})
		s.content += `</sheetData><mergeCells><mergeCell ref="B1:C1"/></mergeCells><sheetData>`
		checkXLSX(c, rawWorkbook(s), "Name,Contact,Contact.1\nAnn,ann@example.org,555-1\nBob,bob@example.org,555-2\n", []string{`"header_rows":[1]`}, "strict=true")
	}},
	{"merged names of groups of columns are joined with the row below", func(c *client) {
		s := ofRows("s", "", []any{"region", 2025, nil, 2026, nil}, []any{nil, "Q1", "Q2", "Q1", "Q2"}, []any{"N", 1, 2, 3, 4})
		s.content += `</sheetData><mergeCells><mergeCell ref="B1:C1"/><mergeCell ref="D1:E1"/></mergeCells><sheetData>`
		checkXLSX(c, rawWorkbook(s), "region,2025 Q1,2025 Q2,2026 Q1,2026 Q2\nN,1,2,3,4\n", []string{`"header":"found","header_line":1`, `"header_rows":[1,2]`, "names groups of columns"}, "strict=true")
	}},
	{"columns without a name of their own get one", func(c *client) {
		book := rawWorkbook(ofRows("s", "", []any{nil, "Jan", "Jan"}, []any{0, 1, 2}))
		checkXLSX(c, book, "column_1,Jan,Jan.1\n0,1,2\n", []string{`"renamed":{"column_1":"","Jan.1":"Jan"}`, `"renamed_from":"Jan"`})
		c.do("POST", "/api/v1/sessions?strict=true", book, "Content-Type: "+xlsxType).refused(http.StatusUnprocessableEntity, "malformed_input", "column 1 has no name", "row 1", "strict=true")
	}},
	{"title rows are left out", func(c *client) {
		book := rawWorkbook(ofRows("s", "", []any{"Report"}, nil, []any{"item", "n"}, []any{"a", 1}))
		checkXLSX(c, book, "item,n\na,1\n", []string{`"header":"found","header_line":3`, `"notes":["The rows above row 3`})
		checkXLSX(c, book, "item,n\na,1\n", []string{`"header":"given","header_line":3`}, "header_row=3")
		checkXLSX(c, book, "item,n\na,1\n", []string{`"header":"found","header_line":3`}, "skip_rows=1")
		checkXLSX(c, book, "item,n\n", []string{`"header_line":3`, `The rows from row 4 of the sheet \"s\" on are not part of the table, as skip_footer says: \"a\".`}, "header_row=3", "skip_footer=1")
		checkXLSX(c, book, "column_1,column_2\nitem,n\na,1\n", []string{`"header":"absent"`}, "skip_rows=2", "header=false")
		for param, says := range map[string]string{"header_row=0": "from 1", "skip_footer=x": "from 0", "header_row=3&skip_rows=1": "together", "header_row=3&header=false": "together", "skip_rows=-1": "from 0"} {
			c.do("POST", "/api/v1/sessions?"+param, book, "Content-Type: "+xlsxType).refused(http.StatusBadRequest, "invalid_parameter", says)
		}
		c.do("POST", "/api/v1/sessions?header_row=2", book, "Content-Type: "+xlsxType).refused(http.StatusUnprocessableEntity, "malformed_input", "row 2", "rows 1 to 4")
	}},
	{"a hidden sheet is left out", func(c *client) {
		lists := ofRows("Lists", ` state="hidden"`, []any{"unit"}, []any{"kg"}, []any{"g"}, []any{"t"})
		data := ofRows("Data", "", []any{"item", "n"}, []any{"a", 1})
		book := rawWorkbook(lists, data)
		checkXLSX(c, book, "item,n\na,1\n", []string{`"sheets":[{"name":"Data"`, `hidden`, `Lists`})
		checkXLSX(c, book, "unit\nkg\ng\nt\n", nil, "sheet_name=Lists")
		doc := c.choose(rawWorkbook(lists, data, ofRows("More", "", []any{"item"}, []any{"b"})))
		if len(doc.Sheets) != 3 || !doc.Sheets[0].Hidden || doc.Sheets[1].Hidden || !doc.Sheets[1].Suggested {
			c.Errorf("%+v", doc.Sheets)
		}
	}},
	{"a sheet that cannot be read does not keep the others from it", func(c *client) {
		doc := c.choose(rawWorkbook(rawSheet{"Notes", "", `<row><c t="s"><v>7</v></c></row>`}, ofRows("Data", "", []any{"item"}, []any{"a"})))
		if notes := doc.Sheets[0]; notes.Error == "" || notes.Suggested || string(notes.Preview) != "[]" || !doc.Sheets[1].Suggested {
			c.Errorf("%+v", doc.Sheets)
		}
		selection := "/api/v1/uploads/" + doc.TempID + "/select"
		c.do("POST", selection, map[string]any{"selected_sheets": []string{"Notes"}}).refused(http.StatusUnprocessableEntity, "malformed_input", doc.Sheets[0].Error)
		c.do("POST", selection, map[string]any{"selected_sheets": []string{"Data"}}).is(http.StatusCreated)
	}},
	{"the rows of a waiting workbook can be paged", func(c *client) {
		doc := c.choose(sales(), "ttl_seconds=90")
		if doc.TTLSeconds != 90 {
			c.Errorf("ttl_seconds is %d", doc.TTLSeconds)
		}
		path := "/api/v1/uploads/" + doc.TempID + "/data"
		a := c.do("GET", path+"?sheet_name=2026&offset=1&limit=1", nil).is(http.StatusOK)
		const want = `"sheet_name":"2026","total_rows":3,"offset":1,"returned_rows":1,"columns":["item","amount"],"dtypes":{"item":"utf8","amount":"int64"},"data":[{"item":"fig","amount":1}]}`
		if !strings.HasSuffix(string(a.body), want) {
			c.Errorf("%s, want %s", a.body, want)
		}
		a.has("Link", "<"+path+`?limit=1&offset=2&sheet_name=2026>; rel="next"`)
		if a := c.do("GET", path+"?sheet_name=2026&offset=9", nil).is(http.StatusOK); !strings.HasSuffix(string(a.body), `"data":[]}`) || a.header.Get("Link") != "" {
			c.Errorf("%s, %s", a.body, a.header)
		}
		if a := c.do("GET", path+"?offset=1&limit=1", nil).is(http.StatusOK); !strings.HasSuffix(string(a.body), want) {
			c.Errorf("%s of the suggested sheet, want %s", a.body, want)
		}
		c.do("GET", path+"?sheet_name=2026&sheet_name=2025", nil).refused(http.StatusBadRequest, "invalid_parameter", "once")
		c.do("GET", path+"?sheet_name=2024", nil).refused(http.StatusUnprocessableEntity, "malformed_input", "2024", "2025", "2026")
		c.do("GET", path+"?sheet_name=2026&limit=10001", nil).refused(http.StatusBadRequest, "invalid_parameter", "10000")
	}},
	{"a workbook of another format is refused with what to do", func(c *client) {
		old := []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and so on")
		for _, name := range []string{"old.xls", "old.xlsx", "old.csv", "old"} {
			body, mediaType := form(name, "application/octet-stream", old)
			c.do("POST", "/api/v1/sessions", body, "Content-Type: "+mediaType).refused(http.StatusUnprocessableEntity, "malformed_input", "old format (.xls)", "save it as .xlsx")
		}
	}},
}
