//go:build !js

package conformance

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// The media types of binary files other than Arrow.
const (
	xlsxType    = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	parquetType = "application/vnd.apache.parquet"
)

// sheet is a sheet of a workbook for a test: rows of texts and numbers, nil for an empty cell.
type sheet struct {
	name string
	rows [][]any
}

// rawSheet is a sheet of a workbook by its XML: its attributes beside the name, and its content.
type rawSheet struct{ name, attributes, content string }

// workbook returns a minimal workbook with the given sheets.
func workbook(sheets ...sheet) []byte {
	raw := make([]rawSheet, len(sheets))
	for i, s := range sheets {
		raw[i] = rawSheet{s.name, "", s.xml()}
	}
	return rawWorkbook(raw...)
}

// rawWorkbook is [workbook] of sheets by their XML.
func rawWorkbook(sheets ...rawSheet) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	part := func(name, content string) {
		w, err := z.Create(name)
		must(err)
		_, err = w.Write([]byte(`<?xml version="1.0" encoding="UTF-8"?>` + content))
		must(err)
	}
	const (
		main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
		rel  = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
		pack = "http://schemas.openxmlformats.org/package/2006"
	)
	var list, rels, types strings.Builder
	for i, s := range sheets {
		fmt.Fprintf(&list, `<sheet name="%s" sheetId="%d"%s r:id="r%d"/>`, s.name, i+1, s.attributes, i+1)
		fmt.Fprintf(&rels, `<Relationship Id="r%d" Type="%s/worksheet" Target="worksheets/sheet%d.xml"/>`, i+1, rel, i+1)
		fmt.Fprintf(&types, `<Override PartName="/xl/worksheets/sheet%d.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>`, i+1)
		part(fmt.Sprintf("xl/worksheets/sheet%d.xml", i+1), `<worksheet xmlns="`+main+`"><sheetData>`+s.content+`</sheetData></worksheet>`)
	}
	part("[Content_Types].xml", `<Types xmlns="`+pack+`/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>`+
		`<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>`+types.String()+`</Types>`)
	part("_rels/.rels", `<Relationships xmlns="`+pack+`/relationships"><Relationship Id="r1" Type="`+rel+`/officeDocument" Target="xl/workbook.xml"/></Relationships>`)
	part("xl/workbook.xml", `<workbook xmlns="`+main+`" xmlns:r="`+rel+`"><sheets>`+list.String()+`</sheets></workbook>`)
	part("xl/_rels/workbook.xml.rels", `<Relationships xmlns="`+pack+`/relationships">`+rels.String()+`</Relationships>`)
	must(z.Close())
	return b.Bytes()
}

func (s sheet) xml() string {
	var b strings.Builder
	for r, row := range s.rows {
		fmt.Fprintf(&b, `<row r="%d">`, r+1)
		for c, cell := range row {
			at := fmt.Sprintf("%c%d", 'A'+c, r+1)
			switch v := cell.(type) {
			case nil:
			case string:
				fmt.Fprintf(&b, `<c r="%s" t="inlineStr"><is><t>%s</t></is></c>`, at, v)
			case bool:
				fmt.Fprintf(&b, `<c r="%s" t="b"><v>%d</v></c>`, at, map[bool]int{true: 1}[v])
			default:
				fmt.Fprintf(&b, `<c r="%s"><v>%v</v></c>`, at, v)
			}
		}
		b.WriteString(`</row>`)
	}
	return b.String()
}

// uploadDocument is the answer to a workbook whose sheets have to be selected.
type uploadDocument struct {
	Status      string     `json:"status"`
	TempID      string     `json:"temp_id"`
	Filename    string     `json:"filename"`
	ExpiresAt   string     `json:"expires_at"`
	TTLSeconds  int        `json:"ttl_seconds"`
	TotalSheets int        `json:"total_sheets"`
	Sheets      []sheetDoc `json:"sheets"`
}

