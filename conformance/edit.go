//go:build !js

package conformance

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/google/go-cmp/cmp"
)

var editTests = []test{
	{"an edit makes one version of all its operations", func(c *client) {
		s := c.create(people)
		a := s.do("PATCH", s.path("/data"), map[string]any{"action_summary": "Tidy up", "operations": []op{
			{"op": "set_values", "column": "age", "rows": []int{1}, "values": []any{50}},
			{"op": "rename_columns", "columns": map[string]string{"score": "points"}},
			{"op": "delete_rows", "rows": []int{3}},
		}}).is(http.StatusOK)
		doc := a.golden("edited.json").session()
		last := doc.History[len(doc.History)-1]
		if doc.CurrentVersion != 2 || doc.Revision != 2 || last.Summary != "Tidy up" || last.RowsBefore != 4 || last.RowsAfter != 3 {
			c.Errorf("version %d, revision %d, history %+v", doc.CurrentVersion, doc.Revision, doc.History)
		}
		if got := s.cells(); got != "[\"Ann\",31,1.5,true]\n[\"Bob\",50,2.25,false]\n[\"Cid\",47,null,true]" {
			c.Error(got)
		}
	}},
	{"operations see what the ones before them did", func(c *client) {
		s := c.create(people)
		s.edit(
			op{"op": "delete_rows", "rows": []int{0}},
			op{"op": "set_values", "column": "name", "rows": []int{0}, "value": "first"},
			op{"op": "add_column", "column": "n", "values": []int{1, 2, 3}},
			op{"op": "select_columns", "columns": []string{"n", "name"}},
		)
		if got := s.cells(); got != "[1,\"first\"]\n[2,\"Cid\"]\n[3,\"Dee\"]" {
			c.Error(got)
		}
	}},
	{"when the third operation fails nothing changes", func(c *client) {
		s := c.create(people)
		before := s.state()
		s.patch(
			op{"op": "set_values", "column": "age", "rows": []int{0}, "value": 99},
			op{"op": "delete_rows", "rows": []int{1}},
			op{"op": "drop_columns", "columns": []string{"nobody"}},
		).refused(http.StatusUnprocessableEntity, "column_not_found", "operation 3", `"nobody"`)
		if diff := cmp.Diff(before, s.state()); diff != "" {
			c.Error(diff)
		}
	}},
	{"a dry run says what would change and changes nothing", func(c *client) {
		s := c.create(people)
		before := s.state()
		var doc dryRunDocument
		s.do("PATCH", s.path("/data", "dry_run=true"), map[string]any{"operations": []op{
			{"op": "set_values", "column": "age", "rows": []int{0}, "value": 99},
			{"op": "drop_columns", "columns": []string{"score"}},
			{"op": "add_column", "column": "new", "values": []int{1, 2, 3, 4}},
		}}).is(http.StatusOK).golden("dry_run.json").decode(&doc)
		want := dryRunDocument{
			SessionID: s.id, DryRun: true, RowsBefore: 4, RowsAfter: 4,
			ColumnsBefore: []string{"name", "age", "score", "active"}, ColumnsAfter: []string{"name", "age", "active", "new"}, ColumnsChanged: []string{"age"},
			RowsAffected: 1,
			Operations:   []effectDocument{{Op: "set_values", Cells: 1}, {Op: "drop_columns"}, {Op: "add_column"}},
			Statistics:   doc.Statistics, // the golden file has them
			Samples:      []sampleDocument{{0, "age", 31.0, 99.0, false}},
		}
		if diff := cmp.Diff(want, doc); diff != "" {
			c.Error(diff)
		}
		s.do("PATCH", s.path("/data", "dry_run=true"), map[string]any{"operations": []op{{"op": "delete_rows", "rows": []int{9}}}}).
			refused(http.StatusUnprocessableEntity, "invalid_operation", "row 9", "0 to 3")
		if diff := cmp.Diff(before, s.state()); diff != "" {
			c.Error(diff)
		}
	}},
	{"an edit over several row groups changes the rows it names", func(c *client) {
		s := c.create(numbers(40_000))
		s.edit(
			op{"op": "set_values", "column": "word", "rows": []int{39_999, 0, 16_384, 16_383}, "values": []string{"last", "first", "after", "before"}},
			op{"op": "delete_rows", "rows": []int{1, 20_000}},
		)
		for _, tt := range []struct {
			offset int
			want   string
		}{{0, `["first",0]`}, {1, `["w2",2]`}, {16_382, `["before",16383]`}, {16_383, `["after",16384]`}, {19_998, `["w0",19999]`}, {19_999, `["w2",20001]`}, {39_997, `["last",39999]`}} {
			if got := s.cells(fmt.Sprintf("offset=%d", tt.offset), "limit=1", "column=word", "column=n"); got != tt.want {
				c.Errorf("row %d is %s, want %s", tt.offset, got, tt.want)
			}
		}
	}},
	{"what is no edit is refused and what would be is named", func(c *client) {
		s := c.create(people)
		before := s.state()
		for _, tt := range []struct {
			body string
			code string
			says []string
		}{
			{`{"operations":[]}`, "invalid_operation", []string{"operations is empty", "set_values"}},
			{`{}`, "invalid_operation", []string{"operations is empty", "set_values"}},
			{`{"operations":[{"op":"explode"}]}`, "invalid_operation", []string{"operation 1", `"op"`, "set_values", "delete_rows"}},
			{`{"operations":[{"column":"age"}]}`, "invalid_operation", []string{"operation 1", "set_values"}},
			{`{"operations":[7]}`, "invalid_operation", []string{"operation 1", "JSON object"}},
			{`{"operations":[null]}`, "invalid_operation", []string{"operation 1", "JSON object"}},
			{`{"operations":[{"op":"delete_rows","row":[1]}]}`, "invalid_operation", []string{"delete_rows", `"row"`}},
			{`{"operations":[{"op":"delete_rows","rows":["1"]}]}`, "invalid_operation", []string{"delete_rows", "rows"}},
			{`{"operations":[{"op":"delete_rows","rows":[1.5]}]}`, "invalid_operation", []string{"delete_rows", "rows"}},
			{`{"operations":{"op":"delete_rows"}}`, "malformed_input", []string{"operations"}},
			{`{"ops":[]}`, "malformed_input", []string{`"ops"`}},
			{`[]`, "malformed_input", []string{"JSON"}},
			{`{"operations":[`, "malformed_input", []string{"JSON"}},
			{``, "malformed_input", []string{"empty", "JSON"}},
			{`{"operations":[` + strings.Repeat(`{"op":"delete_rows","rows":[]},`, 1000) + `{"op":"delete_rows","rows":[]}]}`, "invalid_operation", []string{"1001", "1000"}},
		} {
			s.do("PATCH", s.path("/data"), tt.body).refused(http.StatusUnprocessableEntity, tt.code, tt.says...)
		}
		s.do("PATCH", s.path("/data", "dry_run=maybe"), `{}`).refused(http.StatusBadRequest, "invalid_parameter", "dry_run=maybe", "true or false")
		s.do("PATCH", s.path("/data"), map[string]any{"action_summary": strings.Repeat("x", 1001), "operations": []op{dropAge}}).
			refused(http.StatusBadRequest, "invalid_parameter", "1001", "1000")
		if diff := cmp.Diff(before, s.state()); diff != "" {
			c.Error(diff)
		}
	}},
}
