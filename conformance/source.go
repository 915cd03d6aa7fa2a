//go:build !js

package conformance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// sourceTests are about the receipt that is kept with the version that it made.
var sourceTests = []test{
	{"the session says of which file its table was made, and how the file was understood", func(c *client) {
		s := c.create("id;price\n1;1.50\n2;NA\n", "filename=prices.csv")
		want := &sourceDocument{Version: 1, Filename: "prices.csv", uploadReceipt: *s.made.Upload}
		for _, doc := range []sessionDocument{s.made, s.document()} {
			if diff := cmp.Diff(want, doc.Source); diff != "" {
				c.Error(diff)
			}
		}
		if want.Delimiter != ";" || want.Columns["price"].Changed != 2 {
			c.Errorf("receipt %+v", want)
		}
	}},
	{"edits, marks, snapshots and a new filename keep the source", func(c *client) {
		s := c.create(people, "filename=people.csv")
		want := s.made.Source
		for _, change := range []func() *answer{
			func() *answer { return s.patch(setAge(1)) },
			func() *answer { return s.mark("PUT", marks{"age": {1}}) },
			func() *answer { return s.do("POST", s.path("/versions"), nil) },
			func() *answer { return s.do("PATCH", s.path(""), map[string]string{"filename": "other.csv"}) },
		} {
			change()
			if diff := cmp.Diff(want, s.document().Source); diff != "" {
				c.Error(diff)
			}
		}
	}},
	{"the source stays when the version that was made of the file is not kept any more", func(c *client) {
		s := c.create(people, "filename=people.csv")
		for i := range c.target.MaxVersions + 2 {
			s.edit(setAge(i))
		}
		if ids := s.versions().ids(); ids[0] == 1 {
			c.Fatalf("versions %v", ids)
		}
		if diff := cmp.Diff(s.made.Source, s.document().Source); diff != "" {
			c.Error(diff)
		}
	}},
	{"another table and appended rows have sources of their own, which undo takes back", func(c *client) {
		s := c.create(people, "filename=people.csv")
		form := func(method, name, contentType, body string) sessionDocument {
			c.Helper()
			return s.do(method, s.path("/data", "filename="+name), body, "Content-Type: "+contentType).is(http.StatusOK).session()
		}
		replaced := form("PUT", "b.json", jsonType, `[{"a":1},{"a":null}]`)
		want := &sourceDocument{Version: 2, Filename: "b.json", uploadReceipt: *replaced.Upload}
		if diff := cmp.Diff(want, replaced.Source); diff != "" {
			c.Error(diff)
		}
		appended := form("POST", "c.ndjson", ndjsonType, `{"a":3}`+"\n")
		want = &sourceDocument{Version: 3, Filename: "c.ndjson", uploadReceipt: *appended.Upload}
		if diff := cmp.Diff(want, appended.Source); diff != "" || appended.Source.Format != "ndjson" {
			c.Error(diff)
		}
		s.post("/undo")
		if doc := s.post("/undo"); cmp.Diff(doc.Source, s.made.Source) != "" {
			c.Errorf("after undo the source is %+v", doc.Source)
		}
		restored := s.do("POST", s.path("/versions/1/restore"), nil).is(http.StatusOK).session()
		if cmp.Diff(restored.Source, s.made.Source) != "" {
			c.Errorf("after a restore the source is %+v", restored.Source)
		}
	}},
	{"the list of versions has each source at the version that was made of the file", func(c *client) {
		s := c.create(people, "filename=people.csv")
		s.edit(setAge(1))
		s.do("PUT", s.path("/data", "filename=b.csv"), "a\n1\n", "Content-Type: text/csv").is(http.StatusOK)
		var names []string
		for _, v := range s.versions().Versions {
			name := "none"
			if v.Source != nil {
				name = fmt.Sprintf("%s of %d", v.Source.Filename, v.Source.Version)
			}
			names = append(names, name)
		}
		if diff := cmp.Diff([]string{"people.csv of 1", "none", "b.csv of 3"}, names); diff != "" {
			c.Error(diff)
		}
	}},
	{"the source of a workbook names its sheets", func(c *client) {
		doc := c.choose(sales(), "filename=sales.xlsx")
		one := c.do("POST", "/api/v1/uploads/"+doc.TempID+"/select", map[string]any{"selected_sheets": []string{"2026"}}).is(http.StatusCreated).session()
		if one.Source == nil || one.Source.Filename != "sales.xlsx" || one.Source.Sheet != "2026" || one.Source.Format != "xlsx" {
			c.Errorf("source %+v", one.Source)
		}
		both := c.do("POST", "/api/v1/uploads/"+doc.TempID+"/select", map[string]any{"selected_sheets": []string{"2025", "2026"}, "merge": true}).is(http.StatusCreated).session()
		if both.Source == nil || both.Source.Sheet != "" || !cmp.Equal(both.Source.Sheets, both.Upload.Sheets) || len(both.Source.Sheets) != 2 {
			c.Errorf("source %+v", both.Source)
		}
	}},
	{"a stream that is stored while it comes has a source", func(c *client) {
		s := c.do("POST", "/api/v1/sessions?filename=p.arrows", chunked(arrowStream(peopleRecord())), "Content-Type: "+streamType).is(http.StatusCreated).session()
		want := &sourceDocument{Version: 1, Filename: "p.arrows", uploadReceipt: *s.Upload}
		if diff := cmp.Diff(want, s.Source); diff != "" || want.Columns["age"].Missing != 1 {
			c.Errorf("%s", diff)
		}
	}},
	{"a long receipt is cut to 16 KiB, and columns with changed cells are kept first", func(c *client) {
		const columns = 2000
		names, values := make([]string, columns), make([]string, columns)
		for i := range names {
			names[i], values[i] = fmt.Sprintf("column number %d", i), "1"
		}
		values[columns-1] = "1.50"
		s := c.create(strings.Join(names, ",") + "\n" + strings.Join(values, ",") + "\n")
		var doc struct{ Source json.RawMessage }
		if err := json.Unmarshal(s.get("").body, &doc); err != nil {
			c.Fatal(err)
		}
		if n := len(doc.Source); n > 17<<10 || n < 15<<10 {
			c.Errorf("the source takes %d bytes", n)
		}
		source := s.document().Source
		if !source.Cut || source.Columns[names[columns-1]].Changed != 1 || len(source.Columns) < 100 {
			c.Errorf("cut: %v, %d columns", source.Cut, len(source.Columns))
		}
	}},
}