type sheetDoc struct {
	Name      string          `json:"name"`
	Rows      int             `json:"rows"`
	Columns   int             `json:"columns"`
	Names     []string        `json:"column_names"`
	Preview   json.RawMessage `json:"preview_data"`
	Missing   int             `json:"missing_count"`
	Score     float64         `json:"score"`
	Suggested bool            `json:"is_suggested"`
	Hidden    bool            `json:"hidden"`
	Error     string          `json:"error"`
}

// sales returns a workbook with a sheet for each of two years, and an empty sheet.
func sales() []byte {
	return workbook(
		sheet{"2025", [][]any{{"item", "price"}, {"apple", 1.5}, {"pear", nil}}},
		sheet{"empty", nil},
		sheet{"2026", [][]any{{"item", "amount"}, {"plum", 7}, {"fig", 1}, {"lime", 2}}},
	)
}

// choose uploads a workbook whose sheets have to be selected.
func (c *client) choose(file []byte, params ...string) (doc uploadDocument) {
	c.Helper()
	a := c.do("POST", query("/api/v1/sessions", params...), file, "Content-Type: "+xlsxType).is(http.StatusAccepted)
	a.decode(&doc)
	a.has("Location", "/api/v1/uploads/"+doc.TempID)
	return doc
}

// csvText returns the table as a CSV file.
func (s *sess) csvText() string { return string(s.get("/data", "format=csv").body) }

