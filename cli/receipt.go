//go:build !js

package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"edgeframe/cli/client"
	"edgeframe/codec/formats"
)

// receipt says how a file was understood.
type receipt struct {
	Format      string                   `json:"format"`
	Compression string                   `json:"compression"`
	Encoding    string                   `json:"encoding"`
	Delimiter   string                   `json:"delimiter"`
	Header      string                   `json:"header"`
	HeaderLine  int                      `json:"header_line"`
	Notes       []string                 `json:"notes"`
	Columns     map[string]columnReceipt `json:"columns"`
	Sheets      []struct {
		Name string `json:"name"`
	} `json:"sheets"`
}

// columnReceipt is the receipt of a column.
type columnReceipt struct {
	DType   string `json:"dtype"`
	Missing int64  `json:"missing"`
	Changed int64  `json:"changed"`
	Renamed string `json:"renamed_from"`
	Samples []struct {
		Kind   string `json:"kind"`
		Before any    `json:"before"`
		After  any    `json:"after"`
	} `json:"samples"`
}

// printReceipt shows a new session: the file, the id, and what became of the columns.
func (a *app) printReceipt(doc *session) {
	fmt.Fprintf(a.out, "%s\n", a.out.bold(escape(fileTitle(doc.Filename, doc.Shape))))
	fields := []field{{"id", doc.ID}}
	if doc.Upload != nil {
		fields = append(fields, field{"format", doc.Upload.describe()})
	}
	fields = append(fields, field{"expires", "in " + duration(doc.Left)})
	if doc.Token != "" {
		fields = append(fields, field{"token", doc.Token})
	}
	printFields(a.out, fields)
	t := table{columns: []column{{name: "column"}, {name: "type"}, {name: "missing", right: true}}}
	notable := doc.Upload != nil && doc.Upload.changed(doc.Columns)
	if notable {
		t.columns = append(t.columns, column{name: "changed", right: true}, column{name: "such as"})
	}
	for _, name := range doc.Columns {
		row := []cell{{text: name}, {text: doc.DTypes[name]}, {text: grouped(doc.Missing[name]), dim: doc.Missing[name] == 0}}
		if notable {
			c := doc.Upload.Columns[name]
			row = append(row, cell{text: grouped(c.Changed), dim: c.Changed == 0}, cell{text: c.sample()})
		}
		t.rows = append(t.rows, row)
	}
	t.print(a.out)
	if doc.Upload != nil {
		for _, text := range doc.Upload.Notes {
			fmt.Fprintln(a.out, a.out.dim("note: "+escape(text)))
		}
	}
}

// fileTitle is the first line about a table.
func fileTitle(filename string, shape [2]int64) string {
	size := plural(shape[0], "row") + ", " + plural(shape[1], "column")
	if filename == "" {
		return size
	}
	return filename + ": " + size
}

// describe says how the file was read.
func (r *receipt) describe() string {
	parts := []string{r.Format}
	if r.Compression != "" {
		parts[0] += " in " + r.Compression
	}
	if r.Encoding != "" {
		parts = append(parts, r.Encoding)
	}
	if r.Delimiter != "" {
		parts = append(parts, "delimiter "+strconv.Quote(r.Delimiter))
	}
	for _, sheet := range r.Sheets {
		parts = append(parts, "sheet "+strconv.Quote(sheet.Name))
	}
	switch {
	case r.HeaderLine > 0:
		parts = append(parts, fmt.Sprintf("header %s in line %d", r.Header, r.HeaderLine))
	case r.Header != "":
		parts = append(parts, "header "+r.Header)
	}
	return strings.Join(parts, ", ")
}

// changed reports whether any cell of some columns would be written back otherwise, or one has another name.
func (r *receipt) changed(columns []string) bool {
	for _, name := range columns {
		c := r.Columns[name]
		if c.Changed > 0 || c.Renamed != "" {
			return true
		}
	}
	return false
}

// sample shows a changed cell, or the name that the column had in the file.
func (c columnReceipt) sample() string {
	if len(c.Samples) > 0 {
		return fmt.Sprintf("%s → %s", spell(c.Samples[0].Before), spell(c.Samples[0].After))
	}
	if c.Renamed != "" {
		return "was called " + c.Renamed
	}
	return ""
}

// sheetList is the answer to a workbook whose sheets have to be chosen.
type sheetList struct {
	ID       string `json:"temp_id"`
	Filename string `json:"filename"`
	Sheets   []struct {
		Name      string   `json:"name"`
		Hidden    bool     `json:"hidden"`
		Rows      int64    `json:"rows"`
		Columns   []string `json:"column_names"`
		Suggested bool     `json:"is_suggested"`
		Error     string   `json:"error"`
	} `json:"sheets"`
}

// chooseSheet says which sheets there are. The workbook is not kept, because the next upload brings it again.
func (a *app) chooseSheet(ctx context.Context, s *server, list sheetList) error {
	_ = s.Do(ctx, client.Request{Method: http.MethodDelete, Path: "/api/v1/uploads/" + url.PathEscape(list.ID)}, func(*http.Response) error { return nil })
	t := table{columns: []column{{name: "sheet"}, {name: "rows", right: true}, {name: "columns"}}}
	for _, sheet := range list.Sheets {
		text := strings.Join(sheet.Columns, ", ")
		if sheet.Error != "" {
			text = sheet.Error
		}
		t.rows = append(t.rows, []cell{{text: sheet.Name, dim: sheet.Hidden}, {text: grouped(sheet.Rows)}, {text: text, dim: sheet.Error != ""}})
	}
	t.print(a.err)
	return errors.New("several sheets have cells; choose with --sheet-name, which put below one another if it is repeated")
}

// formatNames are the names of the formats.
func formatNames() string {
	var names []string
	for _, f := range formats.All() {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}

func splitNames() []string { return strings.Split(formatNames(), ", ") }