// previewPage is what a dry run of an upload answers.
type previewPage struct {
	DryRun   bool              `json:"dry_run"`
	Filename string            `json:"filename"`
	Shape    [2]int            `json:"shape"`
	Columns  []string          `json:"columns"`
	DTypes   map[string]string `json:"dtypes"`
	Missing  map[string]int    `json:"missing_values"`
	Preview  json.RawMessage   `json:"preview_data"`
	Upload   *uploadReceipt    `json:"upload"`
}

// previewTests are about POST /api/v1/sessions?dry_run=true.
var previewTests = []test{
	{"a dry run says what the session would be, in every format", func(c *client) {
		for _, f := range peopleFiles() {
			c.run(f.format, func(c *client) {
				s := c.upload(f.contentType, f.body, "filename="+f.filename)
				a := c.do("POST", "/api/v1/sessions?dry_run=true&filename="+f.filename, f.body, "Content-Type: "+f.contentType).is(http.StatusOK)
				a.has("Location", "").has("ETag", "").has("Edgeframe-Revision", "").has("Cache-Control", "no-store")
				var got previewPage
				a.decode(&got)
				want := previewPage{
					DryRun: true, Filename: f.filename, Shape: s.made.Shape, Columns: s.made.Columns, DTypes: s.made.DTypes,
					Missing: s.made.MissingValues, Upload: s.made.Upload, Preview: got.Preview,
				}
				if diff := cmp.Diff(want, got); diff != "" {
					c.Error(diff)
				}
				var page struct{ Data json.RawMessage }
				if err := json.Unmarshal(s.get("/data").body, &page); err != nil {
					c.Fatal(err)
				}
				if string(page.Data) != string(got.Preview) {
					c.Errorf("preview %s, want %s", got.Preview, page.Data)
				}
			})
		}
	}},
	{"preview_rows says how many of the first rows are shown", func(c *client) {
		for params, want := range map[string]int{"": 10, "&preview_rows=0": 0, "&preview_rows=3": 3, "&preview_rows=100": 100} {
			var got previewPage
			c.do("POST", "/api/v1/sessions?dry_run=true"+params, numbers(40_000), "Content-Type: text/csv").is(http.StatusOK).decode(&got)
			var rows []map[string]any
			if err := json.Unmarshal(got.Preview, &rows); err != nil {
				c.Fatal(err)
			}
			if len(rows) != want || got.Shape != [2]int{40_000, 3} || want > 0 && rows[want-1]["n"] != float64(want-1) {
				c.Errorf("%s: %d rows of %v, want %d", params, len(rows), got.Shape, want)
			}
		}
	}},
	{"a stream that would be stored while it comes is only looked at", func(c *client) {
		var got previewPage
		c.do("POST", "/api/v1/sessions?dry_run=true&preview_rows=1", chunked(arrowStream(peopleRecord())), "Content-Type: "+streamType).is(http.StatusOK).decode(&got)
		if string(got.Preview) != `[{"name":"Ann","age":31,"score":1.5,"active":true}]` || got.Shape != [2]int{4, 4} || got.Missing["age"] != 1 {
			c.Errorf("%+v", got)
		}
	}},
	{"dry_run and preview_rows may be fields of the form", func(c *client) {
		body, mediaType := form("p.csv", "text/csv", []byte(people), "dry_run=true", "preview_rows=2")
		var got previewPage
		c.do("POST", "/api/v1/sessions", body, "Content-Type: "+mediaType).is(http.StatusOK).decode(&got)
		if got.Filename != "p.csv" || strings.Count(string(got.Preview), `"name"`) != 2 {
			c.Errorf("%+v", got)
		}
	}},
	{"a dry run of a workbook lists the sheets, or reads the one that is named, and keeps nothing", func(c *client) {
		send := func(params string) *answer {
			c.Helper()
			return c.do("POST", "/api/v1/sessions?dry_run=true&filename=sales.xlsx"+params, sales(), "Content-Type: "+xlsxType).is(http.StatusOK)
		}
		var list struct {
			uploadDocument
			DryRun bool `json:"dry_run"`
		}
		send("").has("Location", "").decode(&list)
		if !list.DryRun || list.Status != "selection_required" || list.TempID != "" || list.ExpiresAt != "" || list.TotalSheets != 2 {
			c.Errorf("%+v", list)
		}
		if diff := cmp.Diff(c.choose(sales()).Sheets, list.Sheets); diff != "" {
			c.Error(diff)
		}
		var one previewPage
		send("&sheet_name=2026").decode(&one)
		if one.Shape != [2]int{3, 2} || one.Upload.Sheets[0].Name != "2026" {
			c.Errorf("%+v", one)
		}
	}},
	{"a dry run refuses what an upload refuses", func(c *client) {
		for _, params := range []string{"", "dry_run=true&"} {
			send := func(more, body string) *answer {
				return c.do("POST", "/api/v1/sessions?"+params+more, body, "Content-Type: text/csv")
			}
			send("", "a,b\n1\n").refused(http.StatusUnprocessableEntity, "malformed_input", "line 2")
			send("strict=true", "a\n1.50\n").refused(http.StatusUnprocessableEntity, "malformed_input", "1.50")
			send("ttl_seconds=0", people).refused(http.StatusBadRequest, "invalid_parameter", "ttl_seconds")
			send("filename="+strings.Repeat("x", 2000), people).refused(http.StatusBadRequest, "invalid_parameter", "filename")
			send("orient=split", people).refused(http.StatusBadRequest, "invalid_parameter", "orient")
		}
	}},
	{"parameters of a dry run that have no effect are refused", func(c *client) {
		for params, says := range map[string]string{
			"preview_rows=5":                  "dry_run=true",
			"dry_run=true&preview_rows=101":   "0 to 100",
			"dry_run=false&preview_rows=1":    "dry_run=true",
			"dry_run=perhaps":                 "true or false",
			"dry_run=true&preview_rows=-1":    "0 to 100",
			"dry_run=true&preview_rows=many":  "whole number",
			"dry_run=true&preview_rows=5&x=1": `"x"`,
		} {
			c.do("POST", "/api/v1/sessions?"+params, people, "Content-Type: text/csv").refused(http.StatusBadRequest, "invalid_parameter", says)
		}
	}},
}