var workbookTests = []test{
	{"a workbook of one sheet with cells is a session at once", func(c *client) {
		s := c.upload(xlsxType, workbook(sheet{"none", nil}, sheet{"people", [][]any{{"name", "age", "ok"}, {"Ann", 31, true}, {"Bob", nil, false}}}))
		if got, want := s.csvText(), "name,age,ok\nAnn,31,true\nBob,,false\n"; got != want {
			c.Errorf("%q, want %q", got, want)
		}
		if r := s.made.Upload; r.Format != "xlsx" || len(r.Sheets) != 1 || r.Sheets[0].Name != "people" || r.Sheets[0].Rows != 2 {
			c.Errorf("receipt %+v", r)
		}
	}},
	{"a workbook of several sheets has to be chosen from, and the fullest is suggested", func(c *client) {
		doc := c.choose(sales(), "filename=sales.xlsx")
		want := []sheetDoc{
			{"2025", 2, 2, []string{"item", "price"}, json.RawMessage(`[{"item":"apple","price":1.5},{"item":"pear","price":null}]`), 1, 3, false, false, ""},
			{"2026", 3, 2, []string{"item", "amount"}, json.RawMessage(`[{"item":"plum","amount":7},{"item":"fig","amount":1},{"item":"lime","amount":2}]`), 0, 6, true, false, ""},
		}
		if diff := cmp.Diff(want, doc.Sheets); diff != "" {
			c.Error(diff)
		}
		if doc.Status != "selection_required" || doc.TotalSheets != 2 || doc.Filename != "sales.xlsx" {
			c.Errorf("document %+v", doc)
		}
		var again uploadDocument
		c.do("GET", "/api/v1/uploads/"+doc.TempID, nil).is(http.StatusOK).decode(&again)
		if diff := cmp.Diff(doc, again); diff != "" {
			c.Error(diff)
		}
	}},
	{"one sheet is selected, with the parameters of the upload", func(c *client) {
		doc := c.choose(sales(), "ttl_seconds=90", "filename=sales.xlsx")
		a := c.do("POST", "/api/v1/uploads/"+doc.TempID+"/select", map[string]any{"selected_sheets": []string{"2026"}}).is(http.StatusCreated)
		made := a.session()
		a.has("Location", "/api/v1/sessions/"+made.SessionID)
		if made.Shape != [2]int{3, 2} || made.TTLSeconds != 90 || made.Filename != "sales.xlsx" {
			c.Errorf("session %+v", made)
		}
	}},
	{"several sheets become a session each", func(c *client) {
		doc := c.choose(sales())
		var all struct {
			Status   string            `json:"status"`
			Sessions []sessionDocument `json:"sessions"`
		}
		c.do("POST", "/api/v1/uploads/"+doc.TempID+"/select", map[string]any{"selected_sheets": []string{"2026", "2025"}}).is(http.StatusCreated).decode(&all)
		if len(all.Sessions) != 2 || all.Sessions[0].Shape != [2]int{3, 2} || all.Sessions[1].Shape != [2]int{2, 2} {
			c.Fatalf("%+v", all)
		}
		c.do("GET", "/api/v1/sessions/"+all.Sessions[1].SessionID, nil).is(http.StatusOK)
	}},
	{"several sheets are merged by the names of their columns", func(c *client) {
		const want = "item,price,amount\napple,1.5,\npear,,\nplum,,7\nfig,,1\nlime,,2\n"
		doc := c.choose(sales())
		made := c.do("POST", "/api/v1/uploads/"+doc.TempID+"/select", map[string]any{"selected_sheets": []string{"2025", "2026"}, "merge": true}).is(http.StatusCreated).session()
		s := &sess{c, made.SessionID, made}
		if got := s.csvText(); got != want {
			c.Errorf("%q, want %q", got, want)
		}
		receipts := []sheetReceipt{{"2025", 2, []string{"amount"}, []int{1}}, {"2026", 3, []string{"price"}, []int{1}}}
		if diff := cmp.Diff(receipts, made.Upload.Sheets); diff != "" {
			c.Error(diff)
		}
		direct := c.upload(xlsxType, sales(), "sheet_name=2025", "sheet_name=2026")
		if got := direct.csvText(); got != want {
			c.Errorf("%q, want %q", got, want)
		}
	}},
	{"an upload is gone when it is deleted", func(c *client) {
		path := "/api/v1/uploads/" + c.choose(sales()).TempID
		c.do("DELETE", path, nil).is(http.StatusNoContent)
		c.do("GET", path, nil).refused(http.StatusNotFound, "upload_not_found", "expired")
		c.do("DELETE", path, nil).refused(http.StatusNotFound, "upload_not_found", "expired")
		c.do("POST", path+"/select", map[string]any{"selected_sheets": []string{"2025"}}).refused(http.StatusNotFound, "upload_not_found", "expired")
	}},
	{"what cannot be selected is refused", func(c *client) {
		path := "/api/v1/uploads/" + c.choose(sales()).TempID + "/select"
		c.do("POST", path, `{}`).refused(http.StatusUnprocessableEntity, "malformed_input", "selected_sheets")
		c.do("POST", path, map[string]any{"selected_sheets": make([]string, 101)}).refused(http.StatusUnprocessableEntity, "malformed_input", "101", "1 to 100")
		c.do("POST", path, `{"selected_sheets":["2024"]}`).refused(http.StatusUnprocessableEntity, "malformed_input", "2024", "2025", "2026")
		c.do("POST", path, `{"selected_sheets":["2025","2025"]}`).refused(http.StatusBadRequest, "invalid_parameter", "2025", "once")
		c.do("POST", path, `{"selected_sheets":["2025"],"merged":true}`).refused(http.StatusUnprocessableEntity, "malformed_input", "merged")
		c.do("GET", "/api/v1/uploads/x", nil).refused(http.StatusBadRequest, "invalid_parameter", "id")
		c.do("POST", "/api/v1/sessions?sheet_name=2025", people, "Content-Type: text/csv").refused(http.StatusBadRequest, "invalid_parameter", "csv", "xlsx")
		s := c.create(people)
		s.do("PUT", s.path("/data"), sales(), "Content-Type: "+xlsxType).refused(http.StatusUnprocessableEntity, "malformed_input", "sheet_name", "2025", "2026")
		s.isPeople()
	}},
}
